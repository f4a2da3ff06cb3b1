"""Artifacts: what is not the brain.

Each adds itself to (19, n_times) referential signals, µV, in place.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nasion.phantom.head import OUTER, Head, direction
from nasion.phantom.noise import alike, band, course
from nasion.terms import ELECTRODES, SFREQ

Array = NDArray[np.float32]
Rng = np.random.Generator

_EYES = (direction(22, 112), direction(-22, 112))


def _nearness(head: Head, place: Array, width: float) -> Array:
    """Field that falls off with distance from a place on the skin, shape (19, 1)."""
    distance = np.linalg.norm(head.positions[:19] - place, axis=1)
    return np.asarray(np.exp(-((distance / width) ** 2)), np.float32)[:, None]


def _piece(rng: Rng, n_times: int, shortest_s: float, longest_s: float) -> slice:
    """A random stretch, at least partly inside."""
    length = min(int(rng.uniform(shortest_s, longest_s) * SFREQ), n_times)
    start = int(rng.integers(0, max(n_times - length, 0) + 1))
    return slice(start, start + length)


def _taper(n: int) -> Array:
    edge = np.minimum(np.arange(n), np.arange(n)[::-1]) / (0.15 * n + 1)
    return np.asarray(np.clip(edge, 0, 1), np.float32)


def _channel(rng: Rng) -> int:
    return int(rng.integers(len(ELECTRODES)))


def blinks(rng: Rng, head: Head, signals: Array) -> None:
    """Positive at Fp1 and Fp2, 0.2-0.4 s."""
    field = _nearness(head, _EYES[0], 0.75) + _nearness(head, _EYES[1], 0.75)
    n_times = signals.shape[1]
    rate = rng.uniform(0.05, 0.8)
    size = rng.uniform(40, 260)
    for _ in range(max(rng.poisson(rate * n_times / SFREQ), 1)):
        n = int(rng.uniform(0.25, 0.6) * SFREQ)
        start = int(rng.integers(0, max(n_times - n, 1)))
        time = np.linspace(0, 1, n, dtype=np.float32)
        wave = size * rng.uniform(0.6, 1.4) * np.sin(np.pi * time**0.7) ** 2
        signals[:, start : start + n] += (field * wave)[:, : n_times - start]


def gaze(rng: Rng, head: Head, signals: Array) -> None:
    """Lateral eye movements: steps of opposite sign at F7 and F8 that decay."""
    field = _nearness(head, direction(50, 100), 0.7) - _nearness(head, direction(-50, 100), 0.7)
    n_times = signals.shape[1]
    steps = np.zeros(n_times)
    n_steps = max(rng.poisson(rng.uniform(0.1, 0.8) * n_times / SFREQ), 1)
    steps[rng.integers(0, n_times, n_steps)] = rng.normal(0, rng.uniform(15, 70), n_steps)
    time = np.arange(int(2 * SFREQ)) / SFREQ
    kernel = np.exp(-time / rng.uniform(0.2, 1.2)) * (1 - np.exp(-time / 0.02))
    signals += field * np.convolve(steps, kernel)[:n_times].astype(np.float32)


def roving(rng: Rng, head: Head, signals: Array) -> None:
    """Slow roving eye movements, under 1 Hz."""
    field = _nearness(head, direction(50, 100), 0.8) - _nearness(head, direction(-50, 100), 0.8)
    part = _piece(rng, signals.shape[1], 5, 40)
    n = part.stop - part.start
    signals[:, part] += field * (
        course(rng, 1, n, rng.uniform(0.5, 1.5)) * rng.uniform(10, 50) * _taper(n)
    )


def muscle(rng: Rng, head: Head, signals: Array) -> None:
    """EMG: 20-100 Hz with a foot below; temples, forehead or everywhere, in spells."""
    n_times = signals.shape[1]
    n_places = rng.integers(1, 5)
    gain = np.full((19, 1), rng.choice((0.0, rng.uniform(0.1, 0.8)), p=(0.6, 0.4)), np.float32)
    for _ in range(n_places):
        angle = rng.choice((30, 60, 85, 110)) * rng.choice((-1, 1))
        gain += _nearness(head, direction(angle, 95), rng.uniform(0.3, 0.8))
    part = slice(0, n_times) if rng.random() < 0.5 else _piece(rng, n_times, 1, 20)
    n = part.stop - part.start
    amplitude = band(n, rng.uniform(12, 40), rng.uniform(50, 100))
    size = float(np.exp(rng.normal(2.4, 0.9)))
    swell = np.exp(rng.uniform(0.1, 0.7) * course(rng, 1, n, rng.uniform(0.2, 2.0)))
    rows = np.flatnonzero(gain[:, 0] > 0.05)
    taper = _taper(n) if n < n_times else 1.0
    signals[rows, part] += (
        alike(rng, rows.size, amplitude, n) * (gain[rows] * size) * (swell * taper)
    )


def chewing(rng: Rng, head: Head, signals: Array) -> None:
    """Bursts of EMG at 0.8-2 Hz with a slow swing."""
    part = _piece(rng, signals.shape[1], 4, 25)
    n = part.stop - part.start
    phase = (
        2
        * np.pi
        * np.cumsum(rng.uniform(0.8, 2.0) * np.exp(0.1 * course(rng, 1, n, 1.0)[0]))
        / SFREQ
    )
    beat = np.exp(3 * (np.cos(phase) - 1)).astype(np.float32) * _taper(n)
    gain = sum(_nearness(head, direction(a * s, 98), 0.7) for a in (60, 95) for s in (1, -1))
    emg = alike(rng, 19, band(n, 18, 90), n)
    signals[:, part] += gain * beat * emg * rng.uniform(10, 60)
    signals[:, part] += gain * beat * rng.uniform(-30, 30)


def pops(rng: Rng, head: Head, signals: Array) -> None:
    """Electrode pops: steep at one electrode, decaying."""
    row, n_times = _channel(rng), signals.shape[1]
    size = np.exp(rng.normal(4.3, 0.7)) * rng.choice((-1, 1))
    time = np.arange(int(1.5 * SFREQ)) / SFREQ
    kernel = np.exp(-time / rng.uniform(0.03, 0.4))
    rate = rng.choice((0.05, 0.3, 1.0))
    steps = np.zeros(n_times)
    n_pops = max(rng.poisson(rate * n_times / SFREQ), 1)
    steps[rng.integers(0, n_times, n_pops)] = size * np.exp(rng.normal(0, 0.4, n_pops))
    signals[row] += np.convolve(steps, kernel)[:n_times].astype(np.float32)


def bad_contact(rng: Rng, head: Head, signals: Array) -> None:
    """One electrode noisy: slow drifts, mains and steps."""
    row = _channel(rng)
    part = (
        slice(0, signals.shape[1]) if rng.random() < 0.5 else _piece(rng, signals.shape[1], 2, 30)
    )
    n = part.stop - part.start
    size = np.exp(rng.normal(3.8, 0.9))
    signals[row, part] += size * course(rng, 1, n, rng.uniform(0.05, 1.0))[0] * _taper(n)
    if rng.random() < 0.5:
        signals[row, part] += size * alike(rng, 1, band(n, 1, rng.uniform(5, 90)), n)[0] * _taper(n)


def lead_off(rng: Rng, head: Head, signals: Array) -> None:
    """An electrode without contact: flat or clipped, or nothing but mains."""
    row = _channel(rng)
    part = (
        slice(0, signals.shape[1]) if rng.random() < 0.6 else _piece(rng, signals.shape[1], 2, 30)
    )
    n = part.stop - part.start
    kind = rng.integers(3)
    if kind == 0:
        signals[row, part] = rng.normal(0, 30)
    elif kind == 1:
        signals[row, part] = np.clip(
            rng.uniform(200, 5000) * course(rng, 1, n, 0.4)[0], -1200, 1200
        )
    else:
        hum = np.sin(2 * np.pi * 60 * np.arange(n) / SFREQ)
        signals[row, part] = rng.uniform(50, 2000) * hum


def bridge(rng: Rng, head: Head, signals: Array) -> None:
    """Salt bridge: two neighbours show the same."""
    row = _channel(rng)
    distance = np.linalg.norm(head.positions[:19] - head.positions[row], axis=1)
    neighbour = int(np.argsort(distance)[1])
    mean = (signals[row] + signals[neighbour]) / 2
    signals[row], signals[neighbour] = mean, mean


def sweat(rng: Rng, head: Head, signals: Array) -> None:
    """Very slow swings, under 0.6 Hz, in several electrodes."""
    lateral = np.array([3.0 if name in OUTER else 1.0 for name in ELECTRODES])
    rows = rng.choice(19, rng.integers(2, 14), replace=False, p=lateral / lateral.sum())
    size = np.exp(rng.normal(3.1, 0.8))
    signals[rows] += size * course(rng, rows.size, signals.shape[1], rng.uniform(0.6, 2.5))


def movement(rng: Rng, head: Head, signals: Array) -> None:
    """Large irregular swings of many electrodes for seconds."""
    part = _piece(rng, signals.shape[1], 0.5, 8)
    n = part.stop - part.start
    gain = np.exp(rng.normal(0, 0.8, (19, 1)))
    shared = course(rng, 1, n, rng.uniform(0.06, 0.5))
    single = course(rng, 19, n, rng.uniform(0.06, 0.5))
    size = np.exp(rng.normal(3.8, 0.8))
    signals[:, part] += (size * gain * (0.6 * shared + 0.6 * single) * _taper(n)).astype(np.float32)


def patting(rng: Rng, head: Head, signals: Array) -> None:
    """Rubbing, patting, chest physiotherapy, a shaking bed: rhythmic, in no field of a brain."""
    part = _piece(rng, signals.shape[1], 4, 30)
    n = part.stop - part.start
    rate = rng.uniform(1.0, 7.0)
    phase = 2 * np.pi * np.cumsum(rate * np.exp(0.06 * course(rng, 1, n, 0.5)[0])) / SFREQ
    gain = rng.normal(0, 1, (19, 1)) * (rng.random((19, 1)) < rng.uniform(0.15, 0.9))
    beat = np.cos(phase) + rng.uniform(0, 0.8) * np.cos(2 * phase + rng.uniform(0, 6))
    swell = np.exp(0.5 * course(rng, 1, n, 1.0)[0]) * _taper(n)
    signals[:, part] += (rng.uniform(10, 70) * gain * beat * swell).astype(np.float32)


def ventilator(rng: Rng, head: Head, signals: Array) -> None:
    """Every 2-6 s a slow swing, with or without water moving in the tube (fast)."""
    n_times = signals.shape[1]
    period = rng.uniform(2.0, 6.0)
    phase = 2 * np.pi * (np.arange(n_times) / SFREQ / period + rng.random())
    beat = np.exp(rng.uniform(2, 12) * (np.cos(phase) - 1)).astype(np.float32)
    gain = rng.normal(0, 1, (19, 1)).astype(np.float32) * rng.uniform(3, 25)
    signals += gain * beat
    if rng.random() < 0.3:
        signals += gain * 0.5 * beat * alike(rng, 1, band(n_times, 6, 15), n_times)


def pulse(rng: Rng, head: Head, signals: Array) -> None:
    """An electrode on an artery: a smooth wave at the heart's rate."""
    row, n_times = _channel(rng), signals.shape[1]
    phase = (
        2
        * np.pi
        * np.cumsum(rng.uniform(0.9, 1.8) * np.exp(0.03 * course(rng, 1, n_times, 2)[0]))
        / SFREQ
    )
    signals[row] += rng.uniform(8, 50) * np.asarray(
        np.cos(phase) + 0.4 * np.cos(2 * phase + 1), np.float32
    )


def hum(rng: Rng, head: Head, signals: Array) -> None:
    """Mains in single electrodes, at 50 or 60 Hz."""
    rows = rng.choice(19, rng.integers(1, 6), replace=False)
    time = np.arange(signals.shape[1], dtype=np.float32) / np.float32(SFREQ)
    wave = np.sin(2 * np.pi * rng.choice((50, 60)) * time + rng.uniform(0, 6))
    signals[rows] += (np.exp(rng.normal(3.5, 1.2, (rows.size, 1))) * wave).astype(np.float32)


Artifact = Callable[[Rng, Head, Array], None]
SHARES: dict[Artifact, float] = {
    muscle: 0.34, blinks: 0.16, gaze: 0.08, roving: 0.04, pops: 0.06, bad_contact: 0.09,
    lead_off: 0.035, sweat: 0.2, movement: 0.07, ventilator: 0.025, pulse: 0.03, hum: 0.05,
    chewing: 0.025, patting: 0.025, bridge: 0.02,
}  # fmt: skip
_WEIGHTS = np.array(list(SHARES.values())) / sum(SHARES.values())


def contaminate(rng: Rng, head: Head, signals: Array, burden: float) -> None:
    """Add about `burden` artifacts of random kinds, in place."""
    kinds = list(SHARES)
    n = min(int(rng.poisson(burden)), 20)
    for index in rng.choice(len(kinds), n, p=_WEIGHTS):
        kinds[index](rng, head, signals)
