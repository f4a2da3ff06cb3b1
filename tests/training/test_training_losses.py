"""The loss of the paper, by hand and by law."""

import math

import pytest
import torch

from nasion.config import Loss
from nasion.models.fusion import Output
from nasion.training.losses import (
    SIMILARITIES,
    cka,
    cosine,
    cross_correlation,
    debiased_cka,
    focal,
    kl,
    logit_adjusted,
    loss,
    squared_cosine,
)


def test_kl_of_a_distribution_to_itself_is_zero():
    p = torch.softmax(torch.randn(5, 6), 1)
    torch.testing.assert_close(kl(p, p.log()), torch.zeros(5), atol=1e-6, rtol=0)


def test_kl_is_of_the_target_to_the_prediction():
    target = torch.tensor([[0.5, 0.5, 0, 0, 0, 0]])
    prediction = torch.tensor([[0.25, 0.25, 0.125, 0.125, 0.125, 0.125]])
    assert kl(target, prediction.log()).item() == pytest.approx(math.log(2))


def test_loss_equals_a_hand_worked_example():
    even = torch.zeros(1, 6)
    sure = torch.log(torch.tensor([[0.5, 0.1, 0.1, 0.1, 0.1, 0.1]]))
    output = Output(
        even,
        {"waveform": even, "spectrogram": even, "fused": sure},
        {"waveform": torch.tensor([[1.0, 0.0]]), "spectrogram": torch.tensor([[3.0, 4.0]])},
    )
    target = torch.tensor([[1.0, 0, 0, 0, 0, 0]])
    expected = 0.25 * math.log(6) + 0.25 * math.log(6) + 0.5 * math.log(2) + 0.5 * 0.6
    value = loss(output, target, torch.ones(1), Loss())
    assert value.item() == pytest.approx(expected, rel=1e-6)


def test_rows_are_weighted():
    logits = torch.randn(2, 6)
    output = Output(logits, {"waveform": logits}, {"waveform": torch.zeros(2, 3)})
    target = torch.softmax(torch.randn(2, 6), 1)
    first, second = kl(target, logits)
    value = loss(output, target, torch.tensor([3.0, 1.0]), Loss())
    torch.testing.assert_close(value, 0.75 * first + 0.25 * second)


def votes_and_logits(n_rows=8, seed=0):
    generator = torch.Generator().manual_seed(seed)
    target = torch.rand(n_rows, 6, generator=generator).pow(4)
    return target / target.sum(1, keepdim=True), torch.randn(n_rows, 6, generator=generator)


def test_focal_without_gamma_is_kl():
    target, logits = votes_and_logits()
    torch.testing.assert_close(focal(target, logits, 0.0), kl(target, logits))


def test_focal_of_one_vote_is_that_of_the_literature():
    _, logits = votes_and_logits()
    target = torch.eye(6)[[0, 1, 2, 3, 4, 5, 0, 1]]
    right = (torch.softmax(logits, 1) * target).sum(1)
    expected = -((1 - right) ** 2) * right.log()
    torch.testing.assert_close(focal(target, logits, 2.0), expected)


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_focal_is_lowest_at_the_votes_and_its_gradient_is_a_number_there(gamma):
    target, logits = votes_and_logits()
    best = target.log().requires_grad_()
    at_best = focal(target, best, gamma)
    at_best.sum().backward()
    torch.testing.assert_close(at_best, torch.zeros(8), atol=1e-5, rtol=0)
    assert torch.isfinite(best.grad).all()
    assert (focal(target, logits, gamma) > at_best + 1e-3).all()


def test_logit_adjustment_to_a_uniform_prior_or_none_is_kl():
    target, logits = votes_and_logits()
    uniform, skewed = torch.full((6,), 1 / 6), torch.tensor([0.5, 0.2, 0.1, 0.1, 0.05, 0.05])
    expected = kl(target, logits)
    torch.testing.assert_close(logit_adjusted(target, logits, 1.0, uniform), expected)
    torch.testing.assert_close(logit_adjusted(target, logits, 0.0, skewed), expected)


def test_logit_adjustment_takes_the_prior_out_of_the_logits():
    prior = torch.tensor([0.5, 0.2, 0.1, 0.1, 0.05, 0.05])
    target, _ = votes_and_logits()
    posterior = target * prior / (target * prior).sum(1, keepdim=True)
    torch.testing.assert_close(
        logit_adjusted(posterior, target.log(), 1.0, prior), torch.zeros(8), atol=1e-6, rtol=0
    )
    # A pattern that is never seen has no logarithm of its own.
    never = torch.tensor([0.5, 0.5, 0, 0, 0, 0.0])
    assert torch.isfinite(logit_adjusted(target, target.log(), 1.0, never)).all()


@pytest.mark.parametrize("modality", ["both", "one"])
def test_the_objective_holds_for_every_head(modality):
    target, logits = votes_and_logits()
    names = ("waveform", "spectrogram", "fused")[: 3 if modality == "both" else 1]
    heads = {name: logits * (k + 1) for k, name in enumerate(names)}
    output = Output(logits, heads, dict.fromkeys(("waveform", "spectrogram"), torch.ones(8, 3)))
    weight, prior = torch.ones(8), torch.tensor([0.5, 0.2, 0.1, 0.1, 0.05, 0.05])
    shares = (0.25, 0.25, 0.5) if modality == "both" else (1.0,)
    for name, each in (
        ("kl", kl),
        ("focal", lambda t, z: focal(t, z, 1.5)),
        ("logit-adjusted", lambda t, z: logit_adjusted(t, z, 0.5, prior)),
    ):
        settings = Loss(objective=name, gamma=1.5, tau=0.5, similarity="none")
        expected = sum(
            share * each(target, z).mean() for share, z in zip(shares, heads.values(), strict=True)
        )
        torch.testing.assert_close(loss(output, target, weight, settings, prior), expected)


def test_the_cosine_is_lowest_where_features_are_antiparallel():
    a = torch.randn(8, 4)
    assert cosine(a, -2 * a).item() == pytest.approx(-1)
    free = torch.nn.Parameter(torch.randn(8, 4))
    optimizer = torch.optim.Adam([free], lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        cosine(a, free).backward()
        optimizer.step()
    assert cosine(a, free).item() < -0.99


def test_anti_parallel_features_are_as_redundant_as_parallel_ones():
    a = torch.randn(64, 4)
    assert squared_cosine(a, -a).item() == pytest.approx(1)
    assert cka(a, -a).item() == pytest.approx(1)


def test_cross_correlation_is_that_of_barlow_twins_over_all_pairs():
    generator = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 64, 5, generator=generator).unbind()
    by_hand = torch.tensor([[torch.corrcoef(torch.stack([x, y]))[0, 1] for y in b.T] for x in a.T])
    torch.testing.assert_close(cross_correlation(a, b), by_hand.square().mean())
    # Barlow Twins is lowest where partners agree, and this is not: only its second sum is ours.
    mean_of_unrelated = cross_correlation(*torch.randn(2, 400, 50, generator=generator).unbind())
    assert mean_of_unrelated.item() == pytest.approx(1 / 399, rel=0.1)


def test_cka_is_that_of_the_literature():
    a, b = torch.randn(2, 12, 3, dtype=torch.float64).unbind()
    centring = torch.eye(12, dtype=torch.float64) - 1 / 12
    k, m = (centring @ x @ x.T @ centring for x in (a, b))
    expected = (k * m).sum() / ((k * k).sum() * (m * m).sum()).sqrt()
    torch.testing.assert_close(cka(a, b), expected)


def unbiased_hsic(k, m):
    """Song 2012, equation 5."""
    n = len(k)
    k, m = k - k.diag().diag(), m - m.diag().diag()
    rest = k.sum() * m.sum() / ((n - 1) * (n - 2)) - 2 / (n - 2) * (k @ m).sum()
    return ((k @ m).trace() + rest) / (n * (n - 3))


def test_debiased_cka_is_that_of_the_literature():
    a, b = torch.randn(2, 12, 3, dtype=torch.float64).unbind()
    k, m = a @ a.T, b @ b.T
    expected = unbiased_hsic(k, m) / (unbiased_hsic(k, k) * unbiased_hsic(m, m)).sqrt()
    torch.testing.assert_close(debiased_cka(a, b), expected)


def test_unrelated_features_look_alike_to_cka_in_a_batch_unless_it_is_debiased():
    generator = torch.Generator().manual_seed(0)
    pairs = [torch.randn(2, 32, 128, generator=generator).unbind() for _ in range(20)]
    assert sum(cka(a, b) for a, b in pairs) / 20 > 0.75
    assert abs(sum(debiased_cka(a, b) for a, b in pairs) / 20) < 0.05
    a = pairs[0][0]
    turned = a @ torch.linalg.qr(torch.randn(128, 128, generator=generator))[0]
    assert debiased_cka(a, 3 * turned).item() == pytest.approx(1, abs=1e-4)


def test_debiased_cka_of_few_or_constant_rows_is_a_number():
    for rows in (torch.randn(3, 4), torch.ones(8, 4)):
        rows = rows.clone().requires_grad_()
        value = debiased_cka(rows, torch.randn(len(rows), 4)) + 0 * rows.sum()
        value.backward()
        assert value.item() == 0
        assert torch.isfinite(rows.grad).all()


@pytest.mark.parametrize("name", ["squared-cosine", "cross-correlation", "cka", "debiased-cka"])
def test_others_are_lowest_without_linear_relation(name):
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(1024, 4, generator=generator)
    b = torch.randn(1024, 4, generator=generator)
    similarity = SIMILARITIES[name]
    assert abs(similarity(a, b)) < 0.3 * similarity(a, a)
    assert similarity(a, a @ torch.linalg.qr(torch.randn(4, 4))[0]) > similarity(a, b) or (
        name == "squared-cosine"
    )


def test_every_similarity_gives_gradients_to_both_branches():
    for name, similarity in SIMILARITIES.items():
        a = torch.randn(8, 4, requires_grad=True)
        b = torch.randn(8, 4, requires_grad=True)
        (similarity(a, b) + 0 * (a.sum() + b.sum())).backward()
        if name != "none":
            assert a.grad.abs().sum() > 0
            assert b.grad.abs().sum() > 0
