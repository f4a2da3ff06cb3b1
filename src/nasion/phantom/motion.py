"""Artifacts of bodies and beds that move: patting, percussion, shaking, hiccups, tongue, breath."""

import numpy as np
from numpy.typing import NDArray

from nasion.phantom.habits import Habits
from nasion.phantom.head import Head, direction
from nasion.phantom.noise import alike, band, course, phase
from nasion.phantom.stretch import stretch, taper, whole_or_stretch
from nasion.terms import ELECTRODES, SFREQ

Array = NDArray[np.float32]
Rng = np.random.Generator

_BACK = direction(180, 90)
_MOUTH = direction(0, 125)


def _shaken(rng: Rng, head: Head) -> Array:
    """Which electrodes move with the head or the bed, shape (19, 1), largest about 1."""
    kind = rng.integers(5)
    n = len(ELECTRODES)
    uneven = np.exp(rng.normal(0, 0.3, (n, 1)))
    if kind == 0:  # one electrode
        gain = np.zeros((n, 1))
        gain[rng.integers(n)] = 1
    elif kind == 1:  # one side, on which the head lies
        gain = uneven * head.spread(direction(rng.choice((-1, 1)) * 95, 90), 0.7)
    elif kind == 2:  # the reference: all alike
        gain = np.ones((n, 1)) + rng.normal(0, 0.15, (n, 1))
    elif kind == 3:  # the back of the head on a pillow
        gain = uneven * head.spread(_BACK, 0.6)
    else:  # leads that swing, each as it hangs
        gain = rng.normal(0, 0.7, (n, 1)) * (rng.random((n, 1)) < rng.uniform(0.15, 0.9))
    return np.asarray(rng.choice((-1, 1)) * gain, np.float32)


def movement(rng: Rng, head: Head, habits: Habits, signals: Array) -> None:
    """Large irregular swings of many electrodes for seconds."""
    part = stretch(rng, signals.shape[1], 0.5, 8)
    n = part.stop - part.start
    gain = np.exp(rng.normal(0, 0.8, (19, 1)))
    shared = course(rng, 1, n, rng.uniform(0.06, 0.5))
    single = course(rng, 19, n, rng.uniform(0.06, 0.5))
    size = np.exp(rng.normal(3.8, 0.8))
    signals[:, part] += (size * gain * (0.6 * shared + 0.6 * single) * taper(n)).astype(np.float32)


def patting(rng: Rng, head: Head, habits: Habits, signals: Array) -> None:
    """Rubbing and patting, a shaking bed: smooth waves of .5-7 Hz, in no field of a brain."""
    part = stretch(rng, signals.shape[1], 4, 40)
    n = part.stop - part.start
    rate_hz = rng.uniform(0.5, 5.0) if rng.random() < 0.8 else rng.uniform(5.0, 7.0)
    angle = phase(rng, rate_hz, n, wander=rng.uniform(0.01, 0.1), step_s=0.5)
    beat = np.cos(angle) + rng.uniform(0, 0.8) * np.cos(2 * angle + rng.uniform(0, 6))
    swell = np.exp(rng.uniform(0.1, 0.6) * course(rng, 1, n, 1.0)[0]) * taper(n)
    waves = np.asarray(np.exp(rng.normal(3.6, 0.6)) * beat * swell, np.float32)
    signals[:, part] += _shaken(rng, head) * habits.coupled(waves)


def percussion(rng: Rng, head: Head, habits: Habits, signals: Array) -> None:
    """Chest physiotherapy, knocks on the bed: .5-5 blows a second that ring and die away."""
    part = stretch(rng, signals.shape[1], 4, 40)
    rate_hz = rng.uniform(0.5, 5.0)
    _blows(rng, head, habits, signals, part, rate_hz, rng.uniform(0.03, 0.2))


def hiccups(rng: Rng, head: Head, habits: Habits, signals: Array) -> None:
    """Jerks of the trunk every 2-6 s, with a swing of the head."""
    part = whole_or_stretch(rng, signals.shape[1], 0.5, 10, 60)
    _blows(rng, head, habits, signals, part, 1 / rng.uniform(2, 6), rng.uniform(0.1, 0.3))


def _blows(
    rng: Rng,
    head: Head,
    habits: Habits,
    signals: Array,
    part: slice,
    rate_hz: float,
    irregularity: float,
) -> None:
    n = part.stop - part.start
    steps = np.exp(rng.normal(0, irregularity, int(2 * n / SFREQ * rate_hz) + 2)) / rate_hz
    times_s = np.cumsum(steps) - rng.random() * min(steps[0], n / SFREQ)
    at = (times_s[times_s < n / SFREQ] * SFREQ).astype(int)
    blows = np.zeros(n, np.float32)
    np.add.at(blows, at, np.exp(rng.normal(3.9, 0.6)) * np.exp(rng.normal(0, 0.3, at.size)))
    time = np.arange(int(0.8 * SFREQ)) / SFREQ
    kernel = np.exp(-time / rng.uniform(0.05, 0.2)) * np.sin(2 * np.pi * rng.uniform(2, 8) * time)
    waves = np.convolve(blows, kernel)[:n] * taper(n)
    signals[:, part] += _shaken(rng, head) * habits.coupled(waves)


def tongue(rng: Rng, head: Head, habits: Habits, signals: Array) -> None:
    """Glossokinetic potentials: slow waves of 1-4 Hz in front and at the temples, for seconds.

    The tip of the tongue is negative; speech and swallowing move it (Klass 1995).
    """
    part = stretch(rng, signals.shape[1], 1, 8)
    n = part.stop - part.start
    field = head.spread(_MOUTH, rng.uniform(0.6, 1.2))
    field = field / field.max()
    lean = rng.normal(0, 0.3) * head.positions[:19, 1:2]
    centre_hz = rng.uniform(1.0, 4.0)
    waves = alike(rng, 1, band(n, 0.6 * centre_hz, 1.4 * centre_hz), n)[0] * taper(n)
    size = np.exp(rng.normal(3.4, 0.5))
    signals[:, part] += (field * (1 + lean)).astype(np.float32) * habits.coupled(size * waves)


def ventilator(rng: Rng, head: Head, habits: Habits, signals: Array) -> None:
    """Every 2-6 s a slow swing, with or without water moving in the tube (fast)."""
    n_times = signals.shape[1]
    period = rng.uniform(2.0, 6.0)
    angle = 2 * np.pi * (np.arange(n_times) / SFREQ / period + rng.random())
    beat = np.exp(rng.uniform(2, 12) * (np.cos(angle) - 1)).astype(np.float32)
    gain = rng.normal(0, 1, (19, 1)).astype(np.float32) * rng.uniform(3, 25)
    signals += gain * beat
    if rng.random() < 0.3:
        signals += gain * 0.5 * beat * alike(rng, 1, band(n_times, 6, 15), n_times)
