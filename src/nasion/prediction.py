"""Probabilities of segments in HMS layout, in Kaggle's submission format."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from nasion.calibration import Calibration
from nasion.data.dataset import SegmentDataset
from nasion.data.hms import KEYS, Segments
from nasion.data.store import open_store
from nasion.errors import NasionError
from nasion.files import replacing
from nasion.models.checkpoint import Checkpoint
from nasion.models.fusion import Inputs, MultimodalNet
from nasion.terms import PATTERNS, VOTE_COLUMNS

BATCH_SIZE = 64
Progress = Callable[[int, int], None]


def predict_dataset(
    nets: Sequence[MultimodalNet],
    dataset: SegmentDataset,
    *,
    calibrations: Sequence[Calibration] = (),
    mirror: bool = True,
    progress: Progress | None = None,
) -> NDArray[np.float64]:
    """Mean probability over networks and, where they tell sides apart, over the mirror image.

    Parameters
    ----------
    calibrations
        Of each network, applied before the mean over networks; none by default.

    Returns
    -------
    Shape (n_rows, 6); rows sum to 1.
    """
    views = [dataset]
    if mirror and not all(net.symmetric for net in nets):
        views.append(replace(dataset, mirrored=True))
    total = np.zeros((len(nets), len(dataset), len(PATTERNS)))
    for net in nets:
        net.eval()
    for first in range(0, len(dataset), BATCH_SIZE):
        rows = range(first, min(first + BATCH_SIZE, len(dataset)))
        for view in views:
            inputs = Inputs.of(view.batch(rows))
            for k, net in enumerate(nets):
                total[k, first : rows.stop] += probabilities(net, inputs)
        if progress:
            progress(rows.stop, len(dataset))
    total /= total.sum(2, keepdims=True)
    if calibrations:
        total = np.stack([c.apply(one) for c, one in zip(calibrations, total, strict=True)])
    return np.asarray(total.mean(0))


@torch.inference_mode()
def probabilities(net: MultimodalNet, inputs: Inputs) -> NDArray[np.float64]:
    """Softmax of the final logits, shape (batch, 6)."""
    return torch.softmax(net(inputs).logits.double(), 1).numpy()


def predict(
    segments: Segments,
    checkpoints: Sequence[Checkpoint],
    *,
    ensemble: Calibration | None = None,
    mirror: bool = True,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """One row a segment: Kaggle's columns, and `eeg_sub_id` where an EEG has several.

    Each fit is calibrated as it says, then they are averaged; where a calibration of the
    `ensemble` is given, the raw fits are averaged and it is applied to their mean.
    """
    experiment = checkpoints[0].experiment
    if any(other.experiment.signal != experiment.signal for other in checkpoints):
        raise NasionError("the fits of this run saw different signals; they cannot be averaged")
    with TemporaryDirectory(prefix="nasion-") as folder:
        store = open_store(segments, experiment.signal, Path(folder), progress)
        dataset = SegmentDataset(segments, store, experiment)
        nets = [checkpoint.net for checkpoint in checkpoints]
        calibrations = [] if ensemble else [fit.calibration for fit in checkpoints]
        values = predict_dataset(
            nets, dataset, calibrations=calibrations, mirror=mirror, progress=progress
        )
    if ensemble:
        values = ensemble.apply(values)
    repeated = segments.table["eeg_id"].duplicated().any()
    ids = list(KEYS) if segments.part == "train" or repeated else ["eeg_id"]
    table = segments.table[ids].copy()
    table[list(VOTE_COLUMNS)] = values
    return table


def write_predictions(path: Path, table: pd.DataFrame) -> None:
    """Write a submission csv."""
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False)
