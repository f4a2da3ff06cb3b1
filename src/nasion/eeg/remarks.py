"""What is said of a recording before its results are trusted: warnings and findings, as data.

A remark is a code with its values; its text is made from both. The table of codes says of each
value what it may hold, so that whoever leaves out words of a file goes by that and never by prose.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import partial
from typing import Any

from nasion.eeg import sentences
from nasion.eeg.form import Form, Kind
from nasion.terms import CENTRE_S, SEGMENT_S

_SHARES = {"electrodes": Kind.CHANNEL, "shares": Kind.NUMBER}
_TAKEN = {"labels": Kind.LABEL, "taken": Kind.TERM}
_AMPLITUDES = (
    "amplitudes of {typical_uv:.2g} µV are far {side} those of EEG: the unit in the file is wrong"
)
_SHORT = f"{{duration_s:g}} s long: less than the {SEGMENT_S:g} s of a segment"


class Code(Enum):
    """Everything that can be said of a recording; names are written to files and stay."""

    # of files
    NEVER_CLOSED = Form(
        "its recorder never closed it: the {held_s:g} s that it holds were read",
        {"held_s": Kind.NUMBER},
    )
    ASSUMED_NAMES = Form("no .21E file names its channels: the usual names were taken")
    CUT_SHORT = Form(sentences.cut_short, {"held_s": Kind.NUMBER, "stated_s": Kind.NUMBER})
    MORE_RECORDS = Form(sentences.more_records, {"held_s": Kind.NUMBER, "stated_s": Kind.NUMBER})
    TRAILING_BYTES = Form(
        "{n} bytes ({s:g} s of signal) after its last whole record were left out",
        {"n": Kind.NUMBER, "s": Kind.NUMBER},
    )
    HEADER_LENGTH = Form(
        "its header can't be {stated} bytes long, as it says: taken as {taken}",
        {"stated": Kind.NUMBER, "taken": Kind.NUMBER},
    )
    DATES_DIFFER = Form(
        "its header states two dates: {taken} was taken, not {other}",
        {"taken": Kind.TEXT, "other": Kind.TEXT},
    )
    START_UNREAD = Form("the date or time in its header can't be read: its start is not known")
    UNREAD_ONSETS = Form(
        "annotations left out, since their onsets are no times: {n}", {"n": Kind.NUMBER}
    )
    UNREAD_DURATIONS = Form(
        "annotations whose durations are none that can be, taken as moments: {n}",
        {"n": Kind.NUMBER},
    )
    CUT_TEXTS = Form("annotations whose text was cut, as it is too long: {n}", {"n": Kind.NUMBER})
    MORE_ANNOTATIONS = Form(
        "annotations left out at the end, since there are too many: {n}", {"n": Kind.NUMBER}
    )
    ONSETS_DISBELIEVED = Form(
        "the header says contiguous, but {n} of its {n_records} records state another onset (by up"
        " to {most_s:g} s): taken as contiguous",
        {"n": Kind.NUMBER, "n_records": Kind.NUMBER, "most_s": Kind.NUMBER},
    )
    ONSETS_UNSTATED = Form(
        "{n} of its {n_records} records state no onset that can be read: taken to follow the record"
        " before",
        {"n": Kind.NUMBER, "n_records": Kind.NUMBER},
    )
    ONSETS_EARLY = Form(
        "its records state onsets up to {overlap_s:g} s before the ones before end: taken one after"
        " the other, so that nothing is lost",
        {"overlap_s": Kind.NUMBER},
    )
    NEVER_WRITTEN = Form(
        "{lost_s:,.0f} s were never written (the file has holes): a gap", {"lost_s": Kind.NUMBER}
    )
    START_BEYOND = Form("it would end after the year 9999: its start is taken as not known")
    UNREADABLE = Form("{error}", {"error": Kind.TEXT})

    # of channels
    TOO_SLOW = Form(
        "{label} has {sfreq_hz:.3g} samples a second, too few for EEG: taken as missing",
        {"label": Kind.LABEL, "sfreq_hz": Kind.NUMBER},
    )
    EMPTY_CHANNEL = Form(
        "{label} holds nothing (flat, NaN or without a range): taken as missing",
        {"label": Kind.LABEL},
    )
    DEAD = Form(
        "{labels}: flat, or mains alone, while other channels show EEG: taken as missing",
        {"labels": Kind.LABEL},
    )
    RENAMED = Form(sentences.renamed, {"old": Kind.LABEL, "new": Kind.LABEL})
    BAD_CHANNELS = Form("marked as bad, so not used: {labels}", {"labels": Kind.LABEL})
    NOT_HELD = Form(
        "{where} speaks of channels that the recording does not hold: {labels}",
        {"labels": Kind.LABEL, "where": Kind.TEXT},
    )
    NO_UNIT = Form("{labels}: no unit is stated: taken as {taken}", _TAKEN)
    NO_VOLTAGE = Form(
        "{labels}: the unit '{unit}' is no known one: taken as {taken}",
        {**_TAKEN, "unit": Kind.TEXT},
    )
    OTHER_QUANTITY = Form(
        "{labels}: measured in '{unit}', which is no voltage: not used as EEG",
        {"labels": Kind.LABEL, "unit": Kind.TEXT},
    )
    SECOND_CHANNEL = Form(
        "a second channel of the same electrode or derivation was left out: {labels}",
        {"labels": Kind.LABEL},
    )
    REFERENCE_OF_ALL = Form(
        "{electrode} is the reference of all others: its trace is zero by definition",
        {"electrode": Kind.ELECTRODE},
    )
    REBUILT = Form(
        "potentials were rebuilt from derivations: {electrodes}", {"electrodes": Kind.ELECTRODE}
    )
    CUT = Form(
        "no channel ties {electrodes} to its neighbours in a chain: left out",
        {"electrodes": Kind.ELECTRODE},
    )
    APART = Form(sentences.apart, {"electrodes": Kind.ELECTRODE, "components": Kind.NUMBER})
    MIXED_REFERENCES = Form(
        sentences.mixed_references,
        {
            "names": Kind.LABEL,
            "midline": Kind.ELECTRODE,
            "against": Kind.LABEL,
            "sides": Kind.TERM,
        },
    )

    # of what weights were made for
    AGE = Form(
        sentences.age,
        {"group": Kind.TERM, "least_years": Kind.NUMBER, "below_years": Kind.NUMBER},
    )

    # of amplitudes
    UNIT_UNDONE = Form(
        _AMPLITUDES + "; all values were multiplied by {factor:g}",
        {"typical_uv": Kind.NUMBER, "side": Kind.TERM, "factor": Kind.NUMBER},
    )
    UNIT_WRONG = Form(
        _AMPLITUDES + "; state the right one (unit='uV', ...)",
        {"typical_uv": Kind.NUMBER, "side": Kind.TERM},
    )
    UNIT_UNDONE_ON_SOME = Form(
        "{labels}: {ratio:g} times the amplitude of the other channels: their unit in the file is"
        " wrong; their values were multiplied by {factor:g}",
        {"labels": Kind.LABEL, "ratio": Kind.NUMBER, "factor": Kind.NUMBER},
    )
    UNIT_WRONG_ON_SOME = Form(
        "{labels}: {ratio:g} times the amplitude of the other channels: the unit in the file is"
        " wrong or the contact bad, and nothing undoes it; taken as missing",
        {"labels": Kind.LABEL, "ratio": Kind.NUMBER},
    )

    # of the files of a stay
    UNLIKE_OTHERS = Form(
        "{electrodes} {state}, unlike in other files",
        {"electrodes": Kind.ELECTRODE, "state": Kind.TERM},
    )
    DIFFERING_REFERENCES = Form(
        sentences.differing_references, {"references": Kind.LABEL, "files": Kind.TEXT}
    )
    DIFFERING_MONTAGES = Form(
        partial(sentences.differing, "montage"), {"values": Kind.TEXT, "files": Kind.TEXT}
    )
    OVERLAP = Form(
        "begins {overlap_s:g} s before {before} ends; so much of its beginning was left out",
        {"overlap_s": Kind.NUMBER, "before": Kind.TEXT},
    )

    # of signals
    SAMPLED = Form(
        "long: {n} of its {of} minutes were looked at, one in {every}: all shares are of these",
        {"n": Kind.NUMBER, "of": Kind.NUMBER, "every": Kind.NUMBER},
    )
    ALL_NAN = Form("every electrode is NaN (or beyond 1 V) throughout: there is nothing to read")
    ALL_FLAT = Form("every electrode is flat throughout: there is nothing to read")
    SHORTER_THAN_SEGMENT = Form(_SHORT, {"duration_s": Kind.NUMBER})
    SHORTER_THAN_CENTRE = Form(
        f"{_SHORT} and not even the {CENTRE_S:g} s that a label is about",
        {"duration_s": Kind.NUMBER},
    )
    SHORTER_THAN_LABELS = Form(
        "{duration_s:g} s long, but a label begins at {latest_s:g} s",
        {"duration_s": Kind.NUMBER, "latest_s": Kind.NUMBER},
    )
    LABEL_BEFORE = Form(
        "a label begins at {earliest_s:g} s, before the EEG does", {"earliest_s": Kind.NUMBER}
    )
    SPECTROGRAM_ELSEWHERE = Form(
        "a label's 10 min begin at {offset_s:g} s of its spectrogram {name}, which ends at"
        " {stop_s:g} s",
        {"offset_s": Kind.NUMBER, "stop_s": Kind.NUMBER, "name": Kind.TEXT},
    )
    SPECTROGRAM_OF_OTHER = Form(
        "its spectrogram {name} shows another EEG, or another time (correlation of the courses of"
        " power {correlation:g}): wrong spectrogram_id or offsets",
        {"name": Kind.TEXT, "correlation": Kind.NUMBER},
    )
    MISSING = Form("missing: {electrodes}", {"electrodes": Kind.ELECTRODE})
    INTERPOLATED = Form("interpolated: {electrodes}", {"electrodes": Kind.ELECTRODE})
    GAPS = Form(
        "{n} gaps, {lost_s:g} s of {duration_s:g} s",
        {"n": Kind.NUMBER, "lost_s": Kind.NUMBER, "duration_s": Kind.NUMBER},
    )
    NAN = Form(
        partial(sentences.of_the_time, "without values (NaN, infinite or beyond 1 V)"), _SHARES
    )
    FLAT = Form(partial(sentences.of_the_time, "flat"), _SHARES)
    LEAD_OFF = Form(partial(sentences.of_the_time, "lead off"), _SHARES)
    CLIPPED = Form(partial(sentences.of_the_time, "clipped"), _SHARES)
    OUT_OF_RANGE = Form(sentences.out_of_range, {"limit_uv": Kind.NUMBER, **_SHARES})
    NOT_JUDGED = Form(sentences.not_judged, {"reasons": Kind.TERM, "shares": Kind.NUMBER})
    LINE_NOISE = Form(
        "{line_hz:g} Hz line noise up to {line_uv:.0f} µV: {electrodes}",
        {"line_hz": Kind.NUMBER, "line_uv": Kind.NUMBER, "electrodes": Kind.CHANNEL},
    )

    # of what other versions and de-identification left
    TEXT = Form("{text}", {"text": Kind.TEXT})
    WITHHELD = Form("a warning was left out, as it may hold words of the file")

    @property
    def cautions(self) -> bool:
        """Whether it tells how far all that a model says of the recording is to be trusted."""
        return self in (Code.AGE,)

    @property
    def key(self) -> str:
        """As files spell it: trailing_bytes."""
        return self.name.lower()


_CODES = {code.key: code for code in Code}


@dataclass(frozen=True)
class Remark:
    """One thing a user has to know of a recording; `str` gives its text.

    Parameters
    ----------
    values
        By name, each of the kind that the table of codes says; several of a kind are a tuple.
    file
        Which one of a stay or of a data set it is about, where that must be said.
    """

    code: Code
    values: Mapping[str, Any] = field(default_factory=dict, hash=False)
    file: str = ""
    text: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Make the text; refuse values that the code doesn't have, or of another kind."""
        form: Form = self.code.value
        if not isinstance(self.file, str) or set(self.values) != set(form.kinds):
            raise ValueError(f"{self.code.key} has the values {sorted(form.kinds)}")
        for name, value in self.values.items():
            if not form.kinds[name].holds(value):
                kind = form.kinds[name].value
                raise ValueError(f"{name} of {self.code.key} is {value!r}, not {kind}")
        text = form.filled(self.values)
        object.__setattr__(self, "text", f"{self.file}: {text}" if self.file else text)

    def __str__(self) -> str:
        """Give the text."""
        return self.text

    def of(self, file: str) -> "Remark":
        """Say which file it is about."""
        return replace(self, file=f"{file}: {self.file}" if self.file else file)

    def as_dict(self) -> dict[str, Any]:
        """Give what JSON can hold, as `read_remark` takes it."""
        return {"code": self.code.key, "values": dict(self.values), "file": self.file}


def free_text(text: str) -> Remark:
    """Give a sentence of which nothing more is known than its text."""
    return Remark(Code.TEXT, {"text": text})


def read_remark(entry: Any, text: str) -> Remark:
    """Read what `Remark.as_dict` gave; where this version doesn't know it, take the text."""
    try:
        values = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in entry["values"].items()
        }
        return Remark(_CODES[entry["code"]], values, entry["file"])
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return free_text(text)
