"""Calibration of a run: of single fits, of all fits together, and on one's own voted segments.

All fits together want another temperature than one alone, since averaging softens: the mean of
networks that disagree is more even than each, and more often right. No row of a cross-validation is
unseen by two of its fits, so no votes can tell that temperature. What can be seen without votes is
how much softer the mean is: the mean over fits is sharpened until its mean entropy is that of its
calibrated members (`of_all_fits`).

That is honest for three reasons, and errs to the soft side by each. A temperature is best where the
mean entropy of what is said equals the mean cross entropy to the votes; a mean of fits scores no
worse than they do on average (Jensen), so the best temperature leaves it at least as sharp as its
members. Of each row only fits are compared that all learned from it: they agree more on it than
they would on a new patient, so the softening is underrated. And a run predicts with one fit more
than that.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nasion import calibration
from nasion.calibration import Calibration, Kind
from nasion.data.dataset import SegmentDataset
from nasion.data.store import building, open_store
from nasion.errors import NasionError
from nasion.files import refuse_existing
from nasion.hms.census import Census, guard_unseen
from nasion.hms.segments import Segments, targets
from nasion.models.ensemble import Ensemble
from nasion.periods import middle_rows
from nasion.prediction import batches
from nasion.progress import Progress
from nasion.temporary import temporary_folder
from nasion.training.origin import calibrated_on
from nasion.training.run import Run

ENOUGH = 1000  # rows to fit a bias for each pattern on; fewer give a temperature alone
MEMBERS = 2  # fits that it takes to disagree
TOO_SURE = 2.0  # temperature of fits so sure that averaging them raw loses more than is won back
SHARPEST = 4.0  # that the mean of fits is sharpened
STEPS = 40  # of the search for it
Array = NDArray[np.float64]


def of_single_fits(probabilities: Array, target: Array) -> Calibration:
    """Fitted on rows that the networks have not learned from; a bias needs many of them."""
    kind: Kind = "vector" if len(target) >= ENOUGH else "temperature"
    return calibration.fit(probabilities, target, kind=kind)


def of_all_fits(raw: Array, fitting: NDArray[np.bool_], single: Calibration) -> Calibration | None:
    """Calibration of the raw mean over fits, by how much averaging softens them.

    Parameters
    ----------
    raw
        Raw probabilities of every fit, shape (n_fits, n_rows, 6).
    fitting
        Whether a fit learned from a row, shape (n_fits, n_rows); only these are compared, and each
        row needs `MEMBERS` of them, all rows as many.
    single
        Of the fits one by one.

    Returns
    -------
    None where the fits are so sure by themselves (`TOO_SURE`) that their mean is better taken after
    each is calibrated.
    """
    if single.temperature > TOO_SURE:
        return None
    rows = zip(raw.swapaxes(0, 1), fitting.T, strict=True)
    members = np.stack([probability[fits] for probability, fits in rows], 1)
    entropy = np.mean([_entropy(single.apply(probability)) for probability in members])
    mean = members.mean(0)

    def sharpened(factor: float) -> Calibration:
        return Calibration(
            single.temperature / factor, tuple(factor * bias for bias in single.bias)
        )

    low, high = 1.0, SHARPEST
    for _ in range(STEPS):
        factor = (low * high) ** 0.5
        if _entropy(sharpened(factor).apply(mean)) > entropy:
            low = factor
        else:
            high = factor
    return sharpened(low)


def _entropy(probabilities: Array) -> float:
    return float(-(probabilities * np.log(np.clip(probabilities, 1e-15, None))).sum(1).mean())


@dataclass(frozen=True)
class Calibrated:
    """What a calibration does to patients it was not fitted on.

    Parameters
    ----------
    fitted
        On all of them: what the run keeps.
    patient
        Of each row, one a stationary period.
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
    allow_seen: bool = False,
) -> Calibrated:
    """Write a small copy of a run to `folder` with the calibration that suits these votes.

    One row a stationary period is fitted on, its middle one, so that long EEGs don't count more.
    The copy knows these segments as its own from then on.

    Raises
    ------
    NasionError
        Where the run learned from some of these patients (unless `allow_seen`), they are fewer
        than two, or `folder` exists.
    """
    refuse_existing(folder)
    census = Census(segments)
    seen = guard_unseen(run.provenance, census, str(run.folder), allow_seen=allow_seen)
    if segments.table["patient_id"].nunique() < 2:
        raise NasionError(f"{segments.folder}: calibration needs segments of two patients or more")
    rows = segments.subset(middle_rows(segments.table))
    ensemble = run.ensemble()
    raw_of_fits = _raw_probability(rows, ensemble, progress)
    raw, before = raw_of_fits.mean(0), ensemble.mixture.apply(raw_of_fits)
    target, patient = targets(rows.table), rows.table["patient_id"].to_numpy()
    result = calibration.fit(raw, target, kind=kind)
    after = calibration.cross_fitted(raw, target, patient, kind=kind)
    with building(folder, "run.json") as copy:
        run.pack_into(copy)
        calibrated_on(run.provenance, census).save(copy)
        Run(copy).mark(seen)
        result.save(copy / calibration.FILE_NAME)
    return Calibrated(result, patient, target, before, after)


def _raw_probability(rows: Segments, ensemble: Ensemble, progress: Progress | None) -> Array:
    """Raw probabilities of each fit, shape (n_fits, n_rows, 6)."""
    with temporary_folder() as folder:
        store = open_store(rows, ensemble.signal, folder, progress)
        dataset = SegmentDataset(rows, store, ensemble.experiment)
        return np.concatenate([ensemble.each(batch) for batch in batches(dataset)], 1)
