"""The listing of an archive, recordings.tsv: which recording became which reading, or why none."""

from pathlib import Path

from nasion.files import as_text
from nasion.loading import is_there, loading, read_text

SUMMARY = "recordings.tsv"
COLUMNS = "recording", "reading", "not_read_because", "remarks"


def rows_of(path: Path) -> list[tuple[str, str, str, str]]:
    """What the listing says; nothing where there is none, or a table of other columns.

    Raises
    ------
    NasionError
        Where it can't be read.
    """
    if not is_there(path):
        return []
    with loading(path, "not the list of readings", "move it away"):
        lines = read_text(path).splitlines()
    if not lines or tuple(lines[0].split("\t"))[:3] != COLUMNS[:3]:  # older: no remarks
        return []
    rows = ([*line.split("\t"), "", "", ""] for line in lines[1:])
    return [(source, folder, reason, told) for source, folder, reason, told, *_ in rows]


def cell(text: str) -> str:
    """A cell; names of files need not be text, tables do."""
    return " ".join(as_text(text).split())
