"""Accuracy by montage: what was measured of weights, and what it says of a recording's montage.

The rule of what is not judged, once. Of a montage whose KLD on the measured segments is clearly no
more than `MOST_ABOVE` above that of all electrodes (the upper 95 % limit of the paired difference),
all patterns are judged. Of any other those are not judged whose own segments (those whose consensus
they are) fail the same test; where none does by itself, the one that comes nearest. A montage
between the measured ones is taken for the nearest of them that has no more electrodes; where none
has so few, nothing is judged. Where one side of the head has no signal, what is told by comparing
both sides is not judged, whatever was measured.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from nasion.eeg.montage import Montage, MontageClass
from nasion.settings import Settings
from nasion.terms import DERIVATIONS, ELECTRODES, EVENTFUL, LEFT, RIGHT, Pattern

MOST_ABOVE = 0.1  # nats
LEAST_DERIVATIONS = 2  # of the eight of a side, for it to be seen: half of a lateral chain

Share = Annotated[float, Field(ge=0, le=1)]
Bounds = tuple[float, float]  # of 95 %

# From those with most to see to those with least; each stands for none before it.
ORDER = (
    (MontageClass.FULL,),
    (MontageClass.REDUCED,),
    (MontageClass.HEADBAND,),
    (MontageClass.LEFT, MontageClass.RIGHT),
)


class OfPattern(Settings):
    """What was measured on the segments whose consensus a pattern is.

    Attributes
    ----------
    n
        Segments.
    recall
        Share of them that the montage calls so; None where there is none.
    above, most_above
        KLD minus that with all electrodes, and its upper 95 % limit; None where there are too few
        patients for one.
    """

    n: int = Field(ge=0)
    recall: Share | None = None
    above: float | None = None
    most_above: float | None = None


class Measured(Settings):
    """What was measured of weights on one montage, on segments that they never learned from.

    Attributes
    ----------
    kind, electrodes, bipolar
        Of the montage: its class, how many electrodes are recorded or rebuilt, whether from
        derivations.
    n, patients
        Segments, and of how many patients.
    accuracy, kld
        Means over segments, with 95 % bounds over patients.
    above
        KLD minus that with all electrodes, of the same segments.
    """

    kind: MontageClass
    electrodes: int = Field(ge=1, le=len(ELECTRODES))
    bipolar: bool
    n: int = Field(ge=1)
    patients: int = Field(ge=1)
    accuracy: Share
    accuracy_ci95: Bounds
    kld: float = Field(ge=0)
    kld_ci95: Bounds
    above: float
    above_ci95: Bounds
    patterns: dict[Pattern, OfPattern]

    @property
    def statement(self) -> str:
        """Accuracy and divergence, and what they were measured on."""
        low, high = self.accuracy_ci95
        return (
            f"accuracy {self.accuracy:.2f} ({low:.2f} to {high:.2f}), KLD {self.kld:.2f}, measured"
            f" on {self.n} segments of {self.patients} patients"
        )

    @property
    def untold(self) -> tuple[Pattern, ...]:
        """Patterns that are not judged on this montage, by the rule above."""
        if self.above_ci95[1] <= MOST_ABOVE:
            return ()
        limits = {pattern: _most_above(self.patterns.get(pattern)) for pattern in EVENTFUL}
        untold = tuple(pattern for pattern, limit in limits.items() if limit > MOST_ABOVE)
        return untold or (max(limits, key=lambda pattern: limits[pattern]),)


Table = Mapping[str, Measured]  # by the name of the montage


def whole(table: Table) -> tuple[str, Measured] | None:
    """What was measured with all electrodes, and the name of that montage."""
    rows = ((name, row) for name, row in table.items() if row.electrodes == len(ELECTRODES))
    return next(((name, row) for name, row in rows if not row.bipolar), None)


def _most_above(measured: OfPattern | None) -> float:
    if measured is None or measured.most_above is None:
        return float("inf")
    return measured.most_above


@dataclass(frozen=True)
class Trust:
    """How far the words of weights are to be trusted on a montage.

    Parameters
    ----------
    montage
        Its name.
    stands_for
        The measured montage that it was taken for; empty where none was.
    measured
        What was measured of that.
    untold
        Patterns that are not judged, each with the reason.
    unseen
        Sides of the head without a signal: left, right.
    """

    montage: str
    stands_for: str
    measured: Measured | None
    untold: Mapping[Pattern, str]
    unseen: tuple[str, ...]

    @property
    def statement(self) -> str:
        """The class of the montage and how accurate the weights are on it, in a sentence."""
        if self.measured is None:
            return f"Montage: {self.montage}; how accurate these weights are on it is not measured."
        return f"Montage: {self.montage}; {self.measured.statement} with {self.stands_for}."


def trust(montage: Montage, table: Table) -> Trust:
    """Judge a montage by what was measured of the weights; empty where nothing was."""
    name = _nearest(montage, table)
    unseen = tuple(
        side
        for side, sites in (("left", LEFT), ("right", RIGHT))
        if sum(f"{a}-{b}" in montage.derivations for a, b in DERIVATIONS if a in sites)
        < LEAST_DERIVATIONS
    )
    untold = {}
    if name:
        reason = f"KLD on {name} may be more than {MOST_ABOVE:g} above that of all electrodes"
        untold = dict.fromkeys(table[name].untold, reason)
    elif table:
        untold = dict.fromkeys(EVENTFUL, "nothing was measured on so few electrodes")
    if unseen:
        reason = f"nothing is seen of the {' and the '.join(unseen)} side"
        untold |= {
            pattern: reason
            for pattern in EVENTFUL
            if pattern.nature.extent or len(unseen) == len((LEFT, RIGHT))
        }
    return Trust(montage.name, name, table[name] if name else None, untold, unseen)


def _nearest(montage: Montage, table: Table) -> str:
    """Name the measured montage nearest to this one that has no more to see; "" for none."""
    kind, n_electrodes = montage.kind, len(montage.tied)
    first = next(place for place, kinds in enumerate(ORDER) if kind in kinds)
    for kinds in ORDER[first:]:
        names = [
            name
            for name, row in table.items()
            if row.kind in kinds and row.electrodes <= n_electrodes
        ]
        if names:
            return max(names, key=lambda name: _likeness(table[name], montage.bipolar))
    return ""


def _likeness(row: Measured, bipolar: bool) -> tuple[int, bool]:  # noqa: FBT001
    return row.electrodes, row.bipolar == bipolar
