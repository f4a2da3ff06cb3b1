"""Leads: contacts of depth and grid electrodes, whose names look like those of the scalp.

A lead F has contacts F1, F2, F3 ..., some of which are spelled like electrodes of the 10-20 system.
What tells is a number that no scalp has (F14, O3), the stroke of a left lead (F'1), or contacts
numbered through without an electrode of the midline, which a lead never has and a cap always.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from nasion.eeg.naming import parse
from nasion.terms import MIDLINE

# The numbers of the 10-20 and the 10-10 system by the letters before them, and those of large caps.
SCALP = {"FP": (1, 2), "F": range(1, 11), "C": range(1, 7), "P": range(1, 11), "T": range(1, 11),
         "O": (1, 2, 9, 10)}  # fmt: skip
LARGE_CAP = {"F": (11, 12), "P": (11, 12), "T": (11, 12)}
ROWS = frozenset(("AF", "FT", "FC", "TP", "CP", "PO"))  # of the 10-10 system alone
LEAST_OF_ROWS = 4  # so many of them are a cap
# Only caps have them, and those have a midline, too.
BETWEEN = {"F": (1, 2, 5, 6), "C": (1, 2, 5, 6), "P": (1, 2, 5, 6)}
LEAST_BETWEEN = 4
# What is numbered through on a scalp or at an amplifier.
OTHERS = re.compile(
    r"A[FM]?|FT|FC|FCC|CCP|TP|CP|CPP|PO|PPO|POO|AFF|FFC|FTT|TTP|TPP|I|M|SP|PG|CB|CS"
    r"|E|EEG|EL|ELEC|CH|CHAN|X|DC|AUX|BIP|EXG?|EMG|E[CK]G|[HV]?EOG|MIC|TRIG|STIM?|MISC|DIF|ACC|GYR"
    r"|MAG|RESP|CHIN|[RL]?LEG|[RL]?ARM|DIN|DIG|S|D|GSR|TEMP|SENS|EVT|MK|N|REF|GND|IMP|BP|ADC|A?IN?"
)
LEAST_RUN, LEAST_LEADS = 4, 2  # contacts numbered through, and leads of them
LONG_RUN = 6  # contacts of one lead that is enough, where its name is one of leads
LEAD = re.compile(r"[LR][A-Z]{1,3}|G|GR|GRID")
LEAST_STROKES = 2
WHOLE_SCALP = (
    15  # of the 19 electrodes, the midline among them: beside leads, they are of the scalp
)

_PREFIX = re.compile(r"^(?:(?:[SI]?EEG|ECOG|POL|DEPTH|GRID)[\s_:-]*)+")
_MIDLINE = re.compile(r"(?<![A-Z])[A-Z]{1,2}Z(?![A-Z])")
_CONTACT = re.compile(r"(?<![A-Z0-9])([A-Z]{1,4})\s?(['’´`]?)[\s_]?0*([1-9]\d{0,2})(?![A-Z0-9])")

Contacts = Mapping[tuple[str, int], str]  # a lead's name and a number, and how they are spelled


def foreign_contacts(labels: Sequence[str]) -> tuple[str, ...]:
    """Give contacts that show that a file is of depth or grid electrodes; none of a scalp's.

    A cap with leads beside it is a scalp as long as no lead shares the names of its electrodes.
    """
    contacts = _contacts(labels)
    sites = {parse(label).site for label in labels if parse(label).kind == "electrode"}
    has_midline = any(_MIDLINE.search(label.upper()) for label in labels)
    shared = _beyond(contacts) or _twice_temporal(contacts, range(1, 9))
    if not has_midline:
        shared = shared or _twice_temporal(contacts, range(3, 9))
    shared = shared or _between(contacts, most_letters=1 if has_midline else len(BETWEEN))
    if shared or (len(sites) >= WHOLE_SCALP and sites.intersection(MIDLINE)):
        return shared
    return _strokes(contacts) or _leads(contacts)


def _contacts(labels: Iterable[str]) -> Contacts:
    contacts: dict[tuple[str, int], str] = {}
    for label in labels:
        names = _CONTACT.findall(_PREFIX.sub("", label.upper().strip()))
        if parse(label).kind == "electrode":
            names = names[:1]  # the rest is its reference or its other name
        for letters, stroke, number in names:
            contacts.setdefault((letters + stroke, int(number)), f"{letters}{stroke}{number}")
    return contacts


def _has(contacts: Contacts, name: str, numbers: Iterable[int]) -> bool:
    return all((name, number) in contacts for number in numbers)


def _run(contacts: Contacts, name: str, length: int) -> bool:
    return any(_has(contacts, name, range(first, first + length)) for first in (1, 2))


def _n_rows(contacts: Contacts) -> int:
    return sum(name in ROWS for name, _ in contacts)


def _beyond(contacts: Contacts) -> tuple[str, ...]:
    """Numbers that the scalp does not have: two of them, or one that goes on from the last."""
    large = LARGE_CAP if _n_rows(contacts) >= LEAST_OF_ROWS else {}
    found = sorted(
        (name, number)
        for name, number in contacts
        if name in SCALP and number not in (*SCALP[name], *large.get(name, ()))
    )
    goes_on = any((name, number - 1) in contacts for name, number in found if name != "C")
    return tuple(contacts[key] for key in found) if len(found) > 1 or goes_on else ()


def _twice_temporal(contacts: Contacts, numbers: Iterable[int]) -> tuple[str, ...]:
    """T3 and T7 are one electrode of the scalp, in two systems; P7 goes with T7."""
    both = _has(contacts, "T", numbers) and not _has(contacts, "P", (7, 8))
    return tuple(contacts["T", number] for number in numbers) if both else ()


def _between(contacts: Contacts, most_letters: int) -> tuple[str, ...]:
    """Electrodes of caps, but no cap: without its midline, or of one letter alone."""
    found = tuple(
        contacts[name, number]
        for name, numbers in BETWEEN.items()
        for number in numbers
        if (name, number) in contacts
    )
    n_letters = len({text[0] for text in found})
    cap = n_letters > most_letters or _n_rows(contacts) >= LEAST_OF_ROWS
    return () if cap or len(found) < LEAST_BETWEEN else found


def _strokes(contacts: Contacts) -> tuple[str, ...]:
    found = tuple(text for (name, _), text in contacts.items() if not name.isalpha())
    return found if len(found) >= LEAST_STROKES else ()


def _leads(contacts: Contacts) -> tuple[str, ...]:
    """Contacts that are numbered through, of several leads that neither scalp nor amplifier has."""
    names = {name for name, _ in contacts if name not in SCALP and not OTHERS.fullmatch(name)}
    leads = [name for name in sorted(names) if _run(contacts, name, LEAST_RUN)]
    long = any(LEAD.fullmatch(name) and _run(contacts, name, LONG_RUN) for name in leads)
    if len(leads) < LEAST_LEADS and not long:
        return ()
    return tuple(text for (name, _), text in contacts.items() if name in leads)
