"""The official SDK lists and reads files, whole and in ranges."""

import random
import warnings
from urllib.parse import parse_qs, urlsplit

import requests
from codeocean.error import Error

from checks import check, codeocean, equal, raises, run, samples

api = codeocean().data_assets
known = samples()
readable = [s for s in known.values() if s.readable]
store = requests.Session()
store.trust_env = False


def listing(id, folder=""):
    """Every file of an asset, path -> size, folder by folder."""
    files = {}
    for item in api.list_data_asset_files(id, folder).items:
        path = item.path.rstrip("/")
        equal(path, f"{folder}/{item.name}" if folder else item.name, "path of an item")
        if item.type == "folder":
            files |= listing(id, path)
        else:
            equal(item.type, "file", path)
            files[path] = item.size
    return files


def url(sample, path):
    return api.get_data_asset_file_urls(sample.id, path).download_url


@check
def listings_are_the_files():
    for sample in readable:
        want = {path: p.stat().st_size for path, p in sample.tree().items()}
        equal(listing(sample.id), want, sample.name)


@check
def every_file_has_its_bytes():
    for sample in readable:
        for path, source in sample.tree().items():
            answer = store.get(url(sample, path))
            equal(answer.status_code, 200, f"{sample.name}: {path!r}")
            equal(answer.content, source.read_bytes(), f"{sample.name}: {path!r}")


@check
def ranges_are_exact():
    rng = random.Random(1)
    for sample in readable:
        for path, source in sample.tree().items():
            content = source.read_bytes()
            size = len(content)
            if not size:
                continue
            address = url(sample, path)
            for _ in range(3):
                a = rng.randrange(size)
                b = rng.randrange(a, size)
                answer = store.get(address, headers={"Range": f"bytes={a}-{b}"})
                what = f"{sample.name}: {path!r} {a}-{b}"
                equal(answer.status_code, 206, what)
                equal(answer.headers["Content-Range"], f"bytes {a}-{b}/{size}", what)
                equal(answer.content, content[a:b + 1], what)


@check
def odd_ranges_are_answered_as_s3_does():
    sample = known["ecephys_655019_2023-04-03_18-10-10"]
    content = (sample.files / "behavior/trials.csv").read_bytes()
    address = url(sample, "behavior/trials.csv")
    get = lambda range: store.get(address, headers={"Range": range})
    equal(get("bytes=-100").content, content[-100:], "suffix")
    equal(get("bytes=1000-").content, content[1000:], "open end")
    equal(get(f"bytes=10-{len(content) + 500}").content, content[10:], "end beyond the file")
    equal(get(f"bytes={len(content)}-").status_code, 416, "start beyond the file")
    equal(store.get(url(sample, "ecephys/dropped_frames.txt"), headers={"Range": "bytes=0-"}).status_code, 416, "empty file")


@check
def both_urls_and_the_old_call_serve_the_file():
    sample = known["unit-quality-classifier-v2"]
    want = (sample.files / "config.json").read_bytes()
    urls = api.get_data_asset_file_urls(sample.id, "config.json")
    equal(store.get(urls.view_url).content, want, "view_url")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old = api.get_data_asset_file_download_url(sample.id, "config.json")
    equal(store.get(old.url).content, want, "the old download_url")


@check
def urls_are_signed_for_one_get_of_one_file():
    sample = known["ecephys_655019_2023-04-03_18-10-10"]
    address = url(sample, "subject.json")
    query = parse_qs(urlsplit(address).query)
    if int(query["X-Amz-Expires"][0]) <= 0 or not query["X-Amz-Date"][0].endswith("Z"):
        raise AssertionError(f"no lifetime in {sorted(query)}")
    for what, wrong in {
        "another file": address.replace("subject.json", "data_description.json"),
        "a longer life": address.replace("X-Amz-Expires=", "X-Amz-Expires=9"),
        "no signature": address.split("?")[0],
        "another signature": address.replace("X-Amz-Signature=", "X-Amz-Signature=0"),
    }.items():
        equal(store.get(wrong).status_code, 403, what)
    equal(store.head(address).status_code, 403, "HEAD on a URL signed for GET")


@check
def what_is_not_there_is_not_served():
    sample = known["ecephys_655019_2023-04-03_18-10-10"]
    try:
        # Signed all the same, or refused at once: the platform does not say.
        equal(store.get(url(sample, "no/such/file")).status_code, 404, "URL of a missing file")
    except Error as e:
        equal(e.status_code, 404, "URL of a missing file")
    try:
        equal(api.list_data_asset_files(sample.id, "no/such/folder").items, [], "missing folder")
    except Error as e:
        equal(e.status_code, 404, "missing folder")


@check
def nothing_leads_out_of_an_asset():
    sample = known["ecephys_655019_2023-04-03_18-10-10"]
    for path in ("../asset.json", "behavior/../../asset.json", "/etc/passwd", "../../../deployment.json"):
        try:
            answer = store.get(url(sample, path))
        except Error as e:
            answer = e.http_err.response
        if answer.status_code < 400:
            raise AssertionError(f"{path} answered {answer.status_code}: {answer.text[:80]}")
        try:
            items = api.list_data_asset_files(sample.id, path).items
        except Error:
            items = []
        equal(items, [], path)


@check
def files_that_are_not_served_are_refused():
    for folder in ("clinical_MR_007", "exaSPIM_705363_2024-06-05_00-00-00", "FIP_668294_2023-08-01_15-22-31",
                   "RNAseq_726088_2024-05-21_09-12-00", "ecephys_661398_2023-03-31_17-01-09"):
        for call in (lambda id: api.list_data_asset_files(id), lambda id: api.get_data_asset_file_urls(id, "notes.txt")):
            status = raises(Error, call, known[folder].id).status_code
            if status not in (400, 403, 404, 409, 422):
                raise AssertionError(f"{folder}: {status}")


run()
