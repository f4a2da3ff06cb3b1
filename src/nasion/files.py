"""Whole files or none, under a temporary name, then renamed; open to their owner alone.

What is written here may hold signals, times or names of patients. What is made to be given away
is opened to others by `share`.
"""

import errno
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from nasion.errors import NasionError
from nasion.temporary import Temporary, sweep

OWNERS_FILE, OWNERS_FOLDER = 0o600, 0o700  # where file systems have modes
SHARED_FILE, SHARED_FOLDER = 0o644, 0o755
# Windows takes these for devices, whatever their ending.
DEVICES = frozenset(
    ["con", "prn", "aux", "nul", *(f"{kind}{n}" for kind in ("com", "lpt") for n in range(10))]
)
LONGEST_NAME = 80

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def says_full(error: OSError) -> bool:
    """Whether there was no room to write; NumPy tells it without a number."""
    return error.errno in FULL or (error.errno is None and str(error).endswith(" written"))


@contextmanager
def room_for(path: Path) -> Iterator[None]:
    """Say of a full disk which file or folder it kept from being written."""
    try:
        yield
    except OSError as error:
        if not says_full(error):
            raise
        raise NasionError(
            f"{path}: no room left to write it; free some, or write to another disk"
        ) from None


def refuse_existing(folder: Path) -> None:
    """Refuse what is there already, and what can't be made, before any work."""
    if os.path.lexists(folder):
        raise NasionError(f"{folder}: exists already; give a new folder")
    above = next(parent for parent in folder.absolute().parents if os.path.lexists(parent))
    if not above.is_dir():
        raise NasionError(f"{above}: is a file, not a folder; give another place")
    if not os.access(above, os.W_OK):
        raise NasionError(f"{above}: nothing may be written here; give another place")


def unwritable(path: Path, error: OSError) -> NasionError:
    """What to say of a file or folder that can't be written."""
    reason = error.strerror or type(error).__name__
    if isinstance(error, IsADirectoryError):
        reason = "a folder is in the way"
    if isinstance(error, FileExistsError | NotADirectoryError):
        reason = "a file is in the way"
    return NasionError(f"{path}: cannot be written ({reason}); give another place")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` that takes its place when the block ends well."""
    try:
        make_folder(path.parent)
        held = Temporary.file(path.parent, path.stem, path.suffix)
    except OSError as error:
        raise unwritable(path, error) from None
    try:
        with room_for(path):
            yield held.path
        try:
            held.path.replace(path)
        except OSError as error:
            raise unwritable(path, error) from None
    finally:
        held.remove()


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it that lack, open to their owner alone.

    One that is there stays as it is, but for what killed processes left in it.

    Raises
    ------
    NasionError
        Where a file is in the way, or nothing may be written there.
    """
    sweep(folder)
    try:
        above = [place for place in folder.parents if not place.exists()]
        with room_for(folder):
            for place in (*reversed(above), folder):
                place.mkdir(mode=OWNERS_FOLDER, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from None


def open_private(path: Path, mode: str) -> IO[Any]:
    """Open a file to write or append bytes; a new one is its owner's alone."""

    def private(name: str, flags: int) -> int:
        return os.open(name, flags, OWNERS_FILE)

    return open(path, mode, opener=private)


def share(*places: Path) -> None:
    """Let others read files and folders that are made to be given away."""
    for place in places:
        place.chmod(SHARED_FOLDER if place.is_dir() else SHARED_FILE)


def as_text(name: str) -> str:
    """A name of a file as text, which such names need not be: other bytes as they are escaped."""
    return name.encode(errors="backslashreplace").decode()


def safe_name(text: str, otherwise: str) -> str:
    """Make of a text a name that every file system holds, Windows' too.

    Letters, digits, `_.+-` stay; it has no dot or - at either end, and is no device of Windows.

    Parameters
    ----------
    otherwise
        The name where nothing of the text is left.
    """
    name = re.sub(r"[^\w.+-]+", "-", text).strip(".-")[:LONGEST_NAME].rstrip(".-") or otherwise
    return f"_{name}" if name.partition(".")[0].lower() in DEVICES else name


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, lines as they are on every system."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def write_json(path: Path, content: Any) -> None:
    """Write `content` as indented JSON."""
    write_text(path, json.dumps(content, indent=2) + "\n")
