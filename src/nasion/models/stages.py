"""The upper stages of a convolutional backbone, and the way back through them without autograd.

The last feature maps of a small image are a handful of cells, each of which sees all of it. Maps
are therefore made of the layer at an eighth of the image's resolution, and what lies above it is
gone back through layer by layer: convolutions, batch norms in evaluation, activations, means, sums
and products. A backbone with other layers there has no such stages.
"""

import operator
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from timm.layers import BatchNormAct2d, Conv2dSame, DropPath, SelectAdaptivePool2d
from timm.layers.padding import get_same_padding
from torch import Tensor, fx, nn
from torch.nn import functional

from nasion.models.slopes import SLOPES
from nasion.models.spectrogram_net import SpectrogramBranch, stacked

REDUCTION = 8
_UNCHANGED = nn.Identity, nn.Dropout, DropPath  # in evaluation


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        whole = isinstance(m, BatchNormAct2d | SelectAdaptivePool2d)
        return whole or not list(m.children())


@dataclass(frozen=True)
class Stages:
    """What a backbone makes of one layer.

    Parameters
    ----------
    backbone
        A timm model without a classifier.
    stack
        How chains become its picture.
    layer
        The name of the module whose output the maps are made of.
    index
        Its place among the features that timm names.
    nodes
        The layer's output, and all that comes after it up to the last feature maps.
    """

    backbone: Any
    stack: str
    layer: str
    index: int
    nodes: tuple[fx.Node, ...]

    @classmethod
    def of(cls, branch: SpectrogramBranch) -> "Stages | None":
        """The stages of a branch's backbone, where the way back is known."""
        backbone = branch.backbone
        info = getattr(backbone, "feature_info", None) or []
        named = list(enumerate(getattr(info, "info", info)))
        if branch.canvas is not None:
            return None
        if not (
            layers := [(i, row["module"]) for i, row in named if row["reduction"] == REDUCTION]
        ):
            return None
        index, layer = layers[-1]
        try:
            nodes = list(_Tracer().trace(backbone).nodes)
        except (TypeError, ValueError, RuntimeError, fx.proxy.TraceError):
            return None  # it decides by values, as a single pass cannot
        inside = [
            i for i, node in enumerate(nodes) if layer in node.meta.get("nn_module_stack", {})
        ]
        pools = [
            i
            for i, node in enumerate(nodes)
            if isinstance(_module(backbone, node), SelectAdaptivePool2d)
        ]
        if not (inside and pools):
            return None
        upper = nodes[inside[-1] : pools[-1]]
        if not all(_known(backbone, node) and set(node.all_input_nodes) <= set(upper)
                   for node in upper[1:]):  # fmt: skip
            return None
        return cls(backbone, branch.stack, layer, index, tuple(upper))

    @property
    def module(self) -> nn.Module:
        """The layer itself."""
        return self.backbone.get_submodule(self.layer)

    def layers(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The layer and the last feature maps of one view, (batch, 4, freq, time)."""
        picture = stacked(image, self.stack)
        last, (layer,) = self.backbone.forward_intermediates(picture, indices=[self.index])
        return layer, last

    def slope(self, layer: Tensor, slope: Tensor) -> Tensor:
        """Slope by every value of the layer, of quantities whose slope by the features is known.

        Parameters
        ----------
        layer
            (k, channels, height, width).
        slope
            (q, k, n_features): of q quantities by the means of the last feature maps.

        Returns
        -------
        (q, k, channels, height, width).
        """
        first, *rest = self.nodes
        values = {first: layer}
        for node in rest:
            values[node] = self._value(node, values)
        height, width = values[rest[-1]].shape[2:]
        even = slope[..., None, None] / (height * width)
        slopes = {rest[-1]: even.expand(*[-1] * 3, height, width)}
        for node in reversed(rest):
            for source, part in self._back(node, values, slopes.pop(node)):
                slopes[source] = slopes[source] + part if source in slopes else part
        return slopes[first]

    def _value(self, node: fx.Node, values: dict[fx.Node, Tensor]) -> Tensor:
        given: Any = fx.map_arg(node.args, values.__getitem__)
        if (module := _module(self.backbone, node)) is not None:
            # The way back needs what an activation was given, which it may write over.
            result = module(given[0].clone() if getattr(module, "inplace", False) else given[0])
        elif node.op == "call_method":
            result = given[0].mean((2, 3), keepdim=True)
        else:
            assert callable(node.target)
            result = node.target(*given)
        assert isinstance(result, Tensor)
        return result

    def _back(
        self, node: fx.Node, values: dict[fx.Node, Tensor], slope: Tensor
    ) -> Iterator[tuple[fx.Node, Tensor]]:
        """Slopes by what a node was given."""
        sources = node.all_input_nodes
        given = values[sources[0]]
        if node.op == "call_method":
            height, width = given.shape[2:]
            yield sources[0], slope.expand(*[-1] * 3, height, width) / (height * width)
        elif node.op == "call_function":
            for source, other in zip(sources, reversed(sources), strict=True):
                part = slope if node.target is operator.add else slope * values[other]
                yield source, _as_wide(part, values[source])
        else:
            yield sources[0], _module_slope(_module(self.backbone, node), given, slope)


def _module(backbone: nn.Module, node: fx.Node) -> nn.Module | None:
    return backbone.get_submodule(str(node.target)) if node.op == "call_module" else None


def _known(backbone: nn.Module, node: fx.Node) -> bool:
    """Whether the way back through a node is written here."""
    if node.op == "call_method":
        whole = tuple(node.args[1:]) == ((2, 3),) and node.kwargs == {"keepdim": True}
        return node.target == "mean" and whole
    if node.op == "call_function":
        two = len(node.args) == 2 and len(set(node.args)) == len(node.all_input_nodes) == 2
        return node.target in (operator.add, operator.mul) and two
    module = _module(backbone, node)
    if isinstance(module, nn.Conv2d):
        return isinstance(module.padding, tuple) and module.padding_mode == "zeros"
    if isinstance(module, BatchNormAct2d):
        return type(module.act) in SLOPES and module.running_mean is not None
    return isinstance(module, (*_UNCHANGED, nn.BatchNorm2d)) or type(module) in SLOPES


def _module_slope(module: nn.Module | None, given: Tensor, slope: Tensor) -> Tensor:
    if isinstance(module, _UNCHANGED):
        return slope
    if isinstance(module, nn.Conv2d):
        return _convolution_slope(module, given, slope)
    if isinstance(module, nn.BatchNorm2d):
        return _norm_slope(module, given, slope)
    assert module is not None
    return slope * SLOPES[type(module)](given)


def _convolution_slope(conv: nn.Conv2d, given: Tensor, slope: Tensor) -> Tensor:
    pads = _pads_before(conv, given)
    wide = functional.conv_transpose2d(
        slope.flatten(0, 1),
        conv.weight,
        stride=conv.stride,
        groups=conv.groups,
        dilation=conv.dilation,
    )
    # Off with the padding; what no step reached has no slope.
    height, width = given.shape[2:]
    below = height + pads[0] - wide.shape[2]
    right = width + pads[1] - wide.shape[3]
    if pads != (0, 0) or (below, right) != (0, 0):
        wide = functional.pad(wide, (-pads[1], right, -pads[0], below))
    return wide.unflatten(0, (len(slope), -1))


def _pads_before(conv: nn.Conv2d, given: Tensor) -> tuple[int, int]:
    """Zeros above and left of what a convolution is given."""
    if isinstance(conv, Conv2dSame):
        steps = zip(given.shape[2:], conv.kernel_size, conv.stride, conv.dilation, strict=True)
        above, left = (get_same_padding(*step) // 2 for step in steps)
    else:
        above, left = (int(pad) for pad in conv.padding)
    return above, left


def _norm_slope(norm: nn.BatchNorm2d, given: Tensor, slope: Tensor) -> Tensor:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    if isinstance(norm, BatchNormAct2d) and not isinstance(norm.act, nn.Identity):
        shift = norm.bias - norm.running_mean * scale
        before = given * _by_channel(scale) + _by_channel(shift)
        slope = slope * SLOPES[type(norm.act)](before)
    return slope * _by_channel(scale)


def _by_channel(values: Tensor) -> Tensor:
    return values[:, None, None]


def _as_wide(slope: Tensor, value: Tensor) -> Tensor:
    """Sum over places where the value was spread over them."""
    spread = value.shape[2:] == (1, 1) and slope.shape[3:] != (1, 1)
    return slope.sum((-2, -1), keepdim=True) if spread else slope
