"""The waveform branch: WaveNet (van den Oord 2016) as the paper's section 3.1.1 uses it.

Unpadded ("valid") convolutions over 50 Hz see 2.54 s at a time, nothing is normalised along time,
and what the convolutions say is pooled over blocks of 2 s on a fixed grid. So sliding a window by
2 s over a day equals running the convolutions once and pooling the blocks again and again. The
published deep network (12/8/4/1 layers, padded) is another setting of the same code.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from nasion.config import Waveform
from nasion.config import WaveNet as WaveNetSettings
from nasion.models.extractor import LEFT, RIGHT, Extractor, seen, statistics_of
from nasion.terms import DERIVATIONS
from nasion.windowing import N_BLOCKS, block_length


class GatedLayer(nn.Module):
    """tanh * sigmoid of a dilated convolution, added to its input (WaveNet, section 2.3)."""

    def __init__(self, channels: int, kernel: int, dilation: int, *, padded: bool) -> None:
        super().__init__()
        self.reach = (kernel - 1) * dilation
        self.padded = padded
        self.dilated = nn.Conv1d(channels, 2 * channels, kernel, dilation=dilation)
        self.out = nn.Conv1d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, time) -> (batch, channels, time - reach), or as long if padded."""
        left = self.reach // 2
        if self.padded:
            wide, inner = functional.pad(x, (left, self.reach - left)), x
        else:
            wide, inner = x, x[..., left : x.shape[-1] - (self.reach - left)]
        filtered, gate = self.dilated(wide).chunk(2, dim=1)
        return inner + self.out(torch.tanh(filtered) * torch.sigmoid(gate))


class WaveNet(nn.Module):
    """Blocks of gated layers whose dilation doubles from 1."""

    def __init__(self, in_channels: int, settings: WaveNetSettings) -> None:
        super().__init__()
        padded = settings.padding == "same"
        modules: list[nn.Module] = []
        for n_layers, channels in zip(settings.layers, settings.channels, strict=True):
            modules.append(nn.Conv1d(in_channels, channels, 1))
            modules += [
                GatedLayer(channels, settings.kernel, 2**power, padded=padded)
                for power in range(n_layers)
            ]
            in_channels = channels
        self.layers = nn.Sequential(*modules)
        self.receptive_field = receptive_field(settings)
        self.lost = 0 if padded else self.receptive_field - 1

    def forward(self, x: Tensor) -> Tensor:
        """(batch, in_channels, time) -> (batch, channels, time - lost)."""
        return self.layers(x)


def receptive_field(settings: WaveNetSettings) -> int:
    """Input samples that one output sample sees."""
    return 1 + (settings.kernel - 1) * sum(2**n_layers - 1 for n_layers in settings.layers)


class WaveformBranch(Extractor):
    """WaveNet, statistics of its output over blocks of 2 s, and pooling of the blocks.

    With `hemispheres = "shared"` one WaveNet reads each side (and the midline) by itself; sum,
    absolute difference and co-activation of the two sides go on, so the mirrored EEG gives the
    same features.
    """

    def __init__(self, settings: WaveNetSettings, signal: Waveform, n_features: int) -> None:
        super().__init__()
        self.shared = self.symmetric = settings.hemispheres == "shared"
        n_inputs = len(LEFT) if self.shared else len(DERIVATIONS)
        self.wavenet = WaveNet(n_inputs, settings)
        self.dense = bool(self.wavenet.lost)
        self.block_length = block_length(signal.sfreq)
        width = settings.channels[-1]
        self._add_pooling((5 if self.shared else 2) * width, n_features)

    def between(self, waveform: Tensor, present: Tensor, first: int, stop: int) -> Tensor:
        """Features of windows: (batch, 18, n_times), (batch, 25) -> (batch, n_features)."""
        length = self.block_length
        statistics = self.blocks(waveform[..., first * length : stop * length])
        return self.pool(functional.pad(statistics, (first, N_BLOCKS - stop)), present)

    def _seen(self, present: Tensor) -> tuple[int, int]:
        """The blocks that matter to any row: those with signal and what their convolutions see.

        Blocks without signal are masked out in `pool`, so leaving them out changes nothing but
        the time it takes: files of 10 s cost a quarter of those of 50 s.
        """
        if not self.lost_blocks:
            return 0, N_BLOCKS
        first, stop = seen(present)
        return max(first - self.lost_blocks, 0), min(stop + self.lost_blocks, N_BLOCKS)

    def blocks(self, waveform: Tensor) -> Tensor:
        """Statistics of whole blocks: (batch, 18, n * block_length) -> (batch, statistics, n).

        Blocks at either end that unpadded convolutions cannot fill are 0.
        """
        statistics = self.compared(self.active(waveform))
        missing = (self.lost_blocks,) * 2
        return functional.pad(statistics, missing)

    def active(self, waveform: Tensor) -> Tensor:
        """What the convolutions say in whole blocks.

        (batch, 18, n * block_length) -> (batch, sides, channels, n - 2 lost_blocks, block_length),
        left and right, or one "side" that is both.
        """
        if not self.shared:
            return self._blocked(self.wavenet(waveform))[:, None]
        sides = torch.stack([waveform[:, LEFT], waveform[:, RIGHT]], 1)
        return self._blocked(self.wavenet(sides.flatten(0, 1))).unflatten(0, (-1, 2))

    def compared(self, active: Tensor) -> Tensor:
        """Statistics of blocks and, where sides share a WaveNet, what they have in common."""
        if not self.shared:
            return statistics_of(active[:, 0])
        left, right = active.unbind(1)
        one, two = statistics_of(left), statistics_of(right)
        together = (left * right).mean(-1)
        return torch.cat([one + two, (one - two).abs(), together], 1)

    @property
    def lost_blocks(self) -> int:
        """Blocks at each end of a signal that the convolutions cannot fill."""
        return -(-self.wavenet.lost // 2 // self.block_length)

    def _blocked(self, active: Tensor) -> Tensor:
        """(batch, channels, time) -> (batch, channels, blocks, block_length)."""
        before = self.wavenet.lost // 2
        first = self.lost_blocks * self.block_length - before
        n_blocks = (active.shape[-1] + self.wavenet.lost) // self.block_length
        n_blocks -= 2 * self.lost_blocks
        whole = active[..., first : first + n_blocks * self.block_length]
        return whole.unflatten(-1, (n_blocks, self.block_length))

    def counted(self, present: Tensor, dtype: torch.dtype) -> Tensor:
        """As for any extractor, without the blocks at a window's ends that are lost."""
        there = super().counted(present, dtype)
        if self.lost_blocks:
            ends = (self.lost_blocks,) * 2
            there = functional.pad(there[:, self.lost_blocks : -self.lost_blocks], ends)
        return there
