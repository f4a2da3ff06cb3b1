"""Training: predictions of one and, where they come from a RUN, how it was made."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import pandas as pd

from nasion.errors import NasionError
from nasion.loading import is_there, loading, read_json, read_table
from nasion.out_of_fold import FILE_NAME as OOF
from nasion.seen import NOTHING, Seen

SCORED = ("kld", "accuracy")
FINGERPRINTS = ("nasion", "experiment", "labels")


@dataclass(frozen=True)
class Training:
    """One set of predictions.

    Attributes
    ----------
    predictions
        The csv (or parquet) file.
    history
        One row an epoch and held-out fold, as history.csv; empty where unknown.
    settings
        Values by ``section.key``, without the folders of paths; empty where unknown.
    run
        Version that began the run, and fingerprints of settings and labels; empty where unknown.
    seen
        How much of what was predicted had been learned from, as stands beside the file.
    """

    predictions: Path
    history: pd.DataFrame
    settings: Mapping[str, Any]
    run: Mapping[str, str]
    seen: Seen = NOTHING


def open_training(path: Path) -> Training:
    """Take a RUN folder, its oof.csv, or a file of predictions.

    Raises
    ------
    NasionError
        For a folder without out-of-fold predictions, or a broken file in it.
    """
    if path.is_dir() and not (path / OOF).exists():
        raise NasionError(
            f"{path}: holds no {OOF}; run nasion crossval with --out {path}, or give a csv of "
            "predictions"
        )
    predictions = path / OOF if path.is_dir() else path
    folder = predictions.parent
    in_run = predictions.name == OOF and (folder / "run.json").exists()
    return Training(
        predictions,
        _history(folder / "history.csv") if in_run else pd.DataFrame(),
        _settings(folder / "config.json") if in_run else {},
        _run_texts(folder / "run.json") if in_run else {},
        Seen.beside(predictions),
    )


def _history(path: Path) -> pd.DataFrame:
    if not is_there(path):
        return pd.DataFrame()
    with loading(path, "can't be read as csv of numbers", "take the file out of the RUN"):
        table = pd.read_csv(path).apply(pd.to_numeric)
    missing = [name for name in ("fold", "epoch", *SCORED) if name not in table]
    if missing:
        raise NasionError(f"{path}: no column {', '.join(missing)}; take the file out of the RUN")
    return table[(table["fold"] >= 0) & table["kld"].notna()]


def _settings(path: Path) -> dict[str, Any]:
    return dict(_flat(read_json(path))) if is_there(path) else {}


def _flat(content: Any, prefix: str = "") -> list[tuple[str, Any]]:
    if isinstance(content, dict):
        return [
            pair
            for key, value in content.items()
            for pair in _flat(value, f"{prefix}.{key}" if prefix else str(key))
        ]
    is_path = isinstance(content, str) and PurePath(content).is_absolute()
    return [(prefix, PurePath(content).name if is_path else content)]


def _run_texts(path: Path) -> dict[str, str]:
    content = read_table(path)
    return {key: str(content[key]) for key in FINGERPRINTS if key in content}
