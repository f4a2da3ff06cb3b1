"""Trends: amplitude (aEEG) of either side and their asymmetry, a value every step.

The aEEG follows the cerebral function monitor: C3-P3 and C4-P4, 2-15 Hz, rectified, as the lowest
and the highest swing of a short while. It has no steep compensation of frequencies and its
envelope is that of half seconds, so it compares a patient with himself, not with a monitor.
Maynard D et al. Br J Anaesth 1969;41:76; Hellstroem-Westas L et al. NeoReviews 2006;7:e76.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt, sosfilt_zi

from nasion.config import HMS_VIEW
from nasion.terms import COLUMNS, READING_STEP_S, SFREQ, SPECTROGRAM_CHAINS

BAND_HZ, ORDER = (2.0, 15.0), 2
ENVELOPE_S = 0.5  # holds half a wave of the lowest frequency
DERIVATIONS = (("C3", "P3"), ("C4", "P4"))
ASYMMETRY_HZ = (1.0, 18.0)

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Trend:
    """One row of trends; `low` and `high` are what a picture of it spans."""

    name: str
    label: str
    unit: str
    low: float
    high: float


TRENDS = (
    Trend("aeeg_left_low", "aEEG left, lower margin", "µV", 0.0, 100.0),
    Trend("aeeg_left_high", "aEEG left, upper margin", "µV", 0.0, 100.0),
    Trend("aeeg_right_low", "aEEG right, lower margin", "µV", 0.0, 100.0),
    Trend("aeeg_right_high", "aEEG right, upper margin", "µV", 0.0, 100.0),
    Trend("asymmetry", "asymmetry (right - left) / (right + left)", "", -1.0, 1.0),
)

_FIRST, _SECOND = np.array([[COLUMNS.index(name) for name in pair] for pair in DERIVATIONS]).T
_STEP, _BIN = round(READING_STEP_S * SFREQ), round(ENVELOPE_S * SFREQ)
_FREQS_HZ = np.arange(HMS_VIEW.bins[0], HMS_VIEW.bins[1] + 1) * SFREQ / HMS_VIEW.n_fft
_LOW_HZ, _HIGH_HZ = ASYMMETRY_HZ
_BAND = (_FREQS_HZ >= _LOW_HZ) & (_FREQS_HZ <= _HIGH_HZ)
_LEFT, _RIGHT = (
    [place for place, chain in enumerate(SPECTROGRAM_CHAINS) if chain.side == side]
    for side in ("left", "right")
)


class Amplitude:
    """Margins of the aEEG of consecutive pieces; the filter goes on from one to the next."""

    def __init__(self) -> None:
        self._sos = butter(ORDER, BAND_HZ, "bandpass", fs=SFREQ, output="sos")
        self._state: NDArray[np.float64] | None = None
        self._last = np.zeros(2)

    def margins(self, signals: Array) -> Array:
        """Lower and upper margin, left and right, shape (n_steps, 4), µV; NaN where unknown.

        Parameters
        ----------
        signals
            The next piece, shape (20, n_times), whole steps, µV, NaN where nothing was recorded.
        """
        pairs = (signals[_FIRST] - signals[_SECOND]).astype(np.float64)
        gaps = ~np.isfinite(pairs)
        held = self._held(pairs, gaps)
        if self._state is None:  # as if the first value had always been there
            self._state = sosfilt_zi(self._sos)[:, None, :] * held[None, :, :1]
        filtered, self._state = sosfilt(self._sos, held, axis=-1, zi=self._state)
        size = np.where(gaps, -np.inf, np.abs(filtered)).reshape(2, -1, _STEP // _BIN, _BIN)
        swings = size.max(-1)
        unknown = gaps.reshape(2, -1, _STEP).mean(-1) > 0.5
        low = np.where(np.isinf(swings), np.inf, swings).min(-1)
        margins = np.stack([low, swings.max(-1)], -1)
        margins[unknown] = np.nan
        return margins.transpose(1, 0, 2).reshape(-1, 4).astype(np.float32)

    def _held(self, pairs: NDArray[np.float64], gaps: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Gaps filled with the value before them."""
        if gaps.any():
            places = np.where(gaps, -1, np.arange(pairs.shape[1]))
            places = np.maximum.accumulate(places, axis=1)
            before = np.take_along_axis(pairs, places.clip(0), 1)
            pairs = np.where(places < 0, self._last[:, None], before)
        self._last = pairs[:, -1].copy()
        return pairs


def asymmetry(spectrum_db: Array) -> Array:
    """(right - left) / (right + left) of the power of the lateral and parasagittal chains.

    Parameters
    ----------
    spectrum_db
        Shape (4, 100, n), chains as `terms.SPECTROGRAM_CHAINS`, of `config.HMS_VIEW`; NaN where
        there was no signal.

    Returns
    -------
    Shape (n,), -1 to 1; NaN where a side has no chain.
    """
    power = np.power(np.float32(10), spectrum_db[:, _BAND] / 10).mean(1)
    finite = np.isfinite(power)
    power = np.where(finite, power, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        left = power[_LEFT].sum(0) / finite[_LEFT].sum(0)
        right = power[_RIGHT].sum(0) / finite[_RIGHT].sum(0)
        return np.asarray((right - left) / (right + left), np.float32)
