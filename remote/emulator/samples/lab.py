"""A data directory of the emulator, being filled with assets."""

import json
import uuid
import zlib

import numpy as np

import formats as f

# The people of the laboratory: user id and address.
ADA = ("5f0c6f3e-8c5e-4a55-9d3b-0b8f5f3c9a01", "ada@lab.example")
GRACE = ("c1d24b7a-2f1e-4d0f-8a77-6a1f0e9d5b02", "grace@lab.example")
ADMIN = ("e0a7c1c2-91f4-4a0e-b1c8-3d9a5e7f4c03", "admin@lab.example")

# What golang.org/x/mod/module.CheckFilePath refuses, of what is used here.
UNEMBEDDABLE = "\"'*<>?`|\\:\n\t🧠"


class Lab:
    """A data directory being filled."""

    def __init__(self, out):
        self.out = out
        self.unembeddable = {}

    def random(self, what):
        """A generator of its own for each thing, so that none moves another."""
        return np.random.default_rng(zlib.crc32(what.encode()))

    def objects(self, bucket, prefix):
        """The folder that is a prefix of a bucket."""
        return self.out / "buckets" / bucket / "objects" / prefix

    def asset(self, folder, created, fill=None, type="dataset", owner=ADA, bucket=None,
              prefix=None, name=None, **more):
        """Adds an asset and returns its id. `fill(folder, rng)` writes its files.

        With a bucket it is external, and its files are the objects below the
        prefix, which may end with a slash or not.
        """
        home = self.out / "assets" / folder
        where = self.objects(bucket, prefix) if bucket else home / "files"
        if fill:
            fill(where, self.random(folder))
        files = f.files_below(where) if where.exists() else []
        size = sum(p.stat().st_size for p in files)
        for path in files:
            if set(path.name) & set(UNEMBEDDABLE) or path.name.endswith((".", " ")):
                self.unembeddable[path.relative_to(self.out).as_posix()] = path.read_text()
                path.unlink()
        name = folder if name is None else name
        source = {"origin": "local", "external": False, "bucket": ""}
        if bucket:
            source = {"origin": "aws", "external": True, "bucket": bucket, "prefix": prefix}
        record = {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, "codeoceanfs/samples/" + folder)),
            "name": name, "mount": name, "type": type, "state": "ready",
            "created": int(created.timestamp()), "last_used": 0,
            "owner": owner[0], "owner_email": owner[1],
            "files": len(files), "size": size,
            "source_bucket": source,
        }
        f.data(home / "asset.json", record | more)
        return record["id"]

    def extra(self):
        """Leaves the files that cannot be embedded to the extraction."""
        f.data(self.out / "extra.json", self.unembeddable)

    def member(self, id, mount=None):
        """A contained asset, as the record of a combined one tells it."""
        for path in self.out.glob("assets/*/asset.json"):
            record = json.loads(path.read_text())
            if record["id"] == id:
                return {"id": id, "mount": mount or record["mount"], "size": record["size"]}
        raise KeyError(id)
