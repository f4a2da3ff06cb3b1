"""A route: the way of one input of a network to its final logits, all other inputs as they are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from timm.layers import SelectAdaptivePool2d
from torch import Tensor, nn

from nasion.models.fusion import Inputs, MultimodalNet
from nasion.models.stages import Stages

WAVEFORM = "waveform"


@dataclass(frozen=True)
class Route:
    """One input of one window.

    Parameters
    ----------
    given
        The input, (1, 18, n_times) or (1, 4, n_freqs, n_columns), 0 where missing.
    logits
        Takes n such inputs to (n, 6).
    layer
        The module at the feature map that is explained: over time the last one, of images that of
        `Stages`, or the last one where there are none; None where there is no such map, as in
        vision transformers.
    before
        Whether the map is what the layer is given, not what it gives.
    """

    given: Tensor
    logits: Callable[[Tensor], Tensor]
    layer: nn.Module | None
    before: bool = False


def routes(net: MultimodalNet, inputs: Inputs) -> dict[str, Route]:
    """Routes of one window (a batch of one): `WAVEFORM` and the views that are present."""
    with torch.no_grad():
        features = net(inputs).features
    by_part = {}
    if net.waveform is not None:
        logits = partial(_from_waveform, net, inputs, features)
        by_part[WAVEFORM] = Route(inputs.waveform, logits, net.waveform.last_map)
    if net.spectrogram is not None:
        branch = net.spectrogram
        stages = Stages.of(branch)
        layer = stages.module if stages is not None else _pooling(branch.backbone)
        with torch.no_grad():
            embedded = {name: branch.embed(inputs.images[name]) for name in branch.views}
        for name in branch.views:
            if inputs.image_present[name][0]:
                logits = partial(_from_view, net, inputs, features, embedded, name)
                by_part[name] = Route(inputs.images[name], logits, layer, before=stages is None)
    return by_part


def _pooling(backbone: nn.Module) -> nn.Module | None:
    """Where a timm backbone pools its last feature maps; nothing in it ends there by itself."""
    if getattr(backbone, "output_fmt", "NCHW") != "NCHW":
        return None
    pools = [part for part in backbone.modules() if isinstance(part, SelectAdaptivePool2d)]
    return pools[-1] if pools else None


def _from_waveform(
    net: MultimodalNet, inputs: Inputs, features: Mapping[str, Tensor], waveform: Tensor
) -> Tensor:
    branch = net.waveform
    assert branch is not None
    present = inputs.present.expand(len(waveform), -1)
    if branch.blockwise:
        # It may leave empty blocks out; with all of them a place in the map is a time.
        value = branch.pool(branch.blocks(waveform), present)
    else:
        value = branch(waveform, present)
    return _classified(net, features, WAVEFORM, value)


def _from_view(
    net: MultimodalNet,
    inputs: Inputs,
    features: Mapping[str, Tensor],
    embedded: Mapping[str, Tensor],
    name: str,
    image: Tensor,
) -> Tensor:
    branch = net.spectrogram
    assert branch is not None
    n = len(image)
    views = {view: value.expand(n, -1) for view, value in embedded.items()}
    views[name] = branch.embed(image)
    present = {view: view_present.expand(n) for view, view_present in inputs.image_present.items()}
    return _classified(net, features, "spectrogram", branch.combine(views, present))


def _classified(
    net: MultimodalNet, features: Mapping[str, Tensor], part: str, value: Tensor
) -> Tensor:
    # The fused head joins features in this order, which replacing a value keeps.
    expanded = {name: feature.expand(len(value), -1) for name, feature in features.items()}
    expanded[part] = value
    return net.classify(expanded).logits
