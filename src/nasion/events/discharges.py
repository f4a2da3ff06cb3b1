"""Discharges: where a wave of one shape recurs, found by a template made of the pieces themselves.

Intervals of periodic discharges vary, so that autocorrelation blurs within a few of them. They are
counted instead: the largest waves give a template over all derivations, the template finds more,
their mean becomes the next template. Muscle has no such shape, a slow after-wave belongs to it.
A train that is regular and goes on throughout (`train`) goes before the count, which takes large
after-waves for discharges and loses small ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from nasion.events import train

Array = NDArray[np.float32]

SHARPENING, LEVEL_HZ = 0.5, 4.0
SMOOTH_S = 0.15  # of the size in which the first template is sought
CLOSEST_S = 0.25  # from one discharge to the next
CLOSEST_SHARE = 0.5  # of the median interval
LARGE, ENOUGH = 0.6, 0.42  # of the largest waves; of the usual large match
MOST_WAVES = 60  # compared for the first template
ROUNDS = 3
# Standard deviation of the log interval: nearly regular trains stay below it, chance above.
MOST_IRREGULAR = 0.7
# Mean correlation of the waves with their template, over all derivations: ACNS asks for a uniform
# shape. On phantoms the rate is wrong where they are less alike; chance finds waves of .3.
LEAST_ALIKE = 0.55
# A train so regular, and so much better than any of another period, is believed before the count.
REGULAR, LEAST_LEAD = 0.16, 0.08
# It must go on through most of the time, and hold the six discharges of ACNS 2021: among the waves
# of any background a few can be found that follow each other evenly.
LEAST_COVERED, SIX = 0.5, 6


@dataclass(frozen=True)
class Discharges:
    """What recurs.

    Parameters
    ----------
    rate_hz
        Discharges a second, None where no three are nearly regular or they are not alike.
    power
        Mean square of the mean discharge in each derivation.
    regular
        Whether a train of six and more at nearly regular intervals goes on through most of the
        time, as ACNS 2021 asks of periodic ones; None where there is no rate.
    """

    rate_hz: float | None
    power: Array
    regular: bool | None = None


def find(pieces: Sequence[Array], sfreq: float) -> Discharges:
    """Rate, size and regularity of the discharges that recur in some pieces.

    Parameters
    ----------
    pieces
        Shapes (n_derivations, any), filtered, µV.
    """
    half = round(train.FIRST_S * sfreq)
    sharp = [_sharpened(piece, sfreq) for piece in pieces]
    weight = _weight(sharp)
    weighted = [piece * weight[:, None] for piece in sharp]
    views = [train.windows(piece, half) for piece in weighted]
    silent = np.zeros(len(weight), np.float32)
    template = _first(views, half, sfreq)
    if template is None:
        return Discharges(None, silent)
    regular = train.find(weighted, template, sfreq)
    closest = round(CLOSEST_S * sfreq)
    for _ in range(ROUNDS):
        template /= np.linalg.norm(template) + 1e-12
        peaks = _matches([view @ template for view in views], closest)
        intervals = np.concatenate([np.diff(places) for places in peaks])
        waves = np.concatenate([view[places] for view, places in zip(views, peaks, strict=True)])
        if not intervals.size:
            return Discharges(None, silent)
        size = np.linalg.norm(waves, axis=1)
        likeness = float((waves @ template / (size + 1e-12)).mean())
        template = waves.mean(0)
        closest = round(max(CLOSEST_S * sfreq, CLOSEST_SHARE * float(np.median(intervals))))
    found = [train.windows(p, half)[places] for p, places in zip(pieces, peaks, strict=True)]
    wave = np.concatenate(found).mean(0).reshape(len(weight), -1)
    power = np.asarray(np.square(wave).mean(1), np.float32)
    carried = (
        regular is not None and regular.covered >= LEAST_COVERED and regular.n_discharges >= SIX
    )
    if (
        regular is not None
        and carried
        and regular.irregularity <= REGULAR
        and regular.alike >= LEAST_ALIKE
        and regular.lead >= LEAST_LEAD
    ):
        return Discharges(regular.rate_hz, power, regular=True)
    irregular = intervals.size < 2 or np.log(intervals).std() > MOST_IRREGULAR
    if irregular or likeness < LEAST_ALIKE:
        return Discharges(None, power)
    return Discharges(float(sfreq * intervals.size / intervals.sum()), power, regular=carried)


def _weight(pieces: Sequence[Array]) -> Array:
    """Derivations more alike in their usual size, so that no noisy one decides."""
    amplitude = np.median(np.abs(np.concatenate(pieces, 1)), axis=1)
    alive = amplitude > 0
    weight = np.ones(len(amplitude), np.float32)
    weight[alive] = np.sqrt(amplitude[alive].mean() / amplitude[alive]) if alive.any() else 1.0
    return weight


def _sharpened(piece: Array, sfreq: float) -> Array:
    """Weigh frequencies as a background falls, so that slow waves do not lead."""
    n = piece.shape[1]
    gain = (np.fft.rfftfreq(n, 1 / sfreq) / LEVEL_HZ) ** SHARPENING
    return np.asarray(np.fft.irfft(np.fft.rfft(piece) * gain, n), np.float32)


def _first(views: Sequence[Array], half: int, sfreq: float) -> Array | None:
    """Of the largest waves the one most like the others."""
    window = np.hanning(round(SMOOTH_S * sfreq) + 2)
    waves, sizes = [], []
    for view in views:
        centre = view.reshape(len(view), -1, 2 * half + 1)[:, :, half]
        size = np.convolve(np.sqrt(np.square(centre).sum(1)), window, mode="same")
        peaks = find_peaks(size, distance=round(CLOSEST_S * sfreq))[0]
        waves.append(view[peaks])
        sizes.append(size[peaks])
    candidates, size = np.concatenate(waves), np.concatenate(sizes)
    if size.size < 2:
        return None
    large = candidates[size >= LARGE * np.quantile(size, 0.9)]
    large = large[:: len(large) // MOST_WAVES + 1]
    unit = large / (np.linalg.norm(large, axis=1, keepdims=True) + 1e-12)
    return np.array(large[(unit @ unit.T).clip(0).sum(1).argmax()])


def _matches(scores: Sequence[Array], closest: int) -> list[NDArray[np.int64]]:
    """Samples in each piece where the template fits well enough."""
    peaks = [find_peaks(score, height=0.0, distance=closest)[0] for score in scores]
    heights = np.concatenate([score[places] for score, places in zip(scores, peaks, strict=True)])
    if not heights.size:
        return peaks
    large = heights[heights >= LARGE * np.quantile(heights, 0.9)]
    threshold = ENOUGH * float(np.median(large))
    return [places[score[places] >= threshold] for score, places in zip(scores, peaks, strict=True)]
