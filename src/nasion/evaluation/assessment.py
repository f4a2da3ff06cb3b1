"""Assessment of one system: its scores overall, by votes, by fold and against the class prior."""

from typing import Any

import numpy as np

from nasion.evaluation import abstention, people, recalibration
from nasion.evaluation.judged import Judged
from nasion.evaluation.metrics import (
    CONFIDENT,
    FOLD_METRICS,
    VOTE_BINS,
    Metrics,
    divergence,
    draws,
    score,
)
from nasion.evaluation.resampling import interval, mean, n_resamples, plain, resamples

Array = np.ndarray[Any, Any]


def assess(judged: Judged, drawn: dict[str, Array] | None = None) -> Metrics:
    """Everything that metrics.json says of one system.

    Parameters
    ----------
    drawn
        `metrics.draws` of the same rows, where they are at hand.
    """
    drawn = draws(judged) if drawn is None else drawn
    votes = judged.votes.sum(1)
    bins = {name: (low <= votes) & (votes <= high) for name, (low, high) in VOTE_BINS.items()}
    confident = judged.target.max(1) > CONFIDENT
    calibration = recalibration.recalibrated(judged)
    return {
        "rows": judged.rows,
        "warnings": list(judged.warnings),
        "left_out": left_out(judged, calibrated=calibration is not None),
        "bootstrap": {"unit": judged.unit_name, "resamples": n_resamples(len(votes))},
        "overall": score(judged, drawn),
        "versus_prior": versus_prior(judged),
        "by_votes": {
            name: _block(judged, keep, drawn) for name, keep in bins.items() if keep.any()
        },
        "confident": _block(judged, confident, drawn) if confident.any() else None,
        **_folds(judged),
        "calibration": calibration,
        "cant_tell": abstention.curve(judged),
        "people": people.agreement_of_people(judged),
    }


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


def versus_prior(judged: Judged) -> Metrics:
    """Compare with knowing nothing: below 0 is better."""
    prediction, source = prior(judged)
    of_prior = divergence(judged.target, prediction)
    rows = divergence(judged.target, judged.prediction) - of_prior
    drawn = [weights @ rows / weights.sum(1) for weights in resamples(judged.unit)]
    return {
        "prior": source,
        "prior_kld": float(of_prior.mean()),
        "kld_difference": float(rows.mean()),
        "ci95": interval(np.concatenate(drawn)) if drawn else None,
    }


def left_out(judged: Judged, *, calibrated: bool) -> list[str]:
    """What could not be said of these rows, and why."""
    notes = []
    noun = "patient" if judged.unit_name == "patient" else "EEG"
    if judged.n_units < 2:
        notes.append(f"Intervals: they need two {noun}s, and there is one.")
    if not calibrated:
        notes.append(f"Calibration: no other {noun} is left to fit on.")
    if judged.unit_name != "patient":
        notes.append(
            "Patients: the files name none, so that intervals and p values take EEGs for "
            "independent and are too narrow where a patient has several."
        )
    if not judged.raters:
        notes.append(
            "Single experts, and the share of them under the system's curves: the labels hold no "
            "single raters' votes (columns rater_...)."
        )
    if not (judged.votes.sum(1) > 1).any():
        notes.append("Agreement among experts: no row has two votes.")
    return notes


def _block(judged: Judged, keep: Array, drawn: dict[str, Array]) -> Metrics:
    """Score some rows; what was drawn serves again where they are all."""
    if keep.all():
        return score(judged, drawn)
    some = judged.where(keep)
    return score(some, draws(some))


def _folds(judged: Judged) -> Metrics:
    """Score each fold, then their mean and sample standard deviation."""
    if judged.fold is None:
        return {}
    folds = []
    for fold in np.unique(judged.fold):
        scores = score(judged.where(judged.fold == fold))
        folds.append({"fold": int(fold), "n": scores["n"]} | {k: scores[k] for k in FOLD_METRICS})
    table = np.array([[fold[name] for name in FOLD_METRICS] for fold in folds], float)
    centres = [mean(column) for column in table.T]
    spreads = [column[~np.isnan(column)] for column in table.T]
    sds = [values.std(ddof=1) if len(values) > 1 else np.nan for values in spreads]
    return {
        "folds": folds,
        "folds_mean": plain(dict(zip(FOLD_METRICS, centres, strict=True))),
        "folds_sd": plain(dict(zip(FOLD_METRICS, sds, strict=True))),
    }
