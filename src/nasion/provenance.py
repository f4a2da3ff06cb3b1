"""What weights learned from, so that no score comes from rows that they learned from.

An EEG is known by its content: its samples at 200 Hz in steps of `STEP_UV`, in the order of
`nasion.terms.COLUMNS`. The same samples are recognised under any name, number and folder, in
another table, in parquet written anew, with columns in another order. A piece of an EEG, a mirrored
one, one in another unit, montage or rate, or from an EDF file, is known by its landmarks
(`nasion.landmarks`, which says what they don't tell).

A patient is known in three ways:

* An EEG of theirs was learned from, whatever number they carry now.
* Their number was learned from, and the data sets are the same: they hold an EEG in common that
  belongs to the same number in both, or one that lies in the folder but not in its table. Alone a
  number says nothing, since every data set has a patient 1.
* They are simulated, of a seed and kind that was learned from, and their number is within it: the
  first N patients of a seed are the same however many are made.

Who lent the background of simulated patients is known as others are: by the recordings and number
that their own data set has. A simulated data set holds these recordings' contents, too.

Only hashes are kept. Content can't be guessed from them. Numbers could be, by trying them all, so
they are hashed with a key that only an EEG of the data set opens: who does not hold one can't tell
a number.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasion.errors import NasionError
from nasion.files import write_text
from nasion.landmarks import Landmarks, Words, packed, unpacked
from nasion.loading import is_there, of_schema, read_json
from nasion.simulation import CALIBRATED, LEARNED, UNSEEN, Simulation
from nasion.subjects import Shared, Subjects

SCHEMA = 1
FILE_NAME = "provenance.json"  # of a RUN folder
STEP_UV, LARGEST = 0.01, 2**31 - 1  # of a sample, and steps of it
NOTHING_RECORDED = -LARGEST - 1
DIGITS = 12  # of a hash: two of 20,000 EEGs agree by chance in one of a million data sets
KEY_DIGITS = 16
_HASHES = ("eegs", "patients", "locks")


def content(signals: NDArray[np.floating]) -> str:
    """Digest of an EEG, shape (20, n_times), µV at 200 Hz, NaN where nothing was recorded.

    Empty where no channel has a signal: silence tells nobody from anybody.
    """
    return digest(steps_of(signals))


def steps_of(signals: NDArray[np.floating]) -> NDArray[np.int32]:
    """Samples in steps of `STEP_UV`; pieces of an EEG, put together, are those of the whole."""
    values = np.asarray(signals, np.float32).astype(np.float64)
    finite = np.isfinite(values)
    steps = np.rint(np.where(finite, values, 0) / STEP_UV).clip(-LARGEST, LARGEST).astype("<i4")
    steps[~finite] = NOTHING_RECORDED
    return steps


def digest(steps: NDArray[np.int32]) -> str:
    """Digest of an EEG whose samples are in steps, shape (20, n_times)."""
    shown = (np.where(row == NOTHING_RECORDED, 0, row) for row in steps)
    if all((row == row[:1]).all() for row in shown):
        return ""
    return hashlib.sha256(f"{steps.shape}".encode() + steps.tobytes()).hexdigest()


@dataclass(frozen=True)
class Source:
    """Hashes of one data set that was learned from.

    Parameters
    ----------
    salt
        Of all its hashes.
    eegs, patients
        The fold that held out each, or `LEARNED`, `CALIBRATED`, `UNSEEN`.
    locks
        The key of the patients' numbers, locked by the content of each EEG.
    landmarks
        By what `eegs` has of their EEGs (`nasion.landmarks.packed`); none of older runs.
    """

    salt: str
    eegs: Mapping[str, int] = field(repr=False)
    patients: Mapping[str, int] = field(repr=False)
    locks: Mapping[str, str] = field(repr=False)
    landmarks: Mapping[int, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        contents: Iterable[tuple[str, int]],
        fold: Mapping[int, int],
        landmarks: Iterable[tuple[Landmarks, str, int]] = (),
    ) -> "Source":
        """Describe a data set by what its EEGs and patients are told by and each patient's fold."""
        pairs = sorted({pair for pair in contents if pair[0]})
        key = _hash("key", *(eeg for eeg, _ in pairs), digits=KEY_DIGITS)
        salt = _hash("salt", key)
        by_fold: dict[int, list[Words]] = {}
        for marks, _, patient in landmarks:
            if len(marks.words):
                by_fold.setdefault(fold[patient], []).append(marks.hashed(salt))
        return cls(
            salt,
            {_hash(salt, eeg): fold[patient] for eeg, patient in pairs},
            {_hash(salt, key, str(patient)): number for patient, number in sorted(fold.items())},
            {_hash(salt, eeg): _locked(key, salt, eeg) for eeg, _ in pairs},
            {number: _joined(by_fold[number]) for number in sorted(by_fold)},
        )

    def of_fit(self, fold: int | None) -> "Source":
        """What the weights of one fit learned from, which held out this fold or none."""
        unseen = (fold, CALIBRATED, UNSEEN)
        eegs, patients = (
            {name: UNSEEN if number in unseen else LEARNED for name, number in folds.items()}
            for folds in (self.eegs, self.patients)
        )
        learned = [unpacked(text) for key, text in self.landmarks.items() if key not in unseen]
        landmarks = {LEARNED: _joined(learned)} if learned else {}
        return replace(self, eegs=eegs, patients=patients, landmarks=landmarks)

    def shared_with(self, subjects: Subjects) -> Shared:
        """Whom a data set has in common with this one."""
        pairs = [(eeg, patient) for eeg, patient in subjects.contents() if eeg]
        common = [
            (eeg, patient)
            for eeg, patient in pairs
            if self.eegs.get(_hash(self.salt, eeg), UNSEEN) != UNSEEN
        ]
        common += self._recut(subjects, {eeg for eeg, _ in common})
        patients = {patient for _, patient in common}
        key = self._key(pairs, subjects)
        if key:
            hashes = {number: _hash(self.salt, key, str(number)) for number in subjects.patients}
            patients |= {n for n, h in hashes.items() if self.patients.get(h, UNSEEN) != UNSEEN}
        return Shared(frozenset(patients), frozenset(eeg for eeg, _ in common))

    def _recut(self, subjects: Subjects, found: set[str]) -> list[tuple[str, int]]:
        """Content and patient of other EEGs that have landmarks of what was learned from."""
        learned = [unpacked(text) for key, text in self.landmarks.items() if key != UNSEEN]
        if not learned:
            return []
        known = np.unique(np.concatenate(learned))
        return [
            (eeg, patient)
            for marks, eeg, patient in subjects.landmarks()
            if eeg and eeg not in found and marks.among(known, self.salt)
        ]

    def _key(self, pairs: list[tuple[str, int]], subjects: Subjects) -> str:
        """The key of the numbers, where an EEG of the data set opens it; else none."""
        is_opened = False
        for eeg, patient in pairs:
            key = self._opened(eeg)
            if key and _hash(self.salt, key, str(patient)) in self.patients:
                return key
            is_opened = is_opened or bool(key)
        if is_opened:  # the same EEGs under other numbers
            return ""
        return next(filter(None, map(self._opened, subjects.beside())), "")

    def _opened(self, eeg: str) -> str:
        lock = self.locks.get(_hash(self.salt, eeg)) if eeg else None
        return _locked(lock, self.salt, eeg) if lock else ""

    def as_dict(self) -> dict[str, Any]:
        """Give what a file holds."""
        content: dict[str, Any] = {name: dict(getattr(self, name)) for name in _HASHES}
        if self.landmarks:
            content["landmarks"] = {str(fold): text for fold, text in self.landmarks.items()}
        return {**content, "salt": self.salt}

    @classmethod
    def from_dict(cls, content: Any, source: str) -> "Source":
        """Check what a file held; `source` names it in errors."""
        try:
            salt, eegs, patients, locks = (content[name] for name in ("salt", *_HASHES))
            landmarks = {int(fold): text for fold, text in content.get("landmarks", {}).items()}
            for text in landmarks.values():
                unpacked(text)
            folds = [*eegs.values(), *patients.values()]
            texts = [salt, *eegs, *patients, *locks, *locks.values()]
            if not all(type(fold) is int for fold in folds) or eegs.keys() != locks.keys():
                raise ValueError
            if not all(int(text, 16) >= 0 for text in texts):
                raise ValueError
        except (AttributeError, KeyError, TypeError, ValueError):
            raise NasionError(
                f"{source}: a source needs salt, eegs, patients and locks, all hashes; "
                "copy the file anew"
            ) from None
        return cls(salt, eegs, patients, locks, landmarks)


@dataclass(frozen=True)
class Provenance:
    """All that weights learned from, their start included.

    Parameters
    ----------
    tables
        Fingerprints of the tables of runs from before patients and EEGs were kept: whole tables
        are all that can be told of them.
    """

    sources: tuple[Source, ...] = ()
    simulations: tuple[Simulation, ...] = ()
    tables: tuple[str, ...] = ()

    def __or__(self, other: "Provenance") -> "Provenance":
        """What either learned from."""
        return Provenance(
            tuple(_once((*self.sources, *other.sources))),
            tuple(_once((*self.simulations, *other.simulations))),
            tuple(_once((*self.tables, *other.tables))),
        )

    def of_fit(self, fold: int | None) -> "Provenance":
        """What the weights of one fit learned from, which held out this fold or none.

        Whole tables have no folds: they stay.
        """
        learned = (
            replace(simulation, fold=LEARNED)
            for simulation in self.simulations
            if simulation.fold not in (fold, CALIBRATED, UNSEEN)
        )
        return replace(
            self,
            sources=tuple(source.of_fit(fold) for source in self.sources),
            simulations=tuple(_once(learned)),
        )

    def shared_with(self, subjects: Subjects) -> Shared:
        """Whom a data set has in common with what was learned from."""
        if self.tables and subjects.table in self.tables:
            return Shared(subjects.patients, frozenset(map(str, subjects.eegs)))
        shared = Shared()
        for source in self.sources:
            shared |= source.shared_with(subjects)
        simulated = subjects.simulation
        learned = [drawn for drawn in self.simulations if drawn.fold != UNSEEN]
        for simulation in learned if simulated else ():
            if simulated and (patients := simulation.shared_with(simulated, subjects.patients)):
                shared |= Shared(frozenset(patients), seeds=frozenset((simulation.seed,)))
        return shared

    def as_dict(self) -> dict[str, Any]:
        """Give what a file holds."""
        return {
            "schema": SCHEMA,
            "sources": [source.as_dict() for source in self.sources],
            "simulations": [simulation.as_dict() for simulation in self.simulations],
            "tables": list(self.tables),
        }

    @classmethod
    def from_dict(cls, content: Any, source: str = FILE_NAME) -> "Provenance":
        """Check what a file held; `source` names it in errors.

        Raises
        ------
        NasionError
            For another schema, or hashes, folds or seeds that are missing or none.
        """
        of_schema(content, SCHEMA, f"{source}: provenance", "copy the file anew")
        lists = [content.get(name) for name in ("sources", "simulations", "tables")]
        if not all(isinstance(entries, list) for entries in lists):
            raise NasionError(f"{source}: needs sources, simulations, tables; copy the file anew")
        sources, simulations, tables = lists
        return cls(
            tuple(Source.from_dict(entries, source) for entries in sources),
            tuple(Simulation.from_dict(entries, source) for entries in simulations),
            tuple(map(str, tables)),
        )

    def save(self, folder: Path) -> None:
        """Write it into a RUN folder."""
        write_text(folder / FILE_NAME, json.dumps(self.as_dict()) + "\n")

    @classmethod
    def of(cls, folder: Path) -> "Provenance | None":
        """Read that of a RUN folder; None for one that was made before provenance was kept."""
        path = folder / FILE_NAME
        return cls.from_dict(read_json(path), str(path)) if is_there(path) else None


def _joined(hashed: list[Words]) -> str:
    return packed(np.unique(np.concatenate(hashed)))


def _hash(*parts: str, digits: int = DIGITS) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:digits]


def _locked(key: str, salt: str, eeg: str) -> str:
    """Lock a key by an EEG's content; the same opens it."""
    mask = _hash(salt, "lock", eeg, digits=KEY_DIGITS)
    return f"{int(key, 16) ^ int(mask, 16):0{KEY_DIGITS}x}"


def _once(items: Iterable[Any]) -> list[Any]:
    distinct: list[Any] = []
    for item in items:
        if item not in distinct:
            distinct.append(item)
    return distinct
