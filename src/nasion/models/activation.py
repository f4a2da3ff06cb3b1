"""Class-activation maps in closed form, without autograd, so that a network exported has them.

Over time Grad-CAM (Selvaraju 2017): what lies between the last feature map and the logits is small,
means and maxima of blocks, pooling, and heads, and its slopes are written out here. Over images
HiResCAM (Draelos 2020) of a layer before the last; `Stages` goes back to it. Every function takes
k windows and gives maps or slopes of the six logits, raw as the heads give them.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from nasion.models.extractor import Extractor, parted
from nasion.models.fusion import MultimodalNet
from nasion.models.slopes import gelu_slope
from nasion.models.spectrogram_net import SpectrogramBranch
from nasion.models.stages import Stages
from nasion.windowing import N_BLOCKS


def explains_image(branch: SpectrogramBranch | None) -> bool:
    """Whether the backbone's features are the means of its last feature maps."""
    if branch is None:
        return False
    side = branch.canvas or (64, 64)
    backbone = branch.backbone
    with torch.no_grad():
        image = torch.randn(1, 4, *side, generator=torch.Generator().manual_seed(0))
        maps = branch.maps(image)
        features = backbone.forward_head(maps, pre_logits=True)
    if maps.ndim != 4 or maps.shape[1] != features.shape[1]:
        return False
    return torch.allclose(maps.mean((2, 3)), features, rtol=1e-4, atol=1e-6)


def head_slopes(net: MultimodalNet, features: dict[str, Tensor]) -> dict[str, Tensor]:
    """Slope of the final logits by feature: (k, n_features) each -> (k, 6, n_features) each."""
    slopes = {name: _head_slope(net.heads[name], value) for name, value in features.items()}
    if "fused" not in net.heads:
        return slopes
    fused = _head_slope(net.heads["fused"], torch.cat(list(features.values()), 1))
    parts = fused.chunk(len(features), -1)
    return {
        name: net.alpha * slopes[name] + (1 - 2 * net.alpha) * part
        for name, part in zip(features, parts, strict=True)
    }


def waveform_map(
    branch: Extractor, active: Tensor, statistics: Tensor, present: Tensor, slope: Tensor
) -> Tensor:
    """Map over time, summed over the sides.

    Parameters
    ----------
    active
        (k, 25, sides, channels, block_length): what the convolutions say in each block; anything
        where a block does not count.
    statistics
        (k, statistics, 25): of the same blocks.
    present
        (k, 25): share of signal.
    slope
        (k, 6, n_features): of the logits by the branch's features.

    Returns
    -------
    (k, 6, 25 * block_length), 0 in blocks that do not count.
    """
    weight = branch.slope_by_channel(active, _pooling_slope(branch, statistics, present, slope))
    counted = branch.counted(present, weight.dtype).repeat_interleave(active.shape[-1], 1)
    return weight @ active.permute(0, 2, 3, 1, 4).flatten(3).flatten(1, 2) * counted[:, None]


def image_map(
    branch: SpectrogramBranch, stages: Stages | None, view: str, layer: Tensor, slope: Tensor
) -> Tensor:
    """Map over one view, each value of the layer by its own slope, summed over channels.

    Parameters
    ----------
    stages
        Of the branch; None where the layer is its last feature maps.
    layer
        (k, channels, height, width).
    slope
        (k, 6, n_features): of the logits by the branch's features, 0 where it has no view.

    Returns
    -------
    (k, 6, height, width).
    """
    by_view = (slope @ branch.project.weight).chunk(len(branch.views), -1)
    of_view = by_view[branch.views.index(view)]
    if stages is not None:
        return (stages.slope(layer, of_view.transpose(0, 1)) * layer).sum(2).transpose(0, 1)
    height, width = layer.shape[2:]
    weight = of_view / (height * width)
    return (weight @ layer.flatten(2)).unflatten(-1, (height, width))


def _head_slope(head: nn.Module, features: Tensor) -> Tensor:
    first, _, _, last = head.children()
    inner = gelu_slope(first(features))
    return (_weight(last) * inner[:, None]) @ _weight(first)


def _pooling_slope(branch: Extractor, statistics: Tensor, present: Tensor, slope: Tensor) -> Tensor:
    """Back through `Extractor.pool`: (k, 6, n_features) -> (k, 6, 25, statistics)."""
    counted = branch.counted(present, statistics.dtype)[:, None]
    masks = parted(counted)
    before = branch.mix[0](statistics)
    x = functional.gelu(before) * counted
    inner = []
    for layer in branch.context:
        inner.append(layer(x))
        x = (x + functional.gelu(inner[-1])) * counted

    # From here on blocks come before features, so that weights are multiplied from the right.
    counted = counted.transpose(1, 2)[:, None]
    parts = (slope @ branch.project.weight)[:, :, None].chunk(4, -1)
    back = torch.zeros(())
    for mask, mean, highest in zip(masks, parts[::2], parts[1::2], strict=True):
        back = back + mean * _by_block(_mean_share(mask)) + highest * _by_block(_top_share(x, mask))
    for layer, value in zip(reversed(list(branch.context)), reversed(inner), strict=True):
        back = back * counted
        wide = functional.pad(back * _by_block(gelu_slope(value)), (0, 0, 1, 1))
        for tap, weight in enumerate(_weight(layer).unbind(2)):
            back = back + wide[:, :, 2 - tap : 2 - tap + N_BLOCKS] @ weight
    return (back * counted * _by_block(gelu_slope(before))) @ _weight(branch.mix[0])[..., 0]


def _weight(layer: nn.Module) -> Tensor:
    assert isinstance(layer.weight, Tensor)
    return layer.weight


def _by_block(x: Tensor) -> Tensor:
    """(k, features, 25) -> (k, 1, 25, features), for all patterns."""
    return x.transpose(1, 2)[:, None]


def _mean_share(mask: Tensor) -> Tensor:
    return mask / mask.sum(-1, keepdim=True).clamp(min=1)


def _top_share(x: Tensor, mask: Tensor) -> Tensor:
    """Which block is the maximum of those in the mask; equal ones share it, as in autograd."""
    masked = x.masked_fill(mask == 0, -torch.inf)
    top = (masked == masked.amax(-1, keepdim=True)) * mask
    return top / top.sum(-1, keepdim=True).clamp(min=1)
