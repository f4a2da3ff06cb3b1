"""Events: runs of steps of one pattern, found in the probabilities alone.

A step's probability speaks of 10 s, so a pattern that begins at a moment raises the steps around it
little by little, to half of its plateau when it covers half of those 10 s: an event's borders are
where that half is crossed. What lasts less than 10 s is as wide as what lasts 10 s, only lower.

1. A pattern claims runs of steps from `keep` on that reach `enter` somewhere; ends below half of
   what the following 10 s reach are cut off. Steps that were not judged never begin or end a claim;
   up to `bridge_s` of them do not interrupt one. Where a montage can't tell a pattern, it claims
   nothing.
2. A step that several patterns claim goes to the most probable.
3. A short interruption goes to the event around it if that pattern stays possible meanwhile,
   whatever another pattern claims there; the shortest first, seizures before all others and over
   longer interruptions: a seizure evolves and may look periodic or rhythmic for some seconds.
4. Seizures under 10 s and runs of a single step are no events. Six cycles of the other patterns
   are asked for by `rhythm.describe`, once their rate is measured.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from nasion.alarms import choose
from nasion.contract import About
from nasion.reading.event import Event
from nasion.reading.reading import Reading
from nasion.settings import Settings
from nasion.terms import CENTRE_S, EVENTFUL, PATTERNS, READING_STEP_S, Pattern
from nasion.windowing import CENTRE_STEPS

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Run = tuple[int, int]  # first step, and the one after the last

_ORDER = np.array([PATTERNS.index(pattern) for pattern in EVENTFUL])
_RISE = CENTRE_STEPS  # from the first glimpse of a pattern to its plateau
_NOBODY = -1

# ACNS 2021: from so many seconds on.
LENGTHS = {
    "very long": 3600.0,
    "long": 600.0,
    "intermediate": 60.0,
    "brief": 10.0,
    "very brief": 0.0,
}


class EventSettings(Settings):
    """What makes an event.

    Parameters
    ----------
    enter
        Probability that some step must reach: more than half of the experts would name it.
    enters
        The same of single patterns, where it is another.
    false_alarms
        False events a day that `enters` were chosen for; None where they were not.
    keep
        Probability down to which an event goes on: half of .6, the usual share of votes for the
        consensus, so that borders are where half of the plateau is crossed. Where a pattern's
        threshold is lower still, that.
    possible
        Mean probability of the pattern through an interruption that is given to it: more than its
        share if all six were alike.
    merge_s
        Longest interruption inside an event: shorter ones are not resolved by 10-s windows.
    evolution_s
        The same for seizures: two windows, which may look like another pattern.
    bridge_s
        Longest stretch of steps that were not judged inside an event.
    seizure_s
        Shortest seizure (ACNS 2021: 10 s).
    glimpse_s, glimpse_peak
        A seizure shorter than this is as long as one window's glimpse of something else, so it
        has to be more certain: on a simulated day without seizures both false ones were such.
    shortest_s
        Shortest event of another pattern, before its cycles are counted.
    """

    enter: float = Field(default=0.5, gt=0, le=1)
    enters: dict[Pattern, Annotated[float, Field(gt=0, le=1)]] = Field(default_factory=dict)
    false_alarms: float | None = Field(default=None, ge=0)
    keep: float = Field(default=0.3, gt=0, le=1)
    possible: float = Field(default=0.17, ge=0, le=1)
    merge_s: float = Field(default=10.0, ge=0)
    evolution_s: float = Field(default=20.0, ge=0)
    bridge_s: float = Field(default=20.0, ge=0)
    seizure_s: float = Field(default=10.0, ge=0)
    glimpse_s: float = Field(default=CENTRE_S + 2 * READING_STEP_S, ge=0)
    glimpse_peak: float = Field(default=0.7, ge=0, le=1)
    shortest_s: float = Field(default=2 * READING_STEP_S, ge=0)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.keep > self.enter:
            raise ValueError("keep must not exceed enter")
        return self

    def enter_of(self, pattern: Pattern) -> float:
        """Probability that some step of a pattern must reach."""
        return self.enters.get(pattern, self.enter)

    def keep_of(self, pattern: Pattern) -> float:
        """Probability down to which an event of a pattern goes on."""
        return min(self.keep, self.enter_of(pattern))

    def bearing(self, about: About, false_alarms: float | None) -> Self:
        """The same with thresholds for so many false events a day, by the curve of a model.

        None leaves them as they are.

        Raises
        ------
        NasionError
            Where the model holds no curve, or its curve can't give so few.
        """
        if false_alarms is None:
            return self
        enters = choose(about.alarms, false_alarms, about.title).thresholds
        return self.model_copy(update={"enters": enters, "false_alarms": false_alarms})

    def as_dict(self) -> dict[str, Any]:
        """The settings by name, for JSON."""
        return self.model_dump(mode="json")


DEFAULT = EventSettings()


def find(reading: Reading, settings: EventSettings = DEFAULT) -> tuple[Event, ...]:
    """Find events in the probabilities, in the order of time; none overlaps another.

    They have no side, rate or chains yet; those are measured by `rhythm.describe`.
    """
    judged = reading.judged & np.isfinite(reading.probability).all(1)
    if not judged.any():
        return ()
    probability = _bridged(reading.probability[:, _ORDER], judged, settings.bridge_s)
    probability[reading.untold[:, _ORDER]] = -np.inf
    owner = _owners(probability, judged, settings)
    _heal(owner, probability, settings)
    events = []
    for place, pattern in enumerate(EVENTFUL):
        least_s = settings.seizure_s if pattern is Pattern.SEIZURE else settings.shortest_s
        for run in _runs(owner == place):
            first, stop = _ends(run, judged)
            if (stop - first) * READING_STEP_S < least_s:
                continue
            values = reading.probability[first:stop, PATTERNS.index(pattern)][judged[first:stop]]
            glimpse = (
                pattern is Pattern.SEIZURE and (stop - first) * READING_STEP_S < settings.glimpse_s
            )
            if glimpse and values.max() < settings.glimpse_peak:
                continue
            onset_s = first * READING_STEP_S
            duration_s = min(stop * READING_STEP_S, reading.duration_s) - onset_s
            events.append(
                Event(
                    onset_s=onset_s,
                    duration_s=duration_s,
                    pattern=pattern,
                    probability=float(values.mean(dtype=np.float64)),
                    peak=float(values.max()),
                    length=length(duration_s),
                )
            )
    return tuple(sorted(events, key=lambda event: event.onset_s))


def length(duration_s: float) -> str:
    """ACNS 2021 word for a duration."""
    return next(word for word, least_s in LENGTHS.items() if duration_s >= least_s)


def _bridged(probability: NDArray[np.float32], judged: Mask, bridge_s: float) -> Array:
    """Lines across what was not judged for up to `bridge_s`; below all across longer gaps."""
    times, places = np.arange(len(judged)), np.flatnonzero(judged)
    bridged = np.column_stack(
        [np.interp(times, places, column[places]) for column in probability.T]
    )
    for first, stop in _runs(~judged):
        if (stop - first) * READING_STEP_S > bridge_s or first == 0 or stop == len(judged):
            bridged[first:stop] = -np.inf
    return bridged


def _owners(probability: Array, judged: Mask, settings: EventSettings) -> NDArray[np.int64]:
    """Place in `EVENTFUL` of the pattern each step goes to, or nobody."""
    claims = np.zeros_like(probability)
    for place, (pattern, column) in enumerate(zip(EVENTFUL, probability.T, strict=True)):
        for run in _runs(column >= settings.keep_of(pattern)):
            first, stop = _trimmed(column, run)
            part = slice(first, stop)
            if (column[part][judged[part]] >= settings.enter_of(pattern)).any():
                claims[part, place] = column[part]
    return np.where(claims.any(1), claims.argmax(1), _NOBODY)


def _trimmed(column: Array, run: Run) -> Run:
    """Cut ends that are less than half of what the next 10 s reach."""
    first, stop = run
    while column[first] < column[first : min(first + _RISE + 1, stop)].max() / 2:
        first += 1
    while column[stop - 1] < column[max(stop - 1 - _RISE, first) : stop].max() / 2:
        stop -= 1
    return first, stop


@dataclass(frozen=True)
class _Break:
    """Steps between two runs of one pattern."""

    place: int
    first: int
    stop: int

    @property
    def rank(self) -> tuple[bool, int, int]:
        """Seizures first, then the shortest, then the earliest."""
        return EVENTFUL[self.place] is not Pattern.SEIZURE, self.stop - self.first, self.first


def _heal(owner: NDArray[np.int64], probability: Array, settings: EventSettings) -> None:
    """Give short interruptions to the event around them, in place."""
    breaks = []
    for place, pattern in enumerate(EVENTFUL):
        most_s = settings.evolution_s if pattern is Pattern.SEIZURE else settings.merge_s
        runs = _runs(owner == place)
        for (_, first), (stop, _) in pairwise(runs):
            possible = probability[first:stop, place].mean() >= settings.possible
            if (stop - first) * READING_STEP_S <= most_s and possible:
                breaks.append(_Break(place, first, stop))
    for gap in sorted(breaks, key=lambda gap: gap.rank):
        if owner[gap.first - 1] == owner[gap.stop] == gap.place:  # nobody healed across it
            owner[gap.first : gap.stop] = gap.place


def _ends(run: Run, judged: Mask) -> Run:
    """Borders at steps that were judged."""
    first, stop = run
    steps = np.flatnonzero(judged[first:stop])
    return (first + int(steps[0]), first + int(steps[-1]) + 1) if steps.size else (first, first)


def _runs(mask: Mask) -> list[Run]:
    """First and stop of each run of True."""
    steps = np.diff(np.concatenate(([False], mask, [False])).astype(np.int8))
    return list(
        zip(np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist(), strict=True)
    )
