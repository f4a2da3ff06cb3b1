"""The paper's figure 3: two branches, three heads, one prediction."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nasion.config import EXTRACTORS, Experiment, Model, Waveform
from nasion.models.extractor import Extractor
from nasion.models.spectrogram_net import SpectrogramBranch
from nasion.terms import MIRRORED_DERIVATIONS, PATTERNS
from nasion.windowing import Windows


@dataclass(frozen=True)
class Inputs:
    """Tensors of a batch, shapes as in `windowing.Windows`."""

    waveform: Tensor
    present: Tensor
    images: Mapping[str, Tensor]
    image_present: Mapping[str, Tensor]

    @classmethod
    def of(cls, batch: Windows, device: torch.device | str = "cpu") -> "Inputs":
        """Move a batch of arrays to a device."""

        def tensor(array: NDArray[np.float32]) -> Tensor:
            return torch.from_numpy(array).to(device)

        return cls(
            tensor(batch.waveform),
            tensor(batch.present),
            {name: tensor(image) for name, image in batch.images.items()},
            {name: tensor(present) for name, present in batch.image_present.items()},
        )

    @property
    def mirrored(self) -> "Inputs":
        """The same with left and right electrodes swapped."""
        images = {name: image.flip(1) for name, image in self.images.items()}
        return replace(self, waveform=self.waveform[:, MIRRORED_DERIVATIONS], images=images)


@dataclass(frozen=True)
class Output:
    """Logits of the final prediction and of every head, and the features the fused head receives.

    Each (batch, 6) and (batch, n_features); with one modality there is one head and one feature.
    """

    logits: Tensor
    heads: dict[str, Tensor]
    features: dict[str, Tensor]


class Classifier(nn.Sequential):
    """Classification layer with GELU (paper 3.1.2)."""

    def __init__(self, n_inputs: int, n_hidden: int, dropout: float) -> None:
        super().__init__(
            nn.Linear(n_inputs, n_hidden),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(n_hidden, len(PATTERNS)),
        )


def extractor(model: Model, signal: Waveform) -> Extractor:
    """The waveform branch that `model.waveform` names."""
    module, _, name = EXTRACTORS[model.waveform].rpartition(".")
    kind: type[Extractor] = getattr(import_module(module), name)
    return kind.of(model, signal)


class MultimodalNet(nn.Module):
    """WaveNet and EfficientNet, fused; or one of them, as the paper's baselines.

    Both branches may be other extractors: see `model.waveform` and `model.spectrogram.backbone`.
    """

    def __init__(self, experiment: Experiment) -> None:
        super().__init__()
        model = experiment.model
        n_features = model.n_features
        self.alpha = experiment.loss.alpha
        self.heads = nn.ModuleDict()
        self.waveform: Extractor | None = None
        self.spectrogram: SpectrogramBranch | None = None
        if model.modality != "spectrogram":
            self.waveform = extractor(model, experiment.signal.waveform)
            self.heads["waveform"] = Classifier(n_features, n_features, model.dropout)
        if model.modality != "waveform":
            images = experiment.signal.spectrogram
            self.spectrogram = SpectrogramBranch(model.spectrogram, images, n_features)
            self.heads["spectrogram"] = Classifier(n_features, n_features, model.dropout)
        if model.modality == "both":
            self.heads["fused"] = Classifier(2 * n_features, n_features, model.dropout)

    @property
    def symmetric(self) -> bool:
        """Whether the mirrored EEG gives the same prediction by construction."""
        return (self.waveform is None or self.waveform.symmetric) and (
            self.spectrogram is None or self.spectrogram.stack == "symmetric"
        )

    def forward(self, inputs: Inputs) -> Output:
        """Features of both branches, then the heads."""
        features: dict[str, Tensor] = {}
        if self.waveform is not None:
            features["waveform"] = self.waveform(inputs.waveform, inputs.present)
        if self.spectrogram is not None:
            features["spectrogram"] = self.spectrogram(inputs.images, inputs.image_present)
        return self.classify(features)

    def classify(self, features: dict[str, Tensor]) -> Output:
        """The heads on feature vectors, and their weighted sum as the final logits."""
        heads = {name: self.heads[name](value) for name, value in features.items()}
        if "fused" not in self.heads:
            return Output(next(iter(heads.values())), heads, features)
        heads["fused"] = self.heads["fused"](torch.cat(list(features.values()), 1))
        weights = {"waveform": self.alpha, "spectrogram": self.alpha, "fused": 1 - 2 * self.alpha}
        logits = sum((weights[name] * value for name, value in heads.items()), torch.zeros(()))
        return Output(logits, heads, features)


@contextmanager
def evaluating(net: MultimodalNet) -> Iterator[None]:
    """Put every layer into evaluation mode for a block, and back into its own mode after it."""
    modes = {module: module.training for module in net.modules()}
    net.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training
