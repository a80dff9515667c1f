"""Prints the SHA-256 of files as a memory map shows them, like sha256sum.

    read_mmap.py [--backwards] FILE...

With --backwards the pages are touched from the last to the first before they
are hashed, which no read-ahead expects. Needs nothing but Python.
"""

import hashlib
import mmap
import os
import sys


def digest(path, backwards):
    with open(path, "rb") as f:
        size = os.fstat(f.fileno()).st_size
        if not size:  # An empty file cannot be mapped.
            return hashlib.sha256(f.read()).hexdigest()
        with mmap.mmap(f.fileno(), size, prot=mmap.PROT_READ) as m:
            if backwards:
                for at in range((size - 1) // mmap.PAGESIZE * mmap.PAGESIZE, -1, -mmap.PAGESIZE):
                    m[at]
            # A piece at a time: hashing the map whole would hold the
            # interpreter in one call that nothing can interrupt.
            h = hashlib.sha256()
            for at in range(0, size, 1 << 20):
                h.update(m[at:at + (1 << 20)])
            return h.hexdigest()


def main():
    args = sys.argv[1:]
    backwards = "--backwards" in args
    for path in args:
        if path != "--backwards":
            print(f"{digest(path, backwards)}  {path}", flush=True)


if __name__ == "__main__":
    main()
