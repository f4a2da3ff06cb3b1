"""Whole files or none, under a temporary name, then renamed; open to their owner alone.

What is written here may hold signals, times or names of patients. What is made to be given away
is opened to others by `share`.
"""

import errno
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from nasion.errors import NasionError

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


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` that takes its place when the block ends well."""
    try:
        make_folder(path.parent)
        handle, name = tempfile.mkstemp(  # of its owner's mode
            dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix
        )
    except OSError as error:
        raise NasionError(f"{path}: cannot be written ({error.strerror})") from None
    os.close(handle)
    temporary = Path(name)
    try:
        with room_for(path):
            yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it that lack, open to their owner alone.

    One that is there stays as it is.
    """
    above = [place for place in folder.parents if not place.exists()]
    for place in (*reversed(above), folder):
        place.mkdir(mode=OWNERS_FOLDER, exist_ok=True)


def open_private(path: Path, mode: str) -> IO[Any]:
    """Open a file to write or append bytes; a new one is its owner's alone."""

    def private(name: str, flags: int) -> int:
        return os.open(name, flags, OWNERS_FILE)

    return open(path, mode, opener=private)


def share(*places: Path) -> None:
    """Let others read files and folders that are made to be given away."""
    for place in places:
        place.chmod(SHARED_FOLDER if place.is_dir() else SHARED_FILE)


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


def of_schema(content: Any, schema: int, source: Path | str, fix: str) -> Any:
    """Give what a file held back if it is of the schema that this nasion reads.

    Parameters
    ----------
    content
        Keys and values; `schema` among them is a number, or its digits as text or array.
    source, fix
        What the error names, and what it advises.

    Raises
    ------
    NasionError
        For another schema, or none.
    """
    version = content.get("schema") if isinstance(content, Mapping) else None
    if str(version) != str(schema):
        raise NasionError(f"{source}: schema {version}, this nasion reads {schema}; {fix}")
    return content


def read_json(path: Path) -> Any:
    """Read JSON; say which file is broken."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NasionError(f"{path}: not found") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise NasionError(f"{path}: not valid JSON ({error}); write it anew") from None
