"""Tables of votes and of probabilities: read from csv or parquet and checked row by row.

Row numbers in messages are those a spreadsheet shows, where the header is row 1; rows of a parquet
file count from 0.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nasion.errors import NasionError
from nasion.out_of_fold import OLD_VOTES, PROBABILITIES
from nasion.spreadsheet import read_spreadsheet
from nasion.terms import PATTERNS, VOTE_COLUMNS

Array = np.ndarray[Any, Any]

# How probabilities are named that stand beside votes in one file, rather than in a submission.
BESIDE_VOTES = (PROBABILITIES, tuple(f"p_{pattern}" for pattern in PATTERNS))
IDS = ("eeg_id", "eeg_sub_id", "patient_id")
SEGMENT = "segment"  # stands for eeg_id where there is none
KNOWN = (*IDS, SEGMENT, "fold", *VOTE_COLUMNS, *OLD_VOTES, *BESIDE_VOTES[0], *BESIDE_VOTES[1])
RATER = re.compile(r"rater_\w+")
ABSTAINED = -1  # in place of the number of the pattern a rater chose
SUM_TOLERANCE = 1e-3
MOST_VOTES = 10**6
PER_CENT = 100
LARGEST_ID = 2**53  # whole numbers up to here are exact as float64


@dataclass(frozen=True)
class Labels:
    """Votes: the file, a table of ids and `VOTE_COLUMNS`, and who voted what where that is known.

    Attributes
    ----------
    raters : DataFrame of int
        A column a rater, the rows of `table`: number of the pattern, or `ABSTAINED`.
    """

    path: Path
    table: pd.DataFrame
    raters: pd.DataFrame


def read_labels(path: Path, *, carried: bool = False) -> Labels:
    """Read vote counts in the form of HMS's train.csv, or those that predictions carry.

    Parameters
    ----------
    path
        A csv or parquet file with eeg_id (or segment), six vote counts and perhaps eeg_sub_id,
        patient_id and the single votes in columns rater_...
    carried
        Whether the file holds predictions first of all: then votes are ..._vote beside
        ..._probability or p_..., or label_..._vote in an oof.csv of older columns.

    Raises
    ------
    NasionError
        For a missing column, a repeated row, or votes that are not counts.
    """
    table = _read(path)
    labelled = bool(set(OLD_VOTES) & set(table))
    votes_only = _probabilities(table) == VOTE_COLUMNS
    columns = OLD_VOTES if labelled or (carried and votes_only) else VOTE_COLUMNS
    _need(path, table, columns)
    votes = _numbers(path, table, columns, "votes are whole numbers from 0")
    _refuse(path, table, votes.sum(1) == 0, "has no votes; leave the row out")
    if (votes.sum(1) == PER_CENT).all():
        raise NasionError(f"{path}: its votes are per cent (each row sums to 100); give counts")
    frame = _keys(path, table, IDS)
    frame[list(VOTE_COLUMNS)] = votes
    refuse_repeats(path, frame, by_window="eeg_sub_id" in frame)
    return Labels(path, frame, _raters(path, table))


def read_predictions(path: Path) -> pd.DataFrame:
    """Read probabilities in Kaggle's submission form, an oof.csv, or p_... beside votes.

    Parameters
    ----------
    path
        A csv or parquet file with eeg_id (or segment), six probabilities and perhaps eeg_sub_id,
        patient_id and fold.

    Raises
    ------
    NasionError
        For a missing column, or a row that is not a distribution over the six patterns.
    """
    table = _read(path)
    columns = _probabilities(table)
    _need(path, table, columns)
    values = _numbers(path, table, columns, "")
    sums = values.sum(1)
    _refuse(
        path,
        table,
        np.abs(sums - 1) > SUM_TOLERANCE + 1e-9,
        "probabilities sum to {:.6g}, not 1; divide the row by its sum",
        sums,
    )
    frame = _keys(path, table, (*IDS, "fold"))
    frame[list(VOTE_COLUMNS)] = values
    return frame


def _probabilities(table: pd.DataFrame) -> tuple[str, ...]:
    """Which columns of a file are probabilities: those of a submission unless others are there."""
    return next((names for names in BESIDE_VOTES if set(names) <= set(table)), VOTE_COLUMNS)


def key(frame: pd.DataFrame, *, by_window: bool) -> pd.Series:
    """What names a row: its EEG, or its window."""
    ids = frame["eeg_id"]
    return ids + "/" + frame["eeg_sub_id"].astype(str) if by_window else ids


def name(frame: pd.DataFrame, i: int) -> str:
    """Name the i-th row in words."""
    names = [c for c in ("eeg_id", "eeg_sub_id") if c in frame]
    return ", ".join(f"{c} {frame[c].iloc[i]}" for c in names)


def refuse_repeats(path: Path, frame: pd.DataFrame, *, by_window: bool) -> None:
    """Raise where two rows have one name."""
    keys = key(frame, by_window=by_window)
    repeated = keys.duplicated().to_numpy()
    if repeated.any():
        first = frame.index[keys == keys[repeated].iloc[0]][0]
        key_names = "eeg_id and eeg_sub_id" if by_window else "eeg_id"
        _refuse(path, frame, repeated, f"the {key_names} of row {first} again; keep one row")


def _read(path: Path) -> pd.DataFrame:
    """Read text cells, with the rows' numbers as index."""
    table = _read_parquet(path) if path.suffix == ".parquet" else read_spreadsheet(path, KNOWN)
    if "eeg_id" not in table:
        table = table.rename(columns={SEGMENT: "eeg_id"})
    if table.empty:
        raise NasionError(f"{path}: no rows below the header; give at least one")
    return table


def _read_parquet(path: Path) -> pd.DataFrame:
    """Read the columns that mean something here, as text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with path.open("rb") as file:
            source = pq.ParquetFile(file)
            names = [n for n in source.schema_arrow.names if n in KNOWN or RATER.fullmatch(n)]
            if twice := [name for name in names if names.count(name) > 1]:
                raise NasionError(f"{path}: column {twice[0]} occurs twice; keep one")
            table = source.read(columns=names)
            text = {n: table[n].cast(pa.string()).fill_null("").to_pylist() for n in names}
    except FileNotFoundError:
        raise NasionError(f"{path}: not found; give a parquet file") from None
    except (OSError, ValueError, NotImplementedError, pa.ArrowException) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise NasionError(f"{path}: can't be read as parquet ({reason}); write it anew") from None
    return pd.DataFrame(text, dtype=str)


def _need(path: Path, table: pd.DataFrame, columns: tuple[str, ...]) -> None:
    """Raise for a column that is missing."""
    required = ["eeg_id", *columns]
    missing = [column for column in required if column not in table]
    if missing:
        hint = f"; needed are {', '.join(required)}, separated by commas"
        if missing[-1] in OLD_VOTES:
            hint = "; give a csv of labels, since only an oof.csv carries its own"
        raise NasionError(f"{path}: no column {', '.join(missing)}{hint}")


def _numbers(path: Path, table: pd.DataFrame, columns: tuple[str, ...], counts: str) -> Array:
    """Read numbers from 0; whole ones where `counts` says what they are."""
    values = np.empty((len(table), len(columns)))
    for k, column in enumerate(columns):
        numbers = pd.to_numeric(table[column], errors="coerce").to_numpy(float)
        bad = ~np.isfinite(numbers) | (numbers < 0)
        if counts:
            bad |= (numbers % 1 != 0) | (numbers > MOST_VOTES)
        fix = counts or "give a probability from 0 to 1"
        _refuse(path, table, bad, f"{column} is '{{}}'; {fix}", table[column].to_numpy())
        values[:, k] = numbers
    return values


def _keys(path: Path, table: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """Take the identifying columns that are there: ids as text, orders as whole numbers."""
    frame = pd.DataFrame(index=table.index)
    for column in columns:
        if column not in table:
            continue
        cells = table[column].str.strip()
        _refuse(path, table, (cells == "").to_numpy(), f"{column} is empty; fill it")
        if column in ("eeg_sub_id", "fold"):
            numbers = pd.to_numeric(cells, errors="coerce").to_numpy(float)
            bad = ~(np.abs(numbers) < LARGEST_ID) | (numbers % 1 != 0)
            _refuse(path, table, bad, f"{column} is '{{}}'; give a whole number", cells.to_numpy())
            frame[column] = numbers.astype(np.int64)
        else:
            frame[column] = cells
    return frame


def _raters(path: Path, table: pd.DataFrame) -> pd.DataFrame:
    """Read single votes: the names of patterns, empty where a rater did not vote."""
    numbers = {str(pattern): k for k, pattern in enumerate(PATTERNS)} | {"": ABSTAINED}
    frame = pd.DataFrame(index=table.index)
    for column in sorted(c for c in map(str, table) if RATER.fullmatch(c)):
        votes = table[column].str.strip().str.lower().map(numbers)
        problem = f"{column} is '{{}}'; give one of {', '.join(PATTERNS)}, or nothing"
        _refuse(path, table, votes.isna().to_numpy(), problem, table[column].to_numpy())
        frame[column] = votes.astype(np.int8)
    return frame


def _refuse(
    path: Path, table: pd.DataFrame, bad: Array, problem: str, values: Array | None = None
) -> None:
    """Raise about the first bad row; its value goes into the braces of `problem`."""
    if np.any(bad):
        i = int(np.flatnonzero(bad)[0])
        reason = problem if values is None else problem.format(values[i])
        raise NasionError(f"{path}: row {table.index[i]} ({name(table, i)}): {reason}")
