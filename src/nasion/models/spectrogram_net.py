"""The spectrogram branch: any timm backbone, EfficientNet first (paper 3.1.1, "SpecNet").

Convolutional backbones take views of any size. Of those that are built for one size, vision
transformers (and hybrids) of timm's `dynamic_img_size` take each view as it is, padded to whole
patches, and interpolate their positions; others are built for the largest view, or come in their
own size only, and the views are stretched to that.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import timm
import torch
from safetensors.torch import load_file
from timm.layers import resample_abs_pos_embed
from timm.models import adapt_input_conv, get_pretrained_cfg
from torch import Tensor, nn
from torch.nn import functional

from nasion.config import Spectrogram
from nasion.config import SpectrogramNet as SpectrogramSettings
from nasion.errors import NasionError
from nasion.loading import loading

_IN_CHANNELS = {"chains": 4, "symmetric": 4, "repeated": 3, "asymmetry": 6}
_DIVISOR = 32  # of a canvas' sides: what hierarchical transformers halve down to
Size = tuple[int, int]  # frequencies, columns


class SpectrogramBranch(nn.Module):
    """One backbone over every view; an absent view counts as zero features."""

    def __init__(self, settings: SpectrogramSettings, images: Spectrogram, n_features: int) -> None:
        super().__init__()
        self.stack = settings.stack
        self.views: tuple[str, ...] = images.views
        backbone, self.canvas = _backbone(settings, _largest(images, settings.stack))
        # Channels last is 1.7 times faster for EfficientNet on a CPU.
        self.backbone: Any = backbone.to(memory_format=torch.channels_last)
        self.project = nn.Linear(len(self.views) * _width(self.backbone), n_features)

    def forward(self, images: Mapping[str, Tensor], present: Mapping[str, Tensor]) -> Tensor:
        """Images by view (batch, 4, freq, time), presence (batch,) -> (batch, n_features)."""
        embedded = {name: self._embed_present(images[name], present[name]) for name in self.views}
        return self.combine(embedded, present)

    def _embed_present(self, image: Tensor, present: Tensor) -> Tensor:
        """Only rows that have the view go through the backbone and its batch statistics."""
        rows = torch.nonzero(present)[:, 0]
        features = image.new_zeros(len(image), _width(self.backbone))
        if len(rows):
            features[rows] = self.embed(image[rows]).to(features.dtype)
        return features

    def embed(self, image: Tensor) -> Tensor:
        """One view: (batch, 4, freq, time) -> (batch, width of the backbone).

        On a CPU always in float32, where depthwise convolutions are twice as fast as in bf16.
        """
        kind = image.device.type
        with torch.autocast(kind, enabled=kind != "cpu" and torch.is_autocast_enabled(kind)):
            return self.backbone.forward_head(self.maps(image), pre_logits=True)

    def maps(self, image: Tensor) -> Tensor:
        """What the backbone makes of a view before it pools: its last feature maps or tokens."""
        picture = stacked(image, self.stack)
        if self.canvas is not None:
            picture = functional.interpolate(picture, self.canvas, mode="bilinear")
        return self.backbone.forward_features(picture)

    def combine(self, embedded: Mapping[str, Tensor], present: Mapping[str, Tensor]) -> Tensor:
        """Join the views' features: (batch, n_features)."""
        parts = [embedded[name] * present[name][:, None] for name in self.views]
        return self.project(torch.cat(parts, 1))


def stacked(image: Tensor, stack: str) -> Tensor:
    """Chains LL LP RP RL as the backbone's input channels.

    `chains` stacks them as they are (the paper); `symmetric` gives means and absolute differences
    of the two sides, which the mirrored EEG shares; `asymmetry` adds these differences to the
    chains; `repeated` tiles the chains to one picture, three times, as ImageNet weights want.
    """
    if stack == "chains":
        return image
    left, right = image[:, :2], image[:, [3, 2]]
    if stack == "symmetric":
        return torch.cat([(left + right) / 2, (left - right).abs()], 1)
    if stack == "asymmetry":
        return torch.cat([image, (left - right).abs()], 1)
    picture = image.flatten(1, 2)[:, None]
    return picture.expand(-1, 3, -1, -1)


def _largest(images: Spectrogram, stack: str) -> Size:
    views = [getattr(images, name) for name in images.views]
    n_freqs = max(view.n_freqs for view in views) * (4 if stack == "repeated" else 1)
    return n_freqs, max(view.n_columns for view in views)


def _backbone(settings: SpectrogramSettings, largest: Size) -> tuple[nn.Module, Size | None]:
    """The backbone, and the size that it wants every picture in; None where any will do."""
    backbone, canvas = _backbone_and_size(settings, largest)
    if settings.weights not in ("", "hub"):
        _load_local(backbone, _weights_path(settings.weights))
    return backbone, canvas


def _backbone_and_size(
    settings: SpectrogramSettings, largest: Size
) -> tuple[nn.Module, Size | None]:
    pretrained = get_pretrained_cfg(settings.backbone)
    if pretrained is None or not pretrained.fixed_input_size:
        return _new_backbone(settings), None
    height, width = (-(-side // _DIVISOR) * _DIVISOR for side in largest)
    dynamic = {"img_size": largest, "dynamic_img_size": True, "dynamic_img_pad": True}
    for canvas, sizes in ((None, dynamic), ((height, width), {"img_size": (height, width)})):
        try:
            return _new_backbone(settings, **sizes), canvas
        except (TypeError, AssertionError):
            continue  # not a size that this family can be built in
    return _new_backbone(settings), pretrained.input_size[1:]


def _new_backbone(settings: SpectrogramSettings, **sizes: Any) -> nn.Module:
    try:
        return timm.create_model(
            settings.backbone,
            pretrained=settings.weights == "hub",
            in_chans=_IN_CHANNELS[settings.stack],
            num_classes=0,
            drop_path_rate=settings.drop_path,
            **sizes,
        )
    except RuntimeError as error:
        raise NasionError(f"model.spectrogram.backbone: {str(error).splitlines()[0]}") from None
    except TypeError as error:
        if sizes:
            raise
        raise NasionError(f"model.spectrogram.backbone: {error}; take another one") from None


def _weights_path(weights: str) -> Path:
    """The file of `weights`: a path, or "package:file" within an installed package."""
    package, _, name = weights.partition(":")
    spec = find_spec(package) if name and package.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        return Path(weights)
    return Path(spec.submodule_search_locations[0]) / name


def _width(backbone: Any) -> int:
    # Some heads (EfficientNet's, MobileNetV3's) end in another width than the feature maps.
    return int(getattr(backbone, "head_hidden_size", None) or backbone.num_features)


def _load_local(backbone: Any, path: Path) -> None:
    """Fill the backbone from a local ImageNet checkpoint; the classifier is left out.

    Checkpoints of other code with the same tensors in the same order under other names load too
    (EfficientNet-lite's in TensorFlow naming do); anything else is refused.
    """
    weights = {key: value for key, value in read_weights(path).items() if value.ndim}
    parameters = {key: value for key, value in backbone.state_dict().items() if value.ndim}
    if not set(parameters) <= set(weights):
        weights = dict(zip(parameters, weights.values(), strict=False))
    first = f"{backbone.default_cfg['first_conv']}.weight"
    if first in weights and weights[first].ndim == parameters[first].ndim:
        weights[first] = adapt_input_conv(parameters[first].shape[1], weights[first])
    grid = getattr(getattr(backbone, "patch_embed", None), "grid_size", None)
    if grid and weights.get("pos_embed", torch.empty(0)).ndim == 3:
        places = resample_abs_pos_embed(
            weights["pos_embed"], list(grid), num_prefix_tokens=backbone.num_prefix_tokens
        )
        weights["pos_embed"] = places
    for key, value in parameters.items():
        if key not in weights or weights[key].shape != value.shape:
            raise NasionError(f"{path}: does not fit this backbone at {key}; take its own weights")
    backbone.load_state_dict({key: weights[key] for key in parameters}, strict=False)


def read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors of a file by name; nothing is unpickled."""
    local = "give model.spectrogram.weights a local file"
    with loading(path, "not a weights file", local, absent=local):
        if path.suffix == ".safetensors":
            weights = load_file(path)
        else:
            try:
                weights = dict(torch.load(path, map_location="cpu", weights_only=True))
            except UnpicklingError:
                raise NasionError(
                    f"{path}: holds more than weights; it was not unpickled"
                ) from None
        if not all(isinstance(value, Tensor) for value in weights.values()):
            raise ValueError("it holds more than tensors")
    return weights
