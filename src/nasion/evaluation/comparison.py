"""Comparison of two systems on the same rows: paired differences, and a test by permutation."""

from itertools import combinations
from typing import Any

import numpy as np

from nasion.evaluation.judged import Judged
from nasion.evaluation.metrics import Metrics, divergence
from nasion.evaluation.resampling import MANY_ROWS, interval, plain

Array = np.ndarray[Any, Any]

COMPARED = ("kld", "accuracy", "balanced_accuracy", "auroc_macro")
PERMUTED = ("kld", "accuracy")
CELLS = 4_000_000  # of a block of permutations, which bounds memory


def pairs(
    systems: dict[str, Judged],
    scores: dict[str, Metrics],
    drawn: dict[str, dict[str, Array]],
) -> list[Metrics]:
    """Compare each two systems on the same rows.

    Parameters
    ----------
    systems
        By name; the same rows in each.
    scores
        `metrics.score` of each.
    drawn
        `metrics.draws` of each.

    Returns
    -------
    list of dict
        ``a``, ``b``, ``kld_difference`` (a - b; below 0 the first is better) with its ``ci95``,
        ``differences`` of all `COMPARED` with ``ci95``, and the ``p_value`` of `PERMUTED`.
    """
    result = []
    for a, b in combinations(systems, 2):
        differences: Metrics = {
            name: {"difference": _less(scores[a][name], scores[b][name]), "ci95": None}
            for name in COMPARED
        }
        if drawn[a]:
            for name, each in differences.items():
                each["ci95"] = interval(drawn[a][name] - drawn[b][name])
        result.append(
            {
                "a": a,
                "b": b,
                "kld_difference": differences["kld"]["difference"],
                "ci95": differences["kld"]["ci95"],
                "differences": differences,
                "p_value": _p_values(systems[a], systems[b]),
            }
        )
    return plain(result)


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
    reached = 0
    while left:
        block = min(left, max(1, CELLS // len(sums)))
        swapped = rng.random((block, len(sums)), dtype=np.float32) < 0.5
        reached += int((np.abs(sums.sum() - 2 * (swapped @ sums)) >= observed).sum())
        left -= block
    return (1 + reached) / (1 + total)


def n_permutations(n: int) -> int:
    """How many permutations n rows get."""
    return 1_999 if n > MANY_ROWS else 9_999


def _p_values(a: Judged, b: Judged) -> Metrics:
    def hits(each: Judged) -> Array:
        return (each.prediction.argmax(1) == each.consensus).astype(float)

    klds = [divergence(each.target, each.prediction) for each in (a, b)]
    return {
        "kld": permutation_p(klds[0] - klds[1], a.unit),
        "accuracy": permutation_p(hits(a) - hits(b), a.unit),
    }


def _less(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b
