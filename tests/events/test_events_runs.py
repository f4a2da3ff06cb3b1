"""Events: what probabilities must do to become one, and where it begins and ends."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nasion.events.runs import EventSettings, find, length
from nasion.reading.reading import Reading
from nasion.signal.fault import REASONS, Reason
from nasion.terms import CENTRE_S, EVENTFUL, PATTERNS, READING_STEP_S, Pattern


def reading(probability, unjudged=()):
    """Of a table (n_steps, 6), or of {pattern: course}; the rest is other."""
    if isinstance(probability, dict):
        table = np.zeros((len(next(iter(probability.values()))), 6))
        for name, course in probability.items():
            table[:, PATTERNS.index(Pattern(name))] = course
        table[:, -1] = 1 - table.sum(1)
        probability = table
    probability = np.asarray(probability, np.float32)
    n = len(probability)
    reason = np.zeros(n, np.uint8)
    reason[list(unjudged)] = REASONS.index(Reason.ARTIFACT)
    probability[reason > 0] = np.nan
    return Reading("a", n * READING_STEP_S, probability, reason, np.zeros((n, 20), np.uint8))


def course(n, *runs, base=0.02):
    values = np.full(n, base)
    for first, stop, level in runs:
        values[first:stop] = level
    return values


def seen(*spans, n, share=1.0):
    """What a window of 10 s shows of spans of seconds: the part of it that they take."""
    at = np.arange(n) * READING_STEP_S + READING_STEP_S / 2
    total = np.zeros(n)
    for start, stop in spans:
        first, last = at - CENTRE_S / 2, at + CENTRE_S / 2
        total += (np.minimum(last, stop) - np.maximum(first, start)).clip(0) / CENTRE_S
    return share * total


def spans(events):
    return [(str(event.pattern), event.onset_s, event.stop_s) for event in events]


# ---------------------------------------------------------------- laws


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.float64, (40, 6), elements=st.floats(0.01, 1)),
    st.floats(1, 6),
    st.sets(st.integers(0, 39), max_size=15),
)
def test_events_are_apart_judged_at_their_ends_and_reach_the_threshold(drawn, power, unjudged):
    table = drawn**power
    given_reading = reading(table / table.sum(1, keepdims=True), unjudged)
    events = find(given_reading)
    rules = EventSettings()
    for one, other in pairwise(events):
        assert one.stop_s <= other.onset_s
    for event in events:
        first, stop = round(event.onset_s / READING_STEP_S), round(event.stop_s / READING_STEP_S)
        assert 0 <= event.onset_s < event.stop_s <= given_reading.duration_s
        assert given_reading.judged[[first, stop - 1]].all()
        column = given_reading.probability[first:stop, PATTERNS.index(event.pattern)]
        assert np.isclose(event.peak, np.nanmax(column))
        assert np.isclose(event.probability, np.nanmean(column))
        assert event.pattern is not Pattern.OTHER
        assert event.peak >= rules.enter - 1e-6
        least_s = rules.seizure_s if event.pattern is Pattern.SEIZURE else rules.shortest_s
        assert event.duration_s >= least_s
        assert event.length == length(event.duration_s)


@settings(max_examples=40, deadline=None)
@given(arrays(np.float64, (40, 6), elements=st.floats(0.01, 1)), st.floats(1, 6))
def test_time_reversed_is_events_reversed(drawn, power):
    table = drawn**power
    table /= table.sum(1, keepdims=True)
    # What is ambiguous is healed from the left; without ties both ways are the same.
    rules = EventSettings(merge_s=0, evolution_s=0)
    there, back = find(reading(table), rules), find(reading(table[::-1]), rules)
    mirrored = sorted((80 - stop, 80 - start, name) for name, start, stop in spans(back))
    assert mirrored == sorted((start, stop, name) for name, start, stop in spans(there))


def test_other_is_no_event_and_nothing_judged_is_nothing():
    assert find(reading(np.tile([0, 0, 0, 0, 0, 1.0], (50, 1)))) == ()
    assert find(reading({"lpd": np.ones(50)}, range(50))) == ()


# ---------------------------------------------------------------- hysteresis


def test_an_event_is_entered_at_one_threshold_and_kept_to_another():
    p = course(60, (10, 20, 0.4), (30, 34, 0.4), (34, 38, 0.55), (38, 44, 0.4))
    assert spans(find(reading({"gpd": p}))) == [("gpd", 60, 88)]
    assert find(reading({"gpd": p}), EventSettings(enter=0.6)) == ()
    low = EventSettings(enter=0.5, keep=0.45)
    assert spans(find(reading({"gpd": p}), low)) == [("gpd", 68, 76)]


def test_keep_above_enter_is_refused():
    with pytest.raises(ValueError, match="keep"):
        EventSettings(enter=0.4, keep=0.5)


def test_a_pattern_has_its_own_threshold_where_one_is_given():
    p = course(60, (10, 20, 0.55))
    both = reading({"gpd": p, "lpd": np.roll(p, 25)})
    assert spans(find(both)) == [("gpd", 20, 40), ("lpd", 70, 90)]
    assert spans(find(both, EventSettings(enters={Pattern.GPD: 0.6}))) == [("lpd", 70, 90)]
    low = EventSettings(enters={Pattern.GPD: 0.25})  # below `keep`, which gives way
    assert spans(find(reading({"gpd": p / 2}), low)) == [("gpd", 20, 40)]
    assert find(reading({"gpd": p / 2})) == ()


def test_short_breaks_are_merged_if_the_pattern_stays_possible():
    p = course(80, (10, 20, 0.8), (20, 25, 0.2), (25, 40, 0.8))
    assert spans(find(reading({"lpd": p}))) == [("lpd", 20, 80)]
    p[20:25] = 0.1
    assert len(find(reading({"lpd": p}))) == 2
    p = course(80, (10, 20, 0.8), (20, 26, 0.2), (26, 40, 0.8))  # 12 s
    assert len(find(reading({"lpd": p}))) == 2


def test_steps_not_judged_neither_begin_nor_break_an_event():
    p = course(80, (10, 50, 0.8))
    assert spans(find(reading({"lpd": p}, range(20, 30)))) == [("lpd", 20, 100)]
    assert spans(find(reading({"lpd": p}, range(20, 31)))) == [("lpd", 20, 40), ("lpd", 62, 100)]
    assert spans(find(reading({"lpd": p}, [*range(5, 15), *range(45, 60)]))) == [("lpd", 30, 90)]


def test_what_was_not_judged_is_in_no_mean():
    events = find(reading({"lpd": course(80, (10, 50, 0.8))}, range(20, 30)))
    assert events[0].probability == pytest.approx(0.8)


# ---------------------------------------------------------------- minima and words


def test_a_seizure_lasts_ten_seconds():
    for n, there in ((4, False), (5, True)):
        p = course(60, (20, 20 + n, 0.9))
        assert bool(find(reading({"seizure": p}))) is there
    assert find(reading({"gpd": course(60, (20, 21, 0.9))})) == ()
    assert len(find(reading({"gpd": course(60, (20, 22, 0.9))}))) == 1


@pytest.mark.parametrize(
    ("duration_s", "word"),
    [(4, "very brief"), (10, "brief"), (59, "brief"), (60, "intermediate"),
     (599, "intermediate"), (600, "long"), (3599, "long"), (3600, "very long")],
)  # fmt: skip
def test_words_of_length(duration_s, word):
    assert length(duration_s) == word


# ---------------------------------------------------------------- competition


def test_the_most_probable_pattern_has_the_step():
    lpd, lrda = course(60, (10, 30, 0.6), (30, 50, 0.35)), course(60, (10, 30, 0.35), (30, 50, 0.6))
    found = spans(find(reading({"lpd": lpd, "lrda": lrda})))
    assert found == [("lpd", 20, 60), ("lrda", 60, 100)]


def test_a_seizure_that_looks_periodic_for_a_while_is_one_seizure():
    def evolving(n_steps, possible):
        stop = 20 + n_steps
        seizure = course(80, (10, 20, 0.8), (20, stop, possible), (stop, stop + 10, 0.8))
        return spans(find(reading({"seizure": seizure, "gpd": course(80, (20, stop, 0.65))})))

    assert evolving(10, 0.25) == [("seizure", 20, 80)]
    assert [name for name, *_ in evolving(11, 0.25)] == ["seizure", "gpd", "seizure"]
    assert [name for name, *_ in evolving(10, 0.1)] == ["seizure", "gpd", "seizure"]


def test_a_seizure_does_not_swallow_the_discharges_after_it():
    seizure = course(200, (10, 30, 0.8), (30, 190, 0.35))
    found = spans(find(reading({"seizure": seizure, "lpd": course(200, (30, 190, 0.6))})))
    assert found == [("seizure", 20, 60), ("lpd", 60, 380)]


# ---------------------------------------------------------------- borders


@pytest.mark.parametrize("share", [0.7, 0.95])
def test_borders_are_where_the_pattern_begins_and_ends(share):
    rng = np.random.default_rng(0)
    errors = []
    for _ in range(200):
        start = rng.uniform(40, 100)
        stop = start + rng.uniform(10, 120)
        clean = seen((start, stop), n=150, share=share)
        noisy = (clean + rng.normal(0, 0.04, 150)).clip(0.001, 0.99)
        (event,) = find(reading({str(rng.choice(EVENTFUL[1:])): noisy}))
        errors += [event.onset_s - start, event.stop_s - stop]
    assert abs(np.mean(errors)) < 0.5
    assert np.median(np.abs(errors)) <= 1.0
    assert np.quantile(np.abs(errors), 0.95) <= 3.0


def test_a_seizure_of_ten_seconds_is_found_wherever_steps_fall():
    for offset in np.arange(0, 2, 0.1):
        p = seen((40 + offset, 50 + offset), n=60, share=0.9)
        (event,) = find(reading({"seizure": p}))
        assert abs(event.onset_s - 40 - offset) <= 1.5
        assert event.duration_s <= 12
