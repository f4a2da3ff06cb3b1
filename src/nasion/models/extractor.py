"""The contract of a waveform extractor, and the pooling of 2-s blocks that all of them share.

Waveform (batch, 18, 25 blocks of 2 s), 0 where missing, and the share of signal in each block
(batch, 25) in; (batch, n_features) out. Blocks with less signal than `PRESENT` do not count, and
there may be any number of them, so that files of 10 s and of 50 s go through the same network.
Rows do not see one another, and nothing is normalised along time, so amplitude keeps its meaning.

A new extractor gives `statistics`, or `blocks` where a block's statistics come from the waveform
alone, calls `_add_pooling`, and says of itself

`symmetric`
    whether the mirrored EEG gives the same features by construction;
`blockwise`
    whether it has `blocks`;
`dense`
    whether `blocks` once over a recording and `pool` over each 25 of them equals reading every
    window by itself: convolutions see no further than `lost_blocks` and nothing else is added, as
    padding adds at the ends of a window, or causal padding at its beginning;
`lost_blocks`, `lost_before`
    blocks at each end of a waveform that `blocks` cannot fill (they are 0 and do not count), and
    samples before the first place of the last feature map; both 0 where convolutions are padded;
`last_map`
    the layer that gives the last feature map over time, for Grad-CAM; None where there is none;
`explains`
    whether that map has a closed form, from `active`, `compared` and `slope_by_channel`; what
    follows on them is then the pooling as it is here. Padding does not matter to it.

`nasion.config.EXTRACTORS` is the table of their names.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from nasion.config import Model, Waveform
from nasion.terms import CHAIN_DERIVATIONS as CHAINS
from nasion.terms import (
    DERIVATIONS,
    MIRRORED_DERIVATIONS,
)
from nasion.windowing import CENTRE_BLOCKS, N_BLOCKS

PRESENT = 0.5  # share of signal from which a block counts

# The mirrored partner of a derivation, so that a side can be fed with the other one's weights.
LEFT = [DERIVATIONS.index(pair) for c in CHAINS if c.side != "right" for pair in CHAINS[c]]
RIGHT = [MIRRORED_DERIVATIONS[row] for row in LEFT]


class Extractor(nn.Module):
    """Statistics of blocks, made by the network of a subclass, pooled to one feature vector."""

    symmetric = False
    dense = False
    explains = False
    lost_blocks = 0
    lost_before = 0
    last_map: nn.Module | None = None
    block_length: int
    mix: nn.Sequential
    context: nn.ModuleList
    project: nn.Linear

    @classmethod
    def of(cls, model: Model, signal: Waveform) -> "Extractor":
        """Build it as the settings say."""
        raise NotImplementedError

    @property
    def blockwise(self) -> bool:
        """Whether it has `blocks`."""
        return self.dense

    def _add_pooling(self, n_statistics: int, n_features: int) -> None:
        self.mix = nn.Sequential(nn.Conv1d(n_statistics, n_features, 1), nn.GELU())
        self.context = nn.ModuleList(
            nn.Conv1d(n_features, n_features, 3, padding=1) for _ in range(2)
        )
        self.project = nn.Linear(4 * n_features, n_features)

    def forward(self, waveform: Tensor, present: Tensor) -> Tensor:
        """Features of windows: (batch, 18, n_times), (batch, 25) -> (batch, n_features)."""
        return self.between(waveform, present, *self._signal_span(present))

    def between(self, waveform: Tensor, present: Tensor, first: int, stop: int) -> Tensor:
        """`forward` that leaves out blocks before the first and from `stop` on; none counts."""
        part = waveform[..., first * self.block_length : stop * self.block_length]
        statistics = self.statistics(part, present[:, first:stop], first)
        return self.pool(functional.pad(statistics, (first, N_BLOCKS - stop)), present)

    def statistics(self, waveform: Tensor, present: Tensor, first: int) -> Tensor:
        """Statistics of n blocks of windows, the first of which is block `first` of the 25.

        (batch, 18, n * block_length), (batch, n) -> (batch, statistics, n).
        """
        return self.blocks(waveform)

    def blocks(self, waveform: Tensor) -> Tensor:
        """Statistics of whole blocks: (batch, 18, n * block_length) -> (batch, statistics, n)."""
        return self.blocks_of(self.active(waveform))

    def blocks_of(self, active: Tensor) -> Tensor:
        """`blocks` from what is `active` in them; 0 where they cannot be filled."""
        return functional.pad(self.compared(active), (self.lost_blocks,) * 2)

    def active(self, waveform: Tensor) -> Tensor:
        """What the convolutions say in whole blocks.

        (batch, 18, n * block_length) -> (batch, sides, channels, n - 2 lost_blocks, places).
        """
        raise NotImplementedError

    def compared(self, active: Tensor) -> Tensor:
        """Statistics of active blocks: (batch, sides, ...) -> (batch, statistics, blocks)."""
        raise NotImplementedError

    def slope_by_channel(self, active: Tensor, slope: Tensor) -> Tensor:
        """Back through `compared`, for the mean over all places of the last feature map.

        Active (k, 25, sides, channels, places) and slope by statistic (k, 6, 25, statistics)
        -> (k, 6, sides * channels).
        """
        raise NotImplementedError

    def prepare_export(self) -> None:
        """Take the form that runs fastest in onnxruntime and says the same."""

    def _signal_span(self, present: Tensor) -> tuple[int, int]:
        """The blocks that matter to any row: those with signal and what is seen from them.

        Blocks without signal are masked out in `pool`, so leaving them out changes nothing but
        the time it takes: files of 10 s cost a quarter of those of 50 s.
        """
        if self.blockwise and not self.dense:
            return 0, N_BLOCKS
        first, stop = signal_span(present)
        return max(first - self.lost_blocks, 0), min(stop + self.lost_blocks, N_BLOCKS)

    def pool(self, statistics: Tensor, present: Tensor) -> Tensor:
        """(batch, statistics, 25) and (batch, 25) -> (batch, n_features)."""
        return self.join(self.mix(statistics), present)

    def join(self, mixed: Tensor, present: Tensor) -> Tensor:
        """`pool` from what `mix` made of each block: (batch, n_features, 25)."""
        counted = self.counted(present, mixed.dtype)[:, None]
        x = self._in_context(mixed * counted, counted)
        parts = [part for mask in parted(counted) for part in (_mean(x, mask), _maximum(x, mask))]
        return self.project(torch.cat(parts, 1))

    def counted(self, present: Tensor, dtype: torch.dtype) -> Tensor:
        """1 for blocks that count and can be filled, 0 for others: (batch, 25)."""
        mask = (present >= PRESENT).to(dtype)
        if self.lost_blocks:
            ends = (self.lost_blocks,) * 2
            mask = functional.pad(mask[:, self.lost_blocks : -self.lost_blocks], ends)
        return mask

    def _in_context(self, x: Tensor, mask: Tensor) -> Tensor:
        """Let blocks see their neighbours: (batch, n_features, 25), (batch, 1, 25)."""
        for layer in self.context:
            x = (x + functional.gelu(layer(x))) * mask
        return x


def signal_span(present: Tensor) -> tuple[int, int]:
    """First block with signal in any row and the one after the last; all where there is none."""
    blocks = torch.nonzero((present >= PRESENT).any(0))
    return (int(blocks[0]), int(blocks[-1]) + 1) if len(blocks) else (0, N_BLOCKS)


def parted(mask: Tensor) -> tuple[Tensor, Tensor]:
    """Masks of the blocks that count in the labelled centre, and outside of it."""
    in_centre = torch.zeros_like(mask)
    in_centre[..., CENTRE_BLOCKS] = 1
    return mask * in_centre, mask * (1 - in_centre)


def statistics_of(blocked: Tensor) -> Tensor:
    """Mean and maximum: (batch, channels, blocks, time) -> (batch, 2 channels, blocks)."""
    return torch.cat([blocked.mean(-1), blocked.amax(-1)], 1)


def _mean(x: Tensor, mask: Tensor) -> Tensor:
    return (x * mask).sum(-1) / mask.sum(-1).clamp(min=1)


def _maximum(x: Tensor, mask: Tensor) -> Tensor:
    highest = x.masked_fill(mask == 0, -torch.inf).amax(-1)
    return torch.where(mask.sum(-1) > 0, highest, torch.zeros_like(highest))
