"""Agreement: whether labels, EEGs and spectrograms of a folder speak of the same seconds."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pandas as pd

from nasion.config import HMS_VIEW
from nasion.eeg.formats import open_recording
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
MOST_COMPARED = 256  # spectrograms, before they are learned from

log = logging.getLogger(__name__)


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
    """Which labels speak of seconds that are not there.

    Those of an EEG of less than 50 s are about its middle, wherever they begin; only their 50 s
    must not lie outside altogether.
    """
    if duration_s < SEGMENT_S:
        return (offset_s <= -SEGMENT_S) | (offset_s >= duration_s)
    begin_s = offset_s + CENTRE_FROM_S
    return (begin_s < 0) | (begin_s + CENTRE_S > duration_s + 1e-6)


def refuse_elsewhere(segments: Segments, span_s: Callable[[int], tuple[float, float]]) -> None:
    """Raise where the 10 min of a label are not in its spectrogram.

    Parameters
    ----------
    span_s
        Gives begin and end of a ready-made spectrogram, on its own clock, by its number.
    """
    for spectrogram_id, rows in segments.table.groupby(layout.SPECTROGRAM_ID):
        number = int(str(spectrogram_id))
        if not segments.spectrogram_path(number).exists():
            continue
        first_s, stop_s = span_s(number)
        for offset_s in rows[layout.SPECTROGRAM_OFFSET_S][_elsewhere(rows, first_s, stop_s)]:
            raise NasionError(
                f"{layout.table_path(segments.folder, segments.part)}: a label's 10 min begin at"
                f" {offset_s:g} s of spectrogram_id {number}, which ends at {stop_s:g} s; correct"
                f" {layout.SPECTROGRAM_OFFSET_S}"
            )


def _elsewhere(rows: pd.DataFrame, first_s: float, stop_s: float) -> pd.Series:
    """Which labels have nothing of their 10 min in a spectrogram from `first_s` to `stop_s`."""
    offset_s = rows[layout.SPECTROGRAM_OFFSET_S]
    return (offset_s + CONTEXT_S <= first_s) | (offset_s >= stop_s)


def correlations(segments: Segments) -> dict[int, float]:
    """Compare ready-made spectrograms with an EEG of each; of many only some, through the table."""
    table = segments.table.drop_duplicates(layout.SPECTROGRAM_ID)
    here = [segments.spectrogram_path(int(key)).exists() for key in table[layout.SPECTROGRAM_ID]]
    labels = table[here]
    places = np.unique(np.linspace(0, len(labels) - 1, MOST_COMPARED).round().astype(int))
    chosen = [labels.iloc[place] for place in places] if len(labels) else []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(partial(_of_label, segments), chosen))
    numbers = (int(label[layout.SPECTROGRAM_ID]) for label in chosen)
    return {n: value for n, value in zip(numbers, found, strict=True) if value is not None}


def _of_label(segments: Segments, label: pd.Series) -> float | None:
    recording = open_recording(segments.eeg_path(int(label[layout.EEG_ID])))
    first_s, ready = read_spectrogram(segments.spectrogram_path(int(label[layout.SPECTROGRAM_ID])))
    later_s = _later_s(label, recording.duration_s)
    return _correlation(_own_power(recording), ready, later_s - first_s)


def warn_of_others(segments: Segments, correlation: Mapping[int, float]) -> None:
    """Say which spectrograms don't look like their EEGs."""
    numbers = set(segments.table[layout.SPECTROGRAM_ID])
    compared = {number: value for number, value in correlation.items() if number in numbers}
    if others := [number for number, value in compared.items() if value < LEAST_CORRELATION]:
        log.warning(
            "%s: %d of %d spectrograms that were compared show another EEG, or another time (%s"
            " first): wrong spectrogram_id or offsets; nasion check lists all",
            segments.folder, len(others), len(compared),
            segments.spectrogram_path(others[0]).name,
        )  # fmt: skip


def of_labels(rows: pd.DataFrame, duration_s: float) -> Iterator[Remark]:
    """Say which labels of an EEG reach beyond it."""
    earliest_s, latest_s = float(rows[layout.OFFSET_S].min()), float(rows[layout.OFFSET_S].max())
    if latest_s > 0 and latest_s + SEGMENT_S > duration_s + 1e-6:
        values = {"duration_s": duration_s, "latest_s": latest_s}
        yield Remark(Code.SHORTER_THAN_LABELS, values)
    if earliest_s < 0 and (duration_s >= SEGMENT_S or earliest_s <= -SEGMENT_S):
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
        elsewhere = _elsewhere(labels, first_s, stop_s)
        for offset_s in labels[layout.SPECTROGRAM_OFFSET_S][elsewhere][:1]:
            values = {"offset_s": float(offset_s), "stop_s": stop_s, "name": path.name}
            yield Remark(Code.SPECTROGRAM_ELSEWHERE, values)
        if elsewhere.all():
            continue
        own = _own_power(recording) if own is None else own
        later_s = _later_s(labels[~elsewhere].iloc[0], recording.duration_s)
        correlation = _correlation(own, ready, later_s - first_s)
        if correlation is not None and correlation < LEAST_CORRELATION:
            values = {"name": path.name, "correlation": round(correlation, 2)}
            yield Remark(Code.SPECTROGRAM_OF_OTHER, values)


def _own_power(recording: Recording) -> Power:
    signals = recording.signals(0.0, min(recording.duration_s, LONGEST_S))
    return power(*cleaned(signals), HMS_VIEW)


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
    places = np.floor((times_s / HMS_VIEW.step_s + 0.5).clip(-1, ready.shape[2])).astype(int)
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
