"""The waveform branch: what it sees, and that dense reading equals windows."""

import numpy as np
import pytest
import torch

from nasion.config import Waveform, WaveNetSettings
from nasion.models.wavenet import FlatWaveNet, WaveformBranch, WaveNet, receptive_field
from nasion.terms import MIRRORED_DERIVATIONS
from nasion.windowing import N_BLOCKS

SIGNAL = Waveform()
SMALL = WaveNetSettings(channels=(8,))


def branch(settings=SMALL, seed=0):
    torch.manual_seed(seed)
    return WaveformBranch(settings, SIGNAL, 16).eval()


def noise(n_rows=2, n_blocks=N_BLOCKS, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n_rows, 18, n_blocks * 100, generator=generator)


def test_default_receptive_field_is_two_and_a_half_seconds():
    assert receptive_field(WaveNetSettings()) == 127
    assert 2 <= receptive_field(WaveNetSettings()) / SIGNAL.sfreq <= 3


def made(layers, padding, residual):
    torch.manual_seed(0)
    channels = tuple(6 + 2 * block for block in range(len(layers)))
    return WaveNet(
        18, WaveNetSettings(layers=layers, channels=channels, padding=padding, residual=residual)
    )


@pytest.mark.parametrize("residual", ["stream", "skip-sum"])
@pytest.mark.parametrize("layers", [(6,), (3,), (4, 2)])
@pytest.mark.parametrize(("padding", "place"), [("valid", 0.0), ("same", 0.5), ("causal", 1.0)])
def test_an_output_sees_its_receptive_field_and_a_causal_one_no_future(
    layers, residual, padding, place
):
    net = made(layers, padding, residual)
    x = torch.randn(1, 18, 400, requires_grad=True)
    at = 200
    net(x)[0, :, at].sum().backward()
    seen = torch.nonzero(x.grad[0].abs().sum(0))[:, 0].tolist()
    first = at - round(place * (net.receptive_field - 1))
    assert (seen[0], seen[-1]) == (first, first + net.receptive_field - 1)
    assert padding != "causal" or seen[-1] == at


@pytest.mark.parametrize("padding", ["same", "causal"])
def test_the_published_block_hands_on_the_gate_and_adds_up_its_layers(padding):
    net = made((4, 2), padding, "skip-sum")
    x = torch.randn(2, 18, 300)
    with torch.inference_mode():
        expected, last = x, None
        for layer in net.layers:
            if isinstance(layer, torch.nn.Conv1d):
                expected = last = layer(expected)
                continue
            reach = 2 * layer.dilated.dilation[0]
            before = reach if padding == "causal" else reach // 2
            wide = torch.nn.functional.pad(last, (before, reach - before))
            filtered, gate = layer.dilated(wide).chunk(2, 1)
            last = layer.out(filtered.tanh() * gate.sigmoid())
            expected = expected + last
        torch.testing.assert_close(net(x), expected)


@pytest.mark.parametrize("residual", ["stream", "skip-sum"])
@pytest.mark.parametrize("padding", ["valid", "same", "causal"])
def test_the_exported_form_says_the_same(padding, residual):
    net = made((4, 2), padding, residual)
    x = torch.randn(2, 18, 300)
    with torch.inference_mode():
        said = net(x)
        torch.testing.assert_close(FlatWaveNet(net)(x), said)
    assert said.shape[-1] == 300 - net.lost


def test_published_depth_is_a_setting():
    paper = WaveNetSettings(layers=(12, 8, 4, 1), channels=(4, 4, 4, 4), padding="causal")
    net = branch(paper)
    dilations = [m.dilated.dilation[0] for m in net.wavenet.layers if hasattr(m, "dilated")]
    assert max(dilations) == 2048
    assert len(dilations) == 25
    assert net(noise(), torch.ones(2, N_BLOCKS)).shape == (2, 16)


@pytest.mark.parametrize("residual", ["stream", "skip-sum"])
@pytest.mark.parametrize("hemispheres", ["stacked", "shared"])
def test_dense_blocks_equal_those_of_windows(hemispheres, residual):
    net = branch(WaveNetSettings(channels=(8,), hemispheres=hemispheres, residual=residual))
    assert net.dense
    recording = noise(1, 60)
    with torch.inference_mode():
        dense = net.blocks(recording)
        for first in (0, 7, 35):
            window = recording[..., first * 100 : (first + N_BLOCKS) * 100]
            inner = slice(net.lost_blocks, -net.lost_blocks)
            torch.testing.assert_close(
                dense[..., first : first + N_BLOCKS][..., inner],
                net.blocks(window)[..., inner],
                atol=1e-5,
                rtol=1e-5,
            )


def test_pooling_dense_blocks_equals_predicting_windows():
    net, present = branch(), torch.ones(1, N_BLOCKS)
    recording = noise(1, 40)
    with torch.inference_mode():
        dense = net.blocks(recording)
        for first in range(1, 15, 3):
            window = recording[..., first * 100 : (first + N_BLOCKS) * 100]
            torch.testing.assert_close(
                net.pool(dense[..., first : first + N_BLOCKS], present),
                net(window, present),
                atol=1e-5,
                rtol=1e-5,
            )


def test_leaving_out_what_nobody_sees_changes_nothing():
    net = branch()
    waveform, present = noise(), torch.zeros(2, N_BLOCKS)
    present[0, 10:15], present[1, 9:14] = 1, 1
    marked = present.repeat_interleave(100, 1)[:, None]
    with torch.inference_mode():
        short = net(waveform * marked, present)
        whole = net.pool(net.blocks(waveform * marked), present)
    torch.testing.assert_close(short, whole, atol=1e-5, rtol=1e-5)


def test_absent_blocks_do_not_matter():
    net = branch()
    waveform, present = noise(), torch.ones(2, N_BLOCKS)
    present[:, 18:] = 0
    changed = waveform.clone()
    changed[..., 20 * 100 :] = 99.0
    with torch.inference_mode():
        torch.testing.assert_close(net(waveform, present), net(changed, present))


def test_shared_hemispheres_are_symmetric():
    net = branch(WaveNetSettings(channels=(8,), hemispheres="shared"))
    waveform, present = noise(), torch.ones(2, N_BLOCKS)
    mirrored = waveform[:, np.asarray(MIRRORED_DERIVATIONS)]
    with torch.inference_mode():
        torch.testing.assert_close(net(waveform, present), net(mirrored, present))
    stacked = branch()
    with torch.inference_mode():
        assert not torch.allclose(stacked(waveform, present), stacked(mirrored, present))


def test_centre_and_context_are_told_apart():
    net, present = branch(), torch.ones(1, N_BLOCKS)
    burst = torch.zeros(1, 18, N_BLOCKS * 100)
    burst[..., 1100:1300] = noise(1, 2)
    with torch.inference_mode():
        features = [net(torch.roll(burst, shift, -1), present) for shift in (0, 100, 800)]
    centre_moved = (features[0] - features[1]).norm()
    left_centre = (features[0] - features[2]).norm()
    assert left_centre > 5 * centre_moved
