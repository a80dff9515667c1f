"""The official SDK makes an asset of each kind of source, and with all that can be told of one."""

import os
import time
from pathlib import Path

import requests
from codeocean.error import Error
from codeocean.models.computation import Param, PipelineProcess
from codeocean.models.data_asset import (
    AWSS3Source, AWSS3Target, CloudWorkstationSource, ComputationSource, DataAssetParams, DataAssetState,
    DataAssetType, GCPCloudStorageSource, ResultsInfo, Source, Target, TransferDataParams)

from checks import below, check, codeocean, equal, objects, raises, run, samples

api = codeocean().data_assets
admin = codeocean("ADMIN_TOKEN").data_assets
known = samples()
PRIVATE, PUBLIC = "demo-lab-private", "demo-open-data"
OPEN = "ecephys_661398_2023-03-31_17-01-09"
SESSION = "behavior/655019"
computation = next(Path(os.environ["SAMPLES"]).glob("computations/*"))
made = {}


def create(what, by=api, **params):
    """Sends a create and keeps its draft."""
    made[what] = by.create_data_asset(DataAssetParams(name=what, mount="m", tags=[], **params))
    equal(made[what].state, DataAssetState.Draft, f"{what}: state of the answer")


def ready(what):
    """The asset when it is ready, or failed, which it must not."""
    asset = api.wait_until_ready(made[what], polling_interval=5, timeout=30) if what != "input" else \
        admin.wait_until_ready(made[what], timeout=30)
    equal((asset.state, asset.failure_reason), (DataAssetState.Ready, None), what)
    return asset


def files(asset, by=api):
    """Every file of an asset, path -> bytes."""
    found, folders = {}, [""]
    while folders:
        for item in by.list_data_asset_files(data_asset_id=asset.id, path=folders.pop()).items:
            if item.type == "folder":
                folders.append(item.path)
            else:
                url = by.get_data_asset_file_urls(data_asset_id=asset.id, path=item.path).download_url
                found[item.path] = requests.get(url).content
    return found


def objects_below(bucket, prefix):
    return {key.removeprefix(prefix + "/"): p.read_bytes() for key, p in objects(bucket).items() if key.startswith(prefix + "/")}


@check
def each_source_is_taken():
    for kept in (True, False):
        for bucket, prefix, public in ((PUBLIC, OPEN, True), (PRIVATE, SESSION, False)):
            create(f"{bucket} {kept}", source=Source(aws=AWSS3Source(
                bucket=bucket, prefix=prefix, public=public, keep_on_external_storage=kept, endpoint_name="lab-store")))
    create("input", by=admin, source=Source(aws=AWSS3Source(bucket="", prefix=SESSION, use_input_bucket=True)))
    create("gcp", source=Source(gcp=GCPCloudStorageSource(
        bucket=PUBLIC, prefix=OPEN, client_id="an id", client_secret="a secret")))
    create("computation", source=Source(computation=ComputationSource(id=computation.name, path="figures")),
           target=Target(aws=AWSS3Target(bucket=PRIVATE, prefix="of/a/computation", endpoint_name="lab-store")))
    create("workstation", source=Source(cloud_workstation=CloudWorkstationSource(id=computation.name, path="figures")))
    create("workstation result", source=Source(cloud_workstation=CloudWorkstationSource(
        id=computation.name, path="figures", run_script="code/run.py")))
    aws = Source(aws=AWSS3Source(bucket=PUBLIC, prefix=OPEN, public=True, keep_on_external_storage=True))
    create("capsule run", source=aws, results_info=ResultsInfo(
        capsule_id="11111111-2222-4333-8444-555555555555", version=3, commit="abc", run_script="code/run",
        data_assets=[known[OPEN].id], parameters=[Param(name="Threshold", param_name="threshold", value="5")]))
    create("pipeline run", source=aws, results_info=ResultsInfo(
        pipeline_id="66666666-7777-4888-8999-aaaaaaaaaaaa", version=1, nextflow_profile="aws", processes=[PipelineProcess(
            name="sort", capsule_id="11111111-2222-4333-8444-555555555555", version=2, public=False,
            parameters=[Param(name="Threshold", param_name="threshold", value="5")])]))


@check
def buckets_are_kept_or_copied_with_and_without_credentials():
    for bucket, prefix in ((PUBLIC, OPEN), (PRIVATE, SESSION)):
        kept, copied = ready(f"{bucket} True"), ready(f"{bucket} False")
        equal((kept.source_bucket.external, kept.source_bucket.bucket, kept.source_bucket.prefix), (True, bucket, prefix), "kept")
        raises(Error, api.list_data_asset_files, kept.id)
        equal(copied.source_bucket.external, False, "copied")
        equal(files(copied), objects_below(bucket, prefix), f"files copied from {bucket}")


@check
def the_input_bucket_is_for_admins():
    refused = raises(Error, create, "input by a user", source=Source(aws=AWSS3Source(bucket="", prefix=SESSION, use_input_bucket=True)))
    equal(refused.status_code, 403, "use_input_bucket by a user")
    equal(files(ready("input"), by=admin), objects_below(PRIVATE, SESSION), "files of the input bucket")


@check
def a_google_bucket_is_copied():
    asset = ready("gcp")
    equal((asset.source_bucket.origin.value, bool(asset.source_bucket.external)), ("gcp", False), "gcp")
    equal(files(asset), objects_below(PUBLIC, OPEN), "files of the bucket")
    if "a secret" in str(asset):
        raise AssertionError("the secret is in the record")


@check
def computations_and_workstations_give_what_is_below_a_path():
    want = {path: p.read_bytes() for path, p in below(computation / "results" / "figures").items()}
    equal(ready("computation").type, DataAssetType.Result, "computation")
    equal(objects_below(PRIVATE, "of/a/computation"), want, "captured to a bucket")
    asset = ready("workstation")
    equal((asset.type, asset.provenance), (DataAssetType.Dataset, None), "workstation")
    equal(files(asset), want, "files of the workstation")
    asset = ready("workstation result")
    equal((asset.type, asset.provenance.run_script), (DataAssetType.Result, "code/run.py"), "workstation, by a script")


@check
def results_of_elsewhere_say_what_made_them():
    asset = ready("capsule run")
    equal((asset.type, asset.provenance.capsule, asset.provenance.commit, asset.provenance.run_script, asset.provenance.data_assets),
          ("result", "11111111-2222-4333-8444-555555555555", "abc", "code/run", [known[OPEN].id]), "provenance")
    equal([(p.name, p.value) for p in asset.app_parameters], [("Threshold", "5")], "parameters")
    asset = ready("pipeline run")
    equal((asset.type, asset.nextflow_profile), ("result", "aws"), "pipeline run")


@check
def sources_that_contradict_themselves_are_refused():
    aws = AWSS3Source(bucket=PUBLIC, prefix=OPEN, public=True, keep_on_external_storage=True)
    run_info = ResultsInfo(capsule_id="11111111-2222-4333-8444-555555555555")
    for what, params in {
        "two sources": dict(source=Source(aws=aws, computation=ComputationSource(id=computation.name))),
        "no source in it": dict(source=Source()),
        "no bucket": dict(source=Source(aws=AWSS3Source(bucket=""))),
        "an endpoint that is not known": dict(source=Source(aws=AWSS3Source(bucket=PUBLIC, endpoint_name="nowhere"))),
        "a computation that is not known": dict(source=Source(computation=ComputationSource(id="nothing"))),
        "a workstation without a path": dict(source=Source(cloud_workstation=CloudWorkstationSource(id=computation.name, path=""))),
        "one member": dict(data_asset_ids=[known[OPEN].id]),
        "a member that is not known": dict(data_asset_ids=[known[OPEN].id, "nothing"]),
        "members and a source": dict(data_asset_ids=[known[OPEN].id] * 2, source=Source(aws=aws)),
        "a target for a bucket": dict(source=Source(aws=aws), target=Target(aws=AWSS3Target(bucket=PRIVATE))),
        "results of a computation": dict(source=Source(computation=ComputationSource(id=computation.name)), results_info=run_info),
        "results of nothing": dict(source=Source(aws=aws), results_info=ResultsInfo(commit="abc")),
        "metadata that is not in the schema": dict(source=Source(aws=aws), custom_metadata={"no_such_field": 1}),
    }.items():
        refused = raises(Error, create, what, **params)
        equal((refused.status_code // 100, bool(refused.message)), (4, True), what)


@check
def a_transfer_is_forced_where_a_release_pipeline_uses_the_asset():
    params = TransferDataParams(target=Target(aws=AWSS3Target(bucket=PRIVATE, prefix="forced")), force=True)
    admin.transfer_data_asset(data_asset_id=made["gcp"].id, transfer_params=params)


@check
def a_transfer_that_fails_says_why():
    asset = made["computation"]
    admin.transfer_data_asset(asset.id, TransferDataParams(target=Target(aws=AWSS3Target(bucket="no-such-bucket", prefix="x"))))
    deadline = time.monotonic() + 20
    while not asset.transfer_error:
        if time.monotonic() > deadline:
            raise TimeoutError(f"no transfer error: {asset}")
        time.sleep(0.2)
        asset = api.get_data_asset(asset.id)
    equal((asset.state, asset.source_bucket.bucket), (DataAssetState.Ready, PRIVATE), "the asset stays where it was")


@check
def waiting_has_its_own_rules():
    draft = known["exaSPIM_705363_2024-06-05_00-00-00"]
    asset = api.get_data_asset(data_asset_id=draft.id)
    raises(ValueError, api.wait_until_ready, asset, polling_interval=1)
    raises(ValueError, api.wait_until_ready, asset, timeout=1)
    raises(TimeoutError, api.wait_until_ready, asset, timeout=5)


run()
