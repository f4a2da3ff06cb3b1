"""Seizures: discharges faster than 2.5 Hz, or definite evolution, for 10 s or more.

ACNS 2021: an electrographic seizure is epileptiform discharges averaging above 2.5 Hz for 10 s
(more than 25 in 10 s), or any pattern that evolves definitely (two changes in a row, in
frequency, morphology or location) for 10 s. Here a seizure begins, gains amplitude, changes its
rate from fast to slow, spreads to neighbours and the other side, grows sharper, ends, and leaves
the background attenuated.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasion.phantom.activity import Activity, Appearance
from nasion.phantom.noise import course
from nasion.phantom.rhythmic import phases, wave
from nasion.phantom.timeline import Span
from nasion.terms import SFREQ

Array = NDArray[np.float32]

KINDS = ("rhythmic", "spike-wave", "delta", "fast")


def spike_wave(phase: Array, width: Array | float, slow: float) -> Array:
    """A spike and a slow wave once a cycle; `width` is the spike's share of the cycle."""
    spike = np.exp((np.cos(phase) - 1) / (8 * np.square(width)))
    return np.asarray(spike - slow * (0.5 - 0.5 * np.cos(phase + 0.9)) + 0.3 * slow, np.float32)


@dataclass(frozen=True)
class Seizure:
    """A patient's seizure, as it goes.

    Parameters
    ----------
    rates_hz
        At its beginning, in the middle of its course and at its end.
    amplitudes_uv
        The same.
    spread
        For each source the share of the course after which it joins.
    """

    kind: str
    onset_s: float
    duration_s: float
    rates_hz: tuple[float, float, float]
    amplitudes_uv: tuple[float, float, float]
    spread: Array
    irregularity: float
    sharpness: float
    slow: float
    phases_rad: Array
    looseness: float  # how far sources drift apart in phase, rad
    polarity: float
    aftermath: float  # background gain after its end

    @classmethod
    def draw(
        cls,
        rng: np.random.Generator,
        n_sources: int,
        amplitude_uv: float,
        span: Span,
        kind: str = "",
    ) -> "Seizure":
        """Draw one whose course covers most of the span."""
        kind = kind or str(rng.choice(KINDS, p=(0.42, 0.28, 0.17, 0.13)))
        if kind == "rhythmic":
            first, last = rng.uniform(3.5, 9), rng.uniform(1.0, 3.0)
            if rng.random() < 0.15:
                first, last = last, rng.uniform(3, 5)
        elif kind == "spike-wave":
            first, last = rng.uniform(2.7, 5.0), rng.uniform(1.8, 3.2)
        elif kind == "delta":
            first = rng.uniform(1.8, 3.0)
            last = first * rng.uniform(0.4, 0.8)
        else:
            first, last = rng.uniform(11, 20), rng.uniform(2, 7)
        duration = float(np.clip(np.exp(rng.normal(4.0, 0.75)), 12, 400))
        length = span.stop_s - span.start_s
        placement = rng.random()
        if placement < 0.18:  # begins in the span
            onset = span.start_s + rng.uniform(0.05, 0.45) * length
        elif placement < 0.36:  # ends in the span
            onset = span.start_s + rng.uniform(0.55, 0.95) * length - duration
        else:
            slack = max(duration - length, 0.5)
            onset = span.start_s - rng.uniform(0.02, 0.98) * slack
        start, end = rng.uniform(0.15, 0.9), rng.uniform(0.5, 1.1)
        return cls(
            kind=kind,
            onset_s=float(onset),
            duration_s=duration,
            rates_hz=(first, float(np.sqrt(first * last) * np.exp(rng.normal(0, 0.1))), last),
            amplitudes_uv=(start * amplitude_uv, amplitude_uv, end * amplitude_uv),
            spread=np.sort(rng.uniform(-0.6, 0.8, n_sources)).astype(np.float32),
            irregularity=float(rng.uniform(0.03, 0.28)),
            sharpness=float(rng.uniform(0, 1) ** 1.5),
            slow=float(rng.uniform(0.3, 1.3)),
            phases_rad=rng.normal(0, 0.5, n_sources).astype(np.float32),
            looseness=float(rng.uniform(0, 0.7)),
            polarity=float(rng.choice((-1.0, 1.0))),
            aftermath=float(rng.uniform(0.25, 0.95)),
        )

    def activity(
        self, rng: np.random.Generator, fields: Array, duration_s: float, span: Span
    ) -> Activity:
        """Render over `duration_s`; the first column of `fields` is the focus."""
        n_times = round(duration_s * SFREQ)
        time = np.arange(n_times, dtype=np.float32) / np.float32(SFREQ)
        position = (time - self.onset_s) / self.duration_s  # share of the course
        progress = np.clip(position, 0, 1)
        marks = (0.0, 0.5, 1.0)
        rate = np.exp(np.interp(progress, marks, np.log(self.rates_hz)))
        size = np.interp(progress, marks, self.amplitudes_uv)
        edge = np.clip((time - self.onset_s) / 1.0, 0, 1)
        edge *= np.clip((self.onset_s + self.duration_s - time) / 0.8, 0, 1)
        envelope = edge * size * np.exp(0.3 * course(rng, 1, n_times, 0.8)[0])
        phase = phases(rng, rate, self.irregularity, n_times)
        sources = np.empty((self.spread.size, n_times), np.float32)
        wander = course(rng, self.spread.size, n_times, 1.5)
        swell = np.exp(0.3 * course(rng, self.spread.size, n_times, 0.7))
        for row, (lag, delay) in enumerate(zip(self.phases_rad, self.spread, strict=True)):
            recruited = np.clip((progress - delay) / 0.12 + 0.5, 0, 1) if row else 1.0
            row_phase = phase + lag + self.looseness * wander[row]
            sources[row] = envelope * recruited * swell[row] * self.shape(row_phase, progress, rate)
        sources *= self.polarity
        return Activity(sources, fields, self.appearance(span))

    def shape(self, phase: Array, progress: Array, rate: Array) -> Array:
        """One cycle, sharper as the seizure goes on."""
        if self.kind == "spike-wave":
            width = np.clip(0.04 * rate * (0.6 + self.sharpness), 0.05, 0.3)
            return spike_wave(phase, width, self.slow)
        rhythm = wave(phase, 0.35 * self.sharpness, 0.4 * self.slow - 0.3) / 2
        sharp = self.sharpness * progress
        return np.asarray(
            (1 - sharp) * rhythm + sharp * spike_wave(phase, 0.16, 0.6) * 0.8, np.float32
        )

    def gain(self, n_times: int) -> Array:
        """Of the background: 1 before the onset, attenuated after the end, slowly back."""
        since_end_s = np.arange(n_times, dtype=np.float32) / np.float32(SFREQ) - self.onset_s
        since_end_s -= self.duration_s
        depth = (
            (1 - self.aftermath)
            * np.clip(since_end_s + 1, 0, 1)
            * np.exp(-np.maximum(since_end_s, 0) / 60)
        )
        return np.asarray(1 - depth, np.float32)

    def quiet(self, n_times: int) -> Array:
        """1 outside the seizure, 0 within: for what it replaces."""
        time = np.arange(n_times, dtype=np.float32) / np.float32(SFREQ) - self.onset_s
        return np.asarray(np.clip(np.maximum(-time, time - self.duration_s), 0, 1), np.float32)

    def appearance(self, span: Span) -> Appearance:
        """Evidence: how much of the span, how fast there, how long in all."""
        length = span.stop_s - span.start_s
        first = max(self.onset_s, span.start_s)
        last = min(self.onset_s + self.duration_s, span.stop_s)
        coverage = max(last - first, 0) / length
        middle = ((first + last) / 2 - self.onset_s) / self.duration_s
        rate = float(np.exp(np.interp(middle, (0, 0.5, 1), np.log(self.rates_hz))))
        change = abs(np.log(self.rates_hz[0] / self.rates_hz[2])) * min(length / self.duration_s, 1)
        ictal = 0.3 + 2.2 * float(np.clip((rate - 2.2) / 1.0, -0.6, 1)) + 2.0 * min(change, 0.6)
        ictal -= 3.0 * max(0.55 - coverage, 0)
        presence = 2.4 - 4.0 * max(0.5 - coverage, 0)
        periodic = {"spike-wave": 2.0, "rhythmic": 0.3, "delta": -1.5, "fast": 0.0}[self.kind]
        return Appearance(presence, periodic + self.sharpness, ictal)
