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

from nasion.config import Model, Siamese, Waveform
from nasion.errors import NasionError
from nasion.models.convnext import Convolutions
from nasion.models.extractor import LEFT, PRESENT, RIGHT, Extractor, statistics_of
from nasion.windowing import block_length


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

    @classmethod
    def of(cls, model: Model, signal: Waveform) -> "SiameseBranch":
        """Build it by `model.siamese`."""
        return cls(model.siamese, signal, model.n_features)

    @property
    def last_map(self) -> nn.Module:  # type: ignore[override]
        """The convolutions."""
        return self.convolutions

    def statistics(self, waveform: Tensor, present: Tensor, first: int) -> Tensor:
        """What the sides have in common and apart; (batch, 18, time) -> (batch, statistics, n)."""
        sides = torch.stack([waveform[:, LEFT], waveform[:, RIGHT]], 1)
        mask = present >= PRESENT
        active = self.convolutions(sides.flatten(0, 1), mask.repeat_interleave(2, 0))
        blocked = active.unflatten(-1, (present.shape[1], self.convolutions.n_tokens))
        left, right = blocked.unflatten(0, (-1, 2)).unbind(1)
        left_stats, right_stats = statistics_of(left), statistics_of(right)
        similar = self.scale * similarity(left, right, self.n_groups)
        return torch.cat(
            [
                left_stats + right_stats,
                (left_stats - right_stats).abs(),
                similar,
            ],
            1,
        )


def similarity(left: Tensor, right: Tensor, n_groups: int) -> Tensor:
    """Cosine of the two sides over channels of a group and the times of a block.

    (batch, channels, blocks, time) twice -> (batch, n_groups, blocks), within -1 and 1.
    """
    left, right = (
        x.unflatten(1, (n_groups, -1)).transpose(2, 3).flatten(3).float() for x in (left, right)
    )
    return functional.cosine_similarity(left, right, dim=-1, eps=1e-6)
