"""The RUN folder: what a training verb writes and the reading verbs take.

config.json      the resolved experiment
run.json         schema, version, fingerprint of the labels learned from, where it was begun
                 (`training.surroundings`); `averaged`: the runs whose weights were averaged, and
                 their shares (`training.averaging`); `seen` where rows were scored or calibrated
                 on that were learned from (`nasion.seen`)
provenance.json  whom it learned from (`nasion.provenance`)
folds.csv        patient_id, fold
history.csv      one row an epoch and fold
fold-0/weights.safetensors ...
fold-0/calibration.json ...   fitted on rows that this fold held out, one a stationary period
oof.csv          out-of-fold predictions with the votes (cross-validation only)
calibration.json of all fits together, in place of their own (from three folds on, or by
                 `nasion calibrate`)
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from nasion import calibration
from nasion.calibration import Calibration
from nasion.config import Experiment, made_with
from nasion.data.store import building
from nasion.errors import NasionError
from nasion.files import make_folder, refuse_existing, replacing, share, write_json
from nasion.hms.segments import Segments, fingerprint
from nasion.loading import is_there, loading, of_schema, read_json, read_table
from nasion.models import checkpoint
from nasion.models.checkpoint import FILE_NAME
from nasion.models.ensemble import Ensemble
from nasion.out_of_fold import FILE_NAME as OUT_OF_FOLD
from nasion.provenance import Provenance
from nasion.seen import NOTHING, Seen
from nasion.settings import differing
from nasion.simulation import Simulation
from nasion.training.surroundings import Surroundings
from nasion.version import VERSION

SCHEMA = 1
FOLD = "fold-"  # and its number, or "all": folder of a fit
FOLDS = "folds.csv"
BLEND = "blend.json"  # of several runs; see `training.blending`


@dataclass(frozen=True)
class Run:
    """A folder of this layout."""

    folder: Path

    @property
    def fold_folders(self) -> list[Path]:
        """Folders of finished fits."""
        return sorted(path.parent for path in self.folder.glob(f"{FOLD}*/{FILE_NAME}"))

    def fold_folder(self, fold: int | str) -> Path:
        """Folder of one fit; "all" is the one on every row."""
        return self.folder / f"{FOLD}{fold}"

    @property
    def out_of_fold(self) -> Path:
        """The file of out-of-fold predictions, which only cross-validation writes."""
        return self.folder / OUT_OF_FOLD

    @property
    def experiment(self) -> Experiment:
        """The settings it was made with."""
        path = self.folder / "config.json"
        return made_with(read_json(path), str(path))

    def begin(self, experiment: Experiment, segments: Segments, seen: Seen = NOTHING) -> None:
        """Start the folder, or make sure that it is the same experiment's on the same labels."""
        about = {
            "schema": SCHEMA,
            "nasion": VERSION,
            "experiment": experiment.fingerprint,
            "labels": fingerprint(segments),
        }
        path = self.folder / "run.json"
        if is_there(path):
            content = self.about()
            for key in ("schema", "experiment", "labels"):
                if content.get(key) != about[key]:
                    change = self._change(experiment) if key == "experiment" else f"other {key}"
                    raise NasionError(
                        f"{self.folder}: was begun with {change}; give another folder with --out"
                    )
            self.mark(seen)
            return
        make_folder(self.folder)
        write_json(self.folder / "config.json", experiment.model_dump(mode="json"))
        write_json(path, {**about, **Surroundings.of(experiment).fields, **seen.field})

    def _change(self, experiment: Experiment) -> str:
        """In what the run's experiment is another."""
        stored, settings = self.experiment.without_paths, experiment.without_paths
        for name, before, now in differing(stored, settings):
            return f"another experiment ({name} was {json.dumps(before)}, not {json.dumps(now)})"
        return "another experiment"

    @property
    def provenance(self) -> Provenance:
        """What it learned from; of a run from before that was kept, its table and seed alone."""
        provenance = Provenance.of(self.folder)
        if provenance:
            return provenance
        table = str(self.about().get("labels"))
        return Provenance(simulations=simulated(self.experiment), tables=(table,))

    def learn(self, provenance: Provenance) -> None:
        """Keep whom it learns from, beside those it learned from before."""
        before = Provenance.of(self.folder) or Provenance()
        if (union := before | provenance) != before:
            union.save(self.folder)

    @property
    def start(self) -> Provenance:
        """What the weights learned from that another run begins with: those of its first fit."""
        folders = self.fold_folders
        fold = folders[0].name.removeprefix("fold-") if folders else ""
        return self.provenance.of_fit(int(fold) if fold.isdecimal() else None)

    @property
    def seen(self) -> Seen:
        """How much of what it was scored or calibrated on was learned from."""
        return Seen.of(self.about(), str(self.folder / "run.json"))

    def mark(self, seen: Seen) -> None:
        """Say in run.json that rows were scored or calibrated on that were learned from."""
        about = self.about()
        union = seen | self.seen
        if {**about, **union.field} != about:
            write_json(self.folder / "run.json", {**about, **union.field})

    def pack(self, target: Path) -> list[Path]:
        """Write a small copy to give away: 16-bit weights, no paths, no patient's number.

        Returns
        -------
        The files of weights.
        """
        refuse_existing(target)
        with building(target, "run.json") as folder:
            weights = self.pack_into(folder)
        return [target / path.relative_to(folder) for path in weights]

    def pack_into(self, target: Path) -> list[Path]:
        """As `pack`, into a folder that is there and empty."""
        packed = Run(target)
        ensemble = self.ensemble()
        about = self.about()
        write_json(target / "config.json", self.experiment.without_paths.model_dump(mode="json"))
        packed.write_history(_history(self.folder / "history.csv"))
        weights = []
        for folder, fit in zip(self.fold_folders, ensemble.fits, strict=True):
            weights.append(packed.folder / folder.name / FILE_NAME)
            fit.calibration.save(weights[-1].with_name(calibration.FILE_NAME))
            checkpoint.save(weights[-1], fit.net, fit.experiment, half=True)
        if ensemble.calibration:
            ensemble.calibration.save(target / calibration.FILE_NAME)
        self.provenance.save(target)
        write_json(target / "run.json", about)
        share(target, *target.rglob("*"))
        return weights

    def ensemble(self) -> Ensemble:
        """Every fit of the run, with the calibration of all together where there is one."""
        of_schema(self.about(), SCHEMA, self.folder, "train it anew")
        folders = self.fold_folders
        if not folders:
            raise NasionError(f"{self.folder}: no finished fit in it; run nasion train again")
        fits = tuple(
            replace(checkpoint.load(path / FILE_NAME), fold=path.name.removeprefix(FOLD))
            for path in folders
        )
        calibration_path = self.folder / calibration.FILE_NAME
        return Ensemble(
            fits, Calibration.load(calibration_path) if is_there(calibration_path) else None
        )

    def about(self) -> dict[str, object]:
        """What `run.json` says."""
        if (self.folder / BLEND).exists():
            raise NasionError(f"{self.folder}: is a blend of runs; give one of those in {BLEND}")
        if not is_there(self.folder / "run.json"):
            raise NasionError(f"{self.folder}: not a run folder (no run.json); train one first")
        return read_table(self.folder / "run.json", "train it anew")

    def write_history(self, history: "list[dict[str, float]] | pd.DataFrame") -> None:
        """Write rows of this fit in place of what was there of the same fold."""
        path = self.folder / "history.csv"
        frame = pd.DataFrame(history)
        if is_there(path):
            before = _history(path)
            frame = pd.concat([before[~before["fold"].isin(frame["fold"])], frame])
        with replacing(path) as temporary:
            frame.sort_values(["fold", "epoch"]).to_csv(temporary, index=False, lineterminator="\n")


def _history(path: Path) -> pd.DataFrame:
    with loading(path, "not a csv of epochs", "take the file out of the RUN"):
        table = pd.read_csv(path)
        if missing := [name for name in ("fold", "epoch") if name not in table]:
            raise KeyError(missing[0])
    return table


def simulated(experiment: Experiment) -> tuple[Simulation, ...]:
    """The simulated patients that an experiment asks for."""
    phantoms = experiment.data.phantoms
    if not phantoms.patients:
        return ()
    return (Simulation.drawn(phantoms.seed, phantoms.patients, phantoms.stay_share),)
