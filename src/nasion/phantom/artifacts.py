"""Artifacts: what is not the brain. One table of kinds, and how many a recording gets.

Each adds itself to (19, n_times) referential signals, µV, in place.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nasion.phantom.contact import bad_contact, bridge, hum, lead_off, pops, pulse, sweat
from nasion.phantom.habits import Habits
from nasion.phantom.head import Head
from nasion.phantom.motion import hiccups, movement, patting, percussion, tongue, ventilator
from nasion.phantom.ocular import blinks, flurry, flutter, gaze, roving
from nasion.phantom.tension import chewing, muscle

Array = NDArray[np.float32]
Rng = np.random.Generator

Artifact = Callable[[Rng, Head, Habits, Array], None]
SHARES: dict[Artifact, float] = {
    muscle: 0.34, flurry: 0.08, flutter: 0.03, gaze: 0.08, roving: 0.06, pops: 0.1,
    bad_contact: 0.09, lead_off: 0.035, sweat: 0.2, movement: 0.07, ventilator: 0.025,
    pulse: 0.03, hum: 0.05, chewing: 0.035, patting: 0.05, percussion: 0.025, hiccups: 0.015,
    tongue: 0.03, bridge: 0.02,
}  # fmt: skip
WAKING = (flurry, flutter, gaze, chewing, tongue)  # the others need nobody who is awake
DROWSY = (roving,)
# States in which somebody may look, chew and speak.
AWAKE = "awake", "drowsy", "slowed", "medicated"
DOZING = "drowsy", "asleep", "slowed", "medicated"


@cache
def kinds_in(state: str) -> tuple[Artifact, ...]:
    """Kinds that come in a state of wakefulness."""
    return tuple(
        kind
        for kind in SHARES
        if (kind not in WAKING or state in AWAKE) and (kind not in DROWSY or state in DOZING)
    )


def draw_kind(rng: Rng, kinds: tuple[Artifact, ...]) -> Artifact:
    """Draw one by its share."""
    weights = np.array([SHARES[kind] for kind in kinds])
    return kinds[int(rng.choice(len(kinds), p=weights / weights.sum()))]


def contaminate(
    rng: Rng, head: Head, habits: Habits, signals: Array, burden: float, state: str
) -> None:
    """Let a blinker blink, and add about `burden` artifacts of random kinds, in place."""
    if habits.blinks(state):
        blinks(rng, head, habits, signals)
    kinds = kinds_in(state)
    for _ in range(min(int(rng.poisson(burden)), 20)):
        draw_kind(rng, kinds)(rng, head, habits, signals)
