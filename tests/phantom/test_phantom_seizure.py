"""Seizures: evolution, how they begin and end, and what readers make of them."""

from dataclasses import replace

import numpy as np
import pytest

from nasion.phantom.rhythmic import Rhythmic
from nasion.phantom.seizure import KINDS, OFFSETS, ONSETS, Seizure
from nasion.phantom.timeline import Span
from nasion.terms import SFREQ

ONSET_S, DURATION_S = 10.0, 60.0
STOP_S = ONSET_S + DURATION_S
MIDDLE = Span(35.0, 45.0)
FIELDS = np.ones((23, 1), np.float32)
SEEDS = range(8)


def steady(onset="abrupt", offset="abrupt"):
    """Nothing changes but what its types change."""
    drawn = Seizure.draw(np.random.default_rng(0), 1, 100.0, MIDDLE, "rhythmic")
    return replace(
        drawn,
        onset_s=ONSET_S,
        duration_s=DURATION_S,
        rates_hz=(5.0, 5.0, 5.0),
        amplitudes_uv=(100.0, 100.0, 100.0),
        irregularity=0.02,
        sharpness=0.0,
        looseness=0.0,
        onset=onset,
        offset=offset,
    )


def rendered(seizure):
    return [
        seizure.activity(np.random.default_rng(seed), FIELDS, STOP_S + 10, MIDDLE) for seed in SEEDS
    ]


def size(activities, first_s, last_s):
    """Median over seizures of the standard deviation between two times."""
    part = slice(round(first_s * SFREQ), round(last_s * SFREQ))
    return np.median([activity.sources[0, part].std() for activity in activities])


def rate_hz(activities, first_s, last_s):
    """From zero crossings of the signal, median over seizures."""
    part = slice(round(first_s * SFREQ), round(last_s * SFREQ))
    signals = [activity.sources[0, part] for activity in activities]
    crossings = [np.flatnonzero((x[:-1] < 0) & (x[1:] >= 0)) / SFREQ for x in signals]
    return np.median([(x.size - 1) / (x[-1] - x[0]) if x.size > 1 else 0.0 for x in crossings])


def pauses_s(activity):
    """Lengths of silent stretches in the last third of the course."""
    part = activity.sources[0, round((STOP_S - 20) * SFREQ) : round((STOP_S - 0.3) * SFREQ)]
    windows = np.lib.stride_tricks.sliding_window_view(np.abs(part), 20)
    silent = windows.max(1) < 5.0  # a tenth of a second
    edges = np.flatnonzero(np.diff(np.concatenate([[0], silent.astype(int), [0]])))
    return (edges[1::2] - edges[::2]) / SFREQ


@pytest.mark.parametrize("kind", KINDS)
def test_each_type_of_onset_and_offset_is_drawn_in_its_share(kind):
    drawn = [Seizure.draw(np.random.default_rng(s), 4, 90.0, MIDDLE, kind) for s in range(300)]
    for name, share in ONSETS.items():
        assert np.mean([one.onset == name for one in drawn]) == pytest.approx(share, abs=0.09)
    for name, share in OFFSETS.items():
        assert np.mean([one.offset == name for one in drawn]) == pytest.approx(share, abs=0.09)


def test_amplitude_grows_at_some_onsets_and_is_there_at_once_at_others():
    abrupt, growing = rendered(steady()), rendered(steady(onset="growing"))
    assert size(abrupt, ONSET_S + 0.3, ONSET_S + 1) > 0.6 * size(abrupt, 35, 45)
    assert size(growing, ONSET_S + 0.3, ONSET_S + 1) < 0.45 * size(growing, 35, 45)


def test_rate_gathers_speed_at_some_onsets():
    accelerating = rendered(steady(onset="accelerating"))
    assert rate_hz(accelerating, ONSET_S, ONSET_S + 2) < 0.75 * rate_hz(accelerating, 35, 45)
    abrupt = rendered(steady())
    assert rate_hz(abrupt, ONSET_S, ONSET_S + 2) == pytest.approx(5, rel=0.06)


def test_offsets_stop_wane_slow_down_or_thin_out():
    abrupt, waning = rendered(steady()), rendered(steady(offset="waning"))
    assert size(abrupt, STOP_S - 1, STOP_S - 0.3) > 0.7 * size(abrupt, 35, 45)
    assert size(waning, STOP_S - 1, STOP_S - 0.3) < 0.45 * size(waning, 35, 45)
    slowing = rendered(steady(offset="slowing"))
    assert rate_hz(slowing, STOP_S - 3, STOP_S) < 0.7 * rate_hz(slowing, 35, 45)
    assert rate_hz(abrupt, STOP_S - 3, STOP_S) == pytest.approx(5, rel=0.06)
    assert size(slowing, STOP_S - 1.5, STOP_S - 0.3) > 0.6 * size(slowing, 35, 45)
    for activity in rendered(steady(offset="clonic")):
        pauses = pauses_s(activity)
        assert pauses.size >= 4
        assert pauses[-3:].mean() > 1.3 * pauses[:2].mean()
    assert not any(pauses_s(activity).size for activity in abrupt)


def test_slow_seizures_change_their_rate_much_and_are_named_seizures():
    for seed in range(40):
        slow = Seizure.draw(np.random.default_rng(seed), 4, 90.0, MIDDLE, "slow")
        slow = replace(slow, onset_s=ONSET_S, duration_s=DURATION_S)
        assert max(slow.rates_hz) / min(slow.rates_hz) >= 1.8
        assert 0.5 < min(slow.rates_hz) < max(slow.rates_hz) < 3.2
        assert slow.appearance(MIDDLE).ictal > 0


def test_rhythmic_delta_up_to_four_hz_without_evolution_is_no_seizure():
    for rate in (1.5, 2.5, 3.0, 3.9):
        drawn = Rhythmic.draw(np.random.default_rng(1), 1, 90.0)
        rhythm = replace(drawn, rate_hz=rate, sharp=0.0)
        assert rhythm.appearance(1.0, MIDDLE).ictal < -2.5


def test_a_rhythm_that_evolves_is_more_ictal_than_the_same_without():
    still = steady()
    evolving = replace(still, rates_hz=(7.0, 5.0, 3.0))
    assert evolving.appearance(MIDDLE).ictal > still.appearance(MIDDLE).ictal + 1


def test_low_rhythms_are_less_than_half_as_large():
    largest = {
        kind: Seizure.draw(np.random.default_rng(5), 4, 90.0, MIDDLE, kind).amplitudes_uv[1]
        for kind in ("theta", "rhythmic")
    }
    assert largest["theta"] < 0.5 * largest["rhythmic"]
