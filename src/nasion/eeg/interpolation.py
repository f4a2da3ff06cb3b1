"""Missing electrodes from the recorded ones, by spherical splines (Perrin 1989).

Perrin F, Pernier J, Bertrand O, Echallier JF. Spherical splines for scalp potential and current
density mapping. Electroencephalogr Clin Neurophysiol 1989;72:184-187 (with the erratum of 1990).
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from nasion.eeg.montage import Components
from nasion.terms import ANGLES, DERIVATIONS, ELECTRODES, LEFT, MIDLINE, PARTS, RIGHT

STIFFNESS = 4  # Perrin's m
N_TERMS = 50
REGULARISATION = 1e-5

# One of the four nearest sites must be recorded. Two instead of it cost .13 in KLD with nine of the
# 19 missing at random, as what is missing harms more than what is interpolated badly.
N_NEIGHBOURS, LEAST_NEIGHBOURS = 4, 1


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


def plan(components: Components, unfit: Sequence[str] = ()) -> dict[str, tuple[str, ...]]:
    """Give for each missing electrode that can be interpolated the electrodes to do it from.

    One of the four nearest sites of each must be among these, and a neighbour in a chain be there.
    They are of the component that holds its neighbours in the chains; where none of these is
    recorded, of the one that holds its side or the midline. A midline of which nothing is recorded
    is made of both sides, if one component holds them; a side never of the other one.

    Parameters
    ----------
    components
        The recorded electrodes, by what can be subtracted.
    unfit
        Recorded electrodes that nothing is to be made of.
    """
    recorded = {name for names in components for name in names}
    donors = {name: _donors(name, components) for name in ELECTRODES if name not in recorded}
    donors = {
        name: tuple(site for site in sites if site not in unfit) for name, sites in donors.items()
    }
    donors = {
        name: sites
        for name, sites in donors.items()
        if len(set(sites).intersection(neighbours(name))) >= LEAST_NEIGHBOURS
    }
    return {
        name: sites
        for name, sites in donors.items()
        if all(donors.get(other, sites) == sites for other in _in_chain(name))
        and _in_chain(name) & (recorded | donors.keys())
    }


def _in_chain(name: str) -> set[str]:
    """The electrodes beside one in the chains."""
    return {site for pair in DERIVATIONS if name in pair for site in pair if site != name}


def _donors(name: str, components: Components) -> tuple[str, ...]:
    part = next(part for part in PARTS if name in part)
    for sites in (_in_chain(name), set(part)):
        if homes := [names for names in components if sites.intersection(names)]:
            return homes[0] if len(homes) == 1 else ()
    both = (names for names in components if set(names) & set(LEFT) and set(names) & set(RIGHT))
    return next(both, ()) if part == MIDLINE else ()
