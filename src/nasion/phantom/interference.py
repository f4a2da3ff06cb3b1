"""Interference: a constant narrow line of a few hertz, in many channels at once.

Measured on 13 of 70 open recordings of awake adults of one laboratory: 4.7-6.1 Hz, 5 to 14 µV rms
against linked ears, an envelope that varies by 5 to 13 %, a width under 0.1 Hz, and up to four
groups of electrodes a quarter of a cycle apart: a harmonic of the mains above half the sampling
rate, folded down by an amplifier that samples its channels one after the other. It looks like a
rhythm of the brain and is none.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasion.phantom.head import SITES
from nasion.terms import SFREQ

Array = NDArray[np.float32]
BANKS = 4  # of channels that are sampled at the same time, a quarter of a cycle apart


@dataclass(frozen=True)
class Interference:
    """One line, by the clock of the recording.

    Parameters
    ----------
    wander_hz, wander_s
        How far and in what time its rate goes up and down.
    fields_uv
        Its size at `head.SITES` in phase and a quarter of a cycle later, shape (23, 2).
    """

    rate_hz: float
    wander_hz: float
    wander_s: float
    start_rad: float
    fields_uv: Array

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Interference":
        """Draw one: mostly 4-6.5 Hz, in one group of electrodes or in up to four."""
        n = len(SITES)
        rate = float(rng.uniform(4.0, 6.5) if rng.random() < 0.75 else rng.uniform(2.0, 9.0))
        banks = rng.integers(0, int(rng.choice((1, 2, BANKS), p=(0.3, 0.2, 0.5))), n)
        size = float(np.clip(np.exp(rng.normal(2.2, 0.5)), 2.0, 28.0))
        sizes = size * np.exp(rng.normal(0, rng.uniform(0.1, 0.45), n))
        phases = 2 * np.pi * banks / BANKS + rng.normal(0, 0.06, n)
        fields = np.stack([sizes * np.cos(phases), sizes * np.sin(phases)], 1)
        return cls(
            rate_hz=rate,
            wander_hz=float(rng.uniform(0, 0.08)),
            wander_s=float(rng.uniform(60, 900)),
            start_rad=float(rng.uniform(0, 2 * np.pi)),
            fields_uv=np.asarray(fields, np.float32),
        )

    def potential(self, start: int, n_times: int) -> Array:
        """From sample `start` of the recording on, shape (23, n_times), µV."""
        time = np.arange(start, start + n_times) / SFREQ
        turns = self.rate_hz * time
        turns += (
            self.wander_hz * self.wander_s * np.sin(2 * np.pi * time / self.wander_s) / (2 * np.pi)
        )
        angle = self.start_rad + 2 * np.pi * turns
        return self.fields_uv @ np.stack([np.cos(angle), np.sin(angle)]).astype(np.float32)
