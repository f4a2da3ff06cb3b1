"""Occurrences: when something happened, as intervals read from a table of events, by pattern.

Three ways to name a row are understood: nasion's and SzCORE's `eventType` (`sz` and what begins
with `sz_` or stands for a seizure in BIDS, `bckg` for none) with a column `pattern` beside it where
the file is nasion's; the simulator's `trial_type`; any of them naming one of the patterns.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nasion.errors import NasionError
from nasion.loading import loading
from nasion.terms import EVENTFUL, Pattern

Spans = tuple[tuple[float, float], ...]  # (start_s, stop_s)

NAMES = ("pattern", "eventType", "trial_type")  # the first that a file has says what happened
SEIZURES = ("sz", "seiz")  # words of a seizure begin so: sz, sz_foc_ia, seizure
NOTHING = ("n/a", "")


@dataclass(frozen=True)
class Occurrences:
    """When each pattern occurred in one recording.

    Parameters
    ----------
    duration_s
        Of the recording, where the file says so.
    """

    path: Path
    spans: dict[Pattern, Spans]
    duration_s: float | None = None

    @property
    def last_s(self) -> float:
        """End of the last event; 0 without any."""
        return max(
            (stop for intervals in self.spans.values() for _, stop in intervals), default=0.0
        )


def read(path: Path) -> Occurrences:
    """Read a table of events, separated by tabs (or commas where it is a .csv).

    Raises
    ------
    NasionError
        Where it cannot be read, a column is missing, or a row has no believable time.
    """
    rows = _rows(path)
    spans: dict[Pattern, list[tuple[float, float]]] = {pattern: [] for pattern in EVENTFUL}
    lengths = set()
    for line, row in enumerate(rows, start=2):
        length = row.get("recordingDuration") or ""
        if length not in NOTHING:
            lengths.add(_number(path, line, "recordingDuration", length))
        pattern = _pattern(row)
        if pattern is None:
            continue
        onset = _number(path, line, "onset", row["onset"])
        duration = _number(path, line, "duration", row["duration"])
        if duration < 0:
            raise NasionError(f"{path}: row {line} has a negative duration; correct it")
        spans[pattern].append((onset, onset + duration))
    if len(lengths) > 1:
        raise NasionError(f"{path}: rows differ in recordingDuration; give one file a recording")
    return Occurrences(
        path,
        {pattern: tuple(sorted(intervals)) for pattern, intervals in spans.items()},
        lengths.pop() if lengths else None,
    )


def mask(spans: Iterable[tuple[float, float]], sfreq: float, n: int) -> np.ndarray:
    """Booleans of so many samples, True from the rounded start to the rounded stop of each span."""
    marks = np.zeros(n, bool)
    for start, stop in spans:
        marks[max(round(start * sfreq), 0) : max(round(stop * sfreq), 0)] = True
    return marks


def _rows(path: Path) -> list[dict[str, str]]:
    with (
        loading(path, "not a table of text", "give an events.tsv"),
        path.open(encoding="utf-8-sig", newline="") as file,
    ):
        table = csv.DictReader(file, delimiter="," if path.suffix == ".csv" else "\t")
        rows = [{k: v or "" for k, v in row.items() if k is not None} for row in table]
        columns = table.fieldnames or ()
    for required in ("onset", "duration"):
        if required not in columns:
            raise NasionError(f"{path}: no column {required}; give an events.tsv as BIDS has it")
    if not set(NAMES) & set(columns):
        raise NasionError(f"{path}: no column {', '.join(NAMES)}; one must say what happened")
    return rows


def _pattern(row: dict[str, str]) -> Pattern | None:
    """What a row names; None for anything that is none of the five patterns."""
    for name in NAMES:
        word = (row.get(name) or "").strip().lower()
        if word in NOTHING:
            continue
        if word.startswith(SEIZURES):
            return Pattern.SEIZURE
        return next((pattern for pattern in EVENTFUL if pattern == word), None)
    return None


def _number(path: Path, line: int, name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise NasionError(f"{path}: row {line}, {name} {text!r} is no number of seconds")
    return value
