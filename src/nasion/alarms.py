"""Alarms: how many false events a day each threshold of a pattern costs, as measured of weights.

An operating curve holds, for each pattern, thresholds of `EventSettings.enter` and what events
did at each of them, the other patterns as they ship. From it thresholds are chosen that keep the
false events of all patterns together to a number a day: of all combinations that do the one that
finds most, the mean over patterns.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from nasion.errors import NasionError
from nasion.settings import Settings
from nasion.terms import EVENTFUL, Pattern

DAY_H = 24.0
_ROUNDING = 1e-9  # of sums

Share = Annotated[float, Field(ge=0, le=1)]


class Point(Settings):
    """What events of a pattern do at a threshold.

    Attributes
    ----------
    threshold
        Probability that some step of an event must reach.
    false_a_day
        Certain events in 24 h that touch no true one of the pattern.
    found
        Share of the true runs that a certain event of the pattern touches.
    """

    threshold: float = Field(gt=0, le=1)
    false_a_day: float = Field(ge=0)
    found: Share


class Course(Settings):
    """What was measured of a pattern.

    Attributes
    ----------
    true
        Runs that were to be found.
    points
        In the order of their thresholds.
    """

    true: int = Field(ge=1)
    points: tuple[Point, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if any(one.threshold >= other.threshold for one, other in pairwise(self.points)):
            raise ValueError("thresholds must rise")
        return self


class Curve(Settings):
    """What was measured of weights.

    Attributes
    ----------
    hours, recordings
        That were read, in all.
    empty_hours
        Of them, hours of recordings without any pattern.
    command
        By which it was measured.
    """

    hours: float = Field(gt=0)
    recordings: int = Field(ge=1)
    empty_hours: float = Field(ge=0)
    command: str
    patterns: dict[Pattern, Course]

    @model_validator(mode="after")
    def _of_all(self) -> Self:
        if set(self.patterns) != set(EVENTFUL):
            raise ValueError(f"needs each of {', '.join(EVENTFUL)}")
        return self

    @property
    def least(self) -> float:
        """Fewest false events a day that thresholds can be chosen for.

        No fewer than one in all that was measured: of less the curve can't tell.
        """
        fewest = sum(
            min(point.false_a_day for point in course.points) for course in self.patterns.values()
        )
        return max(fewest, DAY_H / self.hours)

    def choice(self, false_alarms: float) -> "Choice | None":
        """Thresholds that keep to so many false events a day; None where none do."""
        courses = [self.patterns[pattern].points for pattern in EVENTFUL]
        rates = _sums([[point.false_a_day for point in points] for points in courses])
        found = _sums([[point.found for point in points] for points in courses])
        possible = rates <= false_alarms + _ROUNDING
        if false_alarms < self.least - _ROUNDING or not possible.any():
            return None
        best = possible & (found >= found[possible].max() - _ROUNDING)
        at = np.unravel_index(int(np.where(best, rates, np.inf).argmin()), rates.shape)
        points: dict[Pattern, Point] = {
            pattern: self.patterns[pattern].points[int(place)]
            for pattern, place in zip(EVENTFUL, at, strict=True)
        }
        return Choice(float(rates[at]), points)


@dataclass(frozen=True)
class Choice:
    """Thresholds that were chosen.

    Parameters
    ----------
    false_a_day
        That they are expected to give, all patterns together.
    points
        Of each pattern.
    """

    false_a_day: float
    points: Mapping[Pattern, Point]

    @property
    def thresholds(self) -> dict[Pattern, float]:
        """Of each pattern."""
        return {pattern: point.threshold for pattern, point in self.points.items()}


def choose(curve: Curve | None, false_alarms: float, model: str) -> Choice:
    """Choose thresholds of a model for the false events a day that its user will bear.

    Raises
    ------
    NasionError
        Where the model holds no curve, or thresholds of it give more at the least.
    """
    if curve is None:
        raise NasionError(
            f"{model}: holds no curve of false alarms; benchmarks/alarms.py measures one, "
            "nasion state MODEL --alarms TABLE.json writes it into the model"
        )
    choice = curve.choice(false_alarms)
    if choice is None:
        raise NasionError(
            f"{model}: was measured in {curve.hours:.3g} h to give"
            f" {np.ceil(10 * curve.least) / 10:.1f} false events a day at the least, not"
            f" {false_alarms:g}; bear that many, or read without --false-alarms"
        )
    return choice


def _sums(rows: list[list[float]]) -> np.ndarray:
    """Sum of every combination of an entry of each row, an axis a row."""
    return np.asarray(reduce(np.add.outer, [np.array(row) for row in rows]))
