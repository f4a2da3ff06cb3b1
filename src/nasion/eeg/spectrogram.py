"""The spectrogram representation: multitaper power of the four lateral chains.

`HMS_VIEW` is the recipe of the ready-made spectrograms of the HMS data set, found from the data
and exact to rounding: zero-phase Butterworth 0.5-40 Hz and 55-65 Hz stop (order 3 each), bipolar
pairs, 4-s windows every 2 s, three DPSS tapers of time-bandwidth 2 scaled by sqrt(fs) as Chronux'
`mtspecgramc` does, |rfft(1024)/fs|² averaged over tapers (one-sided, not doubled) and then over
the four pairs of a chain, µV²/Hz.
"""

from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.signal.windows import dpss

from nasion.config import Spectrogram, View
from nasion.eeg.derivations import bipolar
from nasion.eeg.filters import band_pass, band_stop, bridge
from nasion.eeg.margins import Margins
from nasion.eeg.recording import Signals
from nasion.terms import SFREQ, SPECTROGRAM_CHAINS

BAND_HZ = (0.5, 40.0)
STOP_HZ = (55.0, 65.0)
ORDER = 3
COLUMNS_AT_ONCE = 1024  # bounds memory: about 40 MB a block

Power = NDArray[np.float32]


def cleaned(signals: Signals) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Filtered pairs of the four chains, shape (4, 4, n_times), and where there was no signal."""
    bridged, gaps = bridge(bipolar(signals, SPECTROGRAM_CHAINS))
    filtered = band_stop(band_pass(bridged, BAND_HZ, ORDER), STOP_HZ, ORDER)
    shape = (len(SPECTROGRAM_CHAINS), -1, signals.shape[1])
    return filtered.astype(np.float32).reshape(shape), gaps.reshape(shape)


def power(pairs: NDArray[np.float32], gaps: NDArray[np.bool_], view: View) -> Power:
    """Multitaper power of each chain.

    Parameters
    ----------
    pairs, gaps
        From `cleaned`.

    Returns
    -------
    Shape (4, n_freqs, n_columns), µV²/Hz, chains as `terms.SPECTROGRAM_CHAINS`. Column j is the
    window that starts at j * step_s. A pair without signal in over half of a window is left out of
    its chain's mean; NaN where no pair is left.
    """
    length, step = round(view.window_s * SFREQ), round(view.step_s * SFREQ)
    n_chains, _, n_times = pairs.shape
    if n_times < length:
        return np.empty((n_chains, view.n_freqs, 0), np.float32)
    windows = sliding_window_view(pairs, length, axis=-1)[:, :, ::step]
    counts = np.cumsum(np.pad(gaps, ((0, 0), (0, 0), (1, 0))), axis=-1, dtype=np.int32)
    starts = np.arange(windows.shape[2]) * step
    usable = counts[:, :, starts + length] - counts[:, :, starts] <= length / 2
    basis = _basis(view)
    result = np.empty((n_chains, view.n_freqs, windows.shape[2]), np.float32)
    for first in range(0, windows.shape[2], COLUMNS_AT_ONCE):
        piece = slice(first, first + COLUMNS_AT_ONCE)
        block = np.ascontiguousarray(windows[:, :, piece])
        parts = np.matmul(block, basis).reshape(*block.shape[:3], -1, view.n_freqs)
        pair_power = np.einsum("cpwkf,cpwkf->cpwf", parts, parts)
        weights = usable[:, :, piece].astype(np.float32)
        total = np.einsum("cpwf,cpw->cfw", pair_power, weights)
        count = weights.sum(1)[:, None]
        result[:, :, piece] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return result


def columns(
    pairs: NDArray[np.float32], gaps: NDArray[np.bool_], view: View, margins: Margins
) -> Power:
    """Multitaper power of a piece.

    Parameters
    ----------
    pairs, gaps
        From `cleaned`, of the piece with its margins.

    Returns
    -------
    As of `power`. Column j is the window that starts j * step_s behind the start of the piece,
    which may end behind the piece; NaN where it is not wholly within the recording.
    """
    length, step = round(view.window_s * SFREQ), round(view.step_s * SFREQ)
    n_columns = -(-(margins.stop - margins.start) // step)
    before = min(max(-(-(margins.first - margins.start) // step), 0), n_columns)
    begin = margins.start - margins.first + before * step
    end = begin + (n_columns - before - 1) * step + length
    inner = slice(begin, end) if before < n_columns else slice(0)
    result = power(pairs[..., inner], gaps[..., inner], view)
    after = n_columns - before - result.shape[2]
    if not before and not after:
        return result
    return np.pad(result, ((0, 0), (0, 0), (before, after)), constant_values=np.nan)


@lru_cache
def _basis(view: View) -> NDArray[np.float32]:
    """Real and imaginary parts of all tapered, scaled Fourier vectors as one matrix.

    Computing just the wanted bins by a matrix product is exact and outruns the FFT here.
    """
    length = round(view.window_s * SFREQ)
    tapers = dpss(length, view.bandwidth, view.n_tapers) * np.sqrt(SFREQ)
    freqs = np.arange(view.bins[0], view.bins[1] + 1) / view.n_fft
    phase = 2 * np.pi * np.outer(np.arange(length), freqs)
    waves = np.stack([np.cos(phase), np.sin(phase)]) / SFREQ / np.sqrt(view.n_tapers)
    basis = tapers[:, None, :, None] * waves[None]  # (taper, part, time, freq)
    return np.moveaxis(basis, 2, 0).reshape(length, -1).astype(np.float32)


def scaled(columns: Power, settings: Spectrogram) -> Power:
    """(ln power - log_centre) / log_scale, within `log_range`; NaN stays."""
    low, high = settings.log_range
    logs = np.clip(np.log(np.maximum(columns, np.exp(low))), low, high)
    return ((logs - settings.log_centre) / settings.log_scale).astype(np.float32)
