"""Aside: patients that no trial of a search sees, so that its choice is judged on others.

The score that a trial is chosen by is the best of many, and by that better than it is. These
patients are neither learned from, nor scored, nor is a trial pruned by them; the fits of the trial
that was chosen predict them once, when all trials are finished.

aside.csv        patient_id, drawn when the search begins
judged.csv       what the trial chosen says of their rows, in the columns of an oof.csv
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nasion.config import Experiment
from nasion.data.folds import make_folds
from nasion.errors import NasionError
from nasion.evaluation.intervals import Estimate
from nasion.evaluation.judged import Judged
from nasion.evaluation.metrics import draws, score
from nasion.files import replacing
from nasion.hms.layout import PATIENT_ID
from nasion.hms.segments import Segments
from nasion.out_of_fold import OutOfFold
from nasion.periods import middle_rows
from nasion.prediction import predict
from nasion.simulation import RecordedBackgrounds
from nasion.spreadsheet import read_spreadsheet
from nasion.terms import VOTE_COLUMNS
from nasion.training.run import Run

FILE_NAME, ROWS = "aside.csv", "judged.csv"
NO_FOLD = -1  # of their rows in judged.csv


@dataclass(frozen=True)
class Judgement:
    """Score of the trial chosen on patients that no trial saw.

    Parameters
    ----------
    estimate
        With its 95 % interval over these patients.
    prior_kld
        Divergence of the mean of their votes as everyone's prediction.
    """

    estimate: Estimate
    n_patients: int
    prior_kld: float

    @property
    def field(self) -> dict[str, Any]:
        """What a file says of it."""
        return {
            "value": self.estimate.value,
            "ci95": self.estimate.ci95 and list(self.estimate.ci95),
            "patients": self.n_patients,
            "prior_kld": self.prior_kld,
        }


def drawn(experiment: Experiment, segments: Segments) -> frozenset[int]:
    """As many patients as a fold has, with the same patterns: one part of one more than the folds.

    Raises
    ------
    NasionError
        For too few patients.
    """
    n_folds = experiment.data.n_folds
    sources = RecordedBackgrounds.of(segments.folder).sources
    try:
        part = make_folds(segments.table, n_folds + 1, experiment.seed, sources)
    except NasionError as error:
        raise NasionError(f"{segments.folder}: a search keeps a part aside; {error}") from None
    return frozenset(map(int, segments.table.loc[part == n_folds, PATIENT_ID]))


def kept(folder: Path, experiment: Experiment, segments: Segments) -> frozenset[int]:
    """Those of a search folder, drawn where it has none yet.

    Raises
    ------
    NasionError
        Where they are not among these segments, or for too few patients.
    """
    path = folder / FILE_NAME
    if not path.exists():
        patients = sorted(drawn(experiment, segments))
        with replacing(path) as temporary:
            pd.DataFrame({PATIENT_ID: patients}).to_csv(temporary, index=False, lineterminator="\n")
    frame = read_spreadsheet(path, (PATIENT_ID,))
    texts = list(frame.get(PATIENT_ID, ()))
    known = {str(patient): int(patient) for patient in segments.table[PATIENT_ID].unique()}
    if not texts or not set(texts) < set(known):
        raise NasionError(
            f"{path}: names no part of the patients of {segments.folder}; begin another search"
            " with --out"
        )
    return frozenset(known[text] for text in texts)


def parted(segments: Segments, patients: Collection[int]) -> tuple[Segments, Segments]:
    """Segments of all others, and those of these patients."""
    aside = segments.table[PATIENT_ID].isin(patients).to_numpy()
    return segments.subset(~aside), segments.subset(aside)


def judged_rows(rows: OutOfFold) -> Judged:
    """Rows as `nasion evaluate` judges them: one a stationary period."""
    middle = middle_rows(rows.labels)
    patients = rows.names[PATIENT_ID].iloc[middle]
    return Judged(
        votes=rows.votes[middle].astype(float),
        prediction=rows.probability[middle],
        unit=np.unique(patients, return_inverse=True)[1],
        unit_name="patient",
        fold=None,
        rows={},
    )


def judge(run: Run, segments: Segments, metric: str, folder: Path) -> Judgement:
    """Let the fits of a run together predict segments of patients that they never saw."""
    table = predict(segments, run.ensemble())
    rows = OutOfFold.of(NO_FOLD, segments.table, table[list(VOTE_COLUMNS)].to_numpy(float))
    rows.write(folder / ROWS)
    judged = judged_rows(rows)
    scores = score(judged, draws(judged))
    return Judgement(getattr(scores, metric), judged.n_units, scores.prior_kld)
