"""What is saved is loaded as it was, and nothing else is taken for a reading."""

import csv
import json
from dataclasses import fields
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings

from abouts import V1, about
from drawn_readings import LPD, SEIZURE, START, arrays, reading, readings
from nasion.errors import NasionError
from nasion.events.burden import Burden
from nasion.exports import folder
from nasion.exports.tables import (
    EVENT_COLUMNS,
    PROBABILITY_COLUMNS,
    QUALITY_COLUMNS,
    events_table,
    probabilities_table,
    write_csv,
)
from nasion.reading.reading import Reading
from nasion.signal.fault import REASONS, Fault, Reason
from nasion.terms import COLUMNS, PATTERNS, Pattern


def assert_same(one, other):
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, np.ndarray):
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)
        else:
            assert a == b, field.name
            assert type(a) is type(b), field.name


@settings(max_examples=40, deadline=None)
@given(one=readings())
def test_what_is_saved_is_loaded_to_the_last_digit(tmp_path_factory, one):
    place = tmp_path_factory.mktemp("reading")
    folder.save(one, place)
    assert_same(one, folder.load(place))


def clips(days, seed=0):
    """A reading of two minutes of EEG, between which nothing was recorded for days."""
    gap_s, ends = days * 86_400.0, [arrays(60.0, seed + k) for k in range(2)]
    n = round(gap_s / 2)
    between = {
        "probability": np.full((n, len(PATTERNS)), np.nan, np.float32),
        "reason": np.full(n, REASONS.index(Reason.GAP), np.uint8),
        "quality": np.full((n, len(COLUMNS)), Fault.MISSING, np.uint8),
    }
    joined = {key: np.concatenate([ends[0][key], between[key], ends[1][key]]) for key in between}
    return Reading("clips", 120.0 + gap_s, **joined, start=START, gaps_s=((60.0, gap_s),))


def test_days_in_which_nothing_was_recorded_take_no_room(tmp_path):
    one = clips(7)
    folder.save(one, tmp_path)
    assert_same(one, folder.load(tmp_path))
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 100_000
    table = pd.read_csv(tmp_path / "probabilities.csv")
    onsets = [*np.arange(30) * 2.0, *(np.arange(30) * 2.0 + 60 + 7 * 86_400)]
    assert table["onset_s"].tolist() == onsets
    assert table["onset_s"].tolist() == probabilities_table(one)["onset_s"].tolist()
    clock = pd.to_datetime(table["clock"])
    assert ((clock - START).dt.total_seconds() == table["onset_s"]).all()
    assert len(folder.manifest(tmp_path)["burden"]["hours"]) == 2


@pytest.mark.parametrize("minutes", [1, 9])
def test_every_step_of_a_shorter_gap_has_its_row(tmp_path, minutes):
    one = clips(minutes / 1440)
    folder.save(one, tmp_path)
    assert len(pd.read_csv(tmp_path / "probabilities.csv")) == one.n_steps
    assert_same(one, folder.load(tmp_path))


def test_the_folder_holds_what_it_lists(tmp_path):
    folder.save(reading(), tmp_path, {"settings": {"enter": 0.5, "hz": float("nan")}})
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [*folder.FILES, "reading.json"]
    )
    found = folder.manifest(tmp_path)
    assert set(found["files"]) == set(folder.FILES)
    assert found["settings"] == {"enter": 0.5, "hz": None}
    assert found["burden"] == Burden.of(reading()).as_dict()
    assert found["start"] == "2031-02-03T04:05:06"
    text = (tmp_path / "reading.json").read_text()
    assert json.loads(text, parse_constant=pytest.fail) == found


def test_more_can_not_replace_what_is_there(tmp_path):
    with pytest.raises(ValueError, match="name"):
        folder.save(reading(), tmp_path, {"name": "other"})
    assert list(tmp_path.iterdir()) == []


def test_without_a_manifest_nothing_is_finished(tmp_path):
    folder.save(reading(), tmp_path)
    (tmp_path / "reading.json").unlink()
    for place in (tmp_path, tmp_path / "absent"):
        with pytest.raises(NasionError, match="no finished reading") as caught:
            folder.load(place)
        assert str(caught.value).startswith(str(place))


def test_an_interrupted_save_leaves_no_finished_reading(tmp_path, monkeypatch):
    folder.save(reading(), tmp_path)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(folder, "to_edf_annotations", interrupted)
    with pytest.raises(KeyboardInterrupt):
        folder.save(reading(name="second"), tmp_path)
    with pytest.raises(NasionError, match="no finished reading"):
        folder.load(tmp_path)


@pytest.mark.parametrize("name", folder.READ)
@pytest.mark.parametrize("damage", ["changed", "absent"])
def test_files_that_were_changed_are_refused(tmp_path, name, damage):
    folder.save(reading(), tmp_path)
    path = tmp_path / name
    content = path.read_bytes()
    path.unlink()
    if damage == "changed":
        path.write_bytes(content.replace(b"5", b"6", 1))
    with pytest.raises(NasionError, match=r"not what reading.json lists") as caught:
        folder.load(tmp_path)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda found: found.update(schema=2), "schema 2, this nasion reads 1"),
        (lambda found: found.pop("gaps"), "damaged"),
        (lambda found: found.update(start="yesterday"), "damaged"),
        (lambda found: found.update(duration_s=4.0), "damaged"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused_in_one_line(tmp_path, change, message):
    folder.save(reading(), tmp_path)
    path = tmp_path / "reading.json"
    found = json.loads(path.read_text())
    change(found)
    path.write_text(json.dumps(found))
    with pytest.raises(NasionError, match=message) as caught:
        folder.load(tmp_path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def with_model(place, content):
    """A reading whose reading.json says this of its model."""
    folder.save(reading(), place)
    path = place / "reading.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "model": content}))
    return path


def test_a_reading_of_the_first_schema_knows_its_model(tmp_path):
    with_model(tmp_path, V1)
    model = folder.load(tmp_path).model
    assert model == about()
    assert (model.title, model.licence) == ("shipped (162d9a42c531)", "")


@pytest.mark.parametrize("content", [{"name": "shipped"}, {**V1, "weights": 7}, "shipped"])
def test_a_model_that_can_not_be_told_from_others_is_refused(tmp_path, content):
    path = with_model(tmp_path, content)
    with pytest.raises(NasionError, match=r"model.*; read the recording anew$") as caught:
        folder.load(tmp_path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_probabilities_are_null_where_not_judged_and_say_why(tmp_path):
    one = reading()
    folder.save(one, tmp_path)
    table = pq.read_table(tmp_path / "probabilities.parquet")
    assert table.column_names == list(PROBABILITY_COLUMNS)
    judged = one.judged
    assert 0 < judged.sum() < one.n_steps
    for name in PATTERNS:
        assert str(table.schema.field(name).type) == "float"
        assert table.column(name).null_count == (~judged).sum()
    assert table.column("reason").to_pylist() == [str(REASONS[code]) for code in one.reason]
    assert table.column("clock").to_pylist()[3] == START + timedelta(seconds=6)


@pytest.mark.parametrize("start", [None, START, START.replace(microsecond=250_000)])
def test_csv_says_what_parquet_says(tmp_path, start):
    one = reading(start=start)
    folder.save(one, tmp_path)
    with (tmp_path / "probabilities.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(PROBABILITY_COLUMNS)
    exact = pq.read_table(tmp_path / "probabilities.parquet").to_pylist()
    assert len(rows) == len(exact) == one.n_steps
    for text, row in zip(rows, exact, strict=True):
        assert float(text["onset_s"]) == row["onset_s"]
        assert text["clock"] == (row["clock"].isoformat() if start else "")
        assert text["reason"] == row["reason"]
        assert text["most_probable"] == (row["most_probable"] or "")
        for name in PATTERNS:
            if row[name] is None:
                assert text[name] == ""
            else:
                assert float(text[name]) == pytest.approx(row[name], abs=5.1e-6)
    values = pd.read_csv(tmp_path / "probabilities.csv")[list(PATTERNS)]
    np.testing.assert_array_equal(values.isna().all(axis=1), ~one.judged)


def test_seconds_of_many_days_are_not_rounded(tmp_path, monkeypatch):
    after_days = np.arange(150) * 2.0 + 2_000_000
    monkeypatch.setattr("nasion.exports.tables._onsets", lambda _: after_days)
    write_csv(reading(), tmp_path / "long.csv")
    table = pd.read_csv(tmp_path / "long.csv", dtype={"onset_s": str})
    assert table["onset_s"].tolist() == [f"{onset:.0f}" for onset in after_days]


def test_quality_is_a_column_an_electrode_with_bits_of_faults(tmp_path):
    one = reading()
    one.quality[2, COLUMNS.index("Cz")] = Fault.MUSCLE | Fault.LINE
    folder.save(one, tmp_path)
    table = pq.read_table(tmp_path / "quality.parquet")
    assert table.column_names == list(QUALITY_COLUMNS) == ["onset_s", *COLUMNS]
    assert {str(kind) for kind in table.schema.types[1:]} == {"uint8"}
    assert table.column("Cz")[2].as_py() == 16 + 32
    bits = json.loads(table.schema.metadata[b"bits"])
    assert bits == {fault.name.lower(): fault.value for fault in Fault}
    assert (bits["missing"], bits["range"]) == (1, 64)
    assert table.column("onset_s")[2].as_py() == 4.0


def test_tables_for_pandas():
    one = reading()
    table = probabilities_table(one)
    assert list(table) == list(PROBABILITY_COLUMNS)
    np.testing.assert_array_equal(table[list(PATTERNS)], one.probability)
    known = table[one.judged]
    assert (known["most_probable"] == known[list(PATTERNS)].idxmax(axis=1)).all()
    assert table["most_probable"].isna().sum() == (~one.judged).sum()
    events = events_table(one)
    assert list(events) == list(EVENT_COLUMNS)
    assert events["clock"].tolist() == [
        pd.Timestamp(START + timedelta(seconds=event.onset_s)) for event in (SEIZURE, LPD)
    ]
    assert events["chains"].tolist() == ["LL,LP", "RL"]
    assert events["pattern"].tolist() == [Pattern.SEIZURE, Pattern.LPD]
    assert events["frequency_hz"].dtype == float


def test_tables_of_nothing():
    nothing = reading(start=None, events=())
    assert events_table(nothing).dtypes.tolist() == events_table(reading()).dtypes.tolist()
    assert probabilities_table(nothing)["clock"].isna().all()
    assert probabilities_table(nothing)["clock"].dtype == "datetime64[us]"


def test_a_start_of_long_ago_is_kept_where_it_can_be(tmp_path):
    old = reading(start=datetime(1971, 1, 1, 12))
    folder.save(old, tmp_path)
    assert folder.load(tmp_path).start == old.start
