"""Training and cross-validation by patient (paper 3.3), from an experiment to a RUN folder."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nasion import calibration
from nasion.calibration import Calibration, Kind
from nasion.config import Experiment
from nasion.data.dataset import SegmentDataset
from nasion.data.folds import guard, make_folds, read_folds, write_folds
from nasion.data.hms import KEYS, Segments, load_segments, targets
from nasion.data.joint import JointStore, joined
from nasion.data.store import Store, open_store
from nasion.errors import NasionError
from nasion.files import replacing
from nasion.models.checkpoint import FILE_NAME, load, save
from nasion.prediction import predict_dataset
from nasion.terms import VOTE_COLUMNS
from nasion.training.fit import fit, quieten
from nasion.training.module import Split, initial
from nasion.training.run import Run

ALL = -1  # in place of a fold: learn from every row
ENOUGH = 1000  # rows to fit a bias for each pattern on; fewer give a temperature alone
Array = NDArray[np.float64]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Cohort:
    """Labelled segments, their arrays and folds."""

    segments: Segments
    fold: NDArray[np.int_]
    store: Store | JointStore

    def dataset(self, experiment: Experiment, rows: NDArray[np.bool_]) -> SegmentDataset:
        """Some of the rows."""
        return SegmentDataset(self.segments.subset(rows), self.store, experiment)

    def split(self, experiment: Experiment, fold: int) -> Split:
        """Learn from the other folds, hold this one out; patients never cross."""
        held_out = self.fold == fold
        guard(self.segments.table["patient_id"].to_numpy(), held_out.astype(int))
        learning = self.dataset(experiment, ~held_out)
        if fold == ALL:
            return Split(learning, None)
        if not held_out.any():
            raise NasionError(f"fold {fold} is empty; folds run from 0 to {self.fold.max()}")
        return Split(learning, self.dataset(experiment, held_out))


def cohort(experiment: Experiment, run: Run, progress: Progress | None = None) -> Cohort:
    """Load what an experiment learns from; folds are made once and written to the run.

    Simulated patients beside one's own are learned from in every fold and never held out.
    """
    own, simulated = experiment.data.path, experiment.data.phantoms.path
    if not own and not simulated:
        raise NasionError("data.path is empty; say where the data are, or give --data")
    initial(experiment)  # what cannot be built must not begin a run
    segments = load_segments(Path(own or simulated), "train")
    fold = _folds(experiment, run, segments)
    run.begin(experiment, segments)
    write_folds(run.folder / "folds.csv", segments.table, fold)
    parent = Path(experiment.data.store) if experiment.data.store else run.folder.parent / "store"
    store = open_store(segments, experiment.signal, parent, progress)
    if not own or not simulated:
        return Cohort(segments, fold, store)
    phantoms = load_segments(Path(simulated), "train")
    beside = open_store(phantoms, experiment.signal, parent, progress)
    return Cohort(*joined(segments, fold, phantoms), JointStore(store, beside))


def _folds(experiment: Experiment, run: Run, segments: Segments) -> NDArray[np.int_]:
    written = run.folder / "folds.csv"
    if written.exists():
        return read_folds(written, segments.table)
    if experiment.data.folds:
        return read_folds(Path(experiment.data.folds), segments.table)
    return make_folds(segments.table, experiment.data.n_folds, experiment.seed)


def train(
    experiment: Experiment,
    run: Run,
    fold: int = ALL,
    *,
    data: Cohort | None = None,
    progress: bool = False,
) -> Path:
    """One fit; give the path of its weights. A finished one is left as it is."""
    quieten()
    data = data or cohort(experiment, run)
    folder = run.fold_folder("all" if fold == ALL else fold)
    weights = folder / FILE_NAME
    if not weights.exists():
        split = data.split(experiment, fold)
        folder.mkdir(parents=True, exist_ok=True)
        net, history = fit(experiment, split, fold, folder, progress=progress)
        run.write_history(history)
        if split.held_out is not None:
            held_out = predict_dataset([net], split.held_out)
            target = targets(split.held_out.segments.table)
            _calibration(held_out, target).save(folder / calibration.FILE_NAME)
        save(weights, net, experiment)
        for checkpoint in folder.glob("*.ckpt"):
            checkpoint.unlink()
    return weights


def _calibration(probabilities: Array, target: Array) -> Calibration:
    """Fitted on rows that the networks have not learned from; a bias needs many of them."""
    kind: Kind = "vector" if len(target) >= ENOUGH else "temperature"
    return calibration.fit(probabilities, target, kind=kind)


def crossval(
    experiment: Experiment, run: Run, *, progress: bool = False, fits: Progress | None = None
) -> Path:
    """Fit every fold and predict each row by the network that never saw its patient.

    Parameters
    ----------
    progress
        Show a bar for each fit.
    fits
        Called with the number of fits done and in all.

    Returns
    -------
    Path of `oof.csv`: fold, ids, six raw probabilities under the names of votes, and the votes
    themselves as `label_..._vote`. The calibration of the fits is that of all these rows.
    """
    path = run.folder / "oof.csv"
    data = cohort(experiment, run)
    numbers = np.unique(data.fold[data.fold >= 0])
    pieces = []
    for done, fold in enumerate(numbers, start=1):
        net = load(train(experiment, run, int(fold), data=data, progress=progress)).net
        held_out = data.dataset(experiment, data.fold == fold)
        table = held_out.segments.table
        piece = table[[*KEYS, "patient_id"]].copy()
        piece.insert(0, "fold", fold)
        piece[list(VOTE_COLUMNS)] = predict_dataset([net], held_out)
        piece[[f"label_{name}" for name in VOTE_COLUMNS]] = table[list(VOTE_COLUMNS)]
        pieces.append(piece)
        if fits:
            fits(done, len(numbers))
    table = pd.concat(pieces)
    counts = table[[f"label_{name}" for name in VOTE_COLUMNS]].to_numpy(float)
    target = counts / counts.sum(1, keepdims=True)
    shared = _calibration(table[list(VOTE_COLUMNS)].to_numpy(), target)
    for fold in numbers:
        shared.save(run.fold_folder(int(fold)) / calibration.FILE_NAME)
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False)
    return path
