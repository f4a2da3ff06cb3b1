"""Background: what the brain does beside the pattern, from a normal rhythm to suppression.

ACNS 2021 describes it by symmetry, predominant frequency, posterior dominant rhythm, continuity
(continuous, discontinuous, burst-suppression, suppression), voltage, sleep transients and breach.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasion.phantom.head import MIRRORED, Head, direction
from nasion.phantom.noise import alike, bump, course, frequencies, shaped
from nasion.terms import SFREQ

Array = NDArray[np.float32]

KINDS = ("awake", "asleep", "slowed", "suppressed", "burst-suppression", "medicated")


@dataclass(frozen=True)
class Background:
    """A patient's background.

    Parameters
    ----------
    noise_uv
        Broad-band activity at the scalp, standard deviation.
    exponent, knee_hz, drift
        Of its power spectrum, f^-exponent beyond knee_hz; below it f^(-2 drift).
    evenness, bilateral
        How local and how alike on both sides broad-band activity is; see `_mixing`.
    delta_uv, theta_uv, alpha_uv, beta_uv
        Standard deviations where each is largest.
    focus
        Share of the slowing that is lateralized (left).
    weaker
        Gain of the left side (attenuation below 1, breach above).
    bursts_per_min, suppression
        Discontinuity: rate of bursts and gain between them (1: continuous).
    """

    kind: str
    noise_uv: float
    exponent: float
    knee_hz: float
    drift: float
    evenness: float
    bilateral: float
    delta_uv: float
    delta_hz: float
    theta_uv: float
    alpha_uv: float
    alpha_hz: float
    beta_uv: float
    focus: float
    weaker: float
    burst_s: float
    pause_s: float
    suppression: float

    @classmethod
    def draw(cls, rng: np.random.Generator, kind: str = "") -> "Background":
        """Draw one of KINDS; amplitudes log-normal, wide on purpose."""
        kind = kind or str(rng.choice(KINDS, p=(0.11, 0.1, 0.5, 0.12, 0.07, 0.1)))
        scale = float(np.exp(rng.normal(0, 0.45)))
        slow = {
            "awake": 0.3,
            "asleep": 1.2,
            "slowed": 1.3,
            "suppressed": 0.25,
            "burst-suppression": 1.6,
            "medicated": 0.7,
        }[kind]
        quiet = 0.3 if kind == "suppressed" else 1.0

        def size(typical: float) -> float:
            return float(scale * quiet * typical * np.exp(rng.normal(0, 0.5)))

        return cls(
            kind=kind,
            noise_uv=size(7.5),
            exponent=float(rng.uniform(1.8, 4.0)),
            knee_hz=float(rng.uniform(1.0, 5)),
            drift=float(rng.uniform(0.4, 1.3)),
            evenness=float(rng.uniform(0.2, 0.7)),
            bilateral=float(rng.uniform(0.0, 0.45)),
            delta_uv=size(8.0) * slow * float(rng.choice((0.4, 1.0, 1.9), p=(0.4, 0.4, 0.2))),
            delta_hz=float(rng.uniform(0.5, 1.9)),
            theta_uv=size(5.0) * float(rng.random() < 0.6),
            alpha_uv=size({"awake": 11.0, "slowed": 2.0, "medicated": 2.5}.get(kind, 0.8)),
            alpha_hz=float(rng.uniform(8, 11.5) if kind == "awake" else rng.uniform(6, 10)),
            beta_uv=size(5.0 if kind == "medicated" else 1.8),
            focus=float(rng.choice((0.0, rng.uniform(0.2, 1.0)), p=(0.6, 0.4))),
            weaker=float(np.exp(rng.choice((0.0, rng.normal(0, 0.4)), p=(0.6, 0.4)))),
            burst_s=float(rng.uniform(0.6, 4)),
            pause_s=float(rng.uniform(2, 12)),
            suppression=float(rng.uniform(0.05, 0.3)) if kind == "burst-suppression" else 1.0,
        )

    def potential(self, rng: np.random.Generator, head: Head, n_times: int) -> Array:
        """Render at `head.SITES`, shape (23, n_times), µV."""
        frequency = np.maximum(frequencies(n_times), 0.1)
        knee = (1 + (frequency / self.knee_hz) ** 2) ** (-self.exponent / 4)
        broad = np.asarray(knee * frequency**-self.drift, np.float32)
        slow = np.exp(-rng.uniform(0.5, 1.3) * np.square(np.log(frequency / self.delta_hz)))
        spectra = (
            slow,
            bump(n_times, rng.uniform(4, 7), rng.uniform(1.0, 2.0)),
            bump(n_times, self.alpha_hz, rng.uniform(0.8, 2.4)),
            bump(n_times, rng.uniform(14, 24), rng.uniform(2, 4)),
        )
        swell = np.exp(
            rng.uniform(0.1, 0.6) * course(rng, 4, n_times, rng.uniform(1, 3))
            + rng.uniform(0, 0.5) * course(rng, 4, n_times, 45.0)  # the state changes by minutes
        )
        fields = self._rhythms(rng, head)
        rows = np.repeat(np.arange(4), [field.shape[1] for field in fields])
        rhythms = shaped(rng, np.stack(spectra)[rows], n_times)
        rhythms *= swell[rows]
        mixing = np.concatenate(
            [self.noise_uv * _mixing(head, self.evenness, self.bilateral), *fields], 1
        )
        mixing *= (self.weaker ** np.clip(head.positions[:, 1] * 1.5, 0, 1))[:, None]
        n_broad = mixing.shape[1] - len(rows)
        sources = np.concatenate([alike(rng, n_broad, broad, n_times), rhythms])
        total = np.asarray(mixing, np.float32) @ sources
        if self.suppression < 1:
            total *= self._continuity(rng, n_times)
        if self.kind == "asleep":
            _sleep(rng, head, total)
        return total

    def _rhythms(self, rng: np.random.Generator, head: Head) -> tuple[Array, ...]:
        """Fields, µV, of slowing, theta, the posterior dominant rhythm and beta."""

        def pairs(places: tuple[tuple[float, float], ...], extent_deg: float) -> Array:
            columns = [
                head.patch(direction(side * azimuth, polar), extent_deg)
                for azimuth, polar in places
                for side in (1, -1)
            ]
            return np.stack(columns, 1)

        sides = np.tile((1 + self.focus, 1 - self.focus), 5)
        sides *= np.repeat((1.2, 0.9, 0.9, 0.7, 0.7), 2)
        places = (25, 88), (52, 75), (90, 88), (120, 50), (145, 82)
        lateral = pairs(places, rng.uniform(8, 28)) * sides.astype(np.float32)
        midline = [head.patch(direction(0, polar), rng.uniform(15, 40)) for polar in (72, 25)]
        delta = np.asarray(np.concatenate([lateral, np.stack(midline, 1)], 1), np.float32)
        theta = pairs(((35, 75), (100, 62)), 25)
        occipital = pairs(((150, 78),), 32)
        bilateral = occipital.sum(1, keepdims=True)
        alpha = np.float32(0.7) * np.concatenate([occipital, bilateral], 1)
        beta = pairs(((40, 70), (90, 65)), 40)
        return (
            self.delta_uv * delta,
            self.theta_uv * theta,
            self.alpha_uv * alpha,
            self.beta_uv * beta,
        )

    def _continuity(self, rng: np.random.Generator, n_times: int) -> Array:
        """Gain: bursts of `burst_s` with pauses of `pause_s`."""
        gain = np.full(n_times, self.suppression, np.float32)
        time = -rng.exponential(self.pause_s)
        while time < n_times / SFREQ:
            time += self.pause_s * np.exp(rng.normal(0, 0.35))
            last = time + self.burst_s * np.exp(rng.normal(0, 0.35))
            gain[max(round(time * SFREQ), 0) : max(round(last * SFREQ), 0)] = 1.3
            time = last
        soft = np.hanning(41).astype(np.float32)
        return np.convolve(gain, soft / soft.sum(), mode="same")


def _mixing(head: Head, evenness: float, bilateral: float) -> Array:
    """Independent cortical sources as 20 components, rows of unit norm, shape (23, 20).

    At `evenness` 0 they are as the cortex gives them; towards 1 local ones count as much as wide
    ones, for nearby sources are not all that active alike. A share `bilateral` is what both
    sides do together.
    """
    u, s, _ = np.linalg.svd(head.gain, full_matrices=False)
    mixing = u[:, :20] * s[:20] ** (1 - evenness)
    mixing = (1 - bilateral) * mixing + bilateral * mixing[MIRRORED]
    return np.asarray(mixing / np.linalg.norm(mixing, axis=1, keepdims=True), np.float32)


def _sleep(rng: np.random.Generator, head: Head, total: Array) -> None:
    """Add spindles, vertex waves and K-complexes, in place."""
    n_times = total.shape[1]
    vertex = head.patch(direction(0, 8), 25)
    spindle_field = head.patch(direction(0, 20), 45)
    for _ in range(rng.poisson(n_times / SFREQ / 8)):
        n = int(rng.uniform(0.5, 1.5) * SFREQ)
        time = np.arange(n) / SFREQ
        wave = np.hanning(n) * np.sin(2 * np.pi * rng.uniform(11.5, 15) * time) * rng.uniform(6, 22)
        _add(total, spindle_field, wave, int(rng.uniform(-n, n_times)))
    for _ in range(rng.poisson(n_times / SFREQ / 14)):
        wide = rng.uniform(0.04, 0.09)
        time = np.arange(int(1.2 * SFREQ)) / SFREQ - 0.3
        slow = rng.uniform(0.3, 1.0) * np.exp(-0.5 * ((time - 4.5 * wide) / (2.2 * wide)) ** 2)
        wave = rng.uniform(40, 150) * (slow - np.exp(-0.5 * (time / wide) ** 2))
        _add(total, vertex, wave * np.hanning(time.size) ** 0.2, int(rng.uniform(-200, n_times)))


def _add(total: Array, field: Array, wave: NDArray[np.float64], onset: int) -> None:
    first, last = max(onset, 0), min(onset + wave.size, total.shape[1])
    if first < last:
        total[:, first:last] += field[:, None] * wave[first - onset : last - onset].astype(
            np.float32
        )
