"""Amplitudes of a few pieces of a source: which channels are dead, and which state a wrong unit.

A wrong unit is a factor of a thousand or a million that a channel keeps through the recording. A
suppressed side or a breach is none: its amplitude is not so far from that of the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nasion.eeg.inspection import FLAT_UV, MISTAKES, N_PROBES, PROBE_S, USUAL_UV
from nasion.eeg.source import Array, Source, Track

BLOCK_S = 0.1  # the mean of it has no 50 or 60 Hz
LEAST_BLOCKS = 20  # of a piece that tells an amplitude
LEAST_ANCHORS = 3  # channels of a usual amplitude that others are compared with
WIDEST = 8.0  # by how much a channel may differ from the others beside its factor, over all
WIDEST_PIECE = 30.0  # and in any piece
COARSEST = 0.5  # of the usual amplitude: larger steps leave nothing to be undone
LEAST_CORRELATION = 0.25  # of the changes from block to block: by chance it is below .15

Place = tuple[Track, int]


@dataclass(frozen=True)
class Probe:
    """What a few pieces show of some channels.

    Parameters
    ----------
    means
        Over blocks of 0.1 s, µV, shape (channels, pieces, blocks).
    steps
        (channels,): the least difference of two samples, µV, as far as the format resolves any.
    """

    means: Array
    steps: Array

    def of(self, numbers: Sequence[int]) -> "Probe":
        """Give what is known of some of the channels."""
        return Probe(self.means[list(numbers)], self.steps[list(numbers)])

    @property
    def dead(self) -> NDArray[np.bool_]:
        """(channels,): no piece holds more than a flat line."""
        finite = np.isfinite(self.means)
        low = np.where(finite, self.means, np.inf).min(axis=2, initial=np.inf)
        high = np.where(finite, self.means, -np.inf).max(axis=2, initial=-np.inf)
        return np.all(high - low < FLAT_UV, axis=1)

    @property
    def amplitudes(self) -> Array:
        """(channels, pieces): median absolute deviation, NaN where a piece tells nothing."""
        filled = np.ma.masked_invalid(self.means)
        middle = np.ma.median(filled, axis=2, keepdims=True)
        deviation = np.ma.median(np.abs(filled - middle), axis=2)
        known = np.isfinite(self.means).sum(axis=2) >= LEAST_BLOCKS
        return np.where(known & (deviation > 0), deviation.filled(np.nan), np.nan)

    @property
    def changes(self) -> Array:
        """(channels, changes): from each block to the next; slow drifts correlate by chance."""
        return np.diff(self.means, axis=2).reshape(len(self.means), -1)


@dataclass(frozen=True)
class Misfit:
    """A channel of a wrong unit.

    Parameters
    ----------
    ratio
        Of its amplitude to that of the other channels.
    factor
        What undoes the mistake; 0 where the channel is unlike the others even then, or kept in too
        few steps.
    """

    ratio: float
    factor: Literal[0] | float


def probe(source: Source, places: Sequence[Place]) -> Probe:
    """Read a few pieces, spread over what was recorded, of some channels."""
    n_blocks = round(PROBE_S / BLOCK_S)
    means = np.full((len(places), N_PROBES, n_blocks), np.nan)
    steps = np.full(len(places), np.inf)
    lost_s = sum(length for _, length in source.gaps_s)
    for track in {id(track): track for track, _ in places}.values():
        numbers = [n for n, (other, _) in enumerate(places) if other is track]
        rows = [places[n][1] for n in numbers]
        block = max(round(BLOCK_S * float(track.sfreq)), 1)
        length = min(n_blocks, track.n_times // block)
        last_s = max(source.duration_s - lost_s - length * block / float(track.sfreq), 0.0)
        for piece, recorded_s in enumerate(np.linspace(0.0, last_s, N_PROBES).tolist()):
            start = round(_clock(source, recorded_s) * float(track.sfreq))
            start = max(min(start, track.n_times - length * block), 0)
            signals = track.read(rows, start, start + length * block)
            blocks = signals.reshape(len(rows), length, block)
            means[numbers, piece, :length] = blocks.mean(axis=2)
            differences = np.abs(np.diff(signals, axis=1))
            least = np.where(differences > 0, differences, np.inf).min(axis=1, initial=np.inf)
            steps[numbers] = np.minimum(steps[numbers], least)
    return Probe(means, steps)


def _clock(source: Source, recorded_s: float) -> float:
    """Where in the recording so many seconds of signal have gone by."""
    at_s = recorded_s
    for onset_s, length_s in sorted(source.gaps_s):
        if onset_s > at_s:
            break
        at_s += length_s
    return at_s


def misfits(probed: Probe, stated: Sequence[float]) -> dict[int, Misfit]:
    """Find the channels whose unit is wrong, by their number.

    Parameters
    ----------
    stated
        Of each channel, the size of its unit as the file states it, µV. A factor by which it
        differs from that of the usual channels needs no further evidence; without one the mended
        channel must go with another one.
    """
    amplitudes = probed.amplitudes
    typical = np.ma.median(np.ma.masked_invalid(amplitudes), axis=1).filled(0.0)
    usual = (typical >= USUAL_UV[0]) & (typical <= USUAL_UV[1])
    anchors = np.flatnonzero(usual).tolist()
    if len(anchors) < LEAST_ANCHORS:
        return {}
    of_anchors = np.ma.median(np.ma.masked_invalid(amplitudes[anchors]), axis=0).filled(np.nan)
    units = [stated[number] for number in anchors]
    usual_unit = max(units, key=units.count)
    found = {}
    for number in np.flatnonzero(~usual & (typical > 0)).tolist():
        ratios = amplitudes[number] / of_anchors
        ratios = ratios[np.isfinite(ratios)]
        scale = _scale(ratios) if len(ratios) else 0.0
        if not scale:
            continue
        ratio = float(np.median(ratios))
        explained = np.isclose(stated[number] * scale, usual_unit, rtol=1e-6)
        if explained or _goes_along(probed.changes, number, anchors):
            coarse = probed.steps[number] * scale > COARSEST * np.nanmedian(of_anchors)
            found[number] = Misfit(ratio, 0 if coarse else scale)
        elif ratio > 1:
            found[number] = Misfit(ratio, 0)
    return found


def _scale(ratios: Array) -> float:
    """The mistake that explains the ratios of all pieces; 0 where none does."""
    for scale in MISTAKES:
        offs = np.abs(np.log(ratios * scale))
        if abs(np.log(np.median(ratios) * scale)) <= np.log(WIDEST) and np.all(
            offs <= np.log(WIDEST_PIECE)
        ):
            return scale
    return 0.0


def _goes_along(changes: Array, number: int, others: Sequence[int]) -> bool:
    """Whether a channel changes with one of the others, as electrodes of one head do."""
    return any(_correlation(changes[number], changes[k]) >= LEAST_CORRELATION for k in others)


def _correlation(first: Array, second: Array) -> float:
    """Size of the correlation where both are known; 0 where that can't be told."""
    both = np.isfinite(first) & np.isfinite(second)
    if both.sum() < LEAST_BLOCKS:
        return 0.0
    a, b = (values[both] - values[both].mean() for values in (first, second))
    power = float(np.sqrt((a @ a) * (b @ b)))
    return abs(float(a @ b)) / power if power else 0.0
