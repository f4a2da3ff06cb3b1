"""Ranking: how well the probability of one pattern parts its segments from the rest."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from nasion.evaluation.judged import Judged
from nasion.evaluation.resampling import ratio
from nasion.terms import PATTERNS, Pattern

Array = np.ndarray[Any, Any]

N_SHOWN = 250  # points of a drawn curve along either axis


@dataclass(frozen=True)
class Curve:
    """Every threshold's rates, from none called to all called; shape (n_steps,).

    Attributes
    ----------
    fpr, tpr
        Share called of the negatives and of the positives.
    precision
        Share of positives among the called; 1 where none is called.
    prevalence
        Share of positives.
    """

    fpr: Array
    tpr: Array
    precision: Array
    prevalence: float

    def reaches(self, fpr: float, tpr: float) -> bool:
        """Whether some threshold has no more false alarms and misses no more."""
        return bool(self.tpr[self.fpr <= fpr + 1e-12].max(initial=0) >= tpr - 1e-12)

    def reaches_precision(self, recall: float, precision: float) -> bool:
        """Whether some threshold misses no more and is no less often right."""
        return bool(self.precision[self.tpr >= recall - 1e-12].max(initial=0) >= precision - 1e-12)

    def thinned(self) -> "Curve":
        """Fewer points, as many as can be seen."""
        grid = np.linspace(0, 1, N_SHOWN)
        last = len(self.tpr) - 1
        indices = {0, last}
        for axis in (self.fpr, self.tpr):
            indices |= {min(int(i), last) for i in np.searchsorted(axis, grid)}
        places = np.array(sorted(indices))
        return Curve(self.fpr[places], self.tpr[places], self.precision[places], self.prevalence)


def areas(score: Array, positive: Array, weights: Array) -> tuple[Array, Array]:
    """Areas under the ROC curve and under the precision-recall curve, for each row of weights.

    Parameters
    ----------
    score, positive : ndarray, shape (n,)
        The classifier's score; whether the row is of the class. Equal scores are one threshold.
    weights : ndarray, shape (b, n)
        How often each row counts.

    Returns
    -------
    auroc, average_precision : ndarray, shape (b,)
        nan where undefined. Average precision is the mean precision at each step of recall,
        without interpolation.
    """
    order, starts = _steps(score)
    weighted = weights[:, order]
    hits = weighted * positive[order]
    misses = weighted - hits
    if len(starts) < len(score):
        hits = np.add.reduceat(hits, starts, axis=1)
        misses = np.add.reduceat(misses, starts, axis=1)
    true_positives, alarms = np.cumsum(hits, axis=1), np.cumsum(misses, axis=1)
    n_hits, n_misses = true_positives[:, -1].copy(), alarms[:, -1].copy()
    concordant = (misses * (true_positives - hits / 2)).sum(1)
    alarms += true_positives
    np.divide(true_positives, alarms, out=true_positives, where=alarms > 0)  # now the precision
    return ratio(concordant, n_hits * n_misses), ratio((hits * true_positives).sum(1), n_hits)


def curve(score: Array, positive: Array) -> Curve | None:
    """Rates at every threshold; None without a positive or without a negative."""
    order, starts = _steps(score)
    ends = np.append(starts[1:], len(score)) - 1
    true_positives = np.concatenate([[0], np.cumsum(positive[order])[ends]])
    positives = np.concatenate([[0], ends + 1])
    n_hits, n = true_positives[-1], len(score)
    if n_hits in (0, n):
        return None
    precision = np.divide(
        true_positives, positives, out=np.ones(len(true_positives)), where=positives > 0
    )
    return Curve(
        (positives - true_positives) / (n - n_hits),
        true_positives / n_hits,
        precision,
        float(n_hits / n),
    )


def curves(judged: Judged) -> dict[Pattern, Curve | None]:
    """One curve a pattern, against the consensus."""
    truth = judged.consensus
    return {p: curve(judged.prediction[:, k], truth == k) for k, p in enumerate(PATTERNS)}


def _steps(score: Array) -> tuple[Array, Array]:
    """Order of falling score, and where each distinct score begins in it."""
    order = np.argsort(-score, kind="stable")
    return order, np.flatnonzero(np.diff(score[order], prepend=np.inf))
