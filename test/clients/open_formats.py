"""Opens every file below a folder with what researchers open it with, and
prints one digest of what that library saw for each.

    open_formats.py DIR

Two folders with equal lines hold the same data, seen through the libraries'
own ways of reading: seeks, memory maps, many small files. Run it on a mount
and on the source, and compare. A file of no known format is read as bytes. An
unreadable file is one line on standard error, and exit status 1.
"""

import hashlib
import json
import os
import sys
import tempfile
import warnings
from pathlib import Path

import h5py
import nibabel
import numpy as np
import pandas as pd
import pysam
import tifffile
import zarr
from PIL import Image
from pynwb import NWBHDF5IO

warnings.filterwarnings("ignore")


def absorb(h, value):
    """Feeds a value to a hash: arrays by type, shape and bytes, the rest as text."""
    if isinstance(value, np.ndarray) and value.dtype != object:
        h.update(f"{value.dtype.str}{value.shape}".encode())
        h.update(np.ascontiguousarray(value).tobytes())
    else:
        h.update(repr(value.tolist() if isinstance(value, np.ndarray) else value).encode())
    h.update(b"\0")


def read_frame(reader):
    """A reader of tables, by pandas."""
    def read(path, h):
        frame = reader(path)
        absorb(h, list(frame.columns))
        for name in frame:
            absorb(h, frame[name].to_numpy())
    read.__name__ = "read_frame"
    return read


def read_json(path, h):
    absorb(h, json.dumps(json.loads(path.read_bytes()), sort_keys=True))


def read_image(path, h):
    with Image.open(path) as image:
        absorb(h, np.asarray(image))


def read_tiff(path, h):
    with tifffile.TiffFile(path) as f:
        for page in reversed(f.pages):
            absorb(h, page.asarray())


def read_npy(path, h):
    absorb(h, np.asarray(np.load(path, mmap_mode="r")))


def read_npz(path, h):
    with np.load(path) as f:
        for name in sorted(f):
            absorb(h, f[name])


def read_nifti(path, h):
    image = nibabel.load(path)
    absorb(h, image.affine)
    absorb(h, np.asarray(image.dataobj[..., -1]))
    absorb(h, image.get_fdata())


def read_hdf5(path, h):
    def visit(name, item):
        absorb(h, (name, sorted((k, str(v)) for k, v in item.attrs.items())))
        if isinstance(item, h5py.Dataset):
            # References are addresses in the file: their text is enough.
            value = item[()]
            absorb(h, value if not h5py.check_ref_dtype(item.dtype) else len(np.atleast_1d(value)))
    with h5py.File(path) as f:
        f.visititems(visit)


def read_nwb(path, h):
    read_hdf5(path, h)
    with NWBHDF5IO(str(path), "r") as io:
        nwb = io.read()
        absorb(h, (nwb.identifier, nwb.subject.subject_id, len(nwb.trials)))
        for name in sorted(nwb.acquisition):
            absorb(h, nwb.acquisition[name].data[-500:])
        for unit in range(len(nwb.units) if nwb.units else 0):
            absorb(h, nwb.units["spike_times"][unit])


def read_bam(path, h):
    # The region goes through the index that lies beside it.
    with pysam.AlignmentFile(path) as f:
        for read in f.fetch("chr1", 9000, 12000):
            absorb(h, read.to_string())
        absorb(h, f.count(until_eof=True))
    # samtools itself, which pysam carries.
    absorb(h, pysam.view(str(path), "chr1:9000-12000"))
    absorb(h, pysam.idxstats(str(path)))
    absorb(h, pysam.flagstat(str(path)))


def read_fasta(path, h):
    with pysam.FastaFile(str(path)) as f:
        absorb(h, [(name, f.fetch(name)[500:600], f.get_reference_length(name)) for name in f.references])
        for name in f.references:
            # To a file, since what it prints would be between our lines.
            with tempfile.NamedTemporaryFile() as out:
                pysam.faidx(str(path), f"{name}:501-600", "-o", out.name)
                absorb(h, out.read())


def read_vcf(path, h):
    with pysam.VariantFile(str(path)) as f:
        absorb(h, [str(record) for record in f.fetch("chr1", 1, 10000)])


def read_zarr(path, h):
    group = zarr.open_group(str(path), mode="r")
    absorb(h, sorted(group.attrs.items()))
    for name, array in sorted(group.arrays()):
        absorb(h, (name, array.chunks))
        absorb(h, array[:])


def read_bytes(path, h):
    h.update(path.read_bytes())


READERS = {
    ".csv": read_frame(pd.read_csv),
    ".tsv": read_frame(lambda path: pd.read_csv(path, sep="\t")),
    ".tsv.gz": read_frame(lambda path: pd.read_csv(path, sep="\t")),
    ".parquet": read_frame(pd.read_parquet),
    ".json": read_json, ".png": read_image, ".tif": read_tiff, ".npy": read_npy, ".npz": read_npz,
    ".nii": read_nifti, ".nii.gz": read_nifti, ".h5": read_hdf5, ".nwb": read_nwb,
    ".bam": read_bam, ".fa": read_fasta, ".vcf.gz": read_vcf, ".zarr": read_zarr,
}


def reader_of(path):
    """The reader of a file, or of a folder that is one thing; None for other folders."""
    endings = [e for e in READERS if path.name.endswith(e)]
    reader = READERS[max(endings, key=len)] if endings else read_bytes
    if path.is_dir():
        return reader if reader is read_zarr else None
    return reader


def walk(folder):
    """Every file below a folder in the order of names, a Zarr store as one."""
    for path in sorted(folder.iterdir(), key=lambda p: os.fsencode(p.name)):
        if path.is_dir() and not reader_of(path):
            yield from walk(path)
        else:
            yield path


def main():
    root = Path(sys.argv[1])
    failed = 0
    for path in walk(root):
        h = hashlib.sha256()
        name = json.dumps(str(path.relative_to(root)), ensure_ascii=True)
        reader = reader_of(path)
        try:
            # Empty files are of no format, whatever their name says.
            (reader if path.is_dir() or path.stat().st_size else read_bytes)(path, h)
        except Exception as e:
            failed += 1
            print(f"{name}: {reader.__name__}: {type(e).__name__}: {e}", file=sys.stderr)
        else:
            print(f"{h.hexdigest()}  {reader.__name__}  {name}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
