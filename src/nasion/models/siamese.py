"""A left-right symmetric waveform branch of fewer than a million parameters ("siamese").

One set of convolutions reads each side of the head (and the midline) by itself. What goes on is
what both sides share: their sum, their absolute difference, and how similar they are: the cosine
of the two sides' activity over 2 s, by groups of channels. Generalized patterns are similar,
lateralized ones are not, whichever side they are on. The idea of comparing sides by a cosine is
that of the fourth place of HMS; the network is our own.

Symmetric by construction. Not dense: convolutions see beyond a block on both sides, and a window's
ends are 0.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from nasion.config import Siamese, Waveform
from nasion.errors import NasionError
from nasion.models.convnext import Convolutions
from nasion.models.extractor import LEFT, PRESENT, RIGHT, Extractor, statistics_of
from nasion.windowing import N_BLOCKS, block_length


class SiameseBranch(Extractor):
    """Shared convolutions over both sides, and the similarity of what they find."""

    symmetric = True

    def __init__(self, settings: Siamese, signal: Waveform, n_features: int) -> None:
        super().__init__()
        self.block_length = block_length(signal.sfreq)
        self.convolutions = Convolutions(
            len(LEFT), settings.channels, settings.strides, self.block_length, "model.siamese"
        )
        width, self.n_groups = settings.channels[-1], settings.n_groups
        if width % self.n_groups:
            raise NasionError(f"model.siamese.n_groups: must divide the last {width} channels")
        # Cosines stay within 1 while activity grows with the EEG: each feature gets its own scale.
        self.scale = nn.Parameter(torch.ones(self.n_groups, 1))
        self._add_pooling(4 * width + self.n_groups, n_features)

    def between(self, waveform: Tensor, present: Tensor, first: int, stop: int) -> Tensor:
        """Features of windows: (batch, 18, n_times), (batch, 25) -> (batch, n_features)."""
        whole = slice(first * self.block_length, stop * self.block_length)
        sides = torch.stack([waveform[:, LEFT, whole], waveform[:, RIGHT, whole]], 1)
        there = present[:, first:stop] >= PRESENT
        active = self.convolutions(sides.flatten(0, 1), there.repeat_interleave(2, 0))
        blocked = active.unflatten(-1, (stop - first, self.convolutions.n_tokens))
        left, right = blocked.unflatten(0, (-1, 2)).unbind(1)
        one, two = statistics_of(left), statistics_of(right)
        similar = self.scale * similarity(left, right, self.n_groups)
        statistics = torch.cat([one + two, (one - two).abs(), similar], 1)
        return self.pool(functional.pad(statistics, (first, N_BLOCKS - stop)), present)


def similarity(left: Tensor, right: Tensor, n_groups: int) -> Tensor:
    """Cosine of the two sides over channels of a group and the times of a block.

    (batch, channels, blocks, time) twice -> (batch, n_groups, blocks), within -1 and 1.
    """
    left, right = (
        x.unflatten(1, (n_groups, -1)).transpose(2, 3).flatten(3).float() for x in (left, right)
    )
    return functional.cosine_similarity(left, right, dim=-1, eps=1e-6)
