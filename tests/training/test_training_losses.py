"""The loss of the paper, by hand and by law."""

import math

import pytest
import torch

from nasion.config import Loss
from nasion.models.fusion import Output
from nasion.training.losses import SIMILARITIES, cka, cosine, kl, loss, squared_cosine


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


@pytest.mark.parametrize("name", ["squared-cosine", "cross-correlation", "cka"])
def test_others_are_lowest_without_linear_relation(name):
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(4096, 4, generator=generator)
    b = torch.randn(4096, 4, generator=generator)
    similarity = SIMILARITIES[name]
    assert 0 <= similarity(a, b) < 0.3 * similarity(a, a)
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
