"""Metrics of predictions against votes: divergence, agreement, ranking, calibration.

Truth is the distribution of the votes (for divergence, Brier score and class-wise calibration) or
the consensus, its first arg max (for all else). What is undefined, as the recall of an absent
pattern, is None and no part of means. An estimate and its interval come from the same lines: one
with every row counting once, the other with resampled rows.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasion.evaluation.gaps import N_BINS, Gaps, bin_of
from nasion.evaluation.intervals import Estimate, interval, interval_of_root, interval_of_share
from nasion.evaluation.judged import Judged
from nasion.evaluation.ranking import areas
from nasion.evaluation.resampling import Sums, defined, mean, ratio, resamples, stacked
from nasion.terms import PATTERNS, Pattern

Array = np.ndarray[Any, Any]
Measured = Mapping[str, Array]  # metrics by name, of rows or of resamples of them

CLIP = 1e-15
VOTE_BINS = {"1-2": (1, 2), "3-9": (3, 9), "10+": (10, np.inf)}
CONFIDENT = 0.5  # the paper's confusion matrices hold rows whose largest target is above
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
    "rms_calibration_error",
    "rms_calibration_error_classwise",
)
OF_PATTERN = (
    "precision", "recall", "f1", "auroc", "auprc", "brier", "ece", "rms_calibration_error",
)  # fmt: skip
LOWER_IS_BETTER = (
    "kld", "brier", "ece", "ece_classwise", "rms_calibration_error",
    "rms_calibration_error_classwise",
)  # fmt: skip
RAISED = ("ece", "ece_classwise")  # by chance, and by resamples once more: none of them bounds it
SQUARED = ("rms_calibration_error", "rms_calibration_error_classwise")  # measured as squares
UNBOUNDED = ("kld", "brier", "kappa")  # all else lies between 0 and 1
FEWEST = {"f1_macro": 40, "f1_weighted": 40}  # patients from which an interval holds
COUNTS = ("confusion", "top", "bins")  # what several trainings add up
FOLD_METRICS = (  # accuracy, precision, recall (balanced accuracy) and F1 are the paper's (3.3)
    "kld",
    "accuracy",
    "balanced_accuracy",
    "kappa",
    "precision_macro",
    "f1_macro",
    "auroc_macro",
)

N = len(PATTERNS)


@dataclass(frozen=True)
class PatternScores:
    """Of one pattern against the rest; `n` is how many rows have it as consensus."""

    n: int
    precision: Estimate
    recall: Estimate
    f1: Estimate
    auroc: Estimate
    auprc: Estimate
    brier: Estimate
    ece: Estimate
    rms_calibration_error: Estimate


@dataclass(frozen=True)
class Bin:
    """Rows of about one probability: its mean, and how often it was so."""

    n: int
    predicted: float
    observed: Estimate


@dataclass(frozen=True)
class Scores:
    """Of some rows; what is undefined, as the recall of an absent pattern, has no value.

    Attributes
    ----------
    n, n_patients
        How many rows, and of how many patients; None where patients are unknown.
    prior_kld
        Divergence of the mean target as everyone's prediction.
    entropy_floor
        Mean entropy of the targets, in nats: no cross entropy is below it.
    confusion : ndarray of int, shape (6, 6)
        Rows are the truth, columns the prediction.
    reliability
        Bins that hold rows, of the most probable pattern (``top``) and of each pattern.
    """

    n: int
    n_patients: int | None
    kld: Estimate
    accuracy: Estimate
    balanced_accuracy: Estimate
    kappa: Estimate
    precision_macro: Estimate
    precision_weighted: Estimate
    f1_macro: Estimate
    f1_weighted: Estimate
    auroc_macro: Estimate
    auprc_macro: Estimate
    brier: Estimate
    ece: Estimate
    ece_classwise: Estimate
    rms_calibration_error: Estimate
    rms_calibration_error_classwise: Estimate
    prior_kld: float
    entropy_floor: float
    per_class: Mapping[Pattern, PatternScores]
    confusion: Array
    reliability: Mapping[str, tuple[Bin, ...]]


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
    n_true, n_predicted = counts.sum(-1), counts.sum(-2)
    total = n_true.sum(-1)
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    recall, precision = ratio(hits, n_true), ratio(hits, n_predicted)
    f1 = ratio(2 * hits, n_true + n_predicted)
    accuracy = ratio(hits.sum(-1), total)
    chance = ratio((n_true * n_predicted).sum(-1), total**2)
    return {
        "accuracy": accuracy,
        "balanced_accuracy": mean(recall),
        "kappa": ratio(accuracy - chance, 1 - chance),
        "precision_macro": mean(precision),
        "precision_weighted": _weighted(precision, n_true),
        "f1_macro": mean(f1),
        "f1_weighted": _weighted(f1, n_true),
        "precision_each": precision,
        "recall_each": recall,
        "f1_each": f1,
    }


def sums_of(judged: Judged) -> Sums:
    """The sums over rows that metrics are made of."""
    target, prediction, truth = judged.target, judged.prediction, judged.consensus
    pattern, confidence = np.arange(N), prediction.max(1)
    choice = prediction.argmax(1)
    sums = Sums(len(truth))
    sums.add("kld", divergence(target, prediction))
    sums.add("confusion", 1, truth * N + choice, (N, N))
    sums.add("brier", (prediction - target) ** 2, pattern[None], (N,))
    columns = np.stack([np.ones(len(confidence)), confidence, truth == choice], axis=1)
    sums.add("top", columns, bin_of(confidence)[:, None] + np.arange(3) * N_BINS, (3, N_BINS))
    place = bin_of(prediction) + pattern * N_BINS
    columns = np.concatenate([np.ones_like(target), prediction, target], axis=1)
    places = np.concatenate([place + k * N * N_BINS for k in range(3)], axis=1)
    sums.add("bins", columns, places, (3, N, N_BINS))
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
    totals = sums(weights)
    result = {"kld": totals["kld"] / total, **agreement(totals["confusion"])}
    if ranked:
        truth = judged.consensus
        pairs = [areas(judged.prediction[:, k], truth == k, weights) for k in range(N)]
        result["auroc_each"], result["auprc_each"] = np.moveaxis(np.array(pairs), 0, 2)
        result["auroc_macro"] = mean(result["auroc_each"])
        result["auprc_macro"] = mean(result["auprc_each"])
    gaps = _gap(totals["bins"], total[:, None])
    overall, by_pattern = Gaps.of(judged).squared(weights)
    return result | {
        "brier": totals["brier"].sum(-1) / total,
        "brier_each": totals["brier"] / total[:, None],
        "ece": _gap(totals["top"], total),
        "ece_classwise": gaps.mean(-1),
        "ece_each": gaps,
        "rms_calibration_error": overall,
        "rms_calibration_error_classwise": by_pattern.mean(-1),
        "rms_calibration_error_each": by_pattern,
        **{name: totals[name] for name in ("confusion", "top", "bins")},
    }


def draws(judged: Judged, *, ranked: bool = True) -> dict[str, Array]:
    """Every metric for each resample of patients; empty for fewer than two."""
    sums = sums_of(judged)
    blocks = resamples(judged.unit)
    return stacked([measures(judged, sums, weights, ranked=ranked) for weights in blocks])


def measured_once(judged: Judged, *, ranked: bool = True) -> dict[str, Array]:
    """Every metric with each row counting once."""
    sample = measures(judged, sums_of(judged), np.ones((1, len(judged.votes))), ranked=ranked)
    return {name: values[0] for name, values in sample.items()}


def score(judged: Judged, resampled: Measured | None = None) -> Scores:
    """Tell everything of these rows, with the intervals of what was drawn from the same rows."""
    return scores_of(judged, measured_once(judged), resampled or {})


def scores_of(judged: Judged, sample: Measured, resampled: Measured) -> Scores:
    """Put what was measured of these rows, and drawn, in the form of scores."""
    n, target = len(judged.votes), judged.target
    shares = np.broadcast_to(target.mean(0), target.shape)
    n_true = np.bincount(judged.consensus, minlength=N)
    return Scores(
        n=n,
        n_patients=judged.n_units if judged.unit_name == "patient" else None,
        prior_kld=float(divergence(target, shares).mean()),
        entropy_floor=float(-(target * np.log(np.clip(target, CLIP, 1))).sum(1).mean()),
        per_class={
            pattern: _of_pattern(sample, resampled, k, int(n_true[k]), judged.n_units)
            for k, pattern in enumerate(PATTERNS)
        },
        confusion=sample["confusion"].astype(int),
        reliability={
            name: _bins(sums, drawn_sums) for name, sums, drawn_sums in _diagrams(sample, resampled)
        },
        **estimates(sample, resampled, SCALARS, judged.n_units),
    )


def estimates(
    sample: Measured, resampled: Measured, names: tuple[str, ...], n_units: int
) -> dict[str, Estimate]:
    """Give some scalar metrics by name, each with its interval over so many patients."""
    return {
        name: _estimate(name, float(sample[name]), resampled.get(name), n_units) for name in names
    }


def _estimate(name: str, value: float, resampled: Array | None, n_units: int) -> Estimate:
    if name in SQUARED:
        bounds = interval_of_root(resampled, value, n_units)
        return Estimate(defined(max(value, 0.0) ** 0.5), bounds)
    if name in RAISED or n_units < FEWEST.get(name, 0):
        return Estimate(defined(value))
    if name in UNBOUNDED:
        return Estimate(defined(value), interval(resampled))
    return Estimate(defined(value), interval_of_share(resampled, value, n_units))


def _of_pattern(
    sample: Measured, resampled: Measured, k: int, n: int, n_units: int
) -> PatternScores:
    values = {name: sample[f"{name}_each"][k] for name in OF_PATTERN}
    columns = {name: resampled[f"{name}_each"][:, k] for name in OF_PATTERN} if resampled else {}
    return PatternScores(n=n, **estimates(values, columns, OF_PATTERN, n_units))


def _bins(sums: Array, resampled: Array | None) -> tuple[Bin, ...]:
    """Those that hold rows."""
    weight, probability, hits = sums
    return tuple(
        Bin(
            int(weight[b]),
            float(probability[b] / weight[b]),
            Estimate(
                float(hits[b] / weight[b]),
                None
                if resampled is None
                else interval(ratio(resampled[:, 2, b], resampled[:, 0, b])),
            ),
        )
        for b in np.flatnonzero(weight)
    )


def _diagrams(sample: Measured, resampled: Measured) -> Iterator[tuple[str, Array, Array | None]]:
    """Name, sums and drawn sums of each reliability diagram, the most probable pattern first."""
    yield "top", sample["top"], resampled.get("top")
    for k, pattern in enumerate(PATTERNS):
        yield pattern, sample["bins"][:, k], resampled["bins"][:, :, k] if resampled else None


def _gap(sums: Array, total: Array) -> Array:
    """Mean distance, over bins, of probability and what was observed; the last axis is the bins."""
    return np.abs(sums[:, 1] - sums[:, 2]).sum(-1) / total


def _weighted(values: Array, weights: Array) -> Array:
    """Mean over the last axis of what is defined, by weight."""
    finite = ~np.isnan(values)
    return ratio((np.where(finite, values, 0) * weights).sum(-1), (weights * finite).sum(-1))
