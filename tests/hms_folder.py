"""Small folders in HMS layout, made for tests."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nasion.config import HMS_VIEW
from nasion.hms.layout import to_table
from nasion.terms import COLUMNS, PATTERNS, SFREQ, SPECTROGRAM_CHAINS, VOTE_COLUMNS


def noise(duration_s: float, seed: int = 0) -> np.ndarray:
    """EEG-like noise of some 30 µV, shape (20, n_times)."""
    white = np.random.default_rng(seed).standard_normal((len(COLUMNS), round(duration_s * SFREQ)))
    slow = np.apply_along_axis(np.convolve, 1, white, np.hanning(40) / 4, "same")
    return (25 * slow + 5 * white).astype(np.float32)


def segment(
    eeg_id: int,
    votes: tuple[float, ...] = (0, 0, 0, 0, 0, 3),
    *,
    sub_id: int = 0,
    offset_s: float = 0.0,
    patient_id: int | None = None,
    spectrogram_id: int = -1,
    spectrogram_offset_s: float = 0.0,
) -> dict[str, Any]:
    """One row of train.csv; each EEG is its own patient unless told."""
    return {
        "eeg_id": eeg_id,
        "eeg_sub_id": sub_id,
        "eeg_label_offset_seconds": offset_s,
        "spectrogram_id": spectrogram_id,
        "spectrogram_label_offset_seconds": spectrogram_offset_s,
        "patient_id": eeg_id if patient_id is None else patient_id,
        "expert_consensus": PATTERNS[int(np.argmax(votes))].label,
        **dict(zip(VOTE_COLUMNS, votes, strict=True)),
    }


def spectrogram(n_columns: int, seed: int = 0, first_time_s: float = 1.0) -> pd.DataFrame:
    """A ready-made spectrogram of lognormal power."""
    shape = (len(SPECTROGRAM_CHAINS), HMS_VIEW.n_freqs, n_columns)
    power = np.random.default_rng(seed).lognormal(2.0, 1.0, shape)
    return to_table(power.astype(np.float32), first_time_s)


def write_hms(
    folder: Path,
    rows: Iterable[Mapping[str, Any]],
    *,
    part: str = "train",
    signals: Mapping[int, np.ndarray] | None = None,
    spectrograms: Mapping[int, pd.DataFrame] | None = None,
    duration_s: float = 52.0,
) -> Path:
    """Write csv, EEGs and spectrograms; an EEG that is not given is noise of `duration_s`."""
    labels = pd.DataFrame(list(rows))
    eegs = {int(i): noise(duration_s, int(i)) for i in labels["eeg_id"]} | dict(signals or {})
    for kind in ("eegs", "spectrograms"):
        (folder / f"{part}_{kind}").mkdir(parents=True, exist_ok=True)
    labels.to_csv(folder / f"{part}.csv", index=False)
    for eeg_id, values in eegs.items():
        frame = pd.DataFrame(np.asarray(values, np.float32).T, columns=list(COLUMNS))
        frame.to_parquet(folder / f"{part}_eegs" / f"{eeg_id}.parquet")
    for spectrogram_id, frame in (spectrograms or {}).items():
        frame.to_parquet(folder / f"{part}_spectrograms" / f"{spectrogram_id}.parquet")
    return folder
