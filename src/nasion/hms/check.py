"""What is in a data set, and what is wrong with it."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from nasion.eeg.formats import open_recording
from nasion.eeg.inspection import check_recording
from nasion.errors import NasionError
from nasion.hms.segments import Segments, counts_by_pattern, votes
from nasion.terms import COLUMNS, SEGMENT_S

VOTE_GROUPS = {"1-2": (1, 2), "3-9": (3, 9), "10+": (10, np.inf)}
ELECTRODES_OR_NUMBER = re.compile(rf"(?:\b(?:{'|'.join(COLUMNS)})\b(?:, )?)+|\d[\d.e+-]*")


def check_segments(segments: Segments) -> dict[str, Any]:
    """Counts of a data set and its faults, ready to be written as JSON.

    Every EEG is opened; a broken one is listed and the rest goes on. `findings` has one line for
    each kind of fault, `findings_by_eeg` all of them by file.
    """
    table = segments.table
    ids = table["spectrogram_id"].unique()
    absent = [int(key) for key in ids if not segments.spectrogram_path(int(key)).exists()]
    answer: dict[str, Any] = {
        "kind": "data set",
        "part": segments.part,
        "segments": len(table),
        "eegs": int(table["eeg_id"].nunique()),
        "patients": int(table["patient_id"].nunique()),
        "without_spectrogram": int(table["spectrogram_id"].isin(absent).sum()),
    }
    if segments.labelled:
        counts = votes(table).sum(1)
        answer["patterns"] = counts_by_pattern(table)
        answer["votes"] = {
            name: int(((counts >= low) & (counts <= high)).sum())
            for name, (low, high) in VOTE_GROUPS.items()
        }
    by_eeg = _by_eeg(segments)
    answer["findings"] = _grouped(by_eeg, answer["eegs"])
    answer["findings_by_eeg"] = {str(path): texts for path, texts in by_eeg.items()}
    return answer


def _by_eeg(segments: Segments) -> dict[Path, list[str]]:
    """Faults of each EEG that has any."""
    findings: dict[Path, list[str]] = {}
    for eeg_id, rows in segments.table.groupby("eeg_id"):
        path = segments.eeg_path(int(str(eeg_id)))
        if texts := _of_eeg(path, float(rows["eeg_label_offset_seconds"].max())):
            findings[path] = texts
    return findings


def _of_eeg(path: Path, latest_s: float) -> list[str]:
    try:
        recording = open_recording(path)
        texts: list[str] = check_recording(recording)["findings"]
    except NasionError as error:
        return [str(error).removeprefix(f"{path}: ")]
    if latest_s > 0 and latest_s + SEGMENT_S > recording.duration_s + 1e-6:
        late = f"{recording.duration_s:g} s long, but a label begins at {latest_s:g} s"
        return [late, *texts]
    return texts


def _grouped(by_eeg: dict[Path, list[str]], n_eegs: int) -> list[str]:
    """One line a kind of fault: how many EEGs have it, and the first as example."""
    kinds: dict[str, dict[Path, list[str]]] = {}
    for path, texts in by_eeg.items():
        for text in texts:
            kinds.setdefault(_kind(text), {}).setdefault(path, []).append(f"{path}: {text}")
    findings = []
    for found in kinds.values():
        lines = next(iter(found.values()))
        if len(found) > 1:
            lines = [f"{len(found)} of {n_eegs} EEGs, the first {lines[0]}"]
        findings += lines
    return findings


def _kind(finding: str) -> str:
    """What findings that differ only in numbers and electrodes have in common."""
    head, _, tail = ELECTRODES_OR_NUMBER.sub("#", finding).partition(": ")
    return tail if head == "#" else head
