"""One door for every recording: a path or an `mne.io.Raw` in, a `Recording` out.

EDF, BDF and HMS parquet are read here; other formats through MNE-Python. What is missing is
interpolated where that is sound, and said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nasion.eeg import interpolation, naming
from nasion.eeg.edf.header import SAMPLE_BYTES
from nasion.eeg.edf.reader import MICROVOLTS, open_edf
from nasion.eeg.inspection import believable
from nasion.eeg.parquet import open_parquet
from nasion.eeg.recording import Recording, Signals
from nasion.eeg.remarks import Code, Remark
from nasion.eeg.resample import Array, Source, Track, resampled
from nasion.errors import NasionError
from nasion.terms import COLUMNS, EKG, ELECTRODES, SFREQ

if TYPE_CHECKING:
    import mne

LEAST_ELECTRODES = 10  # of the 19: half of them
ADVICE = "export it as EDF+ with the vendor's software"
VENDORS = {
    **dict.fromkeys((".erd", ".ent", ".etc", ".snc", ".stc", ".vtc"), "Natus"),
    ".e": "Nicolet",
    ".trc": "Micromed",
}
FOLDER_FORMATS = (".mff", ".ds", ".mefd")


@dataclass(frozen=True)
class _Plan:
    """How the 20 rows come out of the channels of a file."""

    parts: tuple[tuple[Track, tuple[int, ...], tuple[int, ...]], ...]  # track, its rows, our rows
    ekg_minus: tuple[Track, int] | None
    zero: int | None  # row of an electrode that is the reference of all others
    splines: tuple[tuple[int, tuple[int, ...], Array], ...]  # row, from rows, with weights
    n_times: int
    scale: float = 1.0  # takes a mistaken unit back


def open_recording(source: "Path | str | mne.io.BaseRaw", *, unit: str = "") -> Recording:
    """Open a recording of any format; samples are read when asked for.

    Parameters
    ----------
    source
        A file (EDF, EDF+, BDF, parquet in HMS layout, or what MNE reads) or an `mne.io.Raw`.
    unit
        What the numbers of the file are in (nV, uV, mV, V), whatever its header says. Without it
        a header is believed unless EEG cannot have such amplitudes; then a warning tells.

    Raises
    ------
    NasionError
        If the file can't be read, or holds fewer than 10 of the 19 electrodes.
    """
    if unit and unit not in MICROVOLTS:
        raise NasionError(f"unit '{unit}' is none of {', '.join(MICROVOLTS)}")
    if isinstance(source, str | Path):
        return _assemble(_open_path(Path(source), unit), unit)
    if not callable(getattr(source, "get_data", None)) or not hasattr(source, "first_time"):
        raise NasionError(f"a recording is a path or an mne.io.Raw, not {type(source).__name__}")
    return _assemble(_open_raw(source, "", unit), unit)


def _open_path(path: Path, unit: str) -> Source:
    suffix = path.suffix.lower()
    if not path.exists():
        raise NasionError(f"{path}: not found")
    if path.is_dir() and suffix not in FOLDER_FORMATS:
        if any(path.glob("*.erd")):
            raise NasionError(f"{path}: is a Natus recording, which can't be read; {ADVICE}")
        raise NasionError(f"{path}: is a folder; give one recording")
    if path.is_file():
        if path.stat().st_size == 0:
            raise NasionError(f"{path}: is empty; copy it again")
        try:
            with path.open("rb") as file:
                magic = file.read(8)
        except OSError as error:
            raise NasionError(f"{path}: can't be read ({error.strerror})") from None
        if suffix in (".edf", ".bdf") or (suffix == ".rec" and magic.strip() in SAMPLE_BYTES):
            return open_edf(path, unit=unit)
        if suffix in (".parquet", ".pq"):
            return open_parquet(path, unit=unit)
    if suffix in VENDORS:
        raise NasionError(f"{path}: {VENDORS[suffix]} files ({suffix}) can't be read; {ADVICE}")
    return _open_mne(path, unit)


def _open_mne(path: Path, unit: str) -> Source:
    import warnings

    import mne

    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        try:
            raw = mne.io.read_raw(path, preload=False, verbose="error")
        except Exception as error:  # readers of two dozen formats raise whatever they meet
            reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
            raise NasionError(
                f"{path}: can't be read ({reason}); {ADVICE}, or give EDF, BDF or HMS parquet"
            ) from None
    return _open_raw(raw, str(path), unit)


def _open_raw(raw: Any, path: str, unit: str) -> Source:
    """Describe what MNE opened; it holds volts."""
    sfreq = float(raw.info["sfreq"])
    files = [Path(name) for name in raw.filenames if name is not None]
    name = Path(path or (files[0] if files else "raw")).name
    # Onsets count from the clock time of the measurement, or from the first sample without one.
    origin = float(raw.first_time) if raw.annotations.orig_time is not None else 0.0
    events = sorted(
        (round(float(onset) - origin, 6), float(duration), str(text))
        for onset, duration, text in zip(
            raw.annotations.onset,
            raw.annotations.duration,
            raw.annotations.description,
            strict=True,
        )
    )
    gaps = tuple((onset, length) for onset, length, text in events if text == "BAD_ACQ_SKIP")
    start: datetime | None = raw.info["meas_date"]
    if start is not None:
        start = start.replace(tzinfo=None) + timedelta(seconds=float(raw.first_time))
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
            ),
        ),
        duration_s=raw.n_times / sfreq,
        start=start,
        gaps_s=gaps,
        annotations=tuple(event for event in events if event[2] != "BAD_ACQ_SKIP"),
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


def _assemble(source: Source, unit: str) -> Recording:
    """Choose the channels, plan what is interpolated, and say what is wrong."""
    where = [(track, row) for track in source.tracks for row in range(len(track.labels))]
    broken = [at for at in where if _unusable(at)]
    where = [at for at in where if at not in broken]
    selection = naming.select([_label(at) for at in where])
    warnings = [*source.warnings]
    for label in dict.fromkeys(map(_label, broken)):
        warnings.append(Remark(Code.EMPTY_CHANNEL, {"label": label}))
    if len(selection.electrodes) < LEAST_ELECTRODES:
        raise NasionError(f"{source.path}: {_refusal(selection, len(broken))}")

    chosen = {name: where[number] for name, number in selection.electrodes.items()}
    hearts = [where[number] for number in selection.ekg]
    used = chosen | ({EKG: hearts[0]} if hearts else {})
    references, zero = _with_reference(selection)
    donors = interpolation.plan(references)
    missing = tuple(name for name in ELECTRODES if name not in references | donors)
    plan = _Plan(
        parts=_parts(used),
        ekg_minus=hearts[1] if len(hearts) > 1 else None,
        zero=COLUMNS.index(zero) if zero else None,
        splines=tuple(
            (
                COLUMNS.index(name),
                tuple(COLUMNS.index(site) for site in sites),
                interpolation.weights(sites, (name,))[0],
            )
            for name, sites in donors.items()
        ),
        n_times=round(source.duration_s * SFREQ),
    )
    read = partial(_read, plan)
    warnings += _odd_units(used)
    if selection.duplicates:
        warnings.append(Remark(Code.SECOND_CHANNEL, {"labels": selection.duplicates}))
    if zero:
        warnings.append(Remark(Code.REFERENCE_OF_ALL, {"electrode": zero}))
    scale, doubt = (1.0, None) if unit else believable(read, plan.n_times)
    if scale != 1.0:
        read = partial(_read, replace(plan, scale=scale))
    warnings += filter(None, [naming.reference_warning(references), doubt])
    rates = [float(track.sfreq) for track, _ in chosen.values()]
    return Recording(
        name=source.name,
        n_times=plan.n_times,
        read=read,
        source_sfreq=max(rates, key=rates.count),
        start=source.start,
        missing=missing,
        interpolated=tuple(donors),
        ignored=selection.ignored + selection.duplicates + source.ignored,
        references=selection.stated,
        gaps_s=source.gaps_s,
        annotations=source.annotations,
        warnings=tuple(warnings),
    )


def _label(at: tuple[Track, int]) -> str:
    return at[0].labels[at[1]]


def _unusable(at: tuple[Track, int]) -> bool:
    return bool(at[0].unusable) and at[0].unusable[at[1]]


def _odd_units(used: Mapping[str, tuple[Track, int]]) -> list[Remark]:
    """Name the electrodes of each unit that is no voltage."""
    electrodes: dict[str, list[str]] = {}
    for name, (track, row) in used.items():
        unit = track.odd_units[row] if track.odd_units else None
        if unit is not None:
            electrodes.setdefault(unit, []).append(name)
    return [
        Remark(Code.NO_VOLTAGE, {"electrodes": tuple(names), "unit": unit})
        if unit
        else Remark(Code.NO_UNIT, {"electrodes": tuple(names)})
        for unit, names in electrodes.items()
    ]


def _refusal(selection: naming.Selection, n_broken: int) -> str:
    found = len(selection.electrodes)
    if n_broken and not found:
        return "every electrode is flat or NaN throughout; check the recording or its export"
    if len(selection.derivations) > found:
        montage = naming.montage_of(selection.derivations)
        return f"holds {montage}, which hides the single electrodes; export it referentially"
    others = ", ".join(selection.ignored[:5]) or "no others"
    return (
        f"holds {found} of the 19 electrodes of the 10-20 system"
        f" ({', '.join(selection.electrodes) or 'none'}; also {others})"
        f"{f', {n_broken} more are flat or NaN' if n_broken else ''};"
        f" at least {LEAST_ELECTRODES} are needed: export more channels or rename them"
    )


def _with_reference(selection: naming.Selection) -> tuple[dict[str, str], str]:
    """Add the electrode that all others refer to, whose own trace is zero."""
    if len(selection.stated) != 1 or selection.stated[0] not in ELECTRODES:
        return selection.references, ""
    reference = selection.stated[0]
    zero = "" if reference in selection.electrodes else reference
    return selection.references | {reference: reference}, zero


def _parts(
    channels: dict[str, tuple[Track, int]],
) -> tuple[tuple[Track, tuple[int, ...], tuple[int, ...]], ...]:
    parts: dict[int, tuple[Track, list[int], list[int]]] = {}
    for name, (track, row) in channels.items():
        _, rows, targets = parts.setdefault(id(track), (track, [], []))
        rows.append(row)
        targets.append(COLUMNS.index(name))
    return tuple((track, tuple(rows), tuple(targets)) for track, rows, targets in parts.values())


def _read(plan: _Plan, start: int, stop: int) -> Signals:
    """Give samples start..stop of the 20 channels, µV."""
    if not 0 <= start <= stop <= plan.n_times:
        raise ValueError(f"samples {start}..{stop} are not within 0..{plan.n_times}")
    signals = np.full((len(COLUMNS), stop - start), np.nan)
    for track, rows, targets in plan.parts:
        signals[list(targets)] = resampled(track, rows, start, stop)
    if plan.ekg_minus:
        track, row = plan.ekg_minus
        signals[COLUMNS.index(EKG)] -= resampled(track, (row,), start, stop)[0]
    if plan.zero is not None:
        silent = np.isnan(signals[: len(ELECTRODES)]).all(axis=0)
        signals[plan.zero] = np.where(silent, np.nan, 0.0)
    for row, sites, weights in plan.splines:
        signals[row] = weights @ signals[list(sites)]
    return (signals * plan.scale).astype(np.float32)
