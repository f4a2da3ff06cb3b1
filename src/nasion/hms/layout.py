"""The layout of HMS: which file is where, which columns it has, and in which order.

A part, train or test, is a table of labels `<part>.csv`, EEGs `<part>_eegs/<eeg_id>.parquet` and
spectrograms `<part>_spectrograms/<spectrogram_id>.parquet`. `segments` reads, `writer` writes it.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from nasion.config import HMS_VIEW
from nasion.terms import HMS_SPECTROGRAM_CHAINS, SFREQ, SPECTROGRAM_CHAINS, VOTE_COLUMNS

if TYPE_CHECKING:
    from pandas import DataFrame

    from nasion.eeg.spectrogram import Power

Part = Literal["train", "test"]
PARTS: tuple[Part, ...] = ("train", "test")
SPECTROGRAM_FOLDERS = tuple(f"{part}_spectrograms" for part in PARTS)
NO_SPECTROGRAM = -1

EEG_ID, SUB_ID, OFFSET_S = "eeg_id", "eeg_sub_id", "eeg_label_offset_seconds"
SPECTROGRAM_ID, SPECTROGRAM_OFFSET_S = "spectrogram_id", "spectrogram_label_offset_seconds"
PATIENT_ID, TIME = "patient_id", "time"

# As they are written; Kaggle has the first three of a test part, and nothing of recordings.
COLUMNS: dict[Part, tuple[str, ...]] = {
    "train": (
        EEG_ID, SUB_ID, OFFSET_S, SPECTROGRAM_ID, "spectrogram_sub_id", SPECTROGRAM_OFFSET_S,
        "label_id", PATIENT_ID, "expert_consensus", *VOTE_COLUMNS,
    ),
    "test": (
        SPECTROGRAM_ID, EEG_ID, PATIENT_ID, SUB_ID, OFFSET_S, SPECTROGRAM_OFFSET_S, "recording",
        "recording_offset_seconds",
    ),
}  # fmt: skip


def table_path(folder: Path, part: Part) -> Path:
    """The labels of a part."""
    return folder / f"{part}.csv"


def eeg_path(folder: Path, part: Part, eeg_id: int) -> Path:
    """File of an EEG."""
    return folder / f"{part}_eegs" / f"{eeg_id}.parquet"


def spectrogram_path(folder: Path, part: Part, spectrogram_id: int) -> Path:
    """File of a ready-made spectrogram."""
    return folder / f"{part}_spectrograms" / f"{spectrogram_id}.parquet"


def parts_in(folder: Path) -> list[Part]:
    """The parts that a folder holds."""
    return [part for part in PARTS if table_path(folder, part).exists()]


def hms_columns() -> list[str]:
    """Columns of a spectrogram file after `time`: LL_0.59 ... RP_19.92."""
    freqs = np.arange(HMS_VIEW.bins[0], HMS_VIEW.bins[1] + 1) * SFREQ / HMS_VIEW.n_fft
    names = [f"{np.floor(freq * 100 + 0.5) / 100:g}" for freq in freqs]  # 3.125 is their 3.13
    return [f"{chain}_{name}" for chain in HMS_SPECTROGRAM_CHAINS for name in names]


def to_table(power: "Power", first_time_s: float) -> "DataFrame":
    """Rows of a spectrogram file.

    Parameters
    ----------
    power
        Shape (4, 100, n_columns), µV²/Hz, chains as `terms.SPECTROGRAM_CHAINS`.
    first_time_s
        Of the first column; whole seconds.
    """
    import pandas as pd

    order = [SPECTROGRAM_CHAINS.index(chain) for chain in HMS_SPECTROGRAM_CHAINS]
    rows = power[order].reshape(-1, power.shape[2]).T
    frame = pd.DataFrame(rows, columns=hms_columns())
    times = first_time_s + HMS_VIEW.step_s * np.arange(len(frame))
    frame.insert(0, TIME, times.astype(np.int64))
    return frame


def from_table(frame: "DataFrame") -> "Power":
    """Power of shape (4, 100, n_rows) from a spectrogram file's columns, addressed by name."""
    values = frame[hms_columns()].to_numpy(np.float32).T
    by_chain = values.reshape(len(HMS_SPECTROGRAM_CHAINS), -1, len(frame))
    return by_chain[[HMS_SPECTROGRAM_CHAINS.index(chain) for chain in SPECTROGRAM_CHAINS]]
