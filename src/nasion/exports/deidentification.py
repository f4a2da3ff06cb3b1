"""Readings without their patient: a random name, dates moved by whole weeks, no free text.

What a file says in words may hold a name: its own, its channel labels, its annotations. Only
what is on a list of technical words passes; all else goes. The clock time and the weekday stay.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from nasion.eeg.form import Kind
from nasion.eeg.recording import Recording
from nasion.eeg.remarks import Code, Remark
from nasion.errors import NasionError
from nasion.exports.discretion import cause
from nasion.exports.keys import Key
from nasion.reading.reading import Reading
from nasion.terms import EVENTFUL

Told = TypeVar("Told", bound=Reading | Recording)
REMOVED = "removed"
LEFT_OUT = "..."  # stands for words within a warning

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


def deidentified(told: Told, key: Key, allowed: Sequence[str] = ALLOWED) -> Told:
    """Give a reading or a recording without what may tell whose it is.

    Parameters
    ----------
    allowed
        Regular expressions; annotations that one of them matches from end to end stay.
    """
    regexes = [re.compile(pattern, re.IGNORECASE) for pattern in allowed]
    return replace(
        told,
        name=key.name,
        start=key.moved(told.start),
        annotations=tuple(
            entry
            for entry in told.annotations
            if any(regex.fullmatch(entry[2]) for regex in regexes)
        ),
        montage=replace(told.montage, recorded=tuple(map(clean_label, told.montage.recorded))),
        ignored=tuple(map(clean_label, told.ignored)),
        warnings=tuple(dict.fromkeys(map(clean_remark, told.warnings))),
    )


def without_patient(recording: Recording, key: Key) -> Recording:
    """Give a recording as `deidentified` does, its references, too."""
    references = tuple(dict.fromkeys(map(clean_label, recording.references)))
    return replace(deidentified(recording, key), references=references)


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


def clean_finding(remark: Remark) -> Remark:
    """Give a finding of a data set as `clean_remark` does; of a broken file with its cause."""
    if remark.code is Code.UNREADABLE:
        return Remark(Code.UNREADABLE, {"error": cause(NasionError(remark.text))})
    return clean_remark(remark)


def _clean_value(kind: Kind, value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_clean_value(kind, entry) for entry in value)
    if kind in (Kind.NUMBER, Kind.ELECTRODE, Kind.CHANNEL, Kind.TERM):
        return value
    if kind is Kind.LABEL:
        return value and clean_label(value)
    return LEFT_OUT
