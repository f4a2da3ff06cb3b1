"""From the channels of a source to a recording: which electrode is which, and what is missing.

What is missing is interpolated where that is sound, and said.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from nasion.eeg import interpolation, naming
from nasion.eeg.inspection import believable
from nasion.eeg.montage import Montage
from nasion.eeg.recording import DAY_S, LONGEST_S, Recording, Signals
from nasion.eeg.remarks import Code, Remark
from nasion.eeg.resample import resampled
from nasion.eeg.source import Array, Source, Track, later
from nasion.eeg.stretches import stretches
from nasion.errors import NasionError
from nasion.terms import COLUMNS, EKG, ELECTRODES, SFREQ

LEAST_ELECTRODES = 10  # of the 19: half of them


@dataclass(frozen=True)
class _Plan:
    """How the 20 rows come out of the channels of a file."""

    parts: tuple[tuple[Track, tuple[int, ...], tuple[int, ...]], ...]  # track, its rows, our rows
    ekg_minus: tuple[Track, int] | None
    zero: int | None  # row of an electrode that is the reference of all others
    splines: tuple[tuple[int, tuple[int, ...], Array], ...]  # row, from rows, with weights
    n_times: int
    scale: float = 1.0  # takes a mistaken unit back


def assembled(source: Source, unit: str = "") -> Recording:
    """Choose the channels, plan what is interpolated, and say what is wrong.

    Parameters
    ----------
    unit
        Stated by the user; without it amplitudes that EEG cannot have tell a mistaken unit.

    Raises
    ------
    NasionError
        Where fewer than 10 of the 19 electrodes are there, or the source spans over two months.
    """
    if source.duration_s > LONGEST_S:
        raise NasionError(
            f"{source.path}: spans {source.duration_s / DAY_S:,.0f} days, gaps included; at most"
            f" {LONGEST_S / DAY_S:g} are read: correct the onsets of its records, or export it in"
            " parts"
        )
    places = [(track, row) for track in source.tracks for row in range(len(track.labels))]
    broken = [place for place in places if _unusable(place)]
    places = [place for place in places if place not in broken]
    selection = naming.select([_label(place) for place in places])
    warnings = [*source.warnings]
    start = source.start
    if start and not later(start, source.duration_s):
        start = None
        warnings.append(Remark(Code.START_BEYOND))
    for label in dict.fromkeys(map(_label, broken)):
        warnings.append(Remark(Code.EMPTY_CHANNEL, {"label": label}))
    if len(selection.electrodes) < LEAST_ELECTRODES:
        raise NasionError(f"{source.path}: {_refusal(selection, len(broken))}")

    electrodes = {name: places[number] for name, number in selection.electrodes.items()}
    hearts = [places[number] for number in selection.ekg]
    channels = electrodes | ({EKG: hearts[0]} if hearts else {})
    references, zero = _with_reference(selection)
    donors = interpolation.plan(references)
    missing = tuple(name for name in ELECTRODES if name not in references | donors)
    plan = _Plan(
        parts=_parts(channels),
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
    if selection.duplicates:
        warnings.append(Remark(Code.SECOND_CHANNEL, {"labels": selection.duplicates}))
    if zero:
        warnings.append(Remark(Code.REFERENCE_OF_ALL, {"electrode": zero}))
    scale, remark = (
        (1.0, None) if unit else believable(read, stretches(source.gaps_s, plan.n_times))
    )
    if scale != 1.0:
        read = partial(_read, replace(plan, scale=scale))
    warnings += filter(None, [naming.reference_warning(references), remark])
    rates = [float(track.sfreq) for track, _ in electrodes.values()]
    return Recording(
        name=source.name,
        n_times=plan.n_times,
        read=read,
        source_sfreq=max(rates, key=rates.count),
        start=start,
        montage=Montage(
            recorded=tuple(name for name in ELECTRODES if name in electrodes),
            interpolated=tuple(donors),
            missing=missing,
            components=_components(references, donors),
        ),
        ignored=selection.ignored + selection.duplicates + source.ignored,
        references=selection.stated,
        gaps_s=source.gaps_s,
        annotations=source.annotations,
        warnings=tuple(warnings),
        age_years=source.age_years,
    )


def _label(at: tuple[Track, int]) -> str:
    return at[0].labels[at[1]]


def _unusable(at: tuple[Track, int]) -> bool:
    return bool(at[0].unusable) and at[0].unusable[at[1]]


def _refusal(selection: naming.Selection, n_broken: int) -> str:
    n_electrodes = len(selection.electrodes)
    if n_broken and not n_electrodes:
        return "every electrode is flat or NaN throughout; check the recording or its export"
    if len(selection.derivations) > n_electrodes:
        montage = naming.montage_of(selection.derivations)
        return f"holds {montage}, which hides the single electrodes; export it referentially"
    labels = ", ".join(selection.ignored[:5]) or "no others"
    return (
        f"holds {n_electrodes} of the 19 electrodes of the 10-20 system"
        f" ({', '.join(selection.electrodes) or 'none'}; also {labels})"
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


def _components(
    references: Mapping[str, str], donors: Mapping[str, tuple[str, ...]]
) -> tuple[tuple[str, ...], ...]:
    """Electrodes by what can be subtracted: those against one reference."""
    against = {name: references[sites[0]] for name, sites in donors.items()} | dict(references)
    return tuple(
        tuple(name for name in ELECTRODES if against.get(name) == reference)
        for reference in dict.fromkeys(against.values())
    )


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
