"""A head: where electrodes sit, and what a patch of cortex looks like at them.

The forward model is a current dipole in a homogeneous sphere, in closed form. Skull and
scalp smear the field about as if the dipole lay deeper: cortex at 0.87 radii acts like a dipole
at 0.87 x 0.6 to 0.7 in a homogeneous sphere (Ary, Klein & Fender 1981).
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nasion.terms import ANGLES, ELECTRODES, LEFT, MIDLINE, MIRROR

Array = NDArray[np.float32]

# Azimuth (degrees from the nose, left positive) and polar angle (degrees from the vertex) of what
# recordings refer to.
_REFERENCES = {"A1": (98, 118), "A2": (-98, 118), "FCz": (0, 22), "CPz": (180, 22)}
SITES = (*ELECTRODES, *_REFERENCES)
PILLOW = ("T5", "O1", "T6", "O2", "P3", "Pz", "P4")  # the head lies on them
OUTER = ("Fp1", "F7", "T3", "T5", "O1", "Fp2", "F8", "T4", "T6", "O2")  # over muscles
REFERENCES = ("A1A2", "A1", "Cz", "FCz", "CPz", "average", "sides")


def direction(azimuth_deg: float, polar_deg: float) -> Array:
    """Unit vector (front, left, up) of a place on the head."""
    azimuth, polar = np.deg2rad(azimuth_deg), np.deg2rad(polar_deg)
    return np.array(
        [np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar)],
        np.float32,
    )


def _standard() -> Array:
    """Where SITES sit if the lowest ring of the 10-20 system is the equator, in whole degrees."""
    places = dict(_REFERENCES)
    lowest = max(inclination for inclination, _ in ANGLES.values())
    for name in (*LEFT, *MIDLINE):
        inclination, from_ear = ANGLES[name]
        azimuth = (from_ear + (90 if inclination < 0 else -90)) % 360
        places[name] = azimuth, round(abs(inclination) * 90 / lowest)
        places.setdefault(MIRROR[name], (-azimuth, places[name][1]))
    return np.array([direction(*places[name]) for name in SITES], np.float32)


POSITIONS = _standard()  # (23, 3)
MIRRORED = np.array([SITES.index({"A1": "A2", "A2": "A1", **MIRROR}.get(s, s)) for s in SITES])


def _cortex(n: int) -> Array:
    """Directions of sources: evenly over the upper sphere down to the temporal lobes."""
    z = 1 - (np.arange(n) + 0.5) * 1.6 / n
    angle = np.arange(n) * np.pi * (3 - 5**0.5)
    radius = np.sqrt(1 - z**2)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), z], 1).astype(np.float32)


CORTEX = _cortex(112)


def potential(electrodes: Array, places: Array, moments: Array) -> Array:
    """Surface potential of dipoles in the homogeneous unit sphere, shape (electrodes, dipoles).

    The gradient, at the source, of the Neumann function of the sphere
    2/d - ln(d + 1 - r.q), d = |r - q|.
    """
    offsets = electrodes[:, None, :] - places[None, :, :]
    distance = np.sqrt((offsets**2).sum(2))
    nearness = distance + 1 - electrodes @ places.T
    gradient = (2 / distance**3 + 1 / (distance * nearness))[..., None] * offsets
    gradient += electrodes[:, None, :] / nearness[..., None]
    return np.asarray((gradient * moments[None]).sum(2), np.float32)


@dataclass(frozen=True)
class Head:
    """One anatomy and its electrodes.

    Parameters
    ----------
    positions
        Unit vectors of SITES, shape (23, 3): the 10-20 places, misplaced a little.
    depth
        Radius at which cortical dipoles act, of the homogeneous unit sphere.
    reference
        One of REFERENCES; "sides" is A1 on the left and A2 on the right.
    skull
        Conduction to each site, about 1, shape (23,).
    moments
        Of the sources of CORTEX, shape (112, 3): cortex is folded, so they point every way about
        outwards and differ in strength. That makes fields as uneven as real ones.
    """

    positions: Array
    depth: float
    reference: str
    skull: Array
    moments: Array = field(default_factory=lambda: CORTEX)

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Head":
        """A head with electrodes 2-7 mm from where they should be."""
        jitter = rng.normal(0, rng.uniform(0.02, 0.08), POSITIONS.shape)
        positions = POSITIONS + jitter.astype(np.float32)
        positions /= np.linalg.norm(positions, axis=1, keepdims=True)
        reference = rng.choice(REFERENCES, p=(0.25, 0.05, 0.15, 0.25, 0.2, 0.05, 0.05))
        skull = np.exp(rng.normal(0, rng.uniform(0.03, 0.18), len(SITES))).astype(np.float32)
        folds = rng.normal(0, rng.uniform(0.2, 0.9), CORTEX.shape)
        strength = np.exp(rng.normal(0, rng.uniform(0.2, 0.8), (len(CORTEX), 1)))
        moments = np.asarray(strength * (CORTEX + folds), np.float32)
        return cls(positions, float(rng.uniform(0.48, 0.74)), str(reference), skull, moments)

    @cached_property
    def gain(self) -> Array:
        """Field of each source of CORTEX, shape (23, 112)."""
        field = potential(self.positions, CORTEX * np.float32(self.depth), self.moments)
        return np.asarray(field * self.skull[:, None], np.float32)

    def patch(self, centre: Array, extent_deg: float, tilt_deg: float = 0.0) -> Array:
        """Field of a patch of cortex, shape (23,), largest 1; tilted sources are tangential."""
        centre = centre / np.linalg.norm(centre)
        sharpness = 1 / (1 - np.cos(np.deg2rad(max(extent_deg, 8.0))))
        weights = np.exp((CORTEX @ centre - 1) * sharpness)
        field = self.gain @ weights
        field /= np.abs(field).max()
        if tilt_deg:
            tangent = np.cross(centre, (0.0, 1.0, 0.0)).astype(np.float32)
            place = (centre * np.float32(self.depth))[None]
            tangential = potential(self.positions, place, tangent[None])[:, 0] * self.skull
            tilt = np.deg2rad(tilt_deg)
            field = np.cos(tilt) * field + np.sin(tilt) * tangential / np.abs(tangential).max()
            field /= np.abs(field).max()
        return np.asarray(field, np.float32)

    def nearness(self, place: Array, width: float) -> Array:
        """Field at the 19 electrodes that falls off from a place on the skin, shape (19, 1)."""
        distance = np.linalg.norm(self.positions[: len(ELECTRODES)] - place, axis=1)
        return np.asarray(np.exp(-((distance / width) ** 2)), np.float32)[:, None]

    def spread(self, place: Array, reach: float) -> Array:
        """The same with a wide foot, as potentials of a distant source have, shape (19, 1)."""
        distance = np.linalg.norm(self.positions[: len(ELECTRODES)] - place, axis=1)
        return np.asarray(np.exp(-distance / reach), np.float32)[:, None]

    @cached_property
    def referencing(self) -> Array:
        """What the amplifier subtracts: potentials at SITES (23,) to the 19 channels."""
        matrix = np.eye(len(ELECTRODES), len(SITES), dtype=np.float32)
        weights = np.zeros((len(ELECTRODES), len(SITES)), np.float32)
        ears = SITES.index("A1"), SITES.index("A2")
        if self.reference == "A1A2":
            weights[:, ears] = 0.5
        elif self.reference == "average":
            weights[:, : len(ELECTRODES)] = 1 / len(ELECTRODES)
        elif self.reference == "sides":
            left = self.positions[: len(ELECTRODES), 1] > 0
            weights[left, ears[0]], weights[~left, ears[1]] = 1, 1
        else:
            weights[:, SITES.index(self.reference)] = 1
        return matrix - weights
