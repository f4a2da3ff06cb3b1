"""WaveNet with a recurrent head: a GRU (Cho 2014) in both directions over the blocks of 2 s.

Convolutions and statistics of blocks are those of `wavenet`, so it is as symmetric and as dense as
that is: the GRU belongs to the pooling of 25 blocks and starts anew in every window.
"""

import torch
from torch import Tensor, nn

from nasion.config import Model, Waveform, WaveNetSettings
from nasion.models.wavenet import WaveformBranch


class RecurrentBranch(WaveformBranch):
    """Blocks see one another through a GRU, which is also told where there are any."""

    explains = False  # recurrence has no closed form here

    def __init__(
        self, settings: WaveNetSettings, n_hidden: int, signal: Waveform, n_features: int
    ) -> None:
        super().__init__(settings, signal, n_features)
        self.context = nn.ModuleList()  # the GRU takes its place
        self.gru = nn.GRU(n_features + 1, n_hidden, batch_first=True, bidirectional=True)
        self.answer = nn.Linear(2 * n_hidden, n_features)

    @classmethod
    def of(cls, model: Model, signal: Waveform) -> "RecurrentBranch":
        """Build it by `model.wavenet` and `model.gru_width`."""
        return cls(model.wavenet, model.gru_width, signal, model.n_features)

    def _in_context(self, x: Tensor, mask: Tensor) -> Tensor:
        # Recurrent kernels want one precision throughout.
        with torch.autocast(x.device.type, enabled=False):
            sequence = torch.cat([x, mask], 1).transpose(1, 2).float()
            states, _ = self.gru(sequence)
            return (x + self.answer(states).transpose(1, 2)) * mask
