"""Burden: how much of a recording the events take that nothing measured contradicts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nasion.reading.event import Event
from nasion.reading.reading import Reading
from nasion.terms import EVENTFUL, READING_STEP_S, Pattern, prevalence

Spans = list[tuple[float, float]]  # (start_s, stop_s), apart and in order

HOUR_S = 3600.0
# ACNS 2021: electrographic status is 10 min of seizure at a stretch, or 20 % of any 60 min.
STATUS_RUN_S, STATUS_SHARE = 600.0, 0.2
NOTE = "as marked by model events, not a diagnosis"


@dataclass(frozen=True)
class Hour:
    """One hour of the clock, or of the recording where the clock is unknown.

    Parameters
    ----------
    minutes, percent
        Of each pattern; per cent of the judged time of the hour, None where there was none.
    """

    onset_s: float
    duration_s: float
    judged_minutes: float
    minutes: Mapping[Pattern, float]
    percent: Mapping[Pattern, float | None]


@dataclass(frozen=True)
class Peak:
    """The 60 min (the whole of a shorter recording) with most seizure, by the borders of events."""

    onset_s: float
    duration_s: float
    minutes: float
    percent: float


@dataclass(frozen=True)
class Status:
    """Whether model events meet the criterion of electrographic status epilepticus.

    10 min of seizure at a stretch, or 20 % of any 60 min (ACNS 2021). Not a diagnosis. None where
    seizures were not judged.
    """

    met: bool | None
    note: str = NOTE


@dataclass(frozen=True)
class Burden:
    """How much of a recording each pattern takes, by the certain events of its reading.

    Parameters
    ----------
    uncertain
        Events of each pattern that are contradicted by what was measured; they count in nothing
        else here.
    judged_minutes
        Time that was judged, with what events bridge.
    told_minutes
        Of it the time that was judged for each pattern.
    percent
        Of the time judged for the pattern; 0 where none of the recording was, None where the
        montage can't tell the pattern.
    longest_s
        Longest event of each pattern.
    prevalence
        ACNS 2021 word; empty where there is none of it.
    """

    judged_minutes: float
    events: Mapping[Pattern, int]
    uncertain: Mapping[Pattern, int]
    minutes: Mapping[Pattern, float]
    told_minutes: Mapping[Pattern, float]
    percent: Mapping[Pattern, float | None]
    prevalence: Mapping[Pattern, str]
    longest_s: Mapping[Pattern, float]
    hours: tuple[Hour, ...]
    peak: Peak
    status: Status

    @classmethod
    def of(cls, reading: Reading) -> "Burden":
        """Count the events of a reading."""
        spans: dict[Pattern, Spans] = {
            pattern: united(spans_of(reading.certain, pattern)) for pattern in EVENTFUL
        }
        judged = united(
            [*judged_spans(reading), *(span for pieces in spans.values() for span in pieces)]
        )
        judged_s = _total(judged)
        told = {
            name: united([*judged_spans(reading, name), *pieces])
            if reading.share_untold(name)
            else judged
            for name, pieces in spans.items()
        }
        percent = {
            name: 100 * _total(pieces) / (_total(told[name]) or 1.0)
            if told[name] or not judged_s
            else None
            for name, pieces in spans.items()
        }
        longest_s = {name: _longest(pieces) for name, pieces in spans.items()}
        seizures = spans[Pattern.SEIZURE]
        window_s = min(HOUR_S, reading.duration_s)
        most_s, onset_s = densest(seizures, window_s, reading.duration_s)
        return cls(
            judged_minutes=_minutes(judged_s),
            events={pattern: len(spans_of(reading.certain, pattern)) for pattern in EVENTFUL},
            uncertain={pattern: len(spans_of(reading.uncertain, pattern)) for pattern in EVENTFUL},
            minutes={name: _minutes(_total(pieces)) for name, pieces in spans.items()},
            told_minutes={name: _minutes(_total(pieces)) for name, pieces in told.items()},
            percent={
                name: None if share is None else round(share, 4) for name, share in percent.items()
            },
            prevalence={name: prevalence((share or 0) / 100) for name, share in percent.items()},
            longest_s={name: round(longest, 3) for name, longest in longest_s.items()},
            hours=tuple(_hours(reading, spans, judged, told)),
            peak=Peak(
                onset_s=round(onset_s, 3),
                duration_s=window_s,
                minutes=_minutes(most_s),
                percent=round(100 * most_s / (window_s or 1.0), 4),
            ),
            status=Status(
                None
                if percent[Pattern.SEIZURE] is None
                else longest_s[Pattern.SEIZURE] >= STATUS_RUN_S or most_s >= STATUS_SHARE * HOUR_S
            ),
        )

    def as_dict(self) -> dict[str, Any]:
        """As reading.json holds it."""
        return asdict(self, dict_factory=_by_name)


def _by_name(entries: list[tuple[str, Any]]) -> dict[str, Any]:
    """Patterns by their names, lists as JSON has them."""
    return {name: _as_json(value) for name, value in entries}


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): part for key, part in value.items()}
    return list(value) if isinstance(value, tuple) else value


def united(spans: Iterable[tuple[float, float]]) -> Spans:
    """Join what overlaps or touches."""
    result: Spans = []
    for start, stop in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = result[-1][0], max(result[-1][1], stop)
        elif stop > start:
            result.append((start, stop))
    return result


def densest(spans: Spans, window_s: float, duration_s: float) -> tuple[float, float]:
    """Most time that a window of this length can cover of `spans`, and where it begins first.

    The covered time is linear between positions at which either edge of the window meets a
    border, so that one of those is the best.
    """
    if not spans or window_s <= 0:
        return 0.0, 0.0
    borders = np.unique(np.array(spans))
    last = max(duration_s - window_s, 0.0)
    starts = np.unique(np.concatenate([borders, borders - window_s, [0.0]]).clip(0.0, last))
    lengths = np.diff(np.array(spans), axis=1)[:, 0]
    knots = np.array(spans).ravel()
    cumulated = np.repeat(np.concatenate([[0.0], np.cumsum(lengths)]), 2)[1:-1]
    coverage = np.interp(starts + window_s, knots, cumulated) - np.interp(starts, knots, cumulated)
    best = int(coverage.argmax())
    return float(coverage[best]), float(starts[best])


def spans_of(events: Sequence[Event], pattern: Pattern) -> Spans:
    """Give events of a pattern, (start_s, stop_s) each."""
    return [(event.onset_s, event.stop_s) for event in events if event.pattern is pattern]


def judged_spans(reading: Reading, pattern: Pattern | None = None) -> Spans:
    """Give the stretches that were judged, or in which a pattern was, (start_s, stop_s)."""
    steps = np.flatnonzero(reading.tells(pattern) if pattern else reading.judged) * READING_STEP_S
    return united((float(at), min(float(at) + READING_STEP_S, reading.duration_s)) for at in steps)


def _total(spans: Spans) -> float:
    return float(sum(stop - start for start, stop in spans))


def _minutes(seconds: float) -> float:
    return round(seconds / 60, 4)


def _longest(spans: Spans) -> float:
    return max((stop - start for start, stop in spans), default=0.0)


def _within(spans: Sequence[tuple[float, float]], start_s: float, stop_s: float) -> float:
    clipped = ((max(start, start_s), min(stop, stop_s)) for start, stop in spans)
    return float(sum(max(stop - start, 0.0) for start, stop in clipped))


def _hours(
    reading: Reading,
    spans: Mapping[Pattern, Spans],
    judged: Spans,
    told: Mapping[Pattern, Spans],
) -> Iterable[Hour]:
    """Whole hours of the clock, the first and the last one cut; none where all is a gap."""
    clock = reading.start
    past_s = clock.minute * 60 + clock.second + clock.microsecond / 1e6 if clock else 0.0
    edges = np.arange(-past_s, reading.duration_s, HOUR_S).clip(0.0).tolist()
    for start, stop in zip(edges, [*edges[1:], reading.duration_s], strict=True):
        if not _within(reading.stretches_s, start, stop):
            continue
        told_s = {name: _within(pieces, start, stop) for name, pieces in told.items()}
        seconds = {name: _within(pieces, start, stop) for name, pieces in spans.items()}
        yield Hour(
            onset_s=round(start, 3),
            duration_s=round(stop - start, 3),
            judged_minutes=_minutes(_within(judged, start, stop)),
            minutes={name: _minutes(part) for name, part in seconds.items()},
            percent={
                name: round(100 * part / told_s[name], 4) if told_s[name] else None
                for name, part in seconds.items()
            },
        )
