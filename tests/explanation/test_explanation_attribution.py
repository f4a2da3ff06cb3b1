"""Attribution by chain: the affected side wins, mirrored sides swap, and slopes are slopes."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from explained_scenes import inputs_of, lateralized_segment, planted, small, window_of

from hms_folder import noise
from nasion.data.augment import mirror
from nasion.explanation.attribution import input_times_gradient, occlusion
from nasion.models.fusion import Inputs
from nasion.terms import (
    CHAIN_DERIVATIONS,
    DERIVATIONS,
    PATTERNS,
    SPECTROGRAM_CHAINS,
    Chain,
    Pattern,
)
from nasion.windowing import Windows

SYMMETRIC = {"wavenet": {"hemispheres": "shared"}, "spectrogram": {"stack": "symmetric"}}


@pytest.fixture(scope="module")
def signals():
    return noise(10.0)


LEFT_MORE = np.array([1, 1, 0, -1, -1])


def test_the_side_of_planted_discharges_wins(packaged):
    towards_affected = []
    for seed in range(12):
        right = bool(seed % 2)
        signals = planted(seed, np.arange(0.5, 10), right=right)
        lost = occlusion(packaged.fits[0].net, inputs_of(packaged.fits[0], signals), Pattern.LPD)
        towards_affected.append(lost @ LEFT_MORE * (-1 if right else 1))
    assert np.mean(np.array(towards_affected) > 0) >= 0.75
    assert np.mean(towards_affected) > 0.2


def test_the_affected_side_of_simulated_patients_wins_where_the_pattern_is_recognised(packaged):
    net, towards_affected = packaged.fits[0].net, []
    for seed in range(24):
        pattern = (Pattern.LPD, Pattern.LRDA)[seed // 2 % 2]
        signals, right = lateralized_segment(seed, pattern)
        inputs = inputs_of(packaged.fits[0], signals)
        if torch.softmax(net(inputs).logits, 1)[0, PATTERNS.index(pattern)] > 0.5:
            lost = occlusion(net, inputs, pattern)
            towards_affected.append(lost @ LEFT_MORE * (-1 if right else 1))
    assert len(towards_affected) >= 6
    assert np.mean(np.array(towards_affected) > 0) >= 2 / 3
    assert np.mean(towards_affected) > 0.2


@pytest.mark.parametrize("attribute", [occlusion, input_times_gradient])
def test_the_mirrored_eeg_has_the_chains_of_the_other_side(attribute, signals):
    checkpoint = small(**SYMMETRIC)
    signal = checkpoint.experiment.signal
    window = window_of(checkpoint, signals)
    one, other = (
        attribute(checkpoint.net, Inputs.of(Windows.of([seen], signal)), Pattern.LPD)
        for seen in (window, mirror(window))
    )
    np.testing.assert_allclose(one, other[::-1], rtol=1e-3, atol=1e-6)
    assert np.ptp(one) > 0


def without(inputs, chain):
    waveform, images = inputs.waveform.clone(), {k: v.clone() for k, v in inputs.images.items()}
    waveform[:, [DERIVATIONS.index(pair) for pair in CHAIN_DERIVATIONS[chain]]] = 0
    if chain in SPECTROGRAM_CHAINS:
        for image in images.values():
            image[:, SPECTROGRAM_CHAINS.index(chain)] = 0
    return replace(inputs, waveform=waveform, images=images)


@pytest.mark.parametrize("chain", list(Chain))
def test_occlusion_is_the_fall_of_the_logit_without_the_chain(chain, signals):
    checkpoint = small()
    inputs = inputs_of(checkpoint, signals)
    lost = occlusion(checkpoint.net, inputs, Pattern.GRDA)[list(Chain).index(chain)]
    bare = without(inputs, chain)
    before, after = (
        checkpoint.net(seen).logits[0, PATTERNS.index(Pattern.GRDA)] for seen in (inputs, bare)
    )
    assert lost == pytest.approx(float(before - after), abs=1e-6)
    again = occlusion(checkpoint.net, bare, Pattern.GRDA)[list(Chain).index(chain)]
    assert again == pytest.approx(0, abs=1e-6)


def test_input_times_gradient_is_the_slope_of_growing_every_chain(signals):
    checkpoint = small(modality="waveform")
    net = checkpoint.net.double()
    inputs = inputs_of(checkpoint, signals)
    inputs = replace(inputs, waveform=inputs.waveform.double(), present=inputs.present.double())
    found = input_times_gradient(net, inputs, Pattern.LPD)
    for chain, value in zip(Chain, found, strict=True):
        rows = [DERIVATIONS.index(pair) for pair in CHAIN_DERIVATIONS[chain]]
        ends = []
        for grown in (1 + 1e-6, 1 - 1e-6):
            waveform = inputs.waveform.clone()
            waveform[:, rows] *= grown
            seen = replace(inputs, waveform=waveform)
            ends.append(float(net(seen).logits[0, PATTERNS.index(Pattern.LPD)]))
        assert value == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("attribute", [occlusion, input_times_gradient])
def test_the_midline_counts_for_nothing_where_only_spectrograms_are_read(attribute, signals):
    checkpoint = small(modality="spectrogram")
    found = attribute(checkpoint.net, inputs_of(checkpoint, signals), Pattern.LPD)
    assert found[list(Chain).index(Chain.Z)] == 0
    assert np.all(np.delete(found, list(Chain).index(Chain.Z)) != 0)
