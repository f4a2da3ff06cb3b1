"""Cycles: how often a rhythm swings, from the peak that it makes in the spectrum of its own field.

Slow backgrounds hold more power than many a rhythm, so the largest wave need not be the rhythm.
At each rate that may be, the weights over derivations are found that raise power there most over
power at slower and faster rates (spatio-spectral decomposition: Nikulin et al. 2011, NeuroImage
55:1528-35). The rate where that contrast, and the power of the field that has it, are largest is
the rhythm's. It is sure where no other rate comes near, and most of the field's power is there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Wide = NDArray[np.float64]

WINDOW_S, OVERLAP = 5.0, 0.5
PADDING = 4  # times the window: spectral lines are read between those that it resolves
STEP = 0.05  # of the natural logarithm of rates compared
WIDTH = 0.18  # standard deviation of a band around a rate, in its logarithm
FLANK = 1.8  # times and over the rate: where the background is seen
SLOPE = 1.5  # power of a background falls so with frequency
RIDGE = 0.1  # of the mean power: holds weights back where windows are few
SIZE = 0.5  # how much power counts beside contrast
LOWEST_HZ = 0.2
TINY = 1e-12  # µV², keeps silence from dividing
BESIDE = 0.3  # of the logarithm of rates: nearer ones are the same peak
NEAR = 0.25  # of the logarithm of rates: power there is the rhythm's
ROUNDS = 2
FULL_LEAD = 1.5  # in logarithms of the score: a larger lead says no more
LEAST_SURE = 0.7  # share of power at the rate, and half of the lead over the next


@dataclass(frozen=True)
class Spectrum:
    """Power of some pieces and what two derivations share of it.

    Parameters
    ----------
    frequency_hz
        Shape (n,).
    shared
        Real parts of cross-spectra, shape (n, n_derivations, n_derivations), µV² of a window of
        typical power: each counts the same, however large it is.
    """

    frequency_hz: Wide
    shared: Wide

    @classmethod
    def of(cls, pieces: Sequence[Array], sfreq: float, highest_hz: float) -> "Spectrum":
        """Average over windows of 5 s, shorter where a piece is."""
        n_longest = round(WINDOW_S * sfreq)
        frequency = np.fft.rfftfreq(PADDING * n_longest, 1 / sfreq)
        kept = (frequency >= LOWEST_HZ) & (frequency <= highest_hz)
        lines = []
        for piece in pieces:
            n = min(n_longest, piece.shape[1])
            n_windows = 1 + round((piece.shape[1] - n) / ((1 - OVERLAP) * n))
            for start in np.linspace(0, piece.shape[1] - n, n_windows).astype(int):
                window = piece[:, start : start + n]
                window = (window - window.mean(1, keepdims=True)) * np.hanning(n)
                lines.append(np.fft.rfft(window, PADDING * n_longest)[:, kept] / n)
        spectra = np.array(lines)
        power = np.square(np.abs(spectra)).sum((1, 2))
        typical = np.median(power)
        spectra *= np.sqrt(typical / np.where(power > 0, power, 1.0))[:, None, None]
        by_line = spectra.transpose(2, 1, 0)
        shared = (by_line @ by_line.conj().transpose(0, 2, 1)).real / len(lines)
        return cls(np.asarray(frequency[kept], np.float64), shared)

    def around(self, rates_hz: Wide) -> Wide:
        """Mean in a band around each rate, shape (n_rates, n_derivations, n_derivations)."""
        return np.tensordot(bands(self.frequency_hz, rates_hz), self.shared, 1)


def compared(band_hz: tuple[float, float], step: float) -> Wide:
    """Rates of a band, steps of the logarithm apart."""
    low, high = np.log(band_hz)
    return np.asarray(np.exp(np.arange(low, high + step, step)), np.float64)


def bands(frequency_hz: Wide, rates_hz: Wide) -> Wide:
    """Weights of spectral lines around each rate; each row sums to 1."""
    weight = np.exp(-0.5 * np.square(np.log(frequency_hz / rates_hz[:, None]) / WIDTH))
    return np.asarray(weight / weight.sum(1, keepdims=True))


def find(
    pieces: Sequence[Array], sfreq: float, band_hz: tuple[float, float]
) -> tuple[float | None, Array]:
    """Rate and size of the rhythm in some pieces.

    Parameters
    ----------
    pieces
        Shapes (n_derivations, any), µV, with nothing filtered out from half of the slowest to
        twice the fastest rate.
    band_hz
        Rates that may be.

    Returns
    -------
    rate_hz, power
        Cycles a second, None where no rate is sure; power at that rate in each derivation.
    """
    spectrum = Spectrum.of(pieces, sfreq, FLANK * band_hz[1] * (1 + WIDTH))
    rates = compared(band_hz, STEP)
    near = spectrum.around(rates)
    total = np.trace(near, axis1=1, axis2=2)
    if total.min() <= 0:
        return None, np.zeros(near.shape[1], np.float32)
    slower, faster = (spectrum.around(rates * factor) for factor in (1 / FLANK, FLANK))
    beside = (slower * FLANK**-SLOPE + faster * FLANK**SLOPE) / 2
    contrast, size, weights = contrasts(near, beside)
    score = np.log(contrast) + SIZE * np.log(size)
    best, lead = _peak(score)
    if best is None:
        return None, np.asarray(near.mean(0).diagonal(), np.float32)
    power = np.asarray(near[best].diagonal(), np.float32)
    own = np.einsum("c,fcd,d->f", weights[best], spectrum.shared, weights[best])
    apart = np.abs(np.log(spectrum.frequency_hz / rates[best]))
    share = float(own[apart < NEAR].sum() / own.sum())
    if share + lead / 2 < LEAST_SURE:
        return None, power
    return _centre(spectrum.frequency_hz, own, rates[best]), power


def _centre(frequency_hz: Wide, power: Wide, rate_hz: float) -> float:
    """Mean frequency around a rate, which moves there."""
    for _ in range(ROUNDS):
        near = np.exp(-0.5 * np.square(np.log(frequency_hz / rate_hz) / WIDTH)) * np.square(power)
        rate_hz = float((near * frequency_hz).sum() / near.sum())
    return rate_hz


def contrasts(near: Wide, beside: Wide) -> tuple[Wide, Wide, Wide]:
    """Largest ratio of power near rates to that beside them.

    Parameters
    ----------
    near, beside
        Power that derivations share, shape (..., n, n).

    Returns
    -------
    contrast, size, weights
        That ratio, power of the field that has it, and the weights that show it, (..., n).
    """
    n = near.shape[-1]
    mean = np.trace(beside, axis1=-2, axis2=-1)[..., None, None] / n
    inverse = np.linalg.inv(np.linalg.cholesky(beside + (RIDGE * mean + TINY) * np.eye(n)))
    turned = np.swapaxes(inverse, -1, -2)
    values, vectors = np.linalg.eigh(inverse @ near @ turned)
    weights = (turned @ vectors[..., -1:])[..., 0]
    fields = (near @ weights[..., None])[..., 0]
    size = np.square(fields).sum(-1) / ((weights * fields).sum(-1) + TINY)
    return values[..., -1] + TINY, size + TINY, weights


def _peak(score: Wide) -> tuple[int | None, float]:
    """Highest peak and its lead over all others, at most `FULL_LEAD`; the ends are none."""
    inner = score[1:-1]
    peaks = 1 + np.flatnonzero((inner > score[:-2]) & (inner > score[2:]))
    if not peaks.size:
        return None, 0.0
    best = int(peaks[score[peaks].argmax()])
    rivals = np.append(peaks, (0, score.size - 1))
    rivals = rivals[np.abs(rivals - best) * STEP > BESIDE]
    return best, float(min(score[best] - score[rivals].max(initial=-np.inf), FULL_LEAD))
