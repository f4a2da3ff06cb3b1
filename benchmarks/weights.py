"""Weights that a benchmark compares: `--model` and `--cross`, each as often as one likes.

`--cross RUN` reads each patient with the fits of RUN that held him out (its folds.csv); who is in
no fold is read by all of them. Without either it is the packaged weights.
"""

import argparse
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

import nasion
from nasion.api.model import Model
from nasion.hms.segments import Segments
from nasion.network import Network
from nasion.prediction import predict
from nasion.reader.reader import Reader
from nasion.terms import PATTERNS, VOTE_COLUMNS
from nasion.training.run import Run


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
        held = sorted(set(self.folds.values()))
        return {fold: Model(self.model.predictor.holding_out(fold)) for fold in held}

    def of(self, patient: int) -> Model:
        """What has not learned from a patient."""
        return self._of_fold[self.folds[patient]] if patient in self.folds else self.model

    def network(self, patient: int) -> Network:
        return self.of(patient).network

    def predict(self, segments: Segments) -> np.ndarray:
        """Probabilities of the rows, (n, 6), each by what has not learned from its patient."""
        patients = segments.table["patient_id"].to_numpy()
        fold = np.array([self.folds.get(patient, "") for patient in patients])
        result = np.empty((len(segments), len(PATTERNS)))
        for name in np.unique(fold):
            rows = np.flatnonzero(fold == name)
            predictor = self.of(patients[rows[0]]).predictor
            table = predict(segments.subset(rows), predictor)
            result[rows] = table[list(VOTE_COLUMNS)].to_numpy()
        return result

    def reader(self, patient: int) -> Reader:
        """Reads with the settings that ship, and writes nothing."""
        return Reader(self.network(patient), display=False, report=False)


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
