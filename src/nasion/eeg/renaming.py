"""Renaming: what users, and files beside a recording, say of channels that their labels do not."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from nasion.eeg.naming import parse
from nasion.eeg.remarks import Code, Remark
from nasion.eeg.sentences import LEFT_OUT
from nasion.eeg.sidecars import Sidecars, held_label
from nasion.eeg.source import Source, Track, part_of
from nasion.eeg.units import Quantity, quantity
from nasion.errors import NasionError

MOST_LISTED = 12  # labels in a message


def renames_of(pairs: Iterable[str]) -> dict[str, str]:
    """Read OLD=NEW, as the command line takes it.

    Raises
    ------
    NasionError
        Where one is none, or a channel gets two names.
    """
    renames: dict[str, str] = {}
    for pair in pairs:
        old, equals, new = (part.strip() for part in pair.rpartition("="))
        if not equals or not old or not new:
            raise NasionError(f"--rename takes OLD=NEW, as in --rename CH1=Fp1, not '{pair}'")
        if renames.setdefault(old, new) != new:
            raise NasionError(f"--rename gives {old} two names: {renames[old]} and {new}")
    return renames


def renamed(source: Source, renames: Mapping[str, str], sidecars: Sidecars) -> Source:
    """Give the source with the labels and marks that the user and files beside it state.

    Parameters
    ----------
    renames
        New labels by those of the file; "-" leaves a channel out. They go before those of
        `sidecars`.

    Raises
    ------
    NasionError
        Where a new label is none of EEG, an old one none of the file, or two channels would be one.
    """
    held = [label for track in source.tracks for label in track.labels]
    asked = _asked(source.path, renames, held)
    noted = {old: held_label(old, held) for old in (*sidecars.renames, *sidecars.bad)}
    every = {noted[old]: new for old, new in sidecars.renames.items() if noted[old]} | asked
    for new in every.values():
        if parse(new).kind == "other" and new != LEFT_OUT:
            raise NasionError(
                f"{source.path}: '{new}' is no electrode of the 10-20 system; rename to Fp1, EKG,"
                " Fp1-F7 or the like, or to - to leave the channel out"
            )
    every = {old: _against(new, held, every) for old, new in every.items()}
    if sidecars.renames and not any(noted[old] for old in sidecars.renames):
        raise NasionError(
            f"{sidecars.path}: renames {', '.join(sidecars.renames)}, none of which"
            f" {source.path} holds; {_listed(held)}"
        )
    bad = {noted[old] for old in sidecars.bad}
    depth = {held_label(name, held) for name in sidecars.depth}
    tracks = tuple(part for track in source.tracks if (part := _track(track, every, bad, depth)))
    _check_distinct(source, every, bad)
    remarks = [Remark(Code.RENAMED, {"old": tuple(every), "new": tuple(every.values())})]
    not_held = tuple(old for old, label in noted.items() if not label)
    said = {"labels": not_held, "where": sidecars.path}
    return replace(
        source,
        tracks=tracks,
        warnings=(
            *source.warnings,
            *(remarks if every else []),
            *([Remark(Code.NOT_HELD, said)] if not_held else []),
        ),
        ignored=(*source.ignored, *(old for old, new in every.items() if new == LEFT_OUT)),
    )


def _against(new: str, held: Sequence[str], renames: Mapping[str, str]) -> str:
    """Add the reference that all other electrodes of the file state, where a name states none."""
    others = [parse(label) for label in held if label not in renames]
    references = {channel.reference for channel in others if channel.kind == "electrode"}
    channel = parse(new)
    alone = channel.kind == "electrode" and not channel.reference
    return (
        f"{new}-{references.pop()}" if alone and len(references) == 1 and any(references) else new
    )


def _asked(path: str, renames: Mapping[str, str], held: Sequence[str]) -> dict[str, str]:
    """The renames of the user by the labels that the file holds."""
    asked = {held_label(old, held): new for old, new in renames.items()}
    if "" in asked or len(asked) < len(renames):
        absent = next((old for old in renames if not held_label(old, held)), "")
        reason = (
            f"holds no channel '{absent}' to rename"
            if absent
            else f"two of {', '.join(renames)} are one channel"
        )
        raise NasionError(f"{path}: {reason}; {_listed(held)}")
    return asked


def _listed(held: Sequence[str]) -> str:
    more = f" and {len(held) - MOST_LISTED} more" if len(held) > MOST_LISTED else ""
    return f"its channels are {', '.join(held[:MOST_LISTED])}{more}"


def _track(
    track: Track, renames: Mapping[str, str], bad: Iterable[str], depth: Iterable[str]
) -> Track | None:
    """Give the track with new labels and marks; None where nothing is left of it."""
    rows = [row for row, label in enumerate(track.labels) if renames.get(label) != LEFT_OUT]
    part = part_of(track, rows) if len(rows) < len(track.labels) else track
    old = part.labels
    is_bad, is_deep = part.bad or (False,) * len(old), part.depth or (False,) * len(old)
    marked = replace(
        part,
        labels=tuple(renames.get(label, label) for label in old),
        bad=tuple(was or label in bad for was, label in zip(is_bad, old, strict=True)),
        depth=tuple(was or label in depth for was, label in zip(is_deep, old, strict=True)),
    )
    return marked if rows else None


def _check_distinct(source: Source, renames: Mapping[str, str], bad: Iterable[str]) -> None:
    """Refuse a renamed channel that is the electrode of another one."""
    by_name: dict[tuple[str, ...], dict[str, str]] = {}
    for track in source.tracks:
        for row, old in enumerate(track.labels):
            channel = parse(renames.get(old, old))
            unlike = track.units and quantity(track.units[row]) is Quantity.OTHER
            if channel.kind != "other" and old not in bad and not unlike:
                pair = (channel.reference,) if channel.kind == "derivation" else ()
                name = (channel.kind, channel.site, *pair)
                by_name.setdefault(name, {})[old] = renames.get(old, old)
    for labels in by_name.values():
        if len(labels) > 1 and not labels.keys().isdisjoint(renames):
            both = " and ".join(
                f"{old} (now {new})" if old in renames else old for old, new in labels.items()
            )
            raise NasionError(
                f"{source.path}: {both} are one electrode after renaming; rename the other one,"
                " too, or leave it out (OLD=-)"
            )
