"""Patterns that begin where the patient is roused."""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from nasion.phantom.stay import Stay
from nasion.phantom.stimulation import APART_S, CARE_S, INDUCED_SHARE, KINDS, LAG_S, induced
from nasion.phantom.truth import Panel
from nasion.terms import Pattern

HOUR_S = 3600.0


def stay_with(pattern):
    """A stay in which the pattern has runs and no stimulus came by chance."""
    for number in range(100):
        stay = Stay.draw((61, number), HOUR_S / 2)
        runs = [run for run in stay.schedule.runs if run.planted == pattern]
        if len(runs) > 3 and not any(run.induced for run in stay.schedule.runs):
            return stay
    raise AssertionError(pattern)


def test_a_stimulus_precedes_each_run_that_begins_anew():
    for pattern in (Pattern.LPD, Pattern.GRDA, Pattern.SEIZURE):
        stay = stay_with(pattern)
        rng = np.random.default_rng(0)
        schedule, bedside = induced(rng, stay.schedule, stay.bedside, str(pattern))
        added = set(bedside.spells) - set(stay.bedside.spells)
        marked = [run for run in schedule.runs if run.induced]
        assert len(marked) == len(added) > 0
        assert {run.planted for run in marked} == {pattern}
        for run in marked:
            (spell,) = [s for s in added if LAG_S[0] <= run.onset_s - s.onset_s <= LAG_S[1]]
            assert spell.kind in KINDS
            assert CARE_S[0] <= spell.duration_s <= CARE_S[1]
        own = [run for run in schedule.runs if run.planted == pattern]
        for before, run in pairwise(own):
            assert run.induced == (run.onset_s - before.stop_s >= APART_S)
        plain = [replace(run, induced=False) for run in schedule.runs]
        assert plain == list(stay.schedule.runs)


def test_the_truth_names_what_was_induced():
    stay = stay_with(Pattern.LPD)
    schedule, bedside = induced(np.random.default_rng(1), stay.schedule, stay.bedside, "lpd")
    panel = Panel(replace(stay, schedule=schedule, bedside=bedside))
    for _ in panel.watch():
        pass
    said = {row["onset"]: row for row in panel.events() if row["planted"] == "lpd"}
    assert {row["induced"] for row in said.values()} <= {"yes", "no"}
    assert sum(row["induced"] == "yes" for row in said.values()) > 0
    assert {r["induced"] for r in panel.events() if r["trial_type"] == "artifact"} == {"n/a"}


def test_some_stays_have_it():
    stays = [Stay.draw((62, number), HOUR_S) for number in range(200)]
    share = np.mean([any(run.induced for run in stay.schedule.runs) for stay in stays])
    assert INDUCED_SHARE / 3 < share < 2 * INDUCED_SHARE
