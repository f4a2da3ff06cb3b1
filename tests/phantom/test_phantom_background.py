"""Backgrounds: rhythms, transients and interference that are no pattern."""

import numpy as np
import pytest
from scipy.signal import butter, hilbert, sosfiltfilt, welch

from nasion.phantom import rhythms, transients
from nasion.phantom.background import KINDS, SHARES, Background
from nasion.phantom.head import POSITIONS, SITES, Head
from nasion.phantom.interference import Interference
from nasion.phantom.rhythms import TYPES, Rhythm, spells
from nasion.phantom.stay import PIECE_S, Stay
from nasion.terms import ELECTRODES, LEFT, RIGHT, SFREQ

STANDARD = Head(POSITIONS, 0.6, "Cz", np.ones(len(SITES), np.float32))
ON_LEFT = [ELECTRODES.index(name) for name in LEFT]
ON_RIGHT = [ELECTRODES.index(name) for name in RIGHT]
N = round(50 * SFREQ)
N_EEG = len(ELECTRODES)


def peak_hz(signals):
    """Where the mean spectrum of some channels is largest, above 2 Hz."""
    frequency, power = welch(signals, SFREQ, nperseg=round(8 * SFREQ))
    power = power.mean(0)[frequency > 2]
    return frequency[frequency > 2][power.argmax()]


def of_a_person(seed, kind):
    return Background.draw(np.random.default_rng(seed), kind)


def with_line(seeds):
    return next(found for s in seeds if (found := of_a_person(s, "slowed")).line)


def test_a_quarter_is_awake_or_drowsy_and_all_kinds_are_drawn():
    drawn = [Background.draw(np.random.default_rng(seed)).kind for seed in range(600)]
    assert set(drawn) == set(KINDS)
    assert np.mean([kind in ("awake", "drowsy") for kind in drawn]) == pytest.approx(0.26, abs=0.05)
    assert sum(SHARES.values()) == pytest.approx(1)
    assert SHARES["awake"] + SHARES["drowsy"] >= 0.25


def test_a_person_is_the_same_in_every_state():
    for seed in range(20):
        states = [of_a_person(seed, kind) for kind in KINDS]
        for name in TYPES:
            own = [r for state in states for r in state.rhythms if r.name == name]
            assert len({(r.rate_hz, r.extent_deg, r.sides, r.notch) for r in own}) <= 1
        lines = [state.line.rate_hz if state.line else None for state in states]
        assert len(set(lines)) == 1
        assert len({state.alpha_width_hz for state in states}) == 1


@pytest.mark.parametrize("name", TYPES)
def test_a_rhythm_has_its_rate_and_its_size(name):
    low, high = TYPES[name].rate_hz
    for seed in range(4):
        rng = np.random.default_rng(seed)
        rhythm = Rhythm.draw(rng, name)
        scalp = rhythm.potential(rng, STANDARD, 2 * N)[:N_EEG]
        assert low <= rhythm.rate_hz <= high
        largest = scalp[[int(scalp.std(1).argmax())]]
        assert peak_hz(largest) == pytest.approx(rhythm.rate_hz * (1 + rhythm.chirp / 2), rel=0.25)
        top = np.quantile(np.abs(largest), 0.995)
        assert 0.3 * rhythm.size_uv < top < 5 * rhythm.size_uv


def test_diffuse_theta_is_in_all_electrodes_and_lateral_theta_on_one_side():
    for seed in range(6):
        rng = np.random.default_rng(seed)
        diffuse = Rhythm.draw(rng, "diffuse theta").potential(rng, STANDARD, N)[:N_EEG].std(1)
        assert np.median(diffuse) > 0.2 * diffuse.max()
        lateral = Rhythm.draw(rng, "lateral theta").potential(rng, STANDARD, N)[:N_EEG].std(1)
        left, right = lateral[ON_LEFT].max(), lateral[ON_RIGHT].max()
        assert left > 1.2 * right


def test_slow_rhythms_of_awake_people_are_common():
    slow = [
        any(4 <= rhythm.rate_hz <= 6.5 for rhythm in of_a_person(seed, "awake").rhythms)
        for seed in range(300)
    ]
    assert 0.2 < np.mean(slow) < 0.5


def test_only_the_young_have_what_children_have():
    childish = [
        any(r.name in rhythms.YOUNG for r in of_a_person(seed, "drowsy").rhythms)
        for seed in range(300)
    ]
    assert 0.03 < np.mean(childish) < 0.15


@pytest.mark.parametrize("presence", [0.1, 0.4, 0.8, 1.0])
def test_spells_take_their_share_of_the_time(presence):
    found = spells(np.random.default_rng(0), presence, 1.0, 20 * N)
    assert 0 <= found.min() <= found.max() <= 1
    assert found.mean() == pytest.approx(presence, abs=0.06)


@pytest.mark.parametrize("transient", transients.ALL)
def test_transients_add_waves_of_tens_of_microvolts(transient):
    total = np.zeros((len(SITES), 4 * N), np.float32)
    transient(np.random.default_rng(1), STANDARD, total)
    assert 4 < np.abs(total[:N_EEG]).max() < 250
    assert (np.abs(total) < 1).mean() > 0.3


def test_sharp_waves_behind_are_positive_and_slow_ones_of_youth_negative():
    for transient, sign in (
        (transients.occipital_sharp, 1),
        (transients.lambda_waves, 1),
        (transients.slow_waves_of_youth, -1),
    ):
        total = np.zeros((len(SITES), 4 * N), np.float32)
        transient(np.random.default_rng(2), STANDARD, total)
        behind = sign * total[ELECTRODES.index("O1")]
        assert behind.max() > 3 * -behind.min()


def test_interference_is_one_narrow_line_of_constant_size_in_all_electrodes():
    for seed in range(5):
        line = Interference.draw(np.random.default_rng(seed))
        scalp = line.potential(0, 2 * N)[:N_EEG]
        assert peak_hz(scalp) == pytest.approx(line.rate_hz, abs=0.3)
        envelope = np.abs(hilbert(scalp, axis=1))[:, 400:-400]
        assert (envelope.std(1) / envelope.mean(1)).max() < 0.1
        assert scalp.std(1).min() > 0.1 * scalp.std(1).max()
        frequency, power = welch(scalp[0], SFREQ, nperseg=N)
        near = np.abs(frequency - line.rate_hz) < 0.3
        assert power[near].sum() > 0.98 * power.sum()


def test_interference_goes_by_the_clock_of_the_recording():
    line = Interference.draw(np.random.default_rng(3))
    whole = line.potential(0, 2 * N)
    np.testing.assert_array_equal(line.potential(1234, 777), whole[:, 1234 : 1234 + 777])


def test_interference_runs_on_through_a_stay_whatever_the_background_does():
    for number in range(200):
        stay = Stay.draw((31, number), 3 * PIECE_S)
        if stay.amplifier.line and 4 < stay.amplifier.line.rate_hz < 7:
            break
    line = stay.amplifier.line
    visible = np.concatenate([piece.visible for piece in stay.pieces()], 1)
    ideal = line.potential(0, visible.shape[1])
    sos = butter(2, (line.rate_hz - 0.25, line.rate_hz + 0.25), "band", fs=SFREQ, output="sos")
    seen = sosfiltfilt(sos, visible, axis=1)
    alike = [
        np.corrcoef(seen[row, part], ideal[row, part])[0, 1]
        for row in range(N_EEG)
        for part in (slice(0, 12_000), slice(11_000, 13_000), slice(24_000, 36_000))
    ]
    assert np.median(alike) > 0.7
    assert with_line(range(200)).interference(0, 10).shape == (len(SITES), 10)


def test_slowing_comes_in_bursts_or_is_attenuated_for_seconds_in_some():
    drawn = [of_a_person(seed, "slowed") for seed in range(200)]
    assert 0.1 < np.mean([one.bursting > 0 for one in drawn]) < 0.3
    assert 0.07 < np.mean([one.attenuation > 0 for one in drawn]) < 0.25
    others = [of_a_person(seed, "awake") for seed in range(50)]
    assert not any(one.bursting or one.attenuation for one in others)
