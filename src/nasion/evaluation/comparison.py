"""Comparison of two systems on the same rows: paired differences, and a test by permutation."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from nasion.evaluation.intervals import Estimate, interval
from nasion.evaluation.judged import Judged
from nasion.evaluation.metrics import Scores, divergence
from nasion.evaluation.resampling import MANY_ROWS

Array = np.ndarray[Any, Any]

COMPARED = ("kld", "accuracy", "balanced_accuracy", "auroc_macro")
CELLS = 4_000_000  # of a block of permutations, which bounds memory


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
    """

    a: str
    b: str
    differences: Mapping[str, Estimate]
    p_value: PValues


def pairs(
    systems: dict[str, Judged],
    scores: dict[str, Scores],
    resampled: dict[str, dict[str, Array]],
) -> tuple[Comparison, ...]:
    """Compare each two systems on the same rows.

    Parameters
    ----------
    systems
        By name; the same rows in each.
    scores
        `metrics.score` of each.
    drawn
        `metrics.draws` of each.
    """
    result = []
    for a, b in combinations(systems, 2):
        differences = {
            name: Estimate(
                _difference(getattr(scores[a], name), getattr(scores[b], name)),
                interval(resampled[a][name] - resampled[b][name]) if resampled[a] else None,
            )
            for name in COMPARED
        }
        result.append(Comparison(a, b, differences, _p_values(systems[a], systems[b])))
    return tuple(result)


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
