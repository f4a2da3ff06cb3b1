"""Subjects: whom a data set holds, and whom it shares with what was learned from."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from nasion.landmarks import Landmarks
from nasion.seen import Seen
from nasion.simulation import Simulation


class Subjects(Protocol):
    """Whom a data set holds; EEGs are read only when their contents (`content`) are asked for."""

    @property
    def table(self) -> str:
        """Fingerprint of all of its rows."""

    @property
    def eegs(self) -> frozenset[int]:
        """Numbers of its EEGs."""

    @property
    def simulation(self) -> Simulation | None:
        """Where the simulator made them."""

    @property
    def patients(self) -> frozenset[int]:
        """Numbers of its patients."""

    def contents(self) -> Iterable[tuple[str, int]]:
        """Content and patient of each EEG."""

    def landmarks(self) -> Iterable[tuple[Landmarks, str, int]]:
        """Landmarks, content and patient of each EEG."""

    def beside(self) -> Iterable[str]:
        """Contents of EEGs that lie in the folder, but not in its table."""


@dataclass(frozen=True)
class Shared:
    """Whom a data set has in common with what was learned from.

    Parameters
    ----------
    patients
        Numbers that they carry in the data set that is asked about.
    eegs
        What tells one from the other: contents, or numbers where only the table is known.
    seeds
        Of the simulator, where that is how they are known.
    """

    patients: frozenset[int] = frozenset()
    eegs: frozenset[str] = frozenset()
    seeds: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.patients or self.eegs)

    def __or__(self, other: "Shared") -> "Shared":
        return Shared(
            self.patients | other.patients, self.eegs | other.eegs, self.seeds | other.seeds
        )

    @property
    def seen(self) -> Seen:
        """How many patients and EEGs, and the seeds."""
        return Seen(len(self.patients), len(self.eegs), tuple(sorted(self.seeds)))
