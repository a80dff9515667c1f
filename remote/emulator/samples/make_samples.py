#!/usr/bin/env python3
"""Writes data/: the assets that the demo and the tests serve.

    python3 -m venv v && v/bin/pip install -r requirements.txt && v/bin/python make_samples.py

A small neuroscience laboratory: every kind of asset, real files of real
formats. The same bytes come out each time (fixed seeds, moments and ids), so a
change here shows in `git diff` as what it changed and nothing else.

Files whose names Go cannot embed (quotes, colons, control characters, a trailing
dot) are listed with their text in data/extra.json: samples.go writes them when
it extracts.
"""

import shutil
import sys
import uuid
from pathlib import Path

import numpy as np

import formats as f
from lab import ADA, ADMIN, GRACE, Lab

PUBLIC, PRIVATE = "demo-open-data", "demo-lab-private"


def main():
    out = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "data")
    shutil.rmtree(out, ignore_errors=True)
    lab = Lab(out)
    deployment(lab)
    recordings(lab)
    imaging(lab)
    derived(lab)
    states(lab)
    names(lab)
    lab.extra()
    total = sum(p.stat().st_size for p in f.files_below(out))
    print(f"{len(f.files_below(out))} files, {total / 1e6:.2f} MB")


def deployment(lab):
    """Who may come in, what is said about assets, and the two buckets."""
    field = lambda name, type, **more: {"name": name, "type": type, "category": "Session", **more}
    token = lambda token, access, who, **more: {
        "token": token, "access": access, "user": who[0], "email": who[1], **more}
    f.data(lab.out / "deployment.json", {
        "tokens": [
            token("cop_demo", "read-write", ADA),
            token("cop_demo_readonly", "read-only", ADA),
            token("cop_demo_other", "read-write", GRACE),
            token("cop_demo_admin", "read-write", ADMIN, admin=True),
        ],
        # The emulator's own default, told here because it is needed to read
        # the private bucket with other tools.
        "s3_keys": [{"access_key": "AKIACODEOCEANDEMO000",
                     "secret_key": "demo/secret+of/codeoceanfs/not/a/secret"}],
        "custom_metadata": {
            "categories": ["Session"],
            "fields": [
                field("subject_id", "string"),
                field("modality", "string", allowed_values=["ecephys", "ophys", "MRI", "RNAseq"]),
                field("age_days", "number", range={"min": 0, "max": 1500}, units="days"),
                field("session_date", "date"),
            ],
        },
    })
    f.data(lab.out / "buckets" / PUBLIC / "bucket.json", {"public": True, "region": "us-west-2"})
    f.data(lab.out / "buckets" / PRIVATE / "bucket.json", {"public": False, "region": "eu-central-1"})
    f.text(lab.objects(PUBLIC, "README.md"), "# Open data of the demo lab\n\nOne folder is one asset.\n")


def shared(owner, user=None, role="viewer", everyone="none"):
    """The permissions of an asset that its owner has shared."""
    users = [{"email": owner[1], "role": "owner"}]
    if user:
        users.append({"email": user[1], "role": role})
    return {"users": users, "groups": [], "everyone": everyone}


def about(subject, modality, age, date):
    """custom_metadata and tags of a session."""
    return {"tags": [modality, subject],
            "custom_metadata": {"subject_id": subject, "modality": modality, "age_days": age,
                                "session_date": int(date.timestamp())}}


def sidecars(folder, subject, date, modality):
    """The JSON files every session folder has."""
    session = f"{modality}_{subject}_{date:%Y-%m-%d_%H-%M-%S}"
    f.data(folder / "data_description.json", {
        "name": session, "institution": "Demo Institute", "license": "CC0-1.0",
        "creation_time": date.isoformat(), "modality": [modality], "subject_id": subject})
    f.data(folder / "subject.json", {
        "subject_id": subject, "species": "Mus musculus", "sex": "Female",
        "genotype": "wt/wt", "date_of_birth": "2022-11-22"})


def recordings(lab):
    """Electrophysiology: internal, and external in both buckets."""
    date = f.moment(2023, 4, 3, 18, 10, 10)

    def raw(to, rng):
        sidecars(to, "655019", date, "ecephys")
        f.trials(to / "behavior/trials.csv", rng)
        f.running(to / "behavior/running.parquet", rng)
        for i in range(3):
            f.picture(to / f"behavior_videos/face_{i:04d}.png", rng)
        f.recording(to / "ecephys/probeA.ap.zarr", rng, 120000, 8)
        f.lfp(to / "ecephys/probeA.lfp.h5", rng, 30000)
        f.text(to / "ecephys/dropped_frames.txt", "")
        f.text(to / "ecephys/sync_polarity", "1")
    lab.asset("ecephys_655019_2023-04-03_18-10-10", date, raw,
              description="Raw recording of one probe, with behaviour", last_used=1717000000,
              **about("655019", "ecephys", 132, date))

    date2 = f.moment(2023, 3, 31, 17, 1, 9)

    def open_data(to, rng):
        sidecars(to, "661398", date2, "ecephys")
        f.session(to / "ecephys_661398.nwb", rng, "661398", date2)
        f.recording(to / "probeA.zarr", rng, 40000, 8, zarr_format=3)
        f.text(to / "notes/empty.txt", "")
    # No slash at the end of the prefix, and a longer folder with the same
    # beginning beside it (the sorted result): "foo" must not match "foobar/".
    session = "ecephys_661398_2023-03-31_17-01-09"
    lab.asset(session, date2, open_data, bucket=PUBLIC, prefix=session,
              description="External, in a public bucket", **about("661398", "ecephys", 129, date2))

    date3 = f.moment(2024, 5, 21, 9, 12, 0)
    lab.asset("RNAseq_726088_2024-05-21_09-12-00", date3, f.alignments, owner=GRACE,
              bucket=PRIVATE, prefix="sequencing/RNAseq_726088/",
              description="External, in a private bucket",
              permissions=shared(GRACE, ADA, "viewer"),
              **about("726088", "RNAseq", 201, date3))

    date4 = f.moment(2023, 4, 2, 11, 3, 20)

    def small(to, rng):
        sidecars(to, "655019", date4, "behavior")
        f.trials(to / "trials.csv", rng, 60)
        f.text(to / "rig 1+2 & co/levers=2.csv", "lever,count\n1,14\n2,9\n")
        f.text(to / "rig 1+2 & co/events 12:30.csv", "event,time\nlick,1.5\n")
    lab.asset("behavior_655019_2023-04-02_11-03-20", date4, small,
              bucket=PRIVATE, prefix="behavior/655019", tags=["behavior"])
    sidecars(lab.objects(PRIVATE, "behavior/655019-pilot"), "655019", date4, "behavior")


def imaging(lab):
    """NIfTI as BIDS lays it out, and two-photon imaging."""
    date = f.moment(2024, 2, 11, 9, 30, 0)

    def mri(to, rng):
        f.data(to / "dataset_description.json", {"Name": "MRI of 721832", "BIDSVersion": "1.9.0"})
        sub = to / "sub-721832"
        f.volume(sub / "anat/sub-721832_T1w.nii.gz", rng, (64, 72, 40))
        f.data(sub / "anat/sub-721832_T1w.json", {"RepetitionTime": 2.4, "EchoTime": 0.00224})
        f.volume(sub / "func/sub-721832_task-rest_bold.nii", rng, (24, 24, 16, 20), repetition=1.5)
        f.data(sub / "func/sub-721832_task-rest_bold.json", {"TaskName": "rest", "RepetitionTime": 1.5})
        f.text(to / "participants.tsv", "participant_id\tage\tsex\nsub-721832\t140\tF\n")
    lab.asset("MRI_721832_2024-02-11_09-30-00", date, mri, description="A BIDS folder",
              **about("721832", "MRI", 140, date))

    date2 = f.moment(2023, 5, 4, 10, 0, 0)

    def ophys(to, rng):
        sidecars(to, "677594", date2, "multiplane-ophys")
        f.stack(to / "ophys/plane0.tif", rng)
        f.array(to / "ophys/suite2p/F.npy", rng.gamma(2, 30, (12, 1500)).astype("f4"))
        f.array(to / "ophys/suite2p/iscell.npy", rng.integers(0, 2, (12, 2)).astype("f4"))
        f.picture(to / "ophys/mean_image.png", rng)
    # Copied in from a bucket: it names its origin, and is internal all the same.
    lab.asset("multiplane-ophys_677594_2023-05-04_10-00-00", date2, ophys, owner=GRACE,
              source_bucket={"origin": "aws", "external": False, "bucket": PRIVATE, "prefix": "ophys/677594"},
              permissions=shared(GRACE, ADA, "editor"),
              **about("677594", "ophys", 88, date2))


def derived(lab):
    """Results with their lineage, combined assets and a model."""
    id_of = lambda name: str(uuid.uuid5(uuid.NAMESPACE_URL, "codeoceanfs/samples/" + name))
    raw = "ecephys_655019_2023-04-03_18-10-10"
    date = f.moment(2023, 6, 1, 14, 50, 8)

    def sorted_units(to, rng):
        f.table(to / "units.csv", {
            "unit": list(range(24)), "rate": rng.gamma(2, 4, 24).tolist(),
            "snr": rng.uniform(2, 9, 24).tolist(), "isi_violations": rng.beta(1, 9, 24).tolist()})
        f.array(to / "spike_times.npy", np.sort(rng.uniform(0, 1800, 20000)))
        f.session(to / "sorted.nwb", rng, "655019", f.moment(2023, 4, 3, 18, 10, 10), units=24)
        for name in ("drift_map", "unit_yield"):
            f.picture(to / f"figures/{name}.png", rng, (240, 160))
        f.data(to / "processing.json", {"sorter": "demo-sort", "version": "2.5", "input": raw})
        f.text(to / "output", "sorted 24 units of probeA\n")
    lineage = {"commit": "9c2e7d1f5b3a48c0a6f1d2e3b4c5d6e7f8091a2b", "run_script": "code/run",
               "docker_image": "registry.demo.example/capsule/spike-sorting:12",
               "capsule": id_of("capsule/spike-sorting"), "data_assets": [id_of(raw)],
               "computation": id_of("computation/1")}
    result = lab.asset(raw + "_sorted_2023-06-01_14-50-08", date, sorted_units, type="result",
                       tags=["ecephys", "655019", "sorted"], provenance=lineage,
                       app_parameters=[{"name": "sorter", "value": "demo-sort"},
                                       {"name": "threshold", "value": "5"}],
                       nextflow_profile="standard", description="Sorted units, with their lineage")

    other = "ecephys_661398_2023-03-31_17-01-09"
    name = other + "_sorted_2023-07-12_08-00-00"

    def external_units(to, rng):
        f.table(to / "units.csv", {"unit": list(range(9)), "rate": rng.gamma(2, 4, 9).tolist()})
        f.array(to / "spike_times.npy", np.sort(rng.uniform(0, 600, 2000)))
    lab.asset(name, f.moment(2023, 7, 12, 8, 0, 0), external_units, type="result",
              bucket=PUBLIC, prefix=name + "/", tags=["ecephys", "661398", "sorted"],
              provenance=lineage | {"data_assets": [id_of(other)], "computation": id_of("computation/2")})

    def combined(name, created, *members):
        contained = [lab.member(*m) for m in members]
        lab.asset(name, created, type="combined", tags=["collection"], contained_data_assets=contained,
                  size=sum(m["size"] for m in contained))
    combined("ecephys_655019_complete", f.moment(2023, 6, 2, 8, 0, 0),
             (id_of(raw), "raw"), (result, "sorted"))
    combined("visual-cortex-collection", f.moment(2024, 3, 1, 8, 0, 0),
             (id_of("MRI_721832_2024-02-11_09-30-00"),), (id_of(other),))

    def model(to, rng):
        f.weights(to / "weights.npz", rng)
        f.data(to / "config.json", {"layers": [64, 128, 3], "classes": ["noise", "mua", "good"]})
        f.text(to / "README.md", "# Unit quality classifier\n\nSays whether a sorted unit is one neuron.\n")
    lab.asset("unit-quality-classifier-v2", f.moment(2024, 1, 15, 12, 0, 0), model, type="model",
              tags=["classifier"], favorite=True, description="A small network")


    # A run that nobody has made an asset of: what create has to work with.
    run = lab.out / "computations" / id_of("computation/3")
    f.data(run / "computation.json", {
        "provenance": lineage | {"computation": id_of("computation/3")},
        "app_parameters": [{"name": "threshold", "value": "6"}]})
    rng = lab.random("computation/3")
    f.table(run / "results/units.csv", {"unit": list(range(6)), "rate": rng.gamma(2, 4, 6).tolist()})
    f.picture(run / "results/figures/unit_yield.png", rng)


def states(lab):
    """What is not ready, not readable or put away, and two of one name."""
    def image(to, rng):
        f.stack(to / "tile_000.tif", rng, 4)
        f.data(to / "acquisition.json", {"tiles": 1, "channel": 488})
    # Its files are there from the beginning and show when it is ready.
    lab.asset("SmartSPIM_692911_2023-11-16_12-00-00", f.moment(2023, 11, 16, 12, 0, 0), image,
              state="draft", ready_after=20, tags=["draft"], description="Ready 20 seconds after the start")
    lab.asset("exaSPIM_705363_2024-06-05_00-00-00", f.moment(2024, 6, 5), state="draft", tags=["draft"],
              description="Still being created")
    lab.asset("FIP_668294_2023-08-01_15-22-31", f.moment(2023, 8, 1, 15, 22, 31), state="failed",
              failure_reason="the source bucket holds no object below the prefix FIP_668294",
              description="Could not be created")

    def notes(line):
        return lambda to, rng: f.text(to / "notes.txt", line + "\n")
    lab.asset("ecephys_612090_2022-07-08_10-00-00_pilot", f.moment(2022, 7, 8, 10), notes("a pilot"),
              archived=True, tags=["ecephys", "pilot"])
    lab.asset("clinical_MR_007", f.moment(2024, 4, 4, 4, 4, 4), notes("nobody reads this"), owner=GRACE,
              refuse_files=True, description="Discoverable: its metadata can be seen, its files cannot",
              permissions=shared(GRACE, everyone="discoverable"))

    def gains(to, rng):
        f.table(to / "gain.csv", {"channel": list(range(32)), "gain": rng.normal(2.34, .02, 32).tolist()})
    for folder, hour in (("calibration-morning", 9), ("calibration-evening", 19)):
        lab.asset(folder, f.moment(2023, 2, 14, hour), gains, name="calibration_2023-02-14",
                  tags=["calibration"])


def names(lab):
    """Asset names that are not file names, and odd names of files."""
    def note(to, rng):
        f.text(to / "notes.txt", to.parent.name + "\n")
    for day, (folder, name) in enumerate([
            ("name-slash", "mouse 12/left hemisphere"),
            ("name-unicode", "Größenmessung Ca²⁺ 日本語 🧠"),
            ("name-dot", ".calibration-draft"),
            ("name-percent", "50%25 duty cycle"),
    ], start=1):
        lab.asset(folder, f.moment(2022, 1, day), note, name=name, tags=["names"])

    def odd(to, rng):
        f.data(to / ".meta.json", {"rig": 3, "note": "a real file of this name"})
        f.text(to / "with space and (brackets).csv", "a,b\n1,2\n")
        f.text(to / "percent%2Fencoded.txt", "the name holds %2F, not a slash\n")
        f.text(to / "Größe/日本語 🧠.txt", "unicode\n")
        f.text(to / "-rf", "a leading dash\n")
        f.text(to / "notes@file", "ends like our decoration\n")
        f.text(to / 'say "cheese"?.txt', "quotes and a question mark\n")
        f.text(to / "back\\slash.txt", "a backslash\n")
        f.text(to / "line\nbreak.txt", "a line break\n")
        f.text(to / "trial:1*.csv", "trial\n1\n")
        f.text(to / "ends with a dot.", "a dot\n")
        f.text(to / "ends with a space ", "a space\n")
        f.text(to / ("long-" + "x" * 246 + ".txt"), "255 bytes of name\n")
    lab.asset("legacy-rig-export", f.moment(2021, 9, 1), odd, tags=["names"],
              description="File names as old rigs write them")


if __name__ == "__main__":
    main()
