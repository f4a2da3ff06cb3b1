import numpy as np
import pytest

from nasion.eeg.interpolation import neighbours, plan, positions, weights
from nasion.terms import ELECTRODES, LEFT, MIDLINE, MIRROR, RIGHT


def without(*names: str) -> tuple[str, ...]:
    return tuple(name for name in ELECTRODES if name not in names)


@pytest.mark.parametrize("name", ELECTRODES)
def test_smooth_fields_are_recovered(name):
    recorded = without(name)
    x, y, z = positions().T
    fields = np.stack([x, y, z, 1 + 0.5 * x * y - z**2])
    inside = fields[:, [ELECTRODES.index(site) for site in recorded]]
    estimate = weights(recorded, (name,)) @ inside.T
    truth = fields[:, ELECTRODES.index(name)]
    np.testing.assert_allclose(estimate[0], truth, atol=0.2)


def test_a_common_potential_stays():
    recorded = without("C3", "O2")
    np.testing.assert_allclose(weights(recorded, ("C3", "O2")).sum(axis=1), 1.0, atol=1e-9)


def test_recorded_electrodes_keep_their_value():
    x, y, z = positions().T
    values = np.exp(x + 0.5 * y) - y * z
    np.testing.assert_allclose(weights(ELECTRODES, ELECTRODES) @ values, values, atol=0.02)


def test_mirror_image():
    sites = without("F3")
    mirrored = weights(tuple(MIRROR[site] for site in sites), ("F4",))
    np.testing.assert_allclose(weights(sites, ("F3",)), mirrored, atol=1e-9)


def test_neighbours_are_the_ones_of_the_10_20_system():
    assert set(neighbours("Cz")) == {"Fz", "C3", "C4", "Pz"}
    assert {"F7", "T5"} < set(neighbours("T3"))


def test_the_rule_of_what_is_interpolated():
    assert set(plan((without("C3", "O2"),))) == {"C3", "O2"}
    alone = plan((without("O1", *neighbours("O1")),))
    assert "O1" not in alone
    assert "O1" in plan((without("O1", *neighbours("O1")[1:]),))
    assert plan((LEFT,)) == plan(()) == {}


def test_nothing_crosses_between_components():
    ears = (without(*RIGHT, "C3", "Pz"), without(*LEFT, *MIDLINE, "T6"))
    donors = plan(ears)
    assert set(donors) == {"C3", "Pz", "T6"}
    assert donors["C3"] == donors["Pz"] == ears[0]
    assert donors["T6"] == ears[1]
    assert set(plan((LEFT[1:], RIGHT))) == {"Fp1"}  # how the midline goes with them is unknown
