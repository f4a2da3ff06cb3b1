"""Keys: what recordings are called once their patient is taken out, drawn by chance or given.

A table of keys is csv: `original` (or `file`), `name`, and `days` by which dates are moved. One of
names that nasion drew grows by what is read later. One with other names was given: then each
recording has a row, each row a recording, and no name tells of its file. Whoever has the table can
undo the de-identification: it never lies beside the outputs.
"""

import csv
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from unicodedata import normalize

from nasion.eeg.edf.header import words_of_patient
from nasion.eeg.recording import Recording
from nasion.errors import NasionError
from nasion.exports.derivative import DATA_SET
from nasion.exports.discretion import DiscreetError
from nasion.files import safe_name, write_text

NAME_BYTES = 8
# Recordings begin in these years: EDF can hold them, and everyone sees that they are not true.
FIRST_DAY, N_WEEKS = datetime(2050, 1, 1), 20 * 52
ORIGINALS, NAME, DAYS = ("original", "file", "recording", "path"), "name", "days"
COLUMNS = (ORIGINALS[0], NAME, DAYS)
LONGEST = 64  # letters of a name
SHORTEST_WORD = 3
SHORTEST_OF_FOLDERS, N_FOLDERS = 5, 2  # of these folders above a file
IN_HEADER = "its name in --keys holds words of its header; give another"
# Words that tell nothing of a patient: of files, folders and BIDS.
USUAL = frozenset(
    ("acq", "annotated", "anon", "bdf", "bids", "case", "clip", "clips", "copy", "data", "day",
     "edf", "eeg", "eegs", "file", "files", "gap", "image", "key", "keys", "name", "names", "night",
     "part", "participant", "pat", "patient", "patients", "person", "raw", "rec", "record",
     "recording", "recordings", "rest", "routine", "run", "segment", "ses", "session", "sleep",
     "startdate", "stay", "sub", "subj", "subject", "subjects", "task", "test", "train", "users")
)  # fmt: skip


@dataclass(frozen=True)
class Key:
    """What a recording is called outside, and how many days its dates are moved by."""

    name: str
    days: int

    @classmethod
    def draw(cls, start: datetime | None = None) -> "Key":
        """Draw a key; the date it gives to a recording of that start says nothing of the true one.

        Parameters
        ----------
        start
            Of the first recording of the stay.
        """
        true = start or datetime.now()
        days = 0
        while not days:
            weeks = (FIRST_DAY - true).days // 7 + 1 + secrets.randbelow(N_WEEKS)
            days = 7 * weeks
        return cls(secrets.token_hex(NAME_BYTES), days)

    def another(self) -> "Key":
        """Give the key of the next recording of the same stay: another name, the same days."""
        return replace(self, name=secrets.token_hex(NAME_BYTES))

    @property
    def is_drawn(self) -> bool:
        """Whether its name is one that nasion draws."""
        return bool(re.fullmatch(f"[0-9a-f]{{{2 * NAME_BYTES}}}", self.name))

    def moved(self, moment: datetime | None) -> datetime | None:
        """Give the time that takes the place of a true one."""
        return moment + timedelta(days=self.days) if moment else None


@dataclass
class Keys:
    """Keys of the recordings of one call, all moved by the same days.

    Parameters
    ----------
    path
        Of the table; None keeps none.
    names
        By original: names that were given for it.
    """

    path: Path | None = None
    by_original: dict[str, Key] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path | None, recordings: Sequence[Sequence[Path]]) -> "Keys":
        """Read a table of keys and hold it against the recordings that are to be read.

        Parameters
        ----------
        path
            It need not exist.
        recordings
            Files of each.

        Raises
        ------
        DiscreetError
            Where it is no table of keys, or names were given and don't fit, both ways.
        """
        if path is None or not path.exists():
            return cls(path)
        table = _Table.read(path)
        if table.is_drawn:
            return cls(path, table.keys)
        originals = table.matched(recordings)
        names = {original_of(files): table.names[line] for line, files in originals.items()}
        days = table.days
        known = {} if days is None else {key: Key(name, days) for key, name in names.items()}
        return cls(path, known, names)

    def of(self, files: Sequence[Path], recording: Recording) -> Key:
        """The key of a recording; a new one is written to the table before anything else is.

        Raises
        ------
        NasionError
            Where a given name holds words of the recording's header.
        """
        original = original_of(files)
        words = set().union(*(words_in(words_of_patient(path)) for path in files))
        if original in self.names and tells(self.names[original], words):
            raise NasionError(f"{original}: {IN_HEADER}")
        if original not in self.by_original:
            first = next(iter(self.by_original.values()), None)
            drawn = first.another() if first else Key.draw(recording.start)
            if self.names:
                self.by_original |= {
                    key: Key(given, drawn.days) for key, given in self.names.items()
                }
                _complete(self.path, drawn.days)
            else:
                self.by_original[original] = drawn
                if self.path:
                    write_keys(self.path, self.by_original)
        return self.by_original[original]


def original_of(files: Sequence[Path]) -> str:
    """What stands for a recording in a table of keys."""
    return ", ".join(map(str, files))


def tells(name: str, words: Iterable[str]) -> bool:
    """Whether a name holds one of some words, whatever their case, marks and what parts them."""
    compact = re.sub(r"[^a-z0-9]", "", _plain(name))
    return any(word in compact for word in words)


def words_in(text: str) -> set[str]:
    """Words and numbers of a text that may tell of a patient: three letters or digits and more."""
    plain = _plain(text)
    words = {
        *re.findall(r"[a-z0-9]+", plain),
        *re.findall(r"[a-z]+|\d+", plain),
        re.sub(r"[^a-z0-9]", "", plain),
    }
    return {word for word in words - USUAL if len(word) >= SHORTEST_WORD}


def refuse_telling(out: Path, files: Iterable[Path], option: str) -> None:
    """Refuse an output whose name holds words of the files that are read.

    Raises
    ------
    DiscreetError
        Where it does.
    """
    words = set().union(*(words_in(path.name.partition(".")[0]) for path in files))
    if tells(out.name, words):
        raise DiscreetError(
            f"{option} names a file or folder by words of a recording's own name; give another"
        )


def write_keys(path: Path, keys: Mapping[str, Key]) -> None:
    """Write which original became which key, readable by the owner alone."""
    rows = ((original, key.name, str(key.days)) for original, key in keys.items())
    _write(path, COLUMNS, rows)


def read_keys(path: Path) -> dict[str, Key]:
    """Read what `write_keys` wrote, so that a second run names recordings as the first did."""
    return _Table.read(path).keys


@dataclass(frozen=True)
class _Table:
    """Rows of a table of keys, by the line of the file that they end at."""

    path: Path
    columns: tuple[str, ...]
    originals: dict[int, str]
    names: dict[int, str]
    moved: dict[int, int]

    @classmethod
    def read(cls, path: Path) -> "_Table":
        if path.exists() and not path.is_file():  # a pipe would be waited for without end
            raise DiscreetError(f"--keys: {_NO_TABLE}")
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                reader = csv.DictReader(file)
                rows = dict((reader.line_num, row) for row in reader)  # noqa: C402
                columns = reader.fieldnames or ()
        except OSError as error:
            raise DiscreetError(f"--keys: can't be read ({error.strerror})") from None
        except (ValueError, csv.Error):
            raise DiscreetError(f"--keys: {_NO_TABLE}") from None
        original = next((name for name in ORIGINALS if name in columns), "")
        if not original or NAME not in columns:
            raise DiscreetError(f"--keys: {_NO_TABLE}")
        try:
            return cls(
                path,
                tuple(columns),
                {line: row[original] or "" for line, row in rows.items()},
                {line: (row[NAME] or "").strip() for line, row in rows.items()},
                {line: int(row[DAYS]) for line, row in rows.items() if row.get(DAYS)},
            )
        except (ValueError, TypeError):
            raise DiscreetError(f"--keys: {_NO_TABLE}") from None

    @property
    def keys(self) -> dict[str, Key]:
        if len(self.moved) < len(self.names):
            raise DiscreetError(f"--keys: {_NO_TABLE}")
        return {
            original: Key(self.names[line], self.moved[line])
            for line, original in self.originals.items()
        }

    @property
    def is_drawn(self) -> bool:
        """Whether nasion drew all of it."""
        drawn = all(Key(name, 0).is_drawn for name in self.names.values())
        return DAYS in self.columns and drawn and len(self.moved) == len(self.names)

    @property
    def days(self) -> int | None:
        """By how many days dates are moved; None where that isn't told."""
        if len(set(self.moved.values())) > 1:
            raise DiscreetError("--keys: days differ; all recordings of a call move by the same")
        return next(iter(self.moved.values()), None)

    def matched(self, recordings: Sequence[Sequence[Path]]) -> dict[int, Sequence[Path]]:
        """The recording of each line; each has one, and each line one."""
        self._check_names()
        found: dict[int, Sequence[Path]] = {}
        lines: dict[int, int] = {}  # of each recording, by its place
        for line, original in self.originals.items():
            places = _places(original, recordings)
            if len(places) != 1:
                problem = "is of no recording that is read" if not places else "fits several"
                raise DiscreetError(f"--keys, line {line}: {problem}; correct or remove it")
            (place,) = places
            if place in lines:
                raise DiscreetError(f"--keys, line {line}: names the file of line {lines[place]}")
            lines[place], found[line] = line, recordings[place]
            if tells(self.names[line], _words_of_path(recordings[place])):
                raise DiscreetError(
                    f"--keys, line {line}: the name holds words of its file's name or folder;"
                    " give one that tells nothing"
                )
        if lacking := [place for place in range(len(recordings)) if place not in lines]:
            raise DiscreetError(
                f"--keys: no line for recording {lacking[0] + 1} of {len(recordings)}; add it, or"
                " leave the recording out"
            )
        return found

    def _check_names(self) -> None:
        lines: dict[str, int] = {}
        for line, name in self.names.items():
            fits = name.isascii() and len(name) <= LONGEST and safe_name(name, "") == name
            if not name or not fits or name.lower() == DATA_SET:
                raise DiscreetError(
                    f"--keys, line {line}: a name has up to {LONGEST} of A-Z, a-z, 0-9 and _.+-,"
                    " no dot or hyphen at its ends, and is none that a system keeps for itself"
                )
            if name.lower() in lines:  # case makes no other file on Windows and macOS
                raise DiscreetError(
                    f"--keys, line {line}: has the name of line {lines[name.lower()]}; give each"
                    " recording its own"
                )
            lines[name.lower()] = line


_NO_TABLE = "not the keys that nasion wrote, nor a csv of file,name; give another file"


def _places(original: str, recordings: Sequence[Sequence[Path]]) -> list[int]:
    """Of which recordings a row speaks: by path, else by the name of the file alone."""
    numbered = [*enumerate(recordings)]
    path = Path(original)
    exact = [
        place
        for place, files in numbered
        if original == original_of(files)
        or (original and (path == files[0] or path.resolve() == files[0].resolve()))
    ]
    return exact or [place for place, files in numbered if original and original == files[0].name]


def _words_of_path(files: Sequence[Path]) -> set[str]:
    """Words of the files' names, and the longer ones of the folders that they lie in."""
    words = set().union(*(words_in(path.name.partition(".")[0]) for path in files))
    for path in files:
        for part in path.resolve().parts[-1 - N_FOLDERS : -1]:
            words |= {word for word in words_in(part) if len(word) >= SHORTEST_OF_FOLDERS}
    return words


def _plain(text: str) -> str:
    """Small letters without their marks."""
    return normalize("NFKD", text).encode("ascii", "ignore").decode().lower()


def _complete(path: Path | None, days: int) -> None:
    """Add to a table that was given how many days its dates are moved by."""
    assert path is not None
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        rows = [{**row, DAYS: str(days)} for row in reader]
        columns = [*dict.fromkeys([*(reader.fieldnames or ()), DAYS])]
    _write(path, columns, ([str(row.get(name) or "") for name in columns] for row in rows))


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(rows)
    try:
        write_text(path, text.getvalue())
    except NasionError:
        raise DiscreetError("--keys: the file cannot be written; give another") from None
