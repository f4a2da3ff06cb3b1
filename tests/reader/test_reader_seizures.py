"""`nasion read X --events OUT.tsv`: one file, and a line for what it can't tell."""

import csv

import numpy as np
import pytest
from typer.testing import CliRunner

from nasion.cli import app
from nasion.eeg.edf.writer import write_edf
from nasion.exports import szcore
from nasion.phantom.stay import Stay
from nasion.terms import COLUMNS

DURATION_S = 60.0


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.fixture(scope="module")
def signals():
    return Stay.draw((5, 1), DURATION_S).signals(0.0, DURATION_S)


def recording(path, signals):
    write_edf(path, [signals], labels=COLUMNS, sfreq=200.0, n_times=signals.shape[1])
    return path


def test_one_file_and_nothing_else_is_written(tmp_path, monkeypatch, signals):
    path = recording(tmp_path / "in" / "patient.edf", signals)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    done = run("read", path, "--events", "out/found.tsv")
    assert done.exit_code == 0, done.output
    files = {file for file in tmp_path.rglob("*") if file.is_file()}
    out = tmp_path / "empty" / "out" / "found.tsv"
    assert files == {path, out}
    rows = rows_of(out)
    assert tuple(rows[0]) == szcore.COLUMNS
    assert {row["recordingDuration"] for row in rows} == {"60.00"}
    # A folder with one recording is that recording.
    assert run("read", path.parent, "--events", "again.tsv").exit_code == 0
    assert rows_of(out.parents[1] / "again.tsv") == rows


def test_what_could_not_be_judged_is_not_told_as_free_of_seizures(tmp_path, signals):
    part = signals.copy()
    part[:, part.shape[1] // 2 :] = 0
    for name, shown, code, words in (
        ("part", part, 0, "of 1 min was not judged (flat)"),
        ("nothing", np.zeros_like(signals), 3, "nothing of 1 min was judged (flat)"),
    ):
        path, out = recording(tmp_path / f"{name}.edf", shown), tmp_path / f"{name}.tsv"
        done = run("read", path, "--events", out)
        assert done.exit_code == code
        assert words in done.stderr
        assert str(path) in done.stderr
        unseen_s = sum(
            float(row["duration"]) for row in rows_of(out) if row["confidence"] == "0.00"
        )
        assert unseen_s >= DURATION_S / 2 - 10 if name == "part" else unseen_s == DURATION_S


def test_what_is_no_single_recording_leaves_no_file(tmp_path, signals):
    one, two = (recording(tmp_path / f"{name}.edf", signals) for name in ("one", "two"))
    (tmp_path / "broken.edf").write_bytes(b"0" * 300)
    out = tmp_path / "out.tsv"
    for arguments, words in (
        ((one, two), "not for 2"),
        ((tmp_path / "broken.edf",), "broken.edf"),
        ((tmp_path / "none.edf",), "not found"),
        ((one, "-o", tmp_path / "folder"), "leave out -o"),
        ((one, "--deidentify", "--keys", out), "leave out -o"),
    ):
        done = run("read", *arguments, "--events", out)
        assert done.exit_code
        assert words in str(done.exception)
        assert not out.exists()
    assert "-o names the folder" in str(run("read", one).exception)
