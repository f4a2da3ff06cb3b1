"""The ledger of a reading: its events, and what was said of each of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from nasion.reading.event import Event
from nasion.reading.reading import Reading
from nasion.review.candidates import Candidate
from nasion.review.reviewer import Reviewer
from nasion.review.verdicts import Standing, Verdict
from nasion.terms import PATTERNS, Pattern

Subject = tuple[float, float, str]


@dataclass(frozen=True)
class Entry:
    """One event as a page shows it: of the model, a candidate, or the reader's own."""

    id: str
    onset_s: float
    duration_s: float
    pattern: Pattern | None = None
    event: Event | None = None
    verdict: Verdict | None = None

    @property
    def subject(self) -> Subject | None:
        """What a verdict remembers it by; None of the reader's own."""
        return None if self.id.startswith("r") else subject_of(self)

    @property
    def stands(self) -> bool:
        """Whether a reader stands by it: judged, and neither rejected nor none of the patterns."""
        return self.verdict is not None and self.verdict_pattern not in (None, Pattern.OTHER)

    @property
    def is_doubted(self) -> bool:
        """Whether it is uncertain, and no reader has looked."""
        return self.verdict is None and self.event is not None and not self.event.is_certain

    @property
    def verdict_pattern(self) -> Pattern | None:
        """The pattern that the verdict names; None where it rejects or there is none."""
        if self.verdict is None or self.verdict.action == "reject":
            return None
        return self.verdict.pattern

    def as_dict(self) -> dict[str, Any]:
        """As the page gets it."""
        event = self.event
        return {
            "id": self.id,
            "onset_s": self.onset_s,
            "duration_s": self.duration_s,
            "pattern": self.pattern,
            "probability": event.probability if event else None,
            "peak": event.peak if event else None,
            "side": event.side if event else None,
            "frequency_hz": event.frequency_hz if event else None,
            "chains": list(event.chains) if event else [],
            "length": event.length if event else "",
            "doubt": event.doubt if event else "",
            "verdict": _fields(self.verdict) if self.verdict else None,
        }


def subject_of(entry: Entry) -> Subject:
    """Onset, length and pattern, as a verdict notes them."""
    return entry.onset_s, entry.duration_s, entry.pattern or ""


def _fields(verdict: Verdict) -> dict[str, Any]:
    return {
        "action": verdict.action,
        "pattern": verdict.pattern,
        "onset_s": verdict.onset_s,
        "duration_s": verdict.duration_s,
        "note": verdict.note,
        "reviewer": verdict.reviewer,
        "at": verdict.at,
        "predictions_visible": verdict.predictions_visible,
    }


class Sheet:
    """Events or candidates by number, before anybody said anything of them."""

    def __init__(self, items: Sequence[Event | Candidate]) -> None:
        self._entries: dict[str, Entry] = {}
        for place, item in enumerate(items):
            if isinstance(item, Candidate):
                entry = Entry(item.id, item.onset_s, item.duration_s)
            else:
                entry = Entry(f"e{place}", item.onset_s, item.duration_s, item.pattern, item)
            self._entries[entry.id] = entry
        self._ids = {subject_of(entry): entry.id for entry in self._entries.values()}

    def filled(self, verdicts: Iterable[Verdict]) -> dict[str, Entry]:
        """All of them with the last verdict on each, then the readers' own, by number.

        Verdicts on events that the reading no longer holds stand as the readers' own.

        Parameters
        ----------
        verdicts
            What stands and may be shown.
        """
        ledger = Ledger(self)
        for verdict in verdicts:
            ledger.take(verdict)
        return ledger.entries()

    def blank(self) -> dict[str, Entry]:
        """All of them, by number."""
        return dict(self._entries)

    def number_of(self, subject: Subject) -> str | None:
        """Under which number a verdict's event stands here."""
        return self._ids.get(subject)


class Ledger:
    """A sheet with what was said of it, kept as verdicts come."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._entries = sheet.blank()
        self._last: dict[str, Verdict] = {}  # by number, of those that `entries` hasn't yet
        self._lost: dict[Subject, str] = {}  # numbers of events that the reading no longer holds

    def take(self, verdict: Verdict) -> None:
        """Take the next verdict."""
        self._last[self._number_of(verdict)] = verdict

    def entries(self) -> dict[str, Entry]:
        """Events by number, each with the last verdict on it."""
        for number, verdict in self._last.items():
            shown = self._entries.get(number)
            if shown is None or number.startswith("r"):
                said = verdict.onset_s, verdict.duration_s, verdict.pattern
                self._entries[number] = Entry(number, *said, verdict=verdict)
            else:
                self._entries[number] = replace(shown, verdict=verdict)
        self._last.clear()
        return dict(self._entries)

    def _number_of(self, verdict: Verdict) -> str:
        subject, number = verdict.subject, verdict.event
        if subject is not None:
            own = self._sheet.number_of(subject)
            return own or self._lost.setdefault(subject, f"r-{verdict.key}")
        return number if number.startswith("r") or number in self._entries else f"r-{verdict.key}"


class View:
    """A ledger of what one reviewer may see, which goes on where it stopped.

    Parameters
    ----------
    said
        What stands; `entries` reads what came since the last time.
    """

    def __init__(self, sheet: Sheet, reviewer: Reviewer, said: Standing) -> None:
        self._ledger, self._reviewer, self._said = Ledger(sheet), reviewer, said
        self._n_taken, self._n_withdrawn = 0, said.n_withdrawn

    def goes_on(self, reviewer: Reviewer, said: Standing) -> bool:
        """Whether it is of them, and nothing that was taken was withdrawn since."""
        same = self._reviewer == reviewer and self._said is said
        return same and self._n_withdrawn == said.n_withdrawn

    def entries(self) -> dict[str, Entry]:
        """Events by number."""
        for verdict in islice(self._said, self._n_taken, None):
            if self._reviewer.may_see(verdict):
                self._ledger.take(verdict)
        self._n_taken = len(self._said)
        return self._ledger.entries()


def urgency(entries: Sequence[Entry]) -> float:
    """How much needs eyes: weighted minutes of certain events that nobody judged yet."""
    unread = [entry for entry in entries if entry.verdict is None and not entry.is_doubted]
    weighted = sum(
        entry.pattern.nature.urgency * entry.duration_s for entry in unread if entry.pattern
    )
    return round(weighted / 60, 3)


def minutes(reading: Reading) -> dict[str, float | None]:
    """Minutes of the model's certain events by pattern; None of what the electrodes can't tell."""
    by_pattern = dict.fromkeys(PATTERNS, 0.0)
    for event in reading.certain:
        by_pattern[event.pattern] += event.duration_s / 60
    return {
        str(pattern): None if pattern in reading.trust.untold else round(length, 3)
        for pattern, length in by_pattern.items()
    }
