"""What is measured of a montage: against all electrodes, segment by segment."""

import numpy as np
import pytest

from nasion.accuracy import MOST_ABOVE
from nasion.eeg.montage import Montage
from nasion.evaluation.metrics import divergence
from nasion.evaluation.montages import measured
from nasion.terms import EVENTFUL, PATTERNS, Pattern

N = 60
RNG = np.random.default_rng(0)
TARGET = RNG.dirichlet(np.full(len(PATTERNS), 0.3), N)
UNIT = np.repeat(np.arange(N // 2), 2)
FULL = (TARGET + 0.05) / (TARGET + 0.05).sum(1, keepdims=True)


def test_all_electrodes_cost_nothing_and_are_judged():
    row = measured(Montage(), TARGET, UNIT, FULL[None], FULL)
    assert (row.above, row.above_ci95, row.untold) == (0.0, (0.0, 0.0), ())
    assert (row.n, row.patients, row.electrodes, row.bipolar) == (N, N // 2, 19, False)
    assert row.kld == pytest.approx(divergence(TARGET, FULL).mean())
    assert row.kld_ci95[0] < row.kld < row.kld_ci95[1]
    assert sum(one.n for one in row.patterns.values()) == N


def test_what_is_no_longer_told_apart_is_not_judged():
    blurred = FULL.copy()
    pair = [PATTERNS.index(Pattern.LPD), PATTERNS.index(Pattern.GPD)]
    blurred[:, pair] = blurred[:, pair[::-1]]  # each taken for the other
    row = measured(Montage(), TARGET, UNIT, np.stack([blurred, blurred]), FULL)
    assert row.above_ci95[1] > MOST_ABOVE
    assert {Pattern.LPD, Pattern.GPD} <= set(row.untold)
    assert row.patterns[Pattern.LPD].recall < 0.5
    swapped = {name: row.patterns[name].above for name in (Pattern.LPD, Pattern.SEIZURE)}
    assert swapped[Pattern.LPD] > swapped[Pattern.SEIZURE]


def test_patterns_of_too_few_patients_have_no_limit_and_are_not_judged():
    certain = np.eye(len(PATTERNS))[np.where(UNIT == 0, 1, 5)]
    flat = np.full((1, N, len(PATTERNS)), 1 / len(PATTERNS))
    row = measured(Montage(), certain, UNIT, flat, (certain + 0.01) / 1.06)
    assert row.patterns[Pattern.LPD].n == 2
    assert row.patterns[Pattern.LPD].most_above is None
    assert row.patterns[Pattern.GPD].recall is None
    assert set(row.untold) == set(EVENTFUL)
