"""Grad-CAM: right in time and value, other for other weights, and gone without a trace."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
from explained_scenes import inputs_of, planted, small

from hms_folder import noise
from nasion.explanation.gradcam import gradcam, mean_maps, positive
from nasion.explanation.route import WAVEFORM, routes
from nasion.models.fusion import Inputs
from nasion.terms import PATTERNS, Pattern
from nasion.windowing import Window, Windows

SFREQ = 50
BLOCK = 2 * SFREQ
KINDS = {
    "plain": {},
    "shared": {"wavenet": {"hemispheres": "shared"}, "spectrogram": {"stack": "symmetric"}},
    "padded": {"wavenet": {"padding": "same", "layers": [4, 3], "channels": [8, 6]}},
    "causal": {
        "wavenet": {"padding": "causal", "residual": "skip-sum", "layers": [4], "channels": [6]}
    },
    "tiled": {"spectrogram": {"stack": "repeated"}},
    "waveform": {"modality": "waveform"},
    "spectrogram": {"modality": "spectrogram"},
    "resnet": {"spectrogram": {"backbone": "resnet10t"}},
    "recurrent": {"waveform": "wavenet-gru"},
    "attention": {"waveform": "conv-transformer"},
    "siamese": {"waveform": "siamese"},
}


def silent_but(sample, height=3.0, channel=4, n_times=25 * BLOCK):
    """A silent window with one impulse, for a net of the waveform alone."""
    waveform = np.zeros((18, n_times), np.float32)
    waveform[channel, sample] = height
    images = {
        "centre": np.zeros((4, 50, 80), np.float32),
        "window": np.zeros((4, 50, 100), np.float32),
    }
    return Window(waveform, images)


def time_map(checkpoint, sample, pattern=Pattern.LPD):
    inputs = Inputs.of(Windows.of([silent_but(sample)], checkpoint.experiment.signal))
    return gradcam(checkpoint.net, inputs, pattern).time


@pytest.fixture(scope="module")
def signals():
    return {duration_s: noise(duration_s) for duration_s in (10.0, 52.0)}


CASES = [(kind, 52.0) for kind in KINDS] + [(kind, 10.0) for kind in ("plain", "siamese")]


@pytest.mark.parametrize(("kind", "duration_s"), CASES)
def test_maps_fit_their_inputs_and_routes_end_in_the_final_logits(kind, duration_s, signals):
    checkpoint = small(**KINDS[kind])
    inputs = inputs_of(checkpoint, signals[duration_s])
    found = routes(checkpoint.net, inputs)
    views = {"centre", "window"} if duration_s > 10 else {"centre"}
    parts = {"waveform": {WAVEFORM}, "spectrogram": views}.get(kind, {WAVEFORM} | views)
    assert set(found) == parts
    expected = checkpoint.net(inputs).logits
    for route in found.values():
        torch.testing.assert_close(route.logits(route.given), expected, atol=1e-5, rtol=1e-4)

    maps = gradcam(checkpoint.net, inputs, Pattern.GPD)
    assert (maps.time is None) == (kind == "spectrogram")
    if maps.time is not None:
        looked = np.isfinite(maps.time)
        assert maps.time.shape == (2500,)
        assert looked[1000:1500].all()
        assert looked.sum() == 500 if duration_s == 10 else looked.sum() >= 2300
    assert (maps.sides is not None) == (kind in ("shared", "siamese"))
    if maps.sides is not None:
        np.testing.assert_allclose(maps.sides.sum(0), maps.time, rtol=1e-5)
    assert set(maps.images) == parts - {WAVEFORM}
    for view, values in maps.images.items():
        n_chains = 4 if kind == "tiled" else 1
        assert values.shape == (n_chains, *inputs.images[view].shape[2:])
        assert np.isfinite(values).all()
        assert np.ptp(values) > 0


def test_a_backbone_without_feature_maps_gets_none(signals):
    checkpoint = small(spectrogram={"backbone": "test_vit"})
    maps = gradcam(checkpoint.net, inputs_of(checkpoint, signals[10.0]), Pattern.LPD)
    assert maps.images == {}
    assert np.isfinite(maps.time[1000:1500]).all()


@pytest.mark.parametrize("kind", ["plain", "shared", "padded", "causal"])
def test_the_map_is_the_mean_slope_of_each_channel_times_the_channel(kind, signals):
    checkpoint = small(modality="waveform", wavenet=KINDS[kind].get("wavenet"))
    net, inputs = checkpoint.net.double(), inputs_of(checkpoint, signals[52.0])
    inputs = replace(inputs, waveform=inputs.waveform.double(), present=inputs.present.double())
    route = routes(net, inputs)[WAVEFORM]
    activity = []

    def nudged(place, step):
        """The logit with a whole channel of the map a little higher."""

        def nudge(module, given, output):
            activity.append(output[place].numpy().copy())
            output[place] += step
            return output

        hook = net.waveform.wavenet.register_forward_hook(nudge)
        logit = float(route.logits(route.given)[0, PATTERNS.index(Pattern.LPD)])
        hook.remove()
        return logit

    n_rows, n_channels = (
        (2 if kind == "shared" else 1),
        len(net.waveform.wavenet.layers[-1].out.bias),
    )
    expected = 0.0
    for place in np.ndindex(n_rows, n_channels):
        slope = (nudged(place, 1e-5) - nudged(place, -1e-5)) / 2e-5
        channel = activity.pop()
        activity.clear()
        expected = expected + slope / len(channel) * channel
    lost = net.waveform.wavenet.lost // 2
    found = gradcam(net, inputs, Pattern.LPD).time[lost : 2500 - lost]
    looked = np.isfinite(found)
    np.testing.assert_allclose(found[looked], expected[looked], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("hemispheres", ["stacked", "shared"])
def test_an_impulse_shows_at_its_time_and_as_far_as_the_convolutions_see(padding, hemispheres):
    sample = 1234
    wavenet = {"padding": padding, "hemispheres": hemispheres}
    checkpoint = small(modality="waveform", wavenet=wavenet)
    found = time_map(checkpoint, sample)[200:-200]
    changed = np.flatnonzero(np.abs(found - found[0]) > 1e-7 * np.ptp(found)) + 200
    reach = (checkpoint.net.waveform.wavenet.receptive_field - 1) // 2
    assert sample - reach <= changed[0] <= sample - reach + 2
    assert sample + reach - 2 <= changed[-1] <= sample + reach


def test_an_impulse_shows_from_its_time_on_where_convolutions_are_causal():
    sample = 1234
    checkpoint = small(modality="waveform", wavenet={"padding": "causal"})
    found = time_map(checkpoint, sample)[200:-200]
    changed = np.flatnonzero(np.abs(found - found[0]) > 1e-7 * np.ptp(found)) + 200
    reach = checkpoint.net.waveform.wavenet.receptive_field - 1
    assert sample <= changed[0] <= sample + 2
    assert sample + reach - 2 <= changed[-1] <= sample + reach


@pytest.mark.parametrize("seed", range(3))
def test_an_event_a_second_later_moves_the_map_by_a_second(seed):
    checkpoint = small(seed, modality="waveform")
    sample = 4 * BLOCK + 20  # seen within one block before and after
    one, other = time_map(checkpoint, sample), time_map(checkpoint, sample + SFREQ)
    peaks = [np.nanargmax(np.abs(values - values[1500])) for values in (one, other)]
    assert peaks[1] - peaks[0] == SFREQ
    inside = slice(sample - 15, sample + 16)
    moved = slice(inside.start + SFREQ, inside.stop + SFREQ)
    np.testing.assert_allclose(one[inside], other[moved], rtol=1e-4)


def test_a_discharge_shows_where_it_is(packaged):
    share, error_s = [], []
    for seed in range(16):
        onset_s = np.random.default_rng(seed + 99).uniform(2, 8)
        inputs = inputs_of(packaged.fits[0], planted(seed, [onset_s]))
        mass = positive(gradcam(packaged.fits[0].net, inputs, Pattern.LPD).time[1000:1500])
        times_s = np.arange(500) / SFREQ
        share.append(mass[np.abs(times_s - onset_s) <= 0.5].sum() / mass.sum())
        error_s.append(abs(times_s[mass.argmax()] - onset_s))
    # A tenth of the time. A single discharge is no pattern, so there is much else to look at.
    assert np.mean(share) > 0.15
    assert np.mean(np.array(share) > 0.1) >= 0.8
    assert np.median(error_s) < 0.2


def test_other_weights_give_another_map(packaged):
    net = packaged.fits[0].net
    other = deepcopy(net)
    torch.manual_seed(1)
    for module in other.modules():
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
    time, image = [], []
    for seed in range(4):
        inputs = inputs_of(packaged.fits[0], planted(seed, [5.0]))
        maps = [gradcam(one, inputs, Pattern.LPD) for one in (net, other)]
        time.append(np.corrcoef(*(one.time[1000:1500] for one in maps))[0, 1])
        image.append(np.corrcoef(*(one.images["centre"].ravel() for one in maps))[0, 1])
    assert np.mean(np.abs(time)) < 0.7
    assert np.mean(image) < 0.7


def hooks_on(net):
    names = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return [name for part in net.modules() for name in names if getattr(part, name)]


@pytest.mark.parametrize("kind", ["plain", "shared", "spectrogram"])
@pytest.mark.parametrize("breaks", [False, True])
def test_the_net_is_left_as_it_was(kind, breaks, monkeypatch, signals):
    checkpoint = small(**KINDS[kind])
    net = checkpoint.net
    inputs = inputs_of(checkpoint, signals[10.0])
    net.train()
    net.heads["spectrogram"].eval()
    next(iter(net.parameters())).requires_grad_()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    modes = [part.training for part in net.modules()]
    wanted = [weight.requires_grad for weight in net.parameters()]
    if breaks:
        classify = net.classify

        def fragile(features):
            if torch.is_grad_enabled():
                raise RuntimeError("broken inside")
            return classify(features)

        monkeypatch.setattr(net, "classify", fragile)
        with pytest.raises(RuntimeError, match="broken inside"):
            gradcam(net, inputs, Pattern.LPD)
    else:
        gradcam(net, inputs, Pattern.LPD)
    assert hooks_on(net) == []
    assert modes == [part.training for part in net.modules()]
    assert wanted == [weight.requires_grad for weight in net.parameters()]
    assert all(weight.grad is None for weight in net.parameters())
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_the_mean_of_maps_is_that_of_each_value(signals):
    checkpoint = small(**KINDS["shared"])
    inputs = inputs_of(checkpoint, signals[10.0])
    one, two = (gradcam(small(seed, **KINDS["shared"]).net, inputs, Pattern.LPD) for seed in (0, 1))
    both = mean_maps([one, two])
    np.testing.assert_allclose(both.time, (one.time + two.time) / 2, rtol=1e-5)
    np.testing.assert_allclose(both.sides[1], (one.sides[1] + two.sides[1]) / 2, rtol=1e-5)
    centre = (one.images["centre"] + two.images["centre"]) / 2
    np.testing.assert_allclose(both.images["centre"], centre, rtol=1e-5)


def test_what_speaks_against_is_cut_off_and_what_is_missing_stays_missing():
    values = np.array([-1.0, 0.0, 2.0, np.nan], np.float32)
    np.testing.assert_array_equal(positive(values), [0, 0, 2, np.nan])
