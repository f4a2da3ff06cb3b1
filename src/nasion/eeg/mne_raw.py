"""Recordings that MNE-Python opens: files of two dozen formats, and an `mne.io.Raw`."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from functools import partial
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from nasion.eeg.age import YEAR_DAYS, believable
from nasion.eeg.annotations import Annotation
from nasion.eeg.companions import companions_of
from nasion.eeg.content import head_of
from nasion.eeg.packages import is_installed, missing
from nasion.eeg.private_folder import PrivateFolder
from nasion.eeg.source import MICROVOLTS, Array, Source, Track, later
from nasion.errors import NasionError

# What MNE asks for only after it has looked at other things.
NEEDED = {".cdt": "curryreader", ".mff": "mffpy"}
DEPTH = frozenset(("seeg", "ecog", "dbs"))  # kinds of channels that lie within the skull
VOLTAGES = DEPTH | {"eeg", "ecg", "eog", "emg", "bio"}
SKIP = "BAD_ACQ_SKIP"  # MNE's word where nothing was recorded
ADVICE = "export it as EDF+ with the vendor's software"


def open_mne(path: Path, *, unit: str = "") -> Source:
    """Open a file of any format that MNE knows."""
    if path.suffix != path.suffix.lower():
        return open_linked(path, unit=unit)
    return _guarded(path, open_raw(_read_file(path), str(path), unit=unit))


def open_linked(path: Path, *, unit: str = "") -> Source:
    """Open a file whatever letters are large in its suffix and those of its companions.

    MNE's readers want a header's in small letters, and some want its companions' in capitals.
    """
    folder = PrivateFolder()
    lowered = folder.path / f"{path.stem}{path.suffix.lower()}"
    try:
        for other in companions_of(path):
            suffixes = other.suffix.lower(), other.suffix.upper()
            for name in (other.name, other.name.lower(), *(other.stem + end for end in suffixes)):
                if not (folder.path / name).exists():
                    (folder.path / name).symlink_to(other.resolve())
        if lowered.suffix in (".vhdr", ".ahdr"):  # it names the file of its markers
            lowered.write_bytes(re.sub(rb"\.[VA]MRK", lambda m: m[0].lower(), path.read_bytes()))
        else:
            lowered.symlink_to(path.resolve(), target_is_directory=path.is_dir())
    except OSError:  # links are not to be had everywhere
        raise NasionError(
            f"{path}: can't be read under this name; rename it to {lowered.name}"
        ) from None
    with folder.told_as(path):
        raw = _read_file(lowered)
    return folder.kept_by(_guarded(path, open_raw(raw, str(path), unit=unit)), path)


def _guarded(path: Path, source: Source) -> Source:
    """Say in one line what is met in samples that are damaged, too."""
    tracks = (replace(track, read=partial(_read_guarded, path, track)) for track in source.tracks)
    return replace(source, tracks=tuple(tracks))


def _read_guarded(path: Path, track: Track, rows: Sequence[int], start: int, stop: int) -> Array:
    try:
        return track.read(rows, start, stop)
    except Exception as error:  # as above
        raise _refusal(path, [error]) from None


def _read_file(path: Path) -> Any:
    import warnings

    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        errors = []
        for read in _readers(path):
            try:
                return read(path, preload=False, verbose="error")
            except Exception as error:  # readers of two dozen formats raise whatever they meet
                errors.append(error)
    raise _refusal(path, errors)


def _readers(path: Path) -> Sequence[Callable[..., Any]]:
    """MNE's readers for a file; of formats that share a suffix, those that come into question.

    `mne.io.read_raw` tries them too, but keeps what each of them met to itself.
    """
    import mne

    suffix = path.suffix.lower()
    if suffix == ".cnt":
        head = head_of(path)
        if head.startswith((b"RIFF", b"RF64")):
            return (mne.io.read_raw_ant,)
        if head.startswith(b"Version 3"):
            return (mne.io.read_raw_cnt,)
        return mne.io.read_raw_cnt, mne.io.read_raw_ant
    if suffix == ".dat":
        return mne.io.read_raw_curry, mne.io.read_raw_bci2k
    return (mne.io.read_raw,)


def _refusal(path: Path, errors: Sequence[Exception]) -> NasionError:
    """Say in one line why no reader could, and what to do."""
    package = next(filter(None, map(_package_missing, errors)), "")
    needed = NEEDED.get(path.suffix.lower(), "")
    if package or (needed and not is_installed(needed)):
        return missing(path, package or needed)
    lines = [str(error).partition("\n")[0].strip().rstrip(".") for error in errors]
    reason = next(filter(None, lines), type(errors[0]).__name__)
    return NasionError(
        f"{path}: can't be read ({reason}); {ADVICE}, or give EDF, BDF or HMS parquet"
    )


def _package_missing(error: BaseException) -> str:
    """Name the package that MNE asks for, in its own words or by a failed import; else nothing."""
    told = re.search(r"pip install (?:-+\w+ )*([\w.-]+)", str(error))
    if told:
        return told[1]
    if "matlab v7.3" in str(error):
        return "pymatreader"
    return (error.name or "") if isinstance(error, ModuleNotFoundError) else ""


def open_raw(raw: Any, path: str = "", *, unit: str = "") -> Source:
    """Describe an `mne.io.Raw`; it holds volts."""
    sfreq = float(raw.info["sfreq"])
    kinds = raw.get_channel_types()
    files = [Path(name) for name in raw.filenames if name is not None]
    name = Path(path or (files[0] if files else "raw")).name
    # Onsets count from the clock time of the measurement, or from the first sample without one.
    origin = float(raw.first_time) if raw.annotations.orig_time is not None else 0.0
    events = [
        (round(float(onset) - origin, 6), float(duration), str(text))
        for onset, duration, text in zip(
            raw.annotations.onset,
            raw.annotations.duration,
            raw.annotations.description,
            strict=True,
        )
    ]
    gaps = _gaps(filter(_is_skip, events), float(raw.n_times / sfreq))
    measured: datetime | None = raw.info["meas_date"]
    start = later(measured and measured.replace(tzinfo=None), float(raw.first_time))
    spans = tuple((round(onset * sfreq), round((onset + length) * sfreq)) for onset, length in gaps)
    return Source(
        path=path or str(files[0] if files else f"{type(raw).__name__} object"),
        name=name.removesuffix(".gz").rpartition(".")[0] or name,
        tracks=(
            Track(
                labels=tuple(raw.ch_names),
                sfreq=Fraction(sfreq),
                n_times=int(raw.n_times),
                read=partial(_read_raw, raw, spans, MICROVOLTS[unit or "V"]),
                units=_units(kinds),
                bad=tuple(name in raw.info["bads"] for name in raw.ch_names),
                depth=tuple(kind in DEPTH for kind in kinds),
            ),
        ),
        duration_s=raw.n_times / sfreq,
        start=start,
        gaps_s=gaps,
        annotations=tuple(entry for entry in events if not _is_skip(entry)),
        age_years=_age_years(raw.info["subject_info"], start),
    )


def _is_skip(entry: Annotation) -> bool:
    """Whether it says where nothing was recorded; without a time it is an annotation as others."""
    return entry[2] == SKIP and not isnan(entry[0] + entry[1])


def _gaps(skips: Iterable[Annotation], duration_s: float) -> tuple[tuple[float, float], ...]:
    """Give (onset, duration) of what was skipped, in the recording; those that touch are one."""
    gaps: list[tuple[float, float]] = []
    for onset_s, length_s, _ in sorted(skips):
        begin, end = max(onset_s, 0.0), min(onset_s + length_s, duration_s)
        if gaps and begin <= sum(gaps[-1]):
            begin = gaps[-1][0]
            end = max(end, sum(gaps.pop()))
        if end > begin:
            gaps.append((round(begin, 6), round(end - begin, 6)))
    return tuple(gaps)


def _age_years(subject: Any, start: datetime | None) -> float | None:
    """Age by the day of birth, where one is stated that can be."""
    born = subject.get("birthday") if subject else None
    if start is None or not isinstance(born, date):
        return None
    years = (start.date() - born).days / YEAR_DAYS
    return years if believable(years) else None


def _units(kinds: Sequence[str]) -> tuple[str, ...]:
    """Volts for what MNE keeps in volts, the kind of channel for the rest.

    Its misc is anything; where no channel is of a better kind, nobody stated any.
    """
    nothing_stated = set(kinds) <= {"misc", "stim"}
    return tuple(
        "V" if kind in VOLTAGES or (nothing_stated and kind == "misc") else kind for kind in kinds
    )


def _read_raw(
    raw: Any,
    gaps: tuple[tuple[int, int], ...],
    gain: float,
    rows: Sequence[int],
    start: int,
    stop: int,
) -> Array:
    signals = np.empty((len(rows), stop - start))
    if start < stop:
        order = np.argsort(rows)  # MNE wants channels in the order of the file
        signals[order] = raw.get_data([rows[i] for i in order], start, stop, verbose="error")
    signals *= gain
    for begin, end in gaps:
        if begin < stop and end > start:
            signals[:, max(begin - start, 0) : end - start] = np.nan
    return signals
