"""Verdicts: what readers say of events, one line each, added and never changed.

A line is on the disk before the page hears of it. An undo is a line too. What stands is found by
going through the lines; a line that was cut off when the power failed is put aside.
"""

import gc
import json
import os
import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from nasion.errors import NasionError
from nasion.files import open_private
from nasion.terms import Pattern

try:
    import fcntl
except ImportError:  # Windows: threads of one server still wait for each other
    fcntl = None  # type: ignore[assignment]

SCHEMA: Literal[1] = 1
FILE = "verdicts.jsonl"
TORN = "verdicts.torn"  # beside it: what was cut off
MOST_NAMED = 5  # broken lines; of more, how many
MANY = 1000  # lines at once, for which a collection of garbage would look at all that came before
LATEST_S = 10**7  # 115 days: no recording is as long, and numbers of its votes count in seconds

Action = Literal["confirm", "reject", "relabel", "add", "move", "undo"]
Time = Annotated[float, Field(ge=0, le=LATEST_S)]
Mark = tuple[int, int, int]


@dataclass(frozen=True)
class Deed:
    """What a page offers to do to an event, and how it tells of it.

    Parameters
    ----------
    mark
        In one character.
    word
        In one word, as of a list.
    told
        In a sentence.
    shown
        Over the traces, beside the pattern.
    """

    mark: str
    word: str
    told: str
    shown: str


DEEDS: dict[Action, Deed] = {
    "confirm": Deed("✓", "confirmed", "confirmed", "✓"),
    "reject": Deed("✕", "rejected", "rejected", "✕ rejected"),
    "relabel": Deed("≠", "relabelled", "relabelled", "relabelled"),
    "move": Deed("↔", "moved", "borders moved", "moved"),
    "add": Deed("+", "added", "added", "added"),
}


@dataclass(frozen=True)
class Verdict:
    """One line.

    Parameters
    ----------
    event
        Number of the event as the page knows it: e.. of the model, b.. of a blind review, r.. the
        reader's own; empty where this line adds one.
    subject
        (onset_s, duration_s, pattern or "") of that event as it was shown; it finds the event
        again where a recording was read anew. None for one's own.
    pattern, onset_s, duration_s
        What the reader says, in full; of a rejected event, what was rejected.
    at
        Time of day in UTC, ISO 8601.
    undoes
        `key` of the line that this one takes back.
    """

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    key: str
    action: str  # one of DEEDS, or undo; older files know other words
    event: str
    subject: tuple[float, float, str] | None
    pattern: Pattern | None
    onset_s: Time
    duration_s: Time
    note: str
    reviewer: str
    at: str
    predictions_visible: bool
    undoes: str = ""
    schema: Literal[1] = SCHEMA

    @property
    def line(self) -> bytes:
        """As it stands in the file."""
        text = json.dumps(asdict(self), ensure_ascii=False, allow_nan=False)
        return text.encode() + b"\n"


def stamp() -> tuple[str, str]:
    """A new key, and the time now."""
    return secrets.token_hex(8), datetime.now(UTC).isoformat(timespec="milliseconds")


_LINE = TypeAdapter(Verdict)


def _read(line: bytes) -> Verdict | None:
    try:
        return _LINE.validate_json(line)
    except ValidationError:
        return None


class Standing:
    """Lines that were not taken back, kept as lines come."""

    def __init__(self) -> None:
        self._by_key: dict[str, Verdict] = {}
        self._undone: set[str] = set()
        self._n_added = 0
        self.n_withdrawn = 0  # of lines that stood before

    def __iter__(self) -> Iterator[Verdict]:
        """In order; of those that add, `event` is their number."""
        return iter(self._by_key.values())

    def __len__(self) -> int:
        """How many stand."""
        return len(self._by_key)

    def take(self, verdict: Verdict) -> None:
        """Take the next line, for good; one whose key was there repeats it and says nothing."""
        if verdict.action == "add":
            self._n_added += 1
            object.__setattr__(verdict, "event", f"r{self._n_added}")  # a copy takes too long
        if verdict.undoes:
            self._undone.add(verdict.undoes)
            if self._by_key.pop(verdict.undoes, None):
                self.n_withdrawn += 1
        if verdict.action != "undo" and verdict.key not in self._undone:
            self._by_key.setdefault(verdict.key, verdict)


def standing(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Lines that were not taken back, in order; of those that add, `event` is their number."""
    those = Standing()
    for verdict in verdicts:
        those.take(replace(verdict))
    return list(those)


class Journal:
    """The file of verdicts of one recording; safe among threads and, on POSIX, processes."""

    def __init__(self, folder: Path) -> None:
        self._path, self._torn = folder / FILE, folder / TORN
        self._lock = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        """Begin anew, with nothing read."""
        self._standing = Standing()
        self._file = 0  # what the system knows the file by
        self._done = self._lines = 0  # bytes and lines that were read
        self._broken: list[int] = []
        self._tail = b""

    @property
    def mark(self) -> Mark:
        """What differs whenever something else was read."""
        return self._file, self._done, len(self._tail)

    @property
    def warnings(self) -> list[str]:
        """What a reader has to know of lines that could not be read."""
        named = self._broken[:MOST_NAMED]
        texts = [f"{FILE}, line {number}: can't be read and is left out" for number in named]
        if more := len(self._broken) - len(named):
            texts.append(f"{FILE}: {more} more lines can't be read and are left out")
        if self._tail:
            texts.append(f"{FILE}: its last line was cut off and is left out")
        if self._torn.exists():
            texts.append(f"{FILE}: a line that was cut off stands in {TORN}")
        return texts

    def verdicts(self) -> Sequence[Verdict]:
        """All lines in order, as they stand in the file; `standing` is what pages ask for."""
        with self.standing():
            lines = self._path.read_bytes()[: self._done].split(b"\n") if self._done else []
        return [verdict for line in lines if (verdict := _read(line))]

    @contextmanager
    def standing(self) -> Iterator[Standing]:
        """What stands of all lines, also of those that others wrote meanwhile; it stays as it is.

        Another one is given where the file is another than before.
        """
        with self._lock:
            try:
                with self._path.open("rb") as file:
                    self._read(file)
            except FileNotFoundError:
                if self._file:
                    self._forget()
            except OSError as error:
                raise NasionError(f"{self._path}: cannot be read ({error.strerror})") from None
            yield self._standing

    def append(self, verdict: Verdict) -> None:
        """Write a line to the disk."""
        with self._lock:
            try:
                is_new = not self._path.exists()
                with open_private(self._path, "a+b") as file, _locked(file):
                    self._read(file)
                    if self._tail:
                        self._put_aside(file)
                    file.write(verdict.line)
                    file.flush()
                    os.fsync(file.fileno())
                    self._read(file)
                if is_new:
                    _sync_folder(self._path.parent)
            except OSError as error:
                raise NasionError(f"{self._path}: cannot be written ({error.strerror})") from None

    def _read(self, file: IO[bytes]) -> None:
        """Read what came since the last time; a line without its end stays in `_tail`."""
        known = os.fstat(file.fileno())
        if known.st_ino != self._file or known.st_size < self._done:
            self._forget()  # somebody put another in its place
            self._file = known.st_ino
        file.seek(self._done)
        *lines, self._tail = file.read().split(b"\n")
        with _no_collection() if len(lines) > MANY else nullcontext():
            for line in lines:
                self._lines += 1
                self._done += len(line) + 1
                if verdict := _read(line):
                    self._standing.take(verdict)
                else:
                    self._broken.append(self._lines)

    def _put_aside(self, file: IO[bytes]) -> None:
        with open_private(self._torn, "ab") as torn:
            torn.write(self._tail + b"\n")
            torn.flush()
            os.fsync(torn.fileno())
        file.truncate(self._done)
        self._tail = b""


@contextmanager
def _locked(file: IO[bytes]) -> Iterator[None]:
    if fcntl is None:
        yield
        return
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


@contextmanager
def _no_collection() -> Iterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _sync_folder(folder: Path) -> None:
    """A new name is on the disk only when its folder is."""
    if fcntl is None:
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
