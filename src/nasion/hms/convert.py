"""Any recording as an HMS folder in test form: EEG at 200 Hz and its exact spectrogram."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from nasion.config import HMS_VIEW
from nasion.eeg.margins import Margins
from nasion.eeg.recording import Recording
from nasion.eeg.spectrogram import cleaned, columns, table
from nasion.errors import NasionError
from nasion.files import replacing
from nasion.progress import Progress
from nasion.terms import COLUMNS, CONTEXT_S, SEGMENT_S, SFREQ

PIECE_S = 300.0  # what is in memory at a time


def convert(
    recordings: list[Recording], folder: Path, every_s: float, progress: Progress | None = None
) -> Path:
    """Write `test.csv`, `test_eegs/` and `test_spectrograms/`.

    Each EEG and spectrogram file holds its whole recording, as the training files of HMS do;
    `time` is the centre of a spectrogram's window: 2, 4, 6 ... s. A row of `test.csv` is a window
    of 50 s with its offsets into both; a recording shorter than that is one row.

    Parameters
    ----------
    every_s
        From one window to the next; a multiple of 2 s.

    Returns
    -------
    Path of `test.csv`.
    """
    if every_s <= 0 or every_s % HMS_VIEW.step_s:
        raise NasionError(f"--every {every_s:g}: must be a multiple of {HMS_VIEW.step_s:g} s")
    path = folder / "test.csv"
    if path.exists():
        raise NasionError(f"{path}: exists already; give an empty folder")
    rows = []
    for number, recording in enumerate(recordings, start=1):
        _write_eeg(folder / "test_eegs" / f"{number}.parquet", recording)
        _write_spectrogram(folder / "test_spectrograms" / f"{number}.parquet", recording)
        for window, offset_s in enumerate(_offsets_s(recording.duration_s, every_s)):
            centre_s = offset_s + min(SEGMENT_S, recording.duration_s) / 2
            rows.append(
                {
                    "spectrogram_id": number,
                    "eeg_id": number,
                    "patient_id": number,
                    "eeg_sub_id": window,
                    "eeg_label_offset_seconds": offset_s,
                    "spectrogram_label_offset_seconds": centre_s - CONTEXT_S / 2,
                    "recording": recording.name,
                }
            )
        if progress:
            progress(number, len(recordings))
    with replacing(path) as temporary:
        pd.DataFrame(rows).to_csv(temporary, index=False)
    return path


def _offsets_s(duration_s: float, every_s: float) -> list[float]:
    last = max(duration_s - SEGMENT_S, 0.0)
    return [float(offset) for offset in np.arange(0.0, last + 1e-9, every_s)]


def _write_eeg(path: Path, recording: Recording) -> None:
    schema = pa.schema([(name, pa.float32()) for name in COLUMNS])
    with replacing(path) as temporary, pq.ParquetWriter(temporary, schema) as writer:
        for start_s in np.arange(0.0, recording.duration_s, PIECE_S):
            stop_s = min(start_s + PIECE_S, recording.duration_s)
            signals = recording.signals(start_s, stop_s)
            writer.write_table(pa.table(list(signals), schema=schema))


def _write_spectrogram(path: Path, recording: Recording) -> None:
    """Windows that start at 0, 2, 4 ... s."""
    step = round(HMS_VIEW.step_s * SFREQ)
    n_columns = (recording.n_times - round(HMS_VIEW.window_s * SFREQ)) // step + 1
    frames = []
    for start in range(0, n_columns * step, round(PIECE_S * SFREQ)):
        stop = min(start + round(PIECE_S * SFREQ), n_columns * step)
        margins = Margins.around(start, stop, recording.n_times, window_s=HMS_VIEW.window_s)
        pairs, gaps = cleaned(recording.read(margins.first, margins.last))
        found = columns(pairs, gaps, HMS_VIEW, margins)
        frames.append(table(found, (start / SFREQ) + HMS_VIEW.window_s / 2))
    if not frames:
        raise NasionError(f"{recording.name}: shorter than one spectrogram window of 4 s")
    with replacing(path) as temporary:
        pd.concat(frames).to_parquet(temporary, index=False)
