"""A stay: recordings of one patient in many files, joined by clock into one."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from nasion.eeg import montage
from nasion.eeg.recording import DAY_S, LONGEST_S, Recording, Signals
from nasion.eeg.remarks import Code, Remark
from nasion.errors import NasionError
from nasion.terms import COLUMNS, ELECTRODES, SFREQ

MOST_OVERLAP_S = 1.0  # clocks are set back and headers round; more is two recordings at once
LONGEST_GAP_S = 7 * DAY_S  # a longer one is a wrong date or another stay

Gaps = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class _Part:
    """A file's place among the samples of the stay; what of it lies before `start` is left out."""

    recording: Recording
    first: int  # where its first sample would stand
    start: int

    @property
    def stop(self) -> int:
        return max(self.first + self.recording.n_times, self.start)

    @property
    def first_s(self) -> float:
        return self.first / SFREQ


def joined(recordings: Sequence[Recording], name: str) -> Recording:
    """Join the files of a stay; samples are read when asked for.

    The samples of the stay lie on a grid of 200 Hz from the first one of the first file; a file
    that begins between two of them is moved by less than 2.5 ms. Where nothing was recorded, and
    where an electrode is missing in a file, is NaN.

    Parameters
    ----------
    recordings
        In any order; their rates, channels and references may differ.
    name
        Of the stay.

    Raises
    ------
    NasionError
        If the clock of a file is unknown, files overlap by more than 1 s or lie more than a week
        apart.
    """
    if not recordings:
        raise NasionError(f"{name}: no recording to join; give the files of the stay")
    if unknown := [recording.name for recording in recordings if recording.start is None]:
        raise NasionError(
            f"{', '.join(unknown)}: without a clock time, by which the files of a stay are joined;"
            " export with date and time, or read these files one by one"
        )
    parts, warnings = _parts(recordings)
    if parts[-1].stop > LONGEST_S * SFREQ:
        raise NasionError(
            f"{name}: spans {parts[-1].stop / SFREQ / DAY_S:,.0f} days; at most"
            f" {LONGEST_S / DAY_S:g} are read at once: join fewer files"
        )
    ordered = [part.recording for part in parts]
    for recording in ordered:
        warnings += [warning.of(recording.name) for warning in recording.warnings]
        warnings += _state_remarks(recording, ordered)
    references = tuple(dict.fromkeys(site for part in ordered for site in part.references))
    if len({recording.references for recording in ordered}) > 1:
        values = {
            "references": tuple("+".join(recording.references) for recording in ordered),
            "files": tuple(recording.name for recording in ordered),
        }
        warnings.append(Remark(Code.DIFFERING_REFERENCES, values))
    names = tuple(recording.montage.name for recording in ordered)
    if len(set(names)) > 1:
        files = tuple(recording.name for recording in ordered)
        warnings.append(Remark(Code.DIFFERING_MONTAGES, {"values": names, "files": files}))
    rates: dict[float, int] = {}
    for recording in ordered:
        rates[recording.source_sfreq] = rates.get(recording.source_sfreq, 0) + recording.n_times
    return Recording(
        name=name,
        n_times=parts[-1].stop,
        read=partial(_read, parts),
        source_sfreq=max(rates, key=lambda rate: rates[rate]),
        start=ordered[0].start,
        montage=montage.joined([recording.montage for recording in ordered]),
        read_channels=_channels_of(parts),
        ignored=tuple(dict.fromkeys(label for part in ordered for label in part.ignored)),
        references=references,
        gaps_s=_gaps(parts),
        annotations=tuple(
            sorted(
                (round(onset_s + part.first_s, 6), duration_s, text)
                for part in parts
                for onset_s, duration_s, text in part.recording.annotations
            )
        ),
        warnings=tuple(warnings),
        age_years=min(
            (part.age_years for part in ordered if part.age_years is not None), default=None
        ),
    )


def _state_remarks(recording: Recording, recordings: Sequence[Recording]) -> list[Remark]:
    """Say which electrodes are missing or interpolated in this file alone or in some."""
    warnings = []
    for state in ("missing", "interpolated"):
        shared = set(ELECTRODES).intersection(*(getattr(other, state) for other in recordings))
        if sites := tuple(site for site in getattr(recording, state) if site not in shared):
            values = {"electrodes": sites, "state": state}
            warnings.append(Remark(Code.UNLIKE_OTHERS, values, recording.name))
    return warnings


def _parts(recordings: Sequence[Recording]) -> tuple[tuple[_Part, ...], list[Remark]]:
    """Give the files in the order of their clocks, each in its place, and what to say of it."""
    clocks = [(recording.start, recording) for recording in recordings if recording.start]
    clocks.sort(key=lambda entry: (entry[0], entry[1].name))
    parts: list[_Part] = []
    warnings = []
    for start, recording in clocks:
        first = round((start - clocks[0][0]).total_seconds() * SFREQ)
        stop = parts[-1].stop if parts else 0
        gap_s = (first - stop) / SFREQ
        if gap_s > LONGEST_GAP_S:
            raise NasionError(
                f"{recording.name}: begins {gap_s / DAY_S:.1f} days after"
                f" {parts[-1].recording.name} ends; correct its date or read it by itself"
            )
        if gap_s < -MOST_OVERLAP_S:
            raise NasionError(
                f"{recording.name}: begins {-gap_s:g} s before {parts[-1].recording.name} ends;"
                " give each stretch once and the files of one patient only"
            )
        if gap_s < 0:
            values = {"overlap_s": -gap_s, "before": parts[-1].recording.name}
            warnings.append(Remark(Code.OVERLAP, values, recording.name))
        parts.append(_Part(recording, first, max(first, stop)))
    return tuple(parts), warnings


def _gaps(parts: Sequence[_Part]) -> Gaps:
    """Stretches without a value, in files and between them; those that touch are one."""
    gaps: list[tuple[float, float]] = []
    stop_s = 0.0
    for part in parts:
        gaps.append((stop_s, part.start / SFREQ))
        for onset_s, duration_s in part.recording.gaps_s:
            begin = part.first_s + onset_s
            gaps.append((max(begin, part.start / SFREQ), begin + duration_s))
        stop_s = part.stop / SFREQ
    return tuple(_merged(gaps))


def _merged(gaps: Iterable[tuple[float, float]]) -> Iterable[tuple[float, float]]:
    """Give (onset, duration) of the gaps (begin, end) that are none of length 0."""
    begin, end = 0.0, 0.0
    for gap in gaps:
        if gap[1] <= gap[0]:
            continue
        if end > begin and gap[0] > end + 0.5 / SFREQ:
            yield round(begin, 6), round(end - begin, 6)
            begin, end = gap
        elif end > begin:
            end = max(end, gap[1])
        else:
            begin, end = gap
    if end > begin:
        yield round(begin, 6), round(end - begin, 6)


def _read(parts: Sequence[_Part], start: int, stop: int) -> Signals:
    """Give samples start..stop of the stay."""
    readers = [part.recording.read for part in parts]
    return _placed(parts, readers, len(COLUMNS), start, stop)


def _channels_of(parts: Sequence[_Part]) -> Callable[[int, int], Signals] | None:
    """What reads the channels of the stay, where electrodes of every file were rebuilt of the same.

    None for others: what is rebuilt in some files is judged as if it were recorded.
    """
    readers = [each for part in parts if (each := part.recording.read_channels)]
    names = {part.recording.montage.recorded for part in parts}
    if len(readers) < len(parts) or len(names) > 1:
        return None
    return partial(_placed, parts, readers, len(names.pop()))


def _placed(
    parts: Sequence[_Part],
    readers: Sequence[Callable[[int, int], Signals]],
    n_rows: int,
    start: int,
    stop: int,
) -> Signals:
    """Give samples start..stop of what is read of each file, NaN between them."""
    if not 0 <= start <= stop <= parts[-1].stop:
        raise ValueError(f"samples {start}..{stop} are not within 0..{parts[-1].stop}")
    signals = np.full((n_rows, stop - start), np.nan, np.float32)
    for part, read in zip(parts, readers, strict=True):
        begin, end = max(start, part.start), min(stop, part.stop)
        if begin < end:
            signals[:, begin - start : end - start] = read(begin - part.first, end - part.first)
    return signals
