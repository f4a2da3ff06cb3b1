"""A waveform branch of strided convolutions and attention between their tokens.

After the 1-D convolutions with Squeezeformer layers of HMS's third place: convolutions turn 0.2 s
of the 18 derivations into a token, and transformer layers (Vaswani 2017, normalised before each
part as in Xiong 2020) let tokens of the whole window see one another, placed by learned positions
relative to the label. Neither symmetric nor dense: a token sees the whole window.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from nasion.config import ConvTransformer, Model, Waveform
from nasion.errors import NasionError
from nasion.models.convnext import Convolutions
from nasion.models.extractor import PRESENT, Extractor, statistics_of
from nasion.terms import DERIVATIONS
from nasion.windowing import N_BLOCKS, block_length


class Attention(nn.Module):
    """Tokens see one another, then a perceptron sees each; both added to the input."""

    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.ask = nn.Linear(width, 3 * width)
        self.answer = nn.Linear(width, width)
        self.wide = nn.Linear(width, 4 * width)
        self.narrow = nn.Linear(4 * width, width)

    def forward(self, x: Tensor, visible: Tensor) -> Tensor:
        """(batch, tokens, width), tokens to look at (batch, 1, 1, tokens) -> (batch, ...)."""
        projections = self.ask(self.norms[0](x)).unflatten(-1, (3, self.n_heads, -1))
        query, key, value = projections.permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=visible)
        x = x + self.answer(attended.transpose(1, 2).flatten(2))
        return x + self.narrow(functional.gelu(self.wide(self.norms[1](x))))


class ConvTransformerBranch(Extractor):
    """Convolutions, attention, and the statistics of blocks."""

    def __init__(self, settings: ConvTransformer, signal: Waveform, n_features: int) -> None:
        super().__init__()
        self.block_length = block_length(signal.sfreq)
        self.convolutions = Convolutions(
            len(DERIVATIONS),
            settings.channels,
            settings.strides,
            self.block_length,
            "model.conv_transformer",
        )
        width = settings.channels[-1]
        if width % settings.n_heads:
            raise NasionError(
                f"model.conv_transformer.n_heads: must divide the last {width} channels"
            )
        n_tokens = N_BLOCKS * self.convolutions.n_tokens
        self.position = nn.Parameter(0.02 * torch.randn(n_tokens, width))
        self.attention = nn.ModuleList(
            Attention(width, settings.n_heads) for _ in range(settings.n_layers)
        )
        self._add_pooling(2 * width, n_features)

    @classmethod
    def of(cls, model: Model, signal: Waveform) -> "ConvTransformerBranch":
        """Build it by `model.conv_transformer`."""
        return cls(model.conv_transformer, signal, model.n_features)

    @property
    def last_map(self) -> nn.Module:  # type: ignore[override]
        """The convolutions."""
        return self.convolutions

    def statistics(self, waveform: Tensor, present: Tensor, first: int) -> Tensor:
        """Mean and maximum of the tokens; (batch, 18, time) -> (batch, statistics, n)."""
        n_blocks, n_tokens = present.shape[1], self.convolutions.n_tokens
        mask = present >= PRESENT
        x = self.convolutions(waveform, mask)
        x = x.transpose(1, 2) + self.position[first * n_tokens : (first + n_blocks) * n_tokens]
        # A row without any signal may look anywhere: attention to nothing is not a number.
        visible = mask | ~mask.any(1, keepdim=True)
        visible = visible.repeat_interleave(n_tokens, 1)[:, None, None]
        for layer in self.attention:
            x = layer(x, visible)
        blocked = x.transpose(1, 2).unflatten(-1, (n_blocks, n_tokens))
        return statistics_of(blocked)
