"""Sentences: texts of remarks that take more than their values in a format string."""

from nasion.eeg.form import AGE_GROUPS, Names, commas
from nasion.terms import ELECTRODES, LEFT, MIDLINE, OLDEST_YEARS, RIGHT

LEFT_OUT = "-"  # in place of a new name


def _reference(reference: str) -> str:
    return reference or "none stated"


def mixed_references(names: Names, midline: Names, against: Names, sides: Names) -> str:
    """Say which references there are, and what can't be compared for it."""
    pairs = zip(midline, map(_reference, against), strict=True)
    middle = ", ".join(f"{site} against {reference}" for site, reference in pairs)
    mixed = " and the ".join(sides)
    return (
        f"{len(names)} references ({', '.join(map(_reference, names))}): trust differences within a"
        f" side, not the midline{f' ({middle})' if middle else ''}, the average reference or"
        f" left-right comparisons{f'; even the {mixed} side mixes them' if mixed else ''}; nothing"
        " was interpolated across references"
    )


def apart(electrodes: Names, components: tuple[int, ...]) -> str:
    """Name the groups of electrodes that no channel ties to each other."""
    sides = {"the left side": LEFT, "the midline": MIDLINE, "the right side": RIGHT}
    groups = [
        {name for name, k in zip(electrodes, components, strict=True) if k == number}
        for number in dict.fromkeys(components)
    ]
    held = set(electrodes)
    whole = all(
        group >= held & set(sites)
        for group in groups
        for sites in sides.values()
        if group & set(sites)
    )
    texts = [
        " with ".join(side for side in sides if group & set(sides[side]))
        if whole
        else " ".join(name for name in electrodes if name in group)
        for group in groups
    ]
    return (
        f"the voltage between {', '.join(texts[:-1])} and {texts[-1]} is unknown: trust differences"
        " within each, not the average reference or comparisons between them"
    )


def renamed(old: Names, new: Names) -> str:
    """Name what the user renamed or left out."""
    pairs = zip(old, new, strict=True)
    texts = [f"{was} left out" if now == LEFT_OUT else f"{was} as {now}" for was, now in pairs]
    return f"renamed: {', '.join(texts)}"


def differing_references(references: Names, files: Names) -> str:
    """Say which file has which reference."""
    return differing("reference", tuple(map(_reference, references)), files)


def differing(what: str, values: Names, files: Names) -> str:
    """Say which file has what."""
    texts = (f"{value} in {name}" for value, name in zip(values, files, strict=True))
    return f"the {what} differs between files: {', '.join(texts)}"


def of_the_time(fault: str, electrodes: Names, shares: tuple[float, ...]) -> str:
    """Say of each electrode the share of time with a fault."""
    texts = [_percent(share) for share in shares]
    if len(set(texts)) == 1 and set(electrodes) >= set(ELECTRODES):
        return f"{fault}: every electrode {texts[0]} of the time"
    pairs = zip(electrodes, texts, strict=True)
    return f"{fault}: {', '.join(f'{name} {text}' for name, text in pairs)} of the time"


def not_judged(reasons: Names, shares: tuple[float, ...]) -> str:
    """Say how much of the recording was not judged, and why."""
    why = ", ".join(f"{reason} {_percent(x)}" for reason, x in zip(reasons, shares, strict=True))
    return f"{_percent(sum(shares))} of it was not judged: {why}"


def _percent(share: float) -> str:
    return "under 0.1%" if 0 < share < 0.001 else f"{share:.1%}" if share < 0.01 else f"{share:.0%}"


def out_of_range(limit_uv: float, electrodes: Names, shares: tuple[float, ...]) -> str:
    """Say of each electrode the share of time beyond what EEG reaches."""
    return of_the_time(f"beyond {limit_uv:g} µV", electrodes, shares)


def cut_short(held_s: float, stated_s: float) -> str:
    """Say how much is missing."""
    return (
        f"cut short: holds {held_s:g} s of the {stated_s:g} s that its header states,"
        f" {stated_s - held_s:g} s are missing"
    )


def more_records(held_s: float, stated_s: float) -> str:
    """Say how much more there is than the header states."""
    more_s = held_s - stated_s
    return f"holds {held_s:g} s, {more_s:g} s more than its header states: all of it was read"


def age(group: str, least_years: float, below_years: float) -> str:
    """Say for whom the weights were made, and how little to trust them here."""
    below = "" if below_years >= OLDEST_YEARS else f" to below {below_years:g}"
    text = (
        f"age group {commas(group)}, but the weights were made for patients from {least_years:g}"
        f"{below} years: trust neither what they mark nor that they mark nothing"
    )
    newborn = "; least of all here: even a newborn's normal EEG is discontinuous, unlike theirs"
    return text + newborn if AGE_GROUPS[0] in group else text
