"""Artifacts of the eyes: blinks, flutter, gaze, slow roving.

The eye is a dipole, cornea positive: lids that close over it make Fp1 and Fp2 positive, and gaze
to a side makes F7 and F8 opposite (Matsuo F et al., Electroencephalogr Clin Neurophysiol
1975;38:435). Amplifiers add an after-swing: `Habits.coupled`.
"""

import numpy as np
from numpy.typing import NDArray

from nasion.phantom.habits import Habits
from nasion.phantom.head import Head, direction
from nasion.phantom.noise import course
from nasion.phantom.stretch import stretch, taper, whole_or_stretch
from nasion.terms import SFREQ

Array = NDArray[np.float32]
Rng = np.random.Generator

_EYES = direction(16, 108), direction(-16, 108)
_TEMPLES = direction(50, 100), direction(-50, 100)
_ORBITS = direction(62, 96), direction(-62, 96)  # lateral recti


def _lids(head: Head, reach: float, lean: float) -> Array:
    """Field of both lids, 1 at the larger of Fp1 and Fp2."""
    left, right = (head.spread(eye, reach) for eye in _EYES)
    field = np.exp(lean / 2) * left + np.exp(-lean / 2) * right
    return np.asarray(field / field.max(), np.float32)


def _sideways(head: Head, width: float) -> Array:
    return head.nearness(_TEMPLES[0], width) - head.nearness(_TEMPLES[1], width)


def _lobes(
    rng: Rng, habits: Habits, onsets_s: NDArray[np.float64], n_times: int, narrower: float = 1.0
) -> Array:
    """Lobes of lids that close at some times, after the coupling, shape (n_times,), µV."""
    total = np.zeros(n_times, np.float32)
    for onset_s in onsets_s:
        width = narrower * np.exp(rng.normal(0, 0.12))
        rise, fall = habits.rise_s * width, habits.fall_s * width
        first = max(round((onset_s - 4 * rise) * SFREQ), 0)
        last = min(round((onset_s + 4 * fall) * SFREQ), n_times)
        time = np.arange(first, last) / SFREQ - onset_s
        wave = np.exp(-0.5 * (time / np.where(time < 0, rise, fall)) ** 2)
        total[first:last] += habits.blink_uv * np.exp(rng.normal(0, habits.variation)) * wave
    return habits.coupled(total)


def _onsets_s(rng: Rng, habits: Habits, duration_s: float) -> NDArray[np.float64]:
    """When a blinker blinks: alone, in flurries, or nearly regularly."""
    if habits.regular:
        n = int(duration_s * habits.blink_hz) + 3
        intervals = np.exp(rng.normal(0, 0.15, n)) / habits.blink_hz
        return np.cumsum(intervals) - rng.random() * intervals[0]
    lone = 1 - habits.flurry_share
    onsets = rng.uniform(0, duration_s, rng.poisson(lone * habits.blink_hz * duration_s))
    n_more = rng.geometric(lone, onsets.size) - 1  # that follow at .25-.9 s
    first = np.repeat(np.cumsum(n_more) - n_more, n_more)
    steps = np.cumsum(rng.uniform(0.25, 0.9, n_more.sum()))
    before = np.concatenate([[0.0], steps])[first]
    return np.concatenate([onsets, np.repeat(onsets, n_more) + steps - before])


def blinks(rng: Rng, head: Head, habits: Habits, signals: Array) -> None:
    """Blink from beginning to end as this patient does: a lobe positive at Fp1 and Fp2."""
    n_times = signals.shape[1]
    onsets_s = _onsets_s(rng, habits, n_times / SFREQ)
    if not onsets_s.size:
        return
    signals += _lids(head, habits.reach, habits.lean) * _lobes(rng, habits, onsets_s, n_times)


def flurry(rng: Rng, head: Head, habits: Habits, signals: Array) -> None:
    """Blink a few times, also who does not as a habit."""
    duration_s = signals.shape[1] / SFREQ
    n = int(rng.integers(1, 8))
    onsets_s = rng.uniform(0, duration_s) + np.cumsum(rng.uniform(0.25, 1.5, n))
    onsets_s = onsets_s[onsets_s < duration_s]
    waves = _lobes(rng, habits, onsets_s, signals.shape[1])
    signals += _lids(head, habits.reach, habits.lean) * waves


def flutter(rng: Rng, head: Head, habits: Habits, signals: Array) -> None:
    """Lids that flutter at 2-6 Hz, as with closed eyes or light that flickers, for 1-10 s."""
    n_times = signals.shape[1]
    part = stretch(rng, n_times, 1, 10)
    rate_hz = rng.uniform(2, 6)
    duration_s = (part.stop - part.start) / SFREQ
    spread = rng.choice((0.03, 0.15))  # nearly regular, as with flicker, or not
    steps = np.exp(rng.normal(0, spread, int(duration_s * rate_hz) + 1)) / rate_hz
    onsets_s = part.start / SFREQ + np.cumsum(steps)
    narrower = min(0.25 / rate_hz / habits.fall_s, 0.8)
    waves = rng.uniform(0.2, 0.7) * _lobes(rng, habits, onsets_s, n_times, narrower)
    signals += _lids(head, habits.reach, habits.lean + rng.normal(0, 0.2)) * waves


def gaze(rng: Rng, head: Head, habits: Habits, signals: Array) -> None:
    """Eyes to a side: sharp steps of opposite sign at F7 and F8, lateral-rectus spikes on them.

    One time in four at regular steps of .5-4 Hz, as in reading and nystagmus.
    """
    n_times = signals.shape[1]
    size = rng.uniform(15, 90)
    if rng.random() < 0.25:
        part = stretch(rng, n_times, 3, 20)
        rate_hz = rng.uniform(0.5, 4)
        intervals = SFREQ * np.exp(rng.normal(0, 0.15, int(20 * rate_hz) + 1)) / rate_hz
        at = part.start + np.cumsum(intervals).astype(int)
        at = at[at < part.stop]
        steps = np.full(at.size, rng.choice((-1, 1)) * size) * rng.uniform(0.6, 1.2, at.size)
        hold_s = rng.uniform(0.1, 0.5)
    else:
        at = rng.integers(0, n_times, max(rng.poisson(rng.uniform(0.1, 0.8) * n_times / SFREQ), 1))
        steps = rng.normal(0, size, at.size)
        hold_s = rng.uniform(0.3, 1.5)
    jumps = np.zeros(n_times, np.float32)
    np.add.at(jumps, at, steps)
    time = np.arange(int(2.5 * SFREQ)) / SFREQ
    kernel = np.exp(-time / hold_s) * (1 - np.exp(-time / rng.uniform(0.008, 0.03)))
    signals += _sideways(head, 0.7) * habits.coupled(np.convolve(jumps, kernel)[:n_times])
    if rng.random() < 0.4:
        spike = rng.uniform(0.3, 0.9) * np.diff(np.exp(-0.5 * (np.arange(-4, 5) / 1.3) ** 2))
        for side, orbit in zip((1, -1), _ORBITS, strict=True):
            ticks = np.convolve(np.maximum(side * jumps, 0), spike)[:n_times]
            signals += head.nearness(orbit, 0.4) * ticks.astype(np.float32)


def roving(rng: Rng, head: Head, habits: Habits, signals: Array) -> None:
    """Slow roving eye movements of drowsiness, under 1 Hz."""
    part = whole_or_stretch(rng, signals.shape[1], 0.3, 5, 40)
    n = part.stop - part.start
    waves = course(rng, 1, n, rng.uniform(0.5, 1.5)) * rng.uniform(15, 70) * taper(n)
    signals[:, part] += _sideways(head, 0.8) * habits.coupled(waves)
