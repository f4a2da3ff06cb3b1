"""A score: how seizures found in one recording, or in those of a subject, compare with the truth.

SzCORE's own evaluation of data sets is followed to the digit, by the files that it would read: what
was found is in its table, times are whole seconds, a recording lasts as long as its truth says,
and a recording without a table counts as one in which nothing was found.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nasion.benchmark.data_set import Item
from nasion.evaluation import occurrences
from nasion.evaluation.detection import Counts, Spans, by_event, by_sample, whole_seconds
from nasion.terms import Pattern

TOLERANCE_S = 1.0
NOTHING = Counts(0, 0, 0, 0.0)


@dataclass(frozen=True)
class Score:
    """Counts of recordings together.

    Parameters
    ----------
    recordings, unread
        How many, and how many of them could not be read.
    duration_s, unseen_s
        Of the recordings, and how much of it was not judged, all of an unread one.
    events, samples
        Of seizures.
    """

    recordings: int
    unread: int
    duration_s: float
    unseen_s: float
    events: Counts
    samples: Counts

    def __add__(self, other: "Score") -> "Score":
        return Score(
            self.recordings + other.recordings,
            self.unread + other.unread,
            self.duration_s + other.duration_s,
            self.unseen_s + other.unseen_s,
            self.events + other.events,
            self.samples + other.samples,
        )

    @property
    def unseen_share(self) -> float:
        """Share of the time that was not judged."""
        return self.unseen_s / self.duration_s if self.duration_s else 0.0


def of_reading(item: Item, found: Path, unseen: Spans) -> Score:
    """Score what was found in a recording.

    Parameters
    ----------
    found
        Its table in SzCORE's columns.
    unseen
        What was not judged.
    """
    table = occurrences.read(found)
    duration_s = item.stated_s or table.duration_s or 0.0
    unseen_s = sum(min(stop, duration_s) - min(start, duration_s) for start, stop in unseen)
    read_s = min(table.duration_s or 0.0, duration_s)
    unseen_s = min(unseen_s + duration_s - read_s, duration_s)
    return _score(item, table.spans[Pattern.SEIZURE], duration_s, unseen_s, unread=0)


def notes(item: Item, duration_s: float) -> list[str]:
    """Say where a recording is not as long as its truth says."""
    stated_s = item.stated_s
    if stated_s is None or abs(stated_s - duration_s) < TOLERANCE_S:
        return []
    truth = "its events" if item.alias else item.truth.path.name
    lengths = f"lasts {duration_s:.1f} s, by {truth} {stated_s:.1f} s"
    return [f"{item.alias or item.path}: {lengths}; scored by the latter"]


def of_unread(item: Item) -> Score | None:
    """Score a recording that could not be read; None where nobody knows how long it is."""
    duration_s = item.stated_s
    return _score(item, (), duration_s, duration_s, unread=1) if duration_s else None


def total(scores: Sequence[Score]) -> Score:
    """Recordings together."""
    return sum(scores, Score(0, 0, 0.0, 0.0, NOTHING, NOTHING))


def _score(item: Item, found: Spans, duration_s: float, unseen_s: float, *, unread: int) -> Score:
    n_s = float(int(duration_s))
    found, true = (
        whole_seconds(spans, n_s) for spans in (found, item.truth.spans[Pattern.SEIZURE])
    )
    events, samples = by_event(found, true, n_s), by_sample(found, true, n_s)
    return Score(1, unread, duration_s, unseen_s, events, samples)
