"""Gaps of probability and what was observed, in bins: squared, and without what chance adds.

A mean gap (the ECE) is raised by chance, most in bins of few rows, and a bootstrap raises it once
more, so that no interval made of its resamples covers the truth. The square can be had without
bias: the mean product of the gaps of two rows of different patients (Kumar, Liang and Ma,
"Verified uncertainty calibration", 2019, take the variance of each bin away; leaving a patient's
products with itself out does the same where patients have several rows).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from nasion.evaluation.judged import Judged
from nasion.terms import PATTERNS

Array = np.ndarray[Any, Any]

N_BINS = 15  # of equal width
N = len(PATTERNS)


@dataclass(frozen=True)
class Gaps:
    """Sums of each patient in the bins of the most probable pattern, then of each pattern.

    Attributes
    ----------
    first : ndarray of int, shape (n_patients,)
        A row of each patient.
    n, gap : ndarray, shape (n_patients, 7 * 15)
        Rows, and the sum over them of probability minus what was observed.
    """

    first: Array
    n: Array
    gap: Array

    @classmethod
    def of(cls, judged: Judged) -> "Gaps":
        """Sum the rows of each patient."""
        _, first, patient = np.unique(judged.unit, return_index=True, return_inverse=True)
        confidence, right = (
            judged.prediction.max(1),
            judged.prediction.argmax(1) == judged.consensus,
        )
        places = np.column_stack(
            [bin_of(confidence), bin_of(judged.prediction) + N_BINS * (1 + PLACES)]
        )
        gaps = np.column_stack([confidence - right, judged.prediction - judged.target])
        flat = (patient[:, None] * N_BINS * (1 + N) + places).ravel()
        shape = len(first), N_BINS * (1 + N)
        size = shape[0] * shape[1]
        return cls(
            first,
            np.bincount(flat, minlength=size).reshape(shape).astype(float),
            np.bincount(flat, gaps.ravel(), minlength=size).reshape(shape),
        )

    def squared(self, weights: Array) -> tuple[Array, Array]:
        """Mean squared gap over rows, for each row of weights; below 0 by chance.

        Parameters
        ----------
        weights : ndarray, shape (b, n)
            How often each row counts; equal for all rows of a patient.

        Returns
        -------
        top, each : ndarray, shapes (b,) and (b, 6)
            Of the most probable pattern against the consensus; of each pattern against its
            fraction of votes.
        """
        counts = weights[:, self.first]
        n, gap = counts @ self.n, counts @ self.gap
        pairs = n**2 - counts @ self.n**2
        products = gap**2 - counts @ self.gap**2
        has_pairs = pairs > 0.5  # whole numbers: of one patient alone nothing can be said
        squares = np.divide(products * n, pairs, out=np.zeros_like(n), where=has_pairs)
        mean = squares.reshape(len(counts), 1 + N, N_BINS).sum(-1) / n[:, :N_BINS].sum(1)[:, None]
        return mean[:, 0], mean[:, 1:]


PLACES = np.arange(N)


def bin_of(probability: Array) -> Array:
    """Number the bin of equal width, each holding its upper edge."""
    return np.clip(np.ceil(probability * N_BINS).astype(int) - 1, 0, N_BINS - 1)
