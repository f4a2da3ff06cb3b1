"""Artifacts of muscles: EMG at rest, and chewing."""

import numpy as np
from numpy.typing import NDArray

from nasion.phantom.habits import Habits
from nasion.phantom.head import Head, direction
from nasion.phantom.noise import alike, band, course, phase
from nasion.phantom.stretch import stretch, taper, whole_or_stretch

Array = NDArray[np.float32]
Rng = np.random.Generator


def muscle(rng: Rng, head: Head, habits: Habits, signals: Array) -> None:
    """EMG: 20-100 Hz with a foot below; temples, forehead or everywhere, in spells."""
    n_times = signals.shape[1]
    n_places = rng.integers(1, 5)
    gain = np.full((19, 1), rng.choice((0.0, rng.uniform(0.1, 0.8)), p=(0.6, 0.4)), np.float32)
    for _ in range(n_places):
        angle = rng.choice((30, 60, 85, 110)) * rng.choice((-1, 1))
        gain += head.nearness(direction(angle, 95), rng.uniform(0.3, 0.8))
    part = whole_or_stretch(rng, n_times, 0.5, 1, 20)
    n = part.stop - part.start
    amplitude = band(n, rng.uniform(12, 40), rng.uniform(50, 100))
    size = float(np.exp(rng.normal(2.4, 0.9)))
    swell = np.exp(rng.uniform(0.1, 0.7) * course(rng, 1, n, rng.uniform(0.2, 2.0)))
    rows = np.flatnonzero(gain[:, 0] > 0.05)
    signals[rows, part] += (
        alike(rng, rows.size, amplitude, n)
        * (gain[rows] * size)
        * (swell * (taper(n) if n < n_times else 1.0))
    )


def chewing(rng: Rng, head: Head, habits: Habits, signals: Array) -> None:
    """Bursts of EMG at 0.8-2.5 Hz with a slow swing, on both sides or mostly on one."""
    part = stretch(rng, signals.shape[1], 4, 40)
    n = part.stop - part.start
    angle = phase(rng, rng.uniform(0.8, 2.5), n, wander=0.1, step_s=1.0)
    beat = np.exp(rng.uniform(1.5, 5) * (np.cos(angle) - 1)).astype(np.float32) * taper(n)
    weaker, side = rng.choice((1.0, rng.uniform(0.1, 0.8))), rng.choice((-1, 1))
    gain = np.zeros((19, 1), np.float32)
    for azimuth in (60, 95):
        for sign in (1, -1):
            share = weaker if sign == side else 1.0
            gain += np.float32(share) * head.nearness(direction(azimuth * sign, 98), 0.7)
    rows = np.flatnonzero(gain[:, 0] > 0.03)
    emg = alike(rng, rows.size, band(n, 18, 90), n)
    signals[rows, part] += gain[rows] * beat * emg * np.float32(rng.uniform(10, 60))
    slow = np.asarray(beat * rng.uniform(-60, 60), np.float32)
    signals[:, part] += gain * habits.coupled(slow)
