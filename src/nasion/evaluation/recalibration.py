"""Recalibration: what temperature and bias would gain, each patient calibrated by the others.

The raw predictions stay what they are; these figures say how much of their divergence is owed to
wrong sureness or wrong shares rather than to wrong order.
"""

from typing import Any, get_args

import numpy as np

from nasion.calibration import Kind, cross_fitted, fit
from nasion.errors import NasionError
from nasion.evaluation.judged import Judged
from nasion.evaluation.metrics import Metrics, bounds, draws, measures, sums_of
from nasion.evaluation.resampling import plain

Array = np.ndarray[Any, Any]

SHOWN = ("kld", "accuracy", "balanced_accuracy", "brier", "ece", "ece_classwise")


def recalibrated(judged: Judged) -> Metrics | None:
    """Score the raw rows and the cross-fitted ones; None where no other patient is left to fit on.

    Returns
    -------
    dict
        ``folds`` (``given`` or ``random``, of patients), and of ``raw``, ``temperature`` and
        ``vector`` some metrics with ``ci95``; of the latter two also the ``fit`` on all rows.
    """
    many = judged.fold is not None and len(np.unique(judged.fold)) > 1
    target = judged.target
    result: Metrics = {"folds": "given" if many else "random", "raw": _scores(judged)}
    for kind in get_args(Kind):
        try:
            prediction = cross_fitted(
                judged.prediction, target, judged.unit, kind=kind, fold=judged.fold
            )
        except NasionError:  # the folds leave a patient nothing to be judged by
            return None
        on_all = fit(judged.prediction, target, kind=kind).as_dict()
        del on_all["schema"]
        result[kind] = {**_scores(judged.predicting(prediction)), "fit": on_all}
    return result


def _scores(judged: Judged) -> Metrics:
    once = measures(judged, sums_of(judged), np.ones((1, len(judged.votes))), ranked=False)
    values = {name: once[name][0] for name in SHOWN}
    return plain({**values, "ci95": bounds(values, draws(judged, ranked=False), SHOWN)})
