"""Stimulation: care that rouses a patient, after which patterns begin (ACNS 2021, "SI").

In some stays every run of one pattern, seizures included (SIRPIDs: Hirsch LJ et al., Epilepsia
2004;45:109-123), begins a few seconds after somebody moves or talks to the patient, which shows as
movement or muscle.
"""

from dataclasses import replace

import numpy as np

from nasion.phantom.bedside import Bedside, Spell
from nasion.phantom.motion import movement
from nasion.phantom.schedule import Schedule
from nasion.phantom.tension import muscle
from nasion.terms import Pattern

Rng = np.random.Generator

INDUCED_SHARE = 0.08  # of stays
KINDS = movement, muscle
LAG_S = 1.0, 4.0  # from stimulus to pattern
CARE_S = 2.0, 5.0  # how long the stimulus shows
APART_S = 10.0  # a run that follows another of its kind sooner goes on by itself


def stimulated(rng: Rng, schedule: Schedule, bedside: Bedside) -> tuple[Schedule, Bedside]:
    """Let a stimulus precede the runs of one pattern, in some stays."""
    patterns = sorted({run.planted for run in schedule.runs} & set(map(str, Pattern)))
    if not patterns or rng.random() >= INDUCED_SHARE:
        return schedule, bedside
    planted = patterns[int(rng.integers(len(patterns)))]
    return induced(rng, schedule, bedside, planted)


def induced(
    rng: Rng, schedule: Schedule, bedside: Bedside, planted: str
) -> tuple[Schedule, Bedside]:
    """Let a stimulus precede every run of one kind that does not just go on from the last."""
    runs, spells = [], list(bedside.spells)
    before_s = -APART_S
    for run in schedule.runs:
        if run.planted == planted:
            onset_s = run.onset_s - float(rng.uniform(*LAG_S))
            if onset_s >= 0 and run.onset_s - before_s >= APART_S:
                run = replace(run, induced=True)
                kind = KINDS[int(rng.integers(len(KINDS)))]
                spells.append(Spell(kind, onset_s, float(rng.uniform(*CARE_S))))
            before_s = run.stop_s
        runs.append(run)
    spells.sort(key=lambda spell: (spell.onset_s, spell.name))
    return replace(schedule, runs=tuple(runs)), replace(bedside, spells=tuple(spells))
