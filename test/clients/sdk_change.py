"""The official SDK changes assets: metadata, permissions, archive; and waits."""

from codeocean.error import Error
from codeocean.models.components import (
    EveryoneRole, GroupPermissions, GroupRole, Permissions, UserPermissions, UserRole)
from codeocean.models.data_asset import DataAssetSearchParams, DataAssetState, DataAssetUpdateParams

from checks import check, codeocean, equal, raises, run, samples

api = codeocean().data_assets
known = samples()
pilot = known["behavior_655019_2023-04-02_11-03-20"]


@check
def an_update_shows_in_get_and_search():
    before = api.get_data_asset(pilot.id)
    want = dict(name="renamed by a client: ünïcode / slash", description="changed", tags=["one", "two words"],
                mount="elsewhere", custom_metadata={"subject_id": "655019", "age_days": 131.5})
    answer = api.update_metadata(pilot.id, DataAssetUpdateParams(**want))
    found = {a.id: a for a in api.search_data_assets_iterator(DataAssetSearchParams(query='tag:"two words"'))}
    for what, asset in (("answer", answer), ("get", api.get_data_asset(pilot.id)), ("search", found[pilot.id])):
        equal({k: getattr(asset, k) for k in want}, want, what)
        equal((asset.created, asset.owner, asset.source_bucket), (before.created, before.owner, before.source_bucket), what)
    back = {k: pilot.record.get(k) for k in ("name", "mount", "tags")}
    api.update_metadata(pilot.id, DataAssetUpdateParams(description="", custom_metadata={}, **back))
    equal(api.get_data_asset(pilot.id).name, pilot.name, "name when put back")


@check
def an_update_that_breaks_the_schema_is_refused():
    for wrong in ({"age_days": 9999}, {"modality": "telepathy"}, {"no_such_field": "x"}):
        refused = raises(Error, api.update_metadata, pilot.id, DataAssetUpdateParams(
            name=pilot.name, mount=pilot.name, tags=[], description="", custom_metadata=wrong))
        equal(refused.status_code, 400, str(wrong))


@check
def archiving_hides_and_unarchiving_shows():
    where = lambda archived: pilot.id in {
        a.id for a in api.search_data_assets_iterator(DataAssetSearchParams(archived=archived))}
    api.archive_data_asset(pilot.id, True)
    equal((where(True), where(False)), (True, False), "archived")
    equal(api.get_data_asset(pilot.id).id, pilot.id, "get of an archived asset")
    api.archive_data_asset(pilot.id, True)
    api.archive_data_asset(pilot.id, False)
    equal((where(True), where(False)), (False, True), "unarchived")


@check
def permissions_come_back_as_they_were_set():
    everyone = codeocean("OTHER_TOKEN").data_assets
    equal(raises(Error, everyone.get_data_asset, pilot.id).status_code in (403, 404), True, "another's private asset")
    owner = UserPermissions(email=pilot.record["owner_email"], role=UserRole.Owner)
    want = Permissions(users=[owner, UserPermissions(email="grace@lab.example", role=UserRole.Viewer)],
                       groups=[GroupPermissions(group="imaging", role=GroupRole.Discoverable)],
                       everyone=EveryoneRole.None_)
    api.update_permissions(pilot.id, want)
    got = api.get_permissions(pilot.id)
    equal({u.email: u.role for u in got.users}, {u.email: u.role for u in want.users}, "users")
    equal((got.groups, got.everyone), (want.groups, want.everyone), "groups, everyone")
    equal(everyone.get_data_asset(pilot.id).name, pilot.name, "an asset that was shared")
    refused = raises(Error, everyone.archive_data_asset, pilot.id, True)
    equal(refused.status_code, 403, "a viewer archives")
    api.update_permissions(pilot.id, Permissions(users=[owner], groups=[], everyone=EveryoneRole.None_))
    raises(Error, everyone.get_data_asset, pilot.id)


@check
def every_role_is_kept_and_means_what_it_says():
    other = codeocean("OTHER_TOKEN").data_assets
    owner = UserPermissions(email=pilot.record["owner_email"], role=UserRole.Owner)
    for role in UserRole:
        api.update_permissions(pilot.id, Permissions(users=[owner, UserPermissions(email="grace@lab.example", role=role)],
                                                     groups=[], everyone=EveryoneRole.None_, share_assets=True))
        got = api.get_permissions(pilot.id)
        equal(({u.email: u.role for u in got.users}["grace@lab.example"], got.share_assets), (role, True), role.value)
        allowed = {
            UserRole.Viewer: (True, False, False), UserRole.Editor: (True, True, False), UserRole.Owner: (True, True, True),
        }[role]
        for call, may in zip((lambda: other.get_data_asset(pilot.id),
                              lambda: other.update_metadata(pilot.id, DataAssetUpdateParams(description="")),
                              lambda: other.update_permissions(pilot.id, got)), allowed):
            if may:
                call()
            else:
                equal(raises(Error, call).status_code, 403, role.value)
    for role in GroupRole:
        api.update_permissions(pilot.id, Permissions(users=[owner], groups=[GroupPermissions(group="imaging", role=role)],
                                                     everyone=EveryoneRole.None_))
        equal(api.get_permissions(pilot.id).groups, [GroupPermissions(group="imaging", role=role)], role.value)
    for everyone in EveryoneRole:
        api.update_permissions(pilot.id, Permissions(users=[owner], groups=[], everyone=everyone))
        equal(api.get_permissions(pilot.id).everyone, everyone, everyone.value)
        found = pilot.id in {a.id for a in other.search_data_assets_iterator(DataAssetSearchParams(limit=1000))}
        equal(found, everyone != EveryoneRole.None_, f"{everyone.value}: found by another user")
    raises(Error, other.get_data_asset, pilot.id)


@check
def an_update_of_one_field_leaves_the_others():
    before = api.get_data_asset(pilot.id)
    after = api.update_metadata(pilot.id, DataAssetUpdateParams(description="only this"))
    equal((after.name, after.tags, after.mount, after.description), (before.name, before.tags, before.mount, "only this"), "update")
    api.update_metadata(pilot.id, DataAssetUpdateParams(description=before.description or ""))


@check
def a_draft_becomes_ready_and_then_has_files():
    draft = known["SmartSPIM_692911_2023-11-16_12-00-00"]
    asset = api.wait_until_ready(api.get_data_asset(draft.id), timeout=60)
    equal(asset.state, DataAssetState.Ready, "after waiting")
    equal({i.name for i in api.list_data_asset_files(draft.id).items}, set(draft.tree()), "its files")


@check
def a_failed_asset_says_why_and_another_stays_a_draft():
    failed = known["FIP_668294_2023-08-01_15-22-31"]
    asset = api.wait_until_ready(api.get_data_asset(failed.id))
    equal((asset.state, asset.failure_reason), (DataAssetState.Failed, failed.record["failure_reason"]), "failed")
    stays = api.get_data_asset(known["exaSPIM_705363_2024-06-05_00-00-00"].id)
    equal(stays.state, DataAssetState.Draft, "the other draft")


run()
