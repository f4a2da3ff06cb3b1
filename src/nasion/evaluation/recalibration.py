"""Recalibration: what temperature and bias would gain, each patient calibrated by the others.

The raw predictions stay what they are; these figures say how much of their divergence is owed to
wrong sureness or wrong shares rather than to wrong order.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from nasion.calibration import Calibration, Kind, cross_fitted, fit
from nasion.errors import NasionError
from nasion.evaluation.intervals import Estimate
from nasion.evaluation.judged import Judged
from nasion.evaluation.metrics import draws, estimates, measured_once

Array = np.ndarray[Any, Any]

SHOWN = (
    "kld", "accuracy", "balanced_accuracy", "brier", "ece", "ece_classwise",
    "rms_calibration_error", "rms_calibration_error_classwise",
)  # fmt: skip


@dataclass(frozen=True)
class CalibratedScores:
    """Some metrics of rows after a calibration; `fit` is that of all rows, None of raw ones."""

    kld: Estimate
    accuracy: Estimate
    balanced_accuracy: Estimate
    brier: Estimate
    ece: Estimate
    ece_classwise: Estimate
    rms_calibration_error: Estimate
    rms_calibration_error_classwise: Estimate
    fit: Calibration | None


@dataclass(frozen=True)
class Recalibration:
    """Raw rows beside cross-fitted ones; `folds` of patients are ``given`` or ``random``."""

    folds: str
    raw: CalibratedScores
    temperature: CalibratedScores
    vector: CalibratedScores


def recalibrated(judged: Judged) -> Recalibration | None:
    """Score the raw rows and the cross-fitted ones; None where no other patient is left."""
    has_folds = judged.fold is not None and len(np.unique(judged.fold)) > 1
    try:
        return Recalibration(
            folds="given" if has_folds else "random",
            raw=CalibratedScores(**_scores(judged), fit=None),
            temperature=_calibrated(judged, "temperature"),
            vector=_calibrated(judged, "vector"),
        )
    except NasionError:  # the folds leave a patient nothing to be judged by
        return None


def _calibrated(judged: Judged, kind: Kind) -> CalibratedScores:
    prediction = cross_fitted(
        judged.prediction, judged.target, judged.unit, kind=kind, fold=judged.fold
    )
    calibration = fit(judged.prediction, judged.target, kind=kind)
    return CalibratedScores(**_scores(judged.predicting(prediction)), fit=calibration)


def _scores(judged: Judged) -> dict[str, Estimate]:
    sample = measured_once(judged, ranked=False)
    return estimates(sample, draws(judged, ranked=False), SHOWN, judged.n_units)
