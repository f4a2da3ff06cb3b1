"""Zero-phase Butterworth filters over signals with gaps."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from nasion.terms import SFREQ

# Filtering pieces of a recording needs this much signal on either side: the error of the cut
# decays below 0.001 µV by then, while 5 s still leave 0.008 µV.
HALO_S = 10.0


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


def _zero_phase(signals: NDArray, sos: NDArray[np.float64]) -> NDArray[np.float64]:
    # scipy's default extension, which the spectrograms of HMS show, as far as the signal allows.
    zeros = min(int((sos[:, 2] == 0).sum()), int((sos[:, 5] == 0).sum()))
    padlen = min(3 * (2 * len(sos) + 1 - zeros), signals.shape[-1] - 1)
    return sosfiltfilt(sos, signals, axis=-1, padlen=padlen)


def bridge(signals: NDArray) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Draw straight lines across NaN so that filters do not ring or spread it.

    Returns
    -------
    The bridged signals and where NaN was, both of the shape given; rows without any sample are 0.
    """
    gaps = np.isnan(signals)
    bridged = signals.astype(np.float64)
    for row, gap in zip(bridged, gaps, strict=True):
        if gap.all():
            row[:] = 0.0
        elif gap.any():
            times = np.arange(len(row))
            row[gap] = np.interp(times[gap], times[~gap], row[~gap])
    return bridged, gaps
