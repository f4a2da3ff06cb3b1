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
from nasion.evaluation.judged import Judged
from nasion.evaluation.metrics import agreement
from nasion.evaluation.ranking import curves
from nasion.evaluation.resampling import (
    Estimate,
    Interval,
    Sums,
    defined,
    interval,
    mean,
    ratio,
    resamples,
    stacked,
)
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


def agreement_of_people(judged: Judged) -> People:
    """Agreement of experts and of the system with the majority of the other experts."""
    return People(_random_expert(judged), _raters(judged))


def _random_expert(judged: Judged) -> Beside | None:
    """Expect what an expert drawn at random from those who voted does."""
    several = judged.votes.sum(1) > 1
    if not several.any():
        return None
    votes, guess = judged.votes[several], judged.prediction[several].argmax(1)
    truth = _majority(votes[:, None, :] - np.eye(N))  # without whoever chose each pattern: (n, 6)
    share = judged.target[several]
    sums = Sums(len(votes))
    sums.add("expert", share, truth * N + np.arange(N), (1, N, N))
    sums.add("system", share, truth * N + guess[:, None], (1, N, N))
    once, drawn = _agreements(sums, judged.unit[several])
    return _compared(len(votes), once, drawn, partial(_of_rater, 0))


def _raters(judged: Judged) -> Raters | None:
    if not judged.raters:
        return None
    chosen = np.stack([*judged.raters.values()], axis=1)
    n, size = chosen.shape
    tally = np.stack([(chosen == k).sum(1) for k in range(N)], axis=1)
    own = (chosen[:, :, None] == np.arange(N)).astype(np.int8)
    others = tally[:, None, :] - own
    counted = (chosen != ABSTAINED) & (others.sum(2) > 0)
    if not counted.any():
        return None
    place = np.arange(size) * N * N + _majority(others) * N
    sums = Sums(n)
    sums.add("expert", counted, place + np.maximum(chosen, 0), (size, N, N))
    sums.add("system", counted, place + judged.prediction.argmax(1)[:, None], (size, N, N))
    once, drawn = _agreements(sums, judged.unit)
    counts = sums(np.ones((1, n)))["expert"][0]
    voting = np.flatnonzero(counted.any(0))
    each = tuple(
        Rater(
            list(judged.raters)[r],
            _compared(int(counts[r].sum()), once, drawn, partial(_of_rater, int(r))),
            _points(counts[r]),
        )
        for r in voting
    )
    n_judged = int(counted.any(1).sum())
    return Raters(
        mean=_compared(n_judged, once, drawn, lambda values: mean(values[..., voting])),
        range={
            who: {name: _range(values[voting]) for name, values in once[who].items()} for who in WHO
        },
        under_curve=_under_curve(judged, each),
        each=each,
    )


def _of_rater(r: int, values: Array) -> Array:
    return values[..., r]


def _majority(votes: Array) -> Array:
    """First arg max over the last axis."""
    return votes.argmax(-1)


def _agreements(sums: Sums, unit: Array) -> tuple[Drawn, Drawn]:
    """Measures of expert and system: once, shape (n_raters,), and drawn, (b, n_raters)."""

    def agreements(weights: Array) -> dict[str, Array]:
        found = {who: agreement(counts) for who, counts in sums(weights).items()}
        return {f"{who} {name}": found[who][name] for who in WHO for name in MEASURES}

    def parted(flat: dict[str, Array]) -> Drawn:
        return {who: {name: flat[f"{who} {name}"] for name in MEASURES} for who in WHO}

    once = {name: values[0] for name, values in agreements(np.ones((1, len(unit)))).items()}
    drawn = stacked([agreements(weights) for weights in resamples(unit)])
    return parted(once), parted(drawn) if drawn else {}


def _compared(n: int, once: Drawn, drawn: Drawn, pick: Callable[[Array], Array]) -> Beside:
    """Expert, system, and system minus expert, with intervals; `pick` takes (..., n_raters)."""

    def agreement_of(take: Callable[[Drawn, str], Array]) -> Agreement:
        return Agreement(
            **{
                name: Estimate(
                    defined(pick(take(once, name))),
                    interval(pick(take(drawn, name))) if drawn else None,
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
    hits, of_truth, of_choice = np.diag(counts), counts.sum(1), counts.sum(0)
    return {
        pattern: Point(
            fpr=defined(ratio(of_choice[k] - hits[k], counts.sum() - of_truth[k])),
            tpr=defined(ratio(hits[k], of_truth[k])),
            precision=defined(ratio(hits[k], of_choice[k])),
        )
        for k, pattern in enumerate(PATTERNS)
    }


def _under_curve(judged: Judged, each: tuple[Rater, ...]) -> dict[Pattern, UnderCurve]:
    """Experts whose point is undefined, as of one who never chose the pattern, do not count."""
    result = {}
    for pattern, curve in curves(judged).items():
        points = [expert.points[pattern] for expert in each]
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
    some = values[~np.isnan(values)]
    return Interval(float(some.min()), float(some.max())) if len(some) else None
