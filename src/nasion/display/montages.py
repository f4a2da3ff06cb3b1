"""Montages of a page: bipolar along the chains, against the average, and as recorded."""

from typing import Literal

import numpy as np

from nasion.eeg.derivations import bipolar
from nasion.eeg.recording import Signals
from nasion.terms import COLUMNS, DERIVATION_NAMES, EKG, ELECTRODES

Montage = Literal["bipolar", "average", "referential"]

LONG_NAMES: dict[Montage, str] = {
    "bipolar": "longitudinal bipolar",
    "average": "average reference",
    "referential": "as recorded",
}
# Names of the traces from top to bottom; the heart is the last.
TRACES: dict[Montage, tuple[str, ...]] = {
    "bipolar": (*DERIVATION_NAMES, EKG),
    "average": (*(f"{name}-Av" for name in ELECTRODES), EKG),
    "referential": COLUMNS,
}


def traces(signals: Signals, montage: Montage) -> Signals:
    """Traces of a montage, shape (len(TRACES[montage]), n_times), µV; EKG as it was recorded.

    Parameters
    ----------
    signals
        Shape (20, n_times), µV, NaN where nothing was recorded.
    """
    if montage == "referential":
        return signals
    scalp, heart = signals[:-1], signals[-1:]
    if montage == "bipolar":
        return np.concatenate([bipolar(signals), heart])
    return np.concatenate([scalp - _average(scalp), heart])


def _average(scalp: Signals) -> Signals:
    """Mean of the electrodes that have a value."""
    present = scalp[~np.isnan(scalp).all(1)]
    finite = ~np.isnan(present)
    if finite.all() and len(present):
        return present.mean(0)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(finite, present, 0).sum(0) / finite.sum(0), np.float32)
