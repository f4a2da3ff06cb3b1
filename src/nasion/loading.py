"""Loading: whatever the reader of a file raises, in one line that names the file and the fix."""

import json
import os
import stat
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nasion.errors import NasionError

DEEPEST = 100  # tables and lists within each other, in JSON and TOML
LARGEST_TEXT = 1 << 28  # bytes of a file that is read as one text
MOST_TOLD = 160  # characters of a reason


@contextmanager
def loading(path: Path, refusal: str, fix: str, *, absent: str = "") -> Iterator[None]:
    """Refuse a file in one line where what reads it in this block raises anything.

    Readers are of a dozen packages, and what they raise on a broken file has no class in common.
    What is no file is refused before it is opened, for a pipe would be waited for without end.

    Parameters
    ----------
    path
        The file, as the line names it.
    refusal, fix
        What it is not, such as `not valid JSON`, and what to do then.
    absent
        What to do where it is not there.

    Raises
    ------
    NasionError
        For whatever was raised; one that is raised in the block passes as it is.
    """
    try:
        if not stat.S_ISREG(mode := path.stat().st_mode):
            what = "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"
            raise NasionError(f"{path}: is {what}, not a file; {absent or fix}")
        yield
    except NasionError:
        raise
    except FileNotFoundError:
        raise NasionError(f"{path}: not found; {absent or fix}") from None
    except PermissionError:
        raise NasionError(f"{path}: may not be read; allow this user to read it") from None
    except OSError as error:
        reason = error.strerror or reason_of(error)
        raise NasionError(f"{path}: can't be read ({reason}); {fix}") from error
    except Exception as error:
        raise NasionError(f"{path}: {refusal} ({reason_of(error)}); {fix}") from error


def reason_of(error: BaseException) -> str:
    """What an error says, in a line of `MOST_TOLD` characters at most."""
    if isinstance(error, MemoryError):
        return "it takes more memory than there is"
    if isinstance(error, RecursionError):
        return "nested too deep"
    told = next(filter(None, map(str.strip, str(error).splitlines())), "")
    if isinstance(error, LookupError):
        told = f"{told.strip(chr(39))} is missing" if told else ""
    text = "".join(letter if letter.isprintable() else "?" for letter in told)
    if len(text) > MOST_TOLD:
        text = f"{text[: MOST_TOLD - 3]}..."
    return text or type(error).__name__


def is_there(path: Path) -> bool:
    """Whether anything has this name, a link that leads nowhere included: it says something."""
    return os.path.lexists(path)


def read_text(path: Path) -> str:
    """Text of a file, UTF-8 with or without its mark; in a block of `loading`."""
    if path.stat().st_size > LARGEST_TEXT:
        raise ValueError(f"larger than {LARGEST_TEXT >> 20} MB")
    return path.read_text(encoding="utf-8-sig")


def read_json(path: Path, fix: str = "write it anew", *, absent: str = "") -> Any:
    """Read JSON; say which file is broken."""
    with loading(path, "not valid JSON", fix, absent=absent):
        return sound(json.loads, read_text(path))


def read_table(path: Path, fix: str = "write it anew", *, absent: str = "") -> dict[str, Any]:
    """Read JSON that is a table of names."""
    content = read_json(path, fix, absent=absent)
    if not isinstance(content, dict):
        raise NasionError(f"{path}: holds no table of names; {fix}")
    return content


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


def read_toml(path: Path, fix: str, *, absent: str = "") -> dict[str, Any]:
    """Read TOML."""
    with loading(path, "not TOML", fix, absent=absent):
        return toml(read_text(path))


def toml(text: str) -> dict[str, Any]:
    """Parse TOML; ValueError for what is none, or no sound content."""
    content: dict[str, Any] = sound(tomllib.loads, text)
    return content


def sound(parse: Callable[[str], Any], text: str) -> Any:
    """Parse a text and check that all code may walk through the content and write it again.

    Raises
    ------
    ValueError
        Where it is nested deeper than `DEEPEST`, or holds text that UTF-8 has not, or whole numbers
        of more than 64 bits.
    """
    try:
        content = parse(text)
    except RecursionError:
        raise ValueError("nested too deep") from None
    level = [content]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inner(outer)]
        if not level:
            return content
    raise ValueError("nested too deep")


def _inner(outer: Any) -> Iterator[Any]:
    """What a table or a list holds; of the texts it is made sure that they can be written."""
    if isinstance(outer, dict):
        for key, value in outer.items():
            key.encode()
            yield value
    elif isinstance(outer, list):
        yield from outer
    elif isinstance(outer, str):
        outer.encode()
    elif isinstance(outer, int) and not -(1 << 63) <= outer < 1 << 63:
        raise ValueError("a whole number of more than 64 bits")
