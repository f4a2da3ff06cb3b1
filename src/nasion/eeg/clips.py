"""Clips: stretches of one recording that stand at their time, with nothing between them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial

import numpy as np

from nasion.eeg.source import Array, Track
from nasion.errors import NasionError

MOST_OVERLAP_S = 1.0  # as clocks are set back; more is two recordings at once
SHORTEST_GAP_S = 0.01  # less is rounding

Spans = Iterable[tuple[float, float]]


@dataclass(frozen=True)
class Clip:
    """A stretch without a gap.

    Parameters
    ----------
    onset_s
        Of its first sample, from the beginning of the recording.
    read
        As of a `Track`, counting from the clip's first sample.
    """

    onset_s: float
    n_times: int
    read: Callable[[Sequence[int], int, int], Array] = field(repr=False)


def track_of(
    path: str,
    labels: tuple[str, ...],
    sfreq: Fraction,
    clips: Sequence[Clip],
    units: tuple[str, ...] = (),
) -> Track:
    """One track of clips of the same channels; NaN stands between them.

    Raises
    ------
    NasionError
        Where clips overlap by more than a second.
    """
    placed: list[tuple[int, Clip]] = []
    stop = 0
    for clip in sorted(clips, key=lambda clip: clip.onset_s):
        start = round(clip.onset_s * float(sfreq))
        if stop - start > MOST_OVERLAP_S * sfreq:
            raise NasionError(
                f"{path}: two stretches of the same channels overlap by"
                f" {(stop - start) / float(sfreq):g} s; export them apart"
            )
        placed.append((max(start, stop), clip))
        stop = placed[-1][0] + clip.n_times
    return Track(labels, sfreq, stop, partial(_read, tuple(placed)), units=units)


def gaps_of(spans: Spans) -> tuple[tuple[float, float], ...]:
    """Give (onset, duration) of what lies between spans (onset, end), all in seconds."""
    gaps, end_s = [], 0.0
    for onset_s, stop_s in sorted(spans):
        if onset_s - end_s > SHORTEST_GAP_S:
            gaps.append((round(end_s, 6), round(onset_s - end_s, 6)))
        end_s = max(end_s, stop_s)
    return tuple(gaps)


def _read(placed: Sequence[tuple[int, Clip]], rows: Sequence[int], start: int, stop: int) -> Array:
    signals = np.full((len(rows), stop - start), np.nan)
    for first, clip in placed:
        begin, end = max(start, first), min(stop, first + clip.n_times)
        if begin < end:
            signals[:, begin - start : end - start] = clip.read(rows, begin - first, end - first)
    return signals
