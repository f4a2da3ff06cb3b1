"""An event: a run of steps of one pattern, and what was measured of it."""

from dataclasses import dataclass, field
from typing import Literal

from nasion.reading.contradiction import Contradiction
from nasion.terms import CANT_TELL, Chain, Pattern

Side = Literal["left", "right", "bilateral", ""]
CERTAIN, UNCERTAIN = "certain", "uncertain"
SIDES: tuple[Side, ...] = ("left", "right", "bilateral")  # where one is told


@dataclass(frozen=True)
class Event:
    """A run of steps of one pattern.

    Parameters
    ----------
    probability, peak
        Mean and highest probability of the pattern over its steps.
    frequency_hz
        Of discharges or cycles; None where nothing repeats or none was measured.
    evolves
        Whether it changes as ACNS 2021 asks of evolution; None where that was not measured.
    regular
        Whether discharges recur as ACNS 2021 asks of periodic ones, through most of the event;
        None where that was not measured. Files hold what follows from it alone.
    chains
        Those that show it; empty where that was not told.
    length
        ACNS 2021 word for how long it lasts.
    contradictions
        What the measured signal says against the pattern; with any the event is uncertain: it
        stays in tables and exports, and counts in no headline.
    """

    onset_s: float
    duration_s: float
    pattern: Pattern
    probability: float
    peak: float
    side: Side = ""
    frequency_hz: float | None = None
    chains: tuple[Chain, ...] = ()
    length: str = ""
    evolves: bool | None = None
    contradictions: tuple[Contradiction, ...] = ()
    regular: bool | None = field(default=None, compare=False)

    @property
    def stop_s(self) -> float:
        """Its end, s."""
        return self.onset_s + self.duration_s

    @property
    def is_certain(self) -> bool:
        """Whether nothing that was measured contradicts it."""
        return not self.contradictions

    @property
    def certainty(self) -> str:
        """The word for that in tables."""
        return CERTAIN if self.is_certain else UNCERTAIN

    @property
    def confidence(self) -> float:
        """Mean probability; of an uncertain event no more than what names no pattern."""
        return self.probability if self.is_certain else min(self.probability, CANT_TELL)

    @property
    def doubt(self) -> str:
        """Why it is uncertain, as a clause; empty where it is not."""
        return " and ".join(entry.text for entry in self.contradictions)
