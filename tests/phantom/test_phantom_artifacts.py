from dataclasses import replace

import numpy as np
import pytest

from nasion.phantom import artifacts
from nasion.phantom.artifacts import AWAKE, SHARES, WAKING, contaminate, kinds_in
from nasion.phantom.contact import pops
from nasion.phantom.habits import BLINKERS, Habits
from nasion.phantom.head import POSITIONS, SITES, Head
from nasion.phantom.motion import hiccups, patting, percussion
from nasion.phantom.ocular import blinks, flutter, gaze
from nasion.phantom.patient import Patient
from nasion.phantom.stay import Stay
from nasion.phantom.tension import chewing, muscle
from nasion.terms import ELECTRODES, LEFT, MIRROR, PATTERNS, SFREQ

HEAD = Head(POSITIONS, 0.65, "Cz", np.ones(len(SITES), np.float32))
HABITS = Habits(
    alertness=0.0,
    blink_hz=0.2,
    flurry_share=0.2,
    regular=False,
    blink_uv=180.0,
    variation=0.25,
    rise_s=0.04,
    fall_s=0.08,
    reach=0.45,
    lean=0.0,
    coupling_hz=0.5,
    coupling_order=1,
)
FP1, FP2 = ELECTRODES.index("Fp1"), ELECTRODES.index("Fp2")


def added(artifact, seed, n_times=4000, habits=HABITS):
    signals = np.random.default_rng(99).normal(0, 1, (19, n_times)).astype(np.float32)
    before = signals.copy()
    artifact(np.random.default_rng(seed), HEAD, habits, signals)
    return signals - before


def row_of(change, name):
    return change[ELECTRODES.index(name)]


def spectrum(row):
    power = np.abs(np.fft.rfft(row)) ** 2
    return np.fft.rfftfreq(row.size, 1 / SFREQ), power


@pytest.mark.parametrize("artifact", [*SHARES, blinks], ids=lambda artifact: artifact.__name__)
def test_every_artifact_changes_the_signals_and_stays_finite(artifact):
    for n_times in (600, 2000, 10000):
        sizes = []
        for seed in range(8):
            change = added(artifact, seed, n_times)
            assert change.dtype == np.float32
            assert np.isfinite(change).all()
            sizes.append(np.abs(change).max())
        assert np.median(sizes) > 0.5


# ---------------------------------------------------------------- eyes


def test_a_lobe_swings_back_by_its_own_area():
    lobe = np.zeros(30_000, np.float32)
    lobe[200:250] = 100.0
    for seed in range(30):
        wave = Habits.draw(np.random.default_rng(seed)).coupled(lobe)
        assert abs(wave.sum()) < 0.05 * lobe.sum()
        assert wave.max() > 20
        assert wave.min() < -1


def test_blinks_decay_from_front_to_back_and_are_alike_on_both_sides():
    change = added(blinks, 0, 20_000)
    size = np.abs(change).max(1)
    assert {ELECTRODES[i] for i in np.argsort(size)[-2:]} == {"Fp1", "Fp2"}
    assert change[FP1].max() > -change[FP1].min() > 0.05 * change[FP1].max()
    chain = [size[ELECTRODES.index(name)] for name in ("Fp1", "F3", "C3", "P3", "O1")]
    assert chain == sorted(chain, reverse=True)
    for name in LEFT:
        assert row_of(change, name).std() == pytest.approx(
            row_of(change, MIRROR[name]).std(), rel=0.1, abs=0.3
        )


def test_blinks_spread_as_real_ones_do():
    # Medians of 21 recordings of awake adults against linked ears: F3 .36, F7 .40, C3 .15, O1 .07.
    ratios = []
    for seed in range(40):
        habits = replace(Habits.draw(np.random.default_rng(seed)), lean=0.0)
        size = np.abs(added(blinks, seed, habits=habits)).max(1)
        if size[FP1] > 40:
            ratios.append([row / size[FP1] for row in size])
    typical = dict(zip(ELECTRODES, np.median(ratios, 0), strict=True))
    assert typical["F3"] == pytest.approx(0.36, abs=0.1)
    assert typical["F7"] == pytest.approx(0.40, abs=0.1)
    assert typical["C3"] == pytest.approx(0.15, abs=0.08)
    assert typical["O1"] < 0.15


def test_blinks_come_as_often_as_real_ones_and_are_as_large():
    drawn = [Habits.draw(np.random.default_rng(seed)) for seed in range(400)]
    a_minute = [60 * habits.blink_hz for habits in drawn if not habits.regular]
    assert np.quantile(a_minute, (0.25, 0.5, 0.75)) == pytest.approx([5.0, 8.0, 10.8], rel=0.4)
    assert min(a_minute) >= 3
    assert max(a_minute) <= 40
    # Peak to trough: median 190 µV, from 132 to 258 in eight people of ten.
    lobe = np.exp(-0.5 * (np.arange(-400, 2000) / SFREQ / 0.05) ** 2).astype(np.float32)
    sizes = [np.ptp(habits.blink_uv * habits.coupled(lobe)) for habits in drawn]
    assert np.median(sizes) == pytest.approx(190, rel=0.25)


def test_regular_blinks_are_regular():
    habits = replace(HABITS, regular=True, blink_hz=0.8, coupling_hz=0.16)
    change = added(blinks, 3, 12_000, habits)
    frequency, power = spectrum(change[FP1])
    low = (frequency > 0.3) & (frequency < 1.2)
    assert frequency[low][power[low].argmax()] == pytest.approx(0.8, abs=0.1)


@pytest.mark.parametrize("seconds", [10, 50, 600])
def test_a_blinker_blinks_through_the_whole_recording(seconds):
    n_times = round(seconds * SFREQ)
    covered = []
    for seed in range(5):
        signals = np.zeros((19, n_times), np.float32)
        habits = replace(HABITS, blink_hz=0.5)
        contaminate(np.random.default_rng(seed), HEAD, habits, signals, 0.0, "awake")
        pieces = np.abs(signals[FP1]).reshape(-1, n_times // 5).max(1)
        covered.append((pieces > 30).mean())
    assert np.mean(covered) > 0.6


def test_nobody_blinks_without_being_awake():
    for state in ("asleep", "suppressed", "burst-suppression"):
        assert state not in BLINKERS
        signals = np.zeros((19, 2000), np.float32)
        contaminate(np.random.default_rng(0), HEAD, HABITS, signals, 0.0, state)
        assert not signals.any()
        assert not set(kinds_in(state)) & set(WAKING) or state in AWAKE


def test_flutter_has_a_rate_of_two_to_six():
    rates = []
    for seed in range(20):
        frequency, power = spectrum(
            added(flutter, seed, habits=replace(HABITS, variation=0.1))[FP1]
        )
        low = (frequency > 1.5) & (frequency < 8)
        rates.append(frequency[low][power[low].argmax()])
    assert 2 < np.median(rates) < 6


def test_gaze_has_opposite_signs_at_the_temples():
    change = added(gaze, 0)
    assert np.corrcoef(row_of(change, "F7"), row_of(change, "F8"))[0, 1] < -0.9


# ---------------------------------------------------------------- single electrodes


def test_a_pop_touches_one_electrode_and_is_steep():
    rows = set()
    for seed in range(60):
        signals = np.zeros((19, 4000), np.float32)
        pops(np.random.default_rng(seed), HEAD, HABITS, signals)
        touched = np.flatnonzero(signals.any(1))
        assert touched.size == 1
        rows |= set(touched)
        size = np.abs(signals[touched[0]]).max()
        rises = signals[touched[0]][20:] - signals[touched[0]][:-20]  # within .1 s
        assert np.abs(rises).max() > 0.4 * size
    assert len(rows) > 12


def test_some_electrodes_pop_nearly_regularly():
    spreads = []
    for seed in range(80):
        signals = np.zeros((19, 12_000), np.float32)
        pops(np.random.default_rng(seed), HEAD, HABITS, signals)
        steps = np.abs(np.diff(signals[np.abs(signals).max(1).argmax()]))
        at = np.flatnonzero(steps > 0.3 * steps.max()) / SFREQ
        intervals = np.diff(at)
        if intervals.size >= 6:
            spreads.append(intervals.std() / intervals.mean())
    assert np.mean(np.array(spreads) < 0.35) > 0.08
    assert np.mean(np.array(spreads) > 0.7) > 0.15


# ---------------------------------------------------------------- muscles and motion


def test_muscle_is_fast():
    change = added(muscle, 0)
    frequency, power = spectrum(change[np.abs(change).max(1).argmax()])
    assert power[frequency > 20].sum() > power[frequency < 8].sum()


def test_chewing_beats():
    envelopes = []
    for seed in range(12):
        change = added(chewing, seed, 8000)
        row = change[np.abs(change).max(1).argmax()]
        fast = np.abs(np.diff(row))
        frequency, power = spectrum(fast - fast.mean())
        low = (frequency > 0.4) & (frequency < 6)
        envelopes.append(frequency[low][power[low].argmax()])
    assert 0.6 < np.median(envelopes) < 2.8


@pytest.mark.parametrize("artifact", [patting, percussion], ids=lambda artifact: artifact.__name__)
def test_patting_and_percussion_have_several_fields(artifact):
    counts = []
    for seed in range(60):
        size = np.abs(added(artifact, seed)).max(1)
        counts.append((size > 0.5 * size.max()).sum())
    assert min(counts) == 1  # one electrode
    assert max(counts) >= 17  # the reference
    assert len(set(counts)) > 5


def test_hiccups_are_slower_than_blows():
    assert np.median([jerks(hiccups, seed) for seed in range(15)]) < np.median(
        [jerks(percussion, seed) for seed in range(15)]
    )


def jerks(artifact, seed):
    """Share of time in which something jerks."""
    signals = np.zeros((19, 12_000), np.float32)
    artifact(np.random.default_rng(seed), HEAD, HABITS, signals)
    row = np.abs(signals[np.abs(signals).max(1).argmax()])
    return (row > 0.1 * row.max()).mean()


def test_the_head_rocks_with_the_heart():
    for seed in range(400):
        hardware = Patient.draw(np.random.default_rng(seed)).hardware
        if hardware.sway_uv.any():
            break
    beat = hardware.heart(np.random.default_rng(1), 12_000)
    wave = hardware.sway(beat)
    sharp = np.maximum(beat * hardware.polarity - 0.5, 0)
    lags = np.arange(0, 100)
    together = [np.abs(np.dot(np.roll(wave, -lag), sharp)) for lag in lags]
    assert 0.1 < lags[int(np.argmax(together))] / SFREQ < 0.45
    assert (np.count_nonzero(hardware.sway_uv)) > 2


# ---------------------------------------------------------------- who gets which


def test_no_burden_no_artifact():
    signals = np.zeros((19, 2000), np.float32)
    habits = replace(HABITS, alertness=1.0)
    contaminate(np.random.default_rng(0), HEAD, habits, signals, 0.0, "awake")
    assert not signals.any()


def test_more_burden_more_artifact():
    def size(burden):
        total = 0.0
        for seed in range(30):
            signals = np.zeros((19, 2000), np.float32)
            habits = replace(HABITS, alertness=1.0)
            contaminate(np.random.default_rng(seed), HEAD, habits, signals, burden, "slowed")
            total += (np.abs(signals).max(1) > 5).mean()
        return total

    assert size(3.0) > size(0.5) > 0


def test_what_is_planted_does_not_change_how_many_artifacts_come(monkeypatch):
    given = []
    monkeypatch.setattr(
        "nasion.phantom.patient.contaminate",
        lambda rng, head, habits, signals, burden, state: given.append((habits, burden, state)),
    )
    for seed in range(5):
        patient = Patient.draw(np.random.default_rng(seed))
        for pattern in PATTERNS:
            patient.record(np.random.default_rng(1), pattern, duration_s=10.0)
    for first in range(0, len(given), len(PATTERNS)):
        assert len(set(given[first : first + len(PATTERNS)])) == 1


def test_blinks_fill_the_waking_states_of_a_stay_and_no_others():
    found = 0
    for number in range(40):
        stay = Stay.draw((31, number), 3600.0)
        habits = stay.patient.habits
        spells = [spell for spell in stay.bedside.spells if spell.name == "blinks"]
        for minute in range(60):
            inside = any(
                spell.onset_s <= 60 * minute + 30 < spell.onset_s + spell.duration_s
                for spell in spells
            )
            assert inside == habits.blinks(stay.state(60.0 * minute))
            found += inside
    assert found > 60


def test_shares_name_kinds_once():
    assert blinks not in SHARES  # a habit, not an accident
    assert set(WAKING) | set(artifacts.DROWSY) <= set(SHARES)
