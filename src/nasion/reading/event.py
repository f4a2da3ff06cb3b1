"""An event: a run of steps of one pattern, and what was measured of it."""

from dataclasses import dataclass
from typing import Literal

from nasion.terms import Chain, Pattern

Side = Literal["left", "right", "bilateral", ""]
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
    chains
        Those that show it; empty where that was not told.
    length
        ACNS 2021 word for how long it lasts.
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

    @property
    def stop_s(self) -> float:
        """Its end, s."""
        return self.onset_s + self.duration_s
