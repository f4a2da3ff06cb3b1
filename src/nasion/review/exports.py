"""What readers said, for other programs: BIDS events, EDF+ annotations."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasion.eeg.edf.writer import write_annotations
from nasion.events.runs import length
from nasion.exports.bids import ABSENT, write_events
from nasion.exports.derivative import REVIEWED, to_bids
from nasion.files import write_text
from nasion.reading.event import Event
from nasion.reading.reading import Reading
from nasion.review.ledger import Entry
from nasion.signal.fault import REASONS, Reason
from nasion.terms import READING_STEP_S

REVIEW = "review"  # in the folder of a reading
COLUMNS = (
    "onset", "duration", "pattern", "event", "model_onset", "model_duration", "model_pattern",
    "model_probability", "action", "reviewer", "at", "predictions_visible", "note",
)  # fmt: skip


def export_bids(
    reading: Reading, entries: Iterable[Entry], folder: Path, data_set: Path
) -> list[str]:
    """Write `events.tsv` and .json of what stands, and `verdicts.tsv` of all that was said.

    Events that nobody judged and those that were rejected are in neither of the first two; the
    .json says how many were not read.

    Parameters
    ----------
    folder
        Of the reading; its `review/` gets the files.
    data_set
        A BIDS derivative that gets what stands, too.
    """
    entries = list(entries)
    events = [_event(entry) for entry in entries if entry.stands]
    by_onset = tuple(sorted(events, key=lambda event: event.onset_s))
    reviewed = replace(reading, events=by_onset, reason=_reasons(reading, entries))
    more = {"Review": _about(entries)}
    write_events(reviewed, folder / REVIEW / "events.tsv", more)
    to_bids(reviewed, data_set, name=folder.resolve().name, label=REVIEWED, more=more)
    rows = [_row(entry) for entry in entries if entry.verdict]
    lines = ["\t".join(row) for row in (list(COLUMNS), *rows)]
    write_text(folder / REVIEW / "verdicts.tsv", "\n".join(lines) + "\n")
    return ["events.tsv", "events.json", "verdicts.tsv"]


def export_edf(reading: Reading, entries: Iterable[Entry], folder: Path) -> list[str]:
    """Write `annotations.edf`: what stands, to be opened beside the recording."""
    annotations = [
        (event.onset_s, event.duration_s, _words(event, entry))
        for entry in entries
        if entry.stands
        for event in (_event(entry),)
    ]
    write_annotations(folder / REVIEW / "annotations.edf", sorted(annotations), reading.start)
    return ["annotations.edf"]


def _reasons(reading: Reading, entries: Iterable[Entry]) -> NDArray[np.uint8]:
    """Why steps are not judged, those of events that nobody read among them."""
    reasons = reading.reason.copy()
    for entry in entries:
        if entry.verdict is None:
            stop_s = entry.onset_s + entry.duration_s
            first, stop = int(entry.onset_s // READING_STEP_S), int(-(-stop_s // READING_STEP_S))
            reasons[first:stop][reading.judged[first:stop]] = REASONS.index(Reason.UNREAD)
    return reasons


def _about(entries: Iterable[Entry]) -> dict[str, Any]:
    """Give what has to be known of a review: what was not read says nothing."""
    verdicts = [entry.verdict for entry in entries]
    return {
        "Description": "Who judged, and how many events nobody judged, which are left out.",
        "Reviewers": sorted({verdict.reviewer for verdict in verdicts if verdict}),
        "EventsRead": sum(verdict is not None for verdict in verdicts),
        "EventsNotRead": sum(verdict is None for verdict in verdicts),
    }


def _event(entry: Entry) -> Event:
    """An event as the reader has it; what was measured stays where they agree on it."""
    verdict, pattern = entry.verdict, entry.verdict_pattern
    assert verdict is not None
    assert pattern is not None
    name = length(verdict.duration_s)
    if entry.event and entry.event.pattern == pattern:
        return replace(
            entry.event,
            onset_s=verdict.onset_s,
            duration_s=verdict.duration_s,
            length=name,
            contradictions=(),  # a reader has looked
        )
    nan = float("nan")
    return Event(verdict.onset_s, verdict.duration_s, pattern, nan, nan, length=name)


def _words(event: Event, entry: Entry) -> str:
    assert entry.verdict is not None
    parts = (event.pattern.label, event.side, f"({entry.verdict.action}, {entry.verdict.reviewer})")
    return "review: " + " ".join(filter(None, parts))


def _row(entry: Entry) -> list[str]:
    verdict, event = entry.verdict, entry.event
    assert verdict is not None
    cells = (
        verdict.onset_s, verdict.duration_s, entry.verdict_pattern, entry.id,
        event and event.onset_s, event and event.duration_s, event and event.pattern,
        event and event.probability, verdict.action, verdict.reviewer, verdict.at,
        str(verdict.predictions_visible).lower(), verdict.note,
    )  # fmt: skip
    return [ABSENT if cell in (None, "") else " ".join(str(cell).split()) for cell in cells]
