"""Folders in HMS layout, written: EEGs, spectrograms, and last the table of labels."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from nasion.config import HMS_VIEW
from nasion.eeg.recording import Signals
from nasion.eeg.spectrogram import Power, cleaned, power
from nasion.errors import NasionError
from nasion.files import replacing
from nasion.hms import layout
from nasion.hms.layout import NO_SPECTROGRAM, Part
from nasion.terms import COLUMNS, PATTERNS, VOTE_COLUMNS

# As pandas has always written them, with its note that no column is an index.
_EEG_SCHEMA = pa.Schema.from_pandas(
    pd.DataFrame(np.empty((0, len(COLUMNS)), np.float32), columns=list(COLUMNS)),
    preserve_index=False,
)


@dataclass(frozen=True)
class Label:
    """A row of train.csv or test.csv.

    Parameters
    ----------
    offset_s, spectrogram_offset_s
        Where the 50 s begin in the EEG, and the 10 min in the spectrogram's `time`.
    votes
        Shape (6,), counts in the order of `terms.PATTERNS`; of a test part none.
    recording
        Name of the recording; of a test part.
    recording_offset_s
        Where the EEG begins in it.
    """

    eeg_id: int
    sub_id: int
    offset_s: float
    patient_id: int
    spectrogram_id: int = NO_SPECTROGRAM
    spectrogram_offset_s: float = 0.0
    votes: NDArray[np.int64] | None = None
    recording: str = ""
    recording_offset_s: float = 0.0

    @property
    def row(self) -> dict[str, Any]:
        """Every column that is known of it."""
        row = {
            layout.EEG_ID: self.eeg_id,
            layout.SUB_ID: self.sub_id,
            layout.OFFSET_S: self.offset_s,
            layout.SPECTROGRAM_ID: self.spectrogram_id,
            "spectrogram_sub_id": self.sub_id,
            layout.SPECTROGRAM_OFFSET_S: self.spectrogram_offset_s,
            "label_id": self.eeg_id * 100 + self.sub_id,
            layout.PATIENT_ID: self.patient_id,
            "recording": self.recording,
            "recording_offset_seconds": self.recording_offset_s,
        }
        if self.votes is not None:
            row["expert_consensus"] = PATTERNS[int(self.votes.argmax())].label
            row |= dict(zip(VOTE_COLUMNS, self.votes.tolist(), strict=True))
        return row


def refuse_to_replace(folder: Path, part: Part) -> None:
    """Refuse a folder that holds this part already.

    Raises
    ------
    NasionError
        Where it does.
    """
    path = layout.table_path(folder, part)
    if path.exists():
        raise NasionError(f"{folder}: holds a data set already ({path.name}); give another folder")


def write_labels(folder: Path, part: Part, labels: Sequence[Label]) -> Path:
    """Write the table of a part, last of all: who finds it finds the rest. Give its path."""
    path = layout.table_path(folder, part)
    table = pd.DataFrame([label.row for label in labels])[list(layout.COLUMNS[part])]
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    return path


@contextmanager
def eeg_writer(folder: Path, part: Part, eeg_id: int) -> Iterator[Callable[[Signals], None]]:
    """Give what writes an EEG piece by piece: (20, n_times), µV at 200 Hz, NaN in gaps."""
    with (
        replacing(layout.eeg_path(folder, part, eeg_id)) as temporary,
        pq.ParquetWriter(temporary, _EEG_SCHEMA) as writer,
    ):

        def write(signals: Signals) -> None:
            rows = [pa.array(np.ascontiguousarray(row), from_pandas=True) for row in signals]
            writer.write_table(pa.table(rows, schema=_EEG_SCHEMA))

        yield write


def write_eeg(folder: Path, part: Part, eeg_id: int, signals: Signals) -> None:
    """Write a whole EEG, shape (20, n_times), µV at 200 Hz, NaN in gaps."""
    with eeg_writer(folder, part, eeg_id) as write:
        write(signals)


def write_spectrogram(
    folder: Path, part: Part, spectrogram_id: int, pieces: Iterable[Power], first_time_s: float
) -> None:
    """Write a spectrogram: consecutive pieces (4, 100, n_columns) of `HMS_VIEW`, µV²/Hz."""
    table = layout.to_table(np.concatenate(list(pieces), 2), first_time_s)
    with replacing(layout.spectrogram_path(folder, part, spectrogram_id)) as temporary:
        table.to_parquet(temporary, index=False)


def spectrogram_of(signals: Signals) -> Power:
    """The spectrogram of a whole EEG as HMS has it; the first column's centre is at 2 s."""
    return power(*cleaned(signals), HMS_VIEW)
