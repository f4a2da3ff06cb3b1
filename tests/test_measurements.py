"""The rules that the scripts in `benchmarks/` measure by."""

import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from nasion.phantom import raters
from nasion.phantom.timeline import Span
from nasion.reading.event import Event
from nasion.terms import SFREQ, Pattern

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
estimates = import_module("estimates")
pasted = import_module("pasted")

DURATION_S = 120.0
SPAN = Span(30.0, 80.0)


@pytest.mark.parametrize("pattern", [Pattern.GPD, Pattern.LRDA])
def test_a_pasted_pattern_has_the_ratio_that_is_asked_for_and_soft_ends(pattern):
    rng = np.random.default_rng(3)
    piece = pasted.Piece.draw(rng, pattern)
    n = piece.potential.shape[1]
    assert pasted.SPAN_S[0] <= n / SFREQ <= pasted.SPAN_S[1]
    background = rng.normal(0, 20, (19, n)).cumsum(1) * 0.2
    for ratio in (0.5, 4.0):
        scaled = piece.scaled(ratio, background)
        both = pasted.seen(scaled), pasted.seen(background)
        assert raters.contrast(*both, piece.appearance) == pytest.approx(ratio, rel=0.1)
        assert not scaled[:, [0, -1]].any()
        assert piece.scaled(2 * ratio, background) == pytest.approx(2 * scaled)
    assert not piece.scaled(0.0, background).any()


def counts(*events):
    """Of a recording with an LPD pasted from 30 to 80 s in which these events were read."""
    n_steps = round(DURATION_S / 2)
    reading = SimpleNamespace(
        events=[Event(onset, stop - onset, pattern, 1.0, 1.0) for onset, stop, pattern in events],
        n_steps=n_steps,
        judged=np.ones(n_steps, bool),
        duration_s=DURATION_S,
    )
    return pasted.counted(reading, SPAN, Pattern.LPD)


def test_what_is_found_within_the_span_is_no_false_alarm_and_the_other_way_round():
    def outcome(*events):
        found = counts(*events)
        return found["some"], found["right"], found["false"]

    assert outcome() == (False, False, 0)
    assert outcome((28, 84, Pattern.LPD)) == (True, True, 0)
    assert outcome((34, 60, Pattern.GPD)) == (True, False, 0)
    assert outcome((34, 60, Pattern.GPD), (62, 80, Pattern.LPD)) == (True, True, 0)
    assert outcome((0, 34, Pattern.LPD)) == (False, False, 1)  # 4 s within
    assert outcome((0, 120, Pattern.LPD)) == (True, True, 1)  # found, and an alarm beside
    assert counts()["outside_h"] == pytest.approx(70 / 3600)


def test_a_difference_is_paired_and_people_are_resampled_with_all_their_rows():
    unit = np.repeat(np.arange(20), 3)
    level = np.repeat(np.random.default_rng(0).normal(0, 5, 20), 3)
    first, second = estimates.Ratio.mean(level, unit), estimates.Ratio.mean(level + 1, unit)
    assert second.minus(first) == "+1.000 (+1.000 to +1.000)"
    by_row = estimates.Ratio.mean(level, np.arange(60))
    assert first.draws.std() > 1.4 * by_row.draws.std()
