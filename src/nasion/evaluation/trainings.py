"""Trainings: several fits of one design are one system.

A score of a system is the mean over the scores of its trainings, not that of their mean
prediction. Its resamples are hierarchical: patients with replacement, the same for every training,
and trainings with replacement, so that an interval speaks of other patients and of training anew.
Few trainings tell little of their chance: what is drawn is widened as Student's t is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from nasion.evaluation.judged import Judged
from nasion.evaluation.metrics import COUNTS, Scores, draws, measured_once, scores_of
from nasion.evaluation.resampling import mean

Array = np.ndarray[Any, Any]
Draws = Mapping[str, Array]

LEVEL = 0.975
SEED = 1  # not that of the patients


@dataclass(frozen=True)
class Trainings:
    """Predictions of the same rows by each training of a system."""

    each: tuple[Judged, ...]

    @property
    def first(self) -> Judged:
        """Of the first training; votes and patients are those of all."""
        return self.each[0]

    @property
    def same_folds(self) -> bool:
        """Whether all held out the same rows together."""
        folds = [rows.fold for rows in self.each]
        return all(
            fold is not None and folds[0] is not None and np.array_equal(fold, folds[0])
            for fold in folds
        )

    @property
    def pooled(self) -> Judged:
        """Rows of all trainings one after the other."""
        if len(self.each) == 1:
            return self.first
        n = len(self.each)
        return replace(
            self.first,
            votes=np.tile(self.first.votes, (n, 1)),
            prediction=np.concatenate([rows.prediction for rows in self.each]),
            unit=np.tile(self.first.unit, n),
            fold=np.tile(self.first.fold, n)
            if self.first.fold is not None and self.same_folds
            else None,
            raters={name: np.tile(votes, n) for name, votes in self.first.raters.items()},
        )

    @cached_property
    def samples(self) -> tuple[dict[str, Array], ...]:
        """Every metric of each training, with each row counting once."""
        return tuple(measured_once(rows) for rows in self.each)

    def where(self, rows: Array) -> "Trainings":
        """Some of the rows, by a boolean mask of shape (n,)."""
        return Trainings(tuple(training.where(rows) for training in self.each))

    def resampled(self) -> tuple[Draws, ...]:
        """Every metric of each training for the same resamples of patients."""
        return tuple(draws(rows) for rows in self.each)

    def score(self, resampled: Sequence[Draws] = ()) -> Scores:
        """Mean scores, with intervals over patients and trainings where those were drawn."""
        mean_scores = {
            name: joined(name, [sample[name] for sample in self.samples])
            for name in self.samples[0]
        }
        return scores_of(self.first, mean_scores, self._joined_draws(resampled))

    def _joined_draws(self, resampled: Sequence[Draws]) -> Draws:
        if len(resampled) < 2 or not resampled[0]:
            return resampled[0] if resampled else {}
        result = {}
        for name in resampled[0]:
            joined_values = joined(name, [values_of[name] for values_of in resampled])
            if name not in COUNTS:
                values = np.stack([values_of[name] for values_of in self.samples])
                joined_values = hierarchical(values, joined_values, self.first.n_units)
            result[name] = joined_values
        return result


def joined(name: str, values: Sequence[Array]) -> Array:
    """Sum what is counted, and average the rest where it is defined."""
    stack = np.stack(values, axis=-1)
    return stack.sum(-1) if name in COUNTS else mean(stack)


@dataclass(frozen=True)
class Chance:
    """What chance of training does to a score, told by systems of two trainings and more.

    Attributes
    ----------
    residuals : ndarray, shape (m, ...)
        Scores less the mean of their system, in order and as wide as the unbiased variance.
    freedom
        How many of them are free; 0 where no system has two.
    """

    residuals: Array
    freedom: int

    @classmethod
    def of(cls, *systems: Array) -> "Chance":
        """From the scores of each training of some systems, arrays of shape (k, ...)."""
        repeated = [scores for scores in systems if len(scores) > 1]
        if not repeated:
            return cls(np.zeros((1, *systems[0].shape[1:])), 0)
        residuals = np.concatenate([scores - scores.mean(0) for scores in repeated])
        freedom = len(residuals) - len(repeated)
        residuals = np.nan_to_num(np.sort(residuals, axis=0))
        return cls(residuals * (len(residuals) / freedom) ** 0.5, freedom)

    @property
    def variance(self) -> Array:
        """Of one training."""
        return (self.residuals**2).mean(0)

    def draws(self, k: int, size: int, rng: np.random.Generator) -> Array:
        """Draw the mean of k trainings, shape (size, ...)."""
        return self.residuals[rng.integers(len(self.residuals), size=(size, k))].mean(1)


def hierarchical(scores: Array, resampled: Array, n_units: int) -> Array:
    """Let trainings be drawn as well.

    Parameters
    ----------
    scores : ndarray, shape (k, ...)
        Of each training.
    drawn : ndarray, shape (b, ...)
        Mean over the trainings for each resample of patients.
    """
    if len(scores) == 1:
        return resampled
    chance = Chance.of(scores)
    total = resampled + chance.draws(len(scores), len(resampled), np.random.default_rng(SEED))
    of_patients = variance(resampled)
    of_trainings = chance.variance / len(scores)
    return widened(mean(np.moveaxis(scores, 0, -1)), total, of_patients, of_trainings, n_units,
                   chance.freedom)  # fmt: skip


def widened(
    centre: Array,
    resampled: Array,
    of_patients: Array,
    of_trainings: Array,
    n_units: int,
    freedom: int,
) -> Array:
    """Stretch draws about the estimate by how little so few trainings tell of their variance."""
    from scipy.special import stdtrit

    quantile = stdtrit(degrees(of_patients, of_trainings, n_units, freedom), LEVEL)
    return centre + (resampled - centre) * (quantile / stdtrit(n_units - 1, LEVEL))


def degrees(of_patients: Array, of_trainings: Array, n_units: int, freedom: int) -> Array:
    """Degrees of freedom of the sum of two variances (Satterthwaite)."""
    total = of_patients + of_trainings
    parts = of_patients**2 / (n_units - 1) + of_trainings**2 / max(freedom, 1)
    return np.divide(total**2, parts, out=np.full(np.shape(total), n_units - 1.0), where=parts > 0)


def variance(resampled: Array) -> Array:
    """Variance over the first axis of what is defined."""
    centred = resampled - mean(np.moveaxis(resampled, 0, -1))
    return mean(np.moveaxis(centred**2, 0, -1))
