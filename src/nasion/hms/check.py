"""What is in a data set, and what is wrong with it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nasion.eeg.formats import open_recording
from nasion.eeg.inspection import inspect
from nasion.eeg.remarks import Code, Remark
from nasion.errors import NasionError
from nasion.hms import agreement
from nasion.hms.segments import Segments, counts_by_pattern, votes

VOTE_GROUPS = {"1-2": (1, 2), "3-9": (3, 9), "10+": (10, np.inf)}


def check_segments(
    segments: Segments, clean: Callable[[Remark], Remark] | None = None
) -> dict[str, Any]:
    """Counts of a data set and its faults, ready to be written as JSON.

    Every EEG is opened; a broken one is listed and the rest goes on. `findings` has one line for
    each kind of fault, `findings_by_eeg` all of them by file.

    Parameters
    ----------
    clean
        Leaves out words of files; then the folder of the data set isn't told either.
    """
    table = segments.table
    ids = table["spectrogram_id"].unique()
    missing = [int(key) for key in ids if not segments.spectrogram_path(int(key)).exists()]
    summary: dict[str, Any] = {
        "kind": "data set",
        "part": segments.part,
        "segments": len(table),
        "eegs": int(table["eeg_id"].nunique()),
        "patients": int(table["patient_id"].nunique()),
        "without_spectrogram": int(table["spectrogram_id"].isin(missing).sum()),
    }
    if segments.labelled:
        counts = votes(table).sum(1)
        summary["patterns"] = counts_by_pattern(table)
        summary["votes"] = {
            name: int(((counts >= low) & (counts <= high)).sum())
            for name, (low, high) in VOTE_GROUPS.items()
        }
    by_eeg = _by_eeg(segments)
    if clean:
        by_eeg = {
            path.relative_to(segments.folder): [clean(remark) for remark in remarks]
            for path, remarks in by_eeg.items()
        }
    summary["findings"] = _grouped(by_eeg, summary["eegs"])
    summary["findings_by_eeg"] = {
        str(path): [remark.text for remark in remarks] for path, remarks in by_eeg.items()
    }
    return summary


def _by_eeg(segments: Segments) -> dict[Path, list[Remark]]:
    """Faults of each EEG that has any."""
    findings: dict[Path, list[Remark]] = {}
    for eeg_id, rows in segments.table.groupby("eeg_id"):
        path = segments.eeg_path(int(str(eeg_id)))
        if remarks := _of_eeg(path, segments, rows):
            findings[path] = remarks
    return findings


def _of_eeg(path: Path, segments: Segments, rows: pd.DataFrame) -> list[Remark]:
    try:
        recording = open_recording(path)
        _, remarks = inspect(recording)
    except NasionError as error:
        return [Remark(Code.UNREADABLE, {"error": str(error).removeprefix(f"{path}: ")})]
    return [
        *agreement.of_labels(rows, recording.duration_s),
        *remarks,
        *agreement.of_spectrograms(segments, rows, recording),
    ]


def _grouped(by_eeg: dict[Path, list[Remark]], n_eegs: int) -> list[str]:
    """One line a kind of fault: how many EEGs have it, and the first as example."""
    kinds: dict[tuple[Code, str], dict[Path, list[str]]] = {}
    for path, remarks in by_eeg.items():
        for remark in remarks:
            kind = remark.code, remark.text if remark.code is Code.UNREADABLE else ""
            files = kinds.setdefault(kind, {})
            files.setdefault(path, []).append(remark.of(str(path)).text)
    findings = []
    for files in kinds.values():
        lines = next(iter(files.values()))
        if len(files) > 1:
            lines = [f"{len(files)} of {n_eegs} EEGs, the first {lines[0]}"]
        findings += lines
    return findings
