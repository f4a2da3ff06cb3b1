"""Attribution by chain: what each row of the montage adds to a pattern's logit.

Grad-CAM has no side where chains are channels or both sides share their weights; this has.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from nasion.models.fusion import Inputs, MultimodalNet, evaluating
from nasion.terms import (
    CHAIN_DERIVATIONS,
    DERIVATIONS,
    PATTERNS,
    SPECTROGRAM_CHAINS,
    Chain,
    Pattern,
)

Array = NDArray[np.float32]

CHAINS = tuple(Chain)
# Row of a derivation or of a chain's image -> its chain.
_OF_DERIVATION = torch.tensor(
    [
        next(i for i, chain in enumerate(CHAINS) if pair in CHAIN_DERIVATIONS[chain])
        for pair in DERIVATIONS
    ]
)
_OF_IMAGE = torch.tensor([CHAINS.index(chain) for chain in SPECTROGRAM_CHAINS])


def occlusion(net: MultimodalNet, inputs: Inputs, pattern: Pattern) -> Array:
    """How far the logit falls without each chain, shape (5,) as `terms.Chain`.

    A chain goes from waveform and images at once: both become 0, which is what a network is given
    for what is missing (in images also about the mean power). Negative: it spoke against the
    pattern.
    """
    n = len(CHAINS)
    rows = torch.arange(n)
    waveform = inputs.waveform.repeat(n + 1, 1, 1)
    waveform[1:][rows[:, None] == _OF_DERIVATION] = 0
    images: dict[str, torch.Tensor] = {}
    for name, image in inputs.images.items():
        images[name] = image.repeat(n + 1, 1, 1, 1)
        images[name][1:][rows[:, None] == _OF_IMAGE] = 0
    # The share of signal stays as it was: a lost chain must not take whole blocks along.
    present = inputs.present.expand(n + 1, -1)
    image_present = {name: value.expand(n + 1) for name, value in inputs.image_present.items()}
    with evaluating(net), torch.no_grad():
        logits = net(Inputs(waveform, present, images, image_present)).logits[
            :, PATTERNS.index(pattern)
        ]
    return (logits[0] - logits[1:]).numpy()


def input_times_gradient(net: MultimodalNet, inputs: Inputs, pattern: Pattern) -> Array:
    """Input times gradient of the logit, summed over each chain, shape (5,) as `terms.Chain`."""
    waveform = inputs.waveform.detach().clone().requires_grad_()
    images = {
        name: value.detach().clone().requires_grad_() for name, value in inputs.images.items()
    }
    tensors = (waveform, *images.values())
    with evaluating(net), torch.enable_grad():
        output = net(Inputs(waveform, inputs.present, images, inputs.image_present))
        logit = output.logits[0, PATTERNS.index(pattern)]
        slopes = torch.autograd.grad(logit, tensors, allow_unused=True)
    total = torch.zeros(len(CHAINS), dtype=waveform.dtype)
    for value, slope in zip(tensors, slopes, strict=True):
        if slope is not None:  # a view or a branch that is not there
            row_index = _OF_DERIVATION if value is waveform else _OF_IMAGE
            total.index_add_(0, row_index, (value * slope)[0].flatten(1).sum(1).detach())
    return total.numpy()
