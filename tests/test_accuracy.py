"""What was measured on montages decides what is said on any: never more than the montage shows."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abouts import measured
from drawn_readings import MONTAGES
from nasion.accuracy import Measured, trust
from nasion.eeg.montage import HEADBAND, Montage, MontageClass
from nasion.terms import ELECTRODES, EVENTFUL, LEFT, MIDLINE, RIGHT, Pattern

COSTLY = {"kind": "headband", "electrodes": 10, "above": 0.12, "above_ci95": [0.05, 0.19]}


def row(**changed):
    return Measured.model_validate_json(json.dumps(measured(**changed)))


TABLE = {
    "all 19": row(),
    "double banana": row(bipolar=True),
    "4 missing": row(kind="reduced", electrodes=15),
    "9 missing": row(kind="reduced", electrodes=10),
    "headband": row(**COSTLY, patterns={Pattern.GRDA: 0.3}),
    "one side": row(kind="one side (left)", electrodes=8, above_ci95=[0.4, 0.9]),
}


def of(*names, **changed):
    """A montage of electrodes against one reference, nothing interpolated."""
    missing = tuple(name for name in ELECTRODES if name not in names)
    return Montage(recorded=names, missing=missing, components=(names,), **changed)


@pytest.mark.parametrize(
    ("montage", "name"),
    [
        (of(*ELECTRODES), "all 19"),
        (of(*ELECTRODES, rebuilt=ELECTRODES), "double banana"),
        (of(*ELECTRODES[1:]), "4 missing"),
        (of(*ELECTRODES[1:7], *ELECTRODES[8:17]), "4 missing"),
        (of(*ELECTRODES[2:16]), "9 missing"),
        (of(*HEADBAND), "headband"),
        (of(*HEADBAND[1:]), "one side"),  # the headband was measured with more
        (of(*LEFT), "one side"),
        (of(*RIGHT, *MIDLINE), "one side"),
        (of(*LEFT[1:]), ""),
    ],
)
def test_a_montage_is_taken_for_the_nearest_measured_one_that_has_no_more(montage, name):
    found = trust(montage, TABLE)
    assert found.stands_for == name
    assert found.measured == TABLE.get(name)
    assert montage.name in found.statement
    assert ("not measured" in found.statement) == (not name)
    if not name:
        assert set(found.untold) == set(EVENTFUL)


def test_patterns_are_not_judged_where_their_own_segments_cost_too_much():
    assert row(above_ci95=[0.0, 0.1], patterns={Pattern.GPD: 0.9}).untold == ()
    assert row(**COSTLY, patterns={Pattern.GRDA: 0.3}).untold == (Pattern.GRDA,)
    assert row(**COSTLY, patterns={Pattern.LPD: None}).untold == (Pattern.LPD,)  # too few
    nearest = row(**COSTLY, patterns={Pattern.SEIZURE: 0.09, Pattern.LRDA: 0.08})
    assert nearest.untold == (Pattern.SEIZURE,)
    assert "GRDA" not in trust(of(*HEADBAND), TABLE).statement
    assert set(trust(of(*HEADBAND), TABLE).untold) == {Pattern.GRDA}


@pytest.mark.parametrize("table", [{}, {"one side": row(kind="one side (left)", electrodes=8)}])
@pytest.mark.parametrize("sites", [LEFT, RIGHT, (*LEFT, *MIDLINE)])
def test_one_side_tells_no_side_from_both_whatever_was_measured(table, sites):
    found = trust(of(*sites), table)
    assert set(found.untold) == {p for p in EVENTFUL if p.nature.extent}
    assert found.unseen == (("right",) if sites[0] in LEFT else ("left",))
    assert set(trust(of(*MIDLINE), {}).untold) == set(EVENTFUL)


@given(montage=MONTAGES, lost=st.lists(st.sampled_from(ELECTRODES), max_size=19))
def test_with_less_to_see_never_more_is_told(montage, lost):
    table = {
        name: row(
            kind=str(kind),
            electrodes=n,
            above_ci95=[0, 19 - n],
            patterns=dict.fromkeys(EVENTFUL[: (19 - n) // 2], 1.0),
        )
        for name, kind, n in (
            ("all", MontageClass.FULL, 19),
            ("most", MontageClass.REDUCED, 15),
            ("ten", MontageClass.REDUCED, 10),
            ("band", MontageClass.HEADBAND, 10),
            ("side", MontageClass.RIGHT, 8),
        )
    }
    before, after = trust(montage, table), trust(montage.without(lost), table)
    assert set(before.untold) <= set(after.untold)
    assert set(before.unseen) <= set(after.unseen)
