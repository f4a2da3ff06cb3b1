"""A reading: what the network says of one recording, 2 s by 2 s, and what follows from it.

Step k of a recording is the 2 s from 2k to 2k + 2 s; its probabilities are those of the window of
50 s (and of the 10 min) whose central 10 s are centred on it, from 2k - 4 to 2k + 6 s.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nasion.accuracy import Trust, trust
from nasion.contract import About
from nasion.eeg.montage import ALL, Montage, MontageClass
from nasion.eeg.remarks import Remark
from nasion.eeg.stretches import stretches
from nasion.reading.event import Event
from nasion.signal.fault import REASONS, Fault, Reason
from nasion.signal.quality import broken
from nasion.terms import COLUMNS, ELECTRODES, EVENTFUL, PATTERNS, SFREQ, Pattern
from nasion.windowing import n_steps_of

LONG_SILENCE = 300  # steps, 10 min


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
    montage, gaps_s, annotations, ignored, warnings
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
    montage: Montage = ALL
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
    def missing(self) -> tuple[str, ...]:
        """Electrodes without a signal."""
        return self.montage.missing

    @property
    def interpolated(self) -> tuple[str, ...]:
        """Electrodes whose signal is estimated from others."""
        return self.montage.interpolated

    @cached_property
    def certain(self) -> tuple[Event, ...]:
        """The events that count: nothing that was measured contradicts them."""
        return tuple(event for event in self.events if event.is_certain)

    @cached_property
    def uncertain(self) -> tuple[Event, ...]:
        """The events that are contradicted: in tables and exports, out of headlines."""
        return tuple(event for event in self.events if not event.is_certain)

    @cached_property
    def trust(self) -> Trust:
        """How far the model's words are to be trusted on this montage."""
        return self._trust(self.montage)

    def _trust(self, montage: Montage) -> Trust:
        return trust(montage, self.model.accuracy if self.model else {})

    @cached_property
    def untold(self) -> NDArray[np.bool_]:
        """(n_steps, 6): patterns that are not judged though the step is.

        The montage can't tell them, or what is left of it where electrodes show no EEG.
        """
        untold = np.zeros(self.probability.shape, np.bool_)
        tied = np.isin(ELECTRODES, self.montage.tied)
        judged = np.flatnonzero(self.judged)
        lost = np.packbits(broken(self.quality)[judged] & tied, axis=1)
        kinds, kind_of = np.unique(lost, axis=0, return_inverse=True)
        for place, kind in enumerate(kinds):
            names = np.array(ELECTRODES)[np.unpackbits(kind, count=len(ELECTRODES)) > 0]
            left = self._trust(self.montage.without(names.tolist())).untold
            untold[judged[kind_of.ravel() == place]] = [pattern in left for pattern in PATTERNS]
        return untold

    def tells(self, pattern: Pattern) -> NDArray[np.bool_]:
        """(n_steps,): whether the network's word on a pattern stands."""
        return np.asarray(self.judged & ~self.untold[:, PATTERNS.index(pattern)])

    def share_untold(self, pattern: Pattern) -> float:
        """Share of the judged steps in which a pattern is not judged."""
        n_judged = int(self.judged.sum())
        return 1 - int(self.tells(pattern).sum()) / n_judged if n_judged else 0.0

    @cached_property
    def cautions(self) -> tuple[str, ...]:
        """What stands wherever something is said of the recording: why to trust it less."""
        remarks = (str(remark) for remark in self.warnings if remark.code.cautions)
        return (*remarks, *self._blind_spots())

    def _blind_spots(self) -> Iterator[str]:
        """What the montage leaves open, a clause each."""
        by_reason: dict[str, list[str]] = {}
        for pattern, reason in self.trust.untold.items():
            by_reason.setdefault(reason, []).append(pattern.label)
        for reason, labels in by_reason.items():
            yield f"not judged: {', '.join(labels)} ({reason})"
        parts: dict[str, list[str]] = {}
        for pattern in EVENTFUL:
            share = 0.0 if pattern in self.trust.untold else self.share_untold(pattern)
            if share:
                parts.setdefault(f"{100 * share:.2g} %", []).append(pattern.label)
        for part, labels in parts.items():
            yield f"not judged in {part} of the judged time: {', '.join(labels)} (electrodes off)"
        if self.trust.unseen:
            yield f"the {' and the '.join(self.trust.unseen)} side of the head is not seen"
        if self.trust.measured is None and self.montage.kind is not MontageClass.FULL:
            yield self.trust.statement.rstrip(".")

    @cached_property
    def listed(self) -> NDArray[np.int64]:
        """Steps that have a row in tables: all but those in ten minutes and more of nothing."""
        silent = self.reason == REASONS.index(Reason.GAP)
        silent &= (self.quality == Fault.MISSING).all(1) & np.isnan(self.probability).all(1)
        edges = np.flatnonzero(np.diff(silent, prepend=False, append=False)).reshape(-1, 2)
        listed = np.ones(self.n_steps, np.bool_)
        for first, stop in edges[np.diff(edges, axis=1)[:, 0] >= LONG_SILENCE].tolist():
            listed[first:stop] = False
        return np.flatnonzero(listed)

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
