"""The official SDK makes assets: from buckets, computations and other assets.

All creates are sent first and waited for afterwards, because the SDK asks no
more often than every five seconds. What is made here is deleted again.
"""

import os
import time
from pathlib import Path

import requests
from codeocean.error import Error
from codeocean.models.data_asset import (
    AWSS3Source, AWSS3Target, ComputationSource, DataAssetParams, DataAssetSearchOrigin, DataAssetSearchParams,
    DataAssetState, DataAssetType, ResultsInfo, Source, Target, TransferDataParams)

from checks import below, check, codeocean, equal, objects, raises, run, samples

api = codeocean().data_assets
known = samples()
PRIVATE, PUBLIC = "demo-lab-private", "demo-open-data"
OPEN = "ecephys_661398_2023-03-31_17-01-09"
computation = next(Path(os.environ["SAMPLES"]).glob("computations/*"))
made = {}


def create(what, **params):
    """Sends a create and keeps its draft."""
    asset = api.create_data_asset(DataAssetParams(name=f"client {what}", mount=what, tags=["client"], **params))
    equal(asset.state, DataAssetState.Draft, f"{what}: state of the answer")
    equal((asset.name, asset.mount, asset.tags), (f"client {what}", what, ["client"]), what)
    made[what] = asset


def ready(what):
    """The asset when it is ready or failed, waited for at most 30 s."""
    made[what] = api.wait_until_ready(made[what], timeout=30)
    return made[what]


def files(asset):
    """Every file of an asset, path -> bytes, read through its URL."""
    found, folders = {}, [""]
    while folders:
        for item in api.list_data_asset_files(asset.id, folders.pop()).items:
            if item.type == "folder":
                folders.append(item.path)
                continue
            url = api.get_data_asset_file_urls(asset.id, item.path).download_url
            found[item.path] = requests.get(url).content
    return found


@check
def creates_are_taken():
    create("external", description="kept where it is", custom_metadata={"subject_id": "1", "age_days": 7},
           source=Source(aws=AWSS3Source(bucket=PUBLIC, prefix=OPEN, keep_on_external_storage=True, public=True)))
    create("copied", source=Source(aws=AWSS3Source(bucket=PRIVATE, prefix="behavior/655019",
                                                   keep_on_external_storage=False, public=False)))
    create("combined", data_asset_ids=[known["MRI_721832_2024-02-11_09-30-00"].id, known[OPEN].id])
    create("result", source=Source(computation=ComputationSource(id=computation.name)))
    create("part", source=Source(computation=ComputationSource(id=computation.name, path="figures")))
    create("captured", source=Source(computation=ComputationSource(id=computation.name)),
           target=Target(aws=AWSS3Target(bucket=PRIVATE, prefix="captured/by-client")))
    create("lineage", source=Source(aws=AWSS3Source(bucket=PUBLIC, prefix=OPEN, keep_on_external_storage=True, public=True)),
           results_info=ResultsInfo(capsule_id="11111111-2222-3333-4444-555555555555", commit="abc",
                                    run_script="code/run", data_assets=[known[OPEN].id]))
    for what, bucket, prefix in (("no bucket", "no-such-bucket", "x"), ("no prefix", PUBLIC, "no/such/prefix")):
        try:
            create(what, source=Source(aws=AWSS3Source(bucket=bucket, prefix=prefix, keep_on_external_storage=False, public=True)))
        except Error as e:
            equal(e.status_code // 100, 4, f"{what}: {e.message}")


@check
def an_external_asset_stays_in_its_bucket():
    asset = ready("external")
    equal((asset.state, asset.type, asset.failure_reason), ("ready", "dataset", None), "external")
    source = asset.source_bucket
    equal((source.origin, source.bucket, source.prefix.rstrip("/"), source.external), ("aws", PUBLIC, OPEN, True), "source")
    equal(asset.custom_metadata, {"subject_id": "1", "age_days": 7}, "custom metadata")
    raises(Error, api.list_data_asset_files, asset.id)


@check
def a_copied_asset_is_internal_and_complete():
    asset = ready("copied")
    equal((asset.state, asset.failure_reason), ("ready", None), "copied")
    equal(bool(asset.source_bucket and asset.source_bucket.external), False, "external")
    want = {path: p.read_bytes() for path, p in known["behavior_655019_2023-04-02_11-03-20"].tree().items()}
    equal(files(asset), want, "files, and none of behavior/655019-pilot")
    equal((asset.files, int(asset.size)), (len(want), sum(map(len, want.values()))), "count and size")


@check
def a_combined_asset_names_its_members():
    asset = ready("combined")
    equal((asset.state, asset.type), ("ready", DataAssetType.Combined), "combined")
    equal({c.id: c.mount for c in asset.contained_data_assets},
          {known[n].id: known[n].record["mount"] for n in ("MRI_721832_2024-02-11_09-30-00", OPEN)}, "members")


@check
def results_come_from_a_computation():
    want = {path: p.read_bytes() for path, p in below(computation / "results").items()}
    asset = ready("result")
    equal((asset.state, asset.type), ("ready", DataAssetType.Result), "result")
    equal(files(asset), want, "files of the result")
    equal(asset.provenance.computation, computation.name, "lineage")
    figures = {k.removeprefix("figures/"): v for k, v in want.items() if k.startswith("figures/")}
    got = {k.removeprefix("figures/"): v for k, v in files(ready("part")).items()}
    equal(got, figures, "files below a path of the computation")


@check
def a_result_can_be_captured_to_a_bucket():
    asset = ready("captured")
    equal((asset.state, asset.type, asset.source_bucket.external), ("ready", "result", True), "captured")
    want = {"captured/by-client/" + path: p.read_bytes() for path, p in below(computation / "results").items()}
    got = {k: p.read_bytes() for k, p in objects(PRIVATE).items() if k.startswith("captured/by-client/")}
    equal(got, want, "objects")


@check
def lineage_can_be_told_with_a_bucket():
    asset = ready("lineage")
    equal((asset.state, asset.type), ("ready", DataAssetType.Result), "lineage")
    equal((asset.provenance.capsule, asset.provenance.commit, asset.provenance.data_assets),
          ("11111111-2222-3333-4444-555555555555", "abc", [known[OPEN].id]), "provenance")


@check
def what_was_made_is_found():
    found = {a.id for a in api.search_data_assets_iterator(DataAssetSearchParams(query="tag:client", limit=2))}
    equal(found, {a.id for a in made.values()}, "tag:client")
    found = {a.id for a in api.search_data_assets_iterator(
        DataAssetSearchParams(query="tag:client", origin=DataAssetSearchOrigin.External))}
    equal(found, {made[n].id for n in ("external", "captured", "lineage")}, "external ones")


@check
def a_source_that_is_not_there_fails():
    for what in ("no bucket", "no prefix"):
        if what in made:  # Otherwise it was refused at once, which is as good.
            asset = ready(what)
            equal((asset.state, bool(asset.failure_reason)), (DataAssetState.Failed, True), f"{what}: failed, with a reason")


@check
def a_transfer_makes_an_internal_asset_external():
    asset = made["copied"]
    before = files(asset)
    admin = codeocean("ADMIN_TOKEN").data_assets
    params = TransferDataParams(target=Target(aws=AWSS3Target(bucket=PRIVATE, prefix="transferred/by-client")))
    for token in ("READONLY_TOKEN", "OTHER_TOKEN"):
        refused = raises(Error, codeocean(token).data_assets.transfer_data_asset, asset.id, params)
        if refused.status_code not in (403, 404):
            raise AssertionError(f"{token}: {refused.status_code}")
    admin.transfer_data_asset(asset.id, params)
    deadline = time.monotonic() + 20
    while not (asset.last_transferred and asset.source_bucket.external):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not transferred: {asset}")
        time.sleep(0.2)
        asset = api.get_data_asset(asset.id)
    equal((asset.source_bucket.bucket, asset.source_bucket.prefix.rstrip("/"), asset.transfer_error),
          (PRIVATE, "transferred/by-client", None), "new home")
    got = {k.removeprefix("transferred/by-client/"): p.read_bytes()
           for k, p in objects(PRIVATE).items() if k.startswith("transferred/by-client/")}
    equal(got, before, "objects")


@check
def an_asset_is_archived_before_it_is_deleted():
    for what, asset in made.items():
        refused = raises(Error, api.delete_data_asset, asset.id)
        equal(refused.status_code // 100, 4, f"{what}: delete before archive")
        api.archive_data_asset(asset.id, True)
        api.delete_data_asset(asset.id)
        equal(raises(Error, api.get_data_asset, asset.id).status_code, 404, f"{what}: get after delete")
    left = list(api.search_data_assets_iterator(DataAssetSearchParams(query="tag:client")))
    left += list(api.search_data_assets_iterator(DataAssetSearchParams(query="tag:client", archived=True)))
    equal(left, [], "found after delete")
    if not objects(PUBLIC) or not (known[OPEN].files / "data_description.json").exists():
        raise AssertionError("deleting an external asset deleted its objects")


run()
