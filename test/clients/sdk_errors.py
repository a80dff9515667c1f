"""The official SDK is told clearly what it may not do."""

import os

import requests
from codeocean import CodeOcean
from codeocean.error import Error
from codeocean.models.components import EveryoneRole, Permissions
from codeocean.models.data_asset import (
    AWSS3Source, DataAssetParams, DataAssetSearchParams, DataAssetUpdateParams, Source)

from checks import check, codeocean, equal, raises, run, samples

domain = os.environ["CODEOCEAN_DOMAIN"]
api = codeocean().data_assets
known = samples()
some = known["unit-quality-classifier-v2"]
NOBODY = "00000000-0000-4000-8000-00000000dead"
params = DataAssetParams(name="n", mount="m", tags=[], source=Source(
    aws=AWSS3Source(bucket="demo-open-data", prefix="x", keep_on_external_storage=True, public=True)))


def every_call(api, id):
    """Each call on one asset, by name."""
    return {
        "get": lambda: api.get_data_asset(id),
        "files": lambda: api.list_data_asset_files(id),
        "urls": lambda: api.get_data_asset_file_urls(id, "config.json"),
        "permissions": lambda: api.get_permissions(id),
    } | every_change(api, id)


def every_change(api, id):
    """Each call that changes one asset, by name."""
    return {
        "update": lambda: api.update_metadata(id, DataAssetUpdateParams(name="n", mount="m", tags=[], description="")),
        "archive": lambda: api.archive_data_asset(id, True),
        "set permissions": lambda: api.update_permissions(id, Permissions(users=[], groups=[], everyone=EveryoneRole.None_)),
        "delete": lambda: api.delete_data_asset(id),
    }


def refused(what, call, status):
    """Fails unless the call is answered with that status and says why in words."""
    error = raises(Error, call)
    equal(error.status_code, status, what)
    if not isinstance(error.data, dict) or not error.data.get("message"):
        raise AssertionError(f"{what}: no message in {error.data!r}")


@check
def a_token_that_is_not_known_is_401_everywhere():
    for token in ("cop_wrong", "", "cop_demo "):
        stranger = CodeOcean(domain=domain, token=token).data_assets
        refused(f"token {token!r}: search", lambda: stranger.search_data_assets(DataAssetSearchParams()), 401)
        refused(f"token {token!r}: create", lambda: stranger.create_data_asset(params), 401)
        for what, call in every_call(stranger, some.id).items():
            refused(f"token {token!r}: {what}", call, 401)
    equal(requests.get(f"{domain}/api/v1/data_assets/{some.id}").status_code, 401, "no token at all")


@check
def an_asset_that_is_not_there_is_404_everywhere():
    for what, call in every_call(api, NOBODY).items():
        refused(what, call, 404)


@check
def a_read_only_token_reads_and_changes_nothing():
    reader = codeocean("READONLY_TOKEN").data_assets
    before = api.get_data_asset(some.id)
    equal(reader.get_data_asset(some.id), before, "get")
    equal(len(reader.list_data_asset_files(some.id).items), 3, "files")
    url = reader.get_data_asset_file_urls(some.id, "config.json").download_url
    equal(requests.get(url).content, (some.files / "config.json").read_bytes(), "bytes")
    for what, call in every_change(reader, some.id).items():
        refused(what, call, 403)
    refused("create", lambda: reader.create_data_asset(params), 403)
    equal(api.get_data_asset(some.id), before, "the asset after refused changes")


@check
def others_do_not_see_what_was_not_shared():
    other = codeocean("OTHER_TOKEN").data_assets
    seen = {a.id for a in other.search_data_assets_iterator(DataAssetSearchParams())}
    equal(some.id in seen, False, "found by search")
    for what, call in every_call(other, some.id).items():
        if raises(Error, call).status_code not in (403, 404):
            raise AssertionError(f"{what} was not refused")


@check
def bad_requests_are_400():
    session = requests.Session()
    session.auth = (os.environ["CODEOCEAN_TOKEN"], "")
    for path, body in (("data_assets/search", "{"), ("data_assets", "[]"), ("data_assets", '{"name": "only"}'),
                       ("data_assets/search", '{"type": "painting"}')):
        answer = session.post(f"{domain}/api/v1/{path}", data=body, headers={"Content-Type": "application/json"})
        equal((answer.status_code, bool(answer.json().get("message"))), (400, True), f"{path} {body}")
    refused("nothing to make it of", lambda: api.create_data_asset(DataAssetParams(name="n", mount="m", tags=[])), 400)
    refused("a token of nobody's", lambda: api.search_data_assets(DataAssetSearchParams(next_token="nonsense")), 400)


run()
