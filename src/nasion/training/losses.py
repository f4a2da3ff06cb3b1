"""The paper's loss (3.1.2, 3.2): KL divergence of every head and a term against collapse.

a KL(wave) + a KL(spec) + (1 - 2a) KL(fused) + b Sim(f_wave, f_spec)

The paper prints KL(prediction || target), which is infinite where a class has no votes. The loss
and score of the field, and ours, is KL(target || prediction). Sim acts on the very vectors that
the fused head receives: a private projection would reach the optimum by itself and change nothing.
The cosine's optimum is -1, anti-parallel and so just as redundant as +1; `squared-cosine` and the
others put the optimum at no linear relation.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from nasion.config import Loss
from nasion.models.fusion import Output


def kl(target: Tensor, logits: Tensor) -> Tensor:
    """KL(target || softmax(logits)) of each row: (batch, 6), (batch, 6) -> (batch,)."""
    log_prediction = functional.log_softmax(logits.float(), 1)
    return (torch.xlogy(target, target) - target * log_prediction).sum(1)


def cosine(a: Tensor, b: Tensor) -> Tensor:
    """Mean cosine of matching rows; lowest, -1, where they are anti-parallel."""
    return functional.cosine_similarity(a, b).mean()


def squared_cosine(a: Tensor, b: Tensor) -> Tensor:
    """Mean squared cosine of matching rows; lowest, 0, where they are orthogonal."""
    return functional.cosine_similarity(a, b).square().mean()


def cross_correlation(a: Tensor, b: Tensor) -> Tensor:
    """Mean squared correlation over the batch of every feature pair (after Zbontar 2021)."""
    a, b = (functional.normalize(x - x.mean(0), dim=0, eps=1e-6) for x in (a, b))
    return (a.T @ b).square().mean()


def cka(a: Tensor, b: Tensor) -> Tensor:
    """Linear centred kernel alignment of two feature sets over the batch (Kornblith 2019)."""
    a, b = a - a.mean(0), b - b.mean(0)
    shared = (a.T @ b).square().sum()
    norms = (a.T @ a).square().sum().sqrt() * (b.T @ b).square().sum().sqrt()
    return shared / norms.clamp(min=1e-12)


def none(a: Tensor, b: Tensor) -> Tensor:
    """No term at all."""
    return a.new_zeros(())


SIMILARITIES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "cosine": cosine,
    "squared-cosine": squared_cosine,
    "cross-correlation": cross_correlation,
    "cka": cka,
    "none": none,
}


def loss(output: Output, target: Tensor, weight: Tensor, settings: Loss) -> Tensor:
    """The paper's loss of a batch, rows weighted; with one modality, its head's KL."""
    weight = weight / weight.sum()
    parts = {name: (weight * kl(target, logits)).sum() for name, logits in output.heads.items()}
    if "fused" not in parts:
        return next(iter(parts.values()))
    alpha = settings.alpha
    similarity = SIMILARITIES[settings.similarity]
    a, b = (feature.float() for feature in output.features.values())
    return (
        alpha * parts["waveform"]
        + alpha * parts["spectrogram"]
        + (1 - 2 * alpha) * parts["fused"]
        + settings.beta * similarity(a, b)
    )
