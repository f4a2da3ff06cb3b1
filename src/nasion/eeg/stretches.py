"""Stretches: where a recording holds signal, between its long gaps.

A long gap is neither read nor computed, as what comes out of it is known beforehand: so a recording
costs as much as its signal, however far apart its parts lie.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from nasion.terms import SFREQ

LONG_GAP_S = 60.0  # shorter ones belong to the stretch around them
EDGE_S = 1.0  # that a stretch is longer: sample clocks round, and filters reach over a border

Spans = tuple[tuple[int, int], ...]


def stretches(gaps_s: Iterable[tuple[float, float]], n_times: int) -> Spans:
    """Give first sample and the one after the last of what lies between long gaps, in order.

    Parameters
    ----------
    gaps_s
        Onset and duration of each, in order.
    n_times
        Samples of the recording at 200 Hz.
    """
    found, start = [], 0
    for onset_s, duration_s in gaps_s:
        if duration_s >= LONG_GAP_S:
            found.append((start, round(onset_s * SFREQ)))
            start = round((onset_s + duration_s) * SFREQ)
    found.append((start, n_times))
    edge = round(EDGE_S * SFREQ)
    return tuple(
        (max(first - edge, 0), min(stop + edge, n_times))
        for first, stop in found
        if first < min(stop, n_times)
    )


def blocks(spans: Sequence[tuple[int, int]], length: int, before: int, after: int) -> Spans:
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


def pieces(runs: Iterable[tuple[int, int]], length: int, n: int) -> Iterator[tuple[int, int]]:
    """Cut runs into pieces of at most `length`, none of which reaches beyond `n`."""
    for first, stop in runs:
        for begin in range(first, min(stop, n), length):
            yield begin, min(begin + length, stop, n)


def nearest(spans: Spans, places: Sequence[float]) -> list[int]:
    """Give where places that are shares of all signal lie among the samples of the recording."""
    lengths = np.array([stop - start for start, stop in spans])
    ends = np.cumsum(lengths)
    at = np.array(places) * ends[-1]
    span = np.minimum(np.searchsorted(ends, at, "right"), len(ends) - 1)
    starts = np.array([start for start, _ in spans])
    return np.round(starts[span] + at - (ends - lengths)[span]).astype(int).tolist()
