"""How well predictions agree with votes: divergence, agreement, ranking, and their intervals.

Truth is the distribution of the votes (for the divergence) or the consensus, its first arg max
(for all else). What is undefined, as the recall of an absent pattern, is None and no part of means.
"""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np

from nasion.evaluation.tables import Judged
from nasion.terms import PATTERNS

Array = np.ndarray[Any, Any]
Metrics = dict[str, Any]

SCHEMA = 1
CLIP = 1e-15
VOTE_BINS = {"1-2": (1, 2), "3-9": (3, 9), "10+": (10, np.inf)}
CONFIDENT = 0.5  # the paper's confusion matrices hold rows whose largest target is above
INTERVALS = ("kld", "accuracy", "balanced_accuracy", "auroc_macro")
FOLD_METRICS = ("kld", "accuracy", "balanced_accuracy", "kappa", "f1_macro", "auroc_macro")
MANY_ROWS = 10_000  # above, 300 resamples are enough
CELLS = 2_000_000  # of a block of resamples, which bounds memory


def divergence(target: Array, prediction: Array) -> Array:
    """KL(target || prediction) of each row, in nats; shapes (n, 6), (n, 6) -> (n,).

    Predictions are clipped at 1e-15 and renormalised, as Kaggle does.
    """
    clipped = np.clip(prediction, CLIP, 1)
    clipped = clipped / clipped.sum(1, keepdims=True)
    return (target * np.log(np.clip(target, CLIP, 1) / clipped)).sum(1)


def confusion(truth: Array, predicted: Array) -> Array:
    """Count pairs; rows are the truth, columns the prediction; shape (6, 6)."""
    n = len(PATTERNS)
    return np.bincount(truth * n + predicted, minlength=n * n).reshape(n, n)


def auroc(score: Array, positive: Array, weights: Array) -> Array:
    """Area under the ROC curve for each row of weights; nan where a class weighs nothing.

    Parameters
    ----------
    score, positive : ndarray, shape (n,)
        The classifier's score; whether the row is of the class. Ties of scores count half.
    weights : ndarray, shape (b, n)
        How often each row counts.
    """
    order = np.argsort(score, kind="stable")
    weighted = weights[:, order]
    hits = weighted * positive[order]
    misses = weighted - hits
    starts = np.flatnonzero(np.diff(score[order], prepend=-np.inf))
    if len(starts) < len(score):
        hits = np.add.reduceat(hits, starts, axis=1)
        misses = np.add.reduceat(misses, starts, axis=1)
    below = np.cumsum(misses, axis=1) - misses / 2
    return _ratio((hits * below).sum(1), hits.sum(1) * misses.sum(1))


def average_precision(score: Array, positive: Array) -> float:
    """Mean precision at each recall step, without interpolation; nan without a positive."""
    order = np.argsort(-score, kind="stable")
    ends = np.flatnonzero(np.diff(score[order], append=-np.inf))  # equal scores are one step
    hits = np.cumsum(positive[order])[ends]
    steps = np.diff(hits, prepend=0)
    return float(_ratio((steps * hits / (ends + 1)).sum(), positive.sum()))


def prior(judged: Judged) -> tuple[Array, str]:
    """Give the class prior for each row: the mean target of the other folds, else of all rows.

    Returns
    -------
    prediction : ndarray, shape (n, 6)
    source : str
        ``other folds`` or ``labels``.
    """
    target = judged.target
    everywhere = np.broadcast_to(target.mean(0), target.shape)
    if judged.fold is None or len(np.unique(judged.fold)) < 2:
        return everywhere, "labels"
    result = np.empty_like(target)
    for fold in np.unique(judged.fold):
        result[judged.fold == fold] = target[judged.fold != fold].mean(0)
    return result, "other folds"


def score(judged: Judged) -> Metrics:
    """All metrics of these rows, without intervals."""
    target, truth = judged.target, judged.consensus
    counts = confusion(truth, judged.prediction.argmax(1))
    n, of_truth, of_prediction = len(truth), counts.sum(1), counts.sum(0)
    hits = np.diag(counts)
    recall = _ratio(hits, of_truth)
    f1 = _ratio(2 * hits, of_truth + of_prediction)
    once = np.ones((1, n))
    columns = [(judged.prediction[:, k], truth == k) for k in range(len(PATTERNS))]
    area = np.array([auroc(column, positive, once)[0] for column, positive in columns])
    precisions = np.array([average_precision(*column) for column in columns])
    chance = float((of_truth * of_prediction).sum()) / n**2
    everywhere = np.broadcast_to(target.mean(0), target.shape)
    by_pattern = {
        "n": of_truth,
        "precision": _ratio(hits, of_prediction),
        "recall": recall,
        "f1": f1,
        "auroc": area,
        "auprc": precisions,
    }
    return _plain(
        {
            "n": n,
            "n_patients": len(np.unique(judged.unit)) if judged.unit_name == "patient" else None,
            "kld": divergence(target, judged.prediction).mean(),
            "accuracy": hits.sum() / n,
            "balanced_accuracy": _mean(recall),
            "kappa": _ratio(hits.sum() / n - chance, 1 - chance),
            "f1_macro": _mean(f1),
            "f1_weighted": np.nansum(f1 * of_truth) / n,
            "auroc_macro": _mean(area),
            "auprc_macro": _mean(precisions),
            "prior_kld": divergence(target, everywhere).mean(),
            "entropy_floor": -(target * np.log(np.clip(target, CLIP, 1))).sum(1).mean(),
            "per_class": {
                pattern: {name: values[k] for name, values in by_pattern.items()}
                for k, pattern in enumerate(PATTERNS)
            },
            "confusion": {
                row: dict(zip(PATTERNS, counts[k], strict=True)) for k, row in enumerate(PATTERNS)
            },
        }
    )


def intervals(judged: Judged) -> Metrics:
    """Intervals of 95 % of some metrics, from resampled patients (or EEGs).

    Returns
    -------
    dict of str to list of float or None
        Lower and upper bound; None where a metric is undefined or only one patient is there.
    """
    truth, guess = judged.consensus, judged.prediction.argmax(1)
    klds = divergence(judged.target, judged.prediction)
    members = np.eye(len(PATTERNS))[truth]
    hits = members * (truth == guess)[:, None]
    drawn: dict[str, list[Array]] = {name: [] for name in INTERVALS}
    for weights in resamples(judged.unit):
        n = weights.sum(1)
        hit = weights @ hits
        areas = [
            auroc(judged.prediction[:, k], members[:, k], weights) for k in range(len(PATTERNS))
        ]
        drawn["kld"].append(weights @ klds / n)
        drawn["accuracy"].append(hit.sum(1) / n)
        drawn["balanced_accuracy"].append(_mean(_ratio(hit, weights @ members)))
        drawn["auroc_macro"].append(_mean(np.stack(areas, axis=1)))
    return {name: _interval(values) for name, values in drawn.items()}


def difference(a: Array, b: Array, unit: Array) -> Metrics:
    """Mean of a - b over rows, paired, with its interval; shapes (n,)."""
    rows = a - b
    drawn = [weights @ rows / weights.sum(1) for weights in resamples(unit)]
    return {"kld_difference": float(rows.mean()), "ci95": _interval(drawn)}


def resamples(unit: Array, seed: int = 0) -> Iterator[Array]:
    """Draw units with replacement; yield blocks of row weights, shape (b, n).

    Equal units give equal draws, so that two systems on the same rows are paired. Nothing comes of
    fewer than two units.
    """
    codes = np.unique(unit, return_inverse=True)[1]
    n, n_units = len(unit), int(codes.max()) + 1
    left = n_resamples(n)
    rng = np.random.default_rng(seed)
    while left and n_units > 1:
        block = min(left, max(1, CELLS // n))
        draws = rng.integers(n_units, size=(block, n_units))
        counts = [np.bincount(draw, minlength=n_units) for draw in draws]
        yield np.asarray(counts, float)[:, codes]
        left -= block


def n_resamples(n: int) -> int:
    """How many resamples n rows get."""
    return 300 if n > MANY_ROWS else 1000


def assess(judged: Judged) -> Metrics:
    """Everything that metrics.json says of one system."""
    votes, target = judged.votes.sum(1), judged.target
    prediction, source = prior(judged)
    klds = divergence(target, judged.prediction)
    bins = {name: (low <= votes) & (votes <= high) for name, (low, high) in VOTE_BINS.items()}
    confident = target.max(1) > CONFIDENT
    return {
        "rows": judged.rows,
        "warnings": list(judged.warnings),
        "bootstrap": {"unit": judged.unit_name, "resamples": n_resamples(len(votes))},
        "overall": _block(judged),
        "versus_prior": {
            "prior": source,
            "prior_kld": float(divergence(target, prediction).mean()),
            **difference(klds, divergence(target, prediction), judged.unit),
        },
        "by_votes": {name: _block(judged.where(keep)) for name, keep in bins.items() if keep.any()},
        "confident": _block(judged.where(confident)) if confident.any() else None,
        **_folds(judged),
    }


def pairs(systems: dict[str, Judged]) -> list[Metrics]:
    """Compare each two systems on the same rows; below 0 the first is better."""
    klds = {name: divergence(each.target, each.prediction) for name, each in systems.items()}
    return [
        {"a": a, "b": b, **difference(klds[a], klds[b], systems[a].unit)}
        for a, b in combinations(systems, 2)
    ]


def _block(judged: Judged) -> Metrics:
    return {**score(judged), "ci95": intervals(judged)}


def _folds(judged: Judged) -> Metrics:
    """Score each fold, then their mean and sample standard deviation."""
    if judged.fold is None:
        return {}
    folds = []
    for fold in np.unique(judged.fold):
        scores = score(judged.where(judged.fold == fold))
        folds.append({"fold": int(fold), "n": scores["n"]} | {k: scores[k] for k in FOLD_METRICS})
    table = np.array([[fold[name] for name in FOLD_METRICS] for fold in folds], float)
    centres = [_mean(column) for column in table.T]
    spreads = [column[~np.isnan(column)] for column in table.T]
    sds = [values.std(ddof=1) if len(values) > 1 else np.nan for values in spreads]
    return {
        "folds": folds,
        "folds_mean": _plain(dict(zip(FOLD_METRICS, centres, strict=True))),
        "folds_sd": _plain(dict(zip(FOLD_METRICS, sds, strict=True))),
    }


def _interval(drawn: list[Array]) -> list[float] | None:
    values = np.concatenate(drawn) if drawn else np.empty(0)
    values = values[~np.isnan(values)]
    return np.percentile(values, [2.5, 97.5]).tolist() if len(values) else None


def _ratio(above: Any, below: Any) -> Array:
    """Divide; nan where the divisor is 0."""
    above, below = np.broadcast_arrays(np.asarray(above, float), np.asarray(below, float))
    return np.divide(above, below, out=np.full(below.shape, np.nan), where=below > 0)


def _mean(values: Array) -> Array:
    """Mean over the last axis of what is defined; nan where nothing is."""
    defined = ~np.isnan(values)
    return _ratio(np.where(defined, values, 0).sum(-1), defined.sum(-1))


def _plain(value: Any) -> Any:
    """Turn into what JSON knows: nan becomes None."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (np.integer, int)):
        return int(value)
    if value is None:
        return None
    return None if np.isnan(value) else float(value)
