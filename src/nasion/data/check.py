"""What is in a data set, and what is wrong with it."""

from typing import Any

import numpy as np

from nasion.data.hms import Segments, counts_by_pattern, votes
from nasion.eeg.formats import open_recording
from nasion.eeg.quality import check_recording
from nasion.errors import NasionError
from nasion.terms import SEGMENT_S

VOTE_GROUPS = {"1-2": (1, 2), "3-9": (3, 9), "10+": (10, np.inf)}


def check_segments(segments: Segments, *, thorough: bool = True) -> dict[str, Any]:
    """Counts of a data set and its faults, ready to be written as JSON.

    `thorough` opens every EEG; a broken one is listed and the rest goes on.
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
    answer["findings"] = _findings(segments, thorough=thorough)
    return answer


def _findings(segments: Segments, *, thorough: bool) -> list[str]:
    findings: list[str] = []
    if not thorough:
        return findings
    for eeg_id, rows in segments.table.groupby("eeg_id"):
        path = segments.eeg_path(int(str(eeg_id)))
        try:
            recording = open_recording(path)
        except NasionError as error:
            findings.append(str(error))
            continue
        latest = rows["eeg_label_offset_seconds"].max()
        if latest > 0 and latest + SEGMENT_S > recording.duration_s + 1e-6:
            findings.append(
                f"{path}: {recording.duration_s:g} s long, but a label begins at {latest:g} s"
            )
        findings += [f"{path}: {text}" for text in check_recording(recording)["findings"]]
    return findings
