"""Channels: which of those that a source holds can be EEG, each in the right unit.

What is no voltage is none, whatever its name and order; of two channels of an electrode the one
that lives is taken; what a file marks as bad is left out; contacts within the skull are refused.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nasion.eeg import naming
from nasion.eeg.amplitude import Misfit, Probe, misfits, probe
from nasion.eeg.leads import foreign_contacts
from nasion.eeg.measured import LARGEST_UV, believed, limit_of
from nasion.eeg.remarks import Code, Remark
from nasion.eeg.source import HIGHEST_HZ, MICROVOLTS, Source, Track, part_of
from nasion.eeg.units import Quantity, quantity, voltage
from nasion.errors import NasionError
from nasion.terms import SFREQ


@dataclass(frozen=True)
class _Entry:
    """A channel of a source and what is known of it before its samples are looked at."""

    number: int
    track: Track
    row: int
    label: str
    channel: naming.Channel

    @property
    def quantity(self) -> Quantity:
        """What its unit says."""
        return quantity(self.unit) if self.track.units else Quantity.VOLTAGE

    @property
    def unit(self) -> str:
        """As the file spells it."""
        return self.track.units[self.row] if self.track.units else ""

    @property
    def wanted(self) -> bool:
        """Whether its name is one of EEG or of the heart."""
        return self.channel.kind != "other"

    @property
    def eeg(self) -> bool:
        """Whether its name is one of EEG."""
        return self.channel.kind in ("electrode", "derivation")

    @property
    def shown(self) -> frozenset[str]:
        """The electrode or the pair whose voltage it is, either way round."""
        pair = self.channel.kind == "derivation"
        return frozenset((self.channel.site, *([self.channel.reference] if pair else ())))

    def marked(self, marks: Sequence[bool]) -> bool:
        """What the file says of it in one of the tuples of its track."""
        return bool(marks) and marks[self.row]


def usable(source: Source, unit: str = "") -> Source:
    """Give the source with the channels that can be EEG or EKG, and say what was left out.

    Parameters
    ----------
    unit
        Stated by the user: all channels of EEG are in it, also where the file says nothing of the
        kind.

    Raises
    ------
    NasionError
        Where contacts are of depth or grid electrodes, every channel of EEG is in a unit that is no
        voltage, or marked as bad.
    """
    _refuse_clocks(source)
    source = believed(source)
    entries = _entries(source)
    _refuse_leads(source.path, entries)
    remarks = _respelled(source, entries)
    scalp = [entry for entry in entries if entry.wanted and not entry.marked(entry.track.depth)]
    good = [entry for entry in scalp if not entry.marked(entry.track.bad)]
    remarks += _bad(source.path, scalp, good)
    used, of_units = _voltages(source.path, good, unit)
    remarks += of_units
    probed = probe(source, [(entry.track, entry.row) for entry in used])
    found = _misfits(used, probed, unit)
    remarks += _misfit_remarks(found)
    factors = {entry.number: misfit.factor for entry, misfit in found}
    fit = [n for n, entry in enumerate(used) if factors.get(entry.number, 1)]
    chosen, second = _living(fit, used, probed)
    if second:
        remarks.append(Remark(Code.SECOND_CHANNEL, {"labels": second}))
    numbers = {used[n].number for n in chosen}
    kept = [entry for entry in entries if entry.number in numbers or not entry.wanted]
    left_out = [entry.label for entry in entries if entry.wanted and entry.number not in numbers]
    amplitudes_uv = _amplitudes(used, probed, factors)
    return replace(
        believed(
            replace(source, tracks=tuple(_tracks(source.tracks, kept, factors))),
            LARGEST_UV if unit else limit_of(amplitudes_uv),
        ),
        warnings=(*source.warnings, *remarks),
        ignored=(*left_out, *source.ignored),
    )


def _entries(source: Source) -> list[_Entry]:
    places = [(track, row) for track in source.tracks for row in range(len(track.labels))]
    labels = naming.respelled([track.labels[row] for track, row in places])
    return [
        _Entry(number, track, row, label, naming.parse(label))
        for number, ((track, row), label) in enumerate(zip(places, labels, strict=True))
    ]


def _respelled(source: Source, entries: Sequence[_Entry]) -> list[Remark]:
    """Say which labels were read as if they were spelled otherwise."""
    old = [label for track in source.tracks for label in track.labels]
    pairs = [
        (was, entry.label) for was, entry in zip(old, entries, strict=True) if was != entry.label
    ]
    if not pairs:
        return []
    was, now = zip(*pairs, strict=True)
    return [Remark(Code.RENAMED, {"old": was, "new": now})]


def _refuse_clocks(source: Source) -> None:
    """Refuse rates and lengths that nothing can be read at."""
    for track in source.tracks:
        if not 0 < track.sfreq <= HIGHEST_HZ:
            raise NasionError(
                f"{source.path}: states {float(track.sfreq):g} samples a second; repair its header"
                " or export it anew"
            )
    if round(source.duration_s * SFREQ) < 1:
        raise NasionError(
            f"{source.path}: holds {source.duration_s:g} s, less than a sample at {SFREQ:g} Hz;"
            " export it anew"
        )


def _refuse_leads(path: str, entries: Sequence[_Entry]) -> None:
    """Refuse contacts within the skull: by what the file says of them, or by their names."""
    outside = [entry for entry in entries if not entry.marked(entry.track.depth)]
    inside = [entry.label for entry in entries if entry.marked(entry.track.depth)]
    if inside and not any(entry.eeg for entry in outside):
        contacts: Sequence[str] = inside
    else:
        contacts = foreign_contacts(
            [entry.label for entry in outside if entry.quantity is not Quantity.OTHER]
        )
    if contacts:
        raise NasionError(
            f"{path}: holds contacts of depth or grid electrodes ({', '.join(contacts[:6])}"
            f"{' ...' if len(contacts) > 6 else ''}), among which F3 and the like are not of the"
            " scalp: give a recording from the scalp; other inputs that are named so can be left"
            f" out (--rename {contacts[0]}=-)"
        )


def _bad(path: str, entries: Sequence[_Entry], good: Sequence[_Entry]) -> list[Remark]:
    """Say which channels the file marks as bad."""
    numbers = {entry.number for entry in good}
    labels = tuple(entry.label for entry in entries if entry.number not in numbers)
    if labels and not any(entry.eeg for entry in good):
        raise NasionError(
            f"{path}: every channel of EEG is marked as bad ({', '.join(labels[:5])} ...);"
            " correct the marks or give another recording"
        )
    return [Remark(Code.BAD_CHANNELS, {"labels": labels})] if labels else []


def _voltages(path: str, entries: Sequence[_Entry], unit: str) -> tuple[list[_Entry], list[Remark]]:
    """Leave out what is no voltage; say what was taken for one and what was not."""
    no_voltage = [entry for entry in entries if entry.quantity is Quantity.OTHER]
    rest = [entry for entry in entries if entry.quantity is not Quantity.OTHER]
    if any(entry.eeg for entry in no_voltage) and not any(entry.eeg for entry in rest):
        if not unit:
            labels = ", ".join(entry.label for entry in no_voltage[:5])
            raise NasionError(
                f"{path}: {labels} ... are measured in '{no_voltage[0].unit}', which is no voltage;"
                " export the EEG, or state its unit where the header is wrong (--unit uV)"
            )
        return list(entries), []
    clear = {entry.channel.site for entry in rest if entry.quantity is Quantity.VOLTAGE}
    used = [
        entry
        for entry in rest
        if entry.quantity is Quantity.VOLTAGE or _taken_for_voltage(entry, rest, clear)
    ]
    remarks = [
        Remark(Code.OTHER_QUANTITY, {"labels": labels, "unit": text})
        for text, labels in _by_unit(no_voltage).items()
    ]
    if not unit:
        unclear = [entry for entry in used if entry.quantity is Quantity.UNCLEAR]
        remarks += [
            Remark(Code.NO_VOLTAGE, {"labels": labels, "taken": "uV", "unit": text})
            if text
            else Remark(Code.NO_UNIT, {"labels": labels, "taken": "uV"})
            for text, labels in _by_unit(unclear).items()
        ]
    return used, remarks


def _taken_for_voltage(entry: _Entry, entries: Sequence[_Entry], clear: Iterable[str]) -> bool:
    """Whether a channel without a known unit is EEG: by its name alone, or by those like it."""
    if entry.channel.kind == "electrode" and entry.channel.site in clear:
        return False
    alike = sum(other.channel.reference == entry.channel.reference for other in entries)
    return (
        entry.channel.kind != "electrode"
        or naming.states_reference(entry.channel)
        or alike >= naming.LEAST_ALIKE
    )


def _by_unit(entries: Iterable[_Entry]) -> dict[str, tuple[str, ...]]:
    labels: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        labels[entry.unit] = (*labels.get(entry.unit, ()), entry.label)
    return labels


def _misfits(entries: Sequence[_Entry], probed: Probe, unit: str) -> list[tuple[_Entry, Misfit]]:
    """Find the channels of EEG whose unit is wrong; a heart has an amplitude of its own."""
    eeg = [n for n, entry in enumerate(entries) if entry.eeg]
    sizes = [MICROVOLTS[unit or voltage(entries[n].unit) or "uV"] for n in eeg]
    found = misfits(probed.of(eeg), sizes)
    return [(entries[eeg[place]], misfit) for place, misfit in found.items()]


def _amplitudes(
    entries: Sequence[_Entry], probed: Probe, factors: Mapping[int, float]
) -> NDArray[np.float64]:
    """Typical amplitude of each channel of EEG that is used, µV; NaN where nothing is known."""
    scales = [factors.get(entry.number, 1.0) if entry.eeg else 0.0 for entry in entries]
    typical = np.ma.median(np.ma.masked_invalid(probed.amplitudes), axis=1).filled(np.nan)
    return np.where(np.array(scales) > 0, typical * scales, np.nan)


def _misfit_remarks(found: Sequence[tuple[_Entry, Misfit]]) -> list[Remark]:
    remarks = []
    for factor in dict.fromkeys(misfit.factor for _, misfit in found):
        members = [
            (entry.label, misfit.ratio) for entry, misfit in found if misfit.factor == factor
        ]
        labels, ratios = zip(*members, strict=True)
        values = {"labels": labels, "ratio": float(f"{np.median(ratios):.2g}")}
        remarks.append(
            Remark(Code.UNIT_UNDONE_ON_SOME, {**values, "factor": factor})
            if factor
            else Remark(Code.UNIT_WRONG_ON_SOME, values)
        )
    return remarks


def _living(
    numbers: Sequence[int], entries: Sequence[_Entry], probed: Probe
) -> tuple[list[int], tuple[str, ...]]:
    """Take one channel of each electrode or pair, the first that lives, and name the others."""
    dead = probed.dead | np.array([entry.marked(entry.track.unusable) for entry in entries], bool)
    references = [entry.channel.reference for entry in entries]

    def rank(number: int) -> tuple[bool, int, int]:
        alone = entries[number].channel.kind == "electrode"
        n_alike = references.count(references[number]) if alone else 0
        return bool(dead[number]), -n_alike, number

    best: dict[frozenset[str], int] = {}
    for number in sorted(numbers, key=rank):
        best.setdefault(entries[number].shown, number)
    living_heart = any(entries[n].channel.kind == "ekg" and not dead[n] for n in numbers)
    chosen, second = [], []
    for number in numbers:
        entry = entries[number]
        if entry.eeg and best[entry.shown] != number:
            second.append(entry.label)
        elif not (entry.channel.kind == "ekg" and dead[number] and living_heart):
            chosen.append(number)
    return chosen, tuple(second)


def _tracks(
    tracks: Sequence[Track], entries: Sequence[_Entry], factors: Mapping[int, float]
) -> Iterable[Track]:
    for track in tracks:
        members = [entry for entry in entries if entry.track is track]
        rows = [entry.row for entry in members]
        part = part_of(track, rows, [factors.get(entry.number, 1.0) for entry in members])
        if members:
            labels = tuple(entry.label for entry in members)
            yield replace(part, labels=labels, units=(), bad=(), depth=())
