"""Hours of a simulated patient: no seam, no chance, and truth where the signal is."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.signal import butter, find_peaks, sosfiltfilt

from nasion.phantom import contact
from nasion.phantom.bedside import Spell
from nasion.phantom.patient import Patient
from nasion.phantom.schedule import Schedule
from nasion.phantom.stay import FADE_S, PIECE_S, Stay
from nasion.phantom.truth import Panel, measure
from nasion.terms import COLUMNS as CHANNELS
from nasion.terms import (
    DERIVATIONS,
    EKG,
    ELECTRODES,
    LEFT,
    MIRRORED_COLUMNS,
    PATTERNS,
    PREVALENCE,
    RIGHT,
    SFREQ,
)

HOUR_S = 3600.0
PAIRS = np.array([[ELECTRODES.index(name) for name in pair] for pair in DERIVATIONS])
BAND = butter(2, (0.5, 20), "bandpass", fs=SFREQ, output="sos")


def bipolar(signals):
    return signals[PAIRS[:, 0]] - signals[PAIRS[:, 1]]


@pytest.fixture(scope="module")
def watched():
    """Stays of half an hour with their signals and events."""
    found = []
    for number in range(6):
        panel = Panel(Stay.draw((7, number), HOUR_S / 2))
        signals = np.concatenate([piece.channels for piece in panel.watch()], 1)
        found.append((panel.stay, signals, pd.DataFrame(panel.events())))
    return found


# ---------------------------------------------------------------- rendering


def test_any_span_equals_that_span_of_the_whole():
    stay = Stay.draw((0, 1), 250.0)
    whole = stay.signals(0, 250)
    assert whole.shape == (20, 50_000)
    assert np.isfinite(whole).all()
    for start_s, stop_s in ((0, 60), (59.5, 60.5), (118.2, 241.75), (240, 250), (3.3, 3.4)):
        part = stay.signals(start_s, stop_s)
        assert (part == whole[:, round(start_s * SFREQ) : round(stop_s * SFREQ)]).all()


def test_signals_of_an_hour_take_the_memory_of_signals():
    stay = Stay.draw((0, 3), HOUR_S)
    assert len(stay.schedule.runs) > 20
    tracemalloc.start()
    signals = stay.signals(0, HOUR_S)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * signals.nbytes


def test_key_and_duration_decide_everything():
    one, two = (Stay.draw((3, 5), 130.0).signals(0, 130) for _ in range(2))
    assert one.tobytes() == two.tobytes()
    assert not np.array_equal(one, Stay.draw((3, 6), 130.0).signals(0, 130))


def test_stays_are_of_other_patients_than_a_cohort_of_the_same_seed():
    stay = Stay.draw((3, 5), 60.0)
    other = Patient.draw(np.random.default_rng((3, 5)))
    assert not np.array_equal(stay.patient.head.positions, other.head.positions)


def brain_alone(number):
    """A stay without what stands out of a steady background, nor mains, which are in phase at
    every full minute."""
    for key in range(100):
        stay = Stay.draw((11, number, key), 20 * 60.0)
        if "burst-suppression" not in stay.states and len(set(stay.states)) == 1:
            break
    calm = replace(stay.bedside, spells=(), uneven=0 * stay.bedside.uneven)
    nothing = Schedule((), np.zeros((1, 2)))
    # Noise of an amplifier that rises with frequency is drawn anew for each piece.
    hardware = replace(stay.patient.hardware, tone_uv=0.0)
    patient = replace(stay.patient, hardware=hardware)
    calm = replace(calm, leaks=0 * calm.leaks)
    return replace(stay, bedside=calm, schedule=nothing, patient=patient)


def test_pieces_meet_without_a_jump_or_a_dip():
    ranks, powers = [], []
    for number in range(3):
        signals = brain_alone(number).signals(0, 20 * 60.0)[:19]
        jumps = np.abs(np.diff(signals, axis=1))
        order = np.sort(jumps[:, ::7], axis=1)
        filtered = sosfiltfilt(BAND, bipolar(signals), axis=1) ** 2
        for seam_s in range(60, 1200, 60):
            seam, half = round(seam_s * SFREQ), round(FADE_S / 2 * SFREQ)
            for row in range(19):
                ranks.append(np.searchsorted(order[row], jumps[row, seam - 1]) / order.shape[1])
            middle = seam + half  # of the fade
            fade = filtered[:, middle - 200 : middle + 200].mean(1)
            powers.append(np.median(fade / filtered.mean(1)))
    assert len(ranks) == 3 * 19 * 19
    assert np.mean(ranks) == pytest.approx(0.5, abs=0.04)
    assert np.mean(np.array(ranks) > 0.99) < 0.05  # all rows of a seam together
    # By amplitudes faded linearly the power would be half as large there.
    assert np.mean(powers) == pytest.approx(1.0, abs=0.2)


def test_the_heart_does_not_stumble_between_pieces():
    n_beating = 0
    for number in range(30):
        if n_beating == 3:
            return
        stay = Stay.draw((12, number), 600.0)
        if stay.patient.hardware.ekg_uv < 200:
            continue
        n_beating += 1
        ekg = stay.signals(0, 600)[CHANNELS.index(EKG)] * stay.patient.hardware.polarity
        sharp = sosfiltfilt(butter(2, (8, 30), "bandpass", fs=SFREQ, output="sos"), ekg)
        height = 0.5 * np.quantile(sharp, 0.999)
        peaks, _ = find_peaks(sharp, height=height, distance=0.25 * SFREQ)
        intervals = np.diff(peaks) / np.median(np.diff(peaks))
        assert intervals.min() > 0.6
        assert intervals.max() < 1.5
    pytest.fail("few have an EKG")


def test_the_mirrored_patient_has_the_sides_swapped():
    stay = Stay.draw((2, 2), 70.0)
    one, two = (
        replace(stay, patient=replace(stay.patient, mirrored=side)).signals(0, 70)
        for side in (False, True)
    )
    assert (one[MIRRORED_COLUMNS] == two).all()


# ---------------------------------------------------------------- schedule


def test_runs_of_an_activity_do_not_overlap_and_spare_seizures():
    for number in range(40):
        stay = Stay.draw((21, number), 2 * HOUR_S)
        for one, two in ((a, b) for a in stay.schedule.runs for b in stay.schedule.runs):
            same = one.planted == two.planted or "seizure" in (one.planted, two.planted)
            if one is not two and same and one.onset_s <= two.onset_s:
                assert one.stop_s <= two.onset_s + 0.1
        for run in stay.schedule.runs:
            assert run.onset_s >= 0
            assert run.stop_s <= stay.duration_s + 0.1


def test_patients_show_all_patterns_at_every_prevalence():
    runs = [r for n in range(60) for r in Stay.draw((22, n), HOUR_S).schedule.runs]
    planted = {run.planted for run in runs}
    assert planted == {*PATTERNS[:5], "polymorphic delta", "sporadic discharges"}
    assert {run.prevalence for run in runs} == set(PREVALENCE)
    for word in ("continuous", "rare"):
        hours = sum(run.duration_s for run in runs if run.prevalence == word) / 60 / HOUR_S
        assert hours > 0.03 if word == "continuous" else hours < 0.01


def test_states_change_and_belong_to_the_patient():
    stays = [Stay.draw((23, number), 4 * HOUR_S) for number in range(10)]
    assert sum(len(set(stay.states)) > 1 for stay in stays) >= 8
    assert all(stay.states[0] == stay.patient.background.kind for stay in stays)
    assert all(len(stay.states) == 4 * HOUR_S / PIECE_S for stay in stays)


# ---------------------------------------------------------------- truth


def test_events_hold_what_was_planted_and_nothing_else_does(watched):
    for number in range(4):
        stay = watched[number][0]
        panel = Panel(stay)
        total = {}
        inside = {}
        extents = {}
        for piece in panel.watch():
            for run, own in piece.by_run.items():
                if run not in extents:
                    found = measure(stay.schedule.runs[run], stay.activity(run))
                    extents[run] = found.onset_s, found.stop_s
                time = piece.start_s + np.arange(own.shape[1]) / SFREQ
                power = np.square(own, dtype=np.float64).sum(0)
                first, last = extents[run]
                total[run] = total.get(run, 0) + power.sum()
                inside[run] = inside.get(run, 0) + power[(time >= first) & (time <= last)].sum()
        shares = np.array([inside[run] / total[run] for run in total if total[run] > 0])
        assert shares.min() > 0.6  # the shortest have soft ends
        assert np.median(shares) > 0.96


def test_power_rises_where_clear_patterns_are(watched):
    ratios = []
    for stay, signals, events in watched:
        free = np.ones(signals.shape[1], bool)
        for event in events.itertuples():
            first, last = round(event.onset * SFREQ), round((event.onset + event.duration) * SFREQ)
            free[max(first - 200, 0) : last + 200] = False
        power = sosfiltfilt(BAND, bipolar(signals), axis=1) ** 2
        calm = stay.schedule.calm  # the background is quieter in some chapters
        noise = [
            power[:, i : i + 400].mean(1) / np.exp(2 * np.interp(i / SFREQ, *calm.T))
            for i in range(0, len(free) - 400, 400)
            if free[i : i + 400].all()
        ]
        clear = events[(events["trial_type"] == events["planted"]) & (events["duration"] > 5)]
        if len(noise) < 5:
            continue
        floor = np.median(noise, axis=0)
        for event in clear.itertuples():
            first, last = round(event.onset * SFREQ), round((event.onset + event.duration) * SFREQ)
            own = power[:, first:last].mean(1) / np.exp(2 * np.interp(event.onset, *calm.T))
            ratios.append((own / floor).max())
    assert len(ratios) > 30
    assert np.median(ratios) > 3
    assert np.mean(np.array(ratios) > 1.2) > 0.9


def test_the_panel_decides_the_trial_type(watched):
    events = pd.concat([table.assign(key=stay.key[1]) for stay, _, table in watched])
    runs = events[events["trial_type"] != "artifact"]
    shares = runs[[f"{pattern}_share" for pattern in PATTERNS]].to_numpy(float)
    np.testing.assert_allclose(shares.sum(1), 1, atol=0.005)
    named = shares[np.arange(len(runs)), [PATTERNS.index(p) for p in runs["trial_type"]]]
    assert (named >= shares.max(1) - 0.001).all()
    long = runs[(runs["duration"] > 15) & (runs["planted"].isin(PATTERNS))]
    own = [float(row[f"{row['planted']}_share"]) for _, row in long.iterrows()]
    of_patients = long.assign(own=own).groupby(["key", "planted"])["own"].mean()
    assert of_patients.mean() > 0.3  # by chance a sixth


def test_a_run_too_short_for_a_pattern_is_called_other_more_often():
    differences = []
    for number in range(12):
        stay = Stay.draw((26, number), HOUR_S)
        runs = [run for run in stay.schedule.runs if run.planted in PATTERNS[1:5]]
        if not runs:
            continue
        pair = [
            replace(runs[0], onset_s=onset_s, duration_s=duration_s)
            for onset_s, duration_s in ((20.0, 2.0), (60.0, 40.0))
        ]
        schedule = Schedule(tuple(pair), np.zeros((1, 2)))
        bedside = replace(stay.bedside, spells=())
        stay = replace(stay, duration_s=120.0, states=stay.states[:2], schedule=schedule)
        panel = Panel(replace(stay, bedside=bedside))
        assert sum(piece.visible.shape[1] for piece in panel.watch()) == 24_000
        events = panel.events()
        if len(events) == 2:  # a slow train may have no discharge in 2 s
            differences.append(events[0]["other_share"] - events[1]["other_share"])
    assert len(differences) >= 4
    assert np.mean(differences) > 0.15


def test_frequencies_are_those_of_the_patterns(watched):
    for stay, _, _ in watched:
        for number, run in enumerate(stay.schedule.runs):
            irregularity = getattr(getattr(run.source, "train", run.source), "irregularity", 1.0)
            rate = getattr(getattr(run.source, "train", run.source), "rate_hz", None)
            if rate and irregularity < 0.2 and run.duration_s > 20:
                found = measure(run, stay.activity(number))
                assert found.frequency_hz == pytest.approx(rate, rel=0.3)


def test_left_and_right_are_as_frequent():
    sides = [Stay.draw((24, number), 60.0).patient.mirrored for number in range(200)]
    assert 0.4 < np.mean(sides) < 0.6


def test_lateralized_runs_are_larger_on_the_side_the_truth_names(watched):
    right_rows = [i for i, pair in enumerate(DERIVATIONS) if any(name in RIGHT for name in pair)]
    left_rows = [i for i, pair in enumerate(DERIVATIONS) if any(name in LEFT for name in pair)]
    agree = []
    for stay, _, events in watched:
        sides = set(events.loc[events["planted"].isin(["lpd", "lrda"]), "side"])
        assert sides <= {"right" if stay.patient.mirrored else "left"}
        for piece in stay.pieces(0, 12):
            for number, own in piece.by_run.items():
                if stay.schedule.runs[number].planted in ("lpd", "lrda") and own.any():
                    power = np.square(bipolar(own)).mean(1)  # drawn with the affected side left
                    agree.append(power[left_rows].sum() > power[right_rows].sum())
    assert len(agree) > 10
    assert np.mean(agree) > 0.9


def test_artifacts_are_where_the_truth_says():
    kinds = contact.pops, contact.lead_off, contact.bad_contact, contact.bridge
    spells = tuple(Spell(kind, 10.0 + 50 * i, 45.0) for i, kind in enumerate(kinds))
    for number in range(4):
        stay = Stay.draw((25, number), 220.0)
        with_spells, without = (
            replace(stay, bedside=replace(stay.bedside, spells=found)) for found in (spells, ())
        )
        panel = Panel(with_spells)
        signals = np.concatenate([piece.channels for piece in panel.watch()], 1)
        events = pd.DataFrame(panel.events())
        rows, times = np.nonzero(signals != without.signals(0, 220))
        found = events[events["trial_type"] == "artifact"]
        assert found["planted"].tolist() == ["pops", "lead off", "bad contact", "bridge"]
        for event in found.itertuples():
            during = (times >= event.onset * SFREQ - 1) & (
                times <= (event.onset + event.duration) * SFREQ + 1
            )
            assert set(rows[during]) == {ELECTRODES.index(n) for n in event.channels.split(",")}
            rows, times = rows[~during], times[~during]
        assert rows.size == 0
