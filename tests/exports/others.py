"""Validators and readers of others, without internet. Those of `dev` skip where they are absent."""

import json
import os
import subprocess
from pathlib import Path

import pytest


def bids_problems(folder):
    """What the validator of BIDS (schemas of BIDS and HED are in it) finds wrong with a data set.

    Deno gives a program no more than it is allowed: files and settings here, no network.
    """
    deno = pytest.importorskip("deno", reason="needs bids-validator-deno, of the extra `dev`")
    validator = pytest.importorskip("bids_validator_deno")
    bundle = Path(validator.__file__).with_name("bids-validator.js")
    rights = ["--no-remote", "--allow-read", "--allow-env"]
    command = [os.fsdecode(deno.find_deno_bin()), "run", *rights, str(bundle), str(folder)]
    done = subprocess.run(
        [*command, "--format", "json", "--max-rows", "-1"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "DENO_NO_UPDATE_CHECK": "1"},
    )
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    assert found["summary"]["totalFiles"]
    return [
        " ".join(
            str(issue.get(name, "")) for name in ("code", "subCode", "location", "issueMessage")
        )
        for issue in found["issues"]["issues"]
    ]


def hed_problems(folder, version=None):
    """What hedtools, which brings HED's schemas along, finds wrong with a data set."""
    pytest.importorskip("hed", reason="needs hedtools, of the extra `dev`")
    from hed import load_schema_version
    from hed.tools import BidsDataset

    schema = load_schema_version(version) if version else None
    issues = BidsDataset(str(folder), schema=schema).validate(check_for_warnings=True)
    return [f"{issue['code']} {issue['message']}" for issue in issues]


def annotations_by_others(path):
    """Onset, duration (0 where there is none) and text as edfio, MNE and pyedflib read them.

    pyedflib opens no file with gaps (EDF+D): there it is left out.
    """
    import edfio
    import mne

    pyedflib = pytest.importorskip("pyedflib", reason="needs pyedflib, of the extra `dev`")
    load = edfio.read_bdf if path.suffix == ".bdf" else edfio.read_edf
    found = {"edfio": [(a.onset, a.duration or 0.0, a.text) for a in load(path).annotations]}
    read = mne.read_annotations(path)
    found["MNE"] = list(zip(read.onset, read.duration, read.description, strict=True))
    if path.read_bytes()[196:197] != b"D":
        with pyedflib.EdfReader(str(path)) as file:
            onsets, lengths, texts = file.readAnnotations()
        found["pyedflib"] = list(zip(onsets, lengths.clip(0), texts, strict=True))
    return {
        reader: sorted((round(float(a), 6), round(float(b), 6), str(c)) for a, b, c in entries)
        for reader, entries in found.items()
    }
