"""Files of vendors, through packages that know them: Nihon Kohden, Nicolet and Micromed."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nasion.eeg.clips import joined
from nasion.eeg.companions import companions_of
from nasion.eeg.content import head_of
from nasion.eeg.mne_raw import open_linked, open_raw
from nasion.eeg.naming import parse
from nasion.eeg.packages import is_installed, missing, refusing
from nasion.eeg.remarks import Code, Remark
from nasion.eeg.source import MICROVOLTS, Array, Source, Track, later
from nasion.eeg.units import voltage

NAMES = ".21e"  # of Nihon Kohden's channels
TABLE_OF_SEGMENTS = 248  # where a Micromed file states its place


def open_nihon_kohden(path: Path, *, unit: str = "") -> Source:
    """Describe a recording of Nihon Kohden with its log, each clip at its time.

    Without the package eeg2edf, or without the file that names the channels (.21E), MNE's reader
    serves, which doesn't know the newer EEG-1200.

    Raises
    ------
    NasionError
        If the file can't be read.
    """
    named = any(other.suffix.lower() == NAMES for other in companions_of(path))
    if not is_installed("eeg2edf") and head_of(path).startswith(b"EEG-1200"):
        raise missing(path, "eeg2edf")
    if not named:
        source = open_linked(path, unit=unit)
        return replace(source, warnings=(*source.warnings, Remark(Code.ASSUMED_NAMES)))
    if not is_installed("eeg2edf"):
        return open_linked(path, unit=unit)
    with refusing(path, _advice("Nihon Kohden")):
        from eeg2edf.mne import read_raw_nihon_kohden
        from eeg2edf.nihon_kohden.nk import read_blocks

        clips = [
            read_raw_nihon_kohden(path, block=number, marker_channel=False, verbose="error")
            for number in range(len(read_blocks(str(path))))
        ]
    return _joined(path, "Nihon Kohden", [open_raw(clip, str(path), unit=unit) for clip in clips])


def open_nicolet(path: Path, *, unit: str = "") -> Source:
    """Describe a Nicolet or Nervus file (.e) of the older form, each segment at its time.

    Raises
    ------
    NasionError
        If the package eeg2edf is missing, or can't read the file.
    """
    if not is_installed("eeg2edf"):
        raise missing(path, "eeg2edf")
    with refusing(path, _advice("Nicolet")):
        from eeg2edf.mne import read_raw_nicolet
        from eeg2edf.nicolet.nicolet import read_header

        segments = [
            read_raw_nicolet(path, segment=number, verbose="error")
            for number in range(len(read_header(str(path))["segments"]))
        ]
    return _joined(path, "Nicolet", [open_raw(part, str(path), unit=unit) for part in segments])


def open_micromed(path: Path, *, unit: str = "") -> Source:
    """Describe a Micromed file (.trc, header of type 4), each segment at its time.

    Raises
    ------
    NasionError
        If the package neo is missing, or can't read the file.
    """
    if not is_installed("neo"):
        raise missing(path, "neo")
    with refusing(path, _advice("Micromed")):
        from neo.rawio.micromedrawio import MicromedRawIO

        if _hides_segments(path):
            raise ValueError("of its segments the first is not told from the others")
        trace = MicromedRawIO(filename=str(path))
        trace.parse_header()
        segments = [
            _micromed_segment(path, trace, number, unit) for number in range(trace.segment_count(0))
        ]
    return _joined(path, "Micromed", segments)


def _advice(vendor: str) -> str:
    return f"export it as EDF+ with {vendor}'s software"


def _joined(path: Path, vendor: str, parts: list[Source]) -> Source:
    """Join the parts of a file if their last samples are there: these readers do not look."""
    with refusing(path, _advice(vendor)):
        for track in (track for part in parts for track in part.tracks):
            last = track.n_times - 1
            if last < 0 or track.read(range(len(track.labels)), last, last + 1).shape[1] != 1:
                raise ValueError("is cut short")
    return joined(path, parts)


def _hides_segments(path: Path) -> bool:
    """Whether the table of segments begins with a zero, at which neo takes all for one."""
    with path.open("rb") as file:
        file.seek(TABLE_OF_SEGMENTS)
        (begin,) = struct.unpack("<I", file.read(4))
        file.seek(begin)
        first, second = file.read(8), file.read(8)
    return not any(first) and any(second)


def _micromed_segment(path: Path, trace: Any, number: int, unit: str) -> Source:
    channels = trace.header["signal_channels"]
    grounds = trace.raw_annotations["blocks"][0]["segments"][0]["signals"][0][
        "__array_annotations__"
    ]["ground"]
    sfreq = Fraction(trace.get_signal_sampling_rate(0)).limit_denominator(1_000_000)
    units = tuple(map(str, channels["units"]))
    scale = np.array([MICROVOLTS[unit or voltage(name) or "uV"] for name in units])
    n_times = int(trace.get_signal_size(0, number, 0))
    begun = trace.raw_annotations["blocks"][0]["rec_datetime"]
    return Source(
        path=str(path),
        name=path.stem,
        tracks=(
            Track(
                labels=tuple(map(_micromed_label, channels["name"], grounds)),
                sfreq=sfreq,
                n_times=n_times,
                read=partial(
                    _read_micromed,
                    trace,
                    number,
                    channels["gain"].astype(float) * scale,
                    channels["offset"].astype(float) * scale,
                ),
                units=units,
            ),
        ),
        duration_s=n_times / float(sfreq),
        start=later(begun, trace.segment_t_start(0, number)),
        annotations=tuple(_micromed_notes(trace, number)),
    )


def _micromed_label(name: Any, negative: Any) -> str:
    """Name of the positive input with that of the negative one, where that is a reference."""
    name, whole = str(name).strip(), f"{str(name).strip()}-{str(negative).strip()}"
    return whole if str(negative).strip() and parse(whole).kind != "other" else name


def _micromed_notes(trace: Any, number: int) -> Iterator[tuple[float, float, str]]:
    """Onset in the segment, duration and text of what was written at the bedside."""
    names = list(trace.header["event_channels"]["name"])
    samples, _, texts = trace.get_event_timestamps(0, number, names.index("Note"))
    # Counted in stored samples, to which neo adds where the first segment begins.
    first = trace.info_segments[0][0] + trace.info_segments[number][1]
    sfreq = trace.get_signal_sampling_rate(0)
    for sample, text in zip(samples.tolist(), texts, strict=True):
        yield round((sample - first) / sfreq, 6), 0.0, str(text).strip("\0 ")


def _read_micromed(
    trace: Any, number: int, gain: Array, offset: Array, rows: Sequence[int], start: int, stop: int
) -> Array:
    stored = trace.get_analogsignal_chunk(0, number, start, stop, 0)[:, list(rows)].T
    return stored * gain[list(rows), None] + offset[list(rows), None]
