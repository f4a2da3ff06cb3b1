"""A data set in BIDS: recordings with the seizures that experts marked in them.

As SzCORE lays out CHB-MIT, Siena, TUSZ and SeizeIT, and as BIDS-EEG has it:
`sub-*/[ses-*/]eeg/*_eeg.edf` (or another format) with `*_events.tsv` beside it.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from nasion.eeg.age import believable
from nasion.eeg.formats import recordings_below
from nasion.errors import NasionError
from nasion.evaluation.occurrences import Occurrences, read
from nasion.exports.discretion import cause
from nasion.loading import is_there, read_table

DESCRIPTION, PARTICIPANTS = "dataset_description.json", "participants.tsv"
SHORTEST_S = 1.0  # SzCORE scores whole seconds
EEG, EVENTS = "_eeg", "_events.tsv"


@dataclass(frozen=True)
class Item:
    """A recording with its truth, `sub-*/.../*_events.tsv`.

    Parameters
    ----------
    alias
        What it is called where its own name is not to be told.
    """

    subject: str
    path: Path
    truth: Occurrences
    alias: str = ""

    @property
    def name(self) -> str:
        """What it is called on the screen."""
        return self.alias or self.path.name

    def table(self, folder: Path) -> Path:
        """Where a table of its events lies in a data set laid out as that in a folder."""
        if self.alias:
            return Path(self.subject, "eeg", f"{self.alias}{EVENTS}")
        return self.truth.path.relative_to(folder)

    @property
    def stated_s(self) -> float | None:
        """Length by its truth; None where that says none that can be scored."""
        length_s = self.truth.duration_s
        return length_s if length_s and length_s >= SHORTEST_S else None

    @property
    def size(self) -> int:
        """Bytes of the file; 0 for a folder, whose size nobody needs to know."""
        return self.path.stat().st_size if self.path.is_file() else 0


@dataclass(frozen=True)
class DataSet:
    """Recordings that can be scored, and why others can't.

    Parameters
    ----------
    title
        As its description says, with its licence.
    unscored
        A line for each recording without a truth that can be read.
    ages_years
        Of the subjects whose age is stated.
    """

    folder: Path
    title: str
    items: tuple[Item, ...]
    unscored: tuple[str, ...]
    ages_years: Mapping[str, float] = field(repr=False)

    @classmethod
    def open(cls, folder: Path) -> "DataSet":
        """List a data set; recordings are not opened yet.

        Raises
        ------
        NasionError
            Where it is none, or nothing in it can be scored.
        """
        items, unscored = [], []
        for subject, path in _recordings(folder):
            truth = path.with_name(_stem(path).removesuffix(EEG) + EVENTS)
            if not truth.exists():
                unscored.append(f"{path}: no {truth.name} beside it says where its seizures are")
                continue
            try:
                items.append(Item(subject, path, read(truth)))
            except NasionError as error:
                unscored.append(str(error))
        if not items:
            reason = unscored[0] if unscored else "holds no sub-*/[ses-*/]eeg/*_eeg recording"
            raise NasionError(f"{folder}: {reason}; give a folder in BIDS with its events")
        return cls(folder, _title(folder), tuple(items), tuple(unscored), _ages_years(folder))

    def numbered(self) -> "DataSet":
        """The same data set by numbers: no name of it, a subject, a recording or a file is told."""
        numbers = {name: f"sub-{number}" for number, name in enumerate(self.subjects, 1)}
        runs = Counter[str]()
        items = []
        for item in self.items:
            runs[item.subject] += 1
            subject = numbers[item.subject]
            alias = f"{subject}_run-{runs[item.subject]}"
            items.append(replace(item, subject=subject, alias=alias))
        return DataSet(
            self.folder,
            "a data set",
            tuple(items),
            tuple(f"a recording: {cause(NasionError(line))}" for line in self.unscored),
            {numbers[name]: age for name, age in self.ages_years.items() if name in numbers},
        )

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """Their names, in order, each once."""
        return tuple(dict.fromkeys(item.subject for item in self.items))


def _recordings(folder: Path) -> Iterator[tuple[str, Path]]:
    for subject in sorted(folder.glob("sub-*")):
        for place in (subject, *sorted(subject.glob("ses-*"))):
            if not (place / "eeg").is_dir():
                continue
            for path in sorted(recordings_below(place / "eeg")):
                if _stem(path).endswith(EEG):
                    yield subject.name, path


def _stem(path: Path) -> str:
    """A name without any of its endings."""
    return path.name.partition(".")[0]


def _title(folder: Path) -> str:
    path = folder / DESCRIPTION
    description = read_table(path, "correct or remove it") if is_there(path) else {}
    name = str(description.get("Name") or folder.resolve().name)
    licence = description.get("License")
    return f"{name} (licence {licence})" if licence else name


def _ages_years(folder: Path) -> dict[str, float]:
    """Ages that participants.tsv states; whatever else stands there is none."""
    path = folder / PARTICIPANTS
    if not path.exists():
        return {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise NasionError(f"{path}: is no table of participants; correct or remove it") from None
    ages = {}
    for row in rows:
        try:
            age = float(row.get("age") or "n/a")
        except ValueError:
            continue
        if believable(age):
            ages[row.get("participant_id") or ""] = age
    return ages
