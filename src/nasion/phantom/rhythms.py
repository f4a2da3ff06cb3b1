"""Rhythms of a background: normal variants and slow rhythms that no reader takes for a pattern.

Rhythmic delta is a pattern and has its own file, `rhythmic.py`. What is here is faster than 3.5 Hz,
or belongs to wakefulness, drowsiness and youth. Rates and contours as textbooks give them
(Niedermeyer 2018, chapters 9 to 12; Kane et al. 2017, glossary of the IFCN).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from nasion.phantom.head import Head, direction
from nasion.phantom.noise import course
from nasion.phantom.rhythmic import phases, wave
from nasion.terms import SFREQ

Array = NDArray[np.float32]
Rng = np.random.Generator
Range = tuple[float, float]


@dataclass(frozen=True)
class Type:
    """What a rhythm may be like.

    Parameters
    ----------
    places
        Where it is on the left, (azimuth, polar) in degrees; its mirror image is on the right.
    one_side
        Share of patients with it on one side.
    presence
        Share of the time that it takes.
    notch
        Of its contour: 0 smooth, 0.5 arched or sharp on one side.
    """

    rate_hz: Range
    size_uv: Range
    places: tuple[Range, ...]
    extent_deg: Range
    irregularity: Range = (0.02, 0.15)
    presence: Range = (1.0, 1.0)
    notch: Range = (0.0, 0.15)
    one_side: float = 0.0
    chirp: Range = (0.0, 0.0)


_BACK, _CENTRE, _FRONT, _TEMPLE = (155, 80), (95, 45), (35, 70), (95, 88)
_EVERYWHERE = (_FRONT, _CENTRE, (130, 65))
TYPES = {
    # Continuous 4-6.5 Hz: over all of the head, and over one side
    "diffuse theta": Type((4, 6.5), (4, 26), _EVERYWHERE, (30, 60), (0.01, 0.2), (0.7, 1.0)),
    "lateral theta": Type(
        (4, 6.5), (5, 26), ((85, 70),), (25, 60), (0.02, 0.2), (0.6, 1.0), (0, 0.3), 1.0
    ),
    "frontal theta": Type((5, 7), (5, 30), ((15, 50),), (15, 35), (0.02, 0.1), (0.2, 0.8)),
    # Half the rate of alpha, notched; alpha in front; alpha with a sharp contour; squeak: a spell
    # of alpha begins faster than it goes on; mu: arches over one or both central regions
    "slow alpha variant": Type(
        (4, 5.6), (8, 35), (_BACK,), (20, 45), (0.02, 0.08), (0.3, 1.0), (0.2, 0.55)
    ),
    "anterior alpha": Type((7, 11), (4, 25), _EVERYWHERE[:2], (30, 60), (0.02, 0.1), (0.5, 1.0)),
    "sharp alpha": Type(
        (8.5, 11.5), (8, 45), (_BACK,), (20, 45), (0.02, 0.07), (0.4, 1.0), (0.25, 0.6)
    ),
    "squeak": Type(
        (8, 10.5), (8, 35), (_BACK,), (20, 45), (0.02, 0.06), (0.3, 0.6), chirp=(0.15, 0.35)
    ),
    "mu": Type((7.5, 11), (5, 28), (_CENTRE,), (12, 25), (0.02, 0.08), (0.2, 0.7), (0.3, 0.6), 0.5),
    # Drowsiness: rhythmic midtemporal theta, and bursts of high rhythmic waves in children
    "midtemporal theta": Type(
        (5, 7), (12, 50), (_TEMPLE,), (12, 28), (0.02, 0.08), (0.1, 0.5), (0.3, 0.6), 0.6
    ),
    "hypnagogic": Type((3, 5), (35, 120), _EVERYWHERE, (30, 60), (0.03, 0.12), (0.05, 0.35)),
    # Children's posterior rhythm, and beta of benzodiazepines and barbiturates
    "posterior of children": Type(
        (5, 8), (20, 80), (_BACK, (125, 70)), (20, 50), (0.03, 0.12), (0.5, 1.0), (0, 0.3)
    ),
    "fast": Type((14, 25), (4, 22), (_FRONT, _CENTRE), (30, 60), (0.03, 0.12), (0.4, 1.0)),
}
YOUNG = "hypnagogic", "posterior of children"  # of children alone

# How many have it in which state; the same person has it in every state with a larger share.
SHARES: dict[str, dict[str, float]] = {
    "awake": {
        "diffuse theta": 0.14, "lateral theta": 0.05, "frontal theta": 0.08, "fast": 0.15,
        "slow alpha variant": 0.07, "anterior alpha": 0.1, "sharp alpha": 0.12, "squeak": 0.08,
        "mu": 0.2, "posterior of children": 0.9,
    },
    "drowsy": {
        "diffuse theta": 0.45, "lateral theta": 0.08, "frontal theta": 0.15, "fast": 0.15,
        "slow alpha variant": 0.05, "anterior alpha": 0.1, "midtemporal theta": 0.12,
        "hypnagogic": 0.6, "posterior of children": 0.3,
    },
    "asleep": {"diffuse theta": 0.15, "midtemporal theta": 0.06, "fast": 0.1, "hypnagogic": 0.2},
    "slowed": {
        "diffuse theta": 0.3, "lateral theta": 0.12, "anterior alpha": 0.08, "fast": 0.06,
    },
    "medicated": {"diffuse theta": 0.2, "lateral theta": 0.05, "anterior alpha": 0.12, "fast": 0.7},
    "suppressed": {"diffuse theta": 0.15, "fast": 0.05},
    "burst-suppression": {"diffuse theta": 0.05, "fast": 0.05},
}  # fmt: skip


@dataclass(frozen=True)
class Rhythm:
    """A patient's own.

    Parameters
    ----------
    irregularity
        Log sd of the momentary rate: its bandwidth.
    sides
        Gain on the left and on the right.
    waxing
        Log sd of its envelope.
    unity
        How alike both sides are: 1 the same phase and envelope.
    chirp
        How much faster a spell begins, share of the rate.
    """

    name: str
    rate_hz: float
    size_uv: float
    irregularity: float
    notch: float
    skew: float
    extent_deg: float
    sides: tuple[float, float]
    presence: float
    spell_s: float
    waxing: float
    unity: float
    chirp: float

    @classmethod
    def draw(cls, rng: Rng, name: str) -> "Rhythm":
        """Draw one of TYPES."""
        kind = TYPES[name]
        weaker = float(np.exp(-abs(rng.normal(0, 0.25))))
        if rng.random() < kind.one_side:
            weaker = float(rng.uniform(0, 0.3))
        low, high = np.log(kind.size_uv)
        return cls(
            name=name,
            rate_hz=float(rng.uniform(*kind.rate_hz)),
            size_uv=float(np.exp(rng.uniform(low, high))),
            irregularity=float(rng.uniform(*kind.irregularity)),
            notch=float(rng.uniform(*kind.notch)),
            skew=float(rng.uniform(-0.4, 0.4)),
            extent_deg=float(rng.uniform(*kind.extent_deg)),
            sides=(1.0, weaker) if kind.one_side == 1 or rng.random() < 0.5 else (weaker, 1.0),
            presence=float(rng.uniform(*kind.presence)),
            spell_s=float(rng.uniform(1.0, 4.0)),
            waxing=float(rng.uniform(0.1, 0.6)),
            unity=float(rng.uniform(0.3, 1.0)),
            chirp=float(rng.uniform(*kind.chirp)),
        )

    def potential(self, rng: Rng, head: Head, n_times: int) -> Array:
        """Render at `head.SITES`, shape (23, n_times), µV."""
        present = spells(rng, self.presence, self.spell_s, n_times)
        rate: Array | float = self.rate_hz
        if self.chirp:
            rate = self.rate_hz * (1 + self.chirp * _begun(present))
        phase = phases(rng, rate, self.irregularity, n_times)
        apart = 1 - self.unity
        drift = apart * 2.0 * course(rng, 2, n_times, 3.0)
        swell = course(rng, 3, n_times, 1.2)
        sources = np.empty((2, n_times), np.float32)
        for row, gain in enumerate(self.sides):
            wax = self.unity * swell[2] + apart * swell[row]
            envelope = self.size_uv * gain * present * np.exp(self.waxing * wax)
            sources[row] = envelope * wave(phase + drift[row], self.notch, self.skew)
        return self.fields(head) @ sources

    def fields(self, head: Head) -> Array:
        """Its left and its right half at `head.SITES`, shape (23, 2); their sum is at most 1."""
        halves = [
            sum(
                head.patch(direction(side * azimuth, polar), self.extent_deg)
                for azimuth, polar in TYPES[self.name].places
            )
            for side in (1, -1)
        ]
        fields = np.stack([np.asarray(half) for half in halves], 1)
        return np.asarray(fields / np.abs(fields.sum(1)).max(), np.float32)


def draw(rng: Rng, kind: str, *, young: bool) -> tuple[Rhythm, ...]:
    """Those of a background; as many draws for every kind and age."""
    drawn = [(Rhythm.draw(rng, name), float(rng.random())) for name in TYPES]
    return tuple(
        rhythm
        for rhythm, chance in drawn
        if chance < SHARES[kind].get(rhythm.name, 0.0) and (young or rhythm.name not in YOUNG)
    )


def spells(rng: Rng, presence: float, typical_s: float, n_times: int) -> Array:
    """Gate, 0 to 1: spells with soft edges that take about a share of the time."""
    if presence >= 1:
        return np.ones(n_times, np.float32)
    level = course(rng, 1, n_times, typical_s)[0]
    threshold = np.float32(ndtri(1 - presence))
    return np.asarray(np.clip((level - threshold) / np.float32(0.3) + 0.5, 0, 1))


def _begun(present: Array) -> Array:
    """1 where a spell begins, decaying over a second."""
    onset = np.maximum(np.diff(present, prepend=present[:1]), 0)
    decay = np.exp(-np.arange(round(2 * SFREQ)) / SFREQ).astype(np.float32)
    return np.convolve(onset, decay)[: present.size].astype(np.float32)
