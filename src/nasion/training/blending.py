"""A blend: several runs as one, each with a weight fitted on their common out-of-fold rows.

blend.json       the runs by relative path and fingerprints, their weights, a calibration of the mix
oof.csv          out-of-fold predictions of the blend, as a RUN has them: each row mixed by weights
                 and calibrations that were fitted without its patient's fold

Each run is calibrated, the runs are averaged by their weights, and their mean is calibrated once
more, since averaging softens. Moved or packed runs are found where they lie beside the blend as
they did before.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nasion import calibration
from nasion.calibration import Calibration, Mixture, splits
from nasion.errors import NasionError
from nasion.files import refuse_existing, write_json
from nasion.hms.segments import Segments
from nasion.loading import is_there, loading, of_schema, read_json
from nasion.out_of_fold import FILE_NAME, NAMES, OutOfFold
from nasion.periods import middle_rows
from nasion.prediction import predict
from nasion.progress import Progress
from nasion.provenance import Provenance
from nasion.seen import Seen
from nasion.terms import VOTE_COLUMNS
from nasion.training.calibrating import of_single_fits
from nasion.training.run import BLEND, Run
from nasion.version import VERSION

Array = NDArray[np.float64]

SCHEMA = 1
FINGERPRINTS = ("experiment", "labels")
GAP = 1e-6  # nats that the weights may fall short of the best
STEPS = 20_000
LEAST = 1e-3  # a weight below counts as none


@dataclass(frozen=True)
class Blend:
    """Runs that predict together; `weights` sum to 1."""

    runs: tuple[Run, ...]
    weights: tuple[float, ...]
    calibration: Calibration

    @classmethod
    def load(cls, folder: Path) -> "Blend":
        """Read what `blend` wrote.

        Raises
        ------
        NasionError
            Where a run is not at its place, or is another one by now.
        """
        path = folder / BLEND
        content = of_schema(read_json(path), SCHEMA, path, "blend anew")
        with loading(path, "not a blend", "blend the runs anew"):
            members = [(Run(folder / entry["path"]), entry) for entry in content["runs"]]
            weights = tuple(float(entry["weight"]) for _, entry in members)
            fingerprints = [{key: entry[key] for key in FINGERPRINTS} for _, entry in members]
            if not min(weights) >= 0 or abs(sum(weights) - 1) > LEAST:
                raise ValueError("weights of runs sum to 1")
        for (run, _), fingerprint in zip(members, fingerprints, strict=True):
            if _fingerprints(run) != fingerprint:
                raise NasionError(f"{run.folder}: is another run than was blended; blend anew")
        scaling = Calibration.from_dict(content.get("calibration"), str(path))
        return cls(tuple(run for run, _ in members), weights, scaling)

    @property
    def provenance(self) -> Provenance:
        """What any of the runs learned from."""
        return reduce(or_, (run.provenance for run in self.runs))

    def predict(
        self, segments: Segments, *, mirror: bool = True, progress: Progress | None = None
    ) -> pd.DataFrame:
        """As `nasion.prediction.predict`, by all runs."""
        shares = {run: share for run, share in zip(self.runs, self.weights, strict=True) if share}
        tables = [
            predict(segments, run.ensemble(), mirror=mirror, progress=progress) for run in shares
        ]
        calibrated = (Calibration(),) * len(shares)  # as each run is by itself
        mixture = Mixture(calibrated, self.calibration, tuple(shares.values()))
        raw = np.stack([table[list(VOTE_COLUMNS)].to_numpy(float) for table in tables])
        table = tables[0]
        table[list(VOTE_COLUMNS)] = mixture.apply(raw)
        return table


@dataclass(frozen=True)
class Blended:
    """A blend and what it gains on patients that its weights were not fitted on.

    Parameters
    ----------
    best
        The run that is best alone.
    patient
        Of each row judged, one a stationary period.
    target, before, after
        Shape (n_rows, 6): votes, what `best` says, and what the blend says; either calibrated and
        mixed by what was fitted on other folds.
    """

    blend: Blend
    best: Run
    patient: NDArray[np.int64]
    target: Array
    before: Array
    after: Array


def is_blend(folder: Path) -> bool:
    """Whether a folder is a blend rather than a RUN."""
    return is_there(folder / BLEND)


def blend(
    runs: Sequence[Run], folder: Path, *, votes: int = 1, allow_seen: bool = False
) -> Blended:
    """Fit weights on the out-of-fold rows that all runs share, and write the blend.

    Parameters
    ----------
    votes
        Only rows of so many votes or more are fitted and judged on, one a stationary period.
    allow_seen
        Mark the blend rather than raise where a run began from weights that learned from rows it
        held out.

    Raises
    ------
    NasionError
        For fewer than two runs, runs of other rows, votes or folds (some network of one would have
        learned from a patient that another's predictions hold out), runs whose own start did so
        (unless `allow_seen`), or a folder that is there.
    """
    if len({run.folder.resolve() for run in runs}) < max(2, len(runs)):
        raise NasionError("a blend needs two runs or more, each once")
    refuse_existing(folder)
    tables = _common_rows(runs)
    seen = reduce(or_, (_seen_by_start(run, allow_seen=allow_seen) for run in runs))
    table = tables[0]
    raw = np.stack([out_of_fold.probability for out_of_fold in tables])
    target, patient = table.target, table.names["patient_id"].to_numpy()
    fold = table.names["fold"].to_numpy()
    middle = np.zeros(len(table.votes), bool)
    middle[middle_rows(table.labels)] = True
    judged = middle & (table.votes.sum(1) >= votes)
    if not judged.any():
        raise NasionError(f"{runs[0].folder}: no row has {votes} votes; give fewer with --votes")

    members, blended = np.empty_like(raw), np.empty(raw.shape[1:])
    for held_out, fitting in splits(patient, fold=fold):
        periods, fitted_on = fitting & middle, fitting & judged
        singles = tuple(
            of_single_fits(probability[periods], target[periods]) for probability in raw
        )
        if not fitted_on.any():
            raise NasionError(f"{runs[0].folder}: only one fold has rows of {votes} votes")
        mixture = _mixture(singles, raw[:, fitted_on], target[fitted_on])
        members[:, held_out] = mixture.members(raw[:, held_out])
        blended[held_out] = mixture.apply(raw[:, held_out])

    calibrated = _calibrated(runs, raw, fold)
    mixture = _mixture((Calibration(),) * len(runs), calibrated[:, judged], target[judged])
    result = Blend(tuple(runs), mixture.weights, mixture.mean)
    _write(result, folder, votes, seen, replace(table, probability=blended))
    best = int(
        np.argmin([_cross_entropy(target[judged], probability[judged]) for probability in members])
    )
    rows = patient[judged], target[judged], members[best, judged], blended[judged]
    return Blended(result, runs[best], *rows)


def fitted_weights(members: Array, target: Array) -> Array:
    """Weights of the mean with the least divergence from the votes.

    The divergence is convex in them; each step multiplies a weight by how much its run would gain
    (expectation-maximisation), and the largest gain bounds what is left to gain.

    Parameters
    ----------
    members
        Shape (n_runs, n_rows, 6).
    target
        Fractions of votes, shape (n_rows, 6).

    Returns
    -------
    Shape (n_runs,), none negative, sum 1.
    """
    members = np.clip(members, calibration.CLIP, None)
    weights = np.full(len(members), 1 / len(members))
    for _ in range(STEPS):
        shares = target / np.tensordot(weights, members, 1)
        gain = np.einsum("nc,rnc->r", shares, members) / len(target)
        if gain.max() - 1 < GAP:
            break
        weights = weights * gain
    weights = np.where(weights < LEAST, 0.0, weights)
    return weights / weights.sum()


def _mixture(singles: tuple[Calibration, ...], raw: Array, target: Array) -> Mixture:
    """Weights of members that have their calibrations, and then the calibration of their mean."""
    weights = fitted_weights(Mixture(singles).members(raw), target)
    mixture = Mixture(singles, weights=tuple(map(float, weights)))
    return replace(mixture, mean=calibration.fit(mixture.apply(raw), target))


def _calibrated(runs: Sequence[Run], raw: Array, fold: NDArray[np.int64]) -> Array:
    """What each run says of a row by the calibration that its fit carries, as at prediction."""
    calibrated = np.empty_like(raw)
    for k, run in enumerate(runs):
        for number in np.unique(fold):
            path = run.fold_folder(int(number)) / calibration.FILE_NAME
            scaling = Calibration.load(path) if is_there(path) else Calibration()
            calibrated[k, fold == number] = scaling.apply(raw[k, fold == number])
    return calibrated


def _common_rows(runs: Sequence[Run]) -> list[OutOfFold]:
    """The out-of-fold rows of the runs, row by row alike but for the predictions."""
    tables = [_rows(run) for run in runs]
    first = tables[0]
    for run, table in zip(runs[1:], tables[1:], strict=True):
        for names, noun in (
            (NAMES[1:3], "segments"),
            (("patient_id", *VOTE_COLUMNS), "patients or votes"),
            (("fold",), "folds"),
        ):
            own, reference = (rows.labels[list(names)].to_numpy() for rows in (table, first))
            if not np.array_equal(own, reference):
                advice = (
                    f"cross-validate it with --set 'data.folds=\"{runs[0].folder}/folds.csv\"'"
                    if noun == "folds"
                    else "blend runs of the same data"
                )
                raise NasionError(
                    f"{run.folder}: was cross-validated on other {noun} than {runs[0].folder}; "
                    + advice
                )
    return tables


def _rows(run: Run) -> OutOfFold:
    run.about()
    return OutOfFold.read(run.out_of_fold).in_order()


def _seen_by_start(run: Run, *, allow_seen: bool) -> Seen:
    """What its held-out rows are marked with."""
    seen = Seen.beside(run.out_of_fold)
    if seen and not allow_seen:
        raise NasionError(
            f"{run.folder}: its start learned from {seen} that it holds out; cross-validate it "
            "from another start, or mark the blend with --allow-seen"
        )
    return seen


def _cross_entropy(target: Array, prediction: Array) -> float:
    return float(-(target * np.log(np.clip(prediction, calibration.CLIP, None))).sum(1).mean())


def _fingerprints(run: Run) -> dict[str, object]:
    about = run.about()
    return {key: about.get(key) for key in FINGERPRINTS}


def _write(result: Blend, folder: Path, votes: int, seen: Seen, table: OutOfFold) -> None:
    members = [
        {
            "path": Path(os.path.relpath(run.folder.resolve(), folder.resolve())).as_posix(),
            **_fingerprints(run),
            "weight": weight,
        }
        for run, weight in zip(result.runs, result.weights, strict=True)
    ]
    table.write(folder / FILE_NAME)
    seen.save_beside(folder / FILE_NAME)
    about = {"schema": SCHEMA, "nasion": VERSION, "votes": votes, "runs": members, **seen.field}
    write_json(folder / BLEND, {**about, "calibration": result.calibration.as_dict()})
