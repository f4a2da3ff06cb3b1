"""Abstention: what the error falls to where a system may say that it can't tell.

Segments are kept in the order of their largest probability, the surest first.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from nasion.evaluation.intervals import Estimate, Interval, interval
from nasion.evaluation.judged import Judged
from nasion.evaluation.metrics import divergence
from nasion.evaluation.resampling import Sums, ratio, resamples, stacked

Array = np.ndarray[Any, Any]

SHARES = np.linspace(0.05, 1, 20)  # of the segments kept


@dataclass(frozen=True)
class Kept:
    """The surest segments: their share, smallest probability, number, divergence, 1 - accuracy."""

    share: float
    threshold: float
    n: int
    kld: Estimate
    error: Estimate


def curve(judged: Judged) -> tuple[Kept, ...]:
    """Divergence and error of the surest segments, from few to all.

    Segments as sure as the last one are kept with it.
    """
    confidence = judged.prediction.max(1)
    n = len(confidence)
    ranked = np.sort(confidence)[::-1]
    places = np.maximum(np.ceil(SHARES * n - 1e-9).astype(int), 1) - 1
    thresholds = np.unique(ranked[places])[::-1]
    stratum = np.searchsorted(-thresholds, -confidence)  # the first threshold a row passes
    error = judged.prediction.argmax(1) != judged.consensus
    columns = np.stack([np.ones(n), divergence(judged.target, judged.prediction), error], axis=1)
    sums = Sums(n)
    size = len(thresholds)
    sums.add("kept", columns, stratum[:, None] + np.arange(3) * size, (3, size))
    (sample,) = sums(np.ones((1, n)))["kept"].cumsum(-1)
    resampled = stacked([sums(weights) for weights in resamples(judged.unit)]).get("kept")
    cumulated = None if resampled is None else resampled.cumsum(-1)

    def bounds(i: int, k: int) -> Interval | None:
        return (
            None if cumulated is None else interval(ratio(cumulated[:, i, k], cumulated[:, 0, k]))
        )

    return tuple(
        Kept(
            share=float(sample[0, k] / n),
            threshold=float(thresholds[k]),
            n=int(sample[0, k]),
            kld=Estimate(float(sample[1, k] / sample[0, k]), bounds(1, k)),
            error=Estimate(float(sample[2, k] / sample[0, k]), bounds(2, k)),
        )
        for k in range(size)
    )
