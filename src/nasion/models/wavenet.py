"""The waveform branch: WaveNet (van den Oord 2016) as the paper's section 3.1.1 uses it.

Unpadded ("valid") convolutions over 50 Hz see 2.54 s at a time, nothing is normalised along time,
and what the convolutions say is pooled over blocks of 2 s on a fixed grid. So sliding a window by
2 s over a day equals running the convolutions once and pooling the blocks again and again.

The published network is another setting of the same code. Published are

* causal convolutions (`padding = "causal"`), an output of which sees what was before it and not
  what comes (van den Oord 2016, section 2.1; the paper's 3.1.1);
* the block that EEG took over from Kaggle (`residual = "skip-sum"`; the `wave_block` of
  kaggle.com/c/liverpool-ion-switching/discussion/145256, with 12/8/4/1 layers of 16/32/64/128
  channels): only the gated output goes on, through a convolution of width 1, and the block's
  output is the sum of its input and of all that its layers hand on. Figure 4 of van den Oord 2016
  has this sum and beside it a residual stream from layer to layer, which `residual = "stream"`
  is: each layer sees its predecessors' sum, and there are no other skips.

The packaged weights have neither. What padding adds depends on where a window begins, so the blocks
of a recording are those of its windows for "valid" convolutions alone, of either block.
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from nasion.config import Model, Waveform, WaveNetSettings
from nasion.models.extractor import LEFT, RIGHT, Extractor, statistics_of
from nasion.terms import DERIVATIONS
from nasion.windowing import block_length


class GatedLayer(nn.Module):
    """tanh * sigmoid of a dilated convolution, through one of width 1 (WaveNet, section 2.3)."""

    def __init__(
        self,
        channels: int,
        kernel: int,
        dilation: int,
        padding: Literal["valid", "same", "causal"],
    ) -> None:
        super().__init__()
        self.reach = (kernel - 1) * dilation
        self.before = self.reach if padding == "causal" else self.reach // 2
        self.padded = padding != "valid"
        self.dilated = nn.Conv1d(channels, 2 * channels, kernel, dilation=dilation)
        self.out = nn.Conv1d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, time) -> (batch, channels, time - reach), or as long if padded."""
        if self.padded:
            x = functional.pad(x, (self.before, self.reach - self.before))
        filtered, gate = self.dilated(x).chunk(2, dim=1)
        return self.out(torch.tanh(filtered) * torch.sigmoid(gate))

    def beside(self, x: Tensor) -> Tensor:
        """Cut what goes past the layer to the places that it fills."""
        return x if self.padded else x[..., self.before : x.shape[-1] - self.reach + self.before]


class WaveNet(nn.Module):
    """Blocks of gated layers whose dilation doubles from 1."""

    def __init__(self, in_channels: int, settings: WaveNetSettings) -> None:
        super().__init__()
        modules: list[nn.Module] = []
        for n_layers, channels in zip(settings.layers, settings.channels, strict=True):
            modules.append(nn.Conv1d(in_channels, channels, 1))
            modules += [
                GatedLayer(channels, settings.kernel, 2**power, settings.padding)
                for power in range(n_layers)
            ]
            in_channels = channels
        self.layers = nn.Sequential(*modules)
        self.streams = settings.residual == "stream"
        self.receptive_field = receptive_field(settings)
        self.lost = self.receptive_field - 1 if settings.padding == "valid" else 0

    def forward(self, x: Tensor) -> Tensor:
        """(batch, in_channels, time) -> (batch, channels, time - lost)."""
        total = x
        for layer in self.layers:
            if isinstance(layer, GatedLayer):
                gated = layer(x)
                total = layer.beside(total) + gated
                x = total if self.streams else gated
            else:
                x = total = layer(total)
        return total


def receptive_field(settings: WaveNetSettings) -> int:
    """Input samples that one output sample sees."""
    return 1 + (settings.kernel - 1) * sum(2**n_layers - 1 for n_layers in settings.layers)


class FlatWaveNet(nn.Module):
    """A WaveNet on pictures of one row, which onnxruntime convolves in a third less time.

    Layers keep the length, so that neither the gate nor the sum needs a copy; what padding made
    at either end is cut off at last.
    """

    def __init__(self, net: WaveNet) -> None:
        super().__init__()
        self.layers = net.layers
        self.streams = net.streams
        self.lost = net.lost

    def forward(self, x: Tensor) -> Tensor:
        """(batch, in_channels, time) -> (batch, channels, time - lost)."""
        x, before = x[:, :, None], 0
        total = x
        for layer in self.layers:
            if not isinstance(layer, GatedLayer):
                x = total = _convolved(total, layer)
                continue
            before += layer.before
            wide = functional.pad(x, (layer.before, layer.reach - layer.before))
            half = layer.dilated.out_channels // 2
            filtered = torch.tanh(_convolved(wide, layer.dilated, slice(half)))
            gate = torch.sigmoid(_convolved(wide, layer.dilated, slice(half, None)))
            gated = _convolved(filtered * gate, layer.out)
            total = total + gated
            x = total if self.streams else gated
        total = total[:, :, 0]
        if not self.lost:
            return total
        return total[..., before : total.shape[-1] - (self.lost - before)]


class WaveformBranch(Extractor):
    """WaveNet, statistics of its output over blocks of 2 s, and pooling of the blocks.

    With `hemispheres = "shared"` one WaveNet reads each side (and the midline) by itself; sum,
    absolute difference and co-activation of the two sides go on, so the mirrored EEG gives the
    same features.
    """

    explains = True

    def __init__(self, settings: WaveNetSettings, signal: Waveform, n_features: int) -> None:
        super().__init__()
        self.shared = self.symmetric = settings.hemispheres == "shared"
        n_inputs = len(LEFT) if self.shared else len(DERIVATIONS)
        self.wavenet: WaveNet | FlatWaveNet = WaveNet(n_inputs, settings)
        self.block_length = block_length(signal.sfreq)
        n_lost = self.wavenet.lost
        self.dense = bool(n_lost)
        self.lost_before = n_lost // 2
        self.lost_blocks = -(-self.lost_before // self.block_length)
        width = settings.channels[-1]
        self._add_pooling((5 if self.shared else 2) * width, n_features)

    @classmethod
    def of(cls, model: Model, signal: Waveform) -> "WaveformBranch":
        """Build it by `model.wavenet`."""
        return cls(model.wavenet, signal, model.n_features)

    @property
    def blockwise(self) -> bool:
        """It has `blocks`, padded too; but then they depend on where a window begins or ends."""
        return True

    @property
    def last_map(self) -> nn.Module:  # type: ignore[override]
        """The WaveNet, which ends in its last feature map."""
        return self.wavenet

    def prepare_export(self) -> None:
        """Convolve pictures of one row."""
        assert isinstance(self.wavenet, WaveNet)
        self.wavenet = FlatWaveNet(self.wavenet)

    def active(self, waveform: Tensor) -> Tensor:
        """What the convolutions say in whole blocks.

        (batch, 18, n * block_length) -> (batch, sides, channels, n - 2 lost_blocks, block_length),
        left and right, or one "side" that is both.
        """
        if not self.shared:
            return self._in_blocks(self.wavenet(waveform))[:, None]
        sides = torch.stack([waveform[:, LEFT], waveform[:, RIGHT]], 1)
        return self._in_blocks(self.wavenet(sides.flatten(0, 1))).unflatten(0, (-1, 2))

    def compared(self, active: Tensor) -> Tensor:
        """Statistics of blocks and, where sides share a WaveNet, what they have in common."""
        if not self.shared:
            return statistics_of(active[:, 0])
        left, right = active.unbind(1)
        left_stats, right_stats = statistics_of(left), statistics_of(right)
        product = (left * right).mean(-1)
        return torch.cat([left_stats + right_stats, (left_stats - right_stats).abs(), product], 1)

    def slope_by_channel(self, active: Tensor, slope: Tensor) -> Tensor:
        """Back through `compared`, as `Extractor.slope_by_channel` has it."""
        mean = active.mean(-1)  # (k, 25, sides, channels)
        if self.shared:
            # A step of a whole block: its mean and its highest value rise by as much.
            both_mean, both_highest, mean_apart, highest_apart, product = slope.chunk(5, -1)
            higher = active.amax(-1)
            either = both_mean + both_highest
            difference = (
                mean_apart * torch.sign(mean[:, :, 0] - mean[:, :, 1])[:, None]
                + highest_apart * torch.sign(higher[:, :, 0] - higher[:, :, 1])[:, None]
            )
            left = either + difference + product * mean[:, :, 1][:, None]
            right = either - difference + product * mean[:, :, 0][:, None]
            by_channel = torch.cat([left.sum(2), right.sum(2)], -1)
        else:
            by_channel = sum(slope.chunk(2, -1), torch.zeros(())).sum(2)
        # Grad-CAM's weight is a mean over all places of the map, whether they count or not.
        return by_channel / (active.shape[1] * active.shape[-1] - self.wavenet.lost)

    def _in_blocks(self, active: Tensor) -> Tensor:
        """(batch, channels, time) -> (batch, channels, blocks, block_length)."""
        first = self.lost_blocks * self.block_length - self.lost_before
        n_blocks = (active.shape[-1] + self.wavenet.lost) // self.block_length
        n_blocks -= 2 * self.lost_blocks
        blocks = active[..., first : first + n_blocks * self.block_length]
        return blocks.unflatten(-1, (n_blocks, self.block_length))


def _convolved(x: Tensor, layer: nn.Module, channels: slice = slice(None)) -> Tensor:
    """Some output channels of a 1-D convolution, of pictures of one row."""
    assert isinstance(layer, nn.Conv1d)
    assert layer.bias is not None
    weight, bias = layer.weight[channels, :, None], layer.bias[channels]
    return functional.conv2d(x, weight, bias, dilation=(1, layer.dilation[0]))
