"""What the client scripts share: named checks, and what the samples hold.

A script registers functions with @check and ends with checks.run(): every one
runs, each prints one line, and the exit status is 1 when any of them failed.

The environment says where to look:
    CODEOCEAN_DOMAIN    the API, http://127.0.0.1:port
    CODEOCEAN_TOKEN     a token that may do everything
    READONLY_TOKEN      a token of the same user that may only read
    OTHER_TOKEN         a token of another user, not an administrator
    S3_ENDPOINT         the store, http://127.0.0.1:port
    AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY    keys for the private bucket
    SDK_USED            a file for what of the SDK is used: see surface.py
    SAMPLES             a directory holding the samples as they are served
"""

import functools
import json
import os
import sys
import time
import traceback
from pathlib import Path

# Nothing of this machine's own: no profile, role or proxy.
for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
    os.environ.pop(name, None)
os.environ.update({"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
                   "AWS_EC2_METADATA_DISABLED": "true", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"})

registered = []


def check(function):
    """Registers a function as a check. Its name says what has to hold."""
    registered.append(function)
    return function


def run():
    """Runs the checks in the order they were written, and exits."""
    failed = 0
    for function in registered:
        name = function.__name__.replace("_", " ")
        began = time.monotonic()
        try:
            function()
        except Exception as e:
            failed += 1
            where = traceback.extract_tb(e.__traceback__)
            here = [frame for frame in where if frame.filename == function.__code__.co_filename][-1]
            print(f"FAIL {name} (line {here.lineno}): {type(e).__name__}: {e}", flush=True)
        else:
            print(f"ok   {name} ({time.monotonic() - began:.2f} s)", flush=True)
    if failed:
        print(f"{failed} of {len(registered)} checks failed", flush=True)
    sys.exit(1 if failed else 0)


def equal(got, want, what=""):
    """Fails unless both are equal, and shows where they are not."""
    if got == want:
        return
    if isinstance(got, (set, frozenset)) and isinstance(want, (set, frozenset)):
        raise AssertionError(f"{what}: missing {sorted(want - got)}, not expected {sorted(got - want)}")
    if isinstance(got, bytes) and isinstance(want, bytes):
        at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), min(len(got), len(want)))
        raise AssertionError(f"{what}: {len(got)} bytes, want {len(want)}; they differ from byte {at}")
    # Long enough for a record, and not the bytes of a file.
    raise AssertionError(f"{what}: got {repr(got)[:2000]}, want {repr(want)[:2000]}")


def raises(kind, call, *args, **kwargs):
    """Fails unless the call raises that kind of exception, which is returned."""
    try:
        value = call(*args, **kwargs)
    except kind as e:
        return e
    raise AssertionError(f"no {kind.__name__}: it answered {value!r}")


class Sample:
    """One sample asset: its record, and where its files are."""

    def __init__(self, home, root):
        self.record = json.loads((home / "asset.json").read_text())
        self.id, self.name = self.record["id"], self.record["name"]
        source = self.record["source_bucket"]
        self.external = source["external"]
        self.files = home / "files"
        if self.external:
            self.files = root / "buckets" / source["bucket"] / "objects" / source["prefix"]

    @property
    def archived(self):
        return self.record.get("archived", False)

    @property
    def readable(self):
        """Whether the API serves its files: internal, ready, allowed, not combined."""
        r = self.record
        return not (self.external or r["type"] == "combined" or r.get("refuse_files")) and r["state"] == "ready"

    def tree(self):
        """Every file by its path, as a path on disk."""
        return below(self.files)


def below(root):
    """Every file below a folder: slash-separated path -> path on disk."""
    return {p.relative_to(root).as_posix(): p for p in root.rglob("*") if p.is_file()}


def samples():
    """All samples by the name of their folder."""
    root = Path(os.environ["SAMPLES"])
    return {p.parent.name: Sample(p.parent, root) for p in sorted(root.glob("assets/*/asset.json"))}


def objects(bucket):
    """The objects of a bucket: key -> path on disk."""
    return below(Path(os.environ["SAMPLES"]) / "buckets" / bucket / "objects")


@functools.cache
def watched():
    """Notes what the script uses of the official client, where somebody wants to know."""
    import surface
    surface.watch()


def codeocean(token="CODEOCEAN_TOKEN"):
    """The official client, with the token of that variable."""
    from codeocean import CodeOcean
    watched()
    return CodeOcean(domain=os.environ["CODEOCEAN_DOMAIN"], token=os.environ[token])
