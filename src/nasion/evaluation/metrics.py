"""Metrics of predictions against votes: divergence, agreement, ranking, calibration.

Truth is the distribution of the votes (for divergence, Brier score and class-wise calibration) or
the consensus, its first arg max (for all else). What is undefined, as the recall of an absent
pattern, is None and no part of means. An estimate and its interval come from the same lines: one
with every row counting once, the other with resampled rows.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from nasion.evaluation.judged import Judged
from nasion.evaluation.ranking import areas
from nasion.evaluation.resampling import (
    Sums,
    interval,
    mean,
    plain,
    ratio,
    resamples,
    stacked,
)
from nasion.terms import PATTERNS

Array = np.ndarray[Any, Any]
Metrics = dict[str, Any]

SCHEMA = 2
CLIP = 1e-15
VOTE_BINS = {"1-2": (1, 2), "3-9": (3, 9), "10+": (10, np.inf)}
CONFIDENT = 0.5  # the paper's confusion matrices hold rows whose largest target is above
N_BINS = 15  # of equal width, for calibration
SCALARS = (
    "kld",
    "accuracy",
    "balanced_accuracy",
    "kappa",
    "precision_macro",
    "precision_weighted",
    "f1_macro",
    "f1_weighted",
    "auroc_macro",
    "auprc_macro",
    "brier",
    "ece",
    "ece_classwise",
)
OF_PATTERN = ("precision", "recall", "f1", "auroc", "auprc", "brier", "ece")
RAISED = ("ece", "ece_classwise")  # by chance alone, so that their intervals are mirrored
FOLD_METRICS = ("kld", "accuracy", "balanced_accuracy", "kappa", "f1_macro", "auroc_macro")

N = len(PATTERNS)


def divergence(target: Array, prediction: Array) -> Array:
    """KL(target || prediction) of each row, in nats; shapes (n, 6), (n, 6) -> (n,).

    Predictions are clipped at 1e-15 and renormalised, as Kaggle does.
    """
    clipped = np.clip(prediction, CLIP, 1)
    clipped = clipped / clipped.sum(1, keepdims=True)
    return (target * np.log(np.clip(target, CLIP, 1) / clipped)).sum(1)


def confusion(truth: Array, predicted: Array) -> Array:
    """Count pairs; rows are the truth, columns the prediction; shape (6, 6)."""
    return np.bincount(truth * N + predicted, minlength=N * N).reshape(N, N)


def agreement(counts: Array) -> dict[str, Array]:
    """What confusion matrices tell; shape (..., 6, 6) -> (...); with _each, (..., 6)."""
    of_truth, of_prediction = counts.sum(-1), counts.sum(-2)
    total = of_truth.sum(-1)
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    recall, precision = ratio(hits, of_truth), ratio(hits, of_prediction)
    f1 = ratio(2 * hits, of_truth + of_prediction)
    accuracy = ratio(hits.sum(-1), total)
    chance = ratio((of_truth * of_prediction).sum(-1), total**2)
    return {
        "accuracy": accuracy,
        "balanced_accuracy": mean(recall),
        "kappa": ratio(accuracy - chance, 1 - chance),
        "precision_macro": mean(precision),
        "precision_weighted": _weighted(precision, of_truth),
        "f1_macro": mean(f1),
        "f1_weighted": _weighted(f1, of_truth),
        "precision_each": precision,
        "recall_each": recall,
        "f1_each": f1,
    }


def sums_of(judged: Judged) -> Sums:
    """The sums over rows that metrics are made of."""
    target, prediction, truth = judged.target, judged.prediction, judged.consensus
    pattern, top = np.arange(N), prediction.max(1)
    guess = prediction.argmax(1)
    sums = Sums(len(truth))
    sums.add("kld", divergence(target, prediction))
    sums.add("confusion", 1, truth * N + guess, (N, N))
    sums.add("brier", (prediction - target) ** 2, pattern[None], (N,))
    told = np.stack([np.ones(len(top)), top, truth == guess], axis=1)
    sums.add("top", told, _bin(top)[:, None] + np.arange(3) * N_BINS, (3, N_BINS))
    place = _bin(prediction) + pattern * N_BINS
    told = np.concatenate([np.ones_like(target), prediction, target], axis=1)
    places = np.concatenate([place + k * N * N_BINS for k in range(3)], axis=1)
    sums.add("bins", told, places, (3, N, N_BINS))
    return sums


def measures(
    judged: Judged, sums: Sums, weights: Array, *, ranked: bool = True
) -> dict[str, Array]:
    """Every metric for each row of weights.

    Parameters
    ----------
    sums
        From `sums_of` the same rows.
    weights : ndarray, shape (b, n)
        How often each row counts.
    ranked
        Whether to give areas under curves as well, which take most of the time.

    Returns
    -------
    dict of str to ndarray
        `SCALARS` of shape (b,); `OF_PATTERN`, with _each, of shape (b, 6); ``confusion``; and of
        the calibration bins ``top`` of shape (b, 3, 15) and ``bins`` of shape (b, 3, 6, 15): sums
        of weight, of probability and of what was observed.
    """
    total = weights.sum(1)
    found = sums(weights)
    result = {"kld": found["kld"] / total, **agreement(found["confusion"])}
    if ranked:
        truth = judged.consensus
        pairs = [areas(judged.prediction[:, k], truth == k, weights) for k in range(N)]
        result["auroc_each"], result["auprc_each"] = np.moveaxis(np.array(pairs), 0, 2)
        result["auroc_macro"] = mean(result["auroc_each"])
        result["auprc_macro"] = mean(result["auprc_each"])
    gaps = _gap(found["bins"], total[:, None])
    return result | {
        "brier": found["brier"].sum(-1) / total,
        "brier_each": found["brier"] / total[:, None],
        "ece": _gap(found["top"], total),
        "ece_classwise": gaps.mean(-1),
        "ece_each": gaps,
        **{name: found[name] for name in ("confusion", "top", "bins")},
    }


def draws(judged: Judged, *, ranked: bool = True) -> dict[str, Array]:
    """Every metric for each resample of patients; empty for fewer than two."""
    sums = sums_of(judged)
    blocks = resamples(judged.unit)
    return stacked([measures(judged, sums, weights, ranked=ranked) for weights in blocks])


def score(judged: Judged, drawn: dict[str, Array] | None = None) -> Metrics:
    """Tell everything of these rows, with the intervals of what was drawn from the same rows."""
    drawn = drawn or {}
    n, target = len(judged.votes), judged.target
    once = {k: v[0] for k, v in measures(judged, sums_of(judged), np.ones((1, n))).items()}
    everywhere = np.broadcast_to(target.mean(0), target.shape)
    counts = once["confusion"].astype(int)
    content = {
        "n": n,
        "n_patients": judged.n_units if judged.unit_name == "patient" else None,
        **{name: once[name] for name in SCALARS},
        "prior_kld": divergence(target, everywhere).mean(),
        "entropy_floor": -(target * np.log(np.clip(target, CLIP, 1))).sum(1).mean(),
        "per_class": {
            pattern: _of_pattern(once, drawn, k, int(counts[k].sum()))
            for k, pattern in enumerate(PATTERNS)
        },
        "confusion": {
            row: dict(zip(PATTERNS, counts[k], strict=True)) for k, row in enumerate(PATTERNS)
        },
        "reliability": {
            name: _points(sums, drawn_sums) for name, sums, drawn_sums in _diagrams(once, drawn)
        },
        "ci95": bounds(once, drawn, SCALARS),
    }
    return plain(content)


def bounds(once: dict[str, Array], drawn: dict[str, Array], names: tuple[str, ...]) -> Metrics:
    """Give the intervals of some scalar metrics."""
    return {
        name: interval(drawn.get(name), float(once[name]) if name in RAISED else None)
        for name in names
    }


def _of_pattern(once: dict[str, Array], drawn: dict[str, Array], k: int, n: int) -> Metrics:
    values = {name: once[f"{name}_each"][k] for name in OF_PATTERN}
    columns = {name: drawn[f"{name}_each"][:, k] for name in OF_PATTERN} if drawn else {}
    return {"n": n, **values, "ci95": bounds(values, columns, OF_PATTERN)}


def _points(sums: Array, drawn: Array | None) -> list[Metrics]:
    """One point a bin that holds rows: how many, mean probability, and how often it was so."""
    weight, told, seen = sums
    return [
        {
            "n": int(weight[b]),
            "predicted": told[b] / weight[b],
            "observed": seen[b] / weight[b],
            "ci95": None if drawn is None else interval(ratio(drawn[:, 2, b], drawn[:, 0, b])),
        }
        for b in np.flatnonzero(weight)
    ]


def _diagrams(
    once: dict[str, Array], drawn: dict[str, Array]
) -> Iterator[tuple[str, Array, Array | None]]:
    """Name, sums and drawn sums of each reliability diagram, the most probable pattern first."""
    yield "top", once["top"], drawn.get("top")
    for k, pattern in enumerate(PATTERNS):
        yield pattern, once["bins"][:, k], drawn["bins"][:, :, k] if drawn else None


def _bin(probability: Array) -> Array:
    """Number the bin of equal width, each holding its upper edge."""
    return np.clip(np.ceil(probability * N_BINS).astype(int) - 1, 0, N_BINS - 1)


def _gap(sums: Array, total: Array) -> Array:
    """Mean distance, over bins, of probability and what was observed; the last axis is the bins."""
    return np.abs(sums[:, 1] - sums[:, 2]).sum(-1) / total


def _weighted(values: Array, weights: Array) -> Array:
    """Mean over the last axis of what is defined, by weight."""
    defined = ~np.isnan(values)
    return ratio((np.where(defined, values, 0) * weights).sum(-1), (weights * defined).sum(-1))
