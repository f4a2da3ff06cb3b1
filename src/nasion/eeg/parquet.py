"""Parquet files in the layout of HMS: a column for each electrode, 200 Hz, microvolts."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from nasion.eeg.measured import LARGEST_STATED_UV
from nasion.eeg.naming import parse
from nasion.eeg.recording import DAY_S, LONGEST_S
from nasion.eeg.source import MICROVOLTS, Array, Source, Track
from nasion.errors import NasionError
from nasion.terms import SFREQ

READABLE = (pa.types.is_floating, pa.types.is_integer, pa.types.is_null)
MOST_GROUP_BYTES = 1 << 31  # of values in memory; a row group is read at once
READING_METADATA = b"bits"  # of a reading's quality.parquet, whose columns are electrodes, too


@dataclass(frozen=True)
class _Table:
    """Where rows are; `modified` keeps a file that was written anew from the cache."""

    path: Path
    modified: int
    names: tuple[str, ...]
    places: tuple[int, ...]  # of the columns of these names
    others: tuple[str, ...]
    stops: NDArray[np.int64]  # last row of each row group, and one
    gain: float


def open_parquet(path: Path, *, unit: str = "") -> Source:
    """Describe a parquet file of EEG; float32 values come out unchanged.

    Parameters
    ----------
    unit
        What the numbers are in: nV, uV, mV or V; HMS uses uV.

    Raises
    ------
    NasionError
        If the file is no parquet file, holds no rows, or an electrode's column is no number.
    """
    table = _open_table(path, unit)
    unusable, gaps = _survey(table)
    n_times = int(table.stops[-1])
    return Source(
        path=str(path),
        name=path.stem,
        tracks=(
            Track(
                labels=table.names,
                sfreq=Fraction(SFREQ),
                n_times=n_times,
                read=partial(_read, table),
                unusable=unusable,
            ),
        ),
        duration_s=n_times / SFREQ,
        gaps_s=gaps,
        ignored=table.others,
    )


def _open_table(path: Path, unit: str) -> _Table:
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            rows = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    except (pa.ArrowException, OSError, ValueError):
        raise NasionError(
            f"{path}: not a parquet file, or cut short; copy it again or write it anew"
        ) from None
    if READING_METADATA in (schema.metadata or {}):
        raise NasionError(
            f"{path}: holds the quality of a reading, no EEG; give the recording itself"
        )
    places = []  # also of others: they may be renamed
    for place, name in enumerate(schema.names):
        kind = schema.field(place).type
        if any(is_kind(kind) for is_kind in READABLE):
            places.append(place)
        elif parse(name).kind != "other":
            raise NasionError(
                f"{path}: column {name} holds {kind}, not numbers; write it as float32 microvolts"
            )
    names = tuple(schema.names[place] for place in places)
    if not names:
        columns = ", ".join(schema.names[:5])
        raise NasionError(
            f"{path}: no column holds numbers (found {columns}); give EEG in HMS layout"
            " (Fp1, F3, ..., EKG at 200 Hz)"
        )
    if not sum(rows):
        raise NasionError(f"{path}: holds no rows; write it anew")
    _refuse_size(path, rows, sum(_n_bytes(schema.field(place).type) for place in places))
    ignored = tuple(name for name in schema.names if name not in names)
    return _Table(
        path=path,
        modified=path.stat().st_mtime_ns,
        names=names,
        places=tuple(places),
        others=ignored,
        stops=np.cumsum(rows),
        gain=MICROVOLTS[unit or "uV"],
    )


def _n_bytes(kind: pa.DataType) -> int:
    """Bytes that a value takes in memory."""
    return 4 if pa.types.is_null(kind) else int(kind.bit_width) // 8


def _refuse_size(path: Path, rows: Sequence[int], n_row_bytes: int) -> None:
    """Refuse by what its metadata says, before anything is read, what no memory would hold."""
    if sum(rows) > LONGEST_S * SFREQ:
        raise NasionError(
            f"{path}: holds {sum(rows):,} rows, {sum(rows) / SFREQ / DAY_S:,.0f} days at"
            f" {SFREQ:g} Hz; at most {LONGEST_S / DAY_S:g} are read: write it in parts"
        )
    if max(rows) * n_row_bytes > MOST_GROUP_BYTES:
        raise NasionError(
            f"{path}: holds a row group of {max(rows):,} rows; write it anew in smaller ones"
            f" (row_group_size={MOST_GROUP_BYTES // n_row_bytes // 2:,} or less)"
        )


@lru_cache(maxsize=2)
def _row_group(
    path: Path, modified: int, places: tuple[int, ...], number: int
) -> NDArray[np.generic]:
    """Give one row group, shape (places, rows); `modified` is part of the key only.

    What is beyond any measured value is NaN.
    """
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            wanted = list(dict.fromkeys(names[place] for place in places))
            group = file.read_row_group(number, columns=wanted)
            # Columns of one name stand side by side in a group, wherever they are in the file.
            order = sorted(
                (place for place, name in enumerate(names) if name in wanted),
                key=lambda place: wanted.index(names[place]),
            )
            rows = {place: _column(group.column(k)) for k, place in enumerate(order)}
            values = np.stack([rows[place] for place in places])
    except (pa.ArrowException, OSError):
        raise NasionError(f"{path}: is damaged; copy it again or write it anew") from None
    wrong = np.abs(values) > LARGEST_STATED_UV
    return np.where(wrong, np.array(np.nan, values.dtype), values) if wrong.any() else values


def _column(column: pa.ChunkedArray) -> NDArray[np.generic]:
    """Give the numbers of a column; one of nothing but null holds NaN."""
    if pa.types.is_null(column.type):
        return np.full(len(column), np.nan, np.float32)
    return column.to_numpy()


def _survey(table: _Table) -> tuple[tuple[bool, ...], tuple[tuple[float, float], ...]]:
    """Say which columns hold nothing, and give the stretches (onset, duration) without a value."""
    low = np.full(len(table.names), np.inf)
    high = np.full(len(table.names), -np.inf)
    edges, n_read = [], 0
    before = np.array([False])
    kinds = [parse(name).kind for name in table.names]
    eeg = np.array([kind in ("electrode", "derivation") for kind in kinds])
    if not eeg.any():
        eeg[:] = True
    for number, stop in enumerate(table.stops):
        values = _row_group(table.path, table.modified, table.places, number)
        finite = ~np.isnan(values)
        low = np.minimum(low, np.where(finite, values, np.inf).min(axis=1, initial=np.inf))
        high = np.maximum(high, np.where(finite, values, -np.inf).max(axis=1, initial=-np.inf))
        absent = ~finite[eeg].any(axis=0)
        edges.append(np.flatnonzero(np.diff(absent, prepend=before)) + n_read)
        before, n_read = absent[-1:], int(stop)
    starts_stops = np.concatenate([*edges, np.array([n_read] if before[0] else [], np.int64)])
    gaps = tuple(
        (float(begin / SFREQ), float((end - begin) / SFREQ))
        for begin, end in starts_stops.reshape(-1, 2)
    )
    return tuple((~(high > low)).tolist()), gaps


def _read(table: _Table, rows: Sequence[int], start: int, stop: int) -> Array:
    signals = np.empty((len(rows), stop - start))
    starts = np.concatenate([[0], table.stops[:-1]])
    for number in np.flatnonzero((starts < stop) & (table.stops > start)).tolist():
        begin, end = max(start, int(starts[number])), min(stop, int(table.stops[number]))
        group = _row_group(table.path, table.modified, table.places, number)
        piece = group[list(rows), begin - int(starts[number]) : end - int(starts[number])]
        np.multiply(piece, table.gain, out=signals[:, begin - start : end - start])
    return signals
