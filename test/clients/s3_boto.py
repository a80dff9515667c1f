"""boto3 lists and reads the store: the public bucket without keys, the private
one with them, and gets the errors S3 gives."""

import os
import random
from urllib.parse import urlsplit

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from checks import check, codeocean, equal, objects, raises, run, samples

PUBLIC, PRIVATE = "demo-open-data", "demo-lab-private"
REGION = {PUBLIC: "us-west-2", PRIVATE: "eu-central-1"}
OPEN = "ecephys_661398_2023-03-31_17-01-09"


def client(region, key=None, secret=None, unsigned=False):
    """A path-style client that tries once, so that errors show as they are."""
    return boto3.client(
        "s3", endpoint_url=os.environ["S3_ENDPOINT"], region_name=region,
        aws_access_key_id=key or os.environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=secret or os.environ["AWS_SECRET_ACCESS_KEY"],
        config=Config(signature_version=UNSIGNED if unsigned else "s3v4", retries={"total_max_attempts": 1},
                      s3={"addressing_style": "path"}, connect_timeout=5, read_timeout=20))


clients = {PUBLIC: client(REGION[PUBLIC], unsigned=True), PRIVATE: client(REGION[PRIVATE])}


def code(call, **params):
    """The error code of a call that must fail, with its HTTP status."""
    answer = raises(ClientError, call, **params).response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def pages(bucket, size, s3=None, **params):
    """All keys and all folders of a listing, in pages of that size."""
    keys, folders = [], []
    paginator = (s3 or clients[bucket]).get_paginator("list_objects_v2")
    for page in paginator.paginate(Bucket=bucket, PaginationConfig={"PageSize": size}, **params):
        found = page.get("Contents", []), page.get("CommonPrefixes", [])
        if sum(map(len, found)) > size or page["KeyCount"] != sum(map(len, found)):
            raise AssertionError(f"page of {page['KeyCount']}, asked for {size}")
        keys += [o["Key"] for o in found[0]]
        folders += [p["Prefix"] for p in found[1]]
    return keys, folders


@check
def a_flat_listing_is_every_object_in_order():
    for bucket in clients:
        want = sorted(objects(bucket), key=str.encode)
        for size in (1, 3, 1000):
            equal(pages(bucket, size), (want, []), f"{bucket}, pages of {size}")


@check
def listings_tell_size_time_and_etag():
    for bucket, s3 in clients.items():
        files = objects(bucket)
        for item in s3.list_objects_v2(Bucket=bucket)["Contents"]:
            head = s3.head_object(Bucket=bucket, Key=item["Key"])
            equal(item["Size"], files[item["Key"]].stat().st_size, item["Key"])
            equal((head["ContentLength"], head["ETag"]), (item["Size"], item["ETag"]), item["Key"])
            equal(head["LastModified"], item["LastModified"].replace(microsecond=0), item["Key"])


@check
def a_delimiter_makes_folders():
    for bucket in clients:
        every = sorted(objects(bucket), key=str.encode)
        for prefix in {"", *(k[:k.rindex("/") + 1] for k in every if "/" in k)}:
            below = [k.removeprefix(prefix) for k in every if k.startswith(prefix)]
            keys = [prefix + k for k in below if "/" not in k]
            folders = list(dict.fromkeys(prefix + k.split("/")[0] + "/" for k in below if "/" in k))
            for size in (1, 2, 1000):
                got = pages(bucket, size, Prefix=prefix, Delimiter="/")
                equal(got, (keys, folders), f"{bucket}/{prefix} in pages of {size}")


@check
def a_prefix_is_only_letters():
    # No slash at its end: a longer folder name beside it matches as well.
    folders = pages(PUBLIC, 1000, Prefix=OPEN, Delimiter="/")[1]
    equal(folders, [OPEN + "/", OPEN + "_sorted_2023-07-12_08-00-00/"], "folders")
    equal(pages(PUBLIC, 1000, Prefix="no/such/"), ([], []), "a prefix of nothing")
    every = sorted(objects(PUBLIC), key=str.encode)
    equal(pages(PUBLIC, 2, StartAfter=every[4]), (every[5:], []), "StartAfter")


@check
def objects_and_ranges_have_their_bytes():
    rng = random.Random(2)
    for bucket, s3 in clients.items():
        for key, path in objects(bucket).items():
            content, size = path.read_bytes(), path.stat().st_size
            equal(s3.get_object(Bucket=bucket, Key=key)["Body"].read(), content, key)
            for _ in range(3 if size else 0):
                a = rng.randrange(size)
                b = rng.randrange(a, size)
                answer = s3.get_object(Bucket=bucket, Key=key, Range=f"bytes={a}-{b}")
                equal(answer["ContentRange"], f"bytes {a}-{b}/{size}", key)
                equal(answer["Body"].read(), content[a:b + 1], f"{key} {a}-{b}")


@check
def conditions_are_held():
    s3, key = clients[PUBLIC], "README.md"
    etag = s3.head_object(Bucket=PUBLIC, Key=key)["ETag"]
    equal(s3.get_object(Bucket=PUBLIC, Key=key, IfMatch=etag)["ETag"], etag, "If-Match of what is there")
    equal(code(s3.get_object, Bucket=PUBLIC, Key=key, IfMatch='"0"'), ("PreconditionFailed", 412), "If-Match of another")
    equal(code(s3.get_object, Bucket=PUBLIC, Key=key, IfNoneMatch=etag)[1], 304, "If-None-Match")
    equal(code(s3.get_object, Bucket=PUBLIC, Key=key, Range="bytes=999999-"), ("InvalidRange", 416), "a range beyond the end")


@check
def what_is_not_there_says_so():
    s3 = clients[PUBLIC]
    equal(code(s3.get_object, Bucket=PUBLIC, Key="no/such"), ("NoSuchKey", 404), "key")
    equal(code(s3.head_object, Bucket=PUBLIC, Key="no/such"), ("404", 404), "head")
    equal(code(s3.head_object, Bucket=PUBLIC, Key=OPEN), ("404", 404), "a folder is no object")
    equal(code(s3.list_objects_v2, Bucket="no-such-bucket"), ("NoSuchBucket", 404), "bucket")


@check
def the_private_bucket_wants_the_right_key():
    home = REGION[PRIVATE]
    key = next(iter(objects(PRIVATE)))
    for what, s3, want in (
        ("no key", client(home, unsigned=True), "AccessDenied"),
        ("an unknown key", client(home, key="AKIANOBODY0000000000"), "InvalidAccessKeyId"),
        ("a wrong secret", client(home, secret="wrong"), "SignatureDoesNotMatch"),
    ):
        equal(code(s3.list_objects_v2, Bucket=PRIVATE), (want, 403), f"{what}: list")
        equal(code(s3.get_object, Bucket=PRIVATE, Key=key), (want, 403), f"{what}: get")
        equal(code(s3.head_object, Bucket=PRIVATE, Key=key), ("403", 403), f"{what}: head")


@check
def the_public_bucket_takes_keys_too():
    s3 = client(REGION[PUBLIC])
    equal(pages(PUBLIC, 1000, s3), pages(PUBLIC, 1000), "signed and unsigned")


@check
def the_wrong_region_is_told_the_right_one():
    elsewhere = client("ap-southeast-2")
    key, path = next(iter(objects(PRIVATE).items()))
    # boto3 takes the region from the refusal, and asks again.
    equal(elsewhere.get_object(Bucket=PRIVATE, Key=key)["Body"].read(), path.read_bytes(), "get with the wrong region")
    for s3, bucket in ((client("ap-southeast-2"), PRIVATE), (clients[PRIVATE], PRIVATE), (clients[PUBLIC], PUBLIC)):
        told = s3.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region")
        equal(told, REGION[bucket], "x-amz-bucket-region")
    equal(clients[PRIVATE].get_bucket_location(Bucket=PRIVATE)["LocationConstraint"], REGION[PRIVATE], "location")


@check
def buckets_are_listed_for_who_has_a_key():
    equal({b["Name"] for b in clients[PRIVATE].list_buckets()["Buckets"]} >= {PUBLIC, PRIVATE}, True, "buckets")
    raises(ClientError, clients[PUBLIC].list_buckets)


@check
def signed_files_are_in_no_bucket_to_list():
    # The files of internal assets have a bucket of the platform's own, which
    # a signed URL names: it is open to that URL and to nobody else.
    api, asset = codeocean().data_assets, samples()["unit-quality-classifier-v2"]
    own = urlsplit(api.get_data_asset_file_urls(asset.id, "config.json").download_url).path.split("/")[1]
    for s3 in clients.values():
        raises(ClientError, s3.list_objects_v2, Bucket=own)


run()
