"""Detection: found events against true ones, as events and second by second.

The rules and the defaults are those of SzCORE (Dan et al., Epilepsia 2024) as its `timescoring`
computes them: events less than 90 s apart are one, longer than 5 min are split; a true event counts
as detected if anything was found from 30 s before its onset to 60 s after its end; what was found
and touches no detected event so extended is a false alarm. Samples are seconds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nasion.errors import NasionError
from nasion.evaluation import occurrences
from nasion.evaluation.intervals import Estimate, interval
from nasion.evaluation.occurrences import Occurrences
from nasion.evaluation.resampling import defined, resamples
from nasion.terms import EVENTFUL, Pattern

Spans = Sequence[tuple[float, float]]
Array = np.ndarray[Any, Any]

EVENT_HZ, SAMPLE_HZ = 10, 1
DAY_S, HOUR_S = 86400.0, 3600.0


@dataclass(frozen=True)
class Rules:
    """What counts as one event and as found."""

    before_s: float = 30.0
    after_s: float = 60.0
    merge_s: float = 90.0
    longest_s: float = 300.0


SZCORE = Rules()


@dataclass(frozen=True)
class Counts:
    """Of one pattern in some recordings: true ones, those found, false ones; and how long."""

    true: float
    found: float
    false: float
    duration_s: float

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.true + other.true,
            self.found + other.found,
            self.false + other.false,
            self.duration_s + other.duration_s,
        )

    def scores(self) -> dict[str, float]:
        """Rates; nan where nothing defines them."""
        positives, denominator = self.found + self.false, self.true + self.found + self.false
        return {
            "sensitivity": self.found / self.true if self.true else np.nan,
            "precision": self.found / positives if positives else np.nan,
            "f1": 2 * self.found / denominator if self.true or self.false else np.nan,
            "false_per_hour": self.false / (self.duration_s / HOUR_S),
            "false_per_day": self.false / (self.duration_s / DAY_S),
        }


@dataclass(frozen=True)
class PatternDetection:
    """Of one pattern: counts summed over recordings, and rates with intervals over them."""

    counts: Counts
    scores: Mapping[str, Estimate]


@dataclass(frozen=True)
class Detection:
    """Of recordings together, each pattern by events and second by second."""

    recordings: int
    duration_s: float
    events: Mapping[Pattern, PatternDetection]
    samples: Mapping[Pattern, PatternDetection]


def by_event(detected: Spans, truth: Spans, duration_s: float, rules: Rules = SZCORE) -> Counts:
    """Count events by any overlap."""
    n = round(duration_s * EVENT_HZ)
    truth, detected = _pieces(truth, rules), _pieces(detected, rules)
    mask = occurrences.mask(detected, EVENT_HZ, n)
    touched = np.zeros(n, bool)
    hits = 0
    for start, stop in truth:
        wide = max(0.0, start - rules.before_s), min(duration_s, stop + rules.after_s)
        part = slice(round(wide[0] * EVENT_HZ), round(wide[1] * EVENT_HZ))
        if mask[part].any():
            hits += 1
            touched[part] = True
    false = sum(
        not touched[round(start * EVENT_HZ) : round(stop * EVENT_HZ)].any()
        for start, stop in detected
    )
    return Counts(len(truth), hits, false, duration_s)


def by_sample(detected: Spans, truth: Spans, duration_s: float) -> Counts:
    """Count seconds of agreement."""
    n = round(duration_s * SAMPLE_HZ)
    positive, true = (occurrences.mask(spans, SAMPLE_HZ, n) for spans in (detected, truth))
    hits, false = int((positive & true).sum()), int((positive & ~true).sum())
    return Counts(int(true.sum()), hits, false, duration_s)


def whole_seconds(spans: Spans, duration_s: float) -> list[tuple[float, float]]:
    """Spans as SzCORE's own evaluation of data sets sees them: in whole seconds, rounded down."""
    marks = np.zeros(int(duration_s) + 2, np.int8)  # a border on both sides
    for start, stop in spans:
        marks[max(int(start), 0) + 1 : max(int(stop), 0) + 1] = 1
    marks[-1] = 0
    edges = np.flatnonzero(np.diff(marks)).astype(float).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def _pieces(spans: Spans, rules: Rules) -> list[tuple[float, float]]:
    """Close ones merged, then long ones split."""
    merged: list[tuple[float, float]] = []
    for start, stop in sorted(spans):
        if merged and start - merged[-1][1] < rules.merge_s:
            merged[-1] = merged[-1][0], max(merged[-1][1], stop)
        else:
            merged.append((start, stop))
    split = []
    for start, stop in merged:
        while stop - start > rules.longest_s:
            split.append((start, start + rules.longest_s))
            start += rules.longest_s
        split.append((start, stop))
    return split


def score_pairs(pairs: Sequence[tuple[Path, Path]], duration_s: float | None = None) -> Detection:
    """Score tables of events against the truth, pattern by pattern, recordings together.

    Counts are summed over recordings; intervals hold 95 % of resampled recordings and are None for
    fewer than two.

    Parameters
    ----------
    pairs
        What was found in a recording, and its truth.
    duration_s
        Length of each recording; by default what either file says (`recordingDuration`).

    Raises
    ------
    NasionError
        For a broken file, or where nobody knows how long the recording is.
    """
    if not pairs:
        raise NasionError("no pair of event files; give what was found and its truth")
    loaded = [(occurrences.read(detected), occurrences.read(truth)) for detected, truth in pairs]
    lengths = [_duration(detected, truth, duration_s) for detected, truth in loaded]
    draws = draws_of(len(pairs))

    def of_patterns(
        count: Callable[[Spans, Spans, float], Counts],
    ) -> dict[Pattern, PatternDetection]:
        return {
            pattern: pooled(
                [
                    count(detected.spans[pattern], truth.spans[pattern], length)
                    for (detected, truth), length in zip(loaded, lengths, strict=True)
                ],
                draws,
            )
            for pattern in EVENTFUL
        }

    return Detection(len(pairs), sum(lengths), of_patterns(by_event), of_patterns(by_sample))


def draws_of(n: int) -> Array:
    """How often each of n recordings, or subjects, counts in each resample, shape (b, n)."""
    blocks = list(resamples(np.arange(n)))
    return np.concatenate(blocks) if blocks else np.zeros((0, n))


def pooled(parts: Sequence[Counts], draws: Array) -> PatternDetection:
    """Sum counts, with intervals of their rates over the draws, shape (b, len(parts))."""
    total = sum(parts[1:], parts[0])
    table = np.array([(part.true, part.found, part.false, part.duration_s) for part in parts])
    resampled = [Counts(*row).scores() for row in (draws @ table).tolist()]
    scores = {
        name: Estimate(
            defined(value),
            interval(np.array([row[name] for row in resampled])) if resampled else None,
        )
        for name, value in total.scores().items()
    }
    return PatternDetection(total, scores)


def _duration(detected: Occurrences, truth: Occurrences, duration_s: float | None) -> float:
    length = duration_s or truth.duration_s or detected.duration_s
    if not length:
        raise NasionError(
            f"{detected.path}: no recordingDuration here nor in {truth.path}; say how long it is"
        )
    for source in (detected, truth):
        if source.last_s > length + 1:
            raise NasionError(
                f"{source.path}: an event ends at {source.last_s:g} s, after the end ({length:g} s)"
            )
    return length


def table(detection: Detection) -> str:
    """Lines for the screen: patterns that occur or were found."""
    lines = [f"{detection.recordings} recording(s), {detection.duration_s / HOUR_S:.1f} h"]
    ways = {"events": detection.events, "samples": detection.samples}
    all_counts = [detected.counts for patterns in ways.values() for detected in patterns.values()]
    if not any(counts.true or counts.false for counts in all_counts):
        return "\n".join((*lines, "no event is true, and none was found"))
    for kind, patterns in ways.items():
        lines.append(
            f"{kind:8} {'true':>6} {'false':>6} {'sens.':>6} {'prec.':>6} {'F1':>6} {'false/h':>8}"
        )
        for pattern, detected in patterns.items():
            counts = detected.counts
            if not (counts.true or counts.false):
                continue
            rates = [detected.scores[name].value for name in ("sensitivity", "precision", "f1")]
            cells = " ".join(f"{'–' if r is None else format(r, '.3f'):>6}" for r in rates)
            lines.append(
                f"{pattern.label:8} {counts.true:6.0f} {counts.false:6.0f} {cells}"
                f" {detected.scores['false_per_hour'].value or 0.0:8.3f}"
            )
    return "\n".join(lines)
