"""Predictions and labels as tables: read, checked row by row, joined.

Row numbers in messages are those a spreadsheet shows: the header is row 1.
"""

import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nasion.errors import NasionError
from nasion.terms import VOTE_COLUMNS

Array = np.ndarray[Any, Any]

LABEL_PREFIX = "label_"  # before the vote counts in an oof.csv, whose plain columns are predictions
SUM_TOLERANCE = 1e-3
LARGEST_ID = 2**53  # whole numbers up to here are exact as float64


@dataclass(frozen=True)
class Judged:
    """Predictions beside the votes that judge them, one row a labelled segment.

    Attributes
    ----------
    votes : ndarray of float, shape (n, 6)
        Counts, in the order of `nasion.terms.PATTERNS`.
    prediction : ndarray of float, shape (n, 6)
        Probabilities; rows sum to 1.
    unit : ndarray of int, shape (n,)
        Rows with the same number are resampled together.
    unit_name : str
        What that unit is: ``patient`` or, where patients are unknown, ``eeg``.
    fold : ndarray of int, shape (n,), or None
        Which fold predicted the row.
    rows : dict of str to int
        Labelled rows, those left out as the same stationary period, those judged, and predictions
        for rows without a label.
    warnings : tuple of str
        What a reader of the numbers has to know.
    """

    votes: Array
    prediction: Array
    unit: Array
    unit_name: str
    fold: Array | None
    rows: dict[str, int]
    warnings: tuple[str, ...] = ()

    @property
    def target(self) -> Array:
        """Fractions of the votes, shape (n, 6)."""
        return self.votes / self.votes.sum(1, keepdims=True)

    @property
    def consensus(self) -> Array:
        """First arg max of the votes, as HMS breaks ties; shape (n,)."""
        return self.votes.argmax(1)

    def where(self, keep: Array) -> "Judged":
        """Some of the rows, by a boolean mask of shape (n,)."""
        return replace(
            self,
            votes=self.votes[keep],
            prediction=self.prediction[keep],
            unit=self.unit[keep],
            fold=None if self.fold is None else self.fold[keep],
        )


@dataclass(frozen=True)
class Labels:
    """Vote counts: the file, and a table of ids and `VOTE_COLUMNS` by spreadsheet row."""

    path: Path
    table: pd.DataFrame


def read_labels(path: Path, prefix: str = "") -> Labels:
    """Read vote counts in the form of HMS's train.csv.

    Parameters
    ----------
    path
        A csv with eeg_id, six vote counts and perhaps eeg_sub_id and patient_id.
    prefix
        Before the names of the vote columns: `LABEL_PREFIX` reads what an oof.csv carries.

    Raises
    ------
    NasionError
        For a missing column, a repeated row, or votes that are not counts.
    """
    columns = [prefix + column for column in VOTE_COLUMNS]
    table = _read(path, columns)
    votes = _numbers(path, table, columns, "votes are whole numbers from 0")
    _refuse(path, table, votes.sum(1) == 0, "has no votes; leave the row out")
    frame = _keys(path, table, ("eeg_id", "eeg_sub_id", "patient_id"))
    frame[list(VOTE_COLUMNS)] = votes
    _refuse_repeats(path, frame, by_window="eeg_sub_id" in frame)
    return Labels(path, frame)


def read_predictions(path: Path) -> pd.DataFrame:
    """Read probabilities in Kaggle's submission form, or an oof.csv.

    Parameters
    ----------
    path
        A csv with eeg_id, six probabilities and perhaps eeg_sub_id, patient_id and fold.

    Raises
    ------
    NasionError
        For a missing column, or a row that is not a distribution over the six patterns.
    """
    table = _read(path, list(VOTE_COLUMNS))
    values = _numbers(path, table, list(VOTE_COLUMNS), "")
    sums = values.sum(1)
    _refuse(
        path,
        table,
        np.abs(sums - 1) > SUM_TOLERANCE + 1e-9,
        "probabilities sum to {:.6g}, not 1; divide the row by its sum",
        sums,
    )
    frame = _keys(path, table, ("eeg_id", "eeg_sub_id", "patient_id", "fold"))
    frame[list(VOTE_COLUMNS)] = values
    return frame


def one_per_period(labels: pd.DataFrame) -> pd.DataFrame:
    """Keep the middle row, by eeg_sub_id, of those with the same EEG and the same votes."""
    if "eeg_sub_id" not in labels:
        return labels
    period = ["eeg_id", *VOTE_COLUMNS]
    groups = labels.sort_values("eeg_sub_id").groupby(period, sort=False).eeg_sub_id
    middle = groups.cumcount() == groups.transform("size") // 2
    return labels[middle.reindex(labels.index)]


def judge(predictions: Path, labels: Labels, *, one_row_per_period: bool = True) -> Judged:
    """Join predictions to labels on eeg_id, and on eeg_sub_id where both have it.

    Parameters
    ----------
    predictions
        Kaggle's submission form, or an oof.csv.
    labels
        From `read_labels`.
    one_row_per_period
        Whether rows of one EEG with equal votes count once.

    Raises
    ------
    NasionError
        For a broken file, a labelled row without a prediction, or an ambiguous one.
    """
    predicted = read_predictions(predictions)
    labelled = labels.table
    kept = one_per_period(labelled) if one_row_per_period else labelled
    by_window = "eeg_sub_id" in labelled and "eeg_sub_id" in predicted
    _refuse_repeats(predictions, predicted, by_window=by_window)
    keys = _key(predicted, by_window=by_window)
    wanted = _key(kept, by_window=by_window)
    found = pd.Index(keys).get_indexer(pd.Index(wanted))
    if (found < 0).any():
        raise NasionError(
            f"{predictions}: no prediction for {(found < 0).sum()} of {len(kept)} labelled rows, "
            f"first {_name(kept, int(np.flatnonzero(found < 0)[0]))}; predict them or take them "
            f"out of {labels.path}"
        )
    matched = predicted.iloc[found]
    fold = matched["fold"].to_numpy() if "fold" in matched else None
    unit, unit_name = _units(kept, matched)
    extra = int((~keys.isin(_key(labelled, by_window=by_window))).sum())
    return Judged(
        votes=kept[list(VOTE_COLUMNS)].to_numpy(),
        prediction=matched[list(VOTE_COLUMNS)].to_numpy(),
        unit=unit,
        unit_name=unit_name,
        fold=fold,
        rows={
            "labelled": len(labelled),
            "same_period": len(labelled) - len(kept),
            "judged": len(kept),
            "predictions_without_label": extra,
        },
        warnings=tuple(_warnings(found, unit, unit_name, fold)),
    )


def _warnings(found: Array, unit: Array, unit_name: str, fold: Array | None) -> list[str]:
    notes = []
    shared = len(found) - len(np.unique(found))
    if shared:
        notes.append(
            f"{shared} labelled rows share the prediction of another row of their EEG, since the "
            "predictions have no eeg_sub_id."
        )
    if fold is not None:
        pairs = np.unique(np.column_stack([unit, fold]), axis=0)
        leaks = int((np.unique(pairs[:, 0], return_counts=True)[1] > 1).sum())
        if leaks:
            noun = "patient" if unit_name == "patient" else "EEG"
            notes.append(
                f"{leaks} {noun}{'s' if leaks > 1 else ''} in more than one fold: what was "
                "predicted had been learned from, so these numbers are too good."
            )
    return notes


def _units(kept: pd.DataFrame, matched: pd.DataFrame) -> tuple[Array, str]:
    """Number the patients; where they are unknown, the EEGs, each being of one patient."""
    source = kept if "patient_id" in kept else matched
    if "patient_id" not in source:
        return np.unique(kept["eeg_id"].to_numpy(str), return_inverse=True)[1], "eeg"
    return np.unique(source["patient_id"].to_numpy(str), return_inverse=True)[1], "patient"


def _read(path: Path, columns: list[str]) -> pd.DataFrame:
    """Read text cells, with spreadsheet rows as index."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a row longer than the header would lose cells
            table = pd.read_csv(
                path,
                dtype=str,
                keep_default_na=False,
                encoding="utf-8-sig",
                skip_blank_lines=False,
                index_col=False,
            )
    except FileNotFoundError:
        raise NasionError(f"{path}: not found; give a csv file") from None
    except pd.errors.ParserWarning:
        raise NasionError(f"{path}: rows have more cells than the header; not a csv") from None
    except (OSError, EOFError, ValueError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise NasionError(f"{path}: can't be read as csv ({reason}); write it anew") from None
    table.index = table.index + 2
    table = table[(table != "").any(axis=1)]
    needed = ["eeg_id", *columns]
    missing = [column for column in needed if column not in table]
    if missing:
        hint = f"; needed are {', '.join(needed)}, separated by commas"
        if missing[-1].startswith(LABEL_PREFIX):
            hint = "; give a csv of labels, since only an oof.csv carries its own"
        raise NasionError(f"{path}: no column {', '.join(missing)}{hint}")
    twice = [column for column in needed if f"{column}.1" in table]
    if twice:
        raise NasionError(f"{path}: column {twice[0]} occurs twice; keep one")
    if table.empty:
        raise NasionError(f"{path}: no rows below the header; give at least one")
    return table


def _numbers(path: Path, table: pd.DataFrame, columns: list[str], counts: str) -> Array:
    """Read numbers from 0; whole ones where `counts` says what they are."""
    values = np.empty((len(table), len(columns)))
    for k, column in enumerate(columns):
        numbers = pd.to_numeric(table[column], errors="coerce").to_numpy(float)
        bad = ~np.isfinite(numbers) | (numbers < 0)
        if counts:
            bad |= numbers % 1 != 0
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


def _key(frame: pd.DataFrame, *, by_window: bool) -> pd.Series:
    key = frame["eeg_id"]
    return key + "/" + frame["eeg_sub_id"].astype(str) if by_window else key


def _name(frame: pd.DataFrame, i: int) -> str:
    names = [c for c in ("eeg_id", "eeg_sub_id") if c in frame]
    return ", ".join(f"{c} {frame[c].iloc[i]}" for c in names)


def _refuse(
    path: Path, table: pd.DataFrame, bad: Array, why: str, values: Array | None = None
) -> None:
    """Raise about the first bad row; its value goes into the braces of `why`."""
    if np.any(bad):
        i = int(np.flatnonzero(bad)[0])
        reason = why if values is None else why.format(values[i])
        raise NasionError(f"{path}: row {table.index[i]} ({_name(table, i)}): {reason}")


def _refuse_repeats(path: Path, frame: pd.DataFrame, *, by_window: bool) -> None:
    key = _key(frame, by_window=by_window)
    repeated = key.duplicated().to_numpy()
    if repeated.any():
        first = frame.index[key == key[repeated].iloc[0]][0]
        what = "eeg_id and eeg_sub_id" if by_window else "eeg_id"
        _refuse(path, frame, repeated, f"the {what} of row {first} again; keep one row")
