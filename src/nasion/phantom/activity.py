"""Activity: courses of sources, the fields they have on the scalp, and how they appear."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nasion.phantom.head import MIRRORED, Head, direction

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
    cycles_s
        When each discharge or cycle of the first source is.
    """

    sources: Array
    fields: Array
    appearance: Appearance | None = None
    cycles_s: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    @property
    def potential(self) -> Array:
        """Scalp potential, shape (23, n_times), µV."""
        return self.fields @ self.sources


# ACNS main term 1 and where its sources lie: (azimuth, polar) in degrees, on the left.
FOCI = {
    "frontotemporal": (50, 86),
    "temporal": (90, 94),
    "posterior temporal": (124, 88),
    "frontal": (38, 62),
    "central": (85, 45),
    "parietal": (135, 60),
    "occipital": (158, 85),
    "hemispheric": (80, 68),
}
# How often discharges arise there, and rhythmic delta, which prefers the front.
_DISCHARGES = (0.18, 0.22, 0.14, 0.08, 0.1, 0.12, 0.06, 0.1)
_RHYTHMS = (0.32, 0.2, 0.08, 0.2, 0.05, 0.05, 0.02, 0.08)


def focus(rng: np.random.Generator, *, rhythmic: bool = False) -> tuple[float, float]:
    """Draw a lateralized place on the left (mirrored later for half of the patients)."""
    azimuth, polar = FOCI[str(rng.choice(list(FOCI), p=_RHYTHMS if rhythmic else _DISCHARGES))]
    return azimuth + rng.normal(0, 12), float(np.clip(polar + rng.normal(0, 10), 25, 112))


def lateralized(
    rng: np.random.Generator,
    head: Head,
    place: tuple[float, float],
    reflection: float,
    *,
    wide: bool = False,
) -> Array:
    """Fields (23, 4): a focus, two of its neighbours, its weaker reflection on the other side.

    `wide` fields take most of a side, as rhythmic delta does more often than discharges.
    """
    azimuth, polar = place
    extent = rng.uniform(30, 65) if wide else rng.uniform(15, 58)
    tilt = rng.choice((0.0, rng.uniform(-60, 60)))
    columns = [head.patch(direction(azimuth, polar), extent, tilt)]
    for _ in range(2):
        angles = azimuth + rng.normal(0, 30), float(np.clip(polar + rng.normal(0, 16), 20, 112))
        neighbour = head.patch(direction(*angles), extent, rng.uniform(-50, 50))
        columns.append(neighbour * np.float32(rng.uniform(0.3 if wide else 0.0, 0.9)))
    mirrored = head.patch(direction(-azimuth, polar), extent * 1.2, tilt)
    columns.append(np.float32(reflection) * mirrored)
    return np.stack(columns, 1)


def generalized(
    rng: np.random.Generator, head: Head, asymmetry: float, *, frontal: float = 0.6
) -> Array:
    """Fields (23, 6) of bilateral patches, from front to back, left and right in turn.

    Predominance (ACNS main term G): frontal in a share of `frontal`, else diffuse, midline or
    occipital.
    """
    remaining = 1 - frontal
    kind = rng.choice(4, p=(frontal, 0.65 * remaining, 0.22 * remaining, 0.13 * remaining))
    weights = (
        (1.0, rng.uniform(0.0, 0.5), rng.uniform(0, 0.2)),
        (0.9, 1.0, 0.8),
        (0.7, 1.0, 0.6),
        (0.3, 0.6, 1.0),
    )[kind]
    extent = rng.uniform(18, 60)
    spread = rng.uniform(8, 25) if kind == 2 else rng.uniform(8, 45)
    polar = rng.uniform(65, 108), rng.uniform(20, 88), rng.uniform(60, 100)
    azimuth = spread, 90.0, 180.0 - spread
    likeness = rng.uniform(0.5, 1)  # of both halves of the brain
    columns: list[Array] = []
    for weight, pole, angle in zip(weights, polar, azimuth, strict=True):
        size = weight * float(np.exp(rng.normal(0, 0.2)))
        left = head.patch(direction(angle, pole), extent)
        right = head.patch(direction(-angle, pole), extent)
        right = likeness * left[MIRRORED] + (1 - likeness) * right
        columns += [size * asymmetry * left, size / asymmetry * right]
    fields = np.stack(columns, 1)
    fields /= np.abs(fields.sum(1)).max()
    return np.asarray(fields, np.float32)
