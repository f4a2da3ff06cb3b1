"""What channels determine comes out right, whatever they are; what they don't is NaN."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasion.eeg.array import open_array
from nasion.eeg.assembly import assembled
from nasion.eeg.derivations import bipolar
from nasion.eeg.formats import open_recording
from nasion.eeg.potentials import Link, potentials, solve
from nasion.eeg.recording import Recording
from nasion.eeg.remarks import Code
from nasion.errors import NasionError
from nasion.terms import (
    ALIASES,
    CHAIN_DERIVATIONS,
    COLUMNS,
    DERIVATION_NAMES,
    DERIVATIONS,
    ELECTRODES,
    LEFT,
    MIDLINE,
    PARTS,
    RIGHT,
    Chain,
)

BEYOND = ("T1", "T2", "FT9", "FT10", "Fpz", "A1", "A2")
REFERENCES = ("REF", "", "A1", "A1A2", "Cz")
NODES = tuple(dict.fromkeys((*ELECTRODES, *BEYOND, *REFERENCES)))
N_TIMES = 40

POTENTIALS = dict(
    zip(NODES, 50 * np.random.default_rng(3).normal(size=(30, N_TIMES)), strict=False)
)
TRUTH = np.stack([POTENTIALS[name] for name in ELECTRODES])


def between(sites: tuple[str, ...]) -> st.SearchStrategy[Link]:
    pairs = st.tuples(st.sampled_from(sites), st.sampled_from(sites)).filter(lambda p: p[0] != p[1])
    return pairs.map(lambda pair: Link(*pair, referential=False))


REFERENTIAL = st.tuples(st.sampled_from(ELECTRODES), st.sampled_from(REFERENCES)).filter(
    lambda pair: pair[0] != pair[1]
)
LINKS = st.lists(
    st.one_of(
        REFERENTIAL.map(lambda pair: Link(*pair, referential=True)),
        st.sampled_from([Link(*pair, referential=False) for pair in DERIVATIONS]),
        between((*ELECTRODES, *BEYOND)),
    ),
    min_size=1,
    max_size=40,
    unique_by=lambda link: frozenset((link.site, link.other)),
).map(tuple)


def rebuilt(links: tuple[Link, ...], channels: np.ndarray) -> np.ndarray:
    signals = np.zeros((len(ELECTRODES), channels.shape[1]))
    potentials(links, channels, signals)
    return signals


def recorded(links: tuple[Link, ...]) -> np.ndarray:
    return np.stack([POTENTIALS[link.site] - POTENTIALS[link.other] for link in links])


def tied(links: tuple[Link, ...], a: str, b: str) -> bool:
    """Whether a way of channels leads from one electrode to the other."""
    reached, grown = {a}, True
    while grown:
        ends = [{link.site, link.other} for link in links]
        wider = reached.union(*(pair for pair in ends if pair & reached))
        grown, reached = wider != reached, wider
    return b in reached


@given(LINKS)
@settings(deadline=None)
def test_differences_of_what_channels_tie_are_right(links):
    signals = rebuilt(links, recorded(links))
    solution = solve(links, (True,) * len(links))
    for names in solution.components:
        rows = [ELECTRODES.index(name) for name in names]
        errors = (signals - TRUTH)[rows]
        np.testing.assert_allclose(errors - errors[0], 0, atol=1e-8)
    seen = [name for names in solution.components for name in names]
    assert sorted(seen) == sorted(
        n for n, row in zip(ELECTRODES, signals, strict=True) if np.isfinite(row).all()
    )
    for part in PARTS:
        ways = [{b for b in part if tied(links, a, b)} for a in part]
        largest = max(sum({a, b} <= way for a, b in DERIVATIONS) for way in ways)
        kept = [pair for pair in DERIVATIONS if pair[0] in part and {*pair} <= set(seen)]
        assert len(kept) >= largest
        assert all(tied(links, *pair) for pair in kept)


@given(LINKS, LINKS)
@settings(deadline=None)
def test_two_files_agree_on_every_derivation_that_both_determine(one, other):
    first, second = (
        bipolar(np.vstack([rebuilt(links, recorded(links)), np.zeros((1, N_TIMES))]))
        for links in (one, other)
    )
    both = np.isfinite(first) & np.isfinite(second)
    np.testing.assert_allclose(first[both], second[both], atol=1e-8)


@given(LINKS, st.data())
@settings(deadline=None)
def test_a_channel_without_values_spoils_nothing_that_others_determine(links, data):
    channels = recorded(links)
    for _ in range(data.draw(st.integers(1, 3))):
        number = data.draw(st.integers(0, len(links) - 1))
        begin = data.draw(st.integers(0, N_TIMES - 1))
        channels[number, begin : begin + data.draw(st.integers(1, N_TIMES))] = np.nan
    signals = rebuilt(links, channels)
    for time in range(0, N_TIMES, 7):
        present = tuple(link for k, link in enumerate(links) if np.isfinite(channels[k, time]))
        alone = (
            rebuilt(present, recorded(present)[:, [time]]) if present else np.full((19, 1), np.nan)
        )
        np.testing.assert_array_equal(np.isnan(signals[:, [time]]), np.isnan(alone))
    heart = np.zeros((1, N_TIMES))
    found, right = bipolar(np.vstack([signals, heart])), bipolar(np.vstack([TRUTH, heart]))
    known = np.isfinite(found)
    np.testing.assert_allclose(found[known], right[known], atol=1e-8)


def test_referential_channels_come_out_to_the_bit_whatever_is_beside_them():
    plain = tuple(Link(name, "REF", referential=True) for name in ELECTRODES)
    beside = tuple(Link(*pair, referential=False) for pair in DERIVATIONS)
    signals = np.random.default_rng(0).normal(size=(19 + 18, N_TIMES))
    signals[3, 5:9] = np.nan
    np.testing.assert_array_equal(rebuilt(plain, signals[:19]), signals[:19])
    both = rebuilt(plain + beside, signals)
    sound = np.isfinite(signals[:19])
    np.testing.assert_array_equal(both[sound], signals[:19][sound])
    assert np.isfinite(both).all()  # the derivations stand in


def test_the_error_of_a_channel_is_spread_over_its_ring():
    links = tuple(Link(*pair, referential=False) for pair in DERIVATIONS)
    channels = recorded(links)
    channels[0] += 8.0
    rows = rebuilt(links, channels)
    found = bipolar(np.vstack([rows, rows[:1]]))
    ring = [n for n, (a, _) in enumerate(DERIVATIONS) if a in LEFT]
    np.testing.assert_allclose(np.abs(found - recorded(links))[ring][1:], 1.0)
    np.testing.assert_allclose(np.delete(found - recorded(links), ring, axis=0), 0, atol=1e-9)


# Whole recordings.

SITES = (*NODES, "T7", "T8", "P7", "P8")
TRACES = {
    name.upper(): 50 * np.random.default_rng(k).normal(size=(800,)) for k, name in enumerate(SITES)
} | {"": np.zeros(800)}
for alias in ("T7", "T8", "P7", "P8"):
    TRACES[alias] = TRACES[ALIASES[alias].upper()]


def trace(label: str) -> np.ndarray:
    site, other, *_ = (*label.upper().split("-"), "")
    if site in TRACES and other in TRACES:
        return TRACES[site] - TRACES[other]
    return np.random.default_rng(7).normal(size=800)


def opened(labels: Sequence[str], channels: np.ndarray | None = None) -> Recording:
    signals = np.stack([trace(label) for label in labels]) if channels is None else channels
    return assembled(open_array(signals, 200.0, labels), "uV")


def derived(recording: Recording) -> dict[str, np.ndarray]:
    """Derivations with a signal, by name."""
    rows = dict(zip(DERIVATION_NAMES, bipolar(recording.signals()), strict=True))
    return {name: row for name, row in rows.items() if np.isfinite(row).any()}


def chained(*names: str) -> list[str]:
    return [f"{a}-{b}" for a, b in pairwise(names)]


HATBAND = ("Fp1", "F7", "T3", "T5", "O1", "O2", "T6", "T4", "F8", "Fp2", "Fp1")
LATERAL = [f"{a}-{b}" for c in (Chain.LL, Chain.RL) for a, b in CHAIN_DERIVATIONS[c]]
TRANSVERSE = (
    *chained("F7", "Fp1", "Fp2", "F8"),
    *chained("F7", "F3", "Fz", "F4", "F8"),
    *chained("T3", "C3", "Cz", "C4", "T4"),
    *chained("T5", "P3", "Pz", "P4", "T6"),
    *chained("T5", "O1", "O2", "T6"),
)
CHB_MIT = (
    *chained("FP1", "F7", "T7", "P7", "O1"),
    *chained("FP1", "F3", "C3", "P3", "O1"),
    *chained("FP2", "F4", "C4", "P4", "O2"),
    *("FP2-F8", "F8-T8", "T8-P8-0", "P8-O2", "FZ-CZ", "CZ-PZ", "P7-T7"),
    *chained("T7", "FT9", "FT10", "T8"),
    *("T8-P8-1", "-", "ECG", ".", "VNS", "--1"),
)
MADE = {
    "double banana": (DERIVATION_NAMES, DERIVATION_NAMES),
    "reversed": ([f"{b}-{a}" for a, b in DERIVATIONS], DERIVATION_NAMES),
    "CHB-MIT": (CHB_MIT, DERIVATION_NAMES),
    "transverse": (
        TRANSVERSE,
        ("Fp1-F7", "T5-O1", "Fp1-F3", "P3-O1", "Fp2-F4", "P4-O2", "Fp2-F8", "T6-O2"),
    ),
    "headband": (LATERAL, LATERAL),
    "hatband": (chained(*HATBAND), LATERAL),
    "half of a chain": (chained("Fp1", "F7", "T3", "T5"), ("Fp1-F7", "F7-T3", "T3-T5")),
    "ears tied to each other": (
        [*(f"{n}-A1" for n in LEFT), *(f"{n}-A2" for n in (*RIGHT, *MIDLINE)), "A1-A2"],
        DERIVATION_NAMES,
    ),
    "some referential": (
        [*chained("Fp1", "F7", "T3", "T5", "O1"), "O1-REF", "P3-REF", "C3-REF", "F3-REF"],
        DERIVATION_NAMES[:8],
    ),
}


@pytest.mark.parametrize("name", MADE)
def test_derivations_come_out_as_a_referential_file_gives_them(name):
    labels, known = MADE[name]
    recording = opened(labels)
    montage, found = recording.montage, derived(recording)
    whole = derived(opened(ELECTRODES))
    recorded = [pair for pair in found if not set(pair.split("-")) & set(montage.interpolated)]
    assert set(recorded) == set(known)
    for pair in recorded:
        np.testing.assert_allclose(found[pair], whole[pair], atol=1e-4)
    assert set(montage.derivations) == set(found)


def test_a_recording_says_what_it_is_made_of():
    recording = opened(CHB_MIT)
    montage = recording.montage
    assert montage.name == "full, bipolar"
    assert montage.rebuilt == ELECTRODES
    assert {"T4-T6", "T3-FT9", "FT9-FT10"} < set(montage.recorded)
    assert montage.components == ((*LEFT, *RIGHT), MIDLINE)
    assert set(recording.ignored) == {"P7-T7", "T8-P8-1", "-", ".", "VNS", "--1"}
    codes = {warning.code for warning in recording.warnings}
    assert codes == {Code.REBUILT, Code.SECOND_CHANNEL, Code.APART}
    channels = recording.read_channels(100, 300)
    number = montage.recorded.index("T4-T6")
    np.testing.assert_allclose(channels[number], trace("T8-P8")[100:300], atol=1e-4)
    assert opened(ELECTRODES).read_channels is None
    assert opened(LEFT).montage.name == "one side (left), 8 electrodes"


def test_a_dead_derivation_cuts_its_chain_and_what_hangs_on_either_side_stays(tmp_path):
    def derivations(labels: Sequence[str], dead: str, value: float) -> set[str]:
        frame = pd.DataFrame({name: trace(name).astype(np.float32) for name in labels})
        frame[dead] = np.float32(value)
        frame.to_parquet(tmp_path / "a.parquet")
        recording = open_recording(tmp_path / "a.parquet")
        assert any(dead in warning.text for warning in recording.warnings)
        assert set(recording.montage.derivations) == set(derived(recording))
        return set(derived(recording))

    for value in (0.0, np.nan):
        assert derivations(DERIVATION_NAMES, "Fp1-F7", value) == set(DERIVATION_NAMES)
        cut = derivations(LATERAL, "F7-T3", value)
        assert cut > {"Fp1-F7", "T5-O1"}
        assert not cut & {"F7-T3", "F3-C3", "C3-P3"}


def test_the_errors_of_a_side_never_reach_the_other():
    keep = [label for label in DERIVATION_NAMES if "C3" not in label and "T6" not in label]
    signals = np.stack([trace(label) for label in keep])
    plain = opened(keep, signals)
    assert plain.montage.interpolated == ("C3", "T6")
    right = [any(site in RIGHT for site in label.split("-")) for label in keep]
    signals[right] *= -3
    other = opened(keep, signals)
    for name in (*LEFT, *MIDLINE):
        row = COLUMNS.index(name)
        np.testing.assert_array_equal(plain.signals()[row], other.signals()[row])


def test_an_electrode_that_towers_makes_no_other():
    names = [name for name in ELECTRODES if name not in ("F3", "C4")]
    signals = np.stack([np.convolve(trace(name), np.ones(40) / 6, "same") for name in names])
    row = names.index("F7")
    calm = opened(names, signals).signals()
    signals[row] += 4000 * np.sin(np.arange(800) / 60)
    wild = opened(names, signals).signals()
    for name in ("F3", "C4"):
        size = wild[COLUMNS.index(name)].std() / calm[COLUMNS.index(name)].std()
        assert 0.5 < size < 2
    assert wild[COLUMNS.index("F7")].std() > 1000  # what is recorded stays


@pytest.mark.parametrize("labels", [("Fp1-F7", "F3-C3", "Fz-Cz"), ("Fpz-Cz", "Pz-Oz"), LEFT[:3]])
def test_what_ties_no_four_electrodes_is_refused(labels):
    with pytest.raises(NasionError, match="at least 4 are needed") as error:
        opened(labels)
    assert "\n" not in str(error.value)
