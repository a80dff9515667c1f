"""The official SDK finds and describes assets."""

from codeocean.models.components import Ownership, SearchFilter, SearchFilterRange, SortOrder
from codeocean.models.data_asset import DataAssetSearchOrigin, DataAssetSearchParams, DataAssetSortBy, DataAssetType

from checks import check, codeocean, equal, run, samples

api = codeocean().data_assets
known = samples()
active = {s.id: s for s in known.values() if not s.archived}
archived = {s.id: s for s in known.values() if s.archived}


def search(**params):
    """All assets that match, in the order they came; none may come twice."""
    found = list(api.search_data_assets_iterator(DataAssetSearchParams(**params)))
    equal(len({a.id for a in found}), len(found), "assets came twice")
    return found


def ids(**params):
    return {a.id for a in search(archived=False, **params)}


def those(matches):
    """The samples, archived ones aside, whose record matches."""
    return {s.id for s in active.values() if matches(s.record)}


@check
def pages_of_any_size_give_every_asset_once():
    for limit in (1, 2, 7, len(active), 1000):
        equal(ids(limit=limit), set(active), f"limit {limit}")


@check
def one_page_says_whether_there_is_more():
    page = api.search_data_assets(DataAssetSearchParams(limit=3))
    equal((len(page.results), page.has_more), (3, True), "first page")
    page = api.search_data_assets(DataAssetSearchParams(limit=1000))
    equal(page.has_more, False, "a page that holds all")


@check
def offset_skips():
    order = dict(sort_field=DataAssetSortBy.Created, sort_order=SortOrder.Ascending, archived=False)
    every = [a.id for a in search(**order)]
    page = api.search_data_assets(DataAssetSearchParams(offset=4, limit=3, **order))
    equal([a.id for a in page.results], every[4:7], "offset 4, limit 3")


@check
def sorting_holds_across_pages():
    for field in DataAssetSortBy:
        keys = {o: [getattr(a, field.value) for a in search(archived=False, limit=4, sort_field=field, sort_order=o)]
                for o in (SortOrder.Ascending, SortOrder.Descending)}
        up = keys[SortOrder.Ascending]
        # Whether capitals sort before small letters is the platform's affair.
        fold = (lambda v: str(v).casefold()) if field in (DataAssetSortBy.Name, DataAssetSortBy.Type) else (lambda v: v or 0)
        if up != sorted(up, key=fold) and up != sorted(up, key=lambda v: v or 0):
            raise AssertionError(f"sorted by {field.value}: {up}")
        equal([fold(v) for v in keys[SortOrder.Descending]], [fold(v) for v in reversed(up)], f"{field.value} descending")


@check
def archived_ones_are_apart():
    equal({a.id for a in search(archived=True)}, set(archived), "archived")
    equal({a.id for a in search(archived=False)}, set(active), "not archived")
    if not {a.id for a in search()} >= set(active):
        raise AssertionError("a plain search leaves assets out")


@check
def each_type_is_found():
    for type in DataAssetType:
        want = those(lambda r: r["type"] == type.value)
        equal(ids(type=type), want, type.value)


@check
def origin_tells_internal_from_external():
    for origin, external in ((DataAssetSearchOrigin.Internal, False), (DataAssetSearchOrigin.External, True)):
        found = ids(origin=origin, type=DataAssetType.Dataset)
        equal(found, those(lambda r: r["type"] == "dataset" and r["source_bucket"]["external"] == external), origin.value)


@check
def ownership_tells_mine_from_others():
    mine = codeocean().data_assets.get_data_asset(next(iter(active))).owner
    equal(ids(ownership=Ownership.Created), those(lambda r: r["owner"] == mine), "created by me")
    if ids(ownership=Ownership.Shared) & ids(ownership=Ownership.Created):
        raise AssertionError("an asset is both mine and shared with me")
    shared_by_me = lambda r: bool(r.get("permissions"))
    equal(ids(ownership=Ownership.Private), those(lambda r: r["owner"] == mine and not shared_by_me(r)), "mine alone")
    other = codeocean("OTHER_TOKEN").data_assets
    found = {a.id for a in other.search_data_assets_iterator(
        DataAssetSearchParams(ownership=Ownership.Created, archived=False))}
    equal(found, those(lambda r: r["owner"] != mine), "created by the other user")


@check
def favorites_are_found():
    equal(ids(favorite=True), those(lambda r: r.get("favorite")), "favorites")
    equal(ids(favorite=False), set(active), "without the choice")


@check
def choices_narrow_together():
    equal(ids(type=DataAssetType.Dataset, origin=DataAssetSearchOrigin.External, ownership=Ownership.Created, query="tag:ecephys",
              filters=[SearchFilter(key="tags", value="calibration", exclude=True)],
              sort_field=DataAssetSortBy.Type, sort_order=SortOrder.Ascending, limit=1),
          {i for i in those(lambda r: r["type"] == "dataset" and r["source_bucket"]["external"]
                            and "ecephys" in r.get("tags", []) and "calibration" not in r.get("tags", []))
           if i in ids(ownership=Ownership.Created)}, "all choices at once")


@check
def queries_find_by_field():
    for query, matches in {
        "tag:calibration": lambda r: "calibration" in r.get("tags", []),
        "tag:calibration tag:classifier": lambda r: {"calibration", "classifier"} & set(r.get("tags", [])),
        "tag:ecephys tag:sorted type-of-nothing": lambda r: False,
        "name:clinical_MR_007": lambda r: r["name"] == "clinical_MR_007",
        "name:CLINICAL_mr_007": lambda r: r["name"] == "clinical_MR_007",
        'name:"duty cycle"': lambda r: "duty cycle" in r["name"],
        "classifier": lambda r: "classifier" in r["name"],
        "run_script:code/run": lambda r: r.get("provenance", {}).get("run_script") == "code/run",
    }.items():
        equal(ids(query=query), those(matches), query)


@check
def queries_find_what_contains_an_asset():
    member = known["MRI_721832_2024-02-11_09-30-00"]
    equal(ids(query=f"contained_data_id:{member.id}"), {known["visual-cortex-collection"].id}, "contained_data_id")


@check
def filters_narrow():
    with_tag = lambda tag: lambda r: tag in r.get("tags", [])
    field = lambda r, key: r.get("custom_metadata", {}).get(key)
    for filter, matches in (
        (SearchFilter(key="tags", value="calibration"), with_tag("calibration")),
        (SearchFilter(key="tags", values=["calibration", "classifier"]),
         lambda r: with_tag("calibration")(r) or with_tag("classifier")(r)),
        (SearchFilter(key="tags", value="calibration", exclude=True), lambda r: not with_tag("calibration")(r)),
        (SearchFilter(key="modality", value="MRI"), lambda r: field(r, "modality") == "MRI"),
        (SearchFilter(key="age_days", range=SearchFilterRange(min=130, max=150)),
         lambda r: 130 <= (field(r, "age_days") or 0) <= 150),
    ):
        equal(ids(filters=[filter]), those(matches), str(filter))
    both = [SearchFilter(key="tags", value="ecephys"), SearchFilter(key="subject_id", value="655019")]
    equal(ids(filters=both), those(lambda r: with_tag("ecephys")(r) and field(r, "subject_id") == "655019"), "two filters")


@check
def records_say_what_the_samples_say():
    searched = {a.id: a for a in search(limit=1000)} | {a.id: a for a in search(archived=True)}
    for sample in known.values():
        got, want = api.get_data_asset(sample.id), sample.record
        equal(got, searched[sample.id], f"{sample.name}: get and search differ")
        for key in ("name", "mount", "type", "created", "owner", "owner_email", "description", "tags", "custom_metadata",
                    "failure_reason", "nextflow_profile"):
            equal(getattr(got, key) or None, want.get(key) or None, f"{sample.name}: {key}")
        equal(got.source_bucket.external, want["source_bucket"]["external"], f"{sample.name}: external")
        if want["state"] == "ready" and want["type"] != "combined":
            equal((got.files, int(got.size)), (want["files"], want["size"]), f"{sample.name}: files and bytes")
        if sample.external:
            equal((got.source_bucket.origin.value, got.source_bucket.bucket, got.source_bucket.prefix),
                  tuple(want["source_bucket"][k] for k in ("origin", "bucket", "prefix")), f"{sample.name}: source")
        if "provenance" in want:
            equal(got.provenance.to_dict(), want["provenance"], f"{sample.name}: provenance")
            equal([p.to_dict() for p in got.app_parameters or []], want.get("app_parameters", []), "app_parameters")
        equal([c.to_dict() for c in got.contained_data_assets or []], want.get("contained_data_assets", []),
              f"{sample.name}: contained_data_assets")


@check
def the_metadata_schema_is_told():
    schema = codeocean().custom_metadata.get_custom_metadata()
    fields = {f.name: f for f in schema.fields}
    equal(set(fields), {"subject_id", "modality", "age_days", "session_date"}, "fields")
    equal(fields["modality"].allowed_values, ["ecephys", "ophys", "MRI", "RNAseq"], "allowed values")
    equal((fields["age_days"].range.max, fields["age_days"].units), (1500, "days"), "range")
    equal(schema.categories, ["Session"], "categories")


run()
