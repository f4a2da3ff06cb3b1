"""Whole files or none: written under a temporary name, then renamed."""

import errno
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nasion.errors import NasionError

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
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix
        )
    except OSError as error:
        raise NasionError(f"{path}: cannot be written ({error.strerror})") from None
    os.close(handle)
    temporary = Path(name)
    try:
        with room_for(path):
            yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


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
