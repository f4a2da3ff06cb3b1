"""A montage says what is known of each electrode, and which class it is judged by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasion.eeg.montage import HEADBAND, Montage, MontageClass, joined
from nasion.terms import DERIVATION_NAMES, ELECTRODES, LEFT, MIDLINE, RIGHT

SIDES = (LEFT, MIDLINE, RIGHT)


def having(names: tuple[str, ...], **more: object) -> Montage:
    missing = tuple(name for name in ELECTRODES if name not in names)
    return Montage(recorded=names, missing=missing, components=(names,), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("montage", "kind", "name"),
    [
        (Montage(), MontageClass.FULL, "full"),
        (
            Montage(recorded=DERIVATION_NAMES, rebuilt=ELECTRODES, components=SIDES),
            MontageClass.FULL,
            "full, bipolar",
        ),
        (
            Montage(interpolated=("C3", "Pz")),
            MontageClass.REDUCED,
            "reduced (17 of 19 electrodes)",
        ),
        (having(HEADBAND), MontageClass.HEADBAND, "headband (10 electrodes)"),
        (having(HEADBAND[1:]), MontageClass.HEADBAND, "headband (9 electrodes)"),
        (having(LEFT), MontageClass.LEFT, "one side (left), 8 electrodes"),
        (having(RIGHT + MIDLINE), MontageClass.RIGHT, "one side (right), 11 electrodes"),
        (
            having(LEFT, rebuilt=LEFT),
            MontageClass.LEFT,
            "one side (left), 8 electrodes, bipolar",
        ),
    ],
)
def test_classes(montage, kind, name):
    assert (montage.kind, montage.name) == (kind, name)


def test_a_derivation_is_there_where_both_electrodes_are_of_one_component():
    assert Montage().derivations == DERIVATION_NAMES
    assert Montage(components=SIDES).derivations == DERIVATION_NAMES
    assert having(LEFT).derivations == DERIVATION_NAMES[:8]
    apart = Montage(components=(("Fp1", "F7"), ("T3", "T5", "O1")), missing=())
    assert apart.derivations == ("Fp1-F7", "T3-T5", "T5-O1")


PARTITIONS = st.lists(st.integers(0, 3), min_size=19, max_size=19).map(
    lambda places: Montage(
        missing=tuple(n for n, place in zip(ELECTRODES, places, strict=True) if not place),
        components=tuple(
            tuple(n for n, place in zip(ELECTRODES, places, strict=True) if place == component)
            for component in sorted(set(places) - {0})
        ),
    )
)


@given(st.lists(PARTITIONS, min_size=1, max_size=3))
def test_a_stay_ties_no_two_electrodes_that_a_file_does_not(montages):
    stay = joined(montages)
    assert sorted(name for names in stay.components for name in names) == sorted(stay.present)
    for names in stay.components:
        for montage in montages:
            homes = {c for c in montage.components if set(c) & set(names)}
            assert len(homes) <= 1
    assert joined([montages[0]] * 2) == joined(montages[:1])
    assert joined(montages[:1]).derivations == montages[0].derivations
