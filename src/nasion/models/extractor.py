"""The contract of a waveform extractor, and the pooling of 2-s blocks that all of them share.

Waveform (batch, 18, 25 blocks of 2 s), 0 where missing, and the share of signal in each block
(batch, 25) in; (batch, n_features) out. Blocks with less signal than `PRESENT` do not count, and
there may be any number of them, so that files of 10 s and of 50 s go through the same network.
Rows do not see one another, and nothing is normalised along time, so amplitude keeps its meaning.
An extractor says of itself

`symmetric`
    whether the mirrored EEG gives the same features by construction;
`dense`
    whether `blocks` once over a recording and `pool` over each 25 of them equals reading every
    window by itself.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

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
    mix: nn.Sequential
    context: nn.ModuleList
    project: nn.Linear

    def _add_pooling(self, n_statistics: int, n_features: int) -> None:
        self.mix = nn.Sequential(nn.Conv1d(n_statistics, n_features, 1), nn.GELU())
        self.context = nn.ModuleList(
            nn.Conv1d(n_features, n_features, 3, padding=1) for _ in range(2)
        )
        self.project = nn.Linear(4 * n_features, n_features)

    def forward(self, waveform: Tensor, present: Tensor) -> Tensor:
        """Features of windows: (batch, 18, n_times), (batch, 25) -> (batch, n_features)."""
        return self.between(waveform, present, *self._seen(present))

    def between(self, waveform: Tensor, present: Tensor, first: int, stop: int) -> Tensor:
        """`forward` that leaves out blocks before the first and from `stop` on; none counts."""
        raise NotImplementedError

    def _seen(self, present: Tensor) -> tuple[int, int]:
        return seen(present)

    def pool(self, statistics: Tensor, present: Tensor) -> Tensor:
        """(batch, statistics, 25) and (batch, 25) -> (batch, n_features)."""
        return self.join(self.mix(statistics), present)

    def join(self, mixed: Tensor, present: Tensor) -> Tensor:
        """`pool` from what `mix` made of each block: (batch, n_features, 25)."""
        there = self.counted(present, mixed.dtype)[:, None]
        x = self._in_context(mixed * there, there)
        parts = [part for mask in parted(there) for part in (_mean(x, mask), _maximum(x, mask))]
        return self.project(torch.cat(parts, 1))

    def counted(self, present: Tensor, dtype: torch.dtype) -> Tensor:
        """1 for blocks that count, 0 for others: (batch, 25)."""
        return (present >= PRESENT).to(dtype)

    def _in_context(self, x: Tensor, there: Tensor) -> Tensor:
        """Let blocks see their neighbours: (batch, n_features, 25), (batch, 1, 25)."""
        for layer in self.context:
            x = (x + functional.gelu(layer(x))) * there
        return x


def seen(present: Tensor) -> tuple[int, int]:
    """First block with signal in any row and the one after the last; all where there is none."""
    there = torch.nonzero((present >= PRESENT).any(0))
    return (int(there[0]), int(there[-1]) + 1) if len(there) else (0, N_BLOCKS)


def parted(there: Tensor) -> tuple[Tensor, Tensor]:
    """Masks of the blocks that count in the labelled centre, and outside of it."""
    in_centre = torch.zeros_like(there)
    in_centre[..., CENTRE_BLOCKS] = 1
    return there * in_centre, there * (1 - in_centre)


def statistics_of(blocked: Tensor) -> Tensor:
    """Mean and maximum: (batch, channels, blocks, time) -> (batch, 2 channels, blocks)."""
    return torch.cat([blocked.mean(-1), blocked.amax(-1)], 1)


def _mean(x: Tensor, mask: Tensor) -> Tensor:
    return (x * mask).sum(-1) / mask.sum(-1).clamp(min=1)


def _maximum(x: Tensor, mask: Tensor) -> Tensor:
    highest = x.masked_fill(mask == 0, -torch.inf).amax(-1)
    return torch.where(mask.sum(-1) > 0, highest, torch.zeros_like(highest))
