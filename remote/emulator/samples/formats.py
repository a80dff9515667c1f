"""Writers of the sample files, each by its format's own library.

Every function takes the path to write and a numpy Generator, and writes the
same bytes for the same generator: no clock, no host name, no random id. What
they hold is synthetic, and has the shape such a file has in a laboratory.
"""

import csv
import datetime
import gzip
import json
import uuid
from pathlib import Path
from unittest import mock

import h5py
import nibabel
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pysam
import tifffile
import zarr
from PIL import Image


def text(path, content):
    """Writes text as UTF-8 with Unix line ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode())


def data(path, value):
    """Writes a value as the indented JSON that acquisition software writes."""
    text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def table(path, columns):
    """Writes columns (name -> sequence) as CSV, floats with six digits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(columns)
        for row in zip(*columns.values(), strict=True):
            out.writerow(f"{v:.6f}" if isinstance(v, float) else v for v in row)


def trials(path, rng, n=400):
    """A behaviour table: one row per trial of a two-choice task."""
    start = np.cumsum(rng.uniform(3, 7, n))
    table(path, {
        "trial": list(range(n)),
        "start_time": start.tolist(),
        "stop_time": (start + rng.uniform(1, 2.5, n)).tolist(),
        "side": rng.choice(["left", "right"], n).tolist(),
        "response": rng.choice(["left", "right", "none"], n, p=[.46, .46, .08]).tolist(),
        "reaction_time": rng.gamma(4, 0.08, n).tolist(),
    })


def running(path, rng, n=6000):
    """A running-wheel trace as Parquet, in row groups as pyarrow cuts them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    speed = np.abs(np.convolve(rng.normal(0, 9, n), np.ones(60) / 60, "same"))
    pq.write_table(
        pa.table({"time": np.arange(n) / 60, "speed": speed.astype("f4")}),
        path, row_group_size=2000, compression="zstd")


def voltage(rng, samples, channels):
    """int16 noise with a slow wave and spikes: what a probe records, roughly."""
    t = np.arange(samples)[:, None]
    wave = 60 * np.sin(2 * np.pi * t / 4000 + np.arange(channels) / 3)
    trace = wave + rng.normal(0, 12, (samples, channels))
    for at in rng.integers(0, samples - 30, samples // 300):
        trace[at:at + 30, rng.integers(channels)] -= 180 * np.hanning(30)
    return trace.astype("i2")


def recording(path, rng, samples=30000, channels=8, zarr_format=2):
    """A compressed recording as a Zarr store of some dozen small chunks.

    Version 2 has names with a leading dot (.zarray), version 3 has folders of
    chunks (c/0/0): both are in use.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    root = zarr.create_group(str(path), zarr_format=zarr_format)
    root.attrs.update({"sampling_frequency": 30000.0, "gain_to_uv": 2.34})
    trace = voltage(rng, samples, channels)
    root.create_array("traces_seg0", data=trace, chunks=(samples // 12, channels))
    root.create_array("channel_ids", data=np.arange(channels, dtype="i4"))
    if zarr_format == 2:
        zarr.consolidate_metadata(str(path), zarr_format=2)


def lfp(path, rng, samples=25000, channels=16):
    """A local field potential as chunked, compressed HDF5."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as f:
        d = f.create_dataset("lfp/data", data=voltage(rng, samples, channels),
                             chunks=(2500, channels), compression="gzip", shuffle=True)
        d.attrs["unit"] = "uV"
        f["lfp/timestamps"] = np.arange(samples) / 2500
        f.attrs["probe"] = path.name.split(".")[0]


def picture(path, rng, size=(160, 120)):
    """A camera frame as 8-bit PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    x, y = np.meshgrid(np.linspace(-1, 1, size[0]), np.linspace(-1, 1, size[1]))
    frame = 170 * np.exp(-3 * (x ** 2 + y ** 2)) + rng.normal(40, 6, x.shape)
    Image.fromarray(frame.clip(0, 255).astype("u1")).save(path, optimize=True)


def stack(path, rng, frames=12, side=96):
    """A two-photon stack as multi-page 16-bit TIFF."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, rng.poisson(90, (frames, side, side)).astype("u2"),
                     photometric="minisblack", compression="zlib",
                     metadata={"axes": "TYX"}, software="scanner")


def volume(path, rng, shape, repetition=None):
    """A brain-like NIfTI volume, or a series of them when repetition is given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, n) for n in shape[:3]], indexing="ij"))
    brain = 800 * np.exp(-2.5 * (grid ** 2).sum(0))
    if repetition:
        brain = brain[..., None] * rng.normal(1, .02, shape[3])
    image = nibabel.Nifti1Image((brain + rng.normal(20, 4, shape)).astype("i2"),
                                np.diag([.5, .5, .5, 1]))
    if repetition:
        image.header.set_zooms((.5, .5, .5, repetition))
    nibabel.save(image, path)


def array(path, value):
    """One numpy array (.npy)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, value)


def weights(path, rng):
    """The weights of a small network (.npz)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, dense0=rng.normal(0, .1, (64, 128)).astype("f4"),
             dense1=rng.normal(0, .1, (128, 3)).astype("f4"), bias=np.zeros(3, "f4"))


def session(path, rng, subject, start, units=0):
    """An NWB file: subject, electrodes, a recording or sorted units, trials."""
    from pynwb import NWBHDF5IO, NWBFile
    from pynwb.ecephys import ElectricalSeries
    from pynwb.file import Subject

    path.parent.mkdir(parents=True, exist_ok=True)
    with seeded_ids(rng):
        nwb = NWBFile(
            session_description="two-choice task, head fixed", identifier=path.stem,
            session_start_time=start, file_create_date=[start],
            institution="Demo Institute", lab="Demo Lab")
        nwb.subject = Subject(subject_id=subject, species="Mus musculus", sex="F", age="P132D")
        probe = nwb.create_electrode_group(
            "probeA", description="a probe", location="VISp",
            device=nwb.create_device("probeA"))
        for i in range(8):
            nwb.add_electrode(location="VISp", group=probe, x=0.0, y=20.0 * i, z=0.0)
        for t in range(20):
            nwb.add_trial(start_time=5.0 * t, stop_time=5.0 * t + 2)
        if units:
            for _ in range(units):
                nwb.add_unit(spike_times=np.sort(rng.uniform(0, 100, 400)))
        else:
            nwb.add_acquisition(ElectricalSeries(
                name="lfp", data=voltage(rng, 20000, 8), rate=2500.0, conversion=2.34e-6,
                electrodes=nwb.create_electrode_table_region(list(range(8)), "all")))
        # The schema is 200 kB of every file: once in the samples is enough.
        with NWBHDF5IO(str(path), "w") as io:
            io.write(nwb, cache_spec=bool(units))


def seeded_ids(rng):
    """Makes the random id that pynwb gives every object repeatable."""
    return mock.patch("hdmf.container.uuid4",
                      lambda: uuid.UUID(bytes=rng.bytes(16), version=4))


def alignments(folder, rng, reads=6000):
    """Reference, reads and variants: FASTA + .fai, BAM + .bai, VCF.gz + .tbi."""
    folder.mkdir(parents=True, exist_ok=True)
    bases = "".join(rng.choice(list("ACGT"), 20000))
    lines = "\n".join(bases[i:i + 60] for i in range(0, len(bases), 60))
    reference = folder / "reference.fa"
    text(reference, f">chr1\n{lines}\n")
    pysam.faidx(str(reference))

    bam = folder / "aligned.sorted.bam"
    header = {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": "chr1", "LN": len(bases)}]}
    with pysam.AlignmentFile(bam, "wb", header=header) as out:
        for i, at in enumerate(np.sort(rng.integers(0, len(bases) - 75, reads))):
            read = pysam.AlignedSegment(out.header)
            read.query_name = f"read{i:05d}"
            read.query_sequence = bases[at:at + 75]
            read.flag = int(rng.choice([0, 16]))
            read.reference_id, read.reference_start = 0, int(at)
            read.mapping_quality, read.cigarstring = 60, "75M"
            read.query_qualities = pysam.qualitystring_to_array("F" * 75)
            out.write(read)
    pysam.index(str(bam))

    vcf = folder / "variants.vcf"
    rows = [f"chr1\t{at + 1}\t.\t{bases[at]}\t{'ACGT'[('ACGT'.index(bases[at]) + 1) % 4]}\t60\tPASS\tDP=30"
            for at in np.unique(rng.integers(0, len(bases), 40))]
    text(vcf, "##fileformat=VCFv4.2\n##contig=<ID=chr1,length=20000>\n"
              '##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">\n'
              "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "\n".join(rows) + "\n")
    pysam.tabix_index(str(vcf), preset="vcf", force=True)

    counts = pd.DataFrame({"gene": [f"Gene{i}" for i in range(500)],
                           "count": rng.negative_binomial(3, .02, 500)})
    with open(folder / "counts.tsv.gz", "wb") as f:
        with gzip.GzipFile(filename="", mode="wb", fileobj=f, mtime=0) as z:
            z.write(counts.to_csv(sep="\t", index=False).encode())


def moment(*parts):
    """A moment in UTC, from year to second."""
    return datetime.datetime(*parts, tzinfo=datetime.timezone.utc)


def files_below(folder: Path):
    """All files below a folder, in the order of their names."""
    return sorted(p for p in folder.rglob("*") if p.is_file())
