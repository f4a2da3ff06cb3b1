"""Periodic discharges (PDs): waves of uniform shape with a gap between them.

ACNS 2021, main term 2 "PD": a wave under 0.5 s, or a longer one of at most three phases, recurring
at nearly regular intervals with a clear discharge-free time between; at least six cycles; any
rate up to 2.5 Hz, to 3 Hz only in runs under 10 s (else a seizure). Spike-and-wave (SW) is a spike
followed by a slow wave without a gap; below 2.5 Hz readers put it with the PDs.

Modifiers drawn here: sharpness (spiky < 70 ms, sharp 70-200 ms, sharply contoured, blunt),
number of phases, polarity, lag, absolute amplitude, frequency, plus features +F (superimposed
fast activity) and +R (superimposed rhythmic delta).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasion.phantom.activity import Activity, Appearance
from nasion.phantom.noise import course
from nasion.phantom.timeline import Runs, Span
from nasion.terms import SFREQ

Array = NDArray[np.float32]

BASE_S = {
    "spiky": (0.03, 0.07),
    "sharp": (0.07, 0.2),
    "contoured": (0.15, 0.32),
    "blunt": (0.28, 0.5),
}
LARGE_AFTER = 0.22  # of discharges have an after-wave of about their own size
_PERIODIC = {"spiky": 4.2, "sharp": 3.8, "contoured": 2.2, "blunt": 0.2}


@dataclass(frozen=True)
class Discharge:
    """A patient's own discharge: as ACNS describes it.

    Parameters
    ----------
    base_s
        Width of the main phase at its base.
    phases
        1 to 4 crossings of the baseline plus one; the slow after-wave is not counted.
    after
        Size of the slow wave that follows, share of the main phase, signed.
    fast
        Size of superimposed fast activity (+F).
    """

    sharpness: str
    base_s: float
    phases: int
    polarity: float
    after: float
    after_s: float
    fast: float
    fast_hz: float
    skew: float

    @classmethod
    def draw(cls, rng: np.random.Generator, *, spike_wave: bool = False) -> "Discharge":
        """Draw a morphology; `spike_wave` is SW."""
        sharpness = str(rng.choice(list(BASE_S), p=(0.17, 0.45, 0.25, 0.13)))
        if spike_wave:
            sharpness = str(rng.choice(("spiky", "sharp")))
        blunt = sharpness in ("contoured", "blunt")
        after = float(rng.uniform(0, 0.9) * (rng.random() < 0.7))
        if spike_wave or rng.random() < LARGE_AFTER:  # as large as the discharge, and larger
            after = float(rng.uniform(0.7, 1.5))
        return cls(
            sharpness=sharpness,
            base_s=float(rng.uniform(*BASE_S[sharpness])),
            phases=int(
                rng.choice((1, 2, 3, 4), p=(0.3, 0.4, 0.3, 0) if blunt else (0.15, 0.3, 0.4, 0.15))
            ),
            polarity=-1.0 if rng.random() < 0.75 else 1.0,
            after=after,
            after_s=float(rng.uniform(0.18, 0.35) if spike_wave else rng.uniform(0.2, 0.6)),
            fast=float(rng.uniform(0.15, 0.8) if rng.random() < 0.15 else 0),
            fast_hz=float(rng.uniform(10, 22)),
            skew=float(rng.uniform(0.5, 1.3)),
        )

    @classmethod
    def triphasic(cls, rng: np.random.Generator) -> "Discharge":
        """Draw triphasic morphology: small, large and opposite, then slow and wide."""
        return cls(
            sharpness="contoured",
            base_s=float(rng.uniform(0.13, 0.22)),
            phases=3,
            polarity=1.0,
            after=float(rng.uniform(0.2, 1.2)),
            after_s=float(rng.uniform(0.3, 0.6)),
            fast=0.0,
            fast_hz=15.0,
            skew=float(rng.uniform(0.5, 0.9)),
        )

    def waves(self, rng: np.random.Generator, n: int, longest_s: float = 1.5) -> Array:
        """Give `n` variants, shape (n, samples), largest about 1."""
        duration_s = min(self.base_s * (self.phases + 1.5) + self.after_s * 1.6 + 0.1, longest_s)
        time = np.arange(round(duration_s * SFREQ), dtype=np.float32) / np.float32(SFREQ)
        main = (self.phases - 1) // 2 if self.phases > 1 else 0
        total = np.zeros((n, time.size), np.float32)
        widths = self.base_s / 4 * np.exp(rng.normal(0, 0.12, (n, 1)))
        peak = np.full((n, 1), 0.05 + self.base_s * (0.4 + 0.7 * main))
        for phase in range(self.phases):
            width = widths * (1 + 0.45 * (phase - main) if phase > main else 1.0)
            size = (1.0 if phase == main else rng.uniform(0.3, 0.85)) * (-1) ** (phase - main)
            size = size * np.exp(rng.normal(0, 0.12, (n, 1)))
            at = peak + (phase - main) * self.base_s * 0.62 * np.exp(rng.normal(0, 0.08, (n, 1)))
            rising = time < at
            total += size * np.exp(
                -0.5 * ((time - at) / (width * np.where(rising, self.skew, 1.0))) ** 2
            )
        if self.after:
            at = peak + self.base_s * 0.6 * (self.phases - main) + self.after_s * 0.45
            sign = (-1) ** (self.phases - main)
            wide = self.after_s / 4 * np.exp(rng.normal(0, 0.12, (n, 1)))
            total += sign * self.after * np.exp(-0.5 * ((time - at) / wide) ** 2)
        if self.fast:
            fast_phase = 2 * np.pi * (self.fast_hz * time + rng.random((n, 1)))
            total += (
                self.fast * np.exp(-0.5 * ((time - peak - 0.1) / 0.12) ** 2) * np.sin(fast_phase)
            )
        edge = np.clip(np.minimum(time, time[-1] - time) / 0.05, 0, 1)
        return np.asarray(self.polarity * edge * total, np.float32)


@dataclass(frozen=True)
class Train:
    """How discharges recur.

    Parameters
    ----------
    rate_hz
        Typical rate.
    irregularity
        Standard deviation of the log interval (nearly regular: under about 0.5).
    variation
        Standard deviation of the log amplitude.
    """

    rate_hz: float
    irregularity: float
    variation: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Train":
        """Draw: 0.3-3 Hz with a median near 1, one in eight near the limit of seizures."""
        rate = np.exp(rng.normal(-0.2, 0.45)) if rng.random() < 0.88 else rng.uniform(1.9, 3.0)
        return cls(
            rate_hz=float(np.clip(rate, 0.3, 3.0)),
            irregularity=float(np.clip(np.exp(rng.normal(-1.75, 0.6)), 0.03, 0.6)),
            variation=float(rng.uniform(0.05, 0.45)),
        )

    def times(self, rng: np.random.Generator, runs: Runs, duration_s: float) -> Array:
        """Onsets (s) within the runs; drops a few discharges where the train is irregular."""
        n = int(duration_s * self.rate_hz * 1.6) + 12
        steps = np.exp(rng.normal(0, self.irregularity, n)) / self.rate_hz
        onsets = np.cumsum(steps) - rng.random() * steps[0]
        onsets = onsets[onsets < duration_s]
        selected = np.zeros(onsets.size, bool)
        for start_s, stop_s in runs:
            selected |= (onsets >= start_s) & (onsets <= stop_s)
        selected &= rng.random(onsets.size) > 0.3 * self.irregularity
        return onsets[selected]


def place_waves(
    total: Array, onsets_s: Array, waves: Array, kinds: NDArray[np.int64], sizes: Array
) -> None:
    """Add waves[which[i]] * sizes[i] at each onset to `total`, in place."""
    n = total.size
    for onset, kind, size in zip(np.rint(onsets_s * SFREQ).astype(int), kinds, sizes, strict=True):
        first, last = max(onset, 0), min(onset + waves.shape[1], n)
        if first < last:
            total[first:last] += size * waves[kind, first - onset : last - onset]


@dataclass(frozen=True)
class Periodic:
    """A patient's PDs: shape, recurrence, fields and lag from front to back or side to side."""

    discharge: Discharge
    train: Train
    amplitude_uv: float
    lags_s: Array
    own_time: tuple[int, ...] = ()  # sources with a train of their own: BI, or Mf where several
    paired: bool = False  # sources come in pairs, left and right, that do the same

    def activity(
        self, rng: np.random.Generator, fields: Array, runs: Runs, duration_s: float, span: Span
    ) -> Activity:
        """Render over `duration_s`; `fields` has one column a lag."""
        n_times = round(duration_s * SFREQ)
        sources = np.zeros((self.lags_s.size, n_times), np.float32)
        n_inside = 0
        cycles_s = np.zeros(0)
        drift = np.exp(0.2 * course(rng, 1, n_times, 6.0)[0])
        for row, lag in enumerate(self.lags_s):
            if not (self.paired and row % 2):  # phases differ a little from place to place
                waves = self.discharge.waves(rng, 4)
            if row == 0 or row in self.own_time:
                onsets = self.train.times(rng, runs, duration_s)
                kinds = rng.integers(0, 4, onsets.size)
                sizes = np.exp(rng.normal(0, self.train.variation, onsets.size))
                sizes *= self.amplitude_uv * drift[(onsets * SFREQ).astype(int)]
                if row == 0:
                    cycles_s = np.asarray(onsets + lag, np.float64)
                n_inside = max(
                    n_inside,
                    int(((onsets > span.start_s - 0.2) & (onsets < span.stop_s - 0.2)).sum()),
                )
            spread = 0.1 if self.paired else 0.25
            amplitudes = sizes * np.exp(rng.normal(0, spread, onsets.size))
            place_waves(sources[row], onsets + lag, waves, kinds, amplitudes)
        return Activity(sources, fields, self.appearance(n_inside, runs, span), cycles_s)

    def appearance(self, n_inside: int, runs: Runs, span: Span) -> Appearance:
        """Evidence; six cycles make a pattern, at low rates fewer must do in 10 s."""
        length = span.stop_s - span.start_s
        n_needed = float(np.clip(0.6 * self.train.rate_hz * length, 3.0, 6.0))
        cycles = float(np.log((n_inside + 0.3) / (n_needed + 0.3)))
        presence = 2.6 + 3.6 * min(cycles, 0.4) - 2.0 * max(self.train.irregularity - 0.35, 0)
        fill = 1.6 * n_inside / length * self.discharge.base_s  # share of time without a gap
        periodic = _PERIODIC[self.discharge.sharpness] - 3.5 * max(fill - 0.65, 0)
        coverage = sum(max(min(b, span.stop_s) - max(a, span.start_s), 0) for a, b in runs) / length
        fast = float(np.clip((self.train.rate_hz - 2.45) / 0.22, -9, 3.5))
        ictal = fast - 3.0 * (1 - min(coverage, 1.0))
        ictal = max(ictal, -5.0 + 1.3 * max(self.train.rate_hz - 0.8, 0))
        return Appearance(presence, periodic, ictal, 2.0 if self.own_time else 0.0)
