"""Stretches: where a recording holds signal, between its long gaps.

A long gap is neither read nor computed, as what comes out of it is known beforehand: so a recording
costs as much as its signal, however far apart its parts lie.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from nasion.terms import SFREQ

EDGE = 2  # samples beside a gap that clocks and resampling may take along
LONG_GAP_S = 60.0  # shorter ones belong to the stretch around them
EDGE_S = 1.0  # that a stretch is longer: sample clocks round, and filters reach over a border

Spans = tuple[tuple[int, int], ...]


def stretches(
    gaps_s: Iterable[tuple[float, float]],
    n_times: int,
    *,
    least_s: float = LONG_GAP_S,
    edge_s: float = EDGE_S,
) -> Spans:
    """Give first sample and the one after the last of what lies between long gaps, in order.

    Parameters
    ----------
    gaps_s
        Onset and duration of each, in order.
    n_times
        Samples of the recording at 200 Hz.
    least_s
        Shortest gap that is long.
    edge_s
        Of gaps, that belongs to the stretches beside.
    """
    found, start = [], 0
    for onset_s, duration_s in gaps_s:
        if duration_s >= least_s:
            found.append((start, round(onset_s * SFREQ)))
            start = round((onset_s + duration_s) * SFREQ)
    found.append((start, n_times))
    edge = round(edge_s * SFREQ)
    return tuple(
        (max(first - edge, 0), min(stop + edge, n_times))
        for first, stop in found
        if first < min(stop, n_times)
    )


def recorded(gaps_s: Sequence[tuple[float, float]], start: int, stop: int) -> NDArray[np.bool_]:
    """Say which of the samples start..stop at 200 Hz lie in no gap nor at the edge of one."""
    inside = np.ones(stop - start, np.bool_)
    first = bisect_left(gaps_s, start / SFREQ, key=sum)
    for onset_s, duration_s in gaps_s[max(first - 1, 0) :]:
        begin = round(onset_s * SFREQ) - EDGE - start
        if begin >= stop - start:
            break
        inside[max(begin, 0) : max(round((onset_s + duration_s) * SFREQ) + EDGE - start, 0)] = False
    return inside


def blocks(spans: Sequence[tuple[int, int]], length: int, before: int = 0, after: int = 0) -> Spans:
    """Give the blocks of `length` samples that hold a part of the spans, as runs of blocks.

    Parameters
    ----------
    before, after
        Samples by which each span is longer here.

    Returns
    -------
    First block of each run and the one after its last; runs are in order and do not touch.
    """
    runs: list[tuple[int, int]] = []
    for start, stop in spans:
        first, last = max(start - before, 0) // length, -(-(stop + after) // length)
        if runs and first <= runs[-1][1]:
            runs[-1] = runs[-1][0], max(runs[-1][1], last)
        else:
            runs.append((first, last))
    return tuple(runs)


def pieces(runs: Iterable[tuple[int, int]], length: int) -> Iterator[tuple[int, int]]:
    """Cut runs into pieces of at most `length`."""
    for first, stop in runs:
        for begin in range(first, stop, length):
            yield begin, min(begin + length, stop)


def places(spans: Sequence[tuple[int, int]], at: NDArray[np.int64]) -> list[int]:
    """Give where samples, counted over the spans alone, stand in the recording."""
    starts, stops = np.array(spans, np.int64).reshape(-1, 2).T
    ends = np.cumsum(stops - starts)
    span = np.searchsorted(ends, at, "right").clip(max=len(ends) - 1)
    return (stops[span] - ends[span] + at).tolist()
