"""From the channels of a source to a recording: which electrode is which, and what is missing.

What derivations determine is rebuilt, what is missing is interpolated where that is sound, and both
are said.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial, reduce

import numpy as np
from numpy.typing import NDArray

from nasion.eeg import interpolation, naming
from nasion.eeg.annotations import cleaned
from nasion.eeg.dead import dead_channels
from nasion.eeg.inspection import believable, towering
from nasion.eeg.montage import Montage
from nasion.eeg.potentials import Link, Solution, potentials, solve
from nasion.eeg.recording import DAY_S, LONGEST_S, Recording, Signals
from nasion.eeg.remarks import Code, Remark
from nasion.eeg.resample import resampled
from nasion.eeg.source import Array, Source, Track, later
from nasion.eeg.stretches import Spans, stretches
from nasion.errors import NasionError
from nasion.files import as_text
from nasion.terms import COLUMNS, ELECTRODES, SFREQ

LEAST_SFREQ = 40  # of a channel of EEG: half of it is the highest frequency of any network here
LEAST_ELECTRODES = 4  # a chain of fewer holds two derivations at most, which show no pattern


@dataclass(frozen=True)
class _Plan:
    """How the 20 rows come out of the channels of a file."""

    links: tuple[Link, ...]
    parts: tuple[tuple[Track, tuple[int, ...], tuple[int, ...]], ...]  # track, its rows, our rows
    ekg: tuple[tuple[Track, int], ...]  # a channel, or two whose difference it is
    n_times: int
    splines: tuple[tuple[int, tuple[int, ...], Array], ...] = ()  # row, from rows, with weights
    scale: float = 1.0  # takes a mistaken unit back


@dataclass(frozen=True)
class _Setup:
    """What the labels of channels make of them."""

    places: tuple[tuple[Track, int], ...]
    selection: naming.Selection
    links: tuple[Link, ...]
    channels: tuple[tuple[Track, int], ...]  # of the links

    @classmethod
    def of(cls, places: Sequence[tuple[Track, int]]) -> "_Setup":
        """Choose among channels."""
        selection = naming.select([_label(place) for place in places])
        return cls(tuple(places), selection, *_links(selection, places))

    @cached_property
    def solution(self) -> Solution:
        """Which electrodes they determine."""
        return solve(self.links, (True,) * len(self.links))

    @cached_property
    def donors(self) -> dict[str, tuple[str, ...]]:
        """What the others are interpolated from."""
        return interpolation.plan(self.solution.components)

    @cached_property
    def montage(self) -> Montage:
        """What that makes."""
        return _montage(self.links, self.solution, self.donors)

    @property
    def suffices(self) -> bool:
        """Whether enough electrodes can be compared with each other."""
        most = max(map(len, self.solution.components), default=0)
        return most >= LEAST_ELECTRODES and bool(self.montage.derivations)

    def plan(self, n_times: int) -> _Plan:
        """How the rows come out of them, before anything is interpolated or scaled."""
        hearts = tuple(self.places[number] for number in self.selection.ekg)
        return _Plan(self.links, _parts(self.channels), hearts, n_times)

    def dead(self, n_times: int, spans: Spans) -> list[tuple[Track, int]]:
        """Channels of EEG that show nothing while others do."""
        if not self.channels or not spans:
            return []
        found = dead_channels(partial(_read_channels, self.plan(n_times)), spans)
        return [place for place, is_dead in zip(self.channels, found, strict=True) if is_dead]


def assembled(source: Source, unit: str = "") -> Recording:
    """Choose the channels, plan what is rebuilt and interpolated, and say what is wrong.

    Parameters
    ----------
    unit
        Stated by the user; without it amplitudes that EEG cannot have tell a mistaken unit.

    Raises
    ------
    NasionError
        Where fewer than four of the 19 electrodes can be compared with each other, or the source
        spans over two months.
    """
    if source.duration_s > LONGEST_S:
        raise NasionError(
            f"{source.path}: spans {source.duration_s / DAY_S:,.0f} days, gaps included; at most"
            f" {LONGEST_S / DAY_S:g} are read: correct the onsets of its records, or export it in"
            " parts"
        )
    places = [(track, row) for track in source.tracks for row in range(len(track.labels))]
    slow = [place for place in places if place[0].sfreq < LEAST_SFREQ]
    places = [place for place in places if place[0].sfreq >= LEAST_SFREQ]
    broken = [place for place in places if _unusable(place)]
    places = [place for place in places if place not in broken]
    warnings = [*source.warnings]
    start = source.start
    if start and not later(start, source.duration_s):
        start = None
        warnings.append(Remark(Code.START_BEYOND))
    annotations, of_annotations = cleaned(source.annotations, start)
    warnings += of_annotations
    too_slow = naming.select([_label(place) for place in slow])
    for number in (*too_slow.electrodes.values(), *too_slow.derivations.values()):
        track, _ = slow[number]
        values = {"label": _label(slow[number]), "sfreq_hz": float(track.sfreq)}
        warnings.append(Remark(Code.TOO_SLOW, values))
    for label in dict.fromkeys(map(_label, broken)):
        warnings.append(Remark(Code.EMPTY_CHANNEL, {"label": label}))
    n_times = round(source.duration_s * SFREQ)
    spans = stretches(source.gaps_s, n_times)
    setup = _Setup.of(places)
    if dead := setup.dead(n_times, spans):
        living = _Setup.of([place for place in places if place not in dead])
        if living.suffices:
            setup = living
            warnings.append(Remark(Code.DEAD, {"labels": tuple(map(_label, dead))}))
    if not setup.suffices:
        n_slow = len(too_slow.electrodes) + len(too_slow.derivations)
        refusal = _refusal(setup.selection, setup.montage, len(broken), n_slow)
        raise NasionError(f"{source.path}: {refusal}")
    solution, donors, montage = setup.solution, setup.donors, setup.montage
    plan = setup.plan(n_times)
    if donors:
        unfit = towering(partial(_read, plan), spans)
        donors = interpolation.plan(solution.components, unfit)
        montage = _montage(setup.links, solution, donors)
    plan = replace(plan, splines=_splines(donors))
    read = partial(_read, plan)
    warnings += _remarks(setup.selection, solution, montage)
    scale, remark = (1.0, None) if unit else believable(read, spans)
    if scale != 1.0:
        plan = replace(plan, scale=scale)
        read = partial(_read, plan)
    warnings += filter(None, [remark])
    unused = tuple(
        _label(place)
        for place, is_used in zip(setup.channels, solution.used, strict=True)
        if not is_used
    )
    rates = [float(track.sfreq) for track, _ in setup.channels]
    return Recording(
        name=as_text(source.name),
        n_times=plan.n_times,
        read=read,
        source_sfreq=max(rates, key=rates.count),
        start=start,
        montage=montage,
        read_channels=partial(_read_recorded, plan, solution.used) if montage.bipolar else None,
        ignored=setup.selection.ignored + unused + setup.selection.duplicates + source.ignored,
        references=setup.selection.stated,
        gaps_s=source.gaps_s,
        annotations=annotations,
        warnings=tuple(warnings),
        age_years=source.age_years,
    )


def _links(
    selection: naming.Selection, places: Sequence[tuple[Track, int]]
) -> tuple[tuple[Link, ...], tuple[tuple[Track, int], ...]]:
    """What each channel ties, and where it is."""
    references = naming.assumed(selection.references)
    links = {
        Link(name, references[name], referential=True): number
        for name, number in selection.electrodes.items()
        if name != references[name]
    } | {Link(*pair, referential=False): number for pair, number in selection.derivations.items()}
    return tuple(links), tuple(places[number] for number in links.values())


def _channel_name(link: Link) -> str:
    return link.site if link.referential else f"{link.site}-{link.other}"


def _montage(
    links: Sequence[Link], solution: Solution, donors: Mapping[str, tuple[str, ...]]
) -> Montage:
    used = [link for link, is_used in zip(links, solution.used, strict=True) if is_used]
    direct = {link.site for link in used if link.referential} | {
        link.other for link in used if link.referential
    }
    return Montage(
        recorded=tuple(map(_channel_name, used)),
        rebuilt=tuple(name for name in solution.electrodes if name not in direct),
        interpolated=tuple(donors),
        missing=tuple(n for n in ELECTRODES if n not in donors and n not in solution.electrodes),
        components=tuple(
            tuple(n for n in ELECTRODES if n in names or set(donors.get(n, "-")) <= set(names))
            for names in solution.components
        ),
    )


def _label(at: tuple[Track, int]) -> str:
    return at[0].labels[at[1]]


def _unusable(at: tuple[Track, int]) -> bool:
    return bool(at[0].unusable) and at[0].unusable[at[1]]


def _remarks(selection: naming.Selection, solution: Solution, montage: Montage) -> Iterable[Remark]:
    """What has to be known of the channels before anything is trusted."""
    if selection.duplicates:
        yield Remark(Code.SECOND_CHANNEL, {"labels": selection.duplicates})
    for name in set(selection.stated) & set(montage.present):
        if name not in selection.electrodes:
            yield Remark(Code.REFERENCE_OF_ALL, {"electrode": name})
    if montage.bipolar:
        yield Remark(Code.REBUILT, {"electrodes": montage.rebuilt})
    if solution.cut:
        yield Remark(Code.CUT, {"electrodes": solution.cut})
    stated = {n: r for n, r in selection.references.items() if n in montage.recorded}
    alike = len(montage.components) == 1 and stated == naming.assumed(stated)
    if mixed := None if alike else naming.reference_warning(stated):
        yield mixed
    elif len(montage.components) > 1:
        numbers = {n: k for k, names in enumerate(montage.components, 1) for n in names}
        yield Remark(
            Code.APART, {"electrodes": tuple(numbers), "components": tuple(numbers.values())}
        )


def _refusal(selection: naming.Selection, montage: Montage, n_broken: int, n_slow: int) -> str:
    if n_broken and not selection.electrodes and not selection.derivations:
        return "every electrode is flat or NaN throughout; check the recording or its export"
    names = [*selection.electrodes, *map("-".join, selection.derivations)]
    labels = ", ".join(selection.ignored[:5]) or "no others"
    ties = f", of which channels tie {len(montage.tied)}" if selection.derivations else ""
    n_sites = len({*selection.electrodes, *sum(selection.derivations, ())} & set(ELECTRODES))
    return (
        f"holds {n_sites} of the 19 electrodes of the 10-20 system"
        f" ({', '.join(names[:19]) or 'none'}; also {labels}){ties}"
        f"{f', {n_broken} more are flat or NaN' if n_broken else ''}"
        f"{f', {n_slow} more have fewer than {LEAST_SFREQ} samples a second' if n_slow else ''};"
        f" at least {LEAST_ELECTRODES} are needed, neighbours among them:"
        " export more channels or rename them"
    )


def _splines(
    donors: Mapping[str, tuple[str, ...]],
) -> tuple[tuple[int, tuple[int, ...], Array], ...]:
    return tuple(
        (
            ELECTRODES.index(name),
            tuple(ELECTRODES.index(site) for site in sites),
            interpolation.weights(sites, (name,))[0],
        )
        for name, sites in donors.items()
    )


def _parts(
    channels: Sequence[tuple[Track, int]],
) -> tuple[tuple[Track, tuple[int, ...], tuple[int, ...]], ...]:
    parts: dict[int, tuple[Track, list[int], list[int]]] = {}
    for number, (track, row) in enumerate(channels):
        _, rows, targets = parts.setdefault(id(track), (track, [], []))
        rows.append(row)
        targets.append(number)
    return tuple((track, tuple(rows), tuple(targets)) for track, rows, targets in parts.values())


def _read(plan: _Plan, start: int, stop: int) -> Signals:
    """Give samples start..stop of the 20 channels, µV."""
    as_it_is = plan.scale == 1 and not plan.splines
    signals = np.empty((len(COLUMNS), stop - start), np.float32 if as_it_is else np.float64)
    potentials(plan.links, _read_channels(plan, start, stop), signals[: len(ELECTRODES)])
    hearts = [resampled(track, (row,), start, stop)[0] for track, row in plan.ekg]
    signals[-1] = reduce(np.subtract, hearts) if hearts else np.nan
    for row, sites, weights in plan.splines:
        signals[row] = weights @ signals[list(sites)]
    return signals if as_it_is else (signals * plan.scale).astype(np.float32)


def _read_channels(plan: _Plan, start: int, stop: int) -> Array:
    """Give samples start..stop of the channels that were used, µV before their scale."""
    if not 0 <= start <= stop <= plan.n_times:
        raise ValueError(f"samples {start}..{stop} are not within 0..{plan.n_times}")
    if len(plan.parts) == 1:  # all of one rate, in their order
        track, rows, _ = plan.parts[0]
        return resampled(track, rows, start, stop)
    channels = np.empty((len(plan.links), stop - start))
    for track, rows, targets in plan.parts:
        channels[list(targets)] = resampled(track, rows, start, stop)
    return channels


def _read_recorded(plan: _Plan, used: NDArray[np.bool_], start: int, stop: int) -> Signals:
    """Give samples start..stop of the channels of the montage, µV."""
    return (_read_channels(plan, start, stop)[used] * plan.scale).astype(np.float32)
