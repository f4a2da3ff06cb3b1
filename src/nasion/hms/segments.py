"""A folder in HMS layout (Kaggle's train or test form) as a table of labelled segments."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nasion.config import HMS_VIEW
from nasion.eeg.spectrogram import Power
from nasion.errors import NasionError
from nasion.hms import layout
from nasion.hms.layout import NO_SPECTROGRAM, Part, from_table, hms_columns
from nasion.loading import loading
from nasion.spreadsheet import read_spreadsheet
from nasion.terms import PATTERNS, VOTE_COLUMNS

# Columns of `Segments.table`; the csv's names where it has them.
KEYS = (layout.EEG_ID, layout.SUB_ID)
_NUMBERS = {
    layout.EEG_ID: None,
    layout.SUB_ID: 0,
    layout.OFFSET_S: 0.0,
    layout.SPECTROGRAM_ID: NO_SPECTROGRAM,
    layout.SPECTROGRAM_OFFSET_S: 0.0,
    layout.PATIENT_ID: None,
}
_NOTHING = ("", "na", "n/a", "#n/a", "nan", "null", "none", "<na>")  # in a cell that may be empty
LARGEST_ID = 10**18
MOST_VOTES = 10**6
SUM_TOLERANCE = 0.031  # of six probabilities rounded to two decimals


@dataclass(frozen=True)
class Segments:
    """Labelled segments of one part of a folder.

    `table` has one row a segment: the columns of `KEYS`, offsets in seconds, ids and, in train
    form, the six vote counts.
    """

    folder: Path
    part: Part
    table: pd.DataFrame

    def __len__(self) -> int:
        return len(self.table)

    @property
    def labelled(self) -> bool:
        """Whether experts voted on these segments."""
        return VOTE_COLUMNS[0] in self.table

    def eeg_path(self, eeg_id: int) -> Path:
        """File of an EEG."""
        return layout.eeg_path(self.folder, self.part, eeg_id)

    def spectrogram_path(self, spectrogram_id: int) -> Path:
        """File of a ready-made spectrogram; it need not exist."""
        return layout.spectrogram_path(self.folder, self.part, spectrogram_id)

    def subset(self, rows: NDArray[np.bool_] | NDArray[np.int_]) -> "Segments":
        """Only these rows."""
        return Segments(self.folder, self.part, self.table.iloc[rows].reset_index(drop=True))


def load_segments(folder: Path, part: Part | None = None) -> Segments:
    """Read the csv of a folder in HMS layout and check every value.

    Raises
    ------
    NasionError
        Naming file and line: missing columns, what is no count for votes, no vote at all, repeated
        segments, files of two patients, or EEG files that are not there.
    """
    part = part or _only_part(folder)
    path = layout.table_path(folder, part)
    table = _read_labels(path, votes=part == "train")
    segments = Segments(folder, part, table.reset_index(drop=True))
    for line, eeg_id in table[layout.EEG_ID].drop_duplicates().items():
        if not segments.eeg_path(int(eeg_id)).exists():
            missing = segments.eeg_path(int(eeg_id))
            raise NasionError(f"{path}, line {line}: {missing} is missing; copy it there")
    return segments


def _only_part(folder: Path) -> Part:
    if not folder.is_dir():
        raise NasionError(
            f"{folder}: not a folder; give one in HMS layout (train.csv, train_eegs/)"
        )
    parts = layout.parts_in(folder)
    if not parts:
        raise NasionError(f"{folder}: holds neither train.csv nor test.csv; is it in HMS layout?")
    return parts[0]


def load_labels(path: Path, *, votes: bool) -> pd.DataFrame:
    """Read a train.csv or test.csv alone, with the checks of `load_segments` on its values."""
    return _read_labels(path, votes=votes).reset_index(drop=True)


def _read_labels(path: Path, *, votes: bool) -> pd.DataFrame:
    """Give the table of labels; its index has the line of each row."""
    frame = read_spreadsheet(path, (*_NUMBERS, *VOTE_COLUMNS))
    required = [name for name, default in _NUMBERS.items() if default is None]
    missing = [c for c in (*required, *(VOTE_COLUMNS if votes else ())) if c not in frame]
    if missing:
        raise NasionError(f"{path}: lacks column {', '.join(missing)}; HMS layout needs it")
    if frame.empty:
        raise NasionError(f"{path}: has no rows")
    table = pd.DataFrame(index=frame.index)
    for name, default in _NUMBERS.items():
        dtype = np.float64 if isinstance(default, float) else np.int64
        values = frame[name] if name in frame else pd.Series(str(default), frame.index, name=name)
        if default is not None:
            values = values.mask(values.str.lower().isin(_NOTHING), str(default))
        numbers = _numbers(values, path)
        if dtype is np.int64:
            _refuse(numbers % 1 != 0, path, f"{name} is not a whole number")
            _refuse(numbers.abs() > LARGEST_ID, path, f"{name} is too large a number")
        table[name] = numbers.astype(dtype)
    if votes:
        _read_votes(frame, table, path)
    _refuse(table.duplicated(list(KEYS)), path, "the same eeg_id and eeg_sub_id again; remove one")
    for name in (layout.EEG_ID, layout.SPECTROGRAM_ID):
        _refuse_shared(table, name, path)
    return table


def _read_votes(frame: pd.DataFrame, table: pd.DataFrame, path: Path) -> None:
    """Add the votes to a table of numbers."""
    votes = pd.DataFrame({name: _numbers(frame[name], path) for name in VOTE_COLUMNS})
    sums, whole = votes.sum(axis=1), (votes % 1 == 0).all(axis=1)
    probabilities = not whole.all() and ((sums - 1).abs() < SUM_TOLERANCE).all()
    if probabilities or ((sums - 100).abs() < 100 * SUM_TOLERANCE).all():
        raise NasionError(
            f"{path}: its votes are probabilities (each row sums to {1 if probabilities else 100});"
            " votes are counts: give how many experts chose each pattern"
        )
    for name in VOTE_COLUMNS:
        _refuse(votes[name] < 0, path, f"{name} is negative; votes are counts")
        counts = (votes[name] % 1 == 0) & (votes[name] <= MOST_VOTES)
        _refuse(~counts, path, f"{name} is {{value}}; votes are counts", frame[name])
        table[name] = votes[name]
    _refuse(sums == 0, path, "nobody voted; remove the row")


def _refuse_shared(table: pd.DataFrame, name: str, path: Path) -> None:
    """Raise where two patients have one file."""
    own = table[table[name] >= 0]
    first = own.groupby(name)[layout.PATIENT_ID].transform("first")
    others = own[own[layout.PATIENT_ID] != first]
    if len(others):
        line, row = others.index[0], others.iloc[0]
        raise NasionError(
            f"{path}, line {line}: {name} {int(row[name])} is of patient {first[line]} and of"
            f" patient {int(row[layout.PATIENT_ID])}; each file is of one patient"
        )


def _numbers(values: pd.Series, path: Path) -> pd.Series:
    numbers = pd.to_numeric(values, errors="coerce")
    _refuse(
        pd.Series(~np.isfinite(numbers.to_numpy(np.float64)), values.index),
        path,
        f"{values.name} is not a number ({{value!r}})",
        values,
    )
    return numbers


def _refuse(bad: pd.Series, path: Path, problem: str, values: pd.Series | None = None) -> None:
    """Raise about the first bad row; its value goes into the braces of `problem`."""
    if bad.any():
        line = bad.index[bad.to_numpy()][0]
        text = problem if values is None else problem.format(value=values[line])
        raise NasionError(f"{path}, line {line}: {text}")


def votes(table: pd.DataFrame) -> NDArray[np.float64]:
    """Vote counts, shape (n_rows, 6), in the order of `terms.PATTERNS`."""
    return table[list(VOTE_COLUMNS)].to_numpy(np.float64)


def targets(table: pd.DataFrame) -> NDArray[np.float64]:
    """Fractions of votes, shape (n_rows, 6); rows sum to 1."""
    counts = votes(table)
    return counts / counts.sum(axis=1, keepdims=True)


def consensus(table: pd.DataFrame) -> NDArray[np.int_]:
    """Index of the plurality, the first in the order of `terms.PATTERNS` where votes tie."""
    return votes(table).argmax(axis=1)


def read_spectrogram(path: Path) -> tuple[float, Power]:
    """Ready-made spectrogram: time of its first column in s, and power, shape (4, 100, n_columns).

    Columns stand 2 s apart; rows that the file leaves out are NaN.
    """
    with loading(path, "not a readable parquet file", "copy it anew"):
        frame = pd.read_parquet(path)
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise NasionError(f"{path}: column {twice} occurs twice; keep one")
    missing = [name for name in (layout.TIME, *hms_columns()) if name not in frame]
    if missing:
        raise NasionError(
            f"{path}: lacks {len(missing)} columns ({missing[0]} first); not an HMS spectrogram"
        )
    if frame.empty:
        raise NasionError(f"{path}: has no rows")
    for name in frame.select_dtypes(exclude="number"):
        if frame[name].isna().all():  # of nothing but nulls
            frame[name] = np.nan
    try:
        with np.errstate(over="ignore"):
            times_s, power = frame[layout.TIME].to_numpy(np.float64), from_table(frame)
    except (TypeError, ValueError):
        raise NasionError(f"{path}: holds text where numbers belong") from None
    if (power < 0).any() or np.isinf(power).any():
        raise NasionError(f"{path}: holds power below 0 or without end; write it anew as µV²/Hz")
    places = np.round((times_s - times_s[0]) / HMS_VIEW.step_s)
    if not (np.isfinite(places).all() and np.all(np.diff(places) > 0)):
        raise NasionError(f"{path}: column time must rise by {HMS_VIEW.step_s:g} s a row")
    regular = np.full((*power.shape[:2], int(places[-1]) + 1), np.nan, np.float32)
    regular[:, :, places.astype(np.int64)] = power
    return float(times_s[0]), regular


def counts_by_pattern(table: pd.DataFrame) -> dict[str, int]:
    """Segments by consensus."""
    return {
        str(pattern): int(count)
        for pattern, count in zip(
            PATTERNS, np.bincount(consensus(table), minlength=len(PATTERNS)), strict=True
        )
    }


def fingerprint(segments: Segments) -> str:
    """Twelve digits that tell one set of labelled segments from another."""
    return sha256(segments.table.to_csv(index=False, lineterminator="\n").encode()).hexdigest()[:12]
