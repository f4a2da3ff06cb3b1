"""Montages of simulated patients: electrodes lost before an EEG is written, whatever it shows.

What is lost is NaN in the file, so that who opens it sees what reading sees: electrodes that are
interpolated where that is sound, and missing elsewhere.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nasion.eeg.array import open_array
from nasion.eeg.assembly import assembled
from nasion.eeg.montage import HEADBAND
from nasion.terms import CHAIN_ELECTRODES, COLUMNS, ELECTRODES, LEFT, RIGHT, SFREQ

Signals = NDArray[np.float32]

MONTAGES = 20_261_128  # in the key of what an EEG lacks

# Shares of what is lost, of the EEGs that lack something.
LOSSES = {"few": 0.4, "many": 0.2, "headband": 0.15, "chain": 0.15, "side": 0.1}
FEW, MANY = (1, 4), (5, 9)  # electrodes, first and last


def drawn_loss(rng: np.random.Generator) -> tuple[str, ...]:
    """Draw which electrodes an EEG lacks: at random, all beside a headband, a chain, or a side."""
    kind = str(rng.choice(list(LOSSES), p=list(LOSSES.values())))
    if kind == "headband":
        return tuple(name for name in ELECTRODES if name not in HEADBAND)
    if kind == "chain":  # the midline is one
        chains = list(CHAIN_ELECTRODES.values())
        return chains[int(rng.integers(len(chains)))]
    if kind == "side":
        return LEFT if rng.random() < 0.5 else RIGHT
    low, high = FEW if kind == "few" else MANY
    n = int(rng.integers(low, high + 1))
    rows = np.sort(rng.choice(len(ELECTRODES), n, replace=False))
    return tuple(ELECTRODES[row] for row in rows)


def without(signals: Signals, names: Sequence[str]) -> Signals:
    """Give signals of `terms.COLUMNS`, (20, n_times), NaN where an electrode is lost."""
    left = signals.copy()
    left[[COLUMNS.index(name) for name in names]] = np.nan
    return left


def as_read(signals: Signals) -> Signals:
    """Give what reading makes of such signals, NaN where an electrode can't be interpolated."""
    rows = np.flatnonzero(np.isfinite(signals).any(1))
    source = open_array(signals[rows], SFREQ, [COLUMNS[row] for row in rows])
    return assembled(source, unit="uV").signals()
