"""EEG in memory: an array and the names of its channels."""

from collections.abc import Sequence
from fractions import Fraction
from functools import partial

import numpy as np
from numpy.typing import NDArray

from nasion.eeg.source import HIGHEST_HZ, MICROVOLTS, Array, Source, Track
from nasion.errors import NasionError


def open_array(
    signals: NDArray[np.floating], sfreq: float, ch_names: Sequence[str], *, unit: str = "uV"
) -> Source:
    """Describe an array of shape (n_chans, n_times); NaN stands where nothing was recorded.

    Raises
    ------
    NasionError
        Where shape, rate, names or unit do not fit.
    """
    if signals.ndim != 2 or len(signals) != len(ch_names) or not signals.shape[1]:
        raise NasionError(
            f"array of shape {signals.shape}: needs (n_chans, n_times) with a name in ch_names"
            f" for each channel, here are {len(ch_names)}"
        )
    if not np.issubdtype(signals.dtype, np.number) or np.iscomplexobj(signals):
        raise NasionError(f"array of type {signals.dtype}: needs real numbers")
    if not 0 < sfreq <= HIGHEST_HZ:
        raise NasionError(f"array: a rate of {sfreq} Hz can't be; give sfreq in Hz")
    values = np.asarray(signals, np.float64) * MICROVOLTS[unit]
    track = Track(
        labels=tuple(map(str, ch_names)),
        sfreq=Fraction(sfreq).limit_denominator(1_000_000),
        n_times=values.shape[1],
        read=partial(_read, values),
    )
    return Source(path="array", name="array", tracks=(track,), duration_s=values.shape[1] / sfreq)


def _read(values: Array, rows: Sequence[int], start: int, stop: int) -> Array:
    return values[list(rows), start:stop]
