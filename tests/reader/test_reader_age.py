"""A patient of an age that the weights were not made for: every output says so, none says more."""

import json
import re

import edfio
import pytest
from typer.testing import CliRunner

import nasion
from eeg.made_edf import eeg, write
from nasion.cli import app
from nasion.exports.annotations import to_mne_annotations

BIRTH = "17-MAY-2015"
WORDS = "age group child"


@pytest.fixture
def child(tmp_path):
    """Half a minute of a child of five years."""
    path = write(tmp_path / "night.edf", eeg(6000), 200.0)
    raw = bytearray(path.read_bytes())
    raw[8:88] = f"MCH-1 F {BIRTH} Jane_Doe".encode().ljust(80)
    raw[88:168] = b"Startdate 17-MAY-2020 X X X".ljust(80)
    path.write_bytes(raw)
    return path


def run(*arguments):
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return done


def texts_of(folder):
    """All that files of a reading say in words."""
    told = {name: (folder / name).read_text() for name in ("report.html", "events.json")}
    told["reading.json"] = " ".join(json.loads((folder / "reading.json").read_text())["warnings"])
    for name in ("annotations.edf", "annotated.edf"):
        annotations = edfio.read_edf(folder / name).annotations
        told[name] = " ".join(entry.text for entry in annotations)
    return told


@pytest.mark.parametrize("deidentify", [[], ["--deidentify"]])
def test_every_output_warns_and_tells_the_group_alone(tmp_path, child, deidentify):
    done = run("read", child, "-o", tmp_path / "out", "--annotate", *deidentify)
    (folder,) = {path.parent for path in (tmp_path / "out").glob("*/reading.json")}
    assert WORDS in done.stdout
    for name, text in texts_of(folder).items():
        assert WORDS in text, name
    reading = nasion.open_reading(folder)
    assert any(WORDS in text for text in reading.cautions)
    assert any(WORDS in text for text in to_mne_annotations(reading).description)
    assert re.search("age group +child", run("check", child).stdout)
    written = b"".join(path.read_bytes() for path in folder.rglob("*.*") if path.is_file())
    assert (BIRTH.encode() in written) == (not deidentify)  # the copy of a file is the file
    assert not re.search(rb"age_years|\b5 years", written)


def test_what_the_user_states_counts_and_is_read_again_for(tmp_path, child):
    quick = "-o", tmp_path / "out", "--no-report", "--no-display"
    assert WORDS in run("read", child, *quick).stdout
    grown = run("read", child, *quick, "--age", "40").stdout
    assert "read already" not in grown
    assert "age group" not in grown
    newborn = run("read", child, *quick, "--age", "0").stdout
    assert "age group newborn" in newborn
    assert "discontinuous" in newborn
    assert CliRunner().invoke(app, ["read", str(child), "-o", "x", "--age", "-1"]).exit_code == 2


def test_readings_in_python_warn(child):
    assert WORDS in str(nasion.read(child, threads=1).warnings[0])
    assert nasion.read(child, age_years=40.0, threads=1).cautions == ()


def test_the_one_file_of_seizures_comes_with_the_warning(tmp_path, child):
    one_file = ["read", str(child), "--events", str(tmp_path / "events.tsv")]
    assert WORDS in CliRunner().invoke(app, one_file).stderr
    grown = CliRunner().invoke(app, [*one_file, "--age", "40"])
    assert (tmp_path / "events.tsv").exists()
    assert "age group" not in grown.output
