"""Nets and simulated EEG that the tests of explanations share."""

import numpy as np
import torch

from nasion.config import parse
from nasion.data.representation import represent
from nasion.models.checkpoint import Checkpoint
from nasion.models.fusion import Inputs, MultimodalNet
from nasion.phantom.activity import focus, lateralized
from nasion.phantom.patient import Patient
from nasion.phantom.periodic import Discharge, place_waves
from nasion.terms import MIRRORED_COLUMNS, SFREQ, Pattern
from nasion.windowing import Windows, cut

SMALL = {
    "signal": {"spectrogram": {"views": ["centre", "window"]}},
    "model": {
        "wavenet": {"layers": [4], "channels": [8]},
        "spectrogram": {"backbone": "test_efficientnet"},
        "n_features": 16,
    },
}


def small(seed=0, *, wavenet=None, spectrogram=None, signal=None, **model):
    """An untrained net, as a checkpoint gives it."""
    base = SMALL["model"]
    content = {
        "signal": SMALL["signal"] if signal is None else signal,
        "model": {
            **base,
            "wavenet": {**base["wavenet"], **(wavenet or {})},
            "spectrogram": {**base["spectrogram"], **(spectrogram or {})},
            **model,
        },
    }
    experiment = parse(content, "test")
    torch.manual_seed(seed)
    net = MultimodalNet(experiment).eval()
    net.requires_grad_(requires_grad=False)
    return Checkpoint(net, experiment)


def window_of(checkpoint, signals, offset_s=0.0):
    signal = checkpoint.experiment.signal
    return cut(represent(signals, signal), signal, offset_s)


def inputs_of(checkpoint, signals):
    return Inputs.of(Windows.of([window_of(checkpoint, signals)], checkpoint.experiment.signal))


def planted(seed, onsets_s, *, right=False, background_uv=5.0, discharge_uv=120.0):
    """10 s of a quiet patient with discharges of one side, whose peaks are at `onsets_s`."""
    rng = np.random.default_rng(seed)
    patient = Patient.draw(rng, mirrored=right)
    n_times = round(10 * SFREQ)
    total = patient.background.potential(rng, patient.head, n_times)
    total *= background_uv / total.std()
    field = lateralized(rng, patient.head, focus(rng), 0.0)[:, :1]
    waves = Discharge.draw(rng).waves(rng, 1)
    first_s = np.asarray(onsets_s) - np.abs(waves[0]).argmax() / SFREQ
    source = np.zeros((1, n_times), np.float32)
    which, sizes = np.zeros(len(first_s), int), np.full(len(first_s), discharge_uv)
    place_waves(source[0], first_s, waves, which, sizes)
    channels = patient.hardware.record(rng, patient.head.referencing @ (total + field @ source))
    return (channels[MIRRORED_COLUMNS] if right else channels).astype(np.float32)


def lateralized_segment(seed, pattern=Pattern.LPD, duration_s=10.0):
    """Signals, and whether the affected side is the right one."""
    rng = np.random.default_rng(seed)
    right = bool(seed % 2)
    patient = Patient.draw(rng, mirrored=right)
    return patient.record(rng, pattern, duration_s=duration_s, n_votes=15).signals, right
