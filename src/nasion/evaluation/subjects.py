"""Subjects: detection scores of each, and what they are over all, as SzCORE counts them.

SzCORE scores each subject's recordings together and gives the mean over subjects; one without a
seizure has no sensitivity and does not count there. Subjects are drawn for the intervals, each with
all of its recordings, so that what a patient's recordings share widens them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasion.evaluation.detection import Counts, PatternDetection, draws_of, pooled
from nasion.evaluation.intervals import Estimate, interval, interval_of_share
from nasion.evaluation.resampling import defined, mean, ratio

Array = np.ndarray[Any, Any]

SHARES = ("sensitivity", "precision", "f1")
SCORES = (*SHARES, "false_per_day")


@dataclass(frozen=True)
class OverSubjects:
    """Scores over subjects.

    Parameters
    ----------
    mean, median
        Of the subjects' own scores, those that have one.
    together
        All recordings as if of one subject.
    """

    n: int
    mean: Mapping[str, Estimate]
    median: Mapping[str, Estimate]
    together: PatternDetection


def over_subjects(parts: Sequence[Counts]) -> OverSubjects:
    """Score subjects, the counts of each one summed over its recordings."""
    draws = draws_of(len(parts))
    means, medians = {}, {}
    for name in SCORES:
        scores = np.array([part.scores()[name] for part in parts])
        known = ~np.isnan(scores)
        own, weights = scores[known], draws[:, known]
        middle = _medians(np.ones((1, len(own))), own)[0]
        means[name] = _estimate(name, mean(own), ratio(weights @ own, weights.sum(1)), len(own))
        medians[name] = _estimate("median", middle, _medians(weights, own), len(own))
    return OverSubjects(len(parts), means, medians, pooled(parts, draws))


def _estimate(name: str, value: Any, drawn: Array, n: int) -> Estimate:
    """A score of n subjects; one subject alone has no interval."""
    estimate = defined(value)
    if estimate is None or n < 2:
        return Estimate(estimate)
    is_share = name in SHARES
    return Estimate(
        estimate, interval_of_share(drawn, estimate, n) if is_share else interval(drawn)
    )


def _medians(weights: Array, values: Array) -> Array:
    """Median of values that count so often each, shape (b, n) -> (b,); nan where none counts."""
    if not len(values):
        return np.full(len(weights), np.nan)
    order = values.argsort()
    reached = weights[:, order].cumsum(1)
    total = reached[:, -1:]
    middles = [
        values[order][(reached >= place).argmax(1)]
        for place in (np.ceil(total / 2), np.floor(total / 2) + 1)
    ]
    return np.where(total[:, 0] > 0, np.mean(middles, axis=0), np.nan)
