"""A summary: what a reading says, in words and in rows of a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasion.events.burden import Burden
from nasion.reading.event import SIDES, Event
from nasion.reading.reading import Reading
from nasion.signal.fault import REASONS, Fault, Reason
from nasion.terms import CANT_TELL, COLUMNS, EVENTFUL, PATTERNS, READING_STEP_S, Pattern

LEAST_SHARE = 0.2  # of the sided time of a pattern, for a side to be named
LEAST_UNJUDGED = 0.1  # of a recording, for a headline to say so
NONE = "–"
_COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_OTHERS = _COUNTS[len(EVENTFUL) - 1]  # beside seizures
N_PATTERNS = _COUNTS[len(PATTERNS)]


@dataclass(frozen=True)
class Row:
    """A pattern in the table of burden."""

    pattern: Pattern
    n_events: int
    minutes: float
    share: float  # of the time judged for it
    untold: float  # share of the judged time in which the montage can't tell it
    prevalence: str
    longest: Event | None
    rates: tuple[float, ...]  # Hz, of the events where one was measured
    side: str

    @property
    def median_hz(self) -> float:
        """Of the events; NaN where none was measured."""
        return float(np.median(self.rates)) if self.rates else float("nan")


def rows(reading: Reading, burden: Burden) -> list[Row]:
    """One row a pattern."""
    return [_row(reading, burden, pattern) for pattern in EVENTFUL]


def lasting(seconds: float) -> str:
    """Such as 8 s, 4 min 10 s, 31 min, 3 h 5 min."""
    rounded = round(seconds)
    if rounded < 60:
        return f"{rounded} s"
    if rounded < 600:
        return f"{rounded // 60} min" + (f" {rounded % 60} s" if rounded % 60 else "")
    minutes = round(rounded / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h" + (f" {minutes} min" if minutes else "")


def when(reading: Reading, at_s: float) -> str:
    """Clock time, with the day where there are several; else hours from the start."""
    if reading.start is None:
        whole_s = int(at_s + 1e-6)
        return f"{whole_s // 3600}:{whole_s // 60 % 60:02}:{whole_s % 60:02}"
    at = reading.start + timedelta(seconds=at_s)
    days = {reading.start.date(), (reading.start + timedelta(seconds=reading.duration_s)).date()}
    return f"{at:%H:%M:%S}" + (f" on {at.day} {at:%b}" if len(days) > 1 else "")


def percent(share: float) -> str:
    """Such as 12 %, 3.4 %, < 0.1 %, > 99 %."""
    value = 100 * share
    if 99 < value < 100:
        return ">\u00a099\u00a0%"
    if 0 < value < 0.1:
        return "<\u00a00.1\u00a0%"
    return f"{value:.0f}\u00a0%" if value >= 10 or value == 0 else f"{value:.1f}\u00a0%"


def named(pattern: Pattern) -> str:
    """As it stands within a sentence: seizure, LPD, ..."""
    return str(pattern) if pattern is Pattern.SEIZURE else pattern.label


def sentences(reading: Reading, burden: Burden) -> tuple[str, str]:
    """What was found; and where to look first, and what could not be judged."""
    found = _seizure_sentence(reading, burden), uncertain_sentence(burden)
    return " ".join(filter(None, found)), _advice(reading)


def headline(reading: Reading, burden: Burden) -> str:
    """What was found, in how much of it, on which montage, and why to trust it less, in a line."""
    cautions = (f"Caution: {text}." for text in reading.cautions)
    unseen = sum(share for _, share in not_judged(reading))
    part = [f"{_unjudged(reading)}."] if LEAST_UNJUDGED <= unseen < 1 else []
    return " ".join([sentences(reading, burden)[0], *part, reading.trust.statement, *cautions])


def remarks(reading: Reading) -> tuple[str, ...]:
    """What is to be known of a recording beside what the headline says."""
    return tuple(str(entry) for entry in reading.warnings if not entry.code.cautions)


def uncertain_sentence(burden: Burden) -> str:
    """How many events stand in the table alone; empty where none does."""
    counts = {pattern: n for pattern, n in burden.uncertain.items() if n}
    n_events = sum(counts.values())
    if not n_events:
        return ""
    named_counts = ", ".join(f"{n:,} {named(pattern)}" for pattern, n in counts.items())
    events = "event stands" if n_events == 1 else "events stand"
    return f"{n_events:,} uncertain {events} in the table ({named_counts})."


def thresholds_sentence(settings: Mapping[str, Any]) -> str:
    """By which thresholds events were found; empty where nobody asked for other ones."""
    if settings.get("false_alarms") is None:
        return ""
    values = ", ".join(f"{Pattern(name).label} {p:.2f}" for name, p in settings["enters"].items())
    return (
        f"Events were found at thresholds chosen for {settings['false_alarms']:g} false ones a day"
        f" at most, as measured of the model: {values}."
    )


def sides(events: list[Event]) -> str:
    """The sides that a good share of the time of some events shows, most first."""
    seconds: dict[str, float] = {
        side: sum(event.duration_s for event in events if event.side == side) for side in SIDES
    }
    total = sum(seconds.values())
    longest = [side for side, time_s in seconds.items() if time_s >= LEAST_SHARE * total > 0]
    return ", ".join(sorted(longest, key=lambda side: -seconds[side]))


def not_judged(reading: Reading) -> list[tuple[str, float]]:
    """Share of the recording by reason, largest first."""
    counts = np.bincount(reading.reason, minlength=len(REASONS))[1:]
    shares = zip(REASONS[1:], counts / max(reading.n_steps, 1), strict=True)
    return sorted(((str(reason), float(share)) for reason, share in shares if share),
                  key=lambda entry: -entry[1])  # fmt: skip


def faults(reading: Reading) -> dict[str, list[float]]:
    """Of each electrode the share of steps with each bit of `Fault`; gaps do not count."""
    bits = reading.quality[reading.reason != REASONS.index(Reason.GAP)]
    n = max(len(bits), 1)
    shares = np.transpose([((bits & kind) > 0).sum(0) / n for kind in Fault if kind])
    return dict(zip(COLUMNS, shares.tolist(), strict=True))


def _row(reading: Reading, burden: Burden, pattern: Pattern) -> Row:
    events = [event for event in reading.certain if event.pattern is pattern]
    return Row(
        pattern=pattern,
        n_events=len(events),
        minutes=burden.minutes[pattern],
        share=(burden.percent[pattern] or 0.0) / 100,
        untold=reading.share_untold(pattern),
        prevalence=burden.prevalence[pattern],
        longest=max(events, key=lambda event: event.duration_s, default=None),
        rates=tuple(event.frequency_hz for event in events if event.frequency_hz is not None),
        side=sides(events),
    )


def _seizure_sentence(reading: Reading, burden: Burden) -> str:
    judged_s = 60 * burden.judged_minutes
    if not judged_s:
        return "Nothing in this recording could be judged."
    seizure, *patterns = rows(reading, burden)
    patterns.sort(key=lambda row: -row.share)
    phrases = ", ".join(_phrase(row) for row in patterns if row.n_events)
    untold = _untold_clause(reading)
    if seizure.untold == 1:
        none = all(row.untold == 1 for row in patterns)
        text = "No pattern can be told from these electrodes" if none else "Seizures can't be told"
        if not none and (marked := phrases or _absent(patterns, burden)):
            text += f"; the model marks {marked}"
        return f"{text}{untold}."
    if seizure.longest is None:
        seen_s = 60 * burden.told_minutes[Pattern.SEIZURE]
        certain = "certain " if burden.uncertain.get(Pattern.SEIZURE) else ""
        text = f"The model marks no {certain}seizure in {lasting(seen_s)} of judged EEG"
        if phrases:
            return f"{text}, but {phrases}{untold}."
        absent = _absent(patterns, burden)
        return f"{text}{', and ' if absent else ''}{absent}{untold}."
    longest = lasting(seizure.longest.duration_s)
    at = when(reading, seizure.longest.onset_s)
    if seizure.n_events == 1:
        text = f"The model marks one seizure of {longest} at {at}"
    else:
        text = f"The model marks {seizure.n_events:,} seizures, {lasting(60 * seizure.minutes)}"
        text += f" in all ({percent(seizure.share)}), the longest of {longest} at {at}"
    if burden.status.met:
        text += ", enough for the criterion of electrographic status epilepticus"
    return f"{text}; also {phrases}{untold}." if phrases else f"{text}{untold}."


def _absent(patterns: list[Row], burden: Burden) -> str:
    """What may be said to be absent beside seizures; empty where that is nothing.

    No pattern that the montage can't tell, nor one of which an uncertain event stands.
    """
    clear = [
        named(row.pattern)
        for row in patterns
        if not (row.untold or burden.uncertain.get(row.pattern))
    ]
    if len(clear) == len(patterns):
        return f"none of the other {_OTHERS} patterns"
    return f"no {' or '.join(clear)}" if clear else ""


def _untold_clause(reading: Reading) -> str:
    """What the montage leaves open: it stands behind whatever is said to be absent."""
    patterns = [pattern for pattern in EVENTFUL if reading.share_untold(pattern)]
    clauses = []
    if patterns:
        partly = any(reading.tells(pattern).any() for pattern in patterns)
        labels = ", ".join(map(named, patterns))
        text = f"{labels} {'partly ' if partly else ''}not judged on these electrodes"
        likely = suspected(reading)
        if likely.any():
            text += f", though likely in {percent(float(likely.mean()))} of the recording"
        clauses.append(text)
    if reading.trust.unseen:
        clauses.append(f"the {' and the '.join(reading.trust.unseen)} side is not seen")
    return "".join(f"; {clause}" for clause in clauses)


def suspected(reading: Reading) -> NDArray[np.bool_]:
    """(n_steps,): whether patterns that are not judged have most of the probability together."""
    probability = np.where(reading.untold, np.nan_to_num(reading.probability), 0)
    return np.asarray(probability.sum(1) >= CANT_TELL)


def _advice(reading: Reading) -> str:
    reasons = not_judged(reading)
    unseen = "all of the recording was judged"
    if reading.untold.any():
        told = [named(pattern) for pattern in EVENTFUL if not reading.share_untold(pattern)]
        unseen = f"only {', '.join(told)} could be told throughout" if told else "none was judged"
    if reasons:
        also = f"; {unseen}" if reading.untold.any() else ""
        unseen = f"{_unjudged(reading)}{also}"
    pool = [event for event in reading.certain if event.pattern is Pattern.SEIZURE]
    first = max(
        pool or reading.certain or reading.uncertain,
        key=lambda event: event.probability,
        default=None,
    )
    if first is None and (likely := suspected(reading)).any():
        mass = np.where(reading.untold, np.nan_to_num(reading.probability), 0).sum(1)
        at = when(reading, float(np.argmax(mass * likely)) * READING_STEP_S)
        return f"Look first at {at}, where what is not judged is most likely; {unseen}."
    if first is None:
        return f"{unseen[0].upper()}{unseen[1:]}."
    at = when(reading, first.onset_s)
    what = "most certain" if first.is_certain else "least uncertain"
    return f"Look first at {at}, the {what} {named(first.pattern)}; {unseen}."


def _unjudged(reading: Reading) -> str:
    """How much was not judged, and mostly why."""
    reasons = not_judged(reading)
    share = percent(sum(share for _, share in reasons))
    why = f"{'mostly: ' if len(reasons) > 1 else ''}{reasons[0][0]}"
    return f"{share} of the recording was not judged ({why})"


def _phrase(row: Row) -> str:
    """Such as abundant LPD (61 %, left)."""
    facts = [percent(row.share), row.side.replace(", ", " and ")]
    return f"{row.prevalence} {row.pattern.label} ({', '.join(filter(None, facts))})".strip()
