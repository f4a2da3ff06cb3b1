"""Any recording as an HMS folder in test form: EEG at 200 Hz and its exact spectrogram."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nasion.config import HMS_VIEW
from nasion.eeg.margins import Margins
from nasion.eeg.recording import Recording
from nasion.eeg.spectrogram import Power, cleaned, columns
from nasion.eeg.stretches import stretches
from nasion.errors import NasionError
from nasion.hms.writer import (
    Label,
    eeg_writer,
    refuse_to_replace,
    write_labels,
    write_spectrogram,
)
from nasion.progress import Progress
from nasion.terms import CONTEXT_S, SEGMENT_S, SFREQ

PIECE_S = 300.0  # what is in memory at a time


def convert(
    recordings: list[Recording], folder: Path, every_s: float, progress: Progress | None = None
) -> Path:
    """Write `test.csv`, `test_eegs/` and `test_spectrograms/`.

    Each EEG and spectrogram file holds its whole recording, as the training files of HMS do, or of
    one with gaps of ten minutes and more what lies between these; `time` is the centre of a
    spectrogram's window: 2, 4, 6 ... s. A row of `test.csv` is a window of 50 s with its offsets
    into both; an EEG shorter than that is one row.

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
    refuse_to_replace(folder, "test")
    labels: list[Label] = []
    n_eegs = 0
    for number, recording in enumerate(recordings, start=1):
        for start, stop in _parts(recording):
            n_eegs += 1
            part = _part(recording, start, stop)
            _write(folder, n_eegs, part)
            for window, offset_s in enumerate(_offsets_s(part.duration_s, every_s)):
                centre_s = offset_s + min(SEGMENT_S, part.duration_s) / 2
                label = Label(
                    eeg_id=n_eegs,
                    sub_id=window,
                    offset_s=offset_s,
                    patient_id=number,
                    spectrogram_id=n_eegs,
                    spectrogram_offset_s=centre_s - CONTEXT_S / 2,
                    recording=recording.name,
                    recording_offset_s=start / SFREQ,
                )
                labels.append(label)
        if progress:
            progress(number, len(recordings))
    return write_labels(folder, "test", labels)


def _parts(recording: Recording) -> Iterator[tuple[int, int]]:
    """Give first sample and the one after the last of what becomes an EEG of its own.

    No image reaches over a gap of `CONTEXT_S`. What is too short for a spectrogram takes of the gap
    beside it.
    """
    least = round(HMS_VIEW.window_s * SFREQ)
    far = stretches(recording.gaps_s, recording.n_times, least_s=CONTEXT_S, edge_s=0.0)
    for start, stop in far if len(far) > 1 else [(0, recording.n_times)]:
        end = max(stop, min(start + least, recording.n_times))
        yield max(min(start, end - least), 0), end


def _part(recording: Recording, start: int, stop: int) -> Recording:
    """Samples start..stop as a recording of their own."""
    if (start, stop) == (0, recording.n_times):
        return recording
    return Recording(
        name=recording.name,
        n_times=stop - start,
        read=lambda first, last: recording.read(first + start, last + start),
    )


def _offsets_s(duration_s: float, every_s: float) -> list[float]:
    last = max(duration_s - SEGMENT_S, 0.0)
    return [float(offset) for offset in np.arange(0.0, last + 1e-9, every_s)]


def _write(folder: Path, number: int, recording: Recording) -> None:
    """Write the EEG and the spectrogram of a recording, whose pieces are read once for both."""
    if recording.duration_s < HMS_VIEW.window_s:
        raise NasionError(
            f"{recording.name}: shorter than one spectrogram window of {HMS_VIEW.window_s:g} s"
        )
    with eeg_writer(folder, "test", number) as write_eeg:

        def pieces() -> Iterator[Power]:
            n_columns = _n_columns(recording.n_times)
            for margins in _spans(recording.n_times):
                signals = recording.read(margins.first, margins.last)
                write_eeg(margins.cut(signals))
                power = columns(*cleaned(signals), HMS_VIEW, margins)
                yield power[..., : max(n_columns - margins.start // _STEP, 0)]

        write_spectrogram(folder, "test", number, pieces(), HMS_VIEW.window_s / 2)


_STEP = round(HMS_VIEW.step_s * SFREQ)


def _n_columns(n_times: int) -> int:
    """Windows of a spectrogram that lie wholly within so many samples."""
    return (n_times - round(HMS_VIEW.window_s * SFREQ)) // _STEP + 1


def _spans(n_times: int) -> Iterator[Margins]:
    """Consecutive pieces of whole steps, all but the last."""
    length = round(PIECE_S * SFREQ)
    for start in range(0, n_times, length):
        stop = min(start + length, n_times)
        yield Margins.around(start, stop, n_times, window_s=HMS_VIEW.window_s)
