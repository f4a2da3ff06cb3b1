import numpy as np
import pytest

from nasion.phantom.head import CORTEX, POSITIONS, SITES, Head, direction, potential
from nasion.terms import ELECTRODES, LEFT, MIDLINE, MIRROR, MIRRORED_COLUMNS, RIGHT

STANDARD = Head(POSITIONS, 0.65, "Cz", np.ones(len(SITES), np.float32))


def numerical_potential(electrode, place, moment):
    """Series of Legendre polynomials for the same sphere (surface, homogeneous)."""
    radius = np.linalg.norm(place)
    cosine = electrode @ place / radius
    axis = place / radius
    tangent = electrode - cosine * axis
    total = 0.0
    for n in range(1, 120):
        polynomial = np.polynomial.legendre.Legendre.basis(n)
        slope = polynomial.deriv()(cosine)
        weight = (2 * n + 1) / n * radius ** (n - 1)
        total += weight * (n * (moment @ axis) * polynomial(cosine) + (moment @ tangent) * slope)
    return total


def test_potential_equals_the_series_of_the_sphere():
    rng = np.random.default_rng(0)
    place = np.array([0.3, -0.2, 0.5])
    moment = rng.normal(size=3)
    electrodes = POSITIONS.astype(float)
    closed = potential(electrodes, place[None], moment[None])[:, 0]
    series = np.array([numerical_potential(e, place, moment) for e in electrodes])
    np.testing.assert_allclose(closed - closed[0], series - series[0], rtol=1e-4, atol=1e-4)


def test_sites_lie_on_the_sphere_and_mirror_each_other():
    np.testing.assert_allclose(np.linalg.norm(POSITIONS, axis=1), 1, atol=1e-6)
    flip = np.array([1, -1, 1])
    for name in ELECTRODES:
        there = POSITIONS[SITES.index(MIRROR[name])]
        np.testing.assert_allclose(POSITIONS[SITES.index(name)] * flip, there, atol=1e-6)
    left = POSITIONS[[SITES.index(name) for name in LEFT], 1]
    assert (left > 0).all()
    assert (POSITIONS[[SITES.index(name) for name in RIGHT], 1] < 0).all()
    np.testing.assert_allclose(POSITIONS[[SITES.index(n) for n in MIDLINE], 1], 0, atol=1e-6)


@pytest.mark.parametrize("name", ELECTRODES)
def test_a_patch_is_largest_at_the_electrode_above_it(name):
    field = STANDARD.patch(POSITIONS[SITES.index(name)], 15)
    assert SITES[int(np.abs(field[:19]).argmax())] == name


def test_a_mirrored_patch_has_the_mirrored_field():
    left = STANDARD.patch(direction(70, 70), 25, 30)
    right = STANDARD.patch(direction(-70, 70), 25, 30)
    # The sources lie on a spiral, which is not quite its own mirror image.
    np.testing.assert_allclose(left[:19][MIRRORED_COLUMNS[:19]], right[:19], atol=0.06)


def test_larger_patches_spread_further():
    centre = POSITIONS[SITES.index("C3")]
    assert np.abs(STANDARD.patch(centre, 50)).mean() > np.abs(STANDARD.patch(centre, 12)).mean()


def test_derivations_do_not_depend_on_the_reference():
    scalp = np.random.default_rng(1).normal(size=(23, 7)).astype(np.float32)
    heads = [
        Head(POSITIONS, 0.65, name, np.ones(len(SITES), np.float32))
        for name in ("Cz", "A1A2", "average", "CPz")
    ]
    seen = [head.referencing @ scalp for head in heads]
    for one in seen[1:]:
        np.testing.assert_allclose(np.diff(one, axis=0), np.diff(seen[0], axis=0), atol=1e-5)


def test_sources_are_spread_evenly_over_both_sides():
    np.testing.assert_allclose(np.linalg.norm(CORTEX, axis=1), 1, atol=1e-6)
    assert abs((CORTEX[:, 1] > 0).mean() - 0.5) < 0.03
