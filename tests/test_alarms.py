"""Thresholds are chosen from what was measured of a model, and never promise what it can't give."""

import json
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abouts import about, alarms
from nasion.alarms import Curve, choose
from nasion.contract import About
from nasion.errors import NasionError
from nasion.events.runs import DEFAULT
from nasion.models.card import card
from nasion.terms import EVENTFUL, Pattern

# Of few digits, so that sums are exact.
RATES, SHARES = (st.integers(0, 8 * most).map(lambda n: n / 8) for most in (40, 1))
BEARABLE = st.integers(1, 320).map(lambda n: n / 8)
POINTS = st.lists(st.tuples(RATES, SHARES), min_size=1, max_size=3)


def curve(**courses):
    return Curve.model_validate_json(json.dumps(alarms(**courses)))


@given(points=st.lists(POINTS, min_size=5, max_size=5), bearable=BEARABLE)
def test_of_all_thresholds_that_keep_to_the_number_those_are_chosen_that_find_most(
    points, bearable
):
    names = [str(pattern) for pattern in EVENTFUL]
    given_curve = curve(**dict(zip(names, points, strict=True)))
    possible = [
        sum(share for _, share in combination)
        for combination in product(*points)
        if sum(rate for rate, _ in combination) <= bearable
    ]
    choice = given_curve.choice(bearable)
    assert (choice is None) == (not possible)
    if choice is None:
        assert given_curve.least > bearable
        return
    assert choice.false_a_day <= bearable + 1e-6
    assert sum(point.found for point in choice.points.values()) == pytest.approx(max(possible))
    for name, point in choice.points.items():
        assert point in given_curve.patterns[name].points


@given(points=st.lists(POINTS, min_size=5, max_size=5), numbers=st.tuples(BEARABLE, BEARABLE))
def test_who_bears_more_finds_no_less(points, numbers):
    names = [str(pattern) for pattern in EVENTFUL]
    given_curve = curve(**dict(zip(names, points, strict=True)))
    few, many = (given_curve.choice(number) for number in sorted(numbers))
    if few is not None:
        shares = [sum(point.found for point in one.points.values()) for one in (few, many)]
        assert shares[0] <= shares[1] + 1e-6


def test_what_the_curve_cant_give_is_refused_with_its_least():
    given_curve = curve(gpd=[(9.0, 0.9), (2.25, 0.5)])
    assert choose(given_curve, 2.3, "m").thresholds[Pattern.GPD] == pytest.approx(0.6)
    with pytest.raises(NasionError, match=r"in 960 h to give 2\.3 false events a day at the"):
        choose(given_curve, 2.0, "m")
    few_hours = given_curve.model_copy(update={"hours": 4.0})  # in which one is 6 a day
    assert few_hours.choice(6.0) is not None
    with pytest.raises(NasionError, match=r"6\.0 false events a day at the least, not 5"):
        choose(few_hours, 5, "m")
    with pytest.raises(NasionError, match="holds no curve of false alarms"):
        choose(None, 2.0, "m")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"hours": 0}, "hours"),
        ({"patterns": {}}, "needs each of seizure"),
        ({"more": 1}, "more"),
    ],
)
def test_a_curve_that_is_none_is_no_part_of_a_model(change, word):
    content = {**about().as_dict(), "alarms": {**alarms(), **change}}
    with pytest.raises(NasionError, match=word):
        About.from_dict(content, "t.json")


def test_thresholds_that_do_not_rise_are_refused():
    content = alarms()
    content["patterns"]["lpd"]["points"].reverse()
    with pytest.raises(NasionError, match="must rise"):
        About.from_dict({**about().as_dict(), "alarms": content}, "t.json")


def test_a_model_keeps_its_curve_and_its_card_shows_it():
    model = about(alarms=alarms())
    assert About.from_dict(model.as_dict(), "x") == model
    assert "| GPD | 9 | 0.60 | 1.0 | 0.500 |" in card(model)
    assert "alarms" not in about().as_dict()
    assert model.identity == about().identity


def test_events_use_the_chosen_thresholds_and_their_settings_say_so():
    model = about(alarms=alarms(seizure=[(30.0, 0.9), (0.0, 0.2)]))
    chosen = DEFAULT.bearing(model, 8.0)
    assert chosen.enter_of(Pattern.SEIZURE) == 0.6
    assert chosen.enter_of(Pattern.LPD) == 0.5
    assert json.loads(json.dumps(chosen.as_dict()))["enters"]["seizure"] == 0.6
    assert chosen.as_dict()["false_alarms"] == 8.0
    assert DEFAULT.bearing(about(), None) is DEFAULT
    assert DEFAULT.as_dict()["false_alarms"] is None
