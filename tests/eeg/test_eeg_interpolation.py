import numpy as np
import pytest

from nasion.eeg.interpolation import neighbours, plan, positions, weights
from nasion.terms import ELECTRODES, LEFT, MIRROR, RIGHT

REFERENCE = dict.fromkeys(ELECTRODES, "REF")


def without(*names: str) -> dict[str, str]:
    return {name: ref for name, ref in REFERENCE.items() if name not in names}


@pytest.mark.parametrize("name", ELECTRODES)
def test_smooth_fields_are_recovered(name):
    recorded = tuple(without(name))
    x, y, z = positions().T
    fields = np.stack([x, y, z, 1 + 0.5 * x * y - z**2])
    inside = fields[:, [ELECTRODES.index(site) for site in recorded]]
    estimate = weights(recorded, (name,)) @ inside.T
    truth = fields[:, ELECTRODES.index(name)]
    np.testing.assert_allclose(estimate[0], truth, atol=0.2)


def test_a_common_potential_stays():
    recorded = tuple(without("C3", "O2"))
    np.testing.assert_allclose(weights(recorded, ("C3", "O2")).sum(axis=1), 1.0, atol=1e-9)


def test_recorded_electrodes_keep_their_value():
    x, y, z = positions().T
    values = np.exp(x + 0.5 * y) - y * z
    np.testing.assert_allclose(weights(ELECTRODES, ELECTRODES) @ values, values, atol=0.02)


def test_mirror_image():
    sites = tuple(without("F3"))
    mirrored = weights(tuple(MIRROR[site] for site in sites), ("F4",))
    np.testing.assert_allclose(weights(sites, ("F3",)), mirrored, atol=1e-9)


def test_neighbours_are_the_ones_of_the_10_20_system():
    assert set(neighbours("Cz")) == {"Fz", "C3", "C4", "Pz"}
    assert {"F7", "T5"} < set(neighbours("T3"))


def test_the_rule_of_what_is_interpolated():
    assert set(plan(without("C3", "O2"))) == {"C3", "O2"}
    assert set(plan(without("C3", "P3", "F4", "O2"))) == {"C3", "P3", "F4", "O2"}
    assert plan(without("C3", "P3", "F4", "O2", "T3")) == {}
    alone = plan(without("O1", *neighbours("O1")[:3]))
    assert "O1" not in alone


def test_nothing_crosses_between_two_references():
    ears = {name: "A2" if name in RIGHT else "A1" for name in ELECTRODES}
    ears = {name: ear for name, ear in ears.items() if name not in ("C3", "Pz", "T6")}
    donors = plan(ears)
    assert set(donors) == {"C3", "T6"}
    assert set(donors["C3"]) <= set(LEFT)
    assert set(donors["T6"]) <= set(RIGHT)
