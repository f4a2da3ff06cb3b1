"""The validators of BIDS and HED find nothing wrong with a data set of readings."""

import csv
import json
import re
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from drawn_readings import LPD, SEIZURE, START, arrays, reading, readings, without
from exports.others import bids_problems, hed_problems
from nasion.eeg.remarks import free_text
from nasion.errors import NasionError
from nasion.exports import bids, derivative
from nasion.exports.derivative import REVIEWED, to_bids
from nasion.reading.event import Event
from nasion.terms import PATTERNS, Chain

NAN = float("nan")
NAMES = [
    "ward7",
    "sub-01_ses-02_task-szMonitoring_run-00_eeg",
    "sub-01_ses-02_task-szMonitoring_run-01_eeg",
    "sub-01_ses-03_task-rest_acq-bedside_run-1_eeg",
    "sub-02_task-rest+work_eeg",
    "sub-02_task-rest_split-01_eeg",
    "sub-02_run-1_task-rest_eeg",
    "sub-02_task-rest_desc-filtered_eeg",
    "sub-02_run-night_eeg",
    "sub-03",
    "sub-04_task-_eeg",
    "sub-05_sub-06_task-rest_eeg",
    "MÜLLER, Änne (2. Nacht) – Kopie",
    "日本光電",
    "../..",
    "-",
    "a" * 200,
    "sub-" + "b" * 200 + "_task-rest_eeg",
]


def all_events():
    """Every pattern with all that may or may not be known of it; two at once, none in order."""
    known = product(
        PATTERNS,
        ("left", "right", "bilateral", ""),
        (None, 1e-7, 2.5),
        ((), (Chain.LL,), (Chain.LP, Chain.Z)),
    )
    events = tuple(
        Event(
            2.5 * (k // 2), 2.0, pattern, (0.5, 1e-7, 1.0, NAN)[k % 4], 1.0, side, frequency, chains
        )
        for k, (pattern, side, frequency, chains) in enumerate(known)
    )
    return (*reversed(events), *events[:3])  # a reader may add what another did


def several(folder, names):
    """Subjects of these names; no event, every event, nothing judged, a verdict."""
    for name in names:
        to_bids(reading(name=name), folder)
    blind = arrays(301.3, 1)
    blind["reason"][:], blind["probability"][:] = 3, np.nan
    to_bids(reading(name="blind", duration_s=301.3, events=(), start=None, **blind), folder)
    to_bids(reading(name="none", events=(), start=START.replace(microsecond=250_000)), folder)
    told = {"warnings": (free_text("Two references."),), "montage": without("T3")}
    to_bids(reading(name="all", events=all_events(), **told), folder)
    unmeasured = replace(LPD, probability=NAN, peak=NAN, side="", frequency_hz=None, chains=())
    to_bids(reading(name="none", events=(unmeasured,)), folder, label=REVIEWED)


def test_the_validator_of_bids_finds_nothing(tmp_path):
    several(tmp_path, NAMES)
    assert bids_problems(tmp_path) == []


def test_the_validator_of_bids_would_find_it(tmp_path):
    several(tmp_path, ["a"])
    for file, right, wrong in (
        ("sub-a/eeg/*events.tsv", "0.8125", "1.5"),
        ("sub-a/eeg/*events.json", "Lateralized-p", "Lateral-p"),
    ):
        (path,) = tmp_path.glob(file)
        text = path.read_text()
        assert right in text
        path.write_text(text.replace(right, wrong))
    (tmp_path / "README.md").unlink()
    found = {problem.split()[0] for problem in bids_problems(tmp_path)}
    assert found == {"TSV_VALUE_INCORRECT_TYPE", "HED_ERROR", "README_FILE_MISSING"}


@pytest.mark.more
@settings(max_examples=12, deadline=None, phases=(Phase.generate,))
@given(drawn=st.lists(readings(), min_size=5, max_size=8))
def test_the_validator_of_bids_finds_nothing_in_any_reading(tmp_path_factory, drawn):
    folder = tmp_path_factory.mktemp("any")
    for number, one in enumerate(drawn):
        to_bids(one, folder, name=f"{number} {one.name}")
    assert bids_problems(folder) == []


@pytest.mark.more
def test_hedtools_finds_nothing(tmp_path):
    several(tmp_path, NAMES[:2])
    assert hed_problems(tmp_path) == []
    assert hed_problems(tmp_path, "score_2.2.0") == []  # later than what the validator of BIDS has
    (path,) = tmp_path.glob("sub-all/eeg/*_events.json")
    path.write_text(path.read_text().replace("Rhythmic-delta", "Rythmic-delta"))
    assert hed_problems(tmp_path)


def test_a_name_of_no_form_can_be_told(tmp_path):
    path = to_bids(reading(name="Müller, Änne (2)"), tmp_path)
    assert re.fullmatch("sub-MullerAnne2x[0-9a-f]{6}", path.parts[-3])


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("sub-01_ses-02_task-rest_run-00_eeg", "sub-01/ses-02/eeg/sub-01_ses-02_task-rest_run-00"),
        ("ward7", "sub-ward7/eeg/sub-ward7_task-eeg"),
    ],
)
def test_names_of_bids_stay_so_that_files_meet(tmp_path, name, place):
    path = to_bids(reading(name=name), tmp_path)
    assert path == tmp_path / f"{place}_desc-nasion_events.tsv"
    assert bids.read_events(path) == (SEIZURE, LPD)


ENTITY = st.builds(
    "{}-{}".format, st.sampled_from(["sub", "ses", "task", "acq", "run", "desc"]), st.text("aB0+_-")
)


@settings(max_examples=50, deadline=None)
@given(
    names=st.lists(
        st.text(min_size=1) | st.lists(ENTITY, min_size=1, max_size=4).map("_".join),
        min_size=2,
        max_size=4,
        unique_by=lambda name: name.removesuffix("_eeg"),
    )
)
def test_readings_of_other_names_never_share_a_file(names):
    places = [tuple(derivative._entities(name).items()) for name in names]
    assert len(set(places)) == len(places)
    for place in places:
        assert [key for key, _ in place] == [key for key in derivative.ORDER if key in dict(place)]
        assert {"sub", "task"} <= set(dict(place))
        assert all(re.fullmatch("[A-Za-z0-9+]+", label) for _, label in place)


def test_a_sidecar_says_how_much_was_judged(tmp_path):
    content = arrays(301.0, 1)
    content["reason"][:] = 0
    content["reason"][:10], content["reason"][-1] = 1, 3
    path = to_bids(reading(duration_s=301.0, montage=without("T3"), **content), tmp_path)
    told = json.loads(path.with_suffix(".json").read_text())
    about = told.pop("Reading")
    assert about["JudgedDuration"] == 280.0
    assert about["NotJudgedDuration"] == {"nothing recorded": 20.0, "flat": 1.0}
    assert about["ElectrodesMissing"] == ["T3"]
    with path.open(newline="") as file:
        assert list(told) == csv.DictReader(file, delimiter="\t").fieldnames


def test_what_the_owners_add_stays(tmp_path):
    to_bids(reading(), tmp_path)
    path = tmp_path / "dataset_description.json"
    content = json.loads(path.read_text())
    owners = {"Authors": ["A", "B", "C"], "License": "CC0", "Name": "ours"}
    path.write_text(json.dumps({**content, **owners, "HEDVersion": "score_1.1.0"}))
    (tmp_path / "README.md").unlink()
    (tmp_path / "README").write_text("Ours.")
    to_bids(reading(name="other"), tmp_path)
    assert json.loads(path.read_text()) == {**content, **owners}
    assert not (tmp_path / "README.md").exists()


@pytest.mark.parametrize(
    "description",
    [{"DatasetType": "raw"}, {"GeneratedBy": [{"Name": "fMRIPrep"}]}, {"GeneratedBy": 3}, [], 7],
)
def test_a_data_set_of_something_else_is_left_alone(tmp_path, description):
    path = tmp_path / "dataset_description.json"
    path.write_text(json.dumps(description))
    with pytest.raises(NasionError, match="another folder"):
        to_bids(reading(), tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
