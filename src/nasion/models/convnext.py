"""Strided 1-D convolutions on the grid of 2-s blocks (after ConvNeXt, Liu 2022).

Strides are whole kernels and divide a block, so that no sample belongs to two tokens; what is
missing is 0 after every layer, just as beyond the window's ends: leaving it out changes nothing.
"""

import math

from torch import Tensor, nn
from torch.nn import functional

from nasion.errors import NasionError

KERNEL = 7


class Layer(nn.Module):
    """Depthwise convolution, then a perceptron at each time; added to its input.

    Channels are normalised at each time, on this side path alone: the sum keeps the amplitude.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(channels, channels, KERNEL, padding=KERNEL // 2, groups=channels)
        self.norm = nn.LayerNorm(channels)
        self.wide = nn.Linear(channels, 4 * channels)
        self.narrow = nn.Linear(4 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, time) -> the same."""
        inner = self.norm(self.depthwise(x).transpose(1, 2))
        return x + self.narrow(functional.gelu(self.wide(inner))).transpose(1, 2)


class Convolutions(nn.Module):
    """Stages of one strided convolution and two layers each."""

    def __init__(
        self,
        in_channels: int,
        channels: tuple[int, ...],
        strides: tuple[int, ...],
        block_length: int,
        section: str,
    ) -> None:
        super().__init__()
        if not strides or len(channels) != len(strides):
            raise NasionError(f"{section}: channels and strides need one number a stage each")
        if min(strides) < 1 or block_length % math.prod(strides):
            raise NasionError(
                f"{section}.strides: their product must divide the {block_length} samples of 2 s"
            )
        self.n_tokens = block_length // math.prod(strides)  # of each block
        self.layers = nn.ModuleList()
        for width, stride in zip(channels, strides, strict=True):
            self.layers.append(nn.Conv1d(in_channels, width, stride, stride))
            self.layers += [Layer(width), Layer(width)]
            in_channels = width

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(batch, in_channels, time), blocks that count (batch, n) -> (batch, channels, tokens)."""
        x = x * _stretched(mask, x)
        for layer in self.layers:
            x = layer(x)
            x = x * _stretched(mask, x)
        return x


def _stretched(mask: Tensor, x: Tensor) -> Tensor:
    times = mask.repeat_interleave(x.shape[-1] // mask.shape[1], 1)
    return times[:, None].to(x.dtype)
