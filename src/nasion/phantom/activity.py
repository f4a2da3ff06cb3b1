"""Activity: courses of sources, the fields they have on the scalp, and how they appear."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasion.phantom.head import Head, direction

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Appearance:
    """What a reader notes of a pattern beyond its size, as evidence (log odds).

    Parameters
    ----------
    presence
        For being a pattern at all: cycles, regularity, share of the labelled time.
    periodic
        For discharges with a gap between them, against rhythm without (PD against RDA).
    ictal
        For a seizure: rate above 2.5 Hz, definite evolution, length.
    asymmetric
        For lateralized beyond what the fields say: independent sides, a lead of one side.
    """

    presence: float
    periodic: float
    ictal: float
    asymmetric: float = 0.0


@dataclass(frozen=True)
class Activity:
    """Some sources at work.

    Parameters
    ----------
    sources
        Courses, shape (n_sources, n_times), µV where their field is largest.
    fields
        Shape (23, n_sources) over `head.SITES`.
    """

    sources: Array
    fields: Array
    appearance: Appearance | None = None

    @property
    def potential(self) -> Array:
        """Scalp potential, shape (23, n_times), µV."""
        return self.fields @ self.sources


# ACNS main term 1 and where its sources lie: (azimuth, polar) in degrees, on the left.
FOCI = {
    "frontotemporal": (55, 75),
    "temporal": (92, 80),
    "posterior temporal": (122, 78),
    "frontal": (38, 55),
    "central": (85, 42),
    "parietal": (135, 55),
    "occipital": (158, 80),
    "hemispheric": (80, 55),
}
_LATERAL = (0.24, 0.22, 0.12, 0.1, 0.08, 0.1, 0.05, 0.09)


def focus(rng: np.random.Generator) -> tuple[float, float]:
    """Draw a lateralized place on the left (mirrored later for half of the patients)."""
    azimuth, polar = FOCI[str(rng.choice(list(FOCI), p=_LATERAL))]
    return azimuth + rng.normal(0, 12), float(np.clip(polar + rng.normal(0, 9), 25, 100))


def lateralized(
    rng: np.random.Generator, head: Head, place: tuple[float, float], reflection: float
) -> Array:
    """Fields (23, 4): a focus, two of its neighbours, its weaker reflection on the other side."""
    azimuth, polar = place
    extent = rng.uniform(12, 48)
    tilt = rng.choice((0.0, rng.uniform(-60, 60)))
    columns = [head.patch(direction(azimuth, polar), extent, tilt)]
    for _ in range(2):
        aside = azimuth + rng.normal(0, 30), float(np.clip(polar + rng.normal(0, 16), 20, 105))
        near = head.patch(direction(*aside), extent, rng.uniform(-50, 50))
        columns.append(near * np.float32(rng.choice((0.0, rng.uniform(0.1, 0.7)))))
    there = head.patch(direction(-azimuth, polar), extent * 1.2, tilt)
    columns.append(np.float32(reflection) * there)
    return np.stack(columns, 1)


def generalized(rng: np.random.Generator, head: Head, asymmetry: float) -> Array:
    """Fields (23, 6) of bilateral patches, from front to back, left and right in turn.

    Frontally predominant most often, else diffuse, midline or occipital (ACNS main term G).
    """
    kind = rng.choice(4, p=(0.55, 0.28, 0.1, 0.07))
    weights = ((1.0, 0.6, 0.25), (0.9, 1.0, 0.8), (0.7, 1.0, 0.6), (0.3, 0.6, 1.0))[kind]
    extent = rng.uniform(25, 55)
    spread = rng.uniform(20, 60) if kind != 2 else rng.uniform(8, 25)
    polar = rng.uniform(45, 75), rng.uniform(35, 55), rng.uniform(50, 75)
    azimuth = min(spread, 60.0), 90.0, 180.0 - min(spread, 60.0)
    columns = []
    for weight, pole, angle in zip(weights, polar, azimuth, strict=True):
        size = weight * float(np.exp(rng.normal(0, 0.2)))
        for side, gain in ((1, asymmetry), (-1, 1 / asymmetry)):
            columns.append(size * gain * head.patch(direction(side * angle, pole), extent))
    fields = np.stack(columns, 1)
    fields /= np.abs(fields.sum(1)).max()
    return np.asarray(fields, np.float32)
