"""Dead channels: flat, or nothing but mains, for nearly all of the time that others show EEG.

What is flat stands in its differences as if it were a silent site, which costs a reading far more
than the electrode's absence. Where no other channel shows EEG nothing is compared: an amplifier
that is off and suppression are no fault of a channel.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasion.eeg.inspection import FLAT_UV
from nasion.eeg.stretches import blocks, pieces, places
from nasion.terms import SFREQ

Array = NDArray[np.float64]
Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]

PROBE_S, N_PROBES = 10.0, 5  # in which a dead channel shows itself; then all is looked at
MINUTE_S = 60.0  # that is read at once
SECOND = round(SFREQ)
BLOCK = SECOND // 10  # the mean of it has no 50 or 60 Hz
HUM_UV = 20.0  # peak to peak within a second: with means that are flat it is mains
ACTIVE_UV = 5.0  # peak to peak of means within a second, the median of the channels that live
LEAST_LIVING = 4  # channels
LEAST_S = 4  # seconds with EEG, to tell anything
MOST_ALIVE = 0.05  # of these seconds


def dead_channels(read: Callable[[int, int], Array], spans: Sequence[tuple[int, int]]) -> Flags:
    """Find the channels that are dead for nearly all of a recording.

    Parameters
    ----------
    read
        `read(start, stop)` gives the channels, (n, stop - start), µV at 200 Hz.
    spans
        The stretches of the recording.

    Returns
    -------
    Shape (n,).
    """
    n_times = sum(stop - start for start, stop in spans)
    length = min(round(PROBE_S * SFREQ), n_times)
    begins = places(spans, np.linspace(0, n_times - length, N_PROBES).astype(int))
    probes = [(at, min(at + length, spans[-1][1])) for at in begins]
    suspected = _dead(_seconds(read(*span)) for span in probes)
    if not suspected.any():
        return suspected
    minute = round(MINUTE_S * SFREQ)
    minutes = pieces(blocks(spans, minute), 1)
    return suspected & _dead(
        _seconds(read(first * minute, min(stop * minute, spans[-1][1]))) for first, stop in minutes
    )


@dataclass(frozen=True)
class _Seconds:
    """Of each channel the seconds in which EEG is shown, and those of them in which it moves."""

    shown: Counts
    moving: Counts


def _seconds(signals: Array) -> _Seconds:
    n = signals.shape[1] // SECOND
    traces = signals[:, : n * SECOND].reshape(len(signals), n, SECOND)
    spans_uv = np.ptp(traces, axis=2)
    slow_uv = np.ptp(traces.reshape(len(signals), n, -1, BLOCK).mean(axis=3), axis=2)
    known = np.isfinite(spans_uv)
    flat = known & ((spans_uv < FLAT_UV) | ((slow_uv < FLAT_UV) & (spans_uv > HUM_UV)))
    lives = known & ~flat
    others = np.ma.masked_array(slow_uv, ~lives)
    active = np.ma.median(others, axis=0).filled(0.0) >= ACTIVE_UV
    active &= lives.sum(axis=0) >= LEAST_LIVING
    return _Seconds((known & active).sum(axis=1), (lives & active).sum(axis=1))


def _dead(parts: Iterable[_Seconds]) -> Flags:
    """Tell which channels move in hardly any of the seconds in which others do."""
    counted = tuple(parts)
    shown = np.sum([part.shown for part in counted], axis=0)
    moving = np.sum([part.moving for part in counted], axis=0)
    return np.asarray((shown >= LEAST_S) & (moving <= MOST_ALIVE * shown))
