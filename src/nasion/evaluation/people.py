"""People: how well experts agree among themselves, and the system with the same truth.

The truth for one expert is the majority of the others: the first arg max of their votes. Where
single votes are known each expert is one point; where only counts are, an expert drawn at random
from those who voted stands for them, since each vote can be taken out of its count.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from nasion.evaluation.inputs import ABSTAINED
from nasion.evaluation.intervals import Estimate, Interval, interval
from nasion.evaluation.judged import Judged
from nasion.evaluation.metrics import agreement
from nasion.evaluation.ranking import curves
from nasion.evaluation.resampling import Sums, defined, mean, ratio, resamples, stacked
from nasion.terms import PATTERNS, Pattern

Array = np.ndarray[Any, Any]

Drawn = dict[str, dict[str, Array]]  # agreement of expert and system, by measure

WHO = ("expert", "system")
MEASURES = ("accuracy", "balanced_accuracy", "kappa")
N = len(PATTERNS)


@dataclass(frozen=True)
class Agreement:
    """With the majority of the other experts."""

    accuracy: Estimate
    balanced_accuracy: Estimate
    kappa: Estimate


@dataclass(frozen=True)
class Beside:
    """An expert, the system, and the system minus the expert, on the same `n` rows."""

    n: int
    expert: Agreement
    system: Agreement
    difference: Agreement


@dataclass(frozen=True)
class Point:
    """Where an expert stands on the ROC and precision-recall planes of a pattern."""

    fpr: float | None
    tpr: float | None
    precision: float | None


@dataclass(frozen=True)
class Rater:
    """One expert beside the system."""

    rater: str
    beside: Beside
    points: Mapping[Pattern, Point]


@dataclass(frozen=True)
class UnderCurve:
    """Share of experts that some threshold of the system equals or betters, on either plane."""

    roc: float | None
    pr: float | None


@dataclass(frozen=True)
class Raters:
    """Single experts.

    Attributes
    ----------
    mean
        Over experts; `n` counts rows that any of them judged beside another.
    range
        Lowest and highest of the experts, of expert and system by measure.
    """

    mean: Beside
    range: Mapping[str, Mapping[str, Interval | None]]
    under_curve: Mapping[Pattern, UnderCurve]
    each: tuple[Rater, ...]


@dataclass(frozen=True)
class People:
    """Experts and the system against the majority of the other experts.

    Attributes
    ----------
    random_expert
        One drawn at random from those who voted; None where no row has two votes.
    raters
        None where single votes are unknown.
    """

    random_expert: Beside | None
    raters: Raters | None


def agreement_of_people(judged: Judged, copies: int = 1) -> People:
    """Agreement of experts and of the system with the majority of the other experts.

    Parameters
    ----------
    copies
        How often each row is there, once a training; rows are counted once.
    """
    return People(_random_expert(judged, copies), _raters(judged, copies))


def _random_expert(judged: Judged, copies: int) -> Beside | None:
    """Expect what an expert drawn at random from those who voted does."""
    shared = judged.votes.sum(1) > 1
    if not shared.any():
        return None
    votes, choice = judged.votes[shared], judged.prediction[shared].argmax(1)
    truth = _majority(votes[:, None, :] - np.eye(N))  # without whoever chose each pattern: (n, 6)
    share = judged.target[shared]
    sums = Sums(len(votes))
    sums.add("expert", share, truth * N + np.arange(N), (1, N, N))
    sums.add("system", share, truth * N + choice[:, None], (1, N, N))
    sample, resampled = _agreements(sums, judged.unit[shared])
    return _beside(len(votes) // copies, sample, resampled, partial(_of_rater, 0))


def _raters(judged: Judged, copies: int) -> Raters | None:
    if not judged.raters:
        return None
    choices = np.stack([*judged.raters.values()], axis=1)
    n, size = choices.shape
    totals = np.stack([(choices == k).sum(1) for k in range(N)], axis=1)
    one_hot = (choices[:, :, None] == np.arange(N)).astype(np.int8)
    other_votes = totals[:, None, :] - one_hot
    valid = (choices != ABSTAINED) & (other_votes.sum(2) > 0)
    if not valid.any():
        return None
    place = np.arange(size) * N * N + _majority(other_votes) * N
    sums = Sums(n)
    sums.add("expert", valid, place + np.maximum(choices, 0), (size, N, N))
    sums.add("system", valid, place + judged.prediction.argmax(1)[:, None], (size, N, N))
    sample, resampled = _agreements(sums, judged.unit)
    counts = sums(np.ones((1, n)))["expert"][0]
    voters = np.flatnonzero(valid.any(0))
    raters = tuple(
        Rater(
            list(judged.raters)[r],
            _beside(int(counts[r].sum()) // copies, sample, resampled, partial(_of_rater, int(r))),
            _points(counts[r]),
        )
        for r in voters
    )
    n_judged = int(valid.any(1).sum()) // copies
    return Raters(
        mean=_beside(n_judged, sample, resampled, lambda values: mean(values[..., voters])),
        range={
            reader: {name: _range(values[voters]) for name, values in sample[reader].items()}
            for reader in WHO
        },
        under_curve=_under_curve(judged, raters),
        each=raters,
    )


def _of_rater(r: int, values: Array) -> Array:
    return values[..., r]


def _majority(votes: Array) -> Array:
    """First arg max over the last axis."""
    return votes.argmax(-1)


def _agreements(sums: Sums, unit: Array) -> tuple[Drawn, Drawn]:
    """Measures of expert and system: once, shape (n_raters,), and drawn, (b, n_raters)."""

    def agreements(weights: Array) -> dict[str, Array]:
        by_reader = {reader: agreement(counts) for reader, counts in sums(weights).items()}
        return {f"{reader} {name}": by_reader[reader][name] for reader in WHO for name in MEASURES}

    def parted(flat: dict[str, Array]) -> Drawn:
        return {reader: {name: flat[f"{reader} {name}"] for name in MEASURES} for reader in WHO}

    sample = {name: values[0] for name, values in agreements(np.ones((1, len(unit)))).items()}
    resampled = stacked([agreements(weights) for weights in resamples(unit)])
    return parted(sample), parted(resampled) if resampled else {}


def _beside(n: int, sample: Drawn, resampled: Drawn, select: Callable[[Array], Array]) -> Beside:
    """Expert, system, and system minus expert, with intervals; `select` takes (..., n_raters)."""

    def agreement_of(values_of: Callable[[Drawn, str], Array]) -> Agreement:
        return Agreement(
            **{
                name: Estimate(
                    defined(select(values_of(sample, name))),
                    interval(select(values_of(resampled, name))) if resampled else None,
                )
                for name in MEASURES
            }
        )

    return Beside(
        n,
        expert=agreement_of(lambda values, name: values["expert"][name]),
        system=agreement_of(lambda values, name: values["system"][name]),
        difference=agreement_of(
            lambda values, name: values["system"][name] - values["expert"][name]
        ),
    )


def _points(counts: Array) -> dict[Pattern, Point]:
    hits, n_true, n_chosen = np.diag(counts), counts.sum(1), counts.sum(0)
    return {
        pattern: Point(
            fpr=defined(ratio(n_chosen[k] - hits[k], counts.sum() - n_true[k])),
            tpr=defined(ratio(hits[k], n_true[k])),
            precision=defined(ratio(hits[k], n_chosen[k])),
        )
        for k, pattern in enumerate(PATTERNS)
    }


def _under_curve(judged: Judged, raters: tuple[Rater, ...]) -> dict[Pattern, UnderCurve]:
    """Experts whose point is undefined, as of one who never chose the pattern, do not count."""
    result = {}
    for pattern, curve in curves(judged).items():
        points = [expert.points[pattern] for expert in raters]
        if curve is None:
            result[pattern] = UnderCurve(None, None)
            continue
        roc = [
            curve.reaches(p.fpr, p.tpr) for p in points if p.fpr is not None and p.tpr is not None
        ]
        pr = [
            curve.reaches_precision(p.tpr, p.precision)
            for p in points
            if p.tpr is not None and p.precision is not None
        ]
        result[pattern] = UnderCurve(_share(roc), _share(pr))
    return result


def _share(truths: list[bool]) -> float | None:
    return float(np.mean(truths)) if truths else None


def _range(values: Array) -> Interval | None:
    finite = values[~np.isnan(values)]
    return Interval(float(finite.min()), float(finite.max())) if len(finite) else None
