"""A judgement: a verdict as the page sends it, and what it means for an event."""

from dataclasses import dataclass

from nasion.review.ledger import Entry
from nasion.review.verdicts import DEEDS
from nasion.terms import READING_STEP_S, SFREQ, Pattern

LONGEST_NOTE = 2000  # characters


class Unfit(Exception):  # noqa: N818
    """What was asked for doesn't fit the reading; its text says why, `status` is of HTTP."""

    def __init__(self, detail: str, status: int = 422) -> None:
        super().__init__(detail)
        self.status = status


@dataclass(frozen=True)
class Judgement:
    """What somebody says of an event, or of a place where none was found."""

    action: str
    event: str | None = None
    pattern: Pattern | None = None
    onset_s: float | None = None
    duration_s: float | None = None
    note: str = ""

    def check(self) -> None:
        """Refuse what no verdict is, whatever the event; raises Unfit."""
        if self.action not in DEEDS:
            raise Unfit(f"action is one of {', '.join(DEEDS)}")
        if len(self.note) > LONGEST_NOTE:
            raise Unfit(f"a note has at most {LONGEST_NOTE} characters")

    def pattern_of(self, entry: Entry | None) -> Pattern | None:
        """The pattern it leaves an event with; raises Unfit where one has to be named."""
        before = (entry.verdict_pattern or entry.pattern) if entry else None
        pattern = self.pattern if self.action in ("add", "relabel") else before or self.pattern
        if pattern is None and self.action != "reject":
            raise Unfit("name a pattern")
        return pattern

    def borders_of(self, entry: Entry | None, longest_s: float) -> tuple[float, float]:
        """Onset and length in a recording of `longest_s`; only `add` and `move` change them."""
        if self.action not in ("add", "move"):
            assert entry is not None
            borders = entry.verdict or entry
            return borders.onset_s, borders.duration_s
        onset_s, duration_s = self.onset_s, self.duration_s
        if onset_s is None or duration_s is None:
            raise Unfit("give onset_s and duration_s")
        begins_within = 0 <= onset_s < longest_s
        if not (begins_within and 1 / SFREQ <= duration_s <= longest_s - onset_s + READING_STEP_S):
            raise Unfit("an event begins and ends within the recording, a sample or more later")
        return onset_s, min(duration_s, longest_s - onset_s)
