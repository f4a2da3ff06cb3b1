"""Abstention: what the error falls to where a system may say that it can't tell.

Segments are kept in the order of their largest probability, the surest first.
"""

from typing import Any

import numpy as np

from nasion.evaluation.judged import Judged
from nasion.evaluation.metrics import Metrics, divergence
from nasion.evaluation.resampling import Sums, interval, ratio, resamples, stacked

Array = np.ndarray[Any, Any]

SHARES = np.linspace(0.05, 1, 20)  # of the segments kept


def curve(judged: Judged) -> list[Metrics]:
    """Divergence and error of the surest segments, from few to all.

    Returns
    -------
    list of dict
        ``share`` kept, smallest probability kept (``threshold``), ``n``, ``kld``, ``error`` (1 -
        accuracy) and their ``ci95``. Segments as sure as the last one are kept with it.
    """
    surest = judged.prediction.max(1)
    n = len(surest)
    ranked = np.sort(surest)[::-1]
    places = np.maximum(np.ceil(SHARES * n - 1e-9).astype(int), 1) - 1
    thresholds = np.unique(ranked[places])[::-1]
    stratum = np.searchsorted(-thresholds, -surest)  # the first threshold a row passes
    wrong = judged.prediction.argmax(1) != judged.consensus
    told = np.stack([np.ones(n), divergence(judged.target, judged.prediction), wrong], axis=1)
    sums = Sums(n)
    size = len(thresholds)
    sums.add("kept", told, stratum[:, None] + np.arange(3) * size, (3, size))
    (once,) = sums(np.ones((1, n)))["kept"].cumsum(-1)
    drawn = stacked([sums(weights) for weights in resamples(judged.unit)]).get("kept")
    running = None if drawn is None else drawn.cumsum(-1)

    def bounds(i: int, k: int) -> list[float] | None:
        return None if running is None else interval(ratio(running[:, i, k], running[:, 0, k]))

    return [
        {
            "share": float(once[0, k] / n),
            "threshold": float(thresholds[k]),
            "n": int(once[0, k]),
            "kld": float(once[1, k] / once[0, k]),
            "error": float(once[2, k] / once[0, k]),
            "ci95": {"kld": bounds(1, k), "error": bounds(2, k)},
        }
        for k in range(size)
    ]
