"""Slopes of activation functions, written out: what autograd would find, without it."""

import math
from collections.abc import Callable

import torch
from timm.layers import Sigmoid
from torch import Tensor, nn


def gelu_slope(x: Tensor) -> Tensor:
    """Of GELU."""
    normal = torch.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    return (1 + torch.erf(x / math.sqrt(2))) / 2 + x * normal


def _sigmoid_slope(x: Tensor) -> Tensor:
    gate = torch.sigmoid(x)
    return gate * (1 - gate)


def _silu_slope(x: Tensor) -> Tensor:
    gate = torch.sigmoid(x)
    return gate * (1 + x * (1 - gate))


SLOPES: dict[type[nn.Module], Callable[[Tensor], Tensor]] = {
    nn.Identity: torch.ones_like,
    nn.ReLU: lambda x: (x > 0).to(x.dtype),
    nn.ReLU6: lambda x: ((x > 0) & (x < 6)).to(x.dtype),
    nn.SiLU: _silu_slope,
    nn.Sigmoid: _sigmoid_slope,
    Sigmoid: _sigmoid_slope,
    nn.GELU: gelu_slope,
}
