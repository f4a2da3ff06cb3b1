"""The out-of-fold file of a RUN or a blend, oof.csv: what each row's own fold never learned from.

One row a labelled segment, by `fold`, `eeg_id`, `eeg_sub_id` and `patient_id`, with six
probabilities and six counts of votes. Files written before the probabilities had columns of their
own hold them under the names of votes, and the votes as ``label_..._vote``; both are read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nasion.errors import NasionError
from nasion.files import replacing
from nasion.loading import loading
from nasion.terms import PATTERNS, VOTE_COLUMNS

FILE_NAME = "oof.csv"
NAMES = ("fold", "eeg_id", "eeg_sub_id", "patient_id")
PROBABILITIES = tuple(f"{pattern}_probability" for pattern in PATTERNS)
OLD_PROBABILITIES, OLD_VOTES = VOTE_COLUMNS, tuple(f"label_{name}" for name in VOTE_COLUMNS)

SUM_TOLERANCE = 1e-3  # of probabilities
MOST_VOTES = 10**6


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Rows predicted by the fit that never saw their patient.

    Parameters
    ----------
    names
        The columns `NAMES`; its index counts the rows from 0.
    probability : ndarray of float, shape (n, 6)
        As the networks gave it, uncalibrated; rows sum to 1. Patterns in the order of
        `nasion.terms.PATTERNS`.
    votes : ndarray of int, shape (n, 6)
        Counts.
    """

    names: pd.DataFrame
    probability: NDArray[np.float64]
    votes: NDArray[Any]

    @classmethod
    def of(cls, fold: int, labels: pd.DataFrame, probability: NDArray[np.float64]) -> "OutOfFold":
        """What one fit says of labelled segments: `labels` has their ids, patients and votes."""
        names = labels[list(NAMES[1:])].reset_index(drop=True)
        names.insert(0, NAMES[0], fold)
        return cls(names, probability, np.ascontiguousarray(labels[list(VOTE_COLUMNS)]))

    @classmethod
    def joined(cls, parts: Sequence["OutOfFold"]) -> "OutOfFold":
        """The rows of several folds, one below the other."""
        return cls(
            pd.concat([part.names for part in parts], ignore_index=True),
            np.concatenate([part.probability for part in parts]),
            np.concatenate([part.votes for part in parts]),
        )

    @classmethod
    def read(cls, path: Path) -> "OutOfFold":
        """Read what `write` wrote, or a file of the older columns.

        Raises
        ------
        NasionError
            For a file that is missing, is no csv, lacks a column, or holds what is no probability,
            count of votes or whole number.
        """
        absent = "run nasion crossval, which writes it"
        with loading(path, "not a csv table", "run crossval again", absent=absent):
            table = pd.read_csv(path)
        old = bool(set(OLD_VOTES) & set(table))
        probabilities = OLD_PROBABILITIES if old else PROBABILITIES
        votes = OLD_VOTES if old else VOTE_COLUMNS
        missing = [name for name in (*NAMES, *probabilities, *votes) if name not in table]
        if missing:
            raise NasionError(
                f"{path}: not an oof.csv, lacks column {missing[0]}; give that of a crossval run"
            )
        with loading(path, "not an oof.csv", "run crossval again"):
            probability = table[list(probabilities)].to_numpy(np.float64)
            counts = table[list(votes)].apply(pd.to_numeric).to_numpy()
        _refuse_wrong(path, table, probability, counts)
        # Rows lie together, as `of` has them: sums over rows are the same to the last digit.
        orderly = np.ascontiguousarray(probability), np.ascontiguousarray(counts)
        return cls(table[list(NAMES)], *orderly)

    def write(self, path: Path) -> None:
        """Write the file whole."""
        table = self.names.copy()
        table[list(PROBABILITIES)] = self.probability
        table[list(VOTE_COLUMNS)] = self.votes
        with replacing(path) as temporary:
            table.to_csv(temporary, index=False, lineterminator="\n")

    @property
    def target(self) -> NDArray[np.float64]:
        """Fractions of the votes, shape (n, 6)."""
        counts = self.votes.astype(float)
        return counts / counts.sum(1, keepdims=True)

    @property
    def labels(self) -> pd.DataFrame:
        """Names and votes in the columns of labels."""
        return self.names.assign(**dict(zip(VOTE_COLUMNS, self.votes.T, strict=True)))

    def by_fold(self) -> list["OutOfFold"]:
        """The rows of each fold, the lowest number first."""
        fold = self.names["fold"].to_numpy()
        return [self._rows(np.flatnonzero(fold == number)) for number in np.unique(fold)]

    def in_order(self) -> "OutOfFold":
        """The rows sorted by their ids."""
        names = self.names.sort_values(list(NAMES[1:3]))
        return self._rows(names.index.to_numpy())

    def _rows(self, rows: NDArray[np.int_]) -> "OutOfFold":
        names = self.names.iloc[rows].reset_index(drop=True)
        return OutOfFold(names, self.probability[rows], self.votes[rows])


def _refuse_wrong(
    path: Path, table: pd.DataFrame, probability: NDArray[np.float64], votes: NDArray[Any]
) -> None:
    """Raise about the first row that `write` can't have written."""
    counts = np.asarray(votes, float)
    names = table[list(NAMES)].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    even = np.abs(probability.sum(1) - 1) <= SUM_TOLERANCE
    whole = (counts >= 0) & (counts <= MOST_VOTES) & _whole(counts)
    for right, problem in (
        ((probability >= 0).all(1) & even, "its probabilities are not six from 0 to 1, of sum 1"),
        (whole.all(1) & (counts.sum(1) > 0), "its votes are not six counts"),
        (_whole(names).all(1), f"{', '.join(NAMES)} are whole numbers"),
    ):
        if not right.all():
            line = int(np.argmin(right)) + 2
            raise NasionError(f"{path}, line {line}: {problem}; run crossval again")


def _whole(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.isfinite(values) & (np.where(np.isfinite(values), values, 0.5) % 1 == 0)
