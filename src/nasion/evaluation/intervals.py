"""Intervals: 95 % bounds from resamples, one way for each kind of number.

How often each holds the truth is measured by `benchmarks/interval_coverage.py`; its table stands
in benchmarks/README.md.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]

LEVELS = (2.5, 97.5)  # per cent
NEAR = 0.001  # to 0 or 1: no draw counts as nearer


class Interval(NamedTuple):
    """Bounds that hold the truth in 95 % of samples."""

    low: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """A number with its interval; either is None where it is undefined or nothing was drawn."""

    value: float | None
    ci95: Interval | None = None


def interval(values: Array | None) -> Interval | None:
    """Percentiles of drawn values, shape (b,); None where nothing is defined."""
    if values is None:
        return None
    values = values[~np.isnan(values)]
    if not len(values):
        return None
    low, high = np.percentile(values, LEVELS)
    return Interval(float(low), float(high))


def interval_of_share(values: Array | None, estimate: float, n_units: int) -> Interval | None:
    """Bounds of a number from 0 to 1: even about the estimate on the scale of log odds.

    The spread is that of the draws. Their percentiles miss more often where units are few, since
    draws of a mean over patterns or of an area lie to one side of the estimate.
    """
    from scipy.special import expit, logit, stdtrit

    if values is None or not len(values) or not 0 < estimate < 1:
        return interval(values)
    floor, ceiling = min(NEAR, estimate / 10), 1 - min(NEAR, (1 - estimate) / 10)
    spread = np.nanstd(logit(np.clip(values, floor, ceiling)))
    reach = stdtrit(n_units - 1, LEVELS[1] / 100) * spread
    low, high = expit(logit(estimate) - reach), expit(logit(estimate) + reach)
    return Interval(float(low), float(high))


def interval_of_root(values: Array | None, estimate: float, n_units: int) -> Interval | None:
    """Bounds of a root from draws of its square, whose estimate is without bias and may be below 0.

    The spread of the draws is taken about the estimate: a bootstrap adds to each square what
    chance makes, so that the draws themselves lie too high.
    """
    from scipy.special import stdtrit

    if values is None or not len(values):
        return None
    reach = stdtrit(n_units - 1, LEVELS[1] / 100) * np.std(values)
    low, high = (max(0.0, estimate + side) ** 0.5 for side in (-reach, reach))
    return Interval(float(low), float(high))
