import itertools
from fractions import Fraction

import numpy as np
import pytest

from nasion.eeg.resample import resampled
from nasion.eeg.source import Track

RATES = ("128", "250", "256", "500", "512", "199.9", "1000", "200", "1024", "100")
ODD_RATES = ("333.333", "199.998", "256.0041", "511.99993", "4096.7")


def track(signals: np.ndarray, sfreq: str) -> Track:
    return Track(
        labels=tuple(f"c{row}" for row in range(len(signals))),
        sfreq=Fraction(sfreq),
        n_times=signals.shape[1],
        read=lambda rows, start, stop: signals[list(rows), start:stop],
    )


def length_at_200(source: Track) -> int:
    return round(source.n_times * 200 / source.sfreq)


@pytest.mark.parametrize("sfreq", [*RATES, "333.333"])
def test_pieces_equal_the_whole(sfreq):
    rng = np.random.default_rng(7)
    signals = 100 * rng.standard_normal((3, round(40 * float(sfreq)))).cumsum(axis=1)
    signals[0, 900:905] = np.nan
    signals[:, 2000:2600] = np.nan
    source = track(signals, sfreq)
    n_times = length_at_200(source)
    whole = resampled(source, (0, 1, 2), 0, n_times)
    cuts = np.unique([0, *rng.integers(0, n_times, 60), 1, n_times - 1, n_times])
    pieces = [resampled(source, (0, 1, 2), a, b) for a, b in itertools.pairwise(cuts)]
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), whole, atol=1e-4, rtol=0)


@pytest.mark.parametrize("sfreq", RATES)
def test_sines_keep_their_time_and_size(sfreq):
    rate = float(sfreq)
    times = np.arange(round(20 * rate)) / rate
    inner = slice(400, -400)
    for hertz in (1.0, 10.0, 30.0):
        source = track(np.sin(2 * np.pi * hertz * times + 0.3)[None], sfreq)
        result = resampled(source, (0,), 0, length_at_200(source))[0]
        expected = np.sin(2 * np.pi * hertz * np.arange(len(result)) / 200 + 0.3)
        np.testing.assert_allclose(result[inner], expected[inner], atol=2e-3)


@pytest.mark.parametrize("sfreq", ODD_RATES)
def test_odd_rates_are_met_within_20_parts_per_million(sfreq):
    ratio = track(np.zeros((1, 1)), sfreq).ratio
    assert abs(float(ratio * Fraction(sfreq)) / 200 - 1) < 20e-6
    assert max(ratio.numerator, ratio.denominator) <= 50_000


@pytest.mark.parametrize("sfreq", ["500", "1000", "512"])
def test_what_200_hz_cannot_hold_is_filtered(sfreq):
    rate = float(sfreq)
    source = track(np.sin(2 * np.pi * 130 * np.arange(round(10 * rate)) / rate)[None], sfreq)
    assert np.abs(resampled(source, (0,), 200, 1800)).max() < 1e-3


@pytest.mark.parametrize("sfreq", RATES)
def test_an_offset_of_the_amplifier_stays_constant(sfreq):
    source = track(np.full((1, round(10 * float(sfreq))), 1e5), sfreq)
    result = resampled(source, (0,), 0, length_at_200(source))
    np.testing.assert_allclose(result, 1e5, atol=1e-6)


def test_200_hz_passes_untouched():
    signals = np.random.default_rng(1).standard_normal((2, 500))
    signals[0, 7] = np.nan
    np.testing.assert_array_equal(
        resampled(track(signals, "200"), (1, 0), 3, 99), signals[::-1, 3:99]
    )


@pytest.mark.parametrize("sfreq", ["128", "256", "1000"])
def test_missing_samples_do_not_spread(sfreq):
    rate = float(sfreq)
    signals = np.sin(2 * np.pi * 3 * np.arange(round(30 * rate)) / rate)[None]
    lost = slice(round(10 * rate), round(20 * rate))
    holey = signals.copy()
    holey[0, lost] = np.nan
    clean = resampled(track(signals, sfreq), (0,), 0, 6000)[0]
    result = resampled(track(holey, sfreq), (0,), 0, 6000)[0]
    assert 1998 <= np.isnan(result).sum() <= 2002
    assert np.isnan(result[2002:3998]).all()
    away = np.r_[0:1950, 4050:6000]
    np.testing.assert_allclose(result[away], clean[away], atol=1e-9)
    near = np.r_[1950:1998, 4002:4050]
    assert np.abs(result[near] - clean[near]).max() < 0.25
