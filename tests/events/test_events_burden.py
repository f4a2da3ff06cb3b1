"""Burden: exact from the borders of events."""

import json
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasion.events.burden import Burden, densest, united
from nasion.events.runs import length
from nasion.reading.event import Event
from nasion.reading.reading import Reading
from nasion.signal.fault import REASONS, Reason
from nasion.terms import EVENTFUL, Pattern
from nasion.windowing import n_steps_of

HOUR_S = 3600.0


def reading(duration_s, events, start=None, unjudged=()):
    n = n_steps_of(duration_s)
    reason = np.zeros(n, np.uint8)
    for first, stop in unjudged:
        reason[int(first // 2) : int(stop // 2)] = REASONS.index(Reason.ARTIFACT)
    return Reading(
        name="a",
        duration_s=duration_s,
        probability=np.full((n, 6), 1 / 6, np.float32),
        reason=reason,
        quality=np.zeros((n, 20), np.uint8),
        events=tuple(
            Event(onset, stop - onset, Pattern(name), 0.9, 0.9, length=length(stop - onset))
            for name, onset, stop in events
        ),
        start=start,
    )


def test_minutes_and_shares_are_those_of_the_events():
    found = Burden.of(reading(7200, [("seizure", 60, 120), ("lpd", 200, 920), ("lpd", 3500, 3700)]))
    assert found.judged_minutes == 120
    assert found.minutes == {"seizure": 1, "lpd": pytest.approx(920 / 60, abs=1e-4), "gpd": 0,
                             "lrda": 0, "grda": 0}  # fmt: skip
    assert found.percent["lpd"] == pytest.approx(100 * 920 / 7200, abs=1e-4)
    assert found.events == {"seizure": 1, "lpd": 2, "gpd": 0, "lrda": 0, "grda": 0}
    assert found.longest_s["lpd"] == 720
    assert found.prevalence["lpd"] == "frequent"
    assert found.prevalence["gpd"] == ""


def test_percent_is_of_what_was_judged_and_an_event_counts_what_it_bridges():
    found = Burden.of(reading(1000, [("gpd", 0, 100)], unjudged=[(50, 60), (500, 1000)]))
    assert found.judged_minutes == pytest.approx(500 / 60, abs=1e-4)
    assert found.percent["gpd"] == 20


def test_nothing_judged_is_nothing_found():
    found = Burden.of(reading(100, [], unjudged=[(0, 100)]))
    assert found.judged_minutes == 0
    assert set(found.percent.values()) == {0.0}
    assert found.hours[0].percent["seizure"] is None
    assert not found.status.met


def test_hours_are_those_of_the_clock_and_add_up():
    start = datetime(2030, 1, 1, 22, 40, 30)
    events = [("seizure", 1000, 1300), ("grda", 4000, 9000)]
    found = Burden.of(reading(10_000, events, start))
    assert [hour.onset_s for hour in found.hours] == [0, 1170, 4770, 8370]
    assert sum(hour.duration_s for hour in found.hours) == 10_000
    assert found.hours[0].minutes["seizure"] == pytest.approx(170 / 60, abs=1e-4)
    for name, minutes in found.minutes.items():
        assert sum(hour.minutes[name] for hour in found.hours) == pytest.approx(minutes, abs=1e-3)
    assert [hour.onset_s for hour in Burden.of(reading(10_000, events)).hours] == [0, 3600, 7200]


@pytest.mark.parametrize(
    ("events", "met"),
    [
        ([("seizure", 0, 598)], False),
        ([("seizure", 0, 600)], True),
        ([("lpd", 0, 6000)], False),
        ([("seizure", at, at + 60) for at in range(0, 7200, 400)], False),  # 15 %
        ([("seizure", at, at + 80) for at in range(0, 7200, 400)], True),  # 20 %
        # 12 min within 60 min that begin in no hour of the clock
        ([("seizure", 1900, 2300), ("seizure", 5100, 5420)], True),
        ([("seizure", 1900, 2300), ("seizure", 5100, 5418)], False),
    ],
)
def test_the_criterion_of_status(events, met):
    found = Burden.of(reading(7200, events, datetime(2030, 1, 1)))
    assert found.status.met is met
    assert "not a diagnosis" in found.status.note
    assert "model" in found.status.note


spans_of_an_hour = st.lists(
    st.tuples(st.integers(0, 9000), st.integers(1, 900)).map(lambda x: (x[0], x[0] + x[1])),
    min_size=1,
    max_size=12,
)


@settings(deadline=None)
@given(spans_of_an_hour)
def test_the_densest_window_is_no_less_than_any(drawn):
    spans = united([(float(a), float(b)) for a, b in drawn])
    covered = np.zeros(10_000)
    for a, b in spans:
        covered[int(a) : int(b)] = 1
    sums = np.concatenate([[0], np.cumsum(covered)])
    brute = (sums[3600:] - sums[:-3600]).max()
    most_s, onset_s = densest(spans, HOUR_S, 10_000.0)
    assert most_s == brute
    first = int(onset_s)
    assert onset_s == first
    assert sums[first + 3600] - sums[first] == most_s


def test_a_short_recording_is_its_own_window():
    found = Burden.of(reading(600, [("seizure", 100, 400)]))
    assert found.peak.duration_s == 600
    assert found.peak.percent == 50
    assert not found.status.met  # 5 min are neither 10 min nor a fifth of 60


def test_overlapping_events_count_once():
    found = Burden.of(reading(1000, [("lpd", 0, 100), ("lpd", 50, 150)]))
    assert found.minutes["lpd"] == 2.5


def test_it_is_json_by_names():
    found = Burden.of(reading(7200, [("seizure", 60, 120)])).as_dict()
    again = json.loads(json.dumps(found))
    assert set(again["minutes"]) == {str(pattern) for pattern in EVENTFUL}
    assert again["status"]["met"] is False
    assert again["hours"][0]["minutes"]["seizure"] == 1
