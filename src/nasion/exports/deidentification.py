"""Readings without their patient: a random name, dates moved by whole weeks, no free text.

What a file says in words may hold a name: its own, its channel labels, its annotations. Only
what is on a list of technical words passes; all else goes. The clock time and the weekday stay.
"""

import csv
import os
import re
import secrets
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from nasion.eeg.form import Kind
from nasion.eeg.remarks import Code, Remark
from nasion.errors import NasionError
from nasion.reading.reading import Reading
from nasion.terms import EVENTFUL

NAME_BYTES = 8
# Recordings begin in these years: EDF can hold them, and everyone sees that they are not true.
FIRST_DAY, N_WEEKS = datetime(2050, 1, 1), 20 * 52
REMOVED = "removed"
LEFT_OUT = "..."  # stands for words within a warning
KEY_COLUMNS = ("original", "name", "days")

_UNIT = r"(?:hz|s|sec|min|[uµμ]v|%)"
_WORDS = (
    "eyes", "eye", "open", "opened", "closed", "closing", "opening", "eo", "ec", "blink", "blinks",
    "photic", "stimulation", "stimulus", "flash", "hyperventilation", "hv", "post", "pre", "rest",
    "resting", "awake", "drowsy", "sleep", "asleep", "arousal", "arousals", "stage", "n1", "n2",
    "n3", "rem", "sedation", "start", "started", "begin", "end", "ended", "stop", "stopped",
    "resume", "pause", "on", "off", "of", "and", "with", "the", "recording", "eeg", "video",
    "calibration", "impedance", "impedances", "check", "montage", "change", "changed", "electrode",
    "electrodes", "filter", "gain", "notch", "reference", "artifact", "artefact", "movement",
    "muscle", "emg", "ecg", "ekg", "eog", "chewing", "swallowing", "suction", "ventilator",
    "noise", "line", "onset", "offset", "clinical", "spike", "spikes", "sharp", "wave", "waves",
    "discharge", "theta", "alpha", "beta", "bilateral", "left", "right", "birds", "birda",
    "sirpids", "burst", "bursts", "suppression", "possible", "event", "button", "push", "pushed",
    "pressed", "annotation", "segment", "discontinuity", "edge", "boundary", "lost", "data",
    *(word for name in EVENTFUL for word in (name, f"{name}s", *name.long_name.split())),
)  # fmt: skip
_PART = rf"(?:{'|'.join(_WORDS)}|\d{{1,3}}(?:[.,]\d)?\s?{_UNIT})"
# Whole annotations that stay, as regular expressions; case does not matter.
ALLOWED = (rf"\W?{_PART}(?:[\s,;/+-]+{_PART})*\W?",)

_SITE = r"(?:(?:FP|AF|FC|FT|TP|CP|PO|[FCTPOIAME])(?:Z|\d{1,2})|(?:SP|PG|CB)[12])"
_OTHER = (
    r"(?:E[KC]G|EMG|EOG|LOC|ROC|CHIN|LEG|ARM|RESP|FLOW|ABD|THO|THOR|SNORE|SPO2|PULSE|PR|HR|DC|BP"
    r"|OSAT|EVENT|TRIG|TRIGGER|STATUS|PHOTIC|MARKER|TEMP|CO2|ETCO2|ICP|ABP|CVP|PLETH|ACC|POS)"
)
_LABEL = re.compile(
    rf"(?:(?:EEG|POL)[\s_-]+)?(?:{_SITE}|{_OTHER}\d{{0,2}}[LR]?)"
    rf"(?:(?:\s?[-_:]\s?|\s)(?:{_SITE}|{_OTHER}\d{{0,2}}|REF|LE|AVG?|AR|CAR|[LR]))?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Key:
    """What a recording is called outside, and how many days its dates are moved by."""

    name: str
    days: int

    @classmethod
    def draw(cls, start: datetime | None = None) -> "Key":
        """Draw a key; the date it gives to a recording of that start says nothing of the true one.

        Parameters
        ----------
        start
            Of the first recording of the stay.
        """
        true = start or datetime.now()
        days = 0
        while not days:
            weeks = (FIRST_DAY - true).days // 7 + 1 + secrets.randbelow(N_WEEKS)
            days = 7 * weeks
        return cls(secrets.token_hex(NAME_BYTES), days)

    def another(self) -> "Key":
        """Give the key of the next recording of the same stay: another name, the same days."""
        return replace(self, name=secrets.token_hex(NAME_BYTES))


def deidentified(reading: Reading, key: Key, allowed: Sequence[str] = ALLOWED) -> Reading:
    """Give the reading without what may tell whose it is.

    Parameters
    ----------
    allowed
        Regular expressions; annotations that one of them matches from end to end stay.
    """
    regexes = [re.compile(pattern, re.IGNORECASE) for pattern in allowed]
    return replace(
        reading,
        name=key.name,
        start=reading.start + timedelta(days=key.days) if reading.start else None,
        annotations=tuple(
            entry
            for entry in reading.annotations
            if any(regex.fullmatch(entry[2]) for regex in regexes)
        ),
        montage=replace(
            reading.montage, recorded=tuple(map(clean_label, reading.montage.recorded))
        ),
        ignored=tuple(map(clean_label, reading.ignored)),
        warnings=tuple(dict.fromkeys(map(clean_remark, reading.warnings))),
    )


def clean_label(label: str) -> str:
    """Give a channel's label if it is a technical one, else a word for it."""
    return label if _LABEL.fullmatch(label.strip()) else REMOVED


def clean_remark(remark: Remark) -> Remark:
    """Give a remark without words and names of files, or one that says that it was left out.

    What a value may hold stands in the table of codes; its text isn't looked at.
    """
    if remark.code in (Code.TEXT, Code.UNREADABLE):
        return Remark(Code.WITHHELD)
    kinds = remark.code.value.kinds
    return Remark(
        remark.code,
        {name: _clean_value(kinds[name], value) for name, value in remark.values.items()},
    )


def _clean_value(kind: Kind, value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_clean_value(kind, entry) for entry in value)
    if kind in (Kind.NUMBER, Kind.ELECTRODE, Kind.CHANNEL, Kind.TERM):
        return value
    if kind is Kind.LABEL:
        return value and clean_label(value)
    return LEFT_OUT


def write_keys(path: Path, keys: Mapping[str, Key]) -> None:
    """Write which original became which key, readable by the owner alone.

    Whoever has this file can undo the de-identification: it never lies beside the outputs.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-")  # mode 0600
        temporary = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(KEY_COLUMNS)
            writer.writerows((original, key.name, key.days) for original, key in keys.items())
        temporary.replace(path)
    except OSError as error:
        raise NasionError(f"{path}: cannot be written ({error.strerror})") from None
    finally:
        if temporary:
            temporary.unlink(missing_ok=True)


def read_keys(path: Path) -> dict[str, Key]:
    """Read what `write_keys` wrote, so that a second run names recordings as the first did."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows: Iterable[dict[str, str]] = csv.DictReader(file)
            return {row["original"]: Key(row["name"], int(row["days"])) for row in rows}
    except OSError as error:
        raise NasionError(f"{path}: can't be read ({error.strerror})") from None
    except (KeyError, ValueError, TypeError, csv.Error):
        raise NasionError(f"{path}: not the keys that nasion wrote; give another file") from None
