"""Any piece of the channels of a source at 200 Hz.

The filter is designed once a rate, has zero phase and no delay, and every output depends on its
neighbourhood alone: a piece equals that piece of the whole. Missing samples and the ends of the
recording weigh nothing (normalised convolution: the filtered signal over the filtered weights), so
that neither NaN nor an invented continuation spreads.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy.signal import upfirdn

from nasion.eeg.source import Array, Track

HALF_PERIODS = 16  # of the slower of the two rates, on each side
CUTOFF = 0.88  # of the lower Nyquist frequency: flat to 0.72, 70 dB down at 1.04 of it
KAISER_BETA = 7.0
LEAST_WEIGHT = 0.05  # below it too few samples are left to tell the value


def resampled(track: Track, rows: Sequence[int], start: int, stop: int) -> Array:
    """Give samples start..stop at 200 Hz of some channels, shape (rows, stop - start)."""
    up, down = track.ratio.as_integer_ratio()
    if up == down or stop <= start:
        return track.read(rows, start, stop)
    kernel = _kernel(up, down)
    half = len(kernel) // 2
    first = max(-((half - start * down) // up), 0)
    last = min(((stop - 1) * down + half) // up, track.n_times - 1)
    signals = track.read(rows, first, last + 1)

    # Output k is entry (k * down - first * up + half) of the full convolution; leading zeros put
    # these entries on the multiples of `down` that upfirdn computes.
    offset = start * down - first * up + half
    lead = -offset % down
    kernel = np.concatenate([np.zeros(lead), kernel])
    entries = slice((offset + lead) // down, (offset + lead) // down + stop - start)

    def convolved(values: Array) -> Array:
        return upfirdn(kernel, values, up, down)[..., entries]

    finite = ~np.isnan(signals)
    nearest = (2 * np.arange(start, stop) * down + up) // (2 * up)
    nearest = np.minimum(nearest, track.n_times - 1) - first
    if finite.all():
        inner = start * down >= half and (stop - 1) * down + half <= (track.n_times - 1) * up
        result = convolved(signals)
        return result if inner else result / convolved(np.ones(signals.shape[1]))
    sampled = finite[:1] if (finite == finite[:1]).all() else finite
    weight = convolved(sampled.astype(np.float64))
    reliable = sampled[:, nearest] & (weight > LEAST_WEIGHT)
    # Where the file has more samples, each that is missing takes the output beside it along.
    lost = ~sampled
    places = (2 * (np.arange(first, last + 1) * up) + down) // (2 * down) - start
    inside = (places >= 0) & (places < stop - start)
    for row in np.flatnonzero(lost.any(axis=1)):
        reliable[row, places[lost[row] & inside]] = False
    result = convolved(np.where(finite, signals, 0.0))
    return np.where(reliable, result / np.where(reliable, weight, 1.0), np.nan)


@lru_cache(maxsize=16)
def _kernel(up: int, down: int) -> Array:
    """Kaiser-windowed sinc at `up` times the rate of the file; each phase sums to one."""
    slower = max(up, down)
    half = HALF_PERIODS * slower
    times = np.arange(-half, half + 1) / slower
    kernel = np.sinc(CUTOFF * times) * np.kaiser(2 * half + 1, KAISER_BETA)
    # An offset of the amplifier may be 1000 times the EEG: it must come out constant.
    phases = np.resize(np.arange(up), len(kernel))
    return kernel / np.bincount(phases, weights=kernel)[phases]
