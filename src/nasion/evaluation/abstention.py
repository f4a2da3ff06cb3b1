"""Abstention: what the error falls to where a system may say that it can't tell.

Segments are kept in the order of their largest probability, the surest first.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from nasion.evaluation.judged import Judged
from nasion.evaluation.metrics import divergence
from nasion.evaluation.resampling import (
    Estimate,
    Interval,
    Sums,
    interval,
    ratio,
    resamples,
    stacked,
)

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
    surest = judged.prediction.max(1)
    n = len(surest)
    ranked = np.sort(surest)[::-1]
    places = np.maximum(np.ceil(SHARES * n - 1e-9).astype(int), 1) - 1
    thresholds = np.unique(ranked[places])[::-1]
    stratum = np.searchsorted(-thresholds, -surest)  # the first threshold a row passes
    wrong = judged.prediction.argmax(1) != judged.consensus
    columns = np.stack([np.ones(n), divergence(judged.target, judged.prediction), wrong], axis=1)
    sums = Sums(n)
    size = len(thresholds)
    sums.add("kept", columns, stratum[:, None] + np.arange(3) * size, (3, size))
    (once,) = sums(np.ones((1, n)))["kept"].cumsum(-1)
    drawn = stacked([sums(weights) for weights in resamples(judged.unit)]).get("kept")
    running = None if drawn is None else drawn.cumsum(-1)

    def bounds(i: int, k: int) -> Interval | None:
        return None if running is None else interval(ratio(running[:, i, k], running[:, 0, k]))

    return tuple(
        Kept(
            share=float(once[0, k] / n),
            threshold=float(thresholds[k]),
            n=int(once[0, k]),
            kld=Estimate(float(once[1, k] / once[0, k]), bounds(1, k)),
            error=Estimate(float(once[2, k] / once[0, k]), bounds(2, k)),
        )
        for k in range(size)
    )
