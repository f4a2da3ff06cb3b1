import json
import pickle

import numpy as np
import pandas as pd
import pytest

from nasion.terms import (
    ALIASES,
    ANGLES,
    CHAIN_DERIVATIONS,
    CHAIN_ELECTRODES,
    CHAIN_NAMES,
    COLUMNS,
    DERIVATION_NAMES,
    DERIVATIONS,
    EKG,
    ELECTRODES,
    EVENTFUL,
    HMS_SPECTROGRAM_CHAINS,
    LEFT,
    MIDLINE,
    MIRROR,
    MIRRORED_COLUMNS,
    MIRRORED_DERIVATIONS,
    PATTERNS,
    RIGHT,
    SPECTROGRAM_CHAINS,
    VOTE_COLUMNS,
    Chain,
    Pattern,
    prevalence,
    side_of,
)

KAGGLE = ("seizure", "lpd", "gpd", "lrda", "grda", "other")


def test_patterns_stand_in_the_order_of_kaggle():
    assert PATTERNS == KAGGLE
    assert tuple(f"{name}_vote" for name in KAGGLE) == VOTE_COLUMNS


def test_labels_are_spelled_as_in_hms():
    labels = [pattern.label for pattern in PATTERNS]
    assert labels == ["Seizure", "LPD", "GPD", "LRDA", "GRDA", "Other"]


def test_every_pattern_has_a_name_and_a_colour_of_its_own():
    assert len({pattern.colour for pattern in PATTERNS}) == len(PATTERNS)
    assert len({pattern.long_name for pattern in PATTERNS}) == len(PATTERNS)


def test_a_pattern_is_a_string_that_survives_its_ways_through_files():
    for pattern in PATTERNS:
        assert Pattern(str(pattern)) is pattern
        assert pickle.loads(pickle.dumps(pattern)) is pattern
        assert json.loads(json.dumps({pattern: pattern})) == {str(pattern): str(pattern)}


def test_words_of_a_pattern_agree_with_what_it_is():
    """ACNS 2021 names PDs and RDA by where they are, then by what they are."""
    for pattern in PATTERNS:
        nature = pattern.nature
        assert bool(nature.extent) == bool(nature.course)
        if nature.course:
            assert pattern.long_name.startswith(f"{nature.extent} {nature.course} ")
            assert pattern.label == pattern.upper()
            assert pattern.periodic == (nature.rates_hz is None) == (not pattern.rhythmic)
            assert pattern.lateralized == (nature.one_sided == 0)
    assert {pattern for pattern in PATTERNS if pattern.nature.band_hz} == set(EVENTFUL)


def test_ink_on_a_colour_can_be_read():
    for pattern in PATTERNS:
        light = luminance(pattern.colour)
        inks = {ink: contrast(light, luminance(ink)) for ink in ("#000000", "#ffffff")}
        own = inks["#" + "".join(2 * part for part in pattern.ink[1:])]
        assert own >= 4.5 or own == max(inks.values())


def luminance(colour):
    """Relative luminance of WCAG 2."""
    parts = np.array(list(bytes.fromhex(colour[1:]))) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one, other):
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


@pytest.mark.parametrize(
    ("percent", "word"),
    [(0, ""), (0.01, "rare"), (1, "occasional"), (9.99, "occasional"), (10, "frequent"),
     (49.9, "frequent"), (50, "abundant"), (89.9, "abundant"), (90, "continuous"),
     (100, "continuous")],
)  # fmt: skip
def test_prevalence_words(percent, word):
    assert prevalence(percent / 100) == word


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


@pytest.mark.parametrize("order", [MIRRORED_COLUMNS, MIRRORED_DERIVATIONS])
def test_mirroring_rows_twice_is_nothing(order):
    assert [order[row] for row in order] == list(range(len(order)))


def test_mirrored_electrodes_sit_on_the_other_side_and_their_chains_do_too():
    for name, mirrored in MIRROR.items():
        (inclination, azimuth), (other, same) = ANGLES[name], ANGLES[mirrored]
        assert abs(inclination) == abs(other)
        assert (name in MIDLINE) == (side_of(name) == "middle")
        if name not in MIDLINE:
            assert {side_of(name), side_of(mirrored)} == {"left", "right"}
            assert (inclination, azimuth) == (-other, -same)
    assert [chain.side for chain in Chain] == ["left", "left", "middle", "right", "right"]


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
