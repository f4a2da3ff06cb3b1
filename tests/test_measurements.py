"""The rules that the scripts in `benchmarks/` measure by."""

from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from nasion.phantom import raters
from nasion.phantom.timeline import Span
from nasion.reading.event import Event
from nasion.simulation import Person
from nasion.terms import COLUMNS, PATTERNS, SFREQ, Pattern

# Left on the path, the scripts would hide installed packages of their names from other tests.
with pytest.MonkeyPatch.context() as patched:
    patched.syspath_prepend(Path(__file__).parents[1] / "benchmarks")
    estimates, pasted, probes, shifts, weights = map(
        import_module, ("estimates", "pasted", "probes", "shifts", "weights")
    )

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


def test_each_person_is_read_by_what_held_them_out():
    lender = Person("awake", 7)
    crossed = weights.Weights("run", None, {lender.patient_id: "1", 11001: "2", 8: "0"})
    assert crossed.fold(7, weights.AWAKE) == "1"
    assert crossed.fold(11001) == "2"
    assert crossed.fold(11001, weights.VECAMS) == "2"
    assert crossed.fold(7) == ""
    assert crossed.fold(8, weights.AWAKE) == ""  # another 8 than the simulated one
    assert not crossed.reads(8, weights.AWAKE)
    assert crossed.whole.reads(8, weights.AWAKE)


def test_a_probe_finds_a_planted_shortcut_and_none_where_labels_are_shuffled(monkeypatch):
    monkeypatch.setattr(probes, "TREES", 30)
    rng = np.random.default_rng(2)
    patient = np.repeat(np.arange(80), 3)
    truth = rng.integers(len(PATTERNS), size=len(patient))
    is_other = truth == PATTERNS.index(Pattern.OTHER)
    length_s = np.where(is_other & (rng.random(len(truth)) < 0.8), 10.0, 50.0)
    table = pd.DataFrame({"s": length_s})
    _, low, _ = probes.areas(table, truth, patient)["any pattern"]
    assert low > 0.7
    _, low, _ = probes.areas(table, rng.permutation(truth), patient)["any pattern"]
    assert low < 0.5


def test_the_area_is_that_of_rows_repeated_as_often_as_they_weigh():
    rng = np.random.default_rng(0)
    is_own, score = rng.random(60) < 0.4, rng.integers(8, size=60) / 8
    weights = rng.integers(3, size=(2, 60))
    for row, area in zip(weights, probes.area(is_own, score, weights), strict=True):
        assert area == pytest.approx(roc_auc_score(is_own.repeat(row), score.repeat(row)))


def test_amplitude_beside_a_label_is_of_seconds_apart_from_it():
    rng = np.random.default_rng(0)
    quiet = rng.normal(0, 5, (19, round(50 * SFREQ)))
    loud = quiet.copy()
    loud[:, round(15 * SFREQ) : round(35 * SFREQ)] *= 20
    assert probes.beside(loud, 25.0) == pytest.approx(probes.beside(quiet, 25.0))
    assert probes.amplitude(loud) > 2 + probes.amplitude(quiet)
    assert np.isnan(probes.beside(quiet[:, : round(10 * SFREQ)], 5.0))


@pytest.mark.parametrize("name", shifts.SHIFTS)
def test_a_shift_keeps_length_and_what_is_missing(name):
    signals = np.random.default_rng(0).normal(0, 30, (len(COLUMNS), round(10 * SFREQ)))
    signals[-1] = np.nan
    before = signals.copy()
    made, sfreq = shifts.SHIFTS[name](signals, np.random.default_rng(1))
    assert np.array_equal(signals, before, equal_nan=True)
    assert made.shape[1] / sfreq == pytest.approx(10.0)
    assert np.isnan(made[-1]).all()
    assert not np.array_equal(made[:-1], signals[:-1])
