"""Models that the tests of exporting and of reading export, each once a session."""

import fcntl
import os
from functools import cache
from pathlib import Path

import numpy as np
import torch

from nasion.calibration import Calibration
from nasion.config import parse
from nasion.contract import PACKAGED, PACKAGED_MODEL
from nasion.data.dataset import Batch
from nasion.models.checkpoint import Checkpoint
from nasion.models.ensemble import Ensemble
from nasion.models.export import export
from nasion.models.fusion import MultimodalNet
from nasion.training.run import Run

SMALL = {
    "wavenet": {"layers": [4], "channels": [8]},
    "conv_transformer": {"channels": [8, 16], "n_layers": 2, "n_heads": 2},
    "siamese": {"channels": [8, 8, 16], "n_groups": 4},
    "gru_width": 8,
    "spectrogram": {"backbone": "test_efficientnet"},
    "n_features": 16,
}
KINDS = {
    "dense": {"wavenet": {"hemispheres": "shared"}, "spectrogram": {"stack": "symmetric"}},
    "sided": {"modality": "waveform"},
    "fits": {},
    "attention": {
        "waveform": "conv-transformer",
        "spectrogram": {"backbone": "test_vit", "stack": "symmetric"},
    },
    "siamese": {"waveform": "siamese", "spectrogram": {"stack": "repeated"}},
    "recurrent": {"waveform": "wavenet-gru", "spectrogram": {"stack": "asymmetry"}},
    "padded": {
        "wavenet": {"padding": "same", "layers": [4, 3], "channels": [8, 6]},
        "modality": "waveform",
    },
    "causal": {
        "wavenet": {
            "padding": "causal",
            "residual": "skip-sum",
            "layers": [4, 3],
            "channels": [8, 6],
            "hemispheres": "shared",
        },
        "modality": "waveform",
    },
    "images": {"modality": "spectrogram", "spectrogram": {"backbone": "resnet10t"}},
}
FOLDER = Path(os.environ["NASION_EXPORTED"])  # of all processes of a session
BIASED = Calibration(0.7, (0.3, -0.1, 0.0, -0.2, 0.1, -0.1))


def checkpoint(kind, seed=0, calibration=BIASED):
    """An untrained net whose logits are far from even."""
    model = {**SMALL, **KINDS[kind]}
    model |= {key: {**SMALL[key], **KINDS[kind].get(key, {})} for key in ("wavenet", "spectrogram")}
    signal = {"spectrogram": {"views": ["centre", "window"]}}
    experiment = parse({"name": kind, "signal": signal, "model": model}, "test")
    torch.manual_seed(seed)
    net = MultimodalNet(experiment).eval()
    for head in net.heads.values():
        head[-1].weight.data *= 20
    net.requires_grad_(requires_grad=False)
    return Checkpoint(net, experiment, calibration)


@cache
def ensemble_of(kind):
    """What an exported model is made of: calibrated fit by fit, or together."""
    if kind in ("packaged", "anew"):
        return Run(PACKAGED).ensemble()
    if kind == "fits":
        return Ensemble((checkpoint(kind), checkpoint(kind, 1, Calibration(1.4))))
    return Ensemble((checkpoint(kind, calibration=Calibration()),), BIASED)


@cache
def exported(kind):
    """The ONNX file of a kind; the packaged one as it is, or the same weights exported anew."""
    if kind == "packaged":
        return PACKAGED_MODEL
    path = FOLDER / f"{kind}.onnx"
    half = kind == "anew"
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            export(ensemble_of(kind), path, name=kind, labels="0123456789ab", half=half)
    return path


def batch_of(signal, n=5, seed=0):
    """Noise as prepared windows: some short, some with a gap, some without the longest image."""
    rng = np.random.default_rng(seed)
    present = np.ones((n, 25), np.float32)
    present[1::4, :10] = present[1::4, 15:] = 0
    present[2::4, 3] = 0.3
    length = round(2 * signal.waveform.sfreq)
    waveform = rng.standard_normal((n, 18, 25 * length), dtype=np.float32)
    waveform *= np.repeat(present > 0, length, 1)[:, None]
    images, there = {}, {}
    for view in signal.spectrogram.views:
        about = getattr(signal.spectrogram, view)
        shape = (n, 4, about.n_freqs, about.n_columns)
        images[view] = rng.standard_normal(shape, dtype=np.float32)
        there[view] = np.ones(n, np.float32)
    there[signal.spectrogram.views[-1]][::2] = 0
    return Batch(
        waveform, present, images, there, np.full((n, 6), 1 / 6, np.float32), np.ones(n, np.float32)
    )
