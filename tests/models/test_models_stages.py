"""Stages: the way back through a backbone is that of autograd, where it is known."""

import pytest
import torch
from torch import nn

from nasion.config import parse
from nasion.models.fusion import MultimodalNet
from nasion.models.stages import Stages

Q = 6


def branch_of(backbone, stack="chains"):
    """A branch whose batch norms do something."""
    model = {"spectrogram": {"backbone": backbone, "stack": stack}, "modality": "spectrogram"}
    torch.manual_seed(0)
    branch = MultimodalNet(parse({"model": model}, "test")).spectrogram.double().eval()
    for norm in branch.modules():
        if isinstance(norm, nn.BatchNorm2d):
            for values in (norm.running_mean, norm.bias.data):
                values.normal_(0, 0.3)
            for values in (norm.running_var, norm.weight.data):
                values.uniform_(0.5, 1.5)
    return branch.requires_grad_(requires_grad=False)


@pytest.mark.parametrize(
    ("backbone", "stack"),
    [
        ("test_efficientnet", "repeated"),  # squeeze and excite
        ("tf_efficientnet_lite0", "symmetric"),  # padded by TensorFlow's rule
        ("mobilenetv2_100", "chains"),
    ],
)
@pytest.mark.parametrize("shape", [(50, 80), (37, 41)])
def test_the_slope_is_that_of_autograd_and_the_layer_is_an_eighth(backbone, stack, shape):
    branch = branch_of(backbone, stack)
    stages = Stages.of(branch)
    assert stages is not None
    image = torch.randn(2, 4, *shape, dtype=torch.float64)
    seen = []
    hook = stages.module.register_forward_hook(
        lambda module, given, output: seen.append(output.requires_grad_()) or output
    )
    features = branch.embed(image)
    hook.remove()
    layer, last = stages.layers(image)
    n_rows = shape[0] * (4 if stack == "repeated" else 1)
    assert layer.shape[2:] == (-(-n_rows // 8), -(-shape[1] // 8))
    torch.testing.assert_close(layer, seen[0].detach())
    torch.testing.assert_close(last.mean((2, 3)), features.detach())

    slope = torch.randn(Q, *features.shape, dtype=torch.float64)
    found = stages.slope(layer, slope)
    for number in range(Q):
        (expected,) = torch.autograd.grad(
            (features * slope[number]).sum(), seen[0], retain_graph=True
        )
        assert expected.abs().max() > 0
        torch.testing.assert_close(found[number], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("backbone", ["resnet10t", "test_vit", "convnext_atto"])
def test_a_backbone_whose_way_back_is_not_known_has_none(backbone):
    assert Stages.of(branch_of(backbone)) is None


def test_the_backbone_is_left_as_it_was():
    branch = branch_of("test_efficientnet")
    image = torch.randn(1, 4, 50, 80, dtype=torch.float64)
    before, kept = branch.embed(image), image.clone()
    stages = Stages.of(branch)
    layer, _ = stages.layers(image)
    copy = layer.clone()
    stages.slope(layer, torch.ones(1, *before.shape, dtype=torch.float64))
    assert torch.equal(image, kept)
    assert torch.equal(layer, copy)
    assert torch.equal(branch.embed(image), before)
