"""Reads a file at random offsets in several processes, and compares every
byte with a source file.

    read_random.py [--processes N] [--reads N] [--longest BYTES] [--seed N] FILE SOURCE

Each process opens the file for itself, and now and then closes and opens it
again. Reads go up to and beyond the end. The first difference ends the run:
it is printed, with the seed that repeats it, and the exit status is 1. Needs
nothing but Python.
"""

import argparse
import os
import random
import sys


def compare(fd, source, off, n):
    """Fails unless both files give the same bytes at that place."""
    got, want = os.pread(fd, n, off), os.pread(source, n, off)
    if got != want:
        at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), min(len(got), len(want)))
        raise ValueError(f"read of {n} at {off}: {len(got)} bytes, want {len(want)}; they differ from byte {off + at}")


def reader(args, seed):
    """One process: its own descriptor, its own offsets."""
    rng = random.Random(seed)
    source = os.open(args.source, os.O_RDONLY)
    fd = os.open(args.file, os.O_RDONLY)
    size = os.fstat(source).st_size
    if os.fstat(fd).st_size != size:
        raise ValueError(f"size is {os.fstat(fd).st_size}, want {size}")
    compare(fd, source, max(0, size - 100), 200)
    for _ in range(args.reads):
        if rng.random() < 0.02:
            os.close(fd)
            fd = os.open(args.file, os.O_RDONLY)
        # Lengths of every magnitude, a byte as likely as a megabyte.
        n = int(2 ** rng.uniform(0, args.longest.bit_length() - 1))
        compare(fd, source, rng.randrange(size + 1), n)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--reads", type=int, default=200)
    parser.add_argument("--longest", type=int, default=1 << 20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("file")
    parser.add_argument("source")
    args = parser.parse_args()

    children = {}
    for i in range(args.processes):
        pid = os.fork()
        if not pid:
            status = 1
            try:
                reader(args, f"{args.seed}/{i}")
                status = 0
            except (OSError, ValueError) as e:
                print(f"process {i}, seed {args.seed}: {e}", flush=True)
            finally:
                os._exit(status)
        children[pid] = i
    failed = 0
    while children:
        pid, status = os.wait()
        failed += status != 0
        del children[pid]
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
