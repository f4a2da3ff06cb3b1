"""Open real segments that experts voted on: which rows of them are judged."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd

from nasion.hms.layout import table_path
from nasion.hms.segments import KEYS, Segments, load_segments
from nasion.periods import middle_rows

FOLDERS = ("hms", "iiic")


def open_segments(real: Path) -> Iterator[Segments]:
    """Segments of each folder, one row a stationary period, with a column `source`."""
    for folder in FOLDERS:
        segments = load_segments(real / folder, "train")
        rows = middle_rows(segments.table)
        yield with_columns(segments, source=folder).subset(rows)


def with_columns(segments: Segments, **columns: object) -> Segments:
    """With columns of its csv, which a table of segments leaves out; defaults where it has none."""
    written = pd.read_csv(table_path(segments.folder, segments.part)).set_index(list(KEYS))
    rows = written.reindex(pd.MultiIndex.from_frame(segments.table[list(KEYS)]))
    added = {
        name: rows[name].to_numpy() if name in rows else default
        for name, default in columns.items()
    }
    return replace(segments, table=segments.table.assign(**added))
