"""Folds: stratified by consensus and grouped by patient, since patients never cross a split.

What is stratified is what is judged: one row a stationary period.
"""

import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nasion.errors import NasionError
from nasion.files import replacing
from nasion.hms.segments import consensus
from nasion.periods import middle_rows
from nasion.spreadsheet import read_spreadsheet

MOST_FOLDS = 10**6


def make_folds(
    table: pd.DataFrame, n_folds: int, seed: int, sources: Mapping[int, str] | None = None
) -> NDArray[np.int_]:
    """Fold of each row of a segment table (paper 3.3, k = 5), by patient.

    Parameters
    ----------
    sources
        Of patients on recorded backgrounds (`simulation.Person.patient_id`) where these are from:
        such people are few, so each fold holds out as many of each source, one more or less.

    Returns
    -------
    Shape (n_rows,), 0 .. n_folds - 1.
    """
    patients = np.unique(table["patient_id"].to_numpy())
    fold = _of_people(patients, n_folds, seed, sources or {})
    if 0 < len(patients) - len(fold) < n_folds or len(patients) < n_folds:
        raise NasionError(
            f"{len(patients) - len(fold) or len(patients)} patients cannot fill {n_folds} folds; "
            "lower data.n_folds or add patients"
        )
    others = table[~table["patient_id"].isin(fold)]
    if len(others):
        fold |= _stratified(others, n_folds, seed)
    return np.array([fold[patient] for patient in table["patient_id"]], np.int64)


def _of_people(
    patients: NDArray[np.int_], n_folds: int, seed: int, sources: Mapping[int, str]
) -> dict[int, int]:
    """Deal people to the folds in turn, source by source, each shuffled."""
    rng = np.random.default_rng(seed)
    order: list[int] = []
    for source in sorted(set(sources.values())):
        members = [int(patient) for patient in patients if sources.get(int(patient)) == source]
        order += rng.permutation(np.array(members, np.int64)).tolist()
    return {patient: place % n_folds for place, patient in enumerate(order)}


def _stratified(table: pd.DataFrame, n_folds: int, seed: int) -> dict[int, int]:
    """Fold of each patient, consensus alike in all."""
    from sklearn.model_selection import StratifiedGroupKFold

    periods = table.iloc[middle_rows(table)]
    patients = periods["patient_id"].to_numpy()
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
    return fold


def write_folds(path: Path, table: pd.DataFrame, fold: NDArray[np.int_]) -> None:
    """Write `patient_id, fold`, one row a patient."""
    frame = pd.DataFrame({"patient_id": table["patient_id"], "fold": fold}).drop_duplicates()
    with replacing(path) as temporary:
        frame.sort_values("patient_id").to_csv(temporary, index=False, lineterminator="\n")


def read_folds(path: Path, table: pd.DataFrame) -> NDArray[np.int_]:
    """Fold of each row of `table` from a csv with `fold` and either `patient_id` or `eeg_id`."""
    frame = read_spreadsheet(path, ("patient_id", "eeg_id", "fold"))
    frame = pd.DataFrame({name: pd.to_numeric(frame[name], errors="coerce") for name in frame})
    key = next((name for name in ("patient_id", "eeg_id") if name in frame), None)
    if key is None or "fold" not in frame:
        raise NasionError(f"{path}: needs the columns fold and patient_id (or eeg_id); add them")
    if ((frame["fold"] % 1 != 0) | ~frame["fold"].between(0, MOST_FOLDS)).any():
        raise NasionError(f"{path}: column fold must hold whole numbers from 0")
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
