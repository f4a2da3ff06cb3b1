from fractions import Fraction

import numpy as np
import pytest
from made_edf import eeg

from nasion.eeg.amplitude import misfits, probe
from nasion.eeg.source import Source, Track

N_TIMES = 200 * 60


def source_of(signals: np.ndarray, gaps_s=()) -> Source:
    def read(rows, start, stop):
        return signals[list(rows), start:stop]

    labels = tuple(f"X{row}" for row in range(len(signals)))
    track = Track(labels, Fraction(200), signals.shape[1], read)
    return Source("made", "made", (track,), signals.shape[1] / 200, gaps_s=gaps_s)


def found(signals: np.ndarray, stated=None, **source):
    made = source_of(signals, **source)
    places = [(made.tracks[0], row) for row in range(len(signals))]
    answer = misfits(probe(made, places), stated or [1.0] * len(signals))
    return {number: misfit.factor for number, misfit in answer.items()}


def of_one_head(n_chans: int = 19, seed: int = 0) -> np.ndarray:
    mix = np.random.default_rng(seed).standard_normal((n_chans, 4)) + 1.0
    return mix @ eeg(N_TIMES, 4, seed) + 0.1 * eeg(N_TIMES, n_chans, seed + 1)


@pytest.mark.parametrize("factor", [1e3, 1e-3, 1e6, 1e-6])
@pytest.mark.parametrize("wrong", [(4,), tuple(range(9)), tuple(range(4, 19))])
def test_a_wrong_unit_is_undone_by_what_the_others_show(factor, wrong):
    signals = of_one_head()
    signals[list(wrong)] *= factor
    assert found(signals) == pytest.approx(dict.fromkeys(wrong, 1 / factor))


def test_a_unit_that_the_header_explains_needs_no_other_evidence():
    signals = eeg(N_TIMES, 19)  # channels that have nothing in common
    signals[:9] *= 1e3
    assert found(signals) == dict.fromkeys(range(9), 0)
    assert found(signals, [1e3] * 9 + [1.0] * 10) == dict.fromkeys(range(9), 1e-3)


@pytest.mark.parametrize("factor", [30.0, 0.02, 100.0])
def test_what_is_less_than_a_thousand_is_no_unit(factor):
    signals = of_one_head()
    signals[:8] *= factor
    assert found(signals) == {}


def test_what_was_kept_in_too_few_steps_is_missing():
    signals = of_one_head()
    signals[4] = np.round(signals[4] / 1000 * 10) / 10
    assert found(signals) == {4: 0}


def test_a_flat_or_noisy_input_is_no_unit():
    signals = of_one_head()
    signals[3] = 0.0
    signals[4] = np.nan
    signals[5] = 0.02 * np.random.default_rng(5).standard_normal(N_TIMES)
    assert found(signals) == {}


def test_a_contact_that_comes_and_goes_is_no_unit():
    signals = of_one_head()
    signals[7, : N_TIMES // 2] *= 1e3
    assert found(signals) == {}


def test_pieces_lie_where_something_was_recorded():
    signals = of_one_head()
    long = np.full((19, 200 * 3600), np.nan)
    long[:, : N_TIMES // 2] = signals[:, : N_TIMES // 2]
    long[:, -N_TIMES // 2 :] = signals[:, N_TIMES // 2 :]
    made = source_of(long, gaps_s=((30.0, 3540.0),))
    probed = probe(made, [(made.tracks[0], row) for row in range(19)])
    assert np.isfinite(probed.amplitudes).all()
    assert not probed.dead.any()
