"""Whose weights made a reading, and under which licence, stands in all that it gives away."""

import json

import pytest
from typer.testing import CliRunner

import nasion
from nasion.cli import app
from nasion.eeg.edf.writer import write_edf
from nasion.phantom.stay import Stay
from nasion.terms import COLUMNS
from published_models import licensed

SENTENCE = "These weights are not for commercial use."


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    path = tmp_path_factory.mktemp("licence") / "night.edf"
    signals = Stay.draw((5, 1), 60.0).signals(0.0, 60.0)
    write_edf(path, [signals], labels=COLUMNS, sfreq=200.0, n_times=signals.shape[1])
    return path


def run(*arguments):
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize("licence", ["CC-BY-NC-4.0", ""])
def test_a_reading_names_the_licence_and_what_it_forbids(night, tmp_path, licence):
    model = licensed(licence)
    said = run("read", night, "-o", tmp_path, "--bids", "--model", model)
    (folder,) = (path.parent for path in tmp_path.glob("*/reading.json"))
    about = nasion.open_reading(folder).model
    assert (about.name, about.licence) == ("mine", licence)
    (sidecar,) = tmp_path.glob("bids/sub-*/**/*_events.json")
    told = {
        "the terminal": said,
        "the report": (folder / "report.html").read_text(encoding="utf-8"),
        "the sidecar": sidecar.read_text(encoding="utf-8"),
    }
    words = f"{about.title}, licence {licence}" if licence else f"{about.title}, no licence stated"
    for place, text in told.items():
        assert words in text, place
        assert (SENTENCE in text) is ("NC" in licence), place
    content = json.loads((folder / "reading.json").read_text())["model"]
    assert content.get("licence", "") == licence


def test_a_file_of_seizures_comes_with_the_licence(night, tmp_path):
    said = run("read", night, "--events", tmp_path / "night.tsv", "--model", licensed())
    assert f"licence CC-BY-NC-4.0. {SENTENCE}" in said


@pytest.mark.parametrize(
    ("licence", "free"),
    [
        ("CC-BY-NC-SA-4.0", False),
        ("PolyForm-Noncommercial-1.0.0", False),
        ("LicenseRef-non-commercial", False),
        ("Apache-2.0", True),
        ("NCSA", True),
        ("CC-BY-4.0", True),
        ("", True),
    ],
)
def test_licences_that_forbid_commercial_use_are_known_by_their_names(licence, free):
    from abouts import about

    assert about(licence=licence).restriction == ("" if free else SENTENCE)
