"""How libraries read files, to count what a mount fetches for it.

    patterns.py make DIR          makes the files
    patterns.py read CASE DIR     reads them as CASE does, and prints what it took

The bytes are those that the library asked the kernel for, and of a memory map
those of the arrays that came out.
"""

import json
import resource
import sys
import time
from pathlib import Path

import h5py
import nibabel
import numpy as np
import pyarrow
import pyarrow.parquet
import pysam
import zarr

CONTIG = 4_000_000


def make(folder):
    rng = np.random.default_rng(1)
    volume = rng.integers(0, 2**16, (512, 512, 256), dtype=np.uint16)  # 128 MiB
    with h5py.File(folder / "volume.h5", "w") as f:
        f.create_dataset("volume", data=volume, chunks=(64, 64, 32))  # 256 KiB each
        for i in range(200):
            f.create_dataset(f"sessions/s{i:03d}/times", data=rng.random(500))
    chunks = zarr.create_array(  # 512 files of 128 KiB
        folder / "volume.zarr", shape=(512, 512, 128), chunks=(64, 64, 16), dtype=volume.dtype, compressors=None)
    chunks[...] = volume[:, :, :128]
    nibabel.Nifti1Image(volume, np.eye(4)).to_filename(folder / "volume.nii")
    table = {f"column{i:02d}": rng.random(500_000) for i in range(20)}
    pyarrow.parquet.write_table(pyarrow.table(table), folder / "table.parquet", row_group_size=50_000)
    header = {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": "chr1", "LN": CONTIG}]}
    bases = "".join(rng.choice(list("ACGT"), CONTIG))
    qualities = pysam.qualitystring_to_array("".join(map(chr, rng.integers(40, 70, 10_000))))
    with pysam.AlignmentFile(folder / "reads.bam", "wb", header=header) as out:
        for i, at in enumerate(np.sort(rng.integers(0, CONTIG - 150, 200_000)).tolist()):
            read = pysam.AlignedSegment(out.header)
            read.query_name, read.flag, read.reference_id, read.reference_start = f"r{i}", 0, 0, at
            read.query_sequence, read.mapping_quality, read.cigarstring = bases[at:at + 150], 60, "150M"
            read.query_qualities = qualities[i % 9000:i % 9000 + 150]
            out.write(read)
    pysam.index(str(folder / "reads.bam"))


def hdf5_slices(folder):
    """Eight planes, and eight small blocks."""
    with h5py.File(folder / "volume.h5") as f:
        for i in range(8):
            f["volume"][:, i * 64, :]
            f["volume"][i * 64:i * 64 + 10, 100:110, 0:10]


def hdf5_metadata(folder):
    """Shapes and first values of 200 small datasets."""
    with h5py.File(folder / "volume.h5") as f:
        for session in f["sessions"].values():
            session["times"].shape, session["times"][0]


def hdf5_whole(folder):
    with h5py.File(folder / "volume.h5") as f:
        f["volume"][...]


def zarr_whole(folder):
    zarr.open_array(folder / "volume.zarr", mode="r")[...]


def zarr_plane(folder):
    """One plane: 64 of the 512 files."""
    zarr.open_array(folder / "volume.zarr", mode="r")[100]


def nifti_plane(folder):
    """One volume's plane, of an uncompressed image by memory map."""
    image = nibabel.load(folder / "volume.nii")
    return np.asarray(image.dataobj[:, :, 100]).nbytes + np.asarray(image.dataobj[:, :, 101]).nbytes


def parquet_columns(folder):
    """Two of twenty columns."""
    pyarrow.parquet.read_table(folder / "table.parquet", columns=["column03", "column11"])


def bam_regions(folder):
    """Twenty regions of 2,000 bases, by the index."""
    with pysam.AlignmentFile(folder / "reads.bam") as f:
        for i in range(20):
            at = (i * 7919 * 97) % (CONTIG - 2000)
            sum(1 for _ in f.fetch("chr1", at, at + 2000))


def bam_whole(folder):
    with pysam.AlignmentFile(folder / "reads.bam") as f:
        sum(1 for _ in f.fetch(until_eof=True))


def asked():
    for line in Path("/proc/self/io").read_text().splitlines():
        if line.startswith("rchar:"):
            return int(line.split()[1])


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main():
    if sys.argv[1] == "make":
        return make(Path(sys.argv[2]))
    case, folder = globals()[sys.argv[2]], Path(sys.argv[3])
    began, before, used = time.monotonic(), asked(), cpu()
    mapped = case(folder) or 0
    print(json.dumps({
        "Seconds": time.monotonic() - began, "CPU": cpu() - used,
        "Bytes": max(asked() - before, mapped), "Count": 1,
    }))


if __name__ == "__main__":
    main()
