"""Missing electrodes from the recorded ones, by spherical splines (Perrin 1989).

Perrin F, Pernier J, Bertrand O, Echallier JF. Spherical splines for scalp potential and current
density mapping. Electroencephalogr Clin Neurophysiol 1989;72:184-187 (with the erratum of 1990).
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from nasion.terms import ANGLES, ELECTRODES, LEFT, MIDLINE, RIGHT

STIFFNESS = 4  # Perrin's m
N_TERMS = 50
REGULARISATION = 1e-5

MOST_MISSING = 4  # with more of the 19 missing nothing is interpolated
N_NEIGHBOURS, LEAST_NEIGHBOURS = 4, 2  # two of the four nearest sites must be recorded


def positions(names: Sequence[str] = ELECTRODES) -> NDArray[np.float64]:
    """Give unit vectors (right, front, up) of electrodes, shape (names, 3)."""
    inclination, azimuth = np.radians([ANGLES[name] for name in names]).T
    return np.stack(
        [
            np.sin(inclination) * np.cos(azimuth),
            np.sin(inclination) * np.sin(azimuth),
            np.cos(inclination),
        ],
        axis=1,
    )


@lru_cache(maxsize=256)
def weights(recorded: tuple[str, ...], targets: tuple[str, ...]) -> NDArray[np.float64]:
    """Give the matrix that turns recorded potentials into wanted ones, shape (wanted, recorded).

    Rows sum to one, so a potential common to all electrodes, as the reference adds, stays.
    """
    n = len(recorded)
    system = np.ones((n + 1, n + 1))
    system[:n, :n] = _green(recorded, recorded) + REGULARISATION * np.eye(n)
    system[n, n] = 0.0
    solution = np.linalg.inv(system)[:, :n]
    return np.column_stack([_green(targets, recorded), np.ones(len(targets))]) @ solution


def _green(first: Sequence[str], second: Sequence[str]) -> NDArray[np.float64]:
    """Perrin's g of the angles between two sets of electrodes."""
    order = np.arange(1, N_TERMS + 1)
    terms = np.zeros(N_TERMS + 1)
    terms[1:] = (2 * order + 1) / (order * (order + 1.0)) ** STIFFNESS / (4 * np.pi)
    cosines = np.clip(positions(first) @ positions(second).T, -1.0, 1.0)
    return np.asarray(legendre.legval(cosines, terms), np.float64)


def neighbours(name: str) -> tuple[str, ...]:
    """Give the four nearest of the 19 sites, nearest first."""
    closeness = positions() @ positions([name])[0]
    order = [ELECTRODES[i] for i in np.argsort(-closeness, kind="stable")]
    return tuple(order[1 : N_NEIGHBOURS + 1])


def plan(references: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Give for each missing electrode that can be interpolated the electrodes to do it from.

    At most four electrodes may be missing, and two of the four nearest sites of each must be
    recorded. With more than one reference, an electrode is interpolated only from those of its own
    side, if these share one reference; the midline is not.

    Parameters
    ----------
    references
        The reference of each recorded electrode.
    """
    missing = [name for name in ELECTRODES if name not in references]
    if len(missing) > MOST_MISSING:
        return {}
    donors = {name: _donors(name, references) for name in missing}
    return {
        name: sites
        for name, sites in donors.items()
        if len(set(sites).intersection(neighbours(name))) >= LEAST_NEIGHBOURS
    }


def _donors(name: str, references: Mapping[str, str]) -> tuple[str, ...]:
    if len(set(references.values())) < 2:
        return tuple(site for site in ELECTRODES if site in references)
    if name in MIDLINE:
        return ()
    side = LEFT if name in LEFT else RIGHT
    side_references = {references[site] for site in side if site in references}
    if len(side_references) != 1:
        return ()
    return tuple(site for site in side if site in references)
