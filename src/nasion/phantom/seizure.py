"""Seizures: discharges faster than 2.5 Hz, or definite evolution, for 10 s or more.

ACNS 2021: an electrographic seizure is epileptiform discharges averaging above 2.5 Hz for 10 s
(more than 25 in 10 s), or any pattern that evolves definitely (two changes in a row, in
frequency, morphology or location) for 10 s. Here a seizure begins, gains amplitude, changes its
rate from fast to slow, spreads to neighbours and the other side, grows sharper, ends, and leaves
the background attenuated. How it begins and ends follows the dynamotypes (Jirsa et al. 2014, Saggio
et al. 2020): bifurcations that are told apart by what amplitude and rate do there.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasion.phantom.activity import Activity, Appearance
from nasion.phantom.noise import course
from nasion.phantom.rhythmic import crests, phases, wave
from nasion.phantom.timeline import Span
from nasion.terms import SFREQ

Array = NDArray[np.float32]

# First and last rate (Hz), share of seizures, how much it looks like discharges, and amplitude.
# "slow" are discharges of 1-2 Hz that nearly double or halve their rate, "theta" low rhythms,
# "tonic" fast activity throughout, "fast" one that turns clonic.
KINDS = ("rhythmic", "spike-wave", "delta", "slow", "theta", "fast", "tonic")
_SHARES = (0.32, 0.22, 0.1, 0.12, 0.11, 0.07, 0.06)
_PERIODIC = dict(zip(KINDS, (0.3, 2.0, -1.5, 1.5, -0.8, 0.0, -0.5), strict=True))
_SIZES = dict(zip(KINDS, (1.0, 1.0, 1.0, 1.0, 0.45, 0.9, 0.5), strict=True))

# Saddle-node and subcritical Hopf begin with full amplitude, supercritical Hopf grows from nothing,
# a saddle-node on an invariant circle (SNIC) gathers speed.
ONSETS = {"abrupt": 0.45, "growing": 0.4, "accelerating": 0.15}
# A fold of limit cycles stops at full amplitude, supercritical Hopf wanes, homoclinic and SNIC slow
# down; "clonic" bursts come ever more apart.
OFFSETS = {"abrupt": 0.3, "waning": 0.22, "slowing": 0.26, "clonic": 0.22}
ONSET_SHARE = OFFSET_SHARE = 0.25  # of the course that a type takes, at most
LONGEST_ONSET_S, LONGEST_OFFSET_S = 10.0, 20.0
SLOWEST = 0.3  # of the usual rate, where a course slows down or gathers speed
CONTEXT_S = 50.0  # in which evolution is seen
MARKS = 0.0, 0.5, 1.0


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
    onset, offset
        Its types, of ONSETS and OFFSETS.
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
    onset: str = "abrupt"
    offset: str = "abrupt"

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
        kind = kind or str(rng.choice(KINDS, p=_SHARES))
        if kind == "rhythmic":
            first, last = rng.uniform(3.5, 9), rng.uniform(1.0, 3.0)
            if rng.random() < 0.15:
                first, last = last, rng.uniform(3, 5)
        elif kind == "spike-wave":
            first, last = rng.uniform(2.7, 5.0), rng.uniform(1.8, 3.2)
        elif kind == "delta":
            first = rng.uniform(1.8, 3.0)
            last = first * rng.uniform(0.4, 0.8)
        elif kind == "slow":
            first = rng.uniform(0.8, 1.2)
            last = first * rng.uniform(1.8, 2.6)
            if rng.random() < 0.6:
                first, last = last, first
        elif kind == "theta":
            first = rng.uniform(4.5, 9)
            last = first * rng.uniform(0.45, 0.75)
        elif kind == "tonic":
            first = rng.uniform(13, 22)
            last = first * rng.uniform(0.45, 0.75)
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
        amplitude_uv *= _SIZES[kind]
        return cls(
            kind=kind,
            onset_s=float(onset),
            duration_s=duration,
            rates_hz=(first, float(np.sqrt(first * last) * np.exp(rng.normal(0, 0.1))), last),
            amplitudes_uv=(start * amplitude_uv, amplitude_uv, end * amplitude_uv),
            spread=np.sort(rng.uniform(-0.6, 0.8, n_sources)).astype(np.float32),
            irregularity=float(rng.uniform(0.03, 0.28)),
            sharpness=float(rng.uniform(0, 1) ** 1.5) * (0.4 if kind == "theta" else 1.0),
            slow=float(rng.uniform(0.3, 1.3)),
            phases_rad=rng.normal(0, 0.5, n_sources).astype(np.float32),
            looseness=float(rng.uniform(0, 0.7)),
            polarity=float(rng.choice((-1.0, 1.0))),
            aftermath=float(rng.uniform(0.25, 0.95)),
            onset=str(rng.choice(list(ONSETS), p=list(ONSETS.values()))),
            offset=str(rng.choice(list(OFFSETS), p=list(OFFSETS.values()))),
        )

    def activity(
        self, rng: np.random.Generator, fields: Array, duration_s: float, span: Span
    ) -> Activity:
        """Render over `duration_s`; the first column of `fields` is the focus."""
        n_times = round(duration_s * SFREQ)
        time = np.arange(n_times, dtype=np.float32) / np.float32(SFREQ)
        position = (time - self.onset_s) / self.duration_s  # share of the course
        progress = np.clip(position, 0, 1)
        rate, size = self.rate(progress), self.size(progress)
        present = np.clip((time - self.onset_s) / 0.25, 0, 1)
        present *= np.clip((self.onset_s + self.duration_s - time) / 0.25, 0, 1)
        if self.offset == "clonic":
            present *= self._bursts(rng, time)
        envelope = present * size * np.exp(0.3 * course(rng, 1, n_times, 0.8)[0])
        phase = phases(rng, rate, self.irregularity, n_times)
        sources = np.empty((self.spread.size, n_times), np.float32)
        wander = course(rng, self.spread.size, n_times, 1.5)
        swell = np.exp(0.3 * course(rng, self.spread.size, n_times, 0.7))
        for row, (lag, delay) in enumerate(zip(self.phases_rad, self.spread, strict=True)):
            recruited = np.clip((progress - delay) / 0.12 + 0.5, 0, 1) if row else 1.0
            row_phase = phase + lag + self.looseness * wander[row]
            sources[row] = envelope * recruited * swell[row] * self.shape(row_phase, progress, rate)
        sources *= self.polarity
        return Activity(sources, fields, self.appearance(span), crests(phase, present))

    def _types(self, progress: Array) -> tuple[Array, Array]:
        """How far the onset is over and the offset still away, 0 to 1."""
        begun = progress / min(ONSET_SHARE, LONGEST_ONSET_S / self.duration_s)
        left = (1 - progress) / min(OFFSET_SHARE, LONGEST_OFFSET_S / self.duration_s)
        return np.clip(begun, 0, 1), np.clip(left, 0, 1)

    def rate(self, progress: Array) -> Array:
        """Rate (Hz) at shares of its course; by square roots near a SNIC."""
        rate = np.exp(np.interp(progress, MARKS, np.log(self.rates_hz)))
        begun, left = self._types(progress)
        if self.onset == "accelerating":
            rate *= SLOWEST + (1 - SLOWEST) * np.sqrt(begun)
        if self.offset == "slowing":
            rate *= SLOWEST + (1 - SLOWEST) * np.sqrt(left)
        return np.asarray(rate)

    def size(self, progress: Array) -> Array:
        """Amplitude (µV) at shares of its course; by square roots near a Hopf bifurcation."""
        first, middle, last = self.amplitudes_uv
        if self.onset != "growing":
            first = max(first, 0.6 * middle)
        if self.offset != "waning":
            last = max(last, 0.7 * middle)
        size = np.interp(progress, MARKS, (first, middle, last))
        begun, left = self._types(progress)
        if self.onset == "growing":
            size *= np.sqrt(begun)
        if self.offset == "waning":
            size *= np.sqrt(left)
        return np.asarray(size)

    def _bursts(self, rng: np.random.Generator, time: Array) -> Array:
        """Gate: bursts in the last part of the course, with pauses that grow."""
        stop_s = self.onset_s + self.duration_s
        length_s = min(OFFSET_SHARE * self.duration_s, LONGEST_OFFSET_S)
        gate = np.ones(time.size, np.float32)
        at, pause_s = stop_s - length_s, 0.25
        while at < stop_s:
            pause = np.clip((time - at) / 0.1, 0, 1) * np.clip((at + pause_s - time) / 0.1, 0, 1)
            gate -= pause.astype(np.float32)
            at += pause_s + rng.uniform(0.5, 1.0)
            pause_s = min(pause_s * 1.35, 2.5)
        return gate

    def shape(self, phase: Array, progress: Array, rate: Array) -> Array:
        """One cycle, sharper as the seizure goes on."""
        if self.kind in ("spike-wave", "slow"):
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

    def evolution(self, first_s: float, last_s: float) -> float:
        """How much it changes between two times: log rate, log amplitude and spread, weighted."""
        times_s = np.linspace(first_s, last_s, 16)
        progress = np.clip((times_s - self.onset_s) / self.duration_s, 0, 1).astype(np.float32)
        rate, size = np.log(self.rate(progress)), np.log(self.size(progress) + 0.1)
        joined = (self.spread > progress[0]) & (self.spread < progress[-1])
        return float(np.ptp(rate) + 0.3 * min(np.ptp(size), 1.0) + 0.3 * joined.mean())

    def appearance(self, span: Span) -> Appearance:
        """Evidence: how much of the span, how fast there, and how it evolves around it."""
        length = span.stop_s - span.start_s
        first = max(self.onset_s, span.start_s)
        last = min(self.onset_s + self.duration_s, span.stop_s)
        coverage = max(last - first, 0) / length
        progress = (np.linspace(first, last, 9) - self.onset_s) / self.duration_s
        rate = float(np.median(self.rate(np.clip(progress, 0, 1))))
        beside = max(CONTEXT_S - length, 0) / 2
        evolution = self.evolution(span.start_s - beside, span.stop_s + beside)
        ictal = 2.2 * float(np.clip((rate - 2.2) / 1.0, -0.6, 1)) + 3.5 * min(evolution, 0.8)
        ictal -= 0.9 + 3.0 * max(0.55 - coverage, 0)
        presence = 2.4 - 4.0 * max(0.5 - coverage, 0)
        return Appearance(presence, _PERIODIC[self.kind] + self.sharpness, ictal)
