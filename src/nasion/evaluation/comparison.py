"""Comparison of two systems on the same rows: differences, and a test of chance.

Of single trainings it speaks of these trainings: patients are resampled, and the systems swapped
patient by patient. Of several trainings each it speaks of training so: patients and trainings are
drawn, and the difference is set against both chances, as in Welch's t test.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from nasion.evaluation.intervals import Estimate, interval
from nasion.evaluation.judged import Judged
from nasion.evaluation.metrics import Scores, divergence
from nasion.evaluation.resampling import MANY_ROWS
from nasion.evaluation.trainings import SEED, Chance, Draws, Trainings, degrees, variance, widened

Array = np.ndarray[Any, Any]

COMPARED = ("kld", "accuracy", "balanced_accuracy", "auroc_macro")
CELLS = 4_000_000  # of a block of permutations, which bounds memory
SURE = 0.05
RETRAINED_KLD = 0.04  # twice what another number of threads did to single trainings


@dataclass(frozen=True)
class PValues:
    """Two-sided, of the difference in these metrics; None for fewer than two patients."""

    kld: float | None
    accuracy: float | None


@dataclass(frozen=True)
class Comparison:
    """Two systems on the same rows.

    Attributes
    ----------
    a, b
        Their names.
    differences
        a - b in each of `COMPARED`.
    trainings
        How many of a and of b.
    """

    a: str
    b: str
    differences: Mapping[str, Estimate]
    p_value: PValues
    trainings: tuple[int, int]

    @property
    def reading(self) -> str:
        """What the difference in KLD says; better is only what several trainings show."""
        bounds, p = self.differences["kld"].ci95, self.p_value.kld
        if bounds is None or p is None:
            return "too few to tell"
        if p >= SURE or bounds.low <= 0 <= bounds.high:
            return "no clear difference"
        lower = self.a if bounds.high < 0 else self.b
        return f"{lower} has the lower KLD" if self.note else f"{lower} is better"

    @property
    def note(self) -> str:
        """What single trainings leave open; empty where each system has several."""
        single = [name for name, n in zip((self.a, self.b), self.trainings, strict=True) if n == 1]
        if not single:
            return ""
        who = "One training each" if len(single) == 2 else f"One training of {single[0]}"
        return f"{who}: differences under {RETRAINED_KLD} KLD may be chance of the training."


def pairs(
    systems: Mapping[str, Trainings],
    scores: Mapping[str, Scores],
    resampled: Mapping[str, Sequence[Draws]],
) -> tuple[Comparison, ...]:
    """Compare each two systems on the same rows.

    Parameters
    ----------
    systems
        By name; the same rows in each.
    scores
        `Trainings.score` of each.
    resampled
        `Trainings.resampled` of each.
    """
    result = []
    for a, b in combinations(systems, 2):
        numbers = len(systems[a].each), len(systems[b].each)
        bounded = resampled[a] and resampled[a][0]
        both = {
            name: _between(systems, resampled, (a, b), name) if bounded else None
            for name in COMPARED
        }
        differences = {
            name: Estimate(
                _difference(getattr(scores[a], name), getattr(scores[b], name)),
                interval(each.draws) if each else None,
            )
            for name, each in both.items()
        }
        of_groups = PValues(*(each.p_value if each else None
                              for each in (both["kld"], both["accuracy"])))  # fmt: skip
        single = numbers == (1, 1)
        p_value = _p_values(systems[a].first, systems[b].first) if single else of_groups
        result.append(Comparison(a, b, differences, p_value, numbers))
    return tuple(result)


@dataclass(frozen=True)
class Between:
    """Difference of two systems in one metric: draws of patients and trainings, and its p value."""

    draws: Array
    p_value: float | None


def _between(
    systems: Mapping[str, Trainings],
    resampled: Mapping[str, Sequence[Draws]],
    pair: tuple[str, str],
    name: str,
) -> Between:
    """The same whichever of the two comes first, but for the sign."""
    from scipy.special import stdtr

    first, second = sorted(pair)
    sign = 1 if pair == (first, second) else -1
    a, b = (np.array([sample[name] for sample in systems[who].samples]) for who in (first, second))
    draws_a, draws_b = (
        np.mean([draws[name] for draws in resampled[who]], axis=0) for who in (first, second)
    )
    patients = draws_a - draws_b
    if len(a) == len(b) == 1:
        return Between(sign * patients, None)
    chance, rng = Chance.of(a, b), np.random.default_rng(SEED)
    size, n_units = len(patients), systems[first].first.n_units
    both = patients + chance.draws(len(a), size, rng) - chance.draws(len(b), size, rng)
    variances = variance(patients), chance.variance * (1 / len(a) + 1 / len(b))
    difference = a.mean() - b.mean()
    both = widened(difference, both, *variances, n_units, chance.freedom)
    freedom = degrees(*variances, n_units, chance.freedom)
    error = float(sum(variances)) ** 0.5
    t = abs(difference) / error if error else (np.inf if difference else 0.0)
    return Between(sign * both, float(2 * stdtr(freedom, -t)))


def permutation_p(rows: Array, unit: Array, seed: int = 0) -> float | None:
    """How often chance gives a mean difference as large, were the two systems exchangeable.

    Parameters
    ----------
    rows : ndarray, shape (n,)
        First minus second system.
    unit : ndarray, shape (n,)
        The two predictions of all rows of a patient are swapped together.

    Returns
    -------
    float or None
        Two-sided; None for fewer than two patients.
    """
    codes = np.unique(unit, return_inverse=True)[1]
    sums = np.bincount(codes, weights=rows)
    if len(sums) < 2:
        return None
    rng = np.random.default_rng(seed)
    left = n_permutations(len(rows))
    total, observed = left, abs(sums.sum()) * (1 - 1e-9)
    n_extreme = 0
    while left:
        block = min(left, max(1, CELLS // len(sums)))
        flips = rng.random((block, len(sums)), dtype=np.float32) < 0.5
        n_extreme += int((np.abs(sums.sum() - 2 * (flips @ sums)) >= observed).sum())
        left -= block
    return (1 + n_extreme) / (1 + total)


def n_permutations(n: int) -> int:
    """How many permutations n rows get."""
    return 1_999 if n > MANY_ROWS else 9_999


def _p_values(a: Judged, b: Judged) -> PValues:
    def hits(judged: Judged) -> Array:
        return (judged.prediction.argmax(1) == judged.consensus).astype(float)

    klds = [divergence(judged.target, judged.prediction) for judged in (a, b)]
    return PValues(
        kld=permutation_p(klds[0] - klds[1], a.unit),
        accuracy=permutation_p(hits(a) - hits(b), a.unit),
    )


def _difference(a: Estimate, b: Estimate) -> float | None:
    return None if a.value is None or b.value is None else a.value - b.value
