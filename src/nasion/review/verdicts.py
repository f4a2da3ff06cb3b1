"""Verdicts: what readers say of events, one line each, added and never changed.

A line is on the disk before the page hears of it. An undo is a line too. What stands is found by
going through the lines; a line that was cut off when the power failed is put aside.
"""

import json
import math
import os
import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Literal

from nasion.errors import NasionError
from nasion.files import open_private
from nasion.terms import Pattern

try:
    import fcntl
except ImportError:  # Windows: threads of one server still wait for each other
    fcntl = None  # type: ignore[assignment]

SCHEMA = 1
FILE = "verdicts.jsonl"
TORN = "verdicts.torn"  # beside it: what was cut off

Action = Literal["confirm", "reject", "relabel", "add", "move", "undo"]


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

    key: str
    action: Action
    event: str
    subject: tuple[float, float, str] | None
    pattern: Pattern | None
    onset_s: float
    duration_s: float
    note: str
    reviewer: str
    at: str
    predictions_visible: bool
    undoes: str = ""

    @property
    def line(self) -> bytes:
        """As it stands in the file."""
        text = json.dumps({"schema": SCHEMA, **asdict(self)}, ensure_ascii=False, allow_nan=False)
        return text.encode() + b"\n"


def stamp() -> tuple[str, str]:
    """A new key, and the time now."""
    return secrets.token_hex(8), datetime.now(UTC).isoformat(timespec="milliseconds")


def parsed(line: bytes) -> Verdict:
    """Read one line; ValueError or the like if it is none."""
    content: dict[str, Any] = json.loads(line)
    if content.pop("schema") != SCHEMA:
        raise ValueError("another schema")
    subject, pattern = content["subject"], content["pattern"]
    content["subject"] = (
        (float(subject[0]), float(subject[1]), str(subject[2])) if subject else None
    )
    content["pattern"] = Pattern(pattern) if pattern else None
    if not math.isfinite(content["onset_s"] + content["duration_s"]):
        raise ValueError("not a time")
    return Verdict(**content)


class Journal:
    """The file of verdicts of one recording; safe among threads and, on POSIX, processes."""

    def __init__(self, folder: Path) -> None:
        self._path, self._torn = folder / FILE, folder / TORN
        self._lock = threading.Lock()
        self._verdicts: list[Verdict] = []
        self._done = self._lines = 0  # bytes and lines that were read
        self._broken: list[int] = []
        self._tail = b""

    @property
    def warnings(self) -> list[str]:
        """What a reader has to know of lines that could not be read."""
        texts = [f"{FILE}, line {number}: can't be read and is left out" for number in self._broken]
        if self._tail:
            texts.append(f"{FILE}: its last line was cut off and is left out")
        if self._torn.exists():
            texts.append(f"{FILE}: a line that was cut off stands in {TORN}")
        return texts

    def verdicts(self) -> Sequence[Verdict]:
        """All lines in order, also those that others wrote meanwhile."""
        with self._lock:
            try:
                with self._path.open("rb") as file:
                    self._read(file)
            except FileNotFoundError:
                pass
            except OSError as error:
                raise NasionError(f"{self._path}: cannot be read ({error.strerror})") from None
            return tuple(self._verdicts)

    def append(self, verdict: Verdict) -> Sequence[Verdict]:
        """Write a line to the disk; give all lines up to it."""
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
            return tuple(self._verdicts)

    def _read(self, file: IO[bytes]) -> None:
        """Read what came since the last time; a line without its end stays in `_tail`."""
        file.seek(self._done)
        *lines, self._tail = file.read().split(b"\n")
        for line in lines:
            self._lines += 1
            self._done += len(line) + 1
            try:
                self._verdicts.append(parsed(line))
            except (ValueError, KeyError, TypeError, AttributeError, IndexError):
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


def _sync_folder(folder: Path) -> None:
    """A new name is on the disk only when its folder is."""
    if fcntl is None:
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def standing(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Lines that were not taken back, in order; of those that add, `event` is their number."""
    undone = {verdict.undoes for verdict in verdicts if verdict.undoes}
    valid, n_added = [], 0
    for verdict in verdicts:
        if verdict.action == "add":
            n_added += 1
            verdict = replace(verdict, event=f"r{n_added}")
        if verdict.action != "undo" and verdict.key not in undone:
            valid.append(verdict)
    return valid
