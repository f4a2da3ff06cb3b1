"""An event whose measured signal is not what ACNS 2021 asks of its pattern counts as uncertain."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawn_readings import EVENTS, reading
from nasion.events.burden import Burden
from nasion.events.contradicted import contradictions, judge
from nasion.reading.contradiction import Contradiction, of_code
from nasion.reading.event import Event
from nasion.report import summary
from nasion.terms import EVENTFUL, Pattern

RATES = st.none() | st.floats(0.3, 12)


def event(pattern, rate_hz, *, evolves=None, duration_s=30.0):
    return Event(
        40.0, duration_s, Pattern(pattern), 0.8, 0.9, frequency_hz=rate_hz, evolves=evolves
    )


@pytest.mark.parametrize(
    ("pattern", "rate_hz", "evolves", "code"),
    [
        ("seizure", 2.6, False, ""),  # over 2.5 Hz
        ("seizure", 1.2, True, ""),  # slow, and evolves
        ("seizure", 1.2, None, ""),  # nobody could say
        ("seizure", 2.5, False, "steady"),
        ("seizure", 1.2, False, "steady"),
        ("seizure", 4.0, False, ""),  # discharges, for all that was measured
        ("seizure", 5.5, False, "rhythm"),
        ("seizure", 5.5, True, ""),
        ("seizure", None, None, "no_cycle"),
        ("lpd", 2.5, None, ""),
        ("lpd", 2.6, None, "fast"),
        ("gpd", 3.1, False, "fast"),
        ("gpd", None, None, "no_cycle"),
        ("lrda", 4.0, None, ""),
        ("grda", 4.1, None, ""),  # never measured; what is faster has no cycle
        ("lrda", 1.0, True, ""),
        ("grda", None, None, "no_cycle"),
    ],
)
def test_what_the_measured_rate_says_against_a_pattern(pattern, rate_hz, evolves, code):
    (judged,) = judge([event(pattern, rate_hz, evolves=evolves)])
    assert ",".join(entry.code for entry in judged.contradictions) == code
    assert judged.is_certain == (not code)
    assert bool(judged.doubt) == bool(code)


@pytest.mark.parametrize("pattern", EVENTFUL)
@pytest.mark.parametrize("regular", [None, True, False])
def test_discharges_that_go_on_for_a_small_part_are_uncertain(pattern, regular):
    found = contradictions(replace(event(pattern, 1.0, evolves=True), regular=regular))
    doubted = pattern.periodic and regular is False
    assert found == ((Contradiction.IRREGULAR,) if doubted else ())


def test_shorter_than_ten_seconds_is_no_seizure_and_no_contradiction_of_discharges():
    assert contradictions(event("seizure", 3.0, duration_s=9.5)) == (Contradiction.SHORT,)
    assert contradictions(event("seizure", 3.0, duration_s=10.0)) == ()
    assert contradictions(event("gpd", 3.0, duration_s=9.5)) == ()
    assert contradictions(event("gpd", None, duration_s=29.5)) == ()  # a short one may be missed
    both = contradictions(event("seizure", 2.0, evolves=False, duration_s=9.5))
    assert both == (Contradiction.SHORT, Contradiction.STEADY)


@given(one=EVENTS, evolves=st.sampled_from([None, True, False]))
def test_judging_changes_nothing_but_the_contradictions(one, evolves):
    one = replace(one, evolves=evolves)
    (judged,) = judge([one])
    assert replace(judged, contradictions=one.contradictions) == one
    assert judge([judged]) == (judged,)
    assert judged.confidence <= one.probability


def test_every_contradiction_has_words_and_is_found_by_its_code():
    assert [of_code(entry.code) for entry in Contradiction] == list(Contradiction)
    assert all(entry.text and entry.clause for entry in Contradiction)
    with pytest.raises(ValueError, match="contradiction 'x'"):
        of_code("x")


def doubted(pattern, onset_s=0.0, duration_s=30.0):
    return Event(onset_s, duration_s, pattern, 0.8, 0.9, contradictions=(Contradiction.NO_CYCLE,))


@pytest.mark.parametrize("pattern", EVENTFUL)
def test_uncertain_events_are_in_no_headline_and_every_one_is_said(pattern):
    uncertain = reading(events=(doubted(pattern), doubted(pattern, 40.0)))
    nothing = reading(events=())
    burden, without = Burden.of(uncertain), Burden.of(nothing)
    assert replace(burden, uncertain=without.uncertain, judged_minutes=0, told_minutes={}) == (
        replace(without, judged_minutes=0, told_minutes={}, hours=burden.hours)
    )
    assert burden.uncertain[pattern] == 2
    found, _ = summary.sentences(uncertain, burden)
    name = summary.named(pattern)
    assert found.endswith(f" 2 uncertain events stand in the table (2 {name}).")
    certain = "certain " if pattern == "seizure" else ""
    assert f"The model marks no {certain}seizure" in found
    others = "none of the other four patterns"
    assert (others in found) == (pattern == "seizure")
    one = reading(events=(doubted(pattern),))
    assert f"1 uncertain event stands in the table (1 {name})." in summary.headline(
        one, Burden.of(one)
    )
    assert "uncertain" not in summary.sentences(nothing, without)[0]


def test_a_seizure_that_is_contradicted_is_no_status_epilepticus():
    hour = {"duration_s": 300.0}
    long = reading(events=(doubted(Pattern.SEIZURE, 0.0, 299.0),), **hour)
    certain = replace(long, events=(replace(long.events[0], contradictions=()),))
    assert Burden.of(certain).longest_s[Pattern.SEIZURE] == 299.0
    assert Burden.of(long).longest_s[Pattern.SEIZURE] == 0.0
    assert Burden.of(long).status.met is False


def test_where_all_is_uncertain_the_first_look_is_still_advised():
    uncertain = reading(events=(doubted(Pattern.GPD, 40.0),))
    assert "the least uncertain GPD" in summary.sentences(uncertain, Burden.of(uncertain))[1]
