"""Contradictions: what the measured signal says against the name that the network gave an event.

Clauses are those of Hirsch LJ et al. ACNS standardized critical care EEG terminology: 2021 version.
J Clin Neurophysiol 2021;38:1-29 (C rhythmic and periodic patterns, D electrographic seizures).
"""

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True)
class Objection:
    """What speaks against a name.

    Parameters
    ----------
    code
        As tables spell it.
    text
        What was measured, as a clause of which the event is the subject.
    clause
        Of ACNS 2021, that asks for something else.
    """

    code: str
    text: str
    clause: str


class Contradiction(Enum):
    """Every objection that there is; events are judged by them in `events.contradicted`."""

    SHORT = Objection(
        "short", "lasts less than 10 s", "D: an electrographic seizure lasts 10 s and more"
    )
    STEADY = Objection(
        "steady",
        "recurs at 2.5 Hz or less and does not evolve",
        "D: a seizure is discharges averaging over 2.5 Hz, or definite evolution",
    )
    RHYTHM = Objection(
        "rhythm",
        "is a rhythm faster than 4 Hz that does not evolve",
        "D: what does not evolve is a seizure by its discharges, and a rhythm has none",
    )
    FAST = Objection(
        "fast",
        "averages over 2.5 Hz for 10 s and more, as a seizure does",
        "C and D: periodic discharges recur at 2.5 Hz at most; above it they are a seizure",
    )
    IRREGULAR = Objection(
        "irregular",
        "recurs evenly for less than half of its time, or fewer than six times",
        "C: periodic discharges recur at nearly regular intervals, six times and more",
    )
    NO_CYCLE = Objection(
        "no_cycle",
        "shows no cycle that recurs",
        "C: patterns of discharges or waves repeat, six times and more",
    )

    @property
    def code(self) -> str:
        """As tables spell it."""
        return self.value.code

    @property
    def text(self) -> str:
        """What was measured, as a clause of which the event is the subject."""
        return self.value.text

    @property
    def clause(self) -> str:
        """Of ACNS 2021."""
        return self.value.clause


def of_code(code: str) -> Contradiction:
    """Give the contradiction that tables spell so; ValueError where there is none."""
    for contradiction in Contradiction:
        if contradiction.code == code:
            return contradiction
    raise ValueError(f"contradiction '{code}'")
