"""The contract of waveform extractors, for each of them."""

import pytest
import torch

from nasion.config import ConvTransformer, Model, Siamese, Waveform, WaveNetSettings
from nasion.errors import NasionError
from nasion.models.fusion import extractor
from nasion.models.siamese import similarity
from nasion.terms import MIRRORED_DERIVATIONS
from nasion.windowing import N_BLOCKS

SIGNAL = Waveform()
MODELS = {
    "wavenet": Model(wavenet=WaveNetSettings(channels=(8,)), n_features=16),
    "wavenet-shared": Model(
        wavenet=WaveNetSettings(channels=(8,), hemispheres="shared"), n_features=16
    ),
    "wavenet-gru": Model(
        waveform="wavenet-gru", wavenet=WaveNetSettings(channels=(8,)), gru_width=8, n_features=16
    ),
    "conv-transformer": Model(
        waveform="conv-transformer",
        conv_transformer=ConvTransformer(channels=(8, 16), n_layers=2, n_heads=2),
        n_features=16,
    ),
    "siamese": Model(
        waveform="siamese", siamese=Siamese(channels=(8, 8, 16), n_groups=4), n_features=16
    ),
}


def branch(name, seed=0):
    torch.manual_seed(seed)
    return extractor(MODELS[name], SIGNAL).eval()


def noise(n_rows=3, n_blocks=N_BLOCKS, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n_rows, 18, n_blocks * 100, generator=generator)


def presence():
    """A whole window, the labelled 10 s alone, and a window with a gap and an end."""
    present = torch.ones(3, N_BLOCKS)
    present[1, :10], present[1, 15:] = 0, 0
    present[2, 7:9], present[2, 20:] = 0, 0.4
    return present


def marked(waveform, present):
    return waveform * (present > 0).repeat_interleave(100, 1)[:, None]


@pytest.mark.parametrize("name", MODELS)
def test_batch_of_one_equals_batch_of_many(name):
    net, present = branch(name), presence()
    waveform = marked(noise(), present)
    with torch.inference_mode():
        whole = net(waveform, present)
        assert whole.shape == (3, 16)
        for row in range(3):
            one = net(waveform[row : row + 1], present[row : row + 1])
            torch.testing.assert_close(one[0], whole[row], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_it_says_rightly_whether_the_mirrored_eeg_gives_the_same_features(name):
    net, present = branch(name), presence()
    waveform = marked(noise(), present)
    with torch.inference_mode():
        mirrored = net(waveform[:, torch.as_tensor(MIRRORED_DERIVATIONS)], present)
        same = torch.allclose(net(waveform, present), mirrored, atol=1e-5)
    assert same == net.symmetric == (name in ("wavenet-shared", "siamese"))


@pytest.mark.parametrize("name", MODELS)
def test_missing_electrodes_and_missing_everything_give_numbers(name):
    net, waveform = branch(name).train(), noise()
    waveform[0, :4], waveform[1] = 0, 0
    present = torch.ones(3, N_BLOCKS)
    present[2] = 0
    waveform[2] = 0
    features = net(waveform, present)
    features.sum().backward()
    assert torch.isfinite(features).all()
    assert all(torch.isfinite(p.grad).all() for p in net.parameters())
    assert torch.isfinite(net(waveform[2:], present[2:])).all()


@pytest.mark.parametrize("name", MODELS)
def test_what_lies_in_blocks_that_do_not_count_does_not_matter(name):
    net, present = branch(name), torch.ones(3, N_BLOCKS)
    present[:, 18:] = 0
    waveform, changed = noise(), noise()
    changed[..., 20 * 100 :] = 99.0  # beyond the reach of the last block that counts
    with torch.inference_mode():
        torch.testing.assert_close(net(waveform, present), net(changed, present))


@pytest.mark.parametrize("name", MODELS)
def test_the_gradient_reaches_every_weight(name):
    net = branch(name).train()
    weights = torch.randn(3, 16, generator=torch.Generator().manual_seed(1))
    (net(noise(), presence()) * weights).sum().backward()
    for key, parameter in net.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.abs().sum() > 0, key


@pytest.mark.parametrize("name", MODELS)
def test_half_precision_gives_about_the_same_and_gradients(name):
    net, present = branch(name), presence()
    waveform = marked(noise(), present)
    with torch.autocast("cpu", torch.bfloat16):
        half = net(waveform, present)
        half.float().square().sum().backward()
    whole = net(waveform, present)
    assert (half - whole).abs().max() < 0.1 * whole.abs().max()
    assert all(torch.isfinite(p.grad).all() for p in net.parameters())


@pytest.mark.parametrize("name", ["wavenet-shared", "wavenet-gru"])
def test_dense_reading_equals_windows_where_it_says_so(name):
    net, present = branch(name), torch.ones(1, N_BLOCKS)
    assert net.dense
    recording = noise(1, 34)
    with torch.inference_mode():
        dense = net.blocks(recording)
        for first in (1, 4, 8):
            window = recording[..., first * 100 : (first + N_BLOCKS) * 100]
            pooled = net.pool(dense[..., first : first + N_BLOCKS], present)
            torch.testing.assert_close(pooled, net(window, present), atol=1e-5, rtol=1e-5)


def test_the_others_do_not_claim_it():
    for padding in ("same", "causal"):
        padded = Model(wavenet=WaveNetSettings(channels=(8,), padding=padding))
        assert not extractor(padded, SIGNAL).dense
    assert not branch("conv-transformer").dense
    assert not branch("siamese").dense


def test_the_central_seconds_are_told_from_their_context():
    burst = torch.zeros(1, 18, N_BLOCKS * 100)
    burst[..., 1100:1300] = noise(1, 2)
    present = torch.ones(1, N_BLOCKS)
    for name in MODELS:
        net = branch(name)
        with torch.inference_mode():
            here, moved = (net(torch.roll(burst, shift, -1), present) for shift in (0, 800))
        assert (here - moved).norm() > 1e-3, name


def test_similarity_of_sides_is_a_cosine():
    left = torch.randn(2, 8, 5, 3)
    for other, expected in ((3 * left, 1.0), (-left, -1.0), (0 * left, 0.0)):
        found = similarity(left, other, 4)
        torch.testing.assert_close(found, torch.full((2, 4, 5), expected))
    assert similarity(left, torch.randn(2, 8, 5, 3), 4).abs().max() <= 1


@pytest.mark.parametrize("name", ["conv-transformer", "siamese"])
@pytest.mark.parametrize("sfreq", [40.0, 100.0])
def test_other_sampling_rates_keep_the_grid(name, sfreq):
    signal = Waveform(band_hz=(0.5, 19.0), sfreq=sfreq)
    net = extractor(MODELS[name], signal).eval()
    waveform = torch.randn(1, 18, round(50 * sfreq))
    assert net(waveform, torch.ones(1, N_BLOCKS)).shape == (1, 16)


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (Model(waveform="siamese", siamese=Siamese(strides=(3, 2, 5))), "must divide the 100"),
        (Model(waveform="siamese", siamese=Siamese(strides=(2, 5))), "one number a stage"),
        (Model(waveform="siamese", siamese=Siamese(n_groups=7)), "n_groups"),
        (
            Model(waveform="conv-transformer", conv_transformer=ConvTransformer(strides=(2, 7))),
            r"model\.conv_transformer\.strides",
        ),
        (
            Model(waveform="conv-transformer", conv_transformer=ConvTransformer(n_heads=5)),
            "n_heads",
        ),
    ],
)
def test_what_cannot_be_built_is_refused_in_one_line(model, why):
    with pytest.raises(NasionError, match=why) as caught:
        extractor(model, SIGNAL)
    assert "\n" not in str(caught.value)


def test_the_symmetric_net_stays_small():
    net = extractor(Model(waveform="siamese"), SIGNAL)
    assert sum(p.numel() for p in net.parameters()) < 1_000_000
