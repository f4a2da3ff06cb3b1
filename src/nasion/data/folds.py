"""Folds: stratified by consensus and grouped by patient, since patients never cross a split.

What is stratified is what is judged: one row a stationary period.
"""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nasion.errors import NasionError
from nasion.files import replacing
from nasion.hms.segments import consensus
from nasion.periods import middle_rows
from nasion.spreadsheet import read_spreadsheet


def make_folds(table: pd.DataFrame, n_folds: int, seed: int) -> NDArray[np.int_]:
    """Fold of each row of a segment table (paper 3.3, k = 5), by patient.

    Returns
    -------
    Shape (n_rows,), 0 .. n_folds - 1.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    periods = table.iloc[middle_rows(table)]
    patients = periods["patient_id"].to_numpy()
    n_patients = len(np.unique(patients))
    if n_patients < n_folds:
        raise NasionError(
            f"{n_patients} patients cannot fill {n_folds} folds; lower data.n_folds or add patients"
        )
    labels = consensus(periods)
    fold: dict[int, int] = {}
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    # Where no class fills the folds there is nothing for the splitter to stratify by.
    strata = labels if np.bincount(labels).max() >= n_folds else np.zeros_like(labels)
    with warnings.catch_warnings():
        # A class rarer than the folds is a fact about the data, not a fault of the split.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        for number, (_, held_out) in enumerate(splitter.split(strata, strata, patients)):
            fold |= dict.fromkeys(patients[held_out].tolist(), number)
    return np.array([fold[patient] for patient in table["patient_id"]], np.int64)


def write_folds(path: Path, table: pd.DataFrame, fold: NDArray[np.int_]) -> None:
    """Write `patient_id, fold`, one row a patient."""
    frame = pd.DataFrame({"patient_id": table["patient_id"], "fold": fold}).drop_duplicates()
    with replacing(path) as temporary:
        frame.sort_values("patient_id").to_csv(temporary, index=False)


def read_folds(path: Path, table: pd.DataFrame) -> NDArray[np.int_]:
    """Fold of each row of `table` from a csv with `fold` and either `patient_id` or `eeg_id`."""
    frame = read_spreadsheet(path, ("patient_id", "eeg_id", "fold"))
    frame = pd.DataFrame({name: pd.to_numeric(frame[name], errors="coerce") for name in frame})
    key = next((name for name in ("patient_id", "eeg_id") if name in frame), None)
    if key is None or "fold" not in frame:
        raise NasionError(f"{path}: needs the columns fold and patient_id (or eeg_id)")
    if (frame["fold"] % 1 != 0).any():
        raise NasionError(f"{path}: column fold must hold whole numbers")
    pairs = frame[[key, "fold"]].drop_duplicates()
    duplicated = pairs[key].duplicated()
    if duplicated.any():
        raise NasionError(f"{path}: {key} {pairs.loc[duplicated, key].iloc[0]} is in two folds")
    fold = table[key].map(pairs.set_index(key)["fold"])
    if fold.isna().any():
        raise NasionError(f"{path}: has no fold for {key} {table.loc[fold.isna(), key].iloc[0]}")
    result = fold.to_numpy(np.int64)
    try:
        guard(table["patient_id"].to_numpy(), result)
    except NasionError as error:
        raise NasionError(f"{path}: {error}") from None
    return result


def guard(patients: NDArray, fold: NDArray[np.int_]) -> None:
    """Raise when a patient stands on both sides of a split."""
    pairs = pd.DataFrame({"patient": patients, "fold": fold}).drop_duplicates()
    duplicated = pairs["patient"].duplicated()
    if duplicated.any():
        patient = pairs.loc[duplicated, "patient"].iloc[0]
        raise NasionError(f"patient {patient} is in two folds; scores would be fake")
