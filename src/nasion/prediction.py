"""Probabilities of segments in HMS layout, in Kaggle's submission format.

They come from checkpoints, which need PyTorch, or from an exported model, which does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nasion.calibration import Calibration
from nasion.config import Experiment
from nasion.data.dataset import SegmentDataset
from nasion.data.store import open_store
from nasion.errors import NasionError
from nasion.files import replacing
from nasion.hms.segments import KEYS, Segments
from nasion.network import Network
from nasion.terms import PATTERNS, VOTE_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

    from nasion.models.checkpoint import Checkpoint
    from nasion.models.fusion import Inputs, MultimodalNet

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
    from nasion.models.fusion import Inputs

    views = [dataset]
    if mirror and not all(net.symmetric for net in nets):
        views.append(replace(dataset, mirrored=True))
    total = np.zeros((len(nets), len(dataset), len(PATTERNS)))
    for net in nets:
        net.eval()
    for rows in _batches(dataset, progress):
        for view in views:
            inputs = Inputs.of(view.batch(rows))
            for k, net in enumerate(nets):
                total[k, rows.start : rows.stop] += probabilities(net, inputs)
    total /= total.sum(2, keepdims=True)
    if calibrations:
        total = np.stack([c.apply(one) for c, one in zip(calibrations, total, strict=True)])
    return np.asarray(total.mean(0))


def probabilities(net: MultimodalNet, inputs: Inputs) -> NDArray[np.float64]:
    """Softmax of the final logits, shape (batch, 6)."""
    import torch

    with torch.inference_mode():
        return torch.softmax(net(inputs).logits.double(), 1).numpy()


def predict(
    segments: Segments,
    model: Sequence[Checkpoint] | Network,
    *,
    ensemble: Calibration | None = None,
    mirror: bool = True,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """One row a segment: Kaggle's columns, and `eeg_sub_id` where an EEG has several.

    Each fit is calibrated as it says, then they are averaged; where a calibration of the
    `ensemble` is given, the raw fits are averaged and it is applied to their mean. An exported
    model has done with both when it was exported.

    Raises
    ------
    NasionError
        Where the fits saw different signals, or an exported model is to be calibrated or mirrored
        otherwise than it is.
    """
    experiment = _experiment(model)
    if isinstance(model, Network) and (ensemble or not (mirror or model.about.symmetric)):
        raise NasionError(f"{model.path}: is calibrated and mirrored as exported; export it anew")
    with TemporaryDirectory(prefix="nasion-") as folder:
        store = open_store(segments, experiment.signal, Path(folder), progress)
        dataset = SegmentDataset(segments, store, experiment)
        if isinstance(model, Network):
            values = _by_network(model, dataset, progress)
        else:
            values = predict_dataset(
                [fit.net for fit in model],
                dataset,
                calibrations=[] if ensemble else [fit.calibration for fit in model],
                mirror=mirror,
                progress=progress,
            )
            values = ensemble.apply(values) if ensemble else values
    repeated = segments.table["eeg_id"].duplicated().any()
    ids = list(KEYS) if segments.part == "train" or repeated else ["eeg_id"]
    table = segments.table[ids].copy()
    table[list(VOTE_COLUMNS)] = values
    return table


def write_predictions(path: Path, table: pd.DataFrame) -> None:
    """Write a submission csv."""
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False)


def _experiment(model: Sequence[Checkpoint] | Network) -> Experiment:
    """Settings that the data are prepared by."""
    if isinstance(model, Network):
        return Experiment(signal=model.signal)
    experiment = model[0].experiment
    if any(other.experiment.signal != experiment.signal for other in model):
        raise NasionError("the fits of this run saw different signals; they cannot be averaged")
    return experiment


def _by_network(
    network: Network, dataset: SegmentDataset, progress: Progress | None
) -> NDArray[np.float64]:
    batches = _batches(dataset, progress)
    found = [network.predict_windows(dataset.batch(rows)).astype(float) for rows in batches]
    values = np.concatenate(found) if found else np.zeros((0, len(PATTERNS)))
    return values / values.sum(1, keepdims=True)


def _batches(dataset: SegmentDataset, progress: Progress | None) -> Iterator[range]:
    """Rows of each batch; progress is told when the next one is asked for."""
    for first in range(0, len(dataset), BATCH_SIZE):
        rows = range(first, min(first + BATCH_SIZE, len(dataset)))
        yield rows
        if progress:
            progress(rows.stop, len(dataset))
