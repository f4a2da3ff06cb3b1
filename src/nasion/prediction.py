"""Probabilities of segments in HMS layout, in Kaggle's submission format.

They come from an ensemble of checkpoints, which needs PyTorch, or from an exported model, which
does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nasion.config import Experiment
from nasion.contract import Predictor
from nasion.data.dataset import Batch, SegmentDataset
from nasion.data.store import open_store
from nasion.files import replacing
from nasion.hms.segments import KEYS, Segments
from nasion.progress import Progress
from nasion.temporary import temporary_folder
from nasion.terms import PATTERNS, VOTE_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

BATCH_SIZE = 64


def predict(
    segments: Segments,
    model: Predictor,
    *,
    mirror: bool = True,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """One row a segment: Kaggle's columns, and `eeg_sub_id` where an EEG has several.

    Raises
    ------
    NasionError
        Where an exported model is to be mirrored otherwise than it is.
    """
    with temporary_folder() as folder:
        store = open_store(segments, model.signal, folder, progress)
        dataset = SegmentDataset(segments, store, Experiment(signal=model.signal))
        values = predict_dataset(model, dataset, mirror=mirror, progress=progress)
    repeated = segments.table["eeg_id"].duplicated().any()
    ids = list(KEYS) if segments.part == "train" or repeated else ["eeg_id"]
    table = segments.table[ids].copy()
    table[list(VOTE_COLUMNS)] = values
    return table


def predict_dataset(
    model: Predictor,
    dataset: SegmentDataset,
    *,
    mirror: bool = True,
    progress: Progress | None = None,
) -> NDArray[np.float64]:
    """Calibrated probabilities of prepared segments, (n_rows, 6); rows sum to 1."""
    parts = [model.predict(batch, mirror=mirror) for batch in batches(dataset, progress)]
    return np.concatenate(parts) if parts else np.zeros((0, len(PATTERNS)))


def batches(dataset: SegmentDataset, progress: Progress | None = None) -> Iterator[Batch]:
    """All rows in order; progress is told when the next ones are asked for."""
    for first in range(0, len(dataset), BATCH_SIZE):
        rows = range(first, min(first + BATCH_SIZE, len(dataset)))
        yield dataset.batch(rows)
        if progress:
            progress(rows.stop, len(dataset))


def write_predictions(path: Path, table: pd.DataFrame) -> None:
    """Write a submission csv."""
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
