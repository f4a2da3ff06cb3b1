"""A page: the traces of a montage over some seconds, filtered as if the whole had been."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, iirnotch, sosfiltfilt, tf2sos

from nasion.display.display import Display
from nasion.display.montages import TRACES, Montage, traces
from nasion.eeg.margins import Margins
from nasion.terms import SFREQ

ORDER = 2  # of each edge, doubled by going forward and backward
NOTCH_Q = 25.0
BRIDGE = round(1.0 * SFREQ)  # samples; over a longer gap nothing is filtered
DECAYED = 5.0  # periods of the lowest frequency after which a cut is below 0.01 µV
LEAST_MARGIN_S = 3.0
LONGEST_S = 60.0
LOWEST_HZ, HIGHEST_HZ = 0.1, SFREQ / 2

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Filters:
    """Edges of the filters, Hz; 0 is off."""

    low_hz: float = 1.0
    high_hz: float = 70.0
    notch_hz: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what can't be filtered at 200 Hz."""
        if self.low_hz and not LOWEST_HZ <= self.low_hz < HIGHEST_HZ:
            raise ValueError(f"low_hz is 0 or from {LOWEST_HZ:g} to below {HIGHEST_HZ:g}")
        if self.high_hz and not (self.low_hz or LOWEST_HZ) < self.high_hz < HIGHEST_HZ:
            raise ValueError(f"high_hz is 0 or above low_hz and below {HIGHEST_HZ:g}")
        if self.notch_hz and not 1 <= self.notch_hz < HIGHEST_HZ:
            raise ValueError(f"notch_hz is 0 or from 1 to below {HIGHEST_HZ:g}")

    @property
    def margin_s(self) -> float:
        """Signal needed on either side of a page, so that it is that piece of the whole."""
        slowest_s = DECAYED / self.low_hz if self.low_hz else 0.0
        return max(slowest_s, LEAST_MARGIN_S) + BRIDGE / SFREQ


@dataclass(frozen=True)
class Page:
    """Traces from `start_s` on, shape (n_traces, n_times), µV at 200 Hz; NaN in gaps."""

    start_s: float
    names: tuple[str, ...]
    values: Array


def page(
    display: Display, start_s: float, duration_s: float, montage: Montage, filters: Filters
) -> Page:
    """Cut a page out of a recording; what lies outside of it is left away."""
    start = min(max(round(start_s * SFREQ), 0), display.n_times)
    stop = min(max(round((start_s + duration_s) * SFREQ), start), display.n_times)
    margins = Margins.around(start, stop, display.n_times, margin_s=filters.margin_s)
    signals = filtered(traces(display.signals(margins.first, margins.last), montage), filters)
    return Page(start / SFREQ, TRACES[montage], margins.cut(signals))


def filtered(rows: Array, filters: Filters) -> Array:
    """Filter each stretch between long gaps by itself; NaN stays where it was.

    A stretch depends on nothing beyond the gap that ends it, so a page next to a gap is the same
    wherever its signal was cut.
    """
    sos = _design(filters)
    if not len(sos) or not rows.shape[1]:
        return rows
    gaps = np.isnan(rows)
    if not gaps.any():
        return _zero_phase(rows, sos)
    result = np.full_like(rows, np.nan)
    complete = ~gaps.any(1)
    if complete.any():
        result[complete] = _zero_phase(rows[complete], sos)
    for row in np.flatnonzero(~complete & ~gaps.all(1)):
        for begin, end in _stretches(gaps[row]):
            piece, gap = rows[row, begin:end], gaps[row, begin:end]
            times = np.arange(end - begin)
            bridged = np.interp(times, times[~gap], piece[~gap])
            result[row, begin:end] = np.where(gap, np.nan, _zero_phase(bridged[None], sos)[0])
    return result


def _stretches(gap: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Begin and end of what lies between gaps too long to bridge."""
    places = np.flatnonzero(~gap)
    breaks = np.flatnonzero(np.diff(places) > BRIDGE)
    begins = places[np.concatenate([[0], breaks + 1])]
    ends = places[np.concatenate([breaks, [len(places) - 1]])] + 1
    return list(zip(begins.tolist(), ends.tolist(), strict=True))


@lru_cache(maxsize=32)
def _design(filters: Filters) -> NDArray[np.float64]:
    parts = []
    if filters.low_hz:
        parts.append(butter(ORDER, filters.low_hz, "highpass", fs=SFREQ, output="sos"))
    if filters.high_hz:
        parts.append(butter(ORDER, filters.high_hz, "lowpass", fs=SFREQ, output="sos"))
    if filters.notch_hz:
        parts.append(tf2sos(*iirnotch(filters.notch_hz, NOTCH_Q, fs=SFREQ)))
    return np.concatenate(parts) if parts else np.empty((0, 6))


def _zero_phase(rows: NDArray[np.floating], sos: NDArray[np.float64]) -> Array:
    padlen = min(round(SFREQ / 2), rows.shape[1] - 1)
    return sosfiltfilt(sos, rows, axis=1, padlen=padlen).astype(np.float32)
