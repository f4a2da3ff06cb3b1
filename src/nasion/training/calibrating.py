"""A run made honest on one's own voted segments: the calibration of all its fits together."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nasion import calibration
from nasion.calibration import Calibration, Kind
from nasion.data.hms import Segments, targets
from nasion.errors import NasionError
from nasion.prediction import Progress, predict
from nasion.terms import VOTE_COLUMNS
from nasion.training.run import Run, guard_unseen

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Calibrated:
    """What a calibration does to patients it was not fitted on.

    Parameters
    ----------
    fitted
        On all rows: what the run keeps.
    patient
        Of each row.
    target, before, after
        Shape (n_rows, 6): votes, what the run said, and the same calibrated by the other patients.
    """

    fitted: Calibration
    patient: NDArray[np.int64]
    target: Array
    before: Array
    after: Array


def calibrate(
    run: Run,
    segments: Segments,
    folder: Path,
    *,
    kind: Kind = "temperature",
    progress: Progress | None = None,
) -> Calibrated:
    """Write a small copy of a run to `folder` with the calibration that suits these votes.

    One row a stationary period is fitted on, its middle one, so that long EEGs don't count more.

    Raises
    ------
    NasionError
        Where the run learned from these segments, they hold fewer than two patients, or `folder`
        exists.
    """
    guard_unseen(run, segments)
    table = segments.table.reset_index(drop=True)
    if table["patient_id"].nunique() < 2:
        raise NasionError(f"{segments.folder}: calibration needs segments of two patients or more")
    periods = table.groupby(["eeg_id", *VOTE_COLUMNS], sort=False).indices.values()
    kept = np.zeros(len(table), bool)
    kept[[rows[len(rows) // 2] for rows in periods]] = True
    rows = segments.subset(kept)
    fits = run.checkpoints()
    before = _values(predict(rows, fits, ensemble=run.calibration, progress=progress))
    raw = _values(predict(rows, fits, ensemble=Calibration()))
    target, patient = targets(rows.table), rows.table["patient_id"].to_numpy()
    fitted = calibration.fit(raw, target, kind=kind)
    after = calibration.cross_fitted(raw, target, patient, kind=kind)
    run.pack(folder)
    fitted.save(folder / calibration.FILE_NAME)
    return Calibrated(fitted, patient, target, before, after)


def _values(table: pd.DataFrame) -> Array:
    return table[list(VOTE_COLUMNS)].to_numpy(float)
