"""Artifacts of single electrodes and their leads: pops, loose contact, mains, pulse, sweat."""

import numpy as np
from numpy.typing import NDArray

from nasion.phantom.habits import Habits
from nasion.phantom.head import OUTER, Head
from nasion.phantom.noise import alike, band, course, phase
from nasion.phantom.stretch import taper, whole_or_stretch
from nasion.terms import ELECTRODES, SFREQ

Array = NDArray[np.float32]
Rng = np.random.Generator

_LATERAL = np.array([3.0 if name in OUTER else 1.0 for name in ELECTRODES])


def _channel(rng: Rng) -> int:
    return int(rng.integers(len(ELECTRODES)))


def _pop_times(rng: Rng, duration_s: float) -> NDArray[np.float64]:
    """When an electrode pops: now and then, in spates, or nearly regularly at .3-3 Hz."""
    kind = rng.choice(3, p=(0.4, 0.35, 0.25))
    if kind == 0:
        return rng.uniform(0, duration_s, max(rng.poisson(0.05 * duration_s), 1))
    begin_s = rng.uniform(-0.3, 0.7) * duration_s
    stop_s = min(begin_s + rng.uniform(5, 60), duration_s)
    rate_hz = np.exp(rng.uniform(np.log(0.3), np.log(3)))
    n = int(2 * (stop_s - begin_s) * rate_hz) + 4
    if kind == 1:  # quantiles .1 .5 .9 of intervals in real spates: .3, 1.0, 15 s
        steps = np.exp(rng.normal(0, 1.2, n)) / rate_hz
    else:
        steps = np.exp(rng.normal(0, rng.uniform(0.03, 0.25), n)) / rate_hz
    times = max(begin_s, 0) + rng.random() * min(steps[0], 0.8 * duration_s) + np.cumsum(steps)
    times -= steps[0]
    return np.asarray(times[times < stop_s])


def pops(rng: Rng, head: Head, habits: Habits, signals: Array) -> None:
    """One electrode that pops: steep, with an exponential return, or with one on both sides."""
    row = int(rng.choice(len(ELECTRODES), p=_LATERAL / _LATERAL.sum()))
    n_times = signals.shape[1]
    size = np.exp(rng.normal(4.7, 0.9)) * rng.choice((-1, 1))
    times_s = _pop_times(rng, n_times / SFREQ)
    sizes = size * np.exp(rng.normal(0, rng.uniform(0.1, 0.8), times_s.size))
    if rng.random() < 0.2:
        sizes *= rng.choice((-1, 1), times_s.size)
    steps = np.zeros(n_times, np.float32)
    np.add.at(steps, np.minimum((times_s * SFREQ).astype(int), n_times - 1), sizes)
    return_s = np.exp(rng.uniform(np.log(0.03), np.log(0.6)))
    time = np.arange(int(min(5 * return_s, 2.0) * SFREQ) + 1) / SFREQ
    kernel = np.exp(-time / return_s)
    before = 0
    if rng.random() < 0.3:  # a flank on both sides: it jumps across from the other sign, or rises
        crosses = rng.random() < 0.5
        rise_s = return_s * rng.uniform(0.2, 1.0) if crosses else rng.uniform(0.01, 0.04)
        height = -rng.uniform(0.2, 1.0) if crosses else 1.0
        before = int(min(4 * rise_s, 1.0) * SFREQ)
        rise = height * np.exp(-np.arange(before, 0, -1) / SFREQ / rise_s)
        kernel = np.concatenate([rise, kernel])
    waves = np.convolve(steps, kernel)[before : before + n_times]
    signals[row] += habits.coupled(waves) if rng.random() < 0.7 else waves.astype(np.float32)


def bad_contact(rng: Rng, head: Head, habits: Habits, signals: Array) -> None:
    """One electrode noisy: slow drifts, mains and steps."""
    row = _channel(rng)
    part = whole_or_stretch(rng, signals.shape[1], 0.5, 2, 30)
    n = part.stop - part.start
    size = np.exp(rng.normal(3.8, 0.9))
    signals[row, part] += size * course(rng, 1, n, rng.uniform(0.05, 1.0))[0] * taper(n)
    if rng.random() < 0.5:
        signals[row, part] += size * alike(rng, 1, band(n, 1, rng.uniform(5, 90)), n)[0] * taper(n)


def lead_off(rng: Rng, head: Head, habits: Habits, signals: Array) -> None:
    """An electrode without contact: flat or clipped, or nothing but mains."""
    row = _channel(rng)
    part = whole_or_stretch(rng, signals.shape[1], 0.6, 2, 30)
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


def bridge(rng: Rng, head: Head, habits: Habits, signals: Array) -> None:
    """Salt bridge: two neighbours show the same."""
    row = _channel(rng)
    distance = np.linalg.norm(head.positions[:19] - head.positions[row], axis=1)
    neighbour = int(np.argsort(distance)[1])
    mean = (signals[row] + signals[neighbour]) / 2
    signals[row], signals[neighbour] = mean, mean


def sweat(rng: Rng, head: Head, habits: Habits, signals: Array) -> None:
    """Very slow swings, under 0.6 Hz, in several electrodes."""
    rows = rng.choice(19, rng.integers(2, 14), replace=False, p=_LATERAL / _LATERAL.sum())
    size = np.exp(rng.normal(3.1, 0.8))
    signals[rows] += size * course(rng, rows.size, signals.shape[1], rng.uniform(0.6, 2.5))


def pulse(rng: Rng, head: Head, habits: Habits, signals: Array) -> None:
    """An electrode on an artery: a smooth wave at the heart's rate."""
    row, n_times = _channel(rng), signals.shape[1]
    beat = phase(rng, rng.uniform(0.9, 1.8), n_times, wander=0.03, step_s=2)
    signals[row] += rng.uniform(8, 50) * np.asarray(
        np.cos(beat) + 0.4 * np.cos(2 * beat + 1), np.float32
    )


def hum(rng: Rng, head: Head, habits: Habits, signals: Array) -> None:
    """Mains in single electrodes, at 50 or 60 Hz."""
    rows = rng.choice(19, rng.integers(1, 6), replace=False)
    time = np.arange(signals.shape[1], dtype=np.float32) / np.float32(SFREQ)
    wave = np.sin(2 * np.pi * rng.choice((50, 60)) * time + rng.uniform(0, 6))
    signals[rows] += (np.exp(rng.normal(3.5, 1.2, (rows.size, 1))) * wave).astype(np.float32)
