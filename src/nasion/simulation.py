"""A simulation: which of the simulator's patients a data set holds.

simulated.json, in the folder of the data set, says it. A patient is told by the seed, the kind and
the number: the first N patients of a seed are the same however many are made.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from nasion.errors import NasionError
from nasion.files import read_json, write_json

SCHEMA = 1
FILE_NAME = "simulated.json"

PatientKind = Literal["pattern", "stay"]  # EEGs made for a pattern each, or cut from one stay
KINDS: tuple[PatientKind, ...] = get_args(PatientKind)


@dataclass(frozen=True)
class Simulation:
    """What the simulator made: patients 1 to `patients` of a seed."""

    seed: int
    patients: int
    kinds: tuple[PatientKind, ...] = ("pattern",)

    @classmethod
    def drawn(cls, seed: int, patients: int, stay_share: float) -> "Simulation":
        """Of a cohort; where only some patients have stays, each may be of either kind."""
        pattern, stay = KINDS
        kinds = (pattern,) if stay_share == 0 else (stay,) if stay_share == 1 else KINDS
        return cls(seed, patients, kinds)

    def shared_with(self, other: "Simulation", numbers: Iterable[int]) -> set[int]:
        """Which of the patients of `other` with these numbers are also among these."""
        if self.seed != other.seed or not set(self.kinds) & set(other.kinds):
            return set()
        return {number for number in numbers if 1 <= number <= self.patients}

    def as_dict(self) -> dict[str, Any]:
        """Give what a file holds."""
        return {"seed": self.seed, "patients": self.patients, "kinds": list(self.kinds)}

    @classmethod
    def from_dict(cls, given: Any, source: str = FILE_NAME) -> "Simulation":
        """Check what a file held; `source` names it in errors."""
        try:
            seed, patients, kinds = given["seed"], given["patients"], given["kinds"]
            numbers = all(type(number) is int and number >= 0 for number in (seed, patients))
            if not (numbers and kinds and set(kinds) <= set(KINDS)):
                raise ValueError
        except (KeyError, TypeError, ValueError):
            raise NasionError(
                f"{source}: a simulation needs seed, patients and kinds ({', '.join(KINDS)}); "
                "simulate anew"
            ) from None
        return cls(seed, patients, tuple(kinds))

    def save(self, folder: Path) -> None:
        """Write it into the folder of the data set."""
        write_json(folder / FILE_NAME, {"schema": SCHEMA, **self.as_dict()})

    @classmethod
    def of(cls, folder: Path) -> "Simulation | None":
        """Read what a folder says; None where it does not say that it is simulated."""
        path = folder / FILE_NAME
        return cls.from_dict(read_json(path), str(path)) if path.exists() else None
