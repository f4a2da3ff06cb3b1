"""Transients of normal EEG: of sleep, of looking about, of youth. Nobody calls them a pattern."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nasion.phantom.head import Head, direction
from nasion.terms import SFREQ

Array = NDArray[np.float32]
Rng = np.random.Generator


def spindles(rng: Rng, head: Head, total: Array) -> None:
    """Sleep spindles."""
    n_times = total.shape[1]
    field = head.patch(direction(0, 20), 45)
    for _ in range(rng.poisson(n_times / SFREQ / 8)):
        n = int(rng.uniform(0.5, 1.5) * SFREQ)
        time = np.arange(n) / SFREQ
        wave = np.hanning(n) * np.sin(2 * np.pi * rng.uniform(11.5, 15) * time) * rng.uniform(6, 22)
        _add(total, field, wave, int(rng.uniform(-n, n_times)))


def vertex_waves(rng: Rng, head: Head, total: Array) -> None:
    """Vertex waves and K-complexes."""
    n_times = total.shape[1]
    field = head.patch(direction(0, 8), 25)
    for _ in range(rng.poisson(n_times / SFREQ / 14)):
        wide = rng.uniform(0.04, 0.09)
        time = np.arange(int(1.2 * SFREQ)) / SFREQ - 0.3
        slow = rng.uniform(0.3, 1.0) * np.exp(-0.5 * ((time - 4.5 * wide) / (2.2 * wide)) ** 2)
        wave = rng.uniform(40, 150) * (slow - np.exp(-0.5 * (time / wide) ** 2))
        _add(total, field, wave * np.hanning(time.size) ** 0.2, int(rng.uniform(-200, n_times)))


def occipital_sharp(rng: Rng, head: Head, total: Array) -> None:
    """POSTS: positive occipital sharp transients of sleep, in runs of up to 5 Hz."""
    _runs(rng, head, total, (10, 45), (0.08, 0.16), (3.0, 5.0))


def lambda_waves(rng: Rng, head: Head, total: Array) -> None:
    """Lambda: positive, triangular, behind, as eyes scan what they see."""
    _runs(rng, head, total, (8, 30), (0.1, 0.25), (2.0, 4.0))


def slow_waves_of_youth(rng: Rng, head: Head, total: Array) -> None:
    """Posterior slow waves of youth: single waves of 0.25-0.4 s with alpha on them."""
    _runs(rng, head, total, (-60, -20), (0.25, 0.4), (0.2, 0.5))


def _runs(
    rng: Rng,
    head: Head,
    total: Array,
    size_uv: tuple[float, float],
    width_s: tuple[float, float],
    rate_hz: tuple[float, float],
) -> None:
    """Occipital waves of one polarity, in runs of seconds, one side larger."""
    n_times = total.shape[1]
    sides = np.exp(rng.normal(0, 0.3, 2))
    extent = rng.uniform(12, 30)
    field = sum(
        gain * head.patch(direction(side * 158, 84), extent)
        for side, gain in zip((1, -1), sides, strict=True)
    )
    field = np.asarray(field / np.abs(field).max(), np.float32)
    size, rate = rng.uniform(*size_uv), rng.uniform(*rate_hz)
    for _ in range(rng.poisson(n_times / SFREQ / 12) + 1):
        onset = rng.uniform(-3 * SFREQ, n_times)
        n = 1 + rng.poisson(4)
        onsets = onset + np.cumsum(np.exp(rng.normal(0, 0.2, n))) / rate * SFREQ
        for at in onsets.astype(int):
            length = round(rng.uniform(*width_s) * SFREQ)
            wave = size * np.exp(rng.normal(0, 0.25)) * np.bartlett(length)
            _add(total, field, wave, int(at))


def _add(total: Array, field: Array, wave: NDArray[np.float64], onset: int) -> None:
    first, last = max(onset, 0), min(onset + wave.size, total.shape[1])
    if first < last:
        total[:, first:last] += field[:, None] * wave[first - onset : last - onset].astype(
            np.float32
        )


Transient = Callable[[Rng, Head, Array], None]
# How many have them in which state.
SHARES: dict[str, dict[Transient, float]] = {
    "awake": {lambda_waves: 0.15, slow_waves_of_youth: 0.5},
    "drowsy": {vertex_waves: 0.35, occipital_sharp: 0.3},
    "asleep": {spindles: 1.0, vertex_waves: 1.0, occipital_sharp: 0.35},
}
YOUNG = (slow_waves_of_youth,)
ALL = (spindles, vertex_waves, occipital_sharp, lambda_waves, slow_waves_of_youth)


def draw(rng: Rng, kind: str, *, young: bool) -> tuple[Transient, ...]:
    """Those of a background; as many draws for every kind and age."""
    chances = rng.random(len(ALL))
    shares = SHARES.get(kind, {})
    return tuple(
        transient
        for transient, chance in zip(ALL, chances, strict=True)
        if chance < shares.get(transient, 0.0) and (young or transient not in YOUNG)
    )
