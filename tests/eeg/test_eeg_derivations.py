import numpy as np
import pytest

from hms_folder import noise
from nasion.eeg.derivations import bipolar
from nasion.terms import (
    CHAIN_DERIVATIONS,
    COLUMNS,
    DERIVATION_NAMES,
    DERIVATIONS,
    EKG,
    ELECTRODES,
    MIRRORED_COLUMNS,
    MIRRORED_DERIVATIONS,
    SPECTROGRAM_CHAINS,
    Chain,
)


def test_what_all_electrodes_share_vanishes():
    signals = noise(2.0)
    shared = np.round(100 * noise(2.0, seed=1)[:1])
    np.testing.assert_allclose(bipolar(signals + shared), bipolar(signals), atol=2e-3)
    assert not bipolar(np.repeat(shared, len(COLUMNS), axis=0)).any()


def test_a_derivation_is_first_minus_second():
    signals = np.zeros((len(COLUMNS), 1), np.float32)
    signals[COLUMNS.index("F7")] = 5.0
    volts = dict(zip(DERIVATION_NAMES, bipolar(signals)[:, 0], strict=True))
    assert volts.pop("Fp1-F7") == -5.0
    assert volts.pop("F7-T3") == 5.0
    assert not any(volts.values())


def test_a_chain_adds_up_to_the_difference_of_its_ends():
    signals = noise(1.0)
    row = {name: signals[COLUMNS.index(name)] for name in ELECTRODES}
    for chain in Chain:
        pairs = CHAIN_DERIVATIONS[chain]
        ends = row[pairs[0][0]] - row[pairs[-1][1]]
        np.testing.assert_allclose(bipolar(signals, (chain,)).sum(axis=0), ends, atol=1e-3)


def test_chains_asked_for_come_in_that_order():
    signals = noise(1.0)
    whole = dict(zip(DERIVATIONS, bipolar(signals), strict=True))
    wanted = [pair for chain in SPECTROGRAM_CHAINS for pair in CHAIN_DERIVATIONS[chain]]
    np.testing.assert_array_equal(
        bipolar(signals, SPECTROGRAM_CHAINS), np.stack([whole[pair] for pair in wanted])
    )


def test_mirrored_electrodes_give_mirrored_derivations():
    signals = noise(1.0)
    mirrored = signals[MIRRORED_COLUMNS]
    np.testing.assert_array_equal(bipolar(mirrored), bipolar(signals)[MIRRORED_DERIVATIONS])
    for chain, opposite in (("LL", "RL"), ("LP", "RP"), ("Z", "Z")):
        np.testing.assert_array_equal(
            bipolar(mirrored, (Chain(chain),)), bipolar(signals, (Chain(opposite),))
        )


@pytest.mark.parametrize("name", COLUMNS)
def test_a_lost_electrode_spoils_exactly_its_derivations(name):
    signals = noise(1.0)
    signals[COLUMNS.index(name), 50:60] = np.nan
    result = bipolar(signals)
    for pair, row in zip(DERIVATIONS, result, strict=True):
        lost = np.flatnonzero(np.isnan(row))
        assert lost.tolist() == (list(range(50, 60)) if name in pair else [])
    assert np.isnan(result).any() == (name != EKG)
