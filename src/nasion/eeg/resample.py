"""Channels at the rate of their file, and any piece of them at 200 Hz.

The filter is designed once a rate, has zero phase and no delay, and every output depends on its
neighbourhood alone: a piece equals that piece of the whole. Missing samples and the ends of the
recording weigh nothing (normalised convolution: the filtered signal over the filtered weights), so
that neither NaN nor an invented continuation spreads.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import upfirdn

from nasion.eeg.remarks import Remark
from nasion.terms import SFREQ

Array = NDArray[np.float64]

LARGEST_FACTOR = 50_000  # of up- or down-sampling; a rate is met within 20 parts per million
HALF_PERIODS = 16  # of the slower of the two rates, on each side
CUTOFF = 0.88  # of the lower Nyquist frequency: flat to 0.72, 70 dB down at 1.04 of it
KAISER_BETA = 7.0
LEAST_WEIGHT = 0.05  # below it too few samples are left to tell the value


@dataclass(frozen=True)
class Track:
    """Channels of one rate.

    Parameters
    ----------
    n_times
        Samples at `sfreq`, gaps included.
    read
        `read(rows, start, stop)` gives float64 microvolts, shape (rows, stop - start), NaN in gaps.
    unusable
        Of each channel, whether it holds nothing: all NaN, one value throughout, or a header
        without a range. Empty where all are well.
    odd_units
        Of each channel, the unit that is no voltage, "" where none is stated, None where all is
        well. Empty where all are.
    """

    labels: tuple[str, ...]
    sfreq: Fraction
    n_times: int
    read: Callable[[Sequence[int], int, int], Array] = field(repr=False)
    unusable: tuple[bool, ...] = ()
    odd_units: tuple[str | None, ...] = ()

    @cached_property
    def ratio(self) -> Fraction:
        """Samples at 200 Hz for each sample, a quotient of small numbers."""
        exact = Fraction(SFREQ) / self.sfreq
        if max(exact.numerator, exact.denominator) <= LARGEST_FACTOR:
            return exact
        if exact < 1:
            return exact.limit_denominator(LARGEST_FACTOR)
        return 1 / (1 / exact).limit_denominator(LARGEST_FACTOR)


@dataclass(frozen=True)
class Source:
    """What a file holds, before electrodes are told apart."""

    path: str  # as error messages name it
    name: str
    tracks: tuple[Track, ...]
    duration_s: float
    start: datetime | None = None
    gaps_s: tuple[tuple[float, float], ...] = ()
    annotations: tuple[tuple[float, float, str], ...] = ()
    warnings: tuple[Remark, ...] = ()
    ignored: tuple[str, ...] = ()  # what it holds besides the tracks


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

    known = ~np.isnan(signals)
    nearest = (2 * np.arange(start, stop) * down + up) // (2 * up)
    nearest = np.minimum(nearest, track.n_times - 1) - first
    if known.all():
        inner = start * down >= half and (stop - 1) * down + half <= (track.n_times - 1) * up
        result = convolved(signals)
        return result if inner else result / convolved(np.ones(signals.shape[1]))
    common = known[:1] if (known == known[:1]).all() else known
    weight = convolved(common.astype(np.float64))
    keep = common[:, nearest] & (weight > LEAST_WEIGHT)
    result = convolved(np.where(known, signals, 0.0))
    return np.where(keep, result / np.where(keep, weight, 1.0), np.nan)


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
