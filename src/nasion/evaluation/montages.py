"""Montages: what was measured of weights on one, of the same segments as with all electrodes."""

from typing import Any

import numpy as np

from nasion.accuracy import Measured, OfPattern
from nasion.eeg.montage import Montage
from nasion.evaluation.intervals import interval, interval_of_share
from nasion.evaluation.metrics import divergence
from nasion.evaluation.resampling import resamples
from nasion.terms import PATTERNS

Array = np.ndarray[Any, Any]

LEAST_PATIENTS = 3  # for an interval


def measured(
    montage: Montage,
    target: Array,
    unit: Array,
    predictions: Array,
    full: Array,
) -> Measured:
    """Score predictions on a montage; patients are resampled, and differences paired by segment.

    Parameters
    ----------
    target
        Shares of the votes, (n, 6); the consensus is the first of the largest.
    unit
        Patient of each segment, (n,).
    predictions
        (draws, n, 6): of every draw of what is missing, where that is left to chance.
    full
        (n, 6), with all electrodes.
    """
    truth = target.argmax(1)
    hits = (predictions.argmax(2) == truth).mean(0)
    kld = np.mean([divergence(target, one) for one in predictions], axis=0)
    above = kld - divergence(target, full)
    patients = len(np.unique(unit))
    weights = np.concatenate(list(resamples(unit)))
    share = interval_of_share(weights @ hits / weights.sum(1), float(hits.mean()), patients)
    bounds = [share, *(interval(weights @ rows / weights.sum(1)) for rows in (kld, above))]
    of_accuracy, of_kld, of_above = ((each.low, each.high) for each in bounds if each)
    return Measured(
        kind=montage.kind,
        electrodes=len(montage.tied),
        bipolar=montage.bipolar,
        n=len(target),
        patients=patients,
        accuracy=float(hits.mean()),
        accuracy_ci95=of_accuracy,
        kld=float(kld.mean()),
        kld_ci95=of_kld,
        above=float(above.mean()),
        above_ci95=of_above,
        patterns={
            pattern: _of_pattern(truth == place, unit, hits, above)
            for place, pattern in enumerate(PATTERNS)
        },
    )


def _of_pattern(own: Array, unit: Array, hits: Array, above: Array) -> OfPattern:
    """What the montage does to the segments whose consensus a pattern is."""
    if not own.any():
        return OfPattern(n=0)
    recall, mean = float(hits[own].mean()), float(above[own].mean())
    if len(np.unique(unit[own])) < LEAST_PATIENTS:
        return OfPattern(n=int(own.sum()), recall=recall, above=mean)
    weights = np.concatenate(list(resamples(unit[own])))
    bounds = interval(weights @ above[own] / weights.sum(1))
    most = bounds.high if bounds else None
    return OfPattern(n=int(own.sum()), recall=recall, above=mean, most_above=most)
