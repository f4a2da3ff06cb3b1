"""Measured values: what no amplifier gives is no value, before any filter sees it.

One sample of 1e20 would ring through half a minute of all that is filtered.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from nasion.eeg.inspection import MISTAKES, USUAL_UV
from nasion.eeg.source import Array, Source, Track

LARGEST_UV = 1e6  # 1 V; offsets of electrodes reach .3 V, the widest inputs of amplifiers .5 V
LARGEST_STATED_UV = LARGEST_UV * max(MISTAKES)  # while a wrong unit has not been taken back


def believed(source: Source, limit_uv: float = LARGEST_STATED_UV) -> Source:
    """Give the source with NaN for what is infinite or beyond a limit."""
    tracks = (replace(track, read=partial(_read, track, limit_uv)) for track in source.tracks)
    return replace(source, tracks=tuple(tracks))


def limit_of(amplitudes_uv: Array) -> float:
    """Give the largest value that can be measured where channels have some amplitudes, µV.

    Where these are so large that the unit must be wrong, as many times more.

    Parameters
    ----------
    amplitudes_uv
        Typical of each channel as its unit is stated; NaN where nothing is known.
    """
    known = amplitudes_uv[np.isfinite(amplitudes_uv)]
    typical_uv = float(np.median(known)) if len(known) else 0.0
    larger = typical_uv if typical_uv > USUAL_UV[1] else 1.0
    return min(LARGEST_UV * larger, LARGEST_STATED_UV)


def _read(track: Track, limit_uv: float, rows: Sequence[int], start: int, stop: int) -> Array:
    signals = track.read(rows, start, stop)
    beyond = ~(np.abs(signals) <= limit_uv)
    return np.where(beyond, np.nan, signals) if beyond.any() else signals
