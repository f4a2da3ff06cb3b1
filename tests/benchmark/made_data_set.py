"""Data sets in BIDS as SzCORE lays them out, made up."""

from pathlib import Path

import numpy as np
from epilepsy2bids.annotations import Annotations

from nasion.eeg.edf.writer import write_edf
from nasion.phantom.stay import Stay
from nasion.terms import COLUMNS

DURATION_S = 60.0
SIGNALS = Stay.draw((5, 1), DURATION_S).signals(0.0, DURATION_S)


def place(root: Path, subject: str, run: int = 0, session: str = "ses-01") -> Path:
    """Path of a recording, its folder made."""
    names = [name for name in (f"sub-{subject}", session) if name]
    path = root.joinpath(
        *names, "eeg", "_".join((*names, f"task-szMonitoring_run-{run:02}_eeg.edf"))
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def events_of(path: Path) -> Path:
    return path.with_name(path.name.replace("_eeg.edf", "_events.tsv"))


def add(path: Path, seizures: list[tuple[float, float]], signals: np.ndarray = SIGNALS) -> Path:
    """Write a recording and its truth."""
    n_times = signals.shape[1]
    write_edf(path, [signals], labels=COLUMNS, sfreq=200.0, n_times=n_times)
    Annotations.loadEvents(seizures, n_times / 200).saveTsv(events_of(path))
    return path
