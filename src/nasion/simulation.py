"""A simulation: which of the simulator's patients a data set holds.

simulated.json, in the folder of the data set, says it. A patient is told by the seed, the kind and
the number: the first N patients of a seed are the same however many are made. Patients on recorded
backgrounds are told by whose recordings these are, and all of one person have one number.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from nasion.errors import NasionError
from nasion.files import write_json
from nasion.loading import is_there, read_json, read_table

SCHEMA = 1
FILE_NAME = "simulated.json"
BACKGROUNDS = "backgrounds"  # its key for those who lent theirs

PatientKind = Literal["pattern", "stay"]  # EEGs made for a pattern each, or cut from one stay
KINDS: tuple[PatientKind, ...] = get_args(PatientKind)
FIRST_PERSON = 10**9  # numbers below it are left to patients who don't exist
# In place of the fold that held out: held out by no fit; by all of them, and calibrated on; and
# not learned from at all.
LEARNED, CALIBRATED, UNSEEN = -1, -2, -3


@dataclass(frozen=True)
class Person:
    """Somebody on whose recordings patients are simulated.

    Parameters
    ----------
    source, number
        The data set, and the number that it gives to this person.
    contents
        Digests of their recordings (`nasion.provenance.content`).
    """

    source: str
    number: int
    contents: tuple[str, ...] = ()

    @property
    def patient_id(self) -> int:
        """Number of all patients on this person's recordings, the same in every data set."""
        digest = hashlib.sha256(f"{self.source}\0{self.number}".encode()).hexdigest()
        return FIRST_PERSON + int(digest[:15], 16) % FIRST_PERSON


@dataclass(frozen=True)
class RecordedBackgrounds:
    """Whose recordings a simulated data set has as backgrounds.

    Parameters
    ----------
    fingerprint
        Of the list that they were taken from.
    people
        Those of the list who came to be used.
    """

    fingerprint: str = ""
    people: tuple[Person, ...] = ()

    @property
    def sources(self) -> dict[int, str]:
        """Data set of each by the number of their patients."""
        return {person.patient_id: person.source for person in self.people}

    def as_dict(self) -> dict[str, Any]:
        """Give what a file holds."""
        people = [
            {"source": person.source, "person": person.number, "contents": list(person.contents)}
            for person in self.people
        ]
        return {"list": self.fingerprint, "people": people}

    @classmethod
    def of(cls, folder: Path) -> "RecordedBackgrounds":
        """Read what the folder of a data set says; nobody where it says nothing."""
        path = folder / FILE_NAME
        content = read_table(path, "simulate anew").get(BACKGROUNDS) if is_there(path) else None
        if content is None:
            return cls()
        try:
            people = tuple(
                Person(str(entry["source"]), entry["person"], tuple(map(str, entry["contents"])))
                for entry in content["people"]
            )
            if not all(type(person.number) is int for person in people):
                raise ValueError
            return cls(str(content["list"]), people)
        except (KeyError, TypeError, ValueError):
            raise NasionError(
                f"{path}: {BACKGROUNDS} needs list and people with source, person and contents; "
                "simulate anew"
            ) from None


@dataclass(frozen=True)
class Simulation:
    """Some of the simulator's patients.

    Parameters
    ----------
    patients
        Runs of their numbers, in order: first and last of each.
    fold
        Of weights that learned from the others: the fold that held them out; else `LEARNED`.
    """

    seed: int
    patients: tuple[tuple[int, int], ...]
    kinds: tuple[PatientKind, ...] = ("pattern",)
    fold: int = LEARNED

    @classmethod
    def drawn(cls, seed: int, n_patients: int, stay_share: float) -> "Simulation":
        """Of a whole cohort; where only some patients have stays, each may be of either kind."""
        pattern, stay = KINDS
        kinds = (pattern,) if stay_share == 0 else (stay,) if stay_share == 1 else KINDS
        return cls(seed, ((1, n_patients),), kinds)

    def by_fold(self, fold: Mapping[int, int]) -> tuple["Simulation", ...]:
        """Those of them who have a fold, apart by it."""
        numbers: dict[int, list[int]] = {}
        for number, held_out_by in fold.items():
            numbers.setdefault(held_out_by, []).append(number)
        parts = (replace(self.only(numbers[key]), fold=key) for key in sorted(numbers))
        return tuple(part for part in parts if part.patients)

    def only(self, numbers: Iterable[int]) -> "Simulation":
        """Those of them with these numbers."""
        runs: list[tuple[int, int]] = []
        for number in sorted(self._among(numbers)):
            first = runs.pop()[0] if runs and runs[-1][1] == number - 1 else number
            runs.append((first, number))
        return replace(self, patients=tuple(runs))

    def shared_with(self, other: "Simulation", numbers: Iterable[int]) -> set[int]:
        """Which patients of `other` with these numbers are also among these."""
        if self.seed != other.seed or not set(self.kinds) & set(other.kinds):
            return set()
        return self._among(numbers) & other._among(numbers)

    def _among(self, numbers: Iterable[int]) -> set[int]:
        starts = [first for first, _ in self.patients]
        runs = ((number, bisect_right(starts, number) - 1) for number in numbers)
        return {number for number, run in runs if run >= 0 and number <= self.patients[run][1]}

    def as_dict(self) -> dict[str, Any]:
        """Give what a file holds."""
        patients = [list(run) for run in self.patients]
        content = {"seed": self.seed, "patients": patients, "kinds": list(self.kinds)}
        return content if self.fold == LEARNED else {**content, "fold": self.fold}

    @classmethod
    def from_dict(cls, content: Any, source: str = FILE_NAME) -> "Simulation":
        """Check what a file held; `source` names it in errors."""
        try:
            seed, kinds = content["seed"], content["kinds"]
            fold = content.get("fold", LEARNED)  # older ones say the seed alone: all are meant
            runs = tuple((first, last) for first, last in content["patients"])
            ends = [number for run in runs for number in run]
            natural = all(type(number) is int and number >= 0 for number in (seed, *ends))
            if not (natural and ends == sorted(ends) and kinds and set(kinds) <= set(KINDS)):
                raise ValueError
            if type(fold) is not int or fold < UNSEEN:
                raise ValueError
        except (AttributeError, KeyError, TypeError, ValueError):
            raise NasionError(
                f"{source}: a simulation needs seed, runs of patients and kinds "
                f"({', '.join(KINDS)}); simulate anew"
            ) from None
        return cls(seed, runs, tuple(kinds), fold)

    def save(self, folder: Path, backgrounds: RecordedBackgrounds | None = None) -> None:
        """Write it into the folder of the data set, with whose backgrounds it has."""
        content = {"schema": SCHEMA, **self.as_dict()}
        if backgrounds:
            content[BACKGROUNDS] = backgrounds.as_dict()
        write_json(folder / FILE_NAME, content)

    @classmethod
    def of(cls, folder: Path) -> "Simulation | None":
        """Read what a folder says; None where it does not say that it is simulated."""
        path = folder / FILE_NAME
        return cls.from_dict(read_json(path), str(path)) if is_there(path) else None
