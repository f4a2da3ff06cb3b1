"""Seizures as SzCORE's own package reads them; what nobody judged is never told from confidence."""

import csv

import numpy as np
import pytest
from epilepsy2bids.annotations import Annotations
from hypothesis import given, settings

from documents import documented
from drawn_readings import LPD, START, reading, readings
from nasion.exports import bids, szcore
from nasion.reading.event import Event
from nasion.terms import PATTERNS, READING_STEP_S, Pattern


def written(drawn, folder):
    path = folder / "seizures.tsv"
    szcore.write_seizures(drawn, path)
    with path.open(newline="") as file:
        return path, list(csv.DictReader(file, delimiter="\t"))


def spans_of(rows):
    onsets, lengths = ([float(row[name]) for row in rows] for name in ("onset", "duration"))
    return [(onset, onset + length) for onset, length in zip(onsets, lengths, strict=True)]


def judged(n_steps, unseen=()):
    """Probabilities without seizures, reason and quality; some steps not judged."""
    probability = np.full((n_steps, len(PATTERNS)), 0.16, np.float32)
    reason = np.zeros(n_steps, np.uint8)
    reason[list(unseen)] = 3
    probability[list(unseen)] = np.nan
    quality = np.zeros((n_steps, 20), np.uint8)
    return {"probability": probability, "reason": reason, "quality": quality}


def test_columns_are_those_of_bids_in_front_and_of_the_document():
    assert tuple(bids.COLUMNS)[: len(szcore.COLUMNS)] == szcore.COLUMNS
    assert documented("Columns of the file of `--events`") == list(szcore.COLUMNS)


@settings(max_examples=25, deadline=None)
@given(drawn=readings())
def test_szcore_reads_the_seizures_and_every_row_is_in_its_words(tmp_path_factory, drawn):
    path, rows = written(drawn, tmp_path_factory.mktemp("szcore"))
    theirs = Annotations.loadTsv(path)
    assert list(rows[0]) == list(szcore.COLUMNS)
    expected = sorted(
        (event.onset_s, event.stop_s) for event in drawn.events if event.pattern is Pattern.SEIZURE
    )
    found = theirs.getEvents()  # stops at a word that it does not know
    np.testing.assert_allclose(found or np.zeros((0, 2)), expected or np.zeros((0, 2)), atol=0.02)
    for event in theirs.events:
        assert 0 <= event["confidence"] <= 1
        assert event["recordingDuration"] == pytest.approx(drawn.duration_s, abs=0.006)


@settings(max_examples=25, deadline=None)
@given(drawn=readings())
def test_confidence_0_is_what_was_not_judged_and_nothing_else(tmp_path_factory, drawn):
    _, rows = written(drawn, tmp_path_factory.mktemp("szcore"))
    unseen = [row for row in rows if float(row["confidence"]) == 0]
    assert {row["eventType"] for row in unseen} <= {"bckg"}
    spans = spans_of(unseen)
    seizures = [(e.onset_s, e.stop_s) for e in drawn.events if e.pattern is Pattern.SEIZURE]
    for step, is_judged in enumerate(drawn.tells(Pattern.SEIZURE)):
        middle_s = (step + 0.5) * READING_STEP_S
        if middle_s >= drawn.duration_s:
            continue
        is_known = is_judged or any(start <= middle_s < stop for start, stop in seizures)
        assert is_known != any(start <= middle_s < stop for start, stop in spans), middle_s


@pytest.mark.parametrize("unseen", [(), (0,), (3, 4, 9), range(10)])
def test_without_a_seizure_the_rows_are_the_whole_recording(tmp_path, unseen):
    drawn = reading(duration_s=19.0, events=(LPD,), start=None, **judged(10, unseen))
    _, rows = written(drawn, tmp_path)
    assert {row["eventType"] for row in rows} == {"bckg"}
    borders = [edge for span in spans_of(rows) for edge in span]
    assert (borders[0], borders[-1]) == (0, 19)
    assert borders[1:-1:2] == borders[2::2]
    seen = {row["confidence"] for row in rows} - {"0.00"}
    assert seen == (set() if len(unseen) == 10 else {"0.84"})  # 1 - mean probability of a seizure
    unseen_s = sum(float(row["duration"]) for row in rows if row["confidence"] == "0.00")
    assert unseen_s == sum(min(READING_STEP_S, 19.0 - READING_STEP_S * step) for step in unseen)


def test_a_seizure_is_written_as_szcore_writes_it(tmp_path):
    seizure = Event(12.5, 31.25, Pattern.SEIZURE, 0.8125, 0.97)
    path, (row,) = written(reading(duration_s=60.0, events=(seizure, LPD), **judged(30)), tmp_path)
    assert [row[name] for name in szcore.COLUMNS] == [
        "12.50", "31.25", "sz", "0.81", "n/a", f"{START:%Y-%m-%d %H:%M:%S}", "60.00",
    ]  # fmt: skip
    again = tmp_path / "again.tsv"
    Annotations.loadTsv(path).saveTsv(again)
    assert again.read_text() == path.read_text()
