"""EDF, EDF+ and BDF, read record by record from the disk.

The readers of others take discontiguous files (EDF+D) as contiguous ones, keep BDF in memory and
shorten truncated files in silence; here the record onsets decide where samples stand, gaps are NaN
and what a truncated file lacks is said. Kemp B, Olivan J. European data format 'plus'. Clin
Neurophysiol 2003;114:1755-1761.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import nan
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nasion.eeg.annotations import Annotation
from nasion.eeg.edf.header import Header, read_header
from nasion.eeg.edf.holes import unwritten
from nasion.eeg.edf.onsets import Runs
from nasion.eeg.edf.text import read_tals, stated_onset_s
from nasion.eeg.measured import LARGEST_STATED_UV
from nasion.eeg.source import MICROVOLTS, Array, Source, Track, later
from nasion.eeg.stretches import pieces
from nasion.eeg.units import voltage
from nasion.errors import NasionError

ANNOTATION_BLOCK = 512  # records whose annotations are read at once


@dataclass(frozen=True)
class _Signals:
    """Signals of one rate; runs are stretches of records without a gap, in samples."""

    path: Path
    sample_bytes: int
    n_header_bytes: int
    n_records: int
    record_bytes: int
    samples: int
    offsets: tuple[int, ...]  # in a record, bytes
    gain: Array  # microvolts
    offset: Array
    run_starts: NDArray[np.int64]  # on the clock of the recording
    run_sources: NDArray[np.int64]  # in the file
    run_stops: NDArray[np.int64]


def open_edf(path: Path, *, unit: str = "") -> Source:
    """Describe an EDF or BDF file; its samples are read when asked for.

    Parameters
    ----------
    unit
        What the numbers are in, whatever the header says: nV, uV, mV or V.

    Raises
    ------
    NasionError
        If the header is damaged, or no record follows it.
    """
    header = read_header(path)
    warnings = list(header.warnings)
    onsets, annotations = _read_annotations(header)
    runs = _runs(header, onsets)
    warnings += runs.warnings
    origin = float(runs.onset_s[0])
    begins = runs.onset_s - origin
    ends = begins + runs.counts * float(header.record_s)
    gaps = tuple(
        (round(float(end), 6), round(float(begin - end), 6))
        for end, begin in zip(ends[:-1], begins[1:], strict=True)
    )
    return Source(
        path=str(path),
        name=path.stem,
        tracks=_tracks(header, runs, begins, unit),
        duration_s=float(ends[-1]),
        start=later(header.start, origin),
        gaps_s=gaps,
        annotations=tuple(
            (round(onset - origin, 6), duration, text) for onset, duration, text in annotations
        ),
        warnings=tuple(warnings),
        age_years=header.age_years,
    )


def origin_s(header: Header) -> float:
    """Where the first sample stands, from the start that the header states."""
    onsets, _ = _read_annotations(header)
    return float(_runs(header, onsets).onset_s[0])


def _runs(header: Header, onsets: Sequence[float]) -> Runs:
    # A header that does not say EDF+ of records that state their onsets may have lost a gap.
    stated = header.plus or np.isfinite(onsets).any()
    runs = Runs.of(header, onsets if stated else [], unwritten(header))
    if not len(runs.first):
        raise NasionError(
            f"{header.path}: none of its {header.n_records} records was ever written; copy it again"
            " from the recorder"
        )
    return runs


def _records(path: Path, n_header_bytes: int, shape: tuple[int, int]) -> NDArray[np.uint8]:
    # Mapped anew for each piece: a mapping that stays would count as memory once read.
    return np.memmap(path, np.uint8, "r", n_header_bytes, shape)


def _read_annotations(
    header: Header,
) -> tuple[list[float], list[Annotation]]:
    """Give the onset that each record states, NaN for none, and annotations as they stand."""
    is_timed = header.annotation_signals[:1]
    onsets = [nan] * (header.n_records * len(is_timed))
    annotations: list[Annotation] = []
    for number in header.annotation_signals:
        for record, content in _annotation_bytes(header, number):
            if number in is_timed:
                onsets[record] = stated_onset_s(content)
            annotations += read_tals(content)
    return onsets, annotations


def _annotation_bytes(header: Header, number: int) -> Iterator[tuple[int, bytes]]:
    """Give the number of each record that was written, and its bytes of a signal."""
    begin = header.offsets[number] * header.sample_bytes
    stop = begin + header.samples[number] * header.sample_bytes
    shape = (header.n_records, header.record_bytes)
    edges = [0, *(edge for hole in unwritten(header) for edge in hole), header.n_records]
    for first, last in pieces(zip(edges[::2], edges[1::2], strict=True), ANNOTATION_BLOCK):
        records = _records(header.path, header.n_header_bytes, shape)
        for number_of_record, record in enumerate(np.array(records[first:last, begin:stop]), first):
            yield number_of_record, record.tobytes()


def _tracks(
    header: Header, runs: Runs, begins_s: NDArray[np.float64], unit: str
) -> tuple[Track, ...]:
    signals = [n for n in range(len(header.labels)) if n not in header.annotation_signals]
    tracks = []
    for samples in dict.fromkeys(header.samples[number] for number in signals):
        if samples == 0:
            continue
        members = [number for number in signals if header.samples[number] == samples]
        sfreq = samples / header.record_s
        lengths = runs.counts * samples
        starts = np.round(begins_s * float(sfreq)).astype(np.int64)
        for run in range(1, len(starts)):  # rounded apart
            starts[run] = max(starts[run], starts[run - 1] + lengths[run - 1])
        gain, offset = _calibrate(header, members, unit)
        block = _Signals(
            path=header.path,
            sample_bytes=header.sample_bytes,
            n_header_bytes=header.n_header_bytes,
            n_records=header.n_records,
            record_bytes=header.record_bytes,
            samples=samples,
            offsets=tuple(header.offsets[number] * header.sample_bytes for number in members),
            gain=gain,
            offset=offset,
            run_starts=starts,
            run_sources=runs.first * samples,
            run_stops=starts + lengths,
        )
        tracks.append(
            Track(
                labels=tuple(header.labels[number] for number in members),
                sfreq=sfreq,
                n_times=int(block.run_stops[-1]),
                read=partial(_read, block),
                unusable=tuple(np.isnan(gain).tolist()),
                units=tuple(header.dimensions[number] for number in members),
            )
        )
    return tuple(tracks)


def _calibrate(header: Header, members: Sequence[int], unit: str) -> tuple[Array, Array]:
    """Give gain and offset to microvolts, or to what is no voltage; NaN without a usable range."""
    gain, offset = [], []
    for number in members:
        physical_min, physical_max, digital_min, digital_max = header.calibration[number]
        scale = MICROVOLTS[unit or voltage(header.dimensions[number]) or "uV"]
        span = digital_max - digital_min
        slope = scale * (physical_max - physical_min) / span if span else float("nan")
        gain.append(slope)
        offset.append(scale * physical_min - slope * digital_min)
        largest = max(abs(offset[-1]), abs(scale * physical_max))
        if not slope or not largest < LARGEST_STATED_UV:  # nor NaN or infinity
            gain[-1] = offset[-1] = float("nan")
    return np.array(gain), np.array(offset)


def _read(block: _Signals, rows: Sequence[int], start: int, stop: int) -> Array:
    """Give samples start..stop on the clock of the recording, µV, NaN between runs."""
    signals = np.full((len(rows), stop - start), np.nan)
    records = _records(block.path, block.n_header_bytes, (block.n_records, block.record_bytes))
    gain, offset = block.gain[list(rows), None], block.offset[list(rows), None]
    run = int(np.searchsorted(block.run_stops, start, "right"))
    while run < len(block.run_starts) and block.run_starts[run] < stop:
        begin = max(start, int(block.run_starts[run]))
        end = min(stop, int(block.run_stops[run]))
        shift = int(block.run_sources[run] - block.run_starts[run])
        piece = signals[:, begin - start : end - start]
        for target, row in zip(piece, rows, strict=True):
            _copy(block, records, block.offsets[row], begin + shift, target)
        piece *= gain
        piece += offset
        run += 1
    return signals


def _copy(
    block: _Signals, records: NDArray[np.uint8], offset: int, first: int, target: Array
) -> None:
    """Fill `target` with consecutive samples: the end of a record, whole records, a beginning."""
    width, n_bytes, n_copied = block.samples, block.sample_bytes, 0
    while n_copied < len(target):
        record, sample = divmod(first + n_copied, width)
        n_records = (len(target) - n_copied) // width if sample == 0 else 0
        n_samples = n_records * width or min(width - sample, len(target) - n_copied)
        begin = offset + sample * n_bytes
        columns = slice(begin, begin + (width if n_records else n_samples) * n_bytes)
        raw = np.ascontiguousarray(records[record : record + max(n_records, 1), columns])
        target[n_copied : n_copied + n_samples] = _integers(raw.reshape(-1), n_bytes)
        n_copied += n_samples


def _integers(raw: NDArray[np.uint8], n_bytes: int) -> NDArray[np.int16] | NDArray[np.int32]:
    if n_bytes == 2:
        return raw.view("<i2")
    wide = np.empty((len(raw) // 3, 4), np.uint8)
    wide[:, 1:] = raw.reshape(-1, 3)
    wide[:, 0] = 0
    return wide.reshape(-1).view("<i4") >> 8
