"""A reading: what the network says of one recording, 2 s by 2 s, and what follows from it.

Step k of a recording is the 2 s from 2k to 2k + 2 s; its probabilities are those of the window of
50 s (and of the 10 min) whose central 10 s are centred on it, from 2k - 4 to 2k + 6 s.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nasion.contract import About
from nasion.eeg.remarks import Remark
from nasion.eeg.stretches import stretches
from nasion.reading.event import Event
from nasion.terms import COLUMNS, PATTERNS, SFREQ
from nasion.windowing import n_steps_of


@dataclass(frozen=True)
class Reading:
    """All that was read of one recording, as arrays over its steps.

    Parameters
    ----------
    probability
        (n_steps, 6) float32, rows sum to 1; NaN where not judged.
    reason
        (n_steps,) uint8, places in `REASONS`; 0 where judged.
    quality
        (n_steps, 20) uint8, bits of `Fault` for each of `terms.COLUMNS`.
    model
        What the network says of itself; None where no network made the reading.
    gaps_s, annotations, missing, interpolated, ignored, warnings
        As of the `Recording`.
    """

    name: str
    duration_s: float
    probability: NDArray[np.float32] = field(repr=False)
    reason: NDArray[np.uint8] = field(repr=False)
    quality: NDArray[np.uint8] = field(repr=False)
    events: tuple[Event, ...] = field(default=(), repr=False)
    start: datetime | None = None
    source_sfreq: float = 200.0
    gaps_s: tuple[tuple[float, float], ...] = ()
    annotations: tuple[tuple[float, float, str], ...] = field(default=(), repr=False)
    missing: tuple[str, ...] = ()
    interpolated: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    warnings: tuple[Remark, ...] = ()
    model: About | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse arrays that do not belong together."""
        n_steps = n_steps_of(self.duration_s)
        shapes = (n_steps, len(PATTERNS)), (n_steps,), (n_steps, len(COLUMNS))
        given_shapes = self.probability.shape, self.reason.shape, self.quality.shape
        if given_shapes != shapes:
            raise ValueError(f"arrays of shapes {given_shapes} for {n_steps} steps")

    @property
    def n_steps(self) -> int:
        """Steps of 2 s, the last one perhaps a part of one."""
        return len(self.probability)

    @cached_property
    def judged(self) -> NDArray[np.bool_]:
        """(n_steps,): whether the network's word stands."""
        return self.reason == 0

    @property
    def cautions(self) -> tuple[str, ...]:
        """The warnings that stand wherever something is said of the recording."""
        return tuple(str(remark) for remark in self.warnings if remark.code.cautions)

    @cached_property
    def stretches_s(self) -> tuple[tuple[float, float], ...]:
        """Begin and end of what lies between long gaps."""
        spans = stretches(self.gaps_s, round(self.duration_s * SFREQ))
        return tuple((start / SFREQ, stop / SFREQ) for start, stop in spans)

    @property
    def recorded_s(self) -> float:
        """Length without gaps."""
        return max(self.duration_s - sum(length for _, length in self.gaps_s), 0.0)

    def clock(self, at_s: float) -> datetime | None:
        """Clock time of a second of the recording, where the clock is known."""
        return self.start + timedelta(seconds=at_s) if self.start else None
