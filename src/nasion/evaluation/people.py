"""People: how well experts agree among themselves, and the system with the same truth.

The truth for one expert is the majority of the others: the first arg max of their votes. Where
single votes are known each expert is one point; where only counts are, an expert drawn at random
from those who voted stands for them, since each vote can be taken out of its count.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from nasion.evaluation.inputs import ABSTAINED
from nasion.evaluation.judged import Judged
from nasion.evaluation.metrics import Metrics, agreement
from nasion.evaluation.ranking import curves
from nasion.evaluation.resampling import Sums, interval, mean, plain, ratio, resamples, stacked
from nasion.terms import PATTERNS

Array = np.ndarray[Any, Any]

Agreement = dict[str, dict[str, Array]]  # of expert and system, by measure

WHO = ("expert", "system")
MEASURES = ("accuracy", "balanced_accuracy", "kappa")
N = len(PATTERNS)


def agreement_of_people(judged: Judged) -> Metrics:
    """Agreement of experts and of the system with the majority of the other experts.

    Returns
    -------
    dict
        ``random_expert`` (None where no row has two votes) and ``raters`` (None where single votes
        are unknown).
    """
    return plain({"random_expert": _random_expert(judged), "raters": _raters(judged)})


def _random_expert(judged: Judged) -> Metrics | None:
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
    return {"n": len(votes), **_compared(once, drawn, partial(_of_rater, 0))}


def _raters(judged: Judged) -> Metrics | None:
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
    each = [
        {
            "rater": list(judged.raters)[r],
            "n": int(counts[r].sum()),
            **_compared(once, drawn, partial(_of_rater, int(r))),
            "points": _points(counts[r]),
        }
        for r in voting
    ]
    return {
        "n": int(counted.any(1).sum()),
        "mean": _compared(once, drawn, lambda values: mean(values[..., voting])),
        "range": {
            who: {name: _range(values[voting]) for name, values in once[who].items()} for who in WHO
        },
        "under_curve": _under_curve(judged, each),
        "each": each,
    }


def _of_rater(r: int, values: Array) -> Array:
    return values[..., r]


def _majority(votes: Array) -> Array:
    """First arg max over the last axis."""
    return votes.argmax(-1)


def _agreements(sums: Sums, unit: Array) -> tuple[Agreement, Agreement]:
    """Measures of expert and system: once, shape (n_raters,), and drawn, (b, n_raters)."""

    def told(weights: Array) -> dict[str, Array]:
        found = {who: agreement(counts) for who, counts in sums(weights).items()}
        return {f"{who} {name}": found[who][name] for who in WHO for name in MEASURES}

    def parted(flat: dict[str, Array]) -> Agreement:
        return {who: {name: flat[f"{who} {name}"] for name in MEASURES} for who in WHO}

    once = {name: values[0] for name, values in told(np.ones((1, len(unit)))).items()}
    drawn = stacked([told(weights) for weights in resamples(unit)])
    return parted(once), parted(drawn) if drawn else {}


def _compared(once: Agreement, drawn: Agreement, pick: Callable[[Array], Array]) -> Metrics:
    """Expert, system, and system minus expert, with intervals; `pick` takes (..., n_raters)."""

    def told(take: Callable[[Agreement, str], Array]) -> Metrics:
        bounds = {k: interval(pick(take(drawn, k))) if drawn else None for k in MEASURES}
        return {**{k: pick(take(once, k)) for k in MEASURES}, "ci95": bounds}

    return {
        "expert": told(lambda values, name: values["expert"][name]),
        "system": told(lambda values, name: values["system"][name]),
        "difference": told(lambda values, name: values["system"][name] - values["expert"][name]),
    }


def _points(counts: Array) -> Metrics:
    """Where an expert stands on each pattern's ROC and precision-recall plane."""
    hits, of_truth, of_choice = np.diag(counts), counts.sum(1), counts.sum(0)
    return {
        pattern: {
            "fpr": ratio(of_choice[k] - hits[k], counts.sum() - of_truth[k]),
            "tpr": ratio(hits[k], of_truth[k]),
            "precision": ratio(hits[k], of_choice[k]),
        }
        for k, pattern in enumerate(PATTERNS)
    }


def _under_curve(judged: Judged, each: list[Metrics]) -> Metrics:
    """Share of experts that some threshold of the system equals or betters, for each pattern.

    Experts whose point is undefined, as of one who never chose the pattern, do not count.
    """
    result: Metrics = {}
    for pattern, curve in curves(judged).items():
        points = [expert["points"][pattern] for expert in each]
        defined = [p for p in points if np.isfinite([p["fpr"], p["tpr"]]).all()]
        called = [p for p in points if np.isfinite([p["tpr"], p["precision"]]).all()]
        result[pattern] = {
            "roc": curve and _share([curve.reaches(p["fpr"], p["tpr"]) for p in defined]),
            "pr": curve
            and _share([curve.reaches_precision(p["tpr"], p["precision"]) for p in called]),
        }
    return result


def _share(truths: list[bool]) -> float | None:
    return float(np.mean(truths)) if truths else None


def _range(values: Array) -> list[float] | None:
    defined = values[~np.isnan(values)]
    return [defined.min(), defined.max()] if len(defined) else None
