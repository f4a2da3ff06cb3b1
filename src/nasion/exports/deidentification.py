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

from nasion.errors import NasionError
from nasion.reading.reading import Reading
from nasion.terms import COLUMNS

NAME_BYTES = 8
# Recordings begin in these years: EDF can hold them, and everyone sees that they are not true.
FIRST_DAY, N_WEEKS = datetime(2050, 1, 1), 20 * 52
REMOVED = "removed"
WITHHELD = "a warning was left out, as it may hold words of the file"
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
    "noise", "line", "seizure", "seizures", "onset", "offset", "electrographic", "clinical",
    "spike", "spikes", "sharp", "wave", "waves", "discharge", "discharges", "periodic",
    "rhythmic", "delta", "theta", "alpha", "beta", "activity", "generalized", "lateralized",
    "bilateral", "left", "right", "lpd", "lpds", "gpd", "gpds", "lrda", "grda", "birds", "birda",
    "sirpids", "burst", "bursts", "suppression", "possible", "event", "button", "push", "pushed",
    "pressed", "annotation", "segment", "discontinuity", "edge", "boundary", "lost", "data",
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

# The warnings of nasion; <n> is a number, <labels> are names of channels, <any> may be anything.
_AMPLITUDES = "amplitudes of <n> µV are far <side> those of EEG: the unit in the file is wrong"
_REFERENCES = (
    "<n> references (<any>): trust differences within a side, not the midline<any>, the average"
    " reference or left-right comparisons<any>; nothing was interpolated across references"
)
_WARNINGS = (
    "<n> bytes after the last record of the header were left out",
    "record <n> states an onset before record <n> ends: taken as contiguous, as the header says",
    "the header says contiguous but the records' onsets leave gaps: taken as gaps",
    "<labels> holds nothing (flat, NaN or without a range): taken as missing",
    "<labels>: it states no unit: taken as uV",
    "<labels>: its unit '<any>' is no voltage: taken as uV",
    "a second channel of the same electrode was left out: <labels>",
    "<labels> is the reference of all others: its trace is zero by definition",
    _AMPLITUDES,
    f"{_AMPLITUDES}; all values were multiplied by <n>",
    f"{_AMPLITUDES}; state the right one (unit='uV', ...)",
    _REFERENCES,
    "<labels> missing, unlike in other files",
    "<labels> interpolated, unlike in other files",
    "the reference differs between files: <any>",
    "begins <n> s before <any> ends; so much of its beginning was left out",
)
_SLOTS = {"n": r"[\d.e+-]+", "labels": ".+?", "any": ".*?", "side": "above|below"}


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
    keep = [re.compile(pattern, re.IGNORECASE) for pattern in allowed]
    return replace(
        reading,
        name=key.name,
        start=reading.start + timedelta(days=key.days) if reading.start else None,
        annotations=tuple(
            entry for entry in reading.annotations if any(one.fullmatch(entry[2]) for one in keep)
        ),
        missing=tuple(name for name in reading.missing if name in COLUMNS),
        interpolated=tuple(name for name in reading.interpolated if name in COLUMNS),
        ignored=tuple(map(clean_label, reading.ignored)),
        warnings=tuple(dict.fromkeys(map(clean_warning, reading.warnings))),
    )


def clean_label(label: str) -> str:
    """Give a channel's label if it is a technical one, else a word for it."""
    return label if _LABEL.fullmatch(label.strip()) else REMOVED


def clean_warning(text: str) -> str:
    """Give a warning without words of the file, or one that says that it was left out."""
    for kinds, pattern in _PATTERNS:
        if match := pattern.fullmatch(text):
            clean = match["sentence"]
            base = match.start("sentence")
            for place in range(len(kinds), 0, -1):
                slot = f"slot{place}"
                begin, stop = (end - base for end in match.span(slot))
                clean = clean[:begin] + _clean_slot(kinds[place - 1], match[slot]) + clean[stop:]
            return clean
    return WITHHELD


def _clean_slot(kind: str, text: str) -> str:
    if kind == "labels":
        return ", ".join(dict.fromkeys(map(clean_label, text.split(", "))))
    return "..." if kind == "any" and text else text


def _pattern(sentence: str) -> tuple[tuple[str, ...], re.Pattern[str]]:
    """Read one of the sentences; a stay puts the name of a file before it."""
    words, *rest = re.split("<(.+?)>", sentence)
    kinds, source = tuple(rest[::2]), re.escape(words)
    for place, (kind, following) in enumerate(zip(kinds, rest[1::2], strict=True), 1):
        source += f"(?P<slot{place}>{_SLOTS[kind]}){re.escape(following)}"
    return kinds, re.compile(f"(?:.*: )?(?P<sentence>{source})", re.DOTALL)


_PATTERNS = tuple(map(_pattern, _WARNINGS))


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
