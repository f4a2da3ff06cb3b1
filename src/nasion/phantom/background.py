"""Background: what the brain does beside the pattern, from a normal rhythm to suppression.

ACNS 2021 describes it by symmetry, predominant frequency, posterior dominant rhythm, continuity
(continuous, discontinuous, burst-suppression, suppression), voltage, sleep transients and breach.
What is drawn here does not depend on the pattern that a patient has; `morphology` makes it quieter
under some of them.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nasion.phantom import rhythms, transients
from nasion.phantom.head import MIRRORED, Head, direction
from nasion.phantom.interference import Interference
from nasion.phantom.noise import alike, bump, course, frequencies, shaped
from nasion.phantom.rhythms import Rhythm, spells
from nasion.phantom.transients import Transient
from nasion.terms import SFREQ

Array = NDArray[np.float32]

# Kinds and how many patients have each as their usual one.
SHARES = {
    "awake": 0.19,
    "drowsy": 0.07,
    "asleep": 0.08,
    "slowed": 0.42,
    "suppressed": 0.1,
    "burst-suppression": 0.06,
    "medicated": 0.08,
}
KINDS = tuple(SHARES)
# Typical size of delta, and of a posterior rhythm (µV), against the usual.
_SLOW = dict(zip(KINDS, (0.3, 0.5, 1.2, 1.3, 0.25, 1.6, 0.7), strict=True))
_ALPHA_UV = {"awake": 10.0, "drowsy": 8.0, "slowed": 2.0, "medicated": 2.5}
WAKEFUL = "awake", "drowsy"

YOUNG = 0.12  # of patients are children or youths
INTERFERED = 0.05  # of recordings have a line of a few hertz
# Of slowed backgrounds: low voltage throughout; slowing that comes in bursts; brief attenuations.
LOW, BURSTING, ATTENUATED = 0.14, 0.2, 0.15


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
    burst_s, pause_s, suppression
        Discontinuity: lengths of bursts and pauses, and gain between bursts (1: continuous).
    alpha_presence, alpha_width_hz, alpha_sides
        Share of the time with a posterior rhythm, its bandwidth, gains on the left and right.
    bursting
        Share of the slowing that comes in bursts of seconds.
    attenuation
        How much is lost in brief attenuations (0: none).
    rhythms, transients, line
        What else there is, see their files.
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
    alpha_presence: float = 1.0
    alpha_width_hz: float = 1.0
    alpha_sides: tuple[float, float] = (1.0, 1.0)
    bursting: float = 0.0
    attenuation: float = 0.0
    rhythms: tuple[Rhythm, ...] = ()
    transients: tuple[Transient, ...] = ()
    line: Interference | None = None

    @classmethod
    def draw(cls, rng: np.random.Generator, kind: str = "") -> "Background":
        """Draw one of KINDS; amplitudes log-normal, wide on purpose.

        What belongs to a person takes the same draws whatever the kind.
        """
        kind = kind or str(rng.choice(KINDS, p=list(SHARES.values())))
        scale = float(np.exp(rng.normal(0, 0.45)))
        young, low, bursting, attenuated, interfered = rng.random(5)
        child, slowed = bool(young < YOUNG), kind == "slowed"
        quiet = 0.3 if kind == "suppressed" or (slowed and low < LOW) else 1.0
        slow = _SLOW[kind] * (1.6 if child else 1.0)
        weaker = float(np.exp(-abs(rng.normal(0, 0.3))))
        presence, between = float(rng.uniform(0.2, 0.6)), float(rng.uniform(0.05, 0.3))
        line = Interference.draw(rng)
        own = tuple(
            replace(rhythm, size_uv=rhythm.size_uv * scale * quiet)
            for rhythm in rhythms.draw(rng, kind, young=child)
        )

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
            theta_uv=size(5.0) * float(rng.random() < 0.6) * (1.5 if slowed else 1.0),
            alpha_uv=size(_ALPHA_UV.get(kind, 0.8)) * (0.3 if child else 1.0),
            alpha_hz=float(rng.uniform(8.3, 11.8) if kind in WAKEFUL else rng.uniform(6, 10)),
            beta_uv=size(5.0 if kind == "medicated" else 1.8),
            focus=float(rng.choice((0.0, rng.uniform(0.2, 1.0)), p=(0.6, 0.4))),
            weaker=float(np.exp(rng.choice((0.0, rng.normal(0, 0.4)), p=(0.6, 0.4)))),
            burst_s=float(rng.uniform(0.6, 4)),
            pause_s=float(rng.uniform(2, 12)),
            suppression=between if kind == "burst-suppression" else 1.0,
            alpha_presence=presence if kind == "drowsy" else 1.0,
            alpha_width_hz=float(np.clip(np.exp(rng.normal(-0.6, 0.7)), 0.15, 2.4)),
            alpha_sides=(1.0, weaker) if rng.random() < 0.5 else (weaker, 1.0),
            bursting=float(rng.uniform(0.6, 0.95)) * (slowed and bursting < BURSTING),
            attenuation=float(rng.uniform(0.5, 0.95)) * (slowed and attenuated < ATTENUATED),
            rhythms=own,
            transients=transients.draw(rng, kind, young=child),
            line=line if interfered < INTERFERED else None,
        )

    def potential(self, rng: np.random.Generator, head: Head, n_times: int) -> Array:
        """Render what the brain does at `head.SITES`, shape (23, n_times), µV."""
        frequency = np.maximum(frequencies(n_times), 0.1)
        knee = (1 + (frequency / self.knee_hz) ** 2) ** (-self.exponent / 4)
        broad = np.asarray(knee * frequency**-self.drift, np.float32)
        slow = np.exp(-rng.uniform(0.5, 1.3) * np.square(np.log(frequency / self.delta_hz)))
        spectra = (
            slow,
            bump(n_times, rng.uniform(4, 7), rng.uniform(1.0, 2.0)),
            bump(n_times, self.alpha_hz, self.alpha_width_hz),
            bump(n_times, rng.uniform(14, 24), rng.uniform(2, 4)),
        )
        swell = np.exp(
            rng.uniform(0.1, 0.6) * course(rng, 4, n_times, rng.uniform(1, 3))
            + rng.uniform(0, 0.5) * course(rng, 4, n_times, 45.0)  # the state changes by minutes
        )
        if self.alpha_presence < 1:
            swell[2] *= spells(rng, self.alpha_presence, 2.0, n_times)
        if self.bursting:
            swell[:2] *= 1 - self.bursting + 1.6 * self.bursting * spells(rng, 0.25, 1.5, n_times)
        fields = self._fields(rng, head)
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
        for rhythm in self.rhythms:
            total += rhythm.potential(rng, head, n_times)
        if self.attenuation:
            total *= 1 - self.attenuation * spells(rng, 0.1, 2.0, n_times)
        if self.suppression < 1:
            total *= self._continuity(rng, n_times)
        for add in self.transients:
            add(rng, head, total)
        return total

    def interference(self, start: int, n_times: int) -> Array | float:
        """What its amplifier adds from sample `start` on, shape (23, n_times), µV."""
        return self.line.potential(start, n_times) if self.line else 0.0

    def _fields(self, rng: np.random.Generator, head: Head) -> tuple[Array, ...]:
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
        occipital = pairs(((150, 78),), 32) * np.array(self.alpha_sides, np.float32)
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
