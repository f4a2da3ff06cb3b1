"""The paper's loss (3.1.2, 3.2): divergence of every head and a term against collapse.

a KL(wave) + a KL(spec) + (1 - 2a) KL(fused) + b Sim(f_wave, f_spec)

The paper prints KL(prediction || target), which is infinite where a class has no votes. The loss
and score of the field, and ours, is KL(target || prediction). Sim acts on the very vectors that
the fused head receives: a private projection would reach the optimum by itself and change nothing.
The cosine's optimum is -1, anti-parallel and so just as redundant as +1; `squared-cosine` and the
others put the optimum at no linear relation.

Against imbalance L may be another objective than KL. With p = softmax(logits) and target t:

`focal`           TV(t, p)^gamma KL(t || p), where TV = sum |t - p| / 2. For a one-hot target TV is
                  1 - p of the right pattern, which gives the focal loss of Lin 2017; for votes its
                  only minimum stays at p = t, and gamma 0 is KL.
`logit-adjusted`  KL(t || softmax(logits + tau log prior)) (Menon 2021), the prior being the mean
                  target of what is learned from. The logits then rank as if all patterns were
                  equally frequent: rare ones are found more often, and the KL divergence on data
                  with the old prior suffers. A uniform prior or tau 0 is KL.
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
    """Mean squared correlation C_ij over the batch of every pair of features i of a and j of b.

    Barlow Twins (Zbontar 2021) is sum_i (1 - C_ii)^2 + lambda sum_(i != j) C_ij^2, with C as here:
    it makes two views of one image agree feature by feature and be otherwise uncorrelated. Features
    of two branches have no partner, and agreement is what is not wanted, so only the second sum is
    left, over all pairs. Unrelated features give 1 / (batch - 1), whatever they are.
    """
    a, b = (functional.normalize(x - x.mean(0), dim=0, eps=1e-6) for x in (a, b))
    return (a.T @ b).square().mean()


def cka(a: Tensor, b: Tensor) -> Tensor:
    """Linear centred kernel alignment of two feature sets over the batch (Kornblith 2019).

    Far above 0 for unrelated features in a small batch (0.80 for 128 features, 32 rows), the more
    so the more dimensions they fill: as a loss term it also rewards features of few dimensions.
    """
    a, b = a - a.mean(0), b - b.mean(0)
    shared = (a.T @ b).square().sum()
    norms = (a.T @ a).square().sum().sqrt() * (b.T @ b).square().sum().sqrt()
    return shared / norms.clamp(min=1e-12)


def debiased_cka(a: Tensor, b: Tensor) -> Tensor:
    """Give `cka` from unbiased estimates (Song 2012): about 0 for unrelated features.

    Cosine of the two Gram matrices after U-centring (Szekely 2014), so within -1 and 1. Needs four
    rows; fewer give 0.
    """
    if len(a) < 4:
        return a.new_zeros(())
    return functional.cosine_similarity(_u_centred(a).flatten(), _u_centred(b).flatten(), dim=0)


def _u_centred(x: Tensor) -> Tensor:
    n = len(x)
    off_diagonal = 1 - torch.eye(n, dtype=x.dtype, device=x.device)
    gram = (x - x.mean(0)) @ (x - x.mean(0)).T * off_diagonal
    rows = gram.sum(1) / (n - 2)
    return (gram - rows[:, None] - rows + rows.sum() / (n - 1)) * off_diagonal


def none(a: Tensor, b: Tensor) -> Tensor:
    """No term at all."""
    return a.new_zeros(())


SIMILARITIES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "cosine": cosine,
    "squared-cosine": squared_cosine,
    "cross-correlation": cross_correlation,
    "cka": cka,
    "debiased-cka": debiased_cka,
    "none": none,
}


def focal(target: Tensor, logits: Tensor, gamma: float) -> Tensor:
    """Divergence of each row, easy rows counting less: (batch, 6), (batch, 6) -> (batch,)."""
    distance = (target - torch.softmax(logits.float(), 1)).abs().sum(1) / 2
    return distance.clamp(min=1e-6) ** gamma * kl(target, logits)


def logit_adjusted(target: Tensor, logits: Tensor, tau: float, prior: Tensor) -> Tensor:
    """Divergence of each row under a prior of shape (6,): (batch, 6), (batch, 6) -> (batch,)."""
    return kl(target, logits.float() + tau * prior.clamp(min=1e-4).log())


def loss(
    output: Output, target: Tensor, weight: Tensor, settings: Loss, prior: Tensor | None = None
) -> Tensor:
    """The paper's loss of a batch, rows weighted; with one modality, its head's objective alone.

    `prior` of shape (6,) is what `logit-adjusted` adjusts for; uniform if not given.
    """

    def objective(logits: Tensor) -> Tensor:
        if settings.objective == "focal":
            return focal(target, logits, settings.gamma)
        if settings.objective == "logit-adjusted" and prior is not None:
            return logit_adjusted(target, logits, settings.tau, prior)
        return kl(target, logits)

    weight = weight / weight.sum()
    parts = {name: (weight * objective(logits)).sum() for name, logits in output.heads.items()}
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
