"""Predictions beside the votes that judge them: files joined by the names of their rows."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nasion.errors import NasionError
from nasion.evaluation.inputs import (
    ABSTAINED,
    Labels,
    key,
    name,
    read_predictions,
    refuse_repeats,
)
from nasion.periods import middle_rows
from nasion.terms import PATTERNS, VOTE_COLUMNS

Array = np.ndarray[Any, Any]


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
    raters : dict of str to ndarray of int, shape (n,)
        Number of the pattern each rater chose, or `inputs.ABSTAINED`; empty where single votes
        are unknown.
    """

    votes: Array
    prediction: Array
    unit: Array
    unit_name: str
    fold: Array | None
    rows: dict[str, int]
    warnings: tuple[str, ...] = ()
    raters: dict[str, Array] = field(default_factory=dict)

    @property
    def target(self) -> Array:
        """Fractions of the votes, shape (n, 6)."""
        return self.votes / self.votes.sum(1, keepdims=True)

    @property
    def consensus(self) -> Array:
        """First arg max of the votes, as HMS breaks ties; shape (n,)."""
        return self.votes.argmax(1)

    @property
    def n_units(self) -> int:
        """How many patients, or EEGs."""
        return len(np.unique(self.unit))

    def where(self, rows: Array) -> "Judged":
        """Some of the rows, by a boolean mask of shape (n,)."""
        return replace(
            self,
            votes=self.votes[rows],
            prediction=self.prediction[rows],
            unit=self.unit[rows],
            fold=None if self.fold is None else self.fold[rows],
            raters={name: votes[rows] for name, votes in self.raters.items()},
        )

    def predicting(self, prediction: Array) -> "Judged":
        """The same rows with other probabilities, shape (n, 6)."""
        return replace(self, prediction=prediction)


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
    rows = labelled.iloc[middle_rows(labelled)] if one_row_per_period else labelled
    by_window = "eeg_sub_id" in labelled and "eeg_sub_id" in predicted
    refuse_repeats(predictions, predicted, by_window=by_window)
    keys = key(predicted, by_window=by_window)
    row_keys = key(rows, by_window=by_window)
    places = pd.Index(keys).get_indexer(pd.Index(row_keys))
    if (places < 0).any():
        raise NasionError(
            f"{predictions}: no prediction for {(places < 0).sum()} of {len(rows)} labelled rows, "
            f"first {name(rows, int(np.flatnonzero(places < 0)[0]))}; predict them or take them "
            f"out of {labels.path}"
        )
    matched = predicted.iloc[places]
    fold = matched["fold"].to_numpy() if "fold" in matched else None
    unit, unit_name = _units(rows, matched)
    single = labels.raters.loc[rows.index]
    raters = {str(rater): votes.to_numpy() for rater, votes in single.items()}
    n_extra = int((~keys.isin(key(labelled, by_window=by_window))).sum())
    return Judged(
        votes=rows[list(VOTE_COLUMNS)].to_numpy(),
        prediction=matched[list(VOTE_COLUMNS)].to_numpy(),
        unit=unit,
        unit_name=unit_name,
        fold=fold,
        rows={
            "labelled": len(labelled),
            "same_period": len(labelled) - len(rows),
            "judged": len(rows),
            "predictions_without_label": n_extra,
        },
        warnings=tuple(_warnings(places, unit, unit_name, fold) + _miscounts(rows, raters)),
        raters=raters,
    )


def _warnings(places: Array, unit: Array, unit_name: str, fold: Array | None) -> list[str]:
    notes = []
    shared = len(places) - len(np.unique(places))
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


def _miscounts(rows: pd.DataFrame, raters: dict[str, Array]) -> list[str]:
    """Say where the single votes are not those that were counted."""
    if not raters:
        return []
    numbers = np.stack([*raters.values()])
    counts = np.stack([(numbers == k).sum(0) for k in range(len(PATTERNS))], axis=1)
    n_wrong = int((counts != rows[list(VOTE_COLUMNS)].to_numpy()).any(1).sum())
    silent = int((numbers == ABSTAINED).all(0).sum())
    if not n_wrong:
        return []
    note = f"The single raters' votes of {n_wrong:,} rows do not add up to their counts of votes"
    if silent:
        note += f" ({silent:,} rows have none)"
    return [f"{note}: raters are judged by the single votes, all else by the counts."]


def _units(rows: pd.DataFrame, matched: pd.DataFrame) -> tuple[Array, str]:
    """Number the patients; where they are unknown, the EEGs, each being of one patient."""
    source = rows if "patient_id" in rows else matched
    if "patient_id" not in source:
        return np.unique(rows["eeg_id"].to_numpy(str), return_inverse=True)[1], "eeg"
    return np.unique(source["patient_id"].to_numpy(str), return_inverse=True)[1], "patient"
