"""The start of EDF and BDF files: a date that may stand in two fields, and the time of day.

EDF says dd.mm.yy; EDF+ repeats it before the equipment with an English month and four digits for
the year. Kemp B, Olivan J. European data format 'plus'. Clin Neurophysiol 2003;114:1755-1761.
"""

import re
from datetime import date, datetime, time

from nasion.eeg.edf.text import MONTHS, NO_DATE, decode, read_day
from nasion.eeg.remarks import Code, Remark

_NUMBERS = re.compile(r"(\d{1,2})\D(\d{1,2})\D(\w{1,4})")
_EXACT = re.compile(
    r"Startdate[\s:]+(\d{1,2})[-./]([^-/\s]+?)[.]?[-./](\d{4})(?!\d)", re.IGNORECASE
)
FIRST_YEAR = 85  # of two digits: 85-99 are of the last century


def stated_start(main: bytes) -> tuple[datetime | None, tuple[Remark, ...]]:
    """Give the clock time of a header, and what of it can't be so.

    The date with four digits for its year counts, and the other where that one can't be read or
    was withheld. A withheld date (X) reads 1985-01-01; midnight beside it is no time.

    Parameters
    ----------
    main
        The first 256 bytes of a file.
    """
    recording, short, clock = decode(main[88:168]), decode(main[168:176]), decode(main[176:184])
    days = _exact_day(recording, short), _short_day(short)
    stated = [day for day in days if day]
    known = [day for day in stated if day != NO_DATE.date()] or stated
    at = _time(clock)
    if not known or at is None:
        unread = re.search("[1-9]", clock if known else short + recording[:21])
        return None, (Remark(Code.START_UNREAD),) if unread else ()
    start = datetime.combine(known[0], at)
    if recording.startswith("Startdate X") and start == NO_DATE:
        return None, ()
    if len({(day.day, day.month, day.year % 100) for day in known}) > 1:
        taken, other = (day.isoformat() for day in known)
        return start, (Remark(Code.DATES_DIFFER, {"taken": taken, "other": other}),)
    return start, ()


def _exact_day(recording: str, short: str) -> date | None:
    """Day of EDF+; the other field has its month where the name of it is not English."""
    match, numbers = _EXACT.match(recording), _NUMBERS.fullmatch(short)
    if not match:
        return None
    day, name, year = match.groups()
    if name.isdecimal():
        return _day(int(year), int(name), int(day))
    if name.upper() not in MONTHS and numbers and int(numbers[1]) == int(day):
        return _day(int(year), int(numbers[2]), int(day))
    try:
        return read_day(f"{day}-{name}-{year}")
    except ValueError:
        return None


def _short_day(text: str) -> date | None:
    """Day of plain EDF; "yy" for the year leaves it to the other field."""
    match = _NUMBERS.fullmatch(text)
    if not match or not match[3].isdecimal():
        return None
    year = int(match[3])
    if year < 1000:  # three digits are years since 1900, as C counts them
        year += 1900 if year >= FIRST_YEAR else 2000
    return _day(year, int(match[2]), int(match[1]))


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _time(text: str) -> time | None:
    match = re.fullmatch(r"(\d{1,2})\D(\d{1,2})\D(\d{1,2})", text)
    try:
        return time(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None
