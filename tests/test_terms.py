import pandas as pd
import pytest

from nasion.terms import (
    ALIASES,
    CHAIN_DERIVATIONS,
    CHAIN_ELECTRODES,
    CHAIN_NAMES,
    COLOURS,
    COLUMNS,
    DERIVATION_NAMES,
    DERIVATIONS,
    EKG,
    ELECTRODES,
    HMS_SPECTROGRAM_CHAINS,
    LEFT,
    LONG_NAMES,
    MIDLINE,
    MIRROR,
    PATTERNS,
    RIGHT,
    SPECTROGRAM_CHAINS,
    VOTE_COLUMNS,
    Chain,
)

KAGGLE = ("seizure", "lpd", "gpd", "lrda", "grda", "other")


def test_patterns_stand_in_the_order_of_kaggle():
    assert PATTERNS == KAGGLE
    assert tuple(f"{name}_vote" for name in KAGGLE) == VOTE_COLUMNS


def test_labels_are_spelled_as_in_hms():
    labels = [pattern.label for pattern in PATTERNS]
    assert labels == ["Seizure", "LPD", "GPD", "LRDA", "GRDA", "Other"]


def test_every_pattern_has_a_name_and_a_colour_of_its_own():
    assert set(COLOURS) == set(LONG_NAMES) == set(PATTERNS)
    assert len(set(COLOURS.values())) == len(PATTERNS)
    assert len({pattern.long_name for pattern in PATTERNS}) == len(PATTERNS)


@pytest.mark.real
def test_columns_and_labels_are_those_of_the_real_files(real):
    labels = pd.read_csv(real / "labels" / "hms_train.csv.gz")
    assert [name for name in labels if name.endswith("_vote")] == list(VOTE_COLUMNS)
    assert set(labels["expert_consensus"]) == {pattern.label for pattern in PATTERNS}
    winners = labels[list(VOTE_COLUMNS)].to_numpy().argmax(axis=1)
    assert [PATTERNS[i].label for i in winners] == labels["expert_consensus"].tolist()
    eeg = pd.read_parquet(next((real / "hms" / "train_eegs").glob("*.parquet")))
    assert tuple(eeg.columns) == COLUMNS


def test_there_are_19_electrodes_and_one_heart():
    assert len(set(ELECTRODES)) == 19
    assert (*ELECTRODES, EKG) == COLUMNS
    assert set(ALIASES.values()) <= set(COLUMNS)
    assert not set(ALIASES) & set(COLUMNS)


def test_aliases_are_the_four_sites_renamed_by_the_10_10_system():
    assert (ALIASES["T7"], ALIASES["P7"]) == ("T3", "T5")
    assert ALIASES["T8"] == MIRROR[ALIASES["T7"]]
    assert ALIASES["P8"] == MIRROR[ALIASES["P7"]]


def test_sides_share_out_the_electrodes_and_follow_the_numbers():
    assert LEFT + MIDLINE + RIGHT == ELECTRODES
    assert all(int(name[-1]) % 2 == 1 for name in LEFT)
    assert all(int(name[-1]) % 2 == 0 for name in RIGHT)
    assert all(name[-1] == "z" for name in MIDLINE)


def test_mirroring_twice_is_nothing():
    assert set(MIRROR) == set(ELECTRODES)
    assert all(MIRROR[MIRROR[name]] == name for name in ELECTRODES)
    assert [name for name in ELECTRODES if MIRROR[name] == name] == list(MIDLINE)


def test_mirroring_keeps_the_row_of_the_head():
    for name in LEFT:
        row, number = name.rstrip("0123456789"), int(name[-1])
        assert MIRROR[name] == f"{row}{number + 1}"


def test_the_order_of_chains_is_reversed_by_mirroring():
    for chain, opposite in zip(Chain, reversed(Chain), strict=True):
        mirrored = tuple(MIRROR[name] for name in CHAIN_ELECTRODES[chain])
        assert mirrored == CHAIN_ELECTRODES[opposite]
    assert set(SPECTROGRAM_CHAINS) == set(HMS_SPECTROGRAM_CHAINS) == set(Chain) - {Chain.Z}
    assert [*Chain][::-1] == [Chain.RL, Chain.RP, Chain.Z, Chain.LP, Chain.LL]
    assert tuple(chain for chain in Chain if chain != Chain.Z) == SPECTROGRAM_CHAINS


def test_the_montage_has_18_derivations_of_neighbours():
    assert len(set(DERIVATIONS)) == 18
    assert set(CHAIN_NAMES) == set(Chain)
    assert [len(CHAIN_DERIVATIONS[chain]) for chain in Chain] == [4, 4, 2, 4, 4]
    assert {name for pair in DERIVATIONS for name in pair} == set(ELECTRODES)
    for chain in Chain:
        for a, b in CHAIN_DERIVATIONS[chain]:
            sites = CHAIN_ELECTRODES[chain]
            assert sites.index(b) == sites.index(a) + 1
    assert DERIVATION_NAMES[:2] == ("Fp1-F7", "F7-T3")
