"""aws-cli lists and copies from the store, as people do from a terminal."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from checks import below, check, equal, objects, run

PUBLIC, PRIVATE = "demo-open-data", "demo-lab-private"
OPEN = "ecephys_661398_2023-03-31_17-01-09"
home = tempfile.TemporaryDirectory()
# Small parts, so that a file of some hundred kB is fetched in many ranges at once.
config = Path(home.name, "config")
config.write_text("[default]\ns3 =\n  addressing_style = path\n"
                  "  multipart_threshold = 64KB\n  multipart_chunksize = 32KB\n")


def aws(*args, ok=True, unsigned=False, region="eu-central-1", **env):
    """Runs `aws s3 …` and returns what it prints; it must succeed, or fail, as said."""
    command = [str(Path(sys.executable).parent / "aws"), "--endpoint-url", os.environ["S3_ENDPOINT"], "--region", region]
    command += ["--no-sign-request"] if unsigned else []
    surroundings = os.environ | {"AWS_CONFIG_FILE": str(config), "AWS_MAX_ATTEMPTS": "1", "AWS_PAGER": "", "HOME": home.name}
    done = subprocess.run([*command, "s3", *args], capture_output=True, timeout=120, env=surroundings | env)
    if (done.returncode == 0) != ok:
        raise AssertionError(f"aws s3 {' '.join(args)}: exit {done.returncode}: {done.stderr.decode().strip()}")
    return done.stdout if ok else done.stderr


def lines(output):
    """The last column of `aws s3 ls`, and before it PRE or the size."""
    return {line.split(maxsplit=1 if " PRE " in line else 3)[-1]: "PRE" if " PRE " in line else int(line.split()[2])
            for line in output.decode().splitlines()}


@check
def ls_shows_files_and_folders():
    got = lines(aws("ls", f"s3://{PUBLIC}/", unsigned=True, region="us-west-2"))
    equal(got, {"README.md": objects(PUBLIC)["README.md"].stat().st_size, OPEN + "/": "PRE",
                OPEN + "_sorted_2023-07-12_08-00-00/": "PRE"}, "public bucket")
    got = lines(aws("ls", f"s3://{PRIVATE}/behavior/"))
    equal(got, {"655019/": "PRE", "655019-pilot/": "PRE"}, "private bucket")


@check
def ls_recursive_shows_every_object():
    for bucket, how in ((PUBLIC, dict(unsigned=True, region="us-west-2")), (PRIVATE, {})):
        want = {key: path.stat().st_size for key, path in objects(bucket).items()}
        equal(lines(aws("ls", "--recursive", "--page-size", "4", f"s3://{bucket}", **how)), want, bucket)


@check
def cp_copies_one_file_and_a_tree():
    key = "sequencing/RNAseq_726088/aligned.sorted.bam"
    equal(aws("cp", f"s3://{PRIVATE}/{key}", "-"), objects(PRIVATE)[key].read_bytes(), "to standard output")
    for bucket, how in ((PUBLIC, dict(unsigned=True, region="us-west-2")), (PRIVATE, {})):
        to = Path(home.name, bucket)
        aws("cp", "--recursive", "--only-show-errors", f"s3://{bucket}/", str(to), **how)
        want = objects(bucket)
        got = below(to)
        equal(set(got), set(want), f"files of {bucket}")
        for key in want:
            equal(got[key].read_bytes(), want[key].read_bytes(), key)
    again = aws("sync", f"s3://{PRIVATE}/", str(Path(home.name, PRIVATE)))
    equal(again, b"", "a sync of what is there")


@check
def who_has_no_right_is_told():
    denied = aws("ls", f"s3://{PRIVATE}/", unsigned=True, ok=False)
    equal(b"AccessDenied" in denied, True, denied.decode())
    wrong = aws("ls", f"s3://{PRIVATE}/", ok=False, AWS_SECRET_ACCESS_KEY="wrong")
    equal(b"SignatureDoesNotMatch" in wrong, True, wrong.decode())
    missing = aws("cp", f"s3://{PRIVATE}/no/such", "-", ok=False)
    equal(b"404" in missing, True, missing.decode())


run()
