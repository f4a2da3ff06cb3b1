"""Training and cross-validation by patient (paper 3.3), from an experiment to a RUN folder."""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nasion import calibration
from nasion.calibration import Calibration
from nasion.config import Experiment
from nasion.data.dataset import SegmentDataset
from nasion.data.folds import guard, make_folds, read_folds, write_folds
from nasion.data.joint import JointStore, joined
from nasion.data.store import Store, open_store
from nasion.errors import NasionError
from nasion.files import make_folder
from nasion.hms.census import Census
from nasion.hms.segments import Segments, load_segments
from nasion.loading import is_there
from nasion.models.checkpoint import FILE_NAME, load, save
from nasion.models.ensemble import Ensemble
from nasion.out_of_fold import OutOfFold
from nasion.periods import middle_rows
from nasion.prediction import predict_dataset
from nasion.progress import Progress
from nasion.seen import NOTHING, Seen
from nasion.simulation import RecordedBackgrounds
from nasion.training.calibrating import MEMBERS, of_all_fits, of_single_fits
from nasion.training.fit import fit, quieten
from nasion.training.module import Split, initial
from nasion.training.origin import guard_held_out, origin
from nasion.training.run import FOLDS, Run
from nasion.training.sampling import described

ALL = -1  # in place of a fold: learn from every row
SAMPLE = 1000  # rows that every fit predicts, to see how far they agree
Array = NDArray[np.float64]
_log = logging.getLogger(__name__)
Scored = Callable[[int, int, OutOfFold], None]


@dataclass(frozen=True)
class Cohort:
    """Labelled segments, their arrays and folds; `seen` is what held-out rows were learned from."""

    segments: Segments
    fold: NDArray[np.int_]
    store: Store | JointStore
    seen: Seen = NOTHING

    def dataset(
        self, experiment: Experiment, rows: NDArray[np.bool_] | NDArray[np.int_]
    ) -> SegmentDataset:
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


def cohort(
    experiment: Experiment,
    run: Run,
    progress: Progress | None = None,
    *,
    held_out_fold: int | None = None,
    aside: Collection[int] = (),
    allow_seen: bool = False,
) -> Cohort:
    """Load what an experiment learns from; folds are made once and written to the run.

    Simulated patients beside one's own are learned from in every fold and never held out.

    Parameters
    ----------
    held_out_fold
        The fold that is held out, `ALL` for none; by default each is in its turn.
    aside
        Patients who are left out altogether.
    allow_seen
        Mark the run rather than raise where `training.init` learned from rows to be held out.
    """
    data_path, simulated = experiment.data.path, experiment.data.phantoms.path
    if not data_path and not simulated:
        raise NasionError("data.path is empty; say where the data are, or give --data")
    initial(experiment)  # what cannot be built must not begin a run
    segments = load_segments(Path(data_path or simulated), "train")
    segments = segments.subset(~segments.table["patient_id"].isin(aside).to_numpy())
    fold = _folds(experiment, run, segments)
    parent = Path(experiment.data.store) if experiment.data.store else run.folder.parent / "store"
    held_out = segments.subset(fold >= 0 if held_out_fold is None else fold == held_out_fold)
    seen = guard_held_out(experiment, held_out, parent, allow_seen=allow_seen)
    run.begin(experiment, segments, seen)
    write_folds(run.folder / FOLDS, segments.table, fold)
    patients = dict(zip(segments.table["patient_id"].tolist(), fold.tolist(), strict=True))
    run.learn(origin(experiment, Census(segments, parent), patients))
    store = open_store(segments, experiment.signal, parent, progress)
    if not data_path or not simulated:
        return Cohort(segments, fold, store, seen)
    phantoms = load_segments(Path(simulated), "train")
    phantom_store = open_store(phantoms, experiment.signal, parent, progress)
    return Cohort(*joined(segments, fold, phantoms), JointStore(store, phantom_store), seen)


def _folds(experiment: Experiment, run: Run, segments: Segments) -> NDArray[np.int_]:
    path = run.folder / FOLDS
    if is_there(path):
        return read_folds(path, segments.table)
    if experiment.data.folds:
        return read_folds(Path(experiment.data.folds), segments.table)
    sources = RecordedBackgrounds.of(segments.folder).sources
    return make_folds(segments.table, experiment.data.n_folds, experiment.seed, sources)


def train(
    experiment: Experiment,
    run: Run,
    fold: int = ALL,
    *,
    data: Cohort | None = None,
    progress: bool = False,
    allow_seen: bool = False,
) -> Path:
    """One fit; give the path of its weights. A finished one is left as it is."""
    data = data or cohort(experiment, run, held_out_fold=fold, allow_seen=allow_seen)
    rows = data.segments.table[data.fold != fold]
    _log.info("%s", described(rows, experiment.training))
    return _weights_and_prediction(experiment, run, fold, data, progress=progress)[0]


def _weights_and_prediction(
    experiment: Experiment, run: Run, fold: int, data: Cohort, *, progress: bool
) -> tuple[Path, Array | None]:
    """Path of the weights and, where they were fitted just now, what they say of held-out rows."""
    quieten()
    folder = run.fold_folder("all" if fold == ALL else fold)
    weights, prediction = folder / FILE_NAME, None
    if not weights.exists():
        split = data.split(experiment, fold)
        make_folder(folder)
        net, history = fit(experiment, split, fold, folder, progress=progress)
        run.write_history(history)
        if split.held_out is not None:
            prediction = predict_dataset(Ensemble.of(net, experiment), split.held_out)
            rows = OutOfFold.of(fold, split.held_out.segments.table, prediction)
            _single_fits(rows).save(folder / calibration.FILE_NAME)
        save(weights, net, experiment)
        for checkpoint in folder.glob("*.ckpt"):
            checkpoint.unlink()
    return weights, prediction


def crossval(
    experiment: Experiment,
    run: Run,
    *,
    progress: bool = False,
    fits: Progress | None = None,
    report: Scored | None = None,
    aside: Collection[int] = (),
    allow_seen: bool = False,
) -> Path:
    """Fit every fold and predict each row by the network that never saw its patient.

    The calibration of single fits is that of these rows, one a stationary period; that of all fits
    together, from three folds on, `nasion.training.calibrating.of_all_fits`.

    Parameters
    ----------
    progress
        Show a bar for each fit.
    fits
        Called with the number of fits done and in all.
    report
        Called with the same and the out-of-fold rows so far.
    aside
        Patients who are left out altogether, neither learned from nor predicted.
    allow_seen
        Mark the run and its `oof.csv` rather than raise where `training.init` learned from some of
        the rows.

    Returns
    -------
    Path of `oof.csv`, which `nasion.out_of_fold` reads.
    """
    data = cohort(experiment, run, aside=aside, allow_seen=allow_seen)
    _log.info("%s", described(data.segments.table, experiment.training))
    numbers = np.unique(data.fold[data.fold >= 0])
    sample = _sample_rows(data)
    pieces: list[OutOfFold] = []
    shared: list[Array] = []
    for done, fold in enumerate(numbers, start=1):
        weights, prediction = _weights_and_prediction(
            experiment, run, int(fold), data, progress=progress
        )
        single_fit = Ensemble.of(load(weights).net, experiment)
        held_out = data.dataset(experiment, data.fold == fold)
        if prediction is None:
            prediction = predict_dataset(single_fit, held_out)
        if len(numbers) > MEMBERS:
            shared.append(predict_dataset(single_fit, data.dataset(experiment, sample)))
        pieces.append(OutOfFold.of(int(fold), held_out.segments.table, prediction))
        if fits:
            fits(done, len(numbers))
        if report:
            report(done, len(numbers), OutOfFold.joined(pieces))
    out_of_fold = OutOfFold.joined(pieces)
    single = _single_fits(out_of_fold)
    for fold in numbers:
        single.save(run.fold_folder(int(fold)) / calibration.FILE_NAME)
    if shared:
        fitting = data.fold[sample] != numbers[:, None]
        of_mean = of_all_fits(np.stack(shared), fitting, single)
        if of_mean:
            of_mean.save(run.folder / calibration.FILE_NAME)
    out_of_fold.write(run.out_of_fold)
    data.seen.save_beside(run.out_of_fold)
    return run.out_of_fold


def _single_fits(rows: OutOfFold) -> Calibration:
    """Calibration of single fits: long EEGs don't count more."""
    middle = middle_rows(rows.labels)
    return of_single_fits(rows.probability[middle], rows.target[middle])


def _sample_rows(data: Cohort) -> NDArray[np.int_]:
    """Numbers of `SAMPLE` rows of one's own, evenly through the table, one a stationary period."""
    real = np.flatnonzero(data.fold >= 0)
    rows = real[middle_rows(data.segments.table.iloc[real])]
    return rows[np.linspace(0, len(rows) - 1, min(SAMPLE, len(rows))).round().astype(int)]
