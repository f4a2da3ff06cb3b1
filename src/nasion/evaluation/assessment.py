"""Assessment of one system: its scores overall, by votes, by fold and against the class prior."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nasion.evaluation.abstention import Kept, curve
from nasion.evaluation.intervals import Estimate, interval
from nasion.evaluation.judged import Judged
from nasion.evaluation.metrics import (
    CONFIDENT,
    FEWEST,
    FOLD_METRICS,
    VOTE_BINS,
    Scores,
    divergence,
)
from nasion.evaluation.people import People, agreement_of_people
from nasion.evaluation.recalibration import Recalibration, recalibrated
from nasion.evaluation.resampling import defined, mean, n_resamples, resamples
from nasion.evaluation.trainings import Draws, Trainings, hierarchical
from nasion.seen import NOTHING, Seen

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class VersusPrior:
    """The divergence minus that of the class prior, of ``other folds`` or of all ``labels``."""

    prior: str
    prior_kld: float
    kld_difference: Estimate


@dataclass(frozen=True)
class Fold:
    """Scores of one fold, by the names of `metrics.FOLD_METRICS`."""

    fold: int
    n: int
    scores: Mapping[str, float | None]


@dataclass(frozen=True)
class Folds:
    """Each fold, and mean and sample standard deviation over them."""

    each: tuple[Fold, ...]
    mean: Mapping[str, float | None]
    sd: Mapping[str, float | None]


@dataclass(frozen=True)
class Assessment:
    """One system.

    Attributes
    ----------
    trainings
        How many; scores are means over them.
    rows
        How many were labelled, left out, judged and unused, as `Judged.rows`.
    warnings, left_out
        What a reader of the numbers has to know; what could not be said, and why.
    unit, n_resamples
        What was resampled, ``patient`` or ``eeg``, and how often.
    by_votes
        By the names of `metrics.VOTE_BINS`, where there are such rows.
    confident
        Rows whose largest target is above one half.
    folds
        None where the predictions name none.
    calibration
        None where no other patient is left to fit on.
    cant_tell
        From few segments, the surest, to all.
    run
        Version and fingerprints of the RUN; empty where unknown.
    seen
        How much of what was predicted had been learned from.
    """

    trainings: int
    rows: Mapping[str, int]
    warnings: tuple[str, ...]
    left_out: tuple[str, ...]
    unit: str
    n_resamples: int
    overall: Scores
    versus_prior: VersusPrior
    by_votes: Mapping[str, Scores]
    confident: Scores | None
    folds: Folds | None
    calibration: Recalibration | None
    cant_tell: tuple[Kept, ...]
    people: People
    run: Mapping[str, str] = field(default_factory=dict)
    seen: Seen = NOTHING


def assess(trainings: Trainings, resampled: Sequence[Draws] | None = None) -> Assessment:
    """Everything that can be said of one system.

    Scores are means over its trainings; what is drawn as a curve, matrix or fit is of the rows of
    all trainings together.

    Parameters
    ----------
    resampled
        `Trainings.resampled` of the same rows, where they are at hand.
    """
    resampled = trainings.resampled() if resampled is None else resampled
    first, pooled = trainings.first, trainings.pooled
    votes = first.votes.sum(1)
    bins = {name: (low <= votes) & (votes <= high) for name, (low, high) in VOTE_BINS.items()}
    confident = first.target.max(1) > CONFIDENT
    calibration = recalibrated(pooled)
    return Assessment(
        trainings=len(trainings.each),
        rows=first.rows,
        warnings=tuple(dict.fromkeys(note for rows in trainings.each for note in rows.warnings)),
        left_out=tuple(left_out(trainings, calibrated=calibration is not None)),
        unit=first.unit_name,
        n_resamples=n_resamples(len(votes)),
        overall=trainings.score(resampled),
        versus_prior=versus_prior(trainings),
        by_votes={
            name: _block(trainings, rows, resampled) for name, rows in bins.items() if rows.any()
        },
        confident=_block(trainings, confident, resampled) if confident.any() else None,
        folds=_folds(trainings),
        calibration=calibration,
        cant_tell=curve(pooled),
        people=agreement_of_people(pooled, copies=len(trainings.each)),
    )


def prior(judged: Judged) -> tuple[Array, str]:
    """Give the class prior for each row: the mean target of the other folds, else of all rows.

    Returns
    -------
    prediction : ndarray, shape (n, 6)
    source : str
        ``other folds`` or ``labels``.
    """
    target = judged.target
    shares = np.broadcast_to(target.mean(0), target.shape)
    if judged.fold is None or len(np.unique(judged.fold)) < 2:
        return shares, "labels"
    result = np.empty_like(target)
    for fold in np.unique(judged.fold):
        result[judged.fold == fold] = target[judged.fold != fold].mean(0)
    return result, "other folds"


def versus_prior(trainings: Trainings) -> VersusPrior:
    """Compare with knowing nothing: below 0 is better."""
    unit, source = trainings.first.unit, prior(trainings.first)[1]
    of_prior = np.stack([divergence(rows.target, prior(rows)[0]) for rows in trainings.each])
    of_system = np.stack([divergence(rows.target, rows.prediction) for rows in trainings.each])
    less = of_system - of_prior  # (trainings, rows)
    patients = [(weights @ less.mean(0)) / weights.sum(1) for weights in resamples(unit)]
    bounds = None
    if patients:
        both = hierarchical(less.mean(1), np.concatenate(patients), trainings.first.n_units)
        bounds = interval(both)
    return VersusPrior(source, float(of_prior.mean()), Estimate(float(less.mean()), bounds))


def left_out(trainings: Trainings, *, calibrated: bool) -> list[str]:
    """What could not be said of these rows, and why."""
    notes, judged = [], trainings.first
    noun = "patient" if judged.unit_name == "patient" else "EEG"
    if judged.n_units < 2:
        notes.append(f"Intervals: they need two {noun}s, and there is one.")
    notes.append(
        "Intervals of the ECE: chance raises it, and resamples once more, so that none holds the "
        "truth; the RMS calibration error has one."
    )
    fewest = max(FEWEST.values())
    if 2 <= judged.n_units < fewest:
        notes.append(
            f"Intervals of F1 over patterns: they hold from {fewest} {noun}s on, and there are "
            f"{judged.n_units}."
        )
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
    if judged.fold is not None and not trainings.same_folds:
        notes.append("Scores by fold: the trainings have different folds.")
    return notes


def _block(trainings: Trainings, rows: Array, resampled: Sequence[Draws]) -> Scores:
    """Score some rows; what was drawn serves again where they are all."""
    if rows.all():
        return trainings.score(resampled)
    part = trainings.where(rows)
    return part.score(part.resampled())


def _folds(trainings: Trainings) -> Folds | None:
    """Score each fold, then their mean and sample standard deviation."""
    numbers = trainings.first.fold
    if numbers is None or not trainings.same_folds:
        return None
    folds = []
    for fold in np.unique(numbers):
        scores = trainings.where(numbers == fold).score()
        values = {name: getattr(scores, name).value for name in FOLD_METRICS}
        folds.append(Fold(int(fold), scores.n, values))
    table = np.array([[fold.scores[name] for name in FOLD_METRICS] for fold in folds], float)
    centres = [defined(mean(column)) for column in table.T]
    columns = [column[~np.isnan(column)] for column in table.T]
    sds = [float(values.std(ddof=1)) if len(values) > 1 else None for values in columns]
    return Folds(
        tuple(folds),
        dict(zip(FOLD_METRICS, centres, strict=True)),
        dict(zip(FOLD_METRICS, sds, strict=True)),
    )
