"""Persyst: a .lay file that describes the samples in a .dat file.

MNE's reader takes stretches that lie apart for one, and none without a day of birth.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from functools import partial
from math import ceil
from pathlib import Path

import numpy as np

from nasion.eeg.age import YEAR_DAYS, believable
from nasion.eeg.clips import MOST_OVERLAP_S, Clip, gaps_of, track_of
from nasion.eeg.numbers import quotient
from nasion.eeg.source import MICROVOLTS, Array, Source, later
from nasion.errors import NasionError

SAMPLES = {"0": "<i2", "7": "<i4"}  # by the type of data
TOLERANCE_S = 0.1  # of stated times: less is how clocks drift, more is a gap
DAY_S = 86_400.0
DAYS = ("%Y.%m.%d", "%m/%d/%Y", "%d-%m-%Y", "%m/%d/%y", "%d-%m-%y")

Section = Mapping[str, str]


@dataclass(frozen=True)
class _Samples:
    """Where samples are: interleaved, shape (n_times, n_chans)."""

    path: Path
    dtype: str
    header_bytes: int
    n_chans: int
    n_times: int
    gain: float  # to microvolts


def open_persyst(path: Path, *, unit: str = "") -> Source:
    """Describe a Persyst recording by its .lay file, each stretch at the time that it states.

    Raises
    ------
    NasionError
        If the file is no such description, or its samples are not there.
    """
    sections = _sections(path)
    samples, labels, sfreq = _described(path, sections, unit)
    placed = list(_stretches(path, sections.get("sampletimes", ()), samples.n_times, float(sfreq)))
    clips = [
        Clip(onset_s, stop - first, partial(_read, samples, first))
        for onset_s, first, stop, _ in placed
    ]
    patient = {key.lower(): value for key, value in _pairs(sections.get("patient", ()))}
    start = _start(patient, placed[0][3])
    spans = [(clip.onset_s, clip.onset_s + clip.n_times / float(sfreq)) for clip in clips]
    return Source(
        path=str(path),
        name=path.stem,
        tracks=(track_of(str(path), labels, sfreq, clips),),
        duration_s=spans[-1][1],
        start=start,
        gaps_s=gaps_of(spans),
        annotations=tuple(sorted(_comments(sections.get("comments", ())))),
        age_years=_age_years(patient, start),
    )


def _sections(path: Path) -> dict[str, list[str]]:
    """Lines by their section, lower case."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    sections: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            lines = sections.setdefault(line[1:-1].strip().lower(), [])
        elif line:
            lines.append(line)
    return sections


def _pairs(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Key and value of lines `key=value`."""
    for line in lines:
        key, _, value = line.partition("=")
        yield key.strip(), value.strip()


def _described(
    path: Path, sections: Mapping[str, Sequence[str]], unit: str
) -> tuple[_Samples, tuple[str, ...], Fraction]:
    info = {key.lower(): value for key, value in _pairs(sections.get("fileinfo", ()))}
    try:
        n_chans, sfreq = int(info["waveformcount"]), quotient(info["samplingrate"])
        header_bytes = int(info.get("headerlength") or 0)
        gain = float(quotient(info["calibration"])) * MICROVOLTS[unit or "uV"]
        dtype = SAMPLES[info["datatype"]]
        numbers = {int(value): key for key, value in _pairs(sections["channelmap"]) if value}
    except (KeyError, ValueError, ZeroDivisionError) as error:
        raise NasionError(
            f"{path}: its description is damaged ({error}); copy it again or export it anew"
        ) from None
    interleaved = info.get("filetype", "interleaved").lower() == "interleaved"
    if not interleaved or n_chans < 1 or sfreq <= 0 or header_bytes < 0:
        raise NasionError(f"{path}: its samples are not interleaved; export it anew")
    data = _data_file(path, info.get("file", ""))
    n_times = (data.stat().st_size - header_bytes) // (n_chans * np.dtype(dtype).itemsize)
    if n_times < 1:
        raise NasionError(f"{path}: {data.name} holds no samples; copy it again")
    labels = tuple(numbers.get(number + 1, "") for number in range(n_chans))
    return _Samples(data, dtype, header_bytes, n_chans, n_times, gain), labels, sfreq


def _data_file(path: Path, stated: str) -> Path:
    """File of the samples: the stated one beside the description, else the one of its own name."""
    names = (stated.replace("\\", "/").rpartition("/")[2].lower(), f"{path.stem}.dat".lower())
    beside = {other.name.lower(): other for other in path.parent.iterdir() if other.is_file()}
    for name in names:
        if name in beside:
            return beside[name]
    raise NasionError(f"{path}: its samples ({names[0] or names[1]}) are not beside it; copy both")


def _stretches(
    path: Path, lines: Sequence[str], n_times: int, sfreq: float
) -> Iterator[tuple[float, int, int, float | None]]:
    """Give onset, first sample, the one after the last, and second of the day of the beginning."""
    try:
        times = [(int(sample), quotient(second)) for sample, second in _pairs(lines) if second]
    except ValueError:
        raise NasionError(f"{path}: its sample times are damaged; export it anew") from None
    stated = sorted((sample, float(at)) for sample, at in times if sample < n_times)
    if not stated:
        yield 0.0, 0, n_times, None
        return
    origin_s = stated[0][1] - stated[0][0] / sfreq
    first, onset_s = 0, 0.0
    for sample, second in stated:
        expected_s = onset_s + (sample - first) / sfreq
        at_s = second - origin_s
        at_s += DAY_S * max(ceil((expected_s - at_s) / DAY_S - 1 / 2), 0)  # past midnight
        if expected_s - at_s > MOST_OVERLAP_S:
            raise NasionError(
                f"{path}: sample {sample} is said to be {expected_s - at_s:g} s earlier than the"
                " samples before it end; export it anew"
            )
        if at_s - expected_s > TOLERANCE_S:
            yield onset_s, first, sample, origin_s
            first, onset_s = sample, at_s
    yield onset_s, first, n_times, origin_s


def _start(patient: Section, second: float | None) -> datetime | None:
    """Clock time of the first sample: the day of the test, and the second of that day."""
    day = _day(patient.get("testdate", ""))
    if day is None:
        return None
    midnight = datetime.combine(day, datetime.min.time())
    if second is not None:
        return later(midnight, second)
    try:
        clock = datetime.strptime(patient.get("testtime", ""), "%H:%M:%S")
    except ValueError:
        return None
    return datetime.combine(day, clock.time())


def _day(text: str) -> date | None:
    for form in DAYS:
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    return None


def _age_years(patient: Section, start: datetime | None) -> float | None:
    born = _day(patient.get("birthdate", ""))
    if born is None or start is None:
        return None
    years = (start.date() - born).days / YEAR_DAYS
    if years < 0:  # of a year of two digits
        years += 100
    return years if believable(years) else None


def _comments(lines: Sequence[str]) -> Iterator[tuple[float, float, str]]:
    """Lines `onset,duration,state,type,text`; what is none of them is passed over."""
    for line in lines:
        parts = line.split(",", 4)
        try:
            onset_s, duration_s, text = float(parts[0]), float(parts[1]), parts[4].strip()
        except (ValueError, IndexError):
            continue
        if text:
            yield onset_s, duration_s, text


def _read(samples: _Samples, first: int, rows: Sequence[int], start: int, stop: int) -> Array:
    # Mapped anew for each piece: a mapping that stays would count as memory once read.
    shape = (samples.n_times, samples.n_chans)
    stored = np.memmap(samples.path, samples.dtype, "r", samples.header_bytes, shape)
    return stored[first + start : first + stop, list(rows)].T * samples.gain
