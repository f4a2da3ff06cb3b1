"""Zero-phase filters over signals with gaps.

Butterworth filters run forward and backward. That doubles their order: of order 4 they fall as one
of order 8, and an edge of a band, where one pass leaves half of the power, keeps a quarter (-6 dB).
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, firwin, kaiserord, oaconvolve, sosfiltfilt

from nasion.terms import SFREQ

LONGEST_LINE_S = 20.0  # of gaps that a straight line crosses
CROSSING_S = 5.0  # of a longer one, in its middle: a step of 1000 µV there is below 0.001 µV beside

FLAT = 0.9  # of the Nyquist frequency: what decimation may fold is taken out above
DAMPED_DB = 60.0  # at the Nyquist frequency


@lru_cache
def _design(order: int, band_hz: tuple[float, float], kind: str) -> NDArray[np.float64]:
    low, high = band_hz
    if kind == "bandpass" and low == 0:
        return butter(order, high, "lowpass", fs=SFREQ, output="sos")
    return butter(order, band_hz, kind, fs=SFREQ, output="sos")


def band_pass(signals: NDArray, band_hz: tuple[float, float], order: int) -> NDArray[np.float64]:
    """Keep a band; `band_hz` (0, high) is a low-pass. Shape (..., n_times) at 200 Hz, finite."""
    return _zero_phase(signals, _design(order, band_hz, "bandpass"))


def band_stop(signals: NDArray, band_hz: tuple[float, float], order: int) -> NDArray[np.float64]:
    """Remove a band. Shape (..., n_times) at 200 Hz, finite."""
    return _zero_phase(signals, _design(order, band_hz, "bandstop"))


def anti_alias(signals: NDArray, sfreq: float) -> NDArray[np.float64]:
    """Take out what decimation to `sfreq` would fold; flat to `FLAT` of its Nyquist frequency.

    A symmetric kernel of about 2 s, so without delay. Shape (n_rows, n_times) at 200 Hz, finite.
    """
    kernel = _kernel(sfreq)
    half = len(kernel) // 2
    extended = np.pad(signals, ((0, 0), (half, half)), "reflect", reflect_type="odd")
    return oaconvolve(extended, kernel[None], "valid", axes=-1)


@lru_cache
def _kernel(sfreq: float) -> NDArray[np.float64]:
    nyquist_hz = sfreq / 2
    n_taps, beta = kaiserord(DAMPED_DB, (1 - FLAT) * nyquist_hz / (SFREQ / 2))
    return firwin(n_taps | 1, (1 + FLAT) / 2 * nyquist_hz, window=("kaiser", beta), fs=SFREQ)


def _zero_phase(signals: NDArray, sos: NDArray[np.float64]) -> NDArray[np.float64]:
    # scipy's default extension, which the spectrograms of HMS show, as far as the signal allows.
    zeros = min(int((sos[:, 2] == 0).sum()), int((sos[:, 5] == 0).sum()))
    padlen = min(3 * (2 * len(sos) + 1 - zeros), signals.shape[-1] - 1)
    return sosfiltfilt(sos, signals, axis=-1, padlen=padlen)


def bridge(signals: NDArray) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Lead across NaN so that filters neither ring nor spread it.

    A straight line crosses a gap of up to 20 s. Either side of a longer one, or of one that
    reaches an end of the signals, holds its value; 5 s in the middle lead from one to the other.
    So pieces with the margins of `nasion.eeg.margins` equal the whole, wherever gaps are.

    Parameters
    ----------
    signals
        Shape (n_rows, n_times) at 200 Hz.

    Returns
    -------
    The bridged signals and where NaN was, both of the shape given; rows without any sample are 0.
    """
    gaps = np.isnan(signals)
    bridged = signals.astype(np.float64)
    for row in np.flatnonzero(gaps.any(axis=1)).tolist():
        _bridge_row(bridged[row], gaps[row])
    return bridged, gaps


def _bridge_row(row: NDArray[np.float64], gap: NDArray[np.bool_]) -> None:
    """Fill the gaps of one row in place."""
    if gap.all():
        row[:] = 0.0
        return
    changes = np.flatnonzero(np.diff(gap, prepend=False, append=False))
    starts, stops = changes[::2], changes[1::2]
    edges = np.concatenate([starts - 1, stops])
    edges = np.unique(edges[(edges >= 0) & (edges < len(row))])  # samples beside gaps
    row[gap] = np.interp(np.flatnonzero(gap), edges, row[edges])
    inner = (starts > 0) & (stops < len(row)) & (stops - starts > round(LONGEST_LINE_S * SFREQ))
    length = round(CROSSING_S * SFREQ)
    ramp = (1 - np.cos(np.pi * (np.arange(length) + 0.5) / length)) / 2
    for start, stop in zip(starts[inner].tolist(), stops[inner].tolist(), strict=True):
        before, after = row[start - 1], row[stop]
        first = (start + stop - length) // 2
        row[start:first] = before
        row[first : first + length] = before + (after - before) * ramp
        row[first + length : stop] = after
