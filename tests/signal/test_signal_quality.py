"""Faults stand where they are, and only steps that show nothing are not judged."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from made_eeg import made_eeg
from nasion.eeg.formats import open_recording
from nasion.eeg.recording import Recording
from nasion.phantom.bedside import Spell
from nasion.phantom.contact import lead_off
from nasion.phantom.stay import Stay
from nasion.signal.fault import REASONS, Fault, Reason
from nasion.signal.measures import N_STEP
from nasion.signal.quality import MARGIN_STEPS, faults, judged
from nasion.terms import COLUMNS, EKG, ELECTRODES, SFREQ

N_STEPS = 60
SPELL = slice(20, 40)  # steps of a planted fault
INNER = slice(20 + MARGIN_STEPS, 40 - MARGIN_STEPS)
TIME = np.arange(N_STEPS * N_STEP) / SFREQ
RNG = np.random.default_rng(0)
NOISE = RNG.standard_normal(TIME.size)


@pytest.fixture(scope="module")
def clean() -> np.ndarray:
    return made_eeg(2.0 * N_STEPS)


def planted(clean: np.ndarray, names: list[str], change) -> np.ndarray:
    signals = clean.copy()
    at = slice(SPELL.start * N_STEP, SPELL.stop * N_STEP)
    for name in names:
        row = COLUMNS.index(name)
        signals[row, at] = change(signals[row, at], TIME[at], NOISE[at])
    return signals


def emg(size: float, low_hz: float = 10.0):
    """Noise from `low_hz` up, of a standard deviation."""

    def change(trace, time, noise):
        spectrum = np.fft.rfft(noise)
        spectrum[np.fft.rfftfreq(noise.size, 1 / SFREQ) < low_hz] = 0
        wave = np.fft.irfft(spectrum, noise.size)
        return trace + size * wave / wave.std()

    return change


PLANTED = {
    Fault.MISSING: lambda trace, time, noise: np.nan * trace,
    Fault.FLAT: lambda trace, time, noise: 40.0 + 0 * trace,
    Fault.CLIPPED: lambda trace, time, noise: np.clip(50 * trace, -250, 250),
    Fault.LINE: lambda trace, time, noise: trace + 60 * np.sin(2 * np.pi * 50 * time),
    Fault.MUSCLE: emg(80.0),
    Fault.RANGE: lambda trace, time, noise: trace + 3000 * (np.sin(2 * np.pi * 0.5 * time) > 0.9),
}
OFF = {
    "its own noise": lambda trace, time, noise: 24 * np.convolve(noise, np.hanning(30), "same"),
    "drift": lambda trace, time, noise: trace + 40 * np.convolve(noise, np.ones(100), "same"),
}


def test_clean_eeg_has_no_faults(clean):
    found = faults(clean)
    assert found.shape == (N_STEPS, 20)
    assert found.dtype == np.uint8
    assert not found.any()
    assert not judged(found).any()


@pytest.mark.parametrize("fault", PLANTED, ids=lambda fault: fault.name)
@pytest.mark.parametrize("name", ["Fp1", "Cz", "T6"])
def test_a_fault_is_found_at_its_electrode_and_in_its_steps(clean, fault, name):
    found = faults(planted(clean, [name], PLANTED[fault]))
    row = COLUMNS.index(name)
    assert (found[SPELL, row] & fault).all()
    assert not np.delete(found, row, axis=1).any()
    beyond = [*range(SPELL.start - MARGIN_STEPS), *range(SPELL.stop + MARGIN_STEPS, N_STEPS)]
    assert not found[beyond].any()
    assert not judged(found).any()


@pytest.mark.parametrize("kind", OFF)
@pytest.mark.parametrize("name", ["F8", "C3", "O1"])
def test_an_electrode_without_contact_is_disconnected(clean, kind, name):
    found = faults(planted(clean, [name], OFF[kind]))
    row = COLUMNS.index(name)
    assert ((found[INNER, row] & Fault.DISCONNECTED) != 0).mean() > 0.8
    others = np.delete(found, row, axis=1)
    assert not (others & Fault.DISCONNECTED).any()


def test_mains_over_sound_eeg_do_not_make_an_electrode_disconnected(clean):
    signals = planted(clean, ["F8"], lambda trace, t, noise: trace + 900 * np.sin(120 * np.pi * t))
    found = faults(signals)
    row = COLUMNS.index("F8")
    assert (found[SPELL, row] == Fault.LINE).all()
    assert not np.delete(found, row, axis=1).any()
    signals = planted(clean, ["F8"], lambda trace, t, noise: 900 * np.sin(120 * np.pi * t) + noise)
    assert (faults(signals)[SPELL, row] & Fault.LINE).all()


def test_what_all_electrodes_share_is_no_fault(clean):
    shared = 4000 * np.sin(2 * np.pi * 60 * TIME + 1) + 700 * np.sin(2 * np.pi * 0.3 * TIME)
    signals = clean.copy()
    signals[:19] += shared + 20 * NOISE
    np.testing.assert_array_equal(faults(signals.astype(np.float32)), faults(clean))


def test_the_sign_of_the_signals_does_not_matter(clean):
    signals = planted(clean, ["F8", "O1"], OFF["drift"])
    np.testing.assert_array_equal(faults(-signals), faults(signals))


def test_the_ekg_is_no_electrode(clean):
    signals = clean.copy()
    signals[COLUMNS.index(EKG)] = 3000 * np.sin(2 * np.pi * 60 * TIME)
    assert not faults(signals).any()
    signals[COLUMNS.index(EKG)] = np.nan
    assert (faults(signals)[:, COLUMNS.index(EKG)] == Fault.MISSING).all()


def test_an_electrode_that_is_the_reference_is_not_flat(clean):
    signals = clean.copy()
    signals[:19] -= signals[COLUMNS.index("Cz")]
    assert not faults(signals, references=("Cz",)).any()
    assert (faults(signals)[:, COLUMNS.index("Cz")] == Fault.FLAT).all()


def test_a_step_is_missing_from_half_of_it_on(clean):
    signals = clean.copy()
    signals[3, 10 * N_STEP : 10 * N_STEP + 201] = np.nan
    signals[4, 20 * N_STEP : 20 * N_STEP + 199] = np.nan
    signals[5, 30 * N_STEP : 31 * N_STEP] = np.inf
    found = faults(signals)
    assert np.argwhere(found).tolist() == [[10, 3], [30, 5]]


def shown(bits: np.ndarray) -> np.ndarray:
    """Channels that are there at some step."""
    return ((bits & np.uint8(Fault.MISSING)) == 0).any(axis=0)


@given(
    cut=st.integers(1, N_STEPS - 1),
    gap=st.tuples(st.integers(0, N_STEPS * N_STEP - 1), st.integers(1, 8000)),
    row=st.integers(0, 18),
)
@example(cut=3, gap=(0, 1001), row=4)  # most electrodes show only after the cut
@settings(deadline=None, max_examples=25)
def test_pieces_with_a_margin_equal_the_whole(clean, cut, gap, row):
    signals = planted(clean, ["F8", "O1"], OFF["drift"])
    signals = planted(signals, ["C3", "P3", "T3"], PLANTED[Fault.MUSCLE])
    signals[row:, gap[0] : sum(gap)] = np.nan
    whole = faults(signals)
    before = max(cut - MARGIN_STEPS, 0)
    first = faults(signals[:, : (cut + MARGIN_STEPS) * N_STEP])[:cut]
    second = faults(signals[:, before * N_STEP :])[cut - before :]
    np.testing.assert_array_equal(np.concatenate([first, second]), whole)
    # Shares are of a whole recording's electrodes.
    assume((shown(whole[:cut]) == shown(whole)).all())
    known = max(cut - MARGIN_STEPS, 0)
    np.testing.assert_array_equal(judged(whole[:cut])[:known], judged(whole)[:known])


def state(kind: str, seed: int) -> np.ndarray:
    """A minute of a background that stays so, without artifacts, where patterns are."""
    stay = Stay.draw((31, seed), 120.0)
    still = replace(stay, states=(kind,) * 2, bedside=replace(stay.bedside, spells=()))
    return still.signals(0.0, 120.0).astype(np.float32)


@pytest.mark.parametrize("kind", ["suppressed", "burst-suppression", "medicated", "asleep"])
def test_every_background_is_judged(kind):
    for seed in range(4):
        found = faults(state(kind, seed))
        assert not (found & (Fault.FLAT | Fault.CLIPPED | Fault.RANGE)).any()
        assert not judged(found).any()


def test_suppressions_between_bursts_are_no_flatness(clean):
    bursts = np.repeat(np.arange(N_STEPS) % 15 < 2, N_STEP)  # 4 s, then 26 s below 5 µV
    quiet = clean.copy()
    quiet[:19] -= quiet[:19].mean(axis=1, keepdims=True)
    spans = np.ptp(quiet[:19].reshape(19, -1, N_STEP), axis=2)
    quiet[:19, ~bursts] *= (2.0 / spans.max(axis=1))[:, None]
    quiet += 0.2 * RNG.standard_normal(quiet.shape).astype(np.float32)  # of an amplifier
    assert np.ptp(quiet[:19].reshape(19, -1, N_STEP)[:, 2:15], axis=2).max() < 5
    found = faults(quiet)
    assert not (found & Fault.FLAT).any()
    assert not judged(found).any()


def reasons_of(signals: np.ndarray) -> set[str]:
    reasons = judged(faults(signals.astype(np.float32)))
    return {REASONS[code].name for code in reasons[INNER]}


def test_what_shows_nothing_is_not_judged_and_the_reason_is_told(clean):
    every = list(ELECTRODES)
    assert reasons_of(planted(clean, every, PLANTED[Fault.MISSING])) == {"GAP"}
    assert reasons_of(planted(clean, every, PLANTED[Fault.FLAT])) == {"FLAT"}
    assert reasons_of(planted(clean, every, lambda trace, time, noise: 50 * noise)) == {"FLAT"}
    assert reasons_of(planted(clean, every[:10], PLANTED[Fault.FLAT])) == {"ELECTRODES"}
    assert reasons_of(planted(clean, every[:8], PLANTED[Fault.FLAT])) == {"JUDGED"}
    assert reasons_of(planted(clean, every, PLANTED[Fault.CLIPPED])) == {"ARTIFACT"}


def everywhere(clean: np.ndarray, size: float, low_hz: float) -> np.ndarray:
    """Muscle of its own at every electrode."""
    signals = clean.copy()
    for row in range(19):
        noise = np.roll(NOISE, 977 * row)
        signals[row] = emg(size, low_hz)(signals[row], TIME, noise)
    return signals


def test_muscle_ends_judging_only_where_it_drowns_the_eeg(clean):
    rhythm = clean.copy()
    rhythm[:8] += 60 * np.sin(2 * np.pi * 3 * TIME)  # as a seizure of one side
    drowning = everywhere(clean, 150.0, 8.0)
    assert reasons_of(drowning) == {"ARTIFACT"}
    assert reasons_of(everywhere(rhythm, 150.0, 22.0)) == {"JUDGED"}  # nothing below 20 Hz
    assert reasons_of(everywhere(rhythm, 60.0, 8.0)) == {"JUDGED"}
    few = drowning.copy()
    few[8:13] = clean[8:13]
    assert reasons_of(few) == {"JUDGED"}


def test_a_step_is_judged_by_the_ten_seconds_around_it():
    found = np.zeros((40, 20), np.uint8)
    found[10:13, :19] = Fault.MISSING
    gap = np.flatnonzero(judged(found))
    assert gap.tolist() == [10, 11, 12]  # 3 of the 5 steps, and fewer beside
    assert judged(found)[11] == REASONS.index(Reason.GAP)
    assert judged(np.zeros((1, 20), np.uint8)).all()  # 2 s are less than half of 10 s
    assert not judged(np.zeros((3, 20), np.uint8)).any()
    assert judged(np.zeros((0, 20), np.uint8)).shape == (0,)


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_the_order_of_electrodes_does_not_matter_to_judging(data):
    seed = data.draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    share = data.draw(st.floats(0, 1))
    found = np.where(rng.random((30, 20)) < share, rng.integers(0, 128, (30, 20)), 0)
    found = found.astype(np.uint8)
    shuffled = found.copy()
    shuffled[:, :19] = found[:, rng.permutation(19)]
    shuffled[:, 19] = rng.integers(0, 128, 30)
    np.testing.assert_array_equal(judged(shuffled), judged(found))


def test_leads_that_come_off_at_a_simulated_bedside_are_found():
    found_there = []
    for seed in range(8):
        stay = Stay.draw((44, seed), 240.0)
        spells = (Spell(lead_off, 40.0, 160.0),)
        stay = replace(stay, bedside=replace(stay.bedside, spells=spells))
        added = stay.effect(0).added[0].reshape(-1, N_STEP)
        off = np.isfinite(added).all(axis=1)
        if np.ptp(added[off]) == 0:
            continue  # constant: the reference is all that is left, which no derivation tells
        found = faults(stay.signals(0.0, 240.0).astype(np.float32))[20:100]
        wrong = Fault.DISCONNECTED | Fault.LINE | Fault.RANGE | Fault.CLIPPED
        found_there += ((found[off, :19] & wrong) != 0).any(axis=1).tolist()
    assert len(found_there) > 100
    assert np.mean(found_there) > 0.9


def reading_of(recording: Recording) -> tuple[np.ndarray, np.ndarray]:
    n_steps = int(np.ceil(recording.n_times / N_STEP))
    found = faults(
        recording.signals(0.0, 2.0 * n_steps),
        source_sfreq=recording.source_sfreq,
        references=recording.references,
    )
    return found, judged(found)


@pytest.mark.real
@pytest.mark.parametrize("folder", ["hms", "iiic"])
def test_segments_that_experts_judged_are_judged(real, folder):
    labels = pd.read_csv(real / folder / "train.csv")
    flagged, total = 0, 0
    for eeg_id, rows in labels.groupby("eeg_id"):
        recording = open_recording(real / folder / "train_eegs" / f"{eeg_id}.parquet")
        found, reasons = reading_of(recording)
        assert not reasons.any()
        middle = 25.0 if recording.duration_s >= 50 else 5.0
        steps = ((rows["eeg_label_offset_seconds"] + middle - 1) // 2).astype(int)
        assert steps.max() < len(reasons)
        flagged += int(((found[:, :19] & ~np.uint8(Fault.LINE)) != 0).sum())
        total += found[:, :19].size
    assert flagged < 0.02 * total


@pytest.mark.real
def test_the_real_recording_is_judged_throughout(real):
    found, reasons = reading_of(open_recording(real / "edf" / "ifcn6_sample_input.edf"))
    assert not reasons.any()
    assert (found[:, :19] != 0).mean() < 0.001
