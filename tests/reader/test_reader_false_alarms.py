"""`--false-alarms`: thresholds by what was measured of the model, said wherever they were used."""

import json
import shutil

import pytest
from typer.testing import CliRunner

import nasion
from abouts import alarms
from nasion.cli import app
from nasion.contract import PACKAGED_MODEL
from nasion.eeg.edf.writer import write_edf
from nasion.errors import NasionError
from nasion.models.statement import state
from nasion.phantom.stay import Stay
from nasion.terms import COLUMNS

DURATION_S = 30.0
WORDS = "Events were found at thresholds chosen for 2 false ones a day at most"


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    signals = Stay.draw((5, 1), DURATION_S).signals(0.0, DURATION_S)
    path = tmp_path_factory.mktemp("alarms") / "patient.edf"
    write_edf(path, [signals], labels=COLUMNS, sfreq=200.0, n_times=signals.shape[1])
    return path


def model(folder, curve):
    path = folder / "model.onnx"
    shutil.copy(PACKAGED_MODEL, path)
    state(path, {"alarms": curve})
    return path


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_chosen_thresholds_stand_in_the_reading_and_its_report(tmp_path, recording):
    path = model(tmp_path, None)
    table = tmp_path / "table.json"
    table.write_text(json.dumps(alarms(seizure=[(30.0, 0.9), (1.0, 0.2)])), encoding="utf-8")
    said = run("state", path, "--alarms", table)
    assert "false alarms in 960 h" in said.output
    done = run("read", recording, "-o", tmp_path / "out", "--model", path, "--false-alarms", 2)
    assert done.exit_code == 0, done.output
    folder = tmp_path / "out" / "patient"
    settings = json.loads((folder / "reading.json").read_text(encoding="utf-8"))["settings"]
    assert settings["false_alarms"] == 2
    assert settings["enters"] == dict.fromkeys(("lpd", "gpd", "lrda", "grda"), 0.5) | {
        "seizure": 0.6
    }
    html = (folder / "report.html").read_text(encoding="utf-8")
    assert f"{WORDS}, as measured of the model: Seizure 0.60, LPD 0.50" in html
    # The same in Python, also where it is saved and opened again.
    saved = nasion.load(path).read(recording, false_alarms=2).save(tmp_path / "saved")
    assert nasion.open_reading(saved).settings == settings
    # Other thresholds are another reading; without the option they are as they ship.
    again = run("read", recording, "-o", tmp_path / "out", "--model", path, "--no-report")
    assert "read already" not in again.output
    settings = json.loads((folder / "reading.json").read_text(encoding="utf-8"))["settings"]
    assert (settings["false_alarms"], settings["enters"]) == (None, {})


@pytest.mark.parametrize(
    ("curve", "words"),
    [
        (None, "holds no curve of false alarms"),
        (alarms(gpd=[(3.0, 0.9)]), "3.0 false events a day at the least, not 2"),
    ],
)
def test_what_the_model_cant_give_is_refused_before_anything_is_read(
    tmp_path, recording, curve, words
):
    path = model(tmp_path, curve)
    out = tmp_path / "out"
    more = "--model", path, "--false-alarms", 2
    refusals = [
        run("read", recording, "-o", out, *more).exception,
        run("read", recording, "--events", tmp_path / "out.tsv", *more).exception,
    ]
    for refused in refusals:
        assert isinstance(refused, NasionError)
        assert words in str(refused)
        assert "\n" not in str(refused)
    assert not out.exists()
    assert not (tmp_path / "out.tsv").exists()
    with pytest.raises(NasionError, match=words):
        nasion.load(path).read(recording, false_alarms=2)
