"""A dead channel is a missing one; what is merely quiet, or quiet like all others, is not dead."""

from pathlib import Path

import numpy as np
import pytest

from made_eeg import made_eeg
from nasion.eeg.array import open_array
from nasion.eeg.assembly import assembled
from nasion.eeg.channels import usable
from nasion.eeg.edf.writer import write_edf
from nasion.eeg.formats import open_recording
from nasion.eeg.recording import Recording
from nasion.eeg.remarks import Code
from nasion.terms import COLUMNS, DERIVATIONS, EKG, ELECTRODES, SFREQ

SECONDS = 40
TIME = np.arange(SECONDS * round(SFREQ)) / SFREQ
DEAD = ("C3", "T4")


@pytest.fixture(scope="module")
def clean() -> np.ndarray:
    return made_eeg(SECONDS)


def opened(signals: np.ndarray, names=COLUMNS) -> Recording:
    return assembled(usable(open_array(signals, SFREQ, names), "uV"), "uV")


def changed(signals: np.ndarray, change, names=DEAD) -> np.ndarray:
    made = signals.copy()
    for name in names:
        made[COLUMNS.index(name)] = change(made[COLUMNS.index(name)])
    return made


def dead_of(recording: Recording) -> list[str]:
    return [
        label
        for remark in recording.warnings
        if remark.code is Code.DEAD
        for label in remark.values["labels"]
    ]


def hum(trace):
    return 300 * np.sin(2 * np.pi * 60 * TIME)


def hardly_alive(trace):
    return np.where(TIME < 2, trace, 7.0)


@pytest.mark.parametrize(
    "change", [lambda trace: 0 * trace, lambda trace: 0 * trace + 1500, hum, hardly_alive]
)
def test_a_dead_electrode_is_read_as_one_that_is_not_in_the_file(clean, change):
    living = [row for row, name in enumerate(COLUMNS) if name not in DEAD]
    found = opened(changed(clean, change))
    expected = opened(clean[living], [COLUMNS[row] for row in living])
    assert set(dead_of(found)) == set(DEAD) == set(found.interpolated)
    assert found.montage == expected.montage
    np.testing.assert_array_equal(found.signals(), expected.signals())


def test_any_piece_of_it_equals_that_piece_of_the_whole(clean):
    found = opened(changed(clean, lambda trace: 0 * trace))
    np.testing.assert_array_equal(found.read(1234, 5678), found.signals()[:, 1234:5678])


def test_where_nothing_is_flat_nothing_changes(clean):
    found = opened(clean)
    assert found.montage.tied == ELECTRODES
    assert not found.warnings
    np.testing.assert_array_equal(found.signals(), clean)


@pytest.mark.parametrize(
    "change",
    [
        lambda trace: 0.05 * trace + np.random.default_rng(0).normal(0, 0.3, trace.shape),
        lambda trace: np.where(TIME < 8, trace, 0.0),  # it comes off later
        lambda trace: trace + hum(trace),
    ],
)
def test_what_is_quiet_or_comes_off_or_hums_stays(clean, change):
    found = opened(changed(clean, change))
    assert found.montage.tied == ELECTRODES
    assert not dead_of(found)


@pytest.mark.parametrize("loud", [0, 3])
def test_an_amplifier_that_is_off_is_not_compared(clean, loud):
    found = opened(changed(clean, lambda trace: 0 * trace, ELECTRODES[loud:]))
    assert found.montage.tied == ELECTRODES
    assert not dead_of(found)


def test_suppression_is_no_death(clean):
    """Flat everywhere but in bursts, in which one electrode lives and another doesn't."""
    bursts = (TIME % 20 > 4) & (TIME % 20 < 7)
    suppressed = clean * bursts
    suppressed[ELECTRODES.index("O1")] = 0
    assert dead_of(opened(suppressed)) == ["O1"]
    assert not dead_of(opened(clean * (bursts & (TIME < 4))))


def test_a_stated_reference_is_zero_and_lives(clean):
    row = ELECTRODES.index("Cz")
    signals = np.concatenate([clean[:-1] - clean[row], clean[-1:]])
    names = [f"{name}-Cz" if name in ELECTRODES else name for name in COLUMNS]
    found = opened(signals, names)
    assert not dead_of(found)
    assert found.montage.tied == ELECTRODES


def test_a_dead_derivation_cuts_its_chain(clean):
    rows = [[ELECTRODES.index(name) for name in pair] for pair in DERIVATIONS]
    banana = np.stack([clean[a] - clean[b] for a, b in rows])
    names = ["-".join(pair) for pair in DERIVATIONS]
    banana[names.index("F3-C3")] = 4.0
    assert dead_of(opened(banana, names)) == ["F3-C3"]
    rest = [row for row, name in enumerate(names) if name != "F3-C3"]
    expected = opened(banana[rest], [names[row] for row in rest])
    found = opened(banana, names)
    assert found.montage == expected.montage
    np.testing.assert_array_equal(found.signals(), expected.signals())


def test_a_heart_that_stands_still_is_left_alone(clean):
    found = opened(changed(clean, lambda trace: 0 * trace, [EKG]))
    assert not dead_of(found)


def test_a_flat_electrode_of_a_file_is_interpolated_and_said(clean, tmp_path: Path):
    path = tmp_path / "a.edf"
    signals = changed(clean, lambda trace: 0 * trace + 3, ["F7"])
    write_edf(path, [signals], labels=COLUMNS, sfreq=SFREQ, n_times=TIME.size)
    found = open_recording(path)
    assert found.interpolated == ("F7",)
    assert any("F7: flat" in str(remark) for remark in found.warnings)
