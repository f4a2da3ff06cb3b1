"""Weights that a benchmark compares: `--model` and `--cross`, each as often as one likes.

`--cross RUN` reads each patient with the fit of RUN that held them out (its folds.csv). Who is in
no fold was not learned from, and is read by all fits: give the run that learned from them. Without
either option it is the packaged weights.
"""

import argparse
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

import nasion
from nasion.api.model import Model
from nasion.errors import NasionError
from nasion.hms.segments import Segments
from nasion.prediction import predict
from nasion.reader.reader import Reader
from nasion.simulation import Person
from nasion.terms import PATTERNS, VOTE_COLUMNS
from nasion.training.run import Run

AWAKE, VECAMS = "awake", "vecams"  # as lists of recorded backgrounds call them


@dataclass(frozen=True)
class Weights:
    """Weights under one name; `folds` says by which fit each patient was held out."""

    name: str
    model: Model
    folds: dict[int, str]

    @classmethod
    def packaged(cls) -> "Weights":
        return cls("packaged", nasion.load(), {})

    @classmethod
    def crossed(cls, run: Path) -> "Weights":
        table = pd.read_csv(run / "folds.csv", dtype={"fold": str})
        folds = dict(zip(table["patient_id"], table["fold"], strict=True))
        return cls(f"{run.name}, crossed", Model(Run(run).ensemble()), folds)

    @cached_property
    def _of_fold(self) -> dict[str, Model]:
        """Of the folds that are finished."""
        finished = {fit.fold for fit in self.model.predictor.fits} & set(self.folds.values())
        return {fold: Model(self.model.predictor.holding_out(fold)) for fold in sorted(finished)}

    @property
    def whole(self) -> "Weights":
        """The same for people of whom it is known that nobody learned from them."""
        return replace(self, folds={})

    def fold(self, patient: int, source: str = "") -> str:
        """Which fold held a patient out; empty where none did.

        `source` is that of a list of recorded backgrounds, whose people have numbers of their own.
        """
        held_out = self.folds.get(Person(source, patient).patient_id) if source else None
        return held_out or ("" if source == AWAKE else self.folds.get(patient, ""))

    def reads(self, person: int, source: str) -> bool:
        """Whether a finished fit held somebody of a list of backgrounds out, where any did."""
        fold = self.fold(person, source)
        return not self.folds or (fold != "" and fold in self._of_fold)

    def of(self, patient: int, source: str = "") -> Model:
        """What has not learned from a patient."""
        fold = self.fold(patient, source)
        if fold and fold not in self._of_fold:
            raise NasionError(f"{self.name}: fold {fold} has no fit; run nasion crossval again")
        return self._of_fold[fold] if fold else self.model

    def predict(self, segments: Segments, source: str = "") -> np.ndarray:
        """Probabilities of the rows, (n, 6), each by what has not learned from its patient."""
        patients = segments.table["patient_id"].to_numpy()
        fold = np.array([self.fold(patient, source) for patient in patients])
        result = np.empty((len(segments), len(PATTERNS)))
        for name in np.unique(fold):
            rows = np.flatnonzero(fold == name)
            predictor = self.of(patients[rows[0]], source).predictor
            table = predict(segments.subset(rows), predictor)
            result[rows] = table[list(VOTE_COLUMNS)].to_numpy()
        return result

    def reader(self, patient: int, source: str = "") -> Reader:
        """Reads with the settings that ship, and writes nothing."""
        return Reader(self.of(patient, source).network, display=False, report=False)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", action="append", default=[], help="a RUN or a model.onnx")
    parser.add_argument("--cross", action="append", default=[], type=Path, help="a RUN of folds")


def chosen(arguments: argparse.Namespace) -> list[Weights]:
    """Weights in the order of the options; the first is what others are compared with."""
    models = [
        Weights.packaged() if name == "packaged" else Weights(name, nasion.load(name), {})
        for name in arguments.model
    ]
    crossed = [Weights.crossed(run) for run in arguments.cross]
    return [*models, *crossed] or [Weights.packaged()]
