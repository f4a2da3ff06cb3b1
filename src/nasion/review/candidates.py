"""Candidates of a blind review: ten seconds of each detection among as many random ones.

Who judges them can't tell which is which, not by number, length or order.
"""

from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from nasion.reading.reading import Reading
from nasion.terms import CENTRE_S, READING_STEP_S
from nasion.windowing import CENTRE_STEPS

LEAST = 10  # random ones, also where little or nothing was detected


@dataclass(frozen=True)
class Candidate:
    """Ten seconds to judge."""

    id: str
    onset_s: float
    duration_s: float = CENTRE_S


def candidates(reading: Reading) -> tuple[Candidate, ...]:
    """Detections and random windows in a random order, the same ones for the same reading.

    Windows keep clear of each other while there is room.
    """
    rng = np.random.default_rng(_seed(reading))
    last = max(reading.n_steps - CENTRE_STEPS, 0)
    middles_s = np.array([event.onset_s + event.duration_s / 2 for event in reading.events])
    detected = np.floor((middles_s - CENTRE_S / 2) / READING_STEP_S).clip(0, last).astype(np.int64)
    steps = set(detected.tolist())
    n_wanted = len(steps) + max(len(steps), LEAST)
    permutation = rng.permutation(np.flatnonzero(reading.judged[: last + 1])).tolist()
    blocked = np.zeros(reading.n_steps + CENTRE_STEPS, bool)
    for step in steps:
        blocked[max(step - CENTRE_STEPS + 1, 0) : step + CENTRE_STEPS] = True
    for step in permutation:
        if len(steps) < n_wanted and not blocked[step]:
            steps.add(step)
            blocked[max(step - CENTRE_STEPS + 1, 0) : step + CENTRE_STEPS] = True
    for step in permutation:
        if len(steps) < n_wanted:
            steps.add(step)
    order = rng.permutation(sorted(steps)).tolist()
    return tuple(
        Candidate(f"b{number}", step * READING_STEP_S) for number, step in enumerate(order, 1)
    )


def _seed(reading: Reading) -> int:
    events = [(event.onset_s, event.duration_s) for event in reading.events]
    text = f"{reading.duration_s}  {events}"  # two spaces: reviews begun before go on
    return int.from_bytes(sha256(text.encode()).digest()[:8], "big")
