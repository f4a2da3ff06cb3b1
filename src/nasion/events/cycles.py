"""Cycles: how often the strongest course of a rhythm swings, by autocorrelation and then by count.

The course is the first principal component over derivations. The first high peak of its
autocorrelation gives the length of a cycle (the first, since every multiple has one too);
zero crossings of the course, smoothed over part of a cycle, are then counted, as waves differ.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

FIRST_SHARE = 0.8  # of the highest peak: the first one so high is the cycle
SMOOTH_SHARE = 0.6  # of a cycle
ROUNDS = 2
LEAST_PEAK = 0.1  # of the autocorrelation at lag 0: below it nothing repeats


def find(
    pieces: Sequence[Array], sfreq: float, band_hz: tuple[float, float]
) -> tuple[float | None, Array]:
    """Rate and size of the rhythm in some pieces.

    Parameters
    ----------
    pieces
        Shapes (n_derivations, any), filtered, µV.
    band_hz
        Rates that may be.

    Returns
    -------
    rate_hz, power
        Cycles a second, None where nothing repeats; mean square in each derivation.
    """
    signals = np.concatenate(pieces, 1)
    signals = signals - signals.mean(1, keepdims=True)
    covariance = signals @ signals.T / signals.shape[1]
    power = np.asarray(covariance.diagonal(), np.float32)
    axis = np.linalg.eigh(covariance)[1][:, -1]
    courses = [axis @ piece for piece in pieces]
    rate = _repetition(courses, sfreq, band_hz)
    for _ in range(ROUNDS):
        rate = rate and _counted_hz(courses, sfreq, rate)
    return rate, power


def _repetition(
    courses: Sequence[Array], sfreq: float, band_hz: tuple[float, float]
) -> float | None:
    """First high peak of the autocorrelation, Hz."""
    low, high = band_hz
    first, last = max(int(sfreq / high), 1), int(sfreq / low) + 1
    total = np.zeros(last + 2)
    for course in courses:
        centred = course - course.mean()
        n = centred.size
        spectrum = np.fft.rfft(centred, 2 * n)
        product = np.fft.irfft(np.abs(spectrum) ** 2)[:n]
        product *= n / np.maximum(n - np.arange(n), 0.3 * n)  # fewer samples at long lags
        size = min(n, total.size)
        # Large pieces count more, but not by the square of their amplitude.
        total[:size] += product[:size] * np.sqrt(n / (product[0] + 1e-12))
    if total[0] <= 0:
        return None
    total /= total[0]
    lags = np.arange(first, last + 1)
    peaks = lags[(total[lags] >= total[lags - 1]) & (total[lags] > total[lags + 1])]
    if not peaks.size or total[peaks].max() < LEAST_PEAK:
        return None
    lag = int(peaks[total[peaks] >= FIRST_SHARE * total[peaks].max()][0])
    before, peak, after = total[lag - 1 : lag + 2]
    bend = before - 2 * peak + after
    return float(sfreq / (lag + ((before - after) / (2 * bend) if bend else 0.0)))


def _counted_hz(courses: Sequence[Array], sfreq: float, rate_hz: float) -> float | None:
    """Half of the zero crossings a second of the smoothed courses; their sign means nothing."""
    window = np.hanning(int(SMOOTH_SHARE / rate_hz * sfreq) + 2)
    halves, samples = 0, 0
    for course in courses:
        smooth = np.convolve(course, window, mode="same")
        crossings = np.flatnonzero(np.diff(np.signbit(smooth - smooth.mean())))
        if crossings.size > 2:
            halves += crossings.size - 1
            samples += int(crossings[-1] - crossings[0])
    return sfreq * halves / (2 * samples) if halves else None
