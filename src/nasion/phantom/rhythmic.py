"""Rhythmic delta activity (RDA): waves of uniform shape without a gap, 0.5-4 Hz.

ACNS 2021, main term 2 "RDA": at least six cycles, consecutive cycles differing by less than
half in duration. Typical 1-2.5 Hz. Modifiers drawn here: frequency, sharpness (smooth to sharply
contoured), amplitude, fluctuation, and the plus feature +S (sharp waves riding on it); +F comes
with fast background or muscle. Irregular RDA is still RDA to most readers; with more irregularity
it becomes polymorphic delta slowing, which is a background.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasion.phantom.activity import Activity, Appearance
from nasion.phantom.noise import alike, course, frequencies
from nasion.phantom.timeline import Runs, Span, covered, gate
from nasion.terms import SFREQ

Array = NDArray[np.float32]

FASTEST_HZ = 3.9  # ACNS: rhythmic delta is no faster than 4 Hz
# Of RDA at 2-3 Hz, seldom up to 4: of one side, and of both.
FAST_SHARE = {"single": 0.38, "paired": 0.25}


def wave(phase: Array, notch: float, skew: float) -> Array:
    """A wave of amplitude about 1: one side peaked (`notch`), rise unequal to fall (`skew`)."""
    warped = phase + np.float32(skew) * np.sin(phase)
    return np.asarray(np.cos(warped) + np.float32(notch) * (np.cos(2 * warped) - 0.3), np.float32)


def phases(
    rng: np.random.Generator, rate_hz: Array | float, irregularity: float, n_times: int
) -> Array:
    """Running phase (rad) of a rhythm whose rate wanders by `irregularity` (log sd)."""
    typical = float(np.mean(rate_hz))
    wander = course(rng, 2, n_times, 0.7 / max(typical, 0.3))
    wander[1] = course(rng, 1, n_times, 4.0 / max(typical, 0.3))[0]
    deviation = irregularity * (0.8 * wander[0] + 0.6 * wander[1])
    rate = rate_hz * np.exp(0.7 * np.tanh(deviation / 0.7))
    start = rng.uniform(0, 2 * np.pi)
    return np.asarray(start + 2 * np.pi / SFREQ * np.cumsum(rate, dtype=np.float64), np.float32)


def crests(phase: Array, present: Array) -> NDArray[np.float64]:
    """Times (s) of the crests of `wave` where at least half of it is present."""
    turns = np.floor(np.asarray(phase, np.float64) / (2 * np.pi))
    samples = np.flatnonzero(np.diff(turns) > 0) + 1
    return np.asarray(samples[present[samples] >= 0.5] / SFREQ)


@dataclass(frozen=True)
class Rhythmic:
    """A patient's RDA.

    Parameters
    ----------
    irregularity
        Log sd of the momentary rate: under 0.1 monotonous, 0.3 irregular, beyond 0.5 polymorphic.
    fluctuation
        Log sd of the envelope.
    phases_rad
        Lag of each source, one a column of the fields.
    looseness
        How far sources drift apart in phase, rad.
    sharp
        Size of sharp waves riding on the crests (+S), share of the amplitude.
    roughness
        How much the contour of single waves differs.
    paired
        Whether sources come in pairs, left and right, that do the same.
    """

    rate_hz: float
    irregularity: float
    fluctuation: float
    notch: float
    skew: float
    amplitude_uv: float
    phases_rad: Array
    looseness: float
    sharp: float
    polarity: float
    roughness: float = 0.0
    paired: bool = False

    @classmethod
    def draw(
        cls,
        rng: np.random.Generator,
        n_sources: int,
        amplitude_uv: float,
        *,
        paired: bool = False,
    ) -> "Rhythmic":
        """Draw: 0.5-4 Hz, mostly 1-2.5; lateralized RDA is fast more often."""
        rate = float(np.exp(rng.normal(0.22, 0.33)))
        if rng.random() < (FAST_SHARE["paired"] if paired else FAST_SHARE["single"]):
            rate = float(2.0 + rng.gamma(2.0, 0.33))
        lag = rng.normal(0, 0.35)
        own_lags = rng.normal(0, 0.35, n_sources)
        if paired:
            own_lags[1::2] = own_lags[::2] + 0.3 * own_lags[1::2]
        return cls(
            rate_hz=float(np.clip(rate, 0.5, FASTEST_HZ)),
            irregularity=float(np.clip(np.exp(rng.normal(-1.75, 0.55)), 0.03, 0.5)),
            fluctuation=float(rng.uniform(0.1, 0.6)),
            notch=float(rng.uniform(0, 0.5)),
            skew=float(rng.uniform(-0.7, 0.7)),
            amplitude_uv=amplitude_uv,
            phases_rad=np.asarray(
                lag * np.arange(n_sources) / max(n_sources - 1, 1) + own_lags, np.float32
            ),
            looseness=float(rng.uniform(0.2, 0.8)),
            sharp=float(rng.uniform(0.2, 0.8)) if rng.random() < 0.2 else 0.0,
            polarity=float(rng.choice((-1.0, 1.0))),
            roughness=float(rng.uniform(0.1, 0.8)),
            paired=paired,
        )

    def activity(
        self, rng: np.random.Generator, fields: Array, runs: Runs, duration_s: float, span: Span
    ) -> Activity:
        """Render it over `duration_s`, potential and appearance in `span`."""
        n_times = round(duration_s * SFREQ)
        phase = phases(rng, self.rate_hz, self.irregularity, n_times)
        swell = course(rng, 1, n_times, 2.5 / self.rate_hz)[0]
        flicker = course(rng, 1, n_times, 0.6 / self.rate_hz)[0]
        present = gate(runs, n_times, 0.8)
        envelope = present * np.exp(
            self.fluctuation * 0.8 * swell
            + self.fluctuation * 0.3 * flicker
            - self.fluctuation**2 / 3
        )
        envelope *= self.polarity * self.amplitude_uv / 2
        sources = np.empty((self.phases_rad.size, n_times), np.float32)
        n_sources = self.phases_rad.size
        drift = self.looseness * course(rng, n_sources, n_times, 1.5 / self.rate_hz)
        amplitudes = 0.35 * course(rng, n_sources, n_times, 1.2 / self.rate_hz)
        if self.paired:
            drift[1::2] = drift[::2] + 0.25 * drift[1::2]
            amplitudes[1::2] = amplitudes[::2] + 0.3 * amplitudes[1::2]
        amplitudes = np.exp(amplitudes)
        for row, lag in enumerate(self.phases_rad):
            sources[row] = (
                envelope * amplitudes[row] * wave(phase + lag + drift[row], self.notch, self.skew)
            )
        sources += envelope * amplitudes * self._contour(rng, phase, n_times)
        if self.sharp:
            crest = np.exp(20 * (np.cos(phase) - 1)) * (course(rng, 1, n_times, 1.0)[0] > 0)
            sources += self.sharp * envelope * np.asarray(crest, np.float32)
        share = covered(runs, n_times, span)
        return Activity(sources, fields, self.appearance(share, span), crests(phase, present))

    def _contour(self, rng: np.random.Generator, phase: Array, n_times: int) -> Array:
        """Shoulders and notches that no two waves share: harmonics that come and go."""
        total = np.zeros(n_times, np.float32)
        fades = course(rng, 3, n_times, 0.8 / self.rate_hz)
        for order, fade in zip((2, 3, 4), fades, strict=True):
            total += fade / order * np.cos(order * phase + rng.uniform(0, 2 * np.pi))
        return self.roughness * total

    def appearance(self, share: float, span: Span) -> Appearance:
        """Evidence: cycles in the share of the span that it takes, regularity, contour, rate.

        ACNS: up to 4 Hz it is RDA and no seizure, for it does not evolve. Few readers doubt that.
        """
        cycles = share * self.rate_hz * (span.stop_s - span.start_s)
        presence = 1.5 + 2.2 * min(float(np.log((cycles + 0.3) / 6.3)), 0.3)
        presence -= 3.0 * max(self.irregularity - 0.3, 0) + 0.6 * self.fluctuation
        periodic = -3.6 + 3.2 * self.notch + 1.8 * self.sharp
        ictal = -5.0 + 0.8 * max(self.rate_hz - 1.5, 0) + 1.0 * self.sharp
        return Appearance(presence, periodic, ictal)


@dataclass(frozen=True)
class Polymorphic:
    """Polymorphic delta slowing: of ever-changing shape and rate; no pattern, yet taken for one.

    Parameters
    ----------
    width
        Of the spectral peak in log frequency: 0.25 nearly rhythmic, 1 without any rhythm.
    unity
        Share of the amplitude that all sources have in common.
    """

    rate_hz: float
    width: float
    unity: float
    amplitude_uv: float

    @classmethod
    def draw(
        cls, rng: np.random.Generator, amplitude_uv: float, *, widest: float = 0.9
    ) -> "Polymorphic":
        """Draw; up to 0.4 wide it is irregular RDA rather than a background."""
        return cls(
            rate_hz=float(rng.uniform(0.7, 2.2)),
            width=float(rng.uniform(widest / 3, widest)),
            unity=float(rng.uniform(1 - widest, 0.95)),
            amplitude_uv=amplitude_uv,
        )

    def activity(
        self, rng: np.random.Generator, fields: Array, runs: Runs, duration_s: float, span: Span
    ) -> Activity:
        """Render over `duration_s`; the narrower the peak, the more see RDA."""
        n_times = round(duration_s * SFREQ)
        frequency = np.maximum(frequencies(n_times), 0.05)
        peak = np.exp(-0.5 * np.square(np.log(frequency / self.rate_hz) / self.width))
        noise = alike(rng, fields.shape[1] + 1, np.asarray(peak, np.float32), n_times)
        sources = self.unity**0.5 * noise[:1] + (1 - self.unity) ** 0.5 * noise[1:]
        present = gate(runs, n_times, 0.8)
        swell = np.exp(0.4 * course(rng, 1, n_times, 3.0)) * present
        sources *= self.amplitude_uv / 3 * swell
        smooth = _smoothed(sources[0], 0.7 / self.rate_hz)
        rising = np.flatnonzero((smooth[:-1] < 0) & (smooth[1:] >= 0))
        cycles_s = np.asarray(rising[present[rising] >= 0.5] / SFREQ)
        cycles = covered(runs, n_times, span) * self.rate_hz * (span.stop_s - span.start_s)
        presence = 2.5 - 5.5 * (self.width - 0.2) - 0.8 * (1 - self.unity)
        presence += 2.2 * min(float(np.log((cycles + 0.3) / 6.3)), 0.0)
        appearance = Appearance(presence, -2.4, -5.0)
        return Activity(np.asarray(sources, np.float32), fields, appearance, cycles_s)


def _smoothed(source: Array, width_s: float) -> Array:
    window = np.hanning(round(width_s * SFREQ) + 2)
    half = window.size // 2
    smooth = np.convolve(np.pad(source, half), window / window.sum(), mode="same")
    return np.asarray(smooth[half : half + source.size])
