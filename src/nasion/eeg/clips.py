"""Clips: stretches of one recording that stand at their time, with nothing between them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nasion.eeg.source import Array, Source, Track
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


def joined(path: Path, parts: Sequence[Source]) -> Source:
    """One source of the stretches of a file, each at the clock time of its first sample.

    Raises
    ------
    NasionError
        Where there is none, one of several has no clock time, or they overlap by over a second.
    """
    if not parts:
        raise NasionError(f"{path}: holds no signal; export it anew")
    if len(parts) == 1:
        return replace(parts[0], path=str(path), name=path.stem)
    starts = [part.start for part in parts if part.start]
    if len(starts) < len(parts):
        raise NasionError(f"{path}: a stretch of it has no clock time; export it as EDF+")
    onsets_s = [(start - min(starts)).total_seconds() for start in starts]
    alike: dict[tuple[Any, ...], list[tuple[Track, float]]] = {}
    for part, onset_s in zip(parts, onsets_s, strict=True):
        for track in part.tracks:
            key = (track.labels, track.sfreq, track.units, track.bad, track.depth)
            alike.setdefault(key, []).append((track, onset_s))
    tracks = []
    for entries in alike.values():
        first = entries[0][0]
        clips = [Clip(onset_s, track.n_times, track.read) for track, onset_s in entries]
        whole = track_of(str(path), first.labels, first.sfreq, clips, first.units)
        tracks.append(replace(whole, bad=first.bad, depth=first.depth))
    spans = [
        (onset_s, onset_s + part.duration_s) for part, onset_s in zip(parts, onsets_s, strict=True)
    ]
    return replace(
        parts[0],
        path=str(path),
        name=path.stem,
        tracks=tuple(tracks),
        duration_s=max(stop_s for _, stop_s in spans),
        start=min(starts),
        gaps_s=gaps_of(spans),
        annotations=tuple(
            sorted(
                (round(onset_s + time_s, 6), duration_s, text)
                for part, onset_s in zip(parts, onsets_s, strict=True)
                for time_s, duration_s, text in part.annotations
            )
        ),
    )


def _read(placed: Sequence[tuple[int, Clip]], rows: Sequence[int], start: int, stop: int) -> Array:
    signals = np.full((len(rows), stop - start), np.nan)
    for first, clip in placed:
        begin, end = max(start, first), min(stop, first + clip.n_times)
        if begin < end:
            signals[:, begin - start : end - start] = clip.read(rows, begin - first, end - first)
    return signals
