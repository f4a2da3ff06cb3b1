"""Events that SzCORE's tools, EDF readers and MNE take as they are."""

import csv
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import edfio
import mne
import numpy as np
import pytest
from epilepsy2bids.annotations import Annotations
from hypothesis import given, settings
from hypothesis import strategies as st

from drawn_readings import EVENTS, SEIZURE, START, arrays, reading
from exports.others import annotations_by_others
from nasion.eeg.annotations import printable
from nasion.eeg.edf.text import parts
from nasion.errors import NasionError
from nasion.exports import bids
from nasion.exports.annotations import (
    annotations,
    to_edf_annotations,
    to_mne_annotations,
    words,
)
from nasion.reading.event import Event
from nasion.terms import CHAIN_ELECTRODES, Chain, Pattern

SZCORE = [
    "onset", "duration", "eventType", "confidence", "channels", "dateTime", "recordingDuration",
]  # fmt: skip


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_szcore_finds_its_columns_and_words(tmp_path):
    bids.write_events(reading(), tmp_path / "events.tsv")
    seizure, lpd = rows_of(tmp_path / "events.tsv")
    assert list(seizure)[:7] == SZCORE
    assert (seizure["eventType"], lpd["eventType"]) == ("sz", "bckg")
    assert (float(seizure["onset"]), float(seizure["duration"])) == (12.5, 31.25)
    assert datetime.strptime(seizure["dateTime"], "%Y-%m-%d %H:%M:%S") == START
    assert float(lpd["recordingDuration"]) == 300
    assert seizure["channels"].split(",") == list(
        dict.fromkeys(CHAIN_ELECTRODES[Chain.LL] + CHAIN_ELECTRODES[Chain.LP])
    )
    assert lpd["pattern"] == "lpd"


def test_no_event_is_a_row_of_background_and_no_event_again(tmp_path):
    path = tmp_path / "events.tsv"
    bids.write_events(reading(events=(), start=None), path)
    (row,) = rows_of(path)
    assert [row[name] for name in SZCORE] == ["0.0", "300.0", "bckg", *["n/a"] * 3, "300.0"]
    assert bids.read_events(path) == ()


@settings(max_examples=100, deadline=None)
@given(events=st.lists(EVENTS, max_size=6).map(tuple))
def test_events_survive_to_the_last_digit_and_only_seizures_count(tmp_path_factory, events):
    path = tmp_path_factory.mktemp("events") / "events.tsv"
    bids.write_events(reading(events=events), path)
    assert bids.read_events(path) == events
    seizures = [event for event in events if event.pattern == Pattern.SEIZURE]
    assert sum(row["eventType"] == "sz" for row in rows_of(path)) == len(seizures)
    assert {row["eventType"] for row in rows_of(path)} <= {"sz", "bckg"}


def test_szcores_own_reader_scores_the_file(tmp_path):
    bids.write_events(reading(), tmp_path / "events.tsv")
    found = Annotations.loadTsv(str(tmp_path / "events.tsv"))
    assert found.getEvents() == [(12.5, 43.75)]
    assert found.getMask(4).sum() == 4 * 31.25
    assert found.events[1]["dateTime"] == START
    bids.write_events(reading(events=()), tmp_path / "none.tsv")
    assert Annotations.loadTsv(str(tmp_path / "none.tsv")).getMask(1).tolist() == [0] * 300


def test_the_sidecar_tells_every_column_and_word(tmp_path):
    bids.write_events(reading(), tmp_path / "a_events.tsv")
    told = json.loads((tmp_path / "a_events.json").read_text())
    (seizure, _) = rows_of(tmp_path / "a_events.tsv")
    assert list(told) == list(seizure)
    assert all(column["Description"] for column in told.values())
    assert set(told["pattern"]["Levels"]) == set(Pattern)
    for column in told.values():
        if isinstance(column.get("HED"), dict):  # a word without a tag is a warning of HED's
            assert set(column["HED"]) == set(column["Levels"])


def test_no_event_says_how_much_was_seen(tmp_path):
    path, blind = tmp_path / "events.tsv", arrays(300.0, 1)
    blind["reason"][:], blind["probability"][:] = 1, np.nan
    bids.write_events(reading(events=(), **blind), path)
    assert [row["judged"] for row in rows_of(path)] == ["0.0"]
    blind["reason"][50:80] = 0  # 100 to 160 s
    bids.write_events(reading(**blind), path)
    assert [row["judged"] for row in rows_of(path)] == ["0.0", "1.0"]
    bids.write_events(reading(events=(), **blind), path)
    assert [row["judged"] for row in rows_of(path)] == ["0.2"]


def test_no_probability_is_above_one(tmp_path):
    above = np.nextafter(np.float32(1), np.float32(2))
    event = replace(SEIZURE, probability=float(above), peak=float(above))
    bids.write_events(reading(events=(event,)), tmp_path / "events.tsv")
    (row,) = rows_of(tmp_path / "events.tsv")
    assert {row[name] for name in ("confidence", "probability", "peak")} == {"1.0"}


@pytest.mark.parametrize("line", ["12.5\t3", "x" + "\tn/a" * 14, "1\t1" + "\t0" * 13])
def test_what_holds_no_events_is_refused_in_one_line(tmp_path, line):
    path = tmp_path / "events.tsv"
    path.write_text("\t".join(bids.COLUMNS) + f"\n{line}\n")
    if line.startswith("x"):  # a row of no pattern says nothing
        assert bids.read_events(path) == ()
        return
    with pytest.raises(NasionError, match="not events that nasion wrote") as caught:
        bids.read_events(path)
    assert "\n" not in str(caught.value)
    path.unlink()
    with pytest.raises(NasionError, match="not found"):
        bids.read_events(path)


NOTES = ((3.0, 0.0, "eyes open"), (20.25, 4.0, "nasion: LPD of an earlier reading"))


@pytest.mark.parametrize("start", [None, START, START.replace(microsecond=250_000)])
def test_edf_annotations_are_read_by_edfio_and_mne(tmp_path, start):
    one = reading(start=start, annotations=NOTES)
    path = tmp_path / "annotations.edf"
    to_edf_annotations(one, path)
    expected = [
        (3.0, 0.0, "eyes open"),
        (12.5, 31.25, "nasion: Seizure left 2.5 Hz p=0.81"),
        (20.25, 4.0, "recording: nasion: LPD of an earlier reading"),
        (100.0, 60.0, "nasion: LPD right 1.2 Hz p=0.60"),
    ]
    edf = edfio.read_edf(path)
    assert [(a.onset, a.duration or 0.0, a.text) for a in edf.annotations] == expected
    assert edf.local_patient_identification == "X X X X"
    found = mne.read_annotations(path)
    assert found.description.tolist() == [text for _, _, text in expected]
    np.testing.assert_allclose(found.onset, [onset for onset, _, _ in expected])
    np.testing.assert_allclose(found.duration, [length for _, length, _ in expected])
    if start:
        assert (edf.startdate, edf.starttime) == (start.date(), start.time())
        assert found.orig_time is None or found.orig_time.replace(tzinfo=None) == start


@pytest.mark.parametrize("start", [None, START, START.replace(microsecond=123_457)])
def test_others_read_the_same_annotations(tmp_path, start):
    notes = (
        (-1.5, 2.0, "before"),
        (0.25, 0.0, "µ – 日本 😀"),
        (0.25, 0.000001, "tiny"),
        (3.5, 0.0, "a\nb"),
        (99999.999999, 86400.5, "late"),
        *((50 + k / 1000, 0.5, f"note {k}") for k in range(500)),
    )
    one = reading(start=start, annotations=notes)
    to_edf_annotations(one, tmp_path / "a.edf")
    expected = sorted(
        (a, b, c.replace("\n", " ").replace("\t", " ")) for a, b, c in annotations(one)
    )
    found = annotations_by_others(tmp_path / "a.edf")
    assert list(found) == ["edfio", "MNE", "pyedflib"]
    for entries in found.values():
        assert entries == expected
    to_edf_annotations(reading(start=start, events=()), tmp_path / "none.edf")
    assert annotations_by_others(tmp_path / "none.edf") == {reader: [] for reader in found}


@settings(max_examples=40, deadline=None)
@given(
    notes=st.lists(
        st.tuples(st.floats(-10, 1e5), st.floats(0, 1e5), st.text(max_size=5)), max_size=5
    )
)
def test_others_read_any_text_alike(tmp_path_factory, notes):
    path = tmp_path_factory.mktemp("any") / "a.edf"
    to_edf_annotations(reading(annotations=tuple(notes)), path)
    edfio_s, *others = annotations_by_others(path).values()
    texts = [text for _, _, text in annotations(reading(annotations=tuple(notes)))]
    assert sorted(text for _, _, text in edfio_s) == sorted(filter(None, map(printable, texts)))
    assert all(entries == edfio_s for entries in others)


@pytest.mark.parametrize("text", ["x" * 512, "a" + "ä" * 700, "日本" * 300, "😀 " * 400])
def test_others_read_long_texts_in_parts(tmp_path, text):
    one = reading(events=(), annotations=((2.5, 3.0, text),))
    to_edf_annotations(one, tmp_path / "a.edf")
    cut = parts(text.strip())
    assert "".join(part.removesuffix("...") for part in cut) == text.strip()
    expected = sorted((2.5, 3.0, part.strip()) for part in cut)
    for entries in annotations_by_others(tmp_path / "a.edf").values():
        assert [(a, b, c.strip()) for a, b, c in entries] == expected


@settings(max_examples=30, deadline=None)
@given(events=st.lists(EVENTS, max_size=6).map(tuple))
def test_ours_can_be_told_from_theirs(events):
    one = reading(events=events, annotations=NOTES)
    ours = [entry for entry in annotations(one) if entry[2].startswith("nasion: ")]
    assert len(ours) == len(events)
    assert len(annotations(one)) == len(events) + len(NOTES)


def test_a_year_that_edf_can_not_hold_is_left_out(tmp_path):
    to_edf_annotations(reading(start=datetime(1971, 1, 1, 12)), tmp_path / "a.edf")
    edf = edfio.read_edf(tmp_path / "a.edf")
    assert len(edf.annotations) == 2


def test_words_leave_out_what_is_not_known():
    assert words(Event(0, 10, Pattern.GRDA, 0.5, 0.5)) == "nasion: GRDA p=0.50"


@pytest.mark.parametrize("first_samp", [0, 700])
@pytest.mark.parametrize("known", [True, False])
def test_mne_puts_the_events_where_they_are(first_samp, known):
    raw = mne.io.RawArray(
        np.zeros((1, 60_000)), mne.create_info(["Cz"], 200.0, "eeg"), first_samp, verbose="error"
    )
    start = None
    if known:
        measured = START.replace(tzinfo=UTC)
        raw.set_meas_date(measured)
        start = START + timedelta(seconds=first_samp / 200)
    found = to_mne_annotations(reading(start=start))
    raw.set_annotations(found)
    samples, names = mne.events_from_annotations(raw, verbose="error")
    assert ((samples[:, 0] - first_samp) / 200).tolist() == [12.5, 100.0]
    assert set(names) == {"seizure", "lpd"}
    assert raw.annotations.duration.tolist() == [31.25, 60.0]


def test_mne_takes_a_reading_without_events():
    assert len(to_mne_annotations(reading(events=()))) == 0
