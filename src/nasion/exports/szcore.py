"""Seizures alone, in the columns that SzCORE's tools exchange, one file a recording.

Dan J et al. SzCORE: seizure community open-source research evaluation framework. Epilepsia 2024;
the columns and their form are those of its package `epilepsy2bids`. Its tools stop at a word that
is neither a seizure nor `bckg`, and count all that is no seizure as judged free of one. What was
not judged is therefore `bckg` with a confidence of 0, which no other row has.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from nasion.events.burden import Spans, judged_spans, spans_of, united
from nasion.files import replacing
from nasion.reading.event import Event
from nasion.reading.reading import Reading
from nasion.terms import CHAIN_ELECTRODES, PATTERNS, READING_STEP_S, Pattern

ABSENT = "n/a"  # as BIDS writes what is not there
SEIZURE, NO_SEIZURE = "sz", "bckg"
COLUMNS = (
    "onset", "duration", "eventType", "confidence", "channels", "dateTime", "recordingDuration",
)  # fmt: skip
LEAST_CONFIDENCE = 0.01  # of what was judged, to two decimals


@dataclass(frozen=True)
class Row:
    """A stretch of a recording.

    Parameters
    ----------
    confidence
        From 0 to 1, that it is what it is called; 0 where it was not judged, .5 at most of a
        seizure that the measured signal contradicts.
    """

    onset_s: float
    stop_s: float
    kind: str
    confidence: float
    channels: str = ABSENT


def write_seizures(reading: Reading, path: Path) -> None:
    """Write the seizures of a reading, and nothing beside the file."""
    more = clock_text(reading.start), f"{reading.duration_s:.2f}"
    lines = ["\t".join(COLUMNS)]
    for row in rows(reading):
        length_s = row.stop_s - row.onset_s
        numbers = f"{row.onset_s:.2f}", f"{length_s:.2f}", row.kind, f"{row.confidence:.2f}"
        lines.append("\t".join((*numbers, row.channels, *more)))
    with replacing(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="")


def rows(reading: Reading) -> list[Row]:
    """Seizures and what was not judged, by onset; without any seizure what was judged, too."""
    seizures = [event for event in reading.events if event.pattern is Pattern.SEIZURE]
    found = [
        Row(event.onset_s, event.stop_s, SEIZURE, _judged(event.confidence), channels_of(event))
        for event in seizures
    ]
    unseen = [Row(*span, NO_SEIZURE, 0.0) for span in not_judged(reading)]
    seen = () if seizures else judged_spans(reading, Pattern.SEIZURE)
    free = [Row(*span, NO_SEIZURE, _judged(_free(reading, span))) for span in seen]
    return sorted([*found, *unseen, *free], key=lambda row: row.onset_s)


def not_judged(reading: Reading) -> Spans:
    """Stretches of which nobody can say whether they hold a seizure, (start_s, stop_s)."""
    known = united(
        [*judged_spans(reading, Pattern.SEIZURE), *spans_of(reading.events, Pattern.SEIZURE)]
    )
    borders = [0.0, *(border for span in known for border in span), reading.duration_s]
    pairs = zip(borders[::2], borders[1::2], strict=True)
    return [(start, stop) for start, stop in pairs if stop > start]


def channels_of(event: Event) -> str:
    """Electrodes of the chains that show an event."""
    sites = dict.fromkeys(site for chain in event.chains for site in CHAIN_ELECTRODES[chain])
    return ",".join(sites) or ABSENT


def clock_text(start: datetime | None) -> str:
    """Clock time of the first sample."""
    return f"{start:%Y-%m-%d %H:%M:%S}" if start else ABSENT


def _free(reading: Reading, span: tuple[float, float]) -> float:
    """Mean probability that a judged stretch is no seizure."""
    first, stop = int(span[0] / READING_STEP_S), -int(-span[1] // READING_STEP_S)
    seizure = reading.probability[first:stop, PATTERNS.index(Pattern.SEIZURE)]
    return 1.0 - float(seizure.mean())


def _judged(confidence: float) -> float:
    return max(confidence, LEAST_CONFIDENCE)
