"""Faults of what was recorded: of the electrodes, or of the derivations they were rebuilt from.

A potential that was rebuilt along a chain holds the errors of others, so nothing is judged by it:
an electrode has the faults that all of its derivations share.
"""

from functools import reduce

import numpy as np

from nasion.eeg.recording import Recording, Signals
from nasion.signal.fault import Fault
from nasion.signal.quality import Bits, faults, faults_of_derivations
from nasion.terms import COLUMNS

MISSING = np.uint8(Fault.MISSING)


def recorded_faults(
    recording: Recording, signals: Signals, channels: Signals | None = None
) -> Bits:
    """Find the faults of consecutive whole steps, as `quality.faults`.

    Parameters
    ----------
    signals
        Rows of the recording, shape (20, n_steps * 400).
    channels
        Where electrodes were rebuilt, what `recording.read_channels` gave.

    Returns
    -------
    Bits of `Fault`, shape (n_steps, 20).
    """
    rates = {"source_sfreq": recording.source_sfreq}
    montage = recording.montage
    if channels is None:
        return faults(signals, references=recording.references, **rates)
    made = [COLUMNS.index(name) for name in (*montage.rebuilt, *montage.interpolated)]
    others = signals.copy()
    others[made] = np.nan
    bits = faults(others, references=recording.references, **rates)
    of_channels = faults_of_derivations(channels, **rates)
    for row in made:
        missing = _mostly_nan(signals[row], len(bits))
        bits[:, row] = np.where(missing, MISSING, _shared(of_channels, montage.recorded, row))
    return bits


def _mostly_nan(trace: Signals, n_steps: int) -> Signals:
    return np.asarray(np.isnan(trace).reshape(n_steps, -1).mean(axis=1) > 0.5)


def _shared(bits: Bits, names: tuple[str, ...], row: int) -> Bits:
    """Faults of all derivations of an electrode that are there, shape (n_steps,)."""
    ours = [k for k, name in enumerate(names) if COLUMNS[row] in name.split("-")]
    absent = (bits & MISSING) != 0
    every = np.where(absent, np.uint8(255), bits)[:, ours]
    common = reduce(np.bitwise_and, every.T, np.full(len(bits), 255, np.uint8))
    return np.where(absent[:, ours].all(axis=1), np.uint8(0), common)
