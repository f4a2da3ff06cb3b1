"""A source: channels as a file holds them, at their own rates, before electrodes are told apart."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cached_property, partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from nasion.eeg.remarks import Remark
from nasion.terms import SFREQ

T = TypeVar("T")
Array = NDArray[np.float64]

MICROVOLTS = {"nV": 1e-3, "uV": 1.0, "mV": 1e3, "V": 1e6}
HIGHEST_HZ = 100_000.0  # of a channel; no EEG is sampled faster
LARGEST_FACTOR = 50_000  # of up- or down-sampling; a rate is met within 20 parts per million


@dataclass(frozen=True)
class Track:
    """Channels of one rate.

    Parameters
    ----------
    n_times
        Samples at `sfreq`, gaps included.
    read
        `read(rows, start, stop)` gives float64 microvolts, shape (rows, stop - start), NaN in gaps.
    unusable
        Of each channel, whether it holds nothing: all NaN, one value throughout, or a header
        without a range. Empty where all are well.
    units
        Of each channel, its unit as the file spells it; empty where all are voltages.
    bad
        Of each channel, whether the file marks it as bad; empty where none is.
    depth
        Of each channel, whether the file says that it lies within the skull; empty where none does.
    """

    labels: tuple[str, ...]
    sfreq: Fraction
    n_times: int
    read: Callable[[Sequence[int], int, int], Array] = field(repr=False)
    unusable: tuple[bool, ...] = ()
    units: tuple[str, ...] = ()
    bad: tuple[bool, ...] = ()
    depth: tuple[bool, ...] = ()

    @cached_property
    def ratio(self) -> Fraction:
        """Samples at 200 Hz for each sample, a quotient of small numbers."""
        exact = Fraction(SFREQ) / self.sfreq
        if max(exact.numerator, exact.denominator) <= LARGEST_FACTOR:
            return exact
        if exact < 1:
            return exact.limit_denominator(LARGEST_FACTOR)
        return 1 / (1 / exact).limit_denominator(LARGEST_FACTOR)


def part_of(track: Track, rows: Sequence[int], factors: Sequence[float] = ()) -> Track:
    """Give some channels of a track; their values times a factor each, where there are any."""
    return replace(
        track,
        labels=_at(track.labels, rows),
        read=partial(_read_part, track, tuple(rows), np.array(factors or [1.0] * len(rows))),
        unusable=_at(track.unusable, rows),
        units=_at(track.units, rows),
        bad=_at(track.bad, rows),
        depth=_at(track.depth, rows),
    )


def _at(values: tuple[T, ...], rows: Sequence[int]) -> tuple[T, ...]:
    return tuple(values[row] for row in rows) if values else ()


def _read_part(
    track: Track,
    rows: tuple[int, ...],
    factors: Array,
    wanted: Sequence[int],
    start: int,
    stop: int,
) -> Array:
    signals = track.read([rows[row] for row in wanted], start, stop)
    chosen = factors[list(wanted), None]
    return signals * chosen if np.any(chosen != 1) else signals


def later(start: datetime | None, seconds: float) -> datetime | None:
    """Give the clock time so much later; None where no calendar has it or no clock is known."""
    try:
        return start + timedelta(seconds=seconds) if start else None
    except OverflowError:
        return None


@dataclass(frozen=True)
class Source:
    """What a file holds, before electrodes are told apart."""

    path: str  # as error messages name it
    name: str
    tracks: tuple[Track, ...]
    duration_s: float
    start: datetime | None = None
    gaps_s: tuple[tuple[float, float], ...] = ()
    annotations: tuple[tuple[float, float, str], ...] = ()  # as stated, whatever that is
    warnings: tuple[Remark, ...] = ()
    ignored: tuple[str, ...] = ()  # what it holds besides the tracks
    age_years: float | None = field(default=None, repr=False)  # of the patient, where it is known
