"""Evolution: followed where the rate changes, and none where it does not."""

import numpy as np
import pytest

from nasion.events import evolution

SFREQ, DURATION_S = 50.0, 60.0
TIME = np.arange(round(DURATION_S * SFREQ)) / SFREQ
BAND_HZ = (0.7, 12.0)


def background(seed=0, size_uv=8.0):
    rng = np.random.default_rng(seed)
    white = rng.normal(size=(18, TIME.size)) + 0.7 * rng.normal(size=TIME.size)
    frequency = np.fft.rfftfreq(TIME.size, 1 / SFREQ)
    pink = np.fft.irfft(np.fft.rfft(white) / np.maximum(frequency, 0.5), TIME.size)
    return size_uv * pink / pink.std()


def rhythm(rates_hz, rows=range(4), size_uv=60.0, seed=0):
    """Swing at a rate that goes from one to the next, in some derivations."""
    marks = np.linspace(0, DURATION_S, len(rates_hz))
    rate = np.exp(np.interp(TIME, marks, np.log(rates_hz)))
    signals = background(seed)
    signals[list(rows)] += size_uv * np.cos(2 * np.pi * np.cumsum(rate) / SFREQ)
    return signals, lambda time_s: np.exp(np.interp(time_s, marks, np.log(rates_hz)))


@pytest.mark.parametrize("rates_hz", [(9.0, 4.0, 2.0), (2.0, 5.0), (1.0, 3.0, 1.5)])
def test_a_changing_rate_is_followed_and_evolves(rates_hz):
    signals, truth = rhythm(rates_hz)
    course = evolution.follow(signals, SFREQ, BAND_HZ)
    wrong = np.abs(np.log(course.rate_hz / truth(course.time_s)))
    assert np.isfinite(wrong).mean() > 0.9
    assert np.nanmedian(wrong) < 0.08
    assert evolution.evolves(course)
    assert course.mean_hz == pytest.approx(truth(course.time_s).mean(), rel=0.1)


@pytest.mark.parametrize("rate_hz", [1.0, 2.0, 3.5, 6.0])
def test_a_steady_rhythm_does_not_evolve(rate_hz):
    course = evolution.follow(rhythm((rate_hz,))[0], SFREQ, BAND_HZ)
    assert np.nanmax(np.abs(course.rate_hz / rate_hz - 1)) < 0.1
    assert not evolution.evolves(course)


def test_a_rate_that_comes_and_goes_once_has_no_two_changes_in_one_direction():
    course = evolution.follow(rhythm((2.0, 2.7, 2.0))[0], SFREQ, BAND_HZ)
    assert not evolution.evolves(course)


def test_spread_evolves():
    signals, _ = rhythm((2.0,))
    wave = 60 * np.cos(2 * np.pi * 2.0 * TIME)
    for row in range(4, 18):
        signals[row] += wave * (3.0 * row < TIME)
    course = evolution.follow(signals, SFREQ, BAND_HZ)
    assert course.involved[2].sum() < course.involved[-3].sum() - 8
    assert evolution.evolves(course)


def test_gain_polarity_and_order_do_not_matter():
    signals, _ = rhythm((6.0, 2.0))
    one = evolution.follow(signals, SFREQ, BAND_HZ)
    for factor in (-1.0, 0.2, 5.0):
        other = evolution.follow(factor * signals[::-1], SFREQ, BAND_HZ)
        np.testing.assert_allclose(other.rate_hz, one.rate_hz, rtol=1e-6)
        assert (other.involved == one.involved[:, ::-1]).mean() > 0.99


def test_silence_and_noise_have_no_course():
    for signals in (np.zeros((18, 500)), np.random.default_rng(0).normal(size=(18, 1500))):
        course = evolution.follow(signals, SFREQ, BAND_HZ)
        assert course.mean_hz is None
        assert not evolution.evolves(course)


def test_less_than_a_window_is_one_step():
    assert evolution.follow(background()[:, :100], SFREQ, BAND_HZ).time_s.shape == (1,)
