"""The ledger of a reading: its events, and what was said of each of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from nasion.reading.event import Event
from nasion.reading.reading import Reading
from nasion.review.candidates import Candidate
from nasion.review.verdicts import Verdict
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
    names = ("action", "pattern", "onset_s", "duration_s", "note", "reviewer", "at")
    fields = {name: getattr(verdict, name) for name in names}
    return fields | {"predictions_visible": verdict.predictions_visible}


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

    def filled(self, verdicts: Sequence[Verdict]) -> dict[str, Entry]:
        """All of them with the last verdict on each, then the readers' own, by number.

        Verdicts on events that the reading no longer holds stand as the readers' own.

        Parameters
        ----------
        said
            What stands and may be shown: from `verdicts.standing` and `visible`.
        """
        entries, numbers = dict(self._entries), dict[Subject, str]()
        for verdict in verdicts:
            if verdict.subject is None:
                number = verdict.event
            elif verdict.subject in self._ids:
                number = self._ids[verdict.subject]
            else:
                number = numbers.setdefault(verdict.subject, f"r-{verdict.key}")
            if number.startswith("r"):
                values = (verdict.onset_s, verdict.duration_s, verdict.pattern)
                entries[number] = Entry(number, *values)
            entries[number] = replace(entries[number], verdict=verdict)
        return entries


def visible(verdicts: Sequence[Verdict], *, blind: bool, reviewer: str) -> list[Verdict]:
    """The verdicts that a page may show: in a blind review nobody sees those of others."""
    if blind:
        return [v for v in verdicts if not v.predictions_visible and v.reviewer == reviewer]
    return [v for v in verdicts if v.predictions_visible]


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
