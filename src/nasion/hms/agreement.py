"""Agreement: whether labels, EEGs and spectrograms of a folder speak of the same seconds."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from nasion.config import HMS_VIEW
from nasion.eeg.recording import Recording
from nasion.eeg.remarks import Code, Remark
from nasion.eeg.spectrogram import Power, cleaned, power
from nasion.errors import NasionError
from nasion.hms import layout
from nasion.hms.segments import Segments, read_spectrogram
from nasion.terms import CENTRE_S, CONTEXT_S, SEGMENT_S

CENTRE_FROM_S = (SEGMENT_S - CENTRE_S) / 2
LEAST_CORRELATION = 0.4  # genuine: .69 to 1.00 of 10 real pairs; of others' -.15 to .09
EDGE = 1  # columns at each end, where a filter saw more of the EEG than is at hand
LEAST_COLUMNS = 2
LONGEST_S = 300.0  # of an EEG, so much tells


def refuse_unseen(segments: Segments, duration_s: Callable[[int], float]) -> None:
    """Raise where the seconds that a label is about are not in its EEG.

    Parameters
    ----------
    duration_s
        Gives the length of an EEG by its number.
    """
    table = segments.table
    for eeg_id, rows in table.groupby(layout.EEG_ID):
        length_s = duration_s(int(str(eeg_id)))
        for row in rows.index[_outside(rows[layout.OFFSET_S], length_s)]:
            label = table.loc[row]
            raise NasionError(
                f"{layout.table_path(segments.folder, segments.part)}: the label of eeg_id"
                f" {eeg_id}, eeg_sub_id {int(label[layout.SUB_ID])} begins at"
                f" {label[layout.OFFSET_S]:g} s, but its EEG is {length_s:g} s long; correct"
                f" {layout.OFFSET_S}"
            )


def _outside(offset_s: pd.Series, duration_s: float) -> pd.Series:
    """Which labels speak of seconds that are not there; of an EEG of less than 50 s none does."""
    begin_s = offset_s + CENTRE_FROM_S
    beyond = (begin_s < 0) | (begin_s + CENTRE_S > duration_s + 1e-6)
    return beyond & (duration_s >= SEGMENT_S)


def of_labels(rows: pd.DataFrame, duration_s: float) -> Iterator[Remark]:
    """Say which labels of an EEG reach beyond it."""
    earliest_s, latest_s = float(rows[layout.OFFSET_S].min()), float(rows[layout.OFFSET_S].max())
    if latest_s > 0 and latest_s + SEGMENT_S > duration_s + 1e-6:
        values = {"duration_s": duration_s, "latest_s": latest_s}
        yield Remark(Code.SHORTER_THAN_LABELS, values)
    if earliest_s < 0 and duration_s >= SEGMENT_S:
        yield Remark(Code.LABEL_BEFORE, {"earliest_s": earliest_s})


def of_spectrograms(
    segments: Segments, rows: pd.DataFrame, recording: Recording
) -> Iterator[Remark]:
    """Compare the ready-made spectrograms of an EEG with its own."""
    own = None
    for spectrogram_id, labels in rows.groupby(layout.SPECTROGRAM_ID):
        path = segments.spectrogram_path(int(str(spectrogram_id)))
        if not path.exists():
            continue
        try:
            first_s, ready = read_spectrogram(path)
        except NasionError as error:
            yield Remark(Code.UNREADABLE, {"error": str(error)})
            continue
        stop_s = first_s + ready.shape[2] * HMS_VIEW.step_s
        offsets_s = labels[layout.SPECTROGRAM_OFFSET_S]
        for offset_s in offsets_s[(offsets_s + CONTEXT_S <= first_s) | (offsets_s >= stop_s)][:1]:
            values = {"offset_s": float(offset_s), "stop_s": stop_s, "name": path.name}
            yield Remark(Code.SPECTROGRAM_ELSEWHERE, values)
        if own is None:
            own = power(
                *cleaned(recording.signals(0.0, min(recording.duration_s, LONGEST_S))), HMS_VIEW
            )
        later_s = _later_s(labels.iloc[0], recording.duration_s)
        correlation = _correlation(own, ready, later_s - first_s)
        if correlation is not None and correlation < LEAST_CORRELATION:
            values = {"name": path.name, "correlation": round(correlation, 2)}
            yield Remark(Code.SPECTROGRAM_OF_OTHER, values)


def _later_s(label: pd.Series, duration_s: float) -> float:
    """What the clock of the spectrogram is before that of the EEG."""
    start_s = label[layout.OFFSET_S] if duration_s >= SEGMENT_S else (duration_s - SEGMENT_S) / 2
    return float(label[layout.SPECTROGRAM_OFFSET_S] + CONTEXT_S / 2 - start_s - SEGMENT_S / 2)


def _correlation(own: Power, ready: Power, later_s: float) -> float | None:
    """Correlate the course of log power over the columns that both have; None for too few.

    Parameters
    ----------
    later_s
        Time of the EEG's begin, counted from the first column of `ready`.
    """
    numbers = np.arange(EDGE, own.shape[2] - EDGE)
    times_s = later_s + HMS_VIEW.window_s / 2 + numbers * HMS_VIEW.step_s
    places = np.floor(times_s / HMS_VIEW.step_s + 0.5).astype(int)
    shared = (places >= 0) & (places < ready.shape[2])
    if shared.sum() < LEAST_COLUMNS:
        return None
    courses = []
    for columns in (own[:, :, numbers[shared]], ready[:, :, places[shared]]):
        logs = np.log(np.maximum(columns, 1e-6, dtype=np.float64))
        courses.append(logs - logs.mean(axis=2, keepdims=True))
    finite = np.isfinite(courses[0]) & np.isfinite(courses[1])
    one, other = courses[0][finite], courses[1][finite]
    if not (one.any() and other.any()):
        return None
    return float((one * other).sum() / np.sqrt((one**2).sum() * (other**2).sum()))
