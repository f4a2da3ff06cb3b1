"""Spreadsheets: csv that people write, whatever separates, encodes and spells its cells.

Cells come as text, below the names that a caller knows; rows by the lines they stand on.
"""

import csv
import gzip
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from nasion.errors import NasionError
from nasion.loading import loading

SEPARATORS = (",", ";", "\t", "|")
_GZIP = b"\x1f\x8b"
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx, .ods and .xls
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"),
          (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))  # fmt: skip
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")  # or thousandths: nobody can tell
_NAMED_SEPARATOR = re.compile(r'"?sep=(.)"?', re.IGNORECASE)  # as Excel has it above the header


def read_spreadsheet(path: Path, known: Iterable[str]) -> pd.DataFrame:
    """Read a csv with one line of names.

    Parameters
    ----------
    known
        Names of columns that count. One of them is found whatever its case, with blanks around it
        or for its underscores; all others keep the name they have.

    Returns
    -------
    DataFrame of str
        Cells without blanks around them, "" where there is none; the index has the line of each
        row. A comma stands for the point of a number where commas do not separate cells. Blank
        lines are left out.

    Raises
    ------
    NasionError
        For what is no csv, for rows that are longer than the line of names, and for a known column
        that is there twice with different cells.
    """
    known = tuple(known)
    lines = _lines(path, _text(path, _content(path)))
    _, header = next(lines, (0, []))
    while header and not header[-1]:
        header.pop()
    if not header:
        raise NasionError(f"{path}: not a csv table (it holds no line of names); write it anew")
    numbers, rows = [], []
    for number, row in lines:
        if any(row[len(header) :]):
            raise NasionError(f"{path}: line {number} has more cells than the header; not a csv")
        numbers.append(number)
        rows.append(row[: len(header)] + [""] * (len(header) - len(row)))
    names = _names(header, known)
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    cells: dict[str, tuple[str, ...]] = {}
    for name, column in zip(names, columns, strict=True):
        if name in known and cells.get(name, column) != column:
            raise NasionError(f"{path}: column {name} occurs twice; keep one")
        cells.setdefault(name, column)
    return pd.DataFrame(cells, index=pd.Index(numbers, dtype=np.int64), dtype=object)


def _content(path: Path) -> bytes:
    with loading(path, "can't be read", "copy it again", absent="give a csv file"):
        raw = path.read_bytes()
        if not (raw.startswith(_GZIP) or path.suffix == ".gz"):
            return raw
        return gzip.decompress(raw)


def _text(path: Path, raw: bytes) -> str:
    if raw.startswith(_WORKBOOKS):
        raise NasionError(f"{path}: is a workbook, not a csv; save it as csv (UTF-8)")
    encoding = next((name for mark, name in _MARKS if raw.startswith(mark)), "")
    if not encoding and b"\0" in raw[:200]:
        encoding = "utf-16-le" if raw[1:2] == b"\0" else "utf-16-be"
    for name in (encoding,) if encoding else ("utf-8", "cp1252"):
        try:
            text = raw.decode(name).removeprefix("\ufeff")
        except UnicodeDecodeError:
            continue
        if not set("\0\x01\x02\x1a") & set(text[:10_000]):
            return text
    raise NasionError(f"{path}: not a csv table (no text); write it anew as csv (UTF-8)")


def _lines(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Give the lines that hold anything, with their numbers."""
    first = text.lstrip().partition("\n")[0]
    named = _NAMED_SEPARATOR.fullmatch(first.rstrip("\r"))
    separator = named[1] if named else max(SEPARATORS, key=first.count)
    file = io.StringIO(text, newline="")
    rows = csv.reader(file, delimiter=separator, skipinitialspace=True, strict=True)
    try:
        begin = 1
        for row in rows:
            cells = [_cell(cell, separator) for cell in row]
            if any(cells) and not (named and begin == 1):
                yield begin, cells
            begin = rows.line_num + 1
    except csv.Error as error:
        line = rows.line_num
        raise NasionError(
            f"{path}: not a csv table (line {line}: {error}); write it anew"
        ) from None


def _cell(cell: str, separator: str) -> str:
    cell = cell.strip()
    decimal = separator != "," and _DECIMAL_COMMA.fullmatch(cell)
    if decimal and not _THOUSANDS.fullmatch(cell):
        return cell.replace(",", ".")
    return cell


def _names(header: list[str], known: Iterable[str]) -> list[str]:
    by_spelling = {_spelling(name): name for name in known}
    return [by_spelling.get(_spelling(name), name) for name in header]


def _spelling(name: str) -> str:
    return re.sub(r"[\W_]+", "_", name).strip("_").casefold()
