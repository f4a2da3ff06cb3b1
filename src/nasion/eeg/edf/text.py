"""How EDF+ spells text: header fields, dates, and annotations stamped with their time (TALs).

Months are English whatever the locale, numbers have no exponents. Kemp B, Olivan J. European data
format 'plus'. Clin Neurophysiol 2003;114:1755-1761.
"""

import re
from datetime import date, datetime
from math import nan
from unicodedata import normalize

from nasion.eeg.age import YEAR_DAYS, believable
from nasion.eeg.annotations import Annotation, printable

YEARS = range(1985, 2085)  # that two digits of a year can mean
NO_DATE = datetime(1985, 1, 1)  # what EDF+ writes where the start is not known
NO_PATIENT = "X X X X"
NOT_STATED = "X"
LONGEST_TEXT = 512  # bytes of an annotation that EDFlib reads
MORE = "..."
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")

_AGE = re.compile(r"\bage[:=_](\d{1,3})\b", re.IGNORECASE)
_BIRTH = re.compile(r"\d{1,2}[-./][^\s-]+-(\d{4})")
_STAMP = re.compile(rb"([+-]?\d{1,15}(?:[.,]\d*)?)\x14\x14")
_ANY_STAMP = re.compile(rb"([^\x00\x14\x15]+)(?:\x15[^\x00\x14]*)?\x14\x14")
_SECONDS = re.compile(rb"[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][+-]?\d+)?")


def decode(field: bytes) -> str:
    """Give the text of a field."""
    # The standard wants ASCII, or UTF-8 in annotations; a micro sign comes in any of these.
    for encoding in ("utf-8", "cp1252"):
        try:
            return field.decode(encoding).strip(" \0")
        except UnicodeDecodeError:
            continue
    return field.decode("latin-1").strip(" \0")


def field(text: str, width: int) -> bytes:
    """Give a field of the header: printable ASCII, cut or filled up to its width."""
    return plain(text).encode("ascii")[:width].ljust(width)


def plain(text: str) -> str:
    """Give printable ASCII: u for a micro sign, letters without their marks, ? for any other."""
    return "".join(map(_plain, text))


def _plain(letter: str) -> str:
    if letter in "µμ":
        return "u"
    base = normalize("NFKD", letter)[:1]
    return base if " " <= base <= "~" else "?"


def day(start: datetime | None) -> str:
    """Spell a date as 03-FEB-2031, or X where it is not known."""
    return f"{start.day:02}-{MONTHS[start.month - 1]}-{start.year:04}" if start else NOT_STATED


def read_day(text: str) -> date:
    """Read what `day` spelled, in any case; anything else is a ValueError."""
    number, month, year = text.split("-")
    return date(int(year), MONTHS.index(month.upper()) + 1, int(number))


def read_age(patient: str, start: datetime | None) -> float | None:
    """Read an age in years out of the patient's field; None where it states none that can be.

    It stands there as `Age:24`, as the corpora of TUH have it, or follows from a day of birth and
    the start of the recording; a day that stands for none gives an age that nobody has. Where the
    month has no English name, the age is the lowest of that year's.
    """
    if (stated := _AGE.search(patient)) and believable(float(stated[1])):
        return float(stated[1])
    for word in patient.split():
        match = _BIRTH.fullmatch(word)
        if start is None or not match:
            continue
        try:
            born = read_day(word)
        except ValueError:
            end = date(int(match[1]), 12, 31) if int(match[1]) else date.max
            born = min(end, start.date()) if end.year == start.year else end
        if believable(years := (start.date() - born).days / YEAR_DAYS):
            return years
    return None


def recorded(start: datetime | None) -> str:
    """Say when a recording began, and nothing of where and by whom."""
    return f"Startdate {day(start)} X X X"


def clock(start: datetime | None) -> bytes:
    """Give the two fields of date and time, 16 bytes; a year they can't hold reads yy."""
    at = start or NO_DATE
    year = f"{at.year % 100:02}" if at.year in YEARS else "yy"
    return f"{at.day:02}.{at.month:02}.{year}{at:%H.%M.%S}".encode("ascii")


def stamp(onset: bytes) -> bytes:
    """Give the first entry of a record: its own onset, without a text."""
    return onset + b"\x14\x14\0"


def onset(seconds: float) -> bytes:
    """Spell an onset, to the microsecond."""
    return f"{'-' if round(seconds, 6) < 0 else '+'}{_decimal(abs(seconds))}".encode("ascii")


def stated_onset(record: bytes) -> bytes:
    """Give the onset that a record states of itself, as it is written; b"" where it states none."""
    match = _STAMP.match(record)
    return match[1] if match else b""


def stated_onset_s(record: bytes) -> float:
    """Give the onset that a record states of itself, however spelled; NaN where it's no number."""
    match = _ANY_STAMP.match(record)
    return seconds(match[1]) if match else nan


def seconds(number: bytes) -> float:
    """Read an onset or a duration, finite or not; NaN for what is no number.

    Some write a comma for the point, leave out the plus or take an exponent.
    """
    number = number.replace(b" ", b"")
    return float(number.replace(b",", b".")) if _SECONDS.fullmatch(number) else nan


def tal(onset_s: float, duration_s: float, text: str) -> bytes:
    """Spell an annotation; a duration of 0 is none, and nothing stands for one without a text.

    A text that EDFlib, and so EDFbrowser, would cut stands in several annotations of one time.
    """
    seconds = round(duration_s, 6)
    duration = b"\x15" + _decimal(seconds).encode("ascii") if seconds else b""
    head = onset(onset_s) + duration + b"\x14"
    return b"".join(head + part.encode() + b"\x14\0" for part in parts(printable(text)))


def parts(text: str) -> list[str]:
    """Cut a text into parts that are short enough, each but the last with ... at its end."""
    cut: list[str] = []
    while len(text.encode()) > LONGEST_TEXT:
        part = text.encode()[: LONGEST_TEXT - len(MORE)].decode(errors="ignore")
        cut.append(part + MORE)
        text = text[len(part) :]
    return [*cut, text] if text else cut


def read_tals(record: bytes) -> list[Annotation]:
    """Read the annotations of a record; entries without a text, as its stamp, are none.

    An onset or a duration that can't be read is NaN; one that is not there is 0.
    """
    annotations: list[Annotation] = []
    for entry in filter(None, record.split(b"\0")):
        head, *texts = entry.split(b"\x14")
        begin, _, duration = head.partition(b"\x15")
        onset_s, duration_s = seconds(begin), seconds(duration) if duration else 0.0
        annotations += [(onset_s, duration_s, decode(text)) for text in texts if text]
    return annotations


def _decimal(seconds: float) -> str:
    return f"{seconds:.6f}".rstrip("0").rstrip(".")
