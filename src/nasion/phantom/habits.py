"""Habits: how a patient moves the eyes, and what the amplifier makes of steps and lobes.

Drawn with the patient, before any pattern, and kept for all of the patient's recordings: what
somebody blinks cannot tell what else the EEG shows.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from nasion.terms import SFREQ

Array = NDArray[np.float32]
Rng = np.random.Generator

# Share of patients who blink all the time, by the kind of background. Of 37 healthy adults with
# open eyes (Mumtaz 2016, figshare 4244171) 33 do; closed eyes, sleep and coma end it.
BLINKERS = {"awake": 0.85, "drowsy": 0.4, "slowed": 0.35, "medicated": 0.2}
# Time constants of one stage; in the same recordings order 4 at .08 s (two in three) or .24 s,
# which rings, fits mean blinks better than orders 1 to 3.
COUPLING_ORDERS, COUPLING_SHARES = (1, 2, 4), (0.55, 0.15, 0.3)
FASTEST_S, STEEP_FASTEST_S, SLOWEST_S = 0.03, 0.075, 1.0


@dataclass(frozen=True)
class Habits:
    """Eyes and coupling of one patient.

    Parameters
    ----------
    alertness
        Between 0 and 1; the patient blinks in a state where it is below the state's share.
    blink_hz
        Blinks a second.
    flurry_share, regular
        Share of blinks that follow another within a second; whether intervals are nearly alike.
    blink_uv, variation
        Size of a lobe at Fp1 and Fp2 before the coupling, and the deviation of its logarithm.
    rise_s, fall_s
        Standard deviations of the two sides of a lobe.
    reach, lean
        How far blinks spread, in radii of the head; log ratio of the left eye to the right one.
    coupling_hz, coupling_order
        Corner and order of the amplifier's high pass (Butterworth).
    """

    alertness: float
    blink_hz: float
    flurry_share: float
    regular: bool
    blink_uv: float
    variation: float
    rise_s: float
    fall_s: float
    reach: float
    lean: float
    coupling_hz: float
    coupling_order: int

    @classmethod
    def draw(cls, rng: Rng) -> "Habits":
        """Draw: numbers of `docs/phantom.md`, measured on awake adults, somewhat wider."""
        order = int(rng.choice(COUPLING_ORDERS, p=COUPLING_SHARES))
        fastest_s = FASTEST_S if order == 1 else STEEP_FASTEST_S
        time_constant_s = np.exp(rng.uniform(np.log(fastest_s), np.log(SLOWEST_S)))
        regular = bool(rng.random() < 0.15)
        per_min = np.clip(np.exp(rng.normal(np.log(9), 0.65)), 3, 40)
        return cls(
            alertness=float(rng.random()),
            blink_hz=float(rng.uniform(0.3, 1.5) if regular else per_min / 60),
            flurry_share=0.0 if regular else float(0.6 * rng.random() ** 2),
            regular=regular,
            blink_uv=float(np.exp(rng.normal(np.log(180), 0.45))),
            variation=float(rng.uniform(0.15, 0.45)),
            rise_s=float(rng.uniform(0.03, 0.06)),
            fall_s=float(rng.uniform(0.045, 0.15)),
            reach=float(rng.uniform(0.3, 0.65)),
            lean=float(rng.normal(0, 0.1)),
            coupling_hz=float(1 / (2 * np.pi * time_constant_s)),
            coupling_order=order,
        )

    def blinks(self, state: str) -> bool:
        """Whether the patient blinks all the time in a state of wakefulness."""
        return self.alertness < BLINKERS.get(state, 0.0)

    @cached_property
    def _high_pass(self) -> NDArray[np.float64]:
        found = butter(self.coupling_order, self.coupling_hz, "high", fs=SFREQ, output="sos")
        return np.asarray(found)

    def coupled(self, waves: Array) -> Array:
        """What an AC-coupled amplifier makes of waves along the last axis, from rest.

        A lobe gets an after-swing of the other sign, as large as the lobe in area.
        """
        return np.asarray(sosfilt(self._high_pass, waves, axis=-1), np.float32)
