"""When a pattern is there: runs with soft ends around the labelled span."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasion.terms import SFREQ

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Span:
    """The labelled time of a recording: 10 s, more where several windows share the votes."""

    start_s: float
    stop_s: float

    @property
    def samples(self) -> slice:
        """As a slice of samples at 200 Hz."""
        return slice(round(self.start_s * SFREQ), round(self.stop_s * SFREQ))

    @property
    def centre_s(self) -> float:
        """Its middle, s."""
        return (self.start_s + self.stop_s) / 2

    def later(self, seconds: float) -> "Span":
        """The same length, moved."""
        return Span(self.start_s + seconds, self.stop_s + seconds)


Runs = tuple[tuple[float, float], ...]


def runs(
    rng: np.random.Generator, duration_s: float, span: Span, coverage: float, prevalence: float
) -> Runs:
    """Onsets and ends (s) of a pattern that covers a share of the labelled span.

    Parameters
    ----------
    coverage
        Share of the span in one piece: 1 whole, 0 none.
    prevalence
        Share of the remaining time (ACNS: continuous >= .9, abundant >= .5, frequent >= .1,
        occasional >= .01).
    """
    length = span.stop_s - span.start_s
    typical = rng.uniform(8, 60)
    spans: list[tuple[float, float]] = []
    before, after = span.start_s, span.stop_s
    if coverage >= 1:
        reach = typical * prevalence / max(1.05 - prevalence, 0.05)
        before, after = span.start_s - rng.exponential(reach), span.stop_s + rng.exponential(reach)
        spans.append((before, after))
    elif coverage > 0:
        piece = coverage * length
        kind = rng.integers(3)
        if kind == 0:  # begins within the span and goes on
            before, after = span.stop_s - piece, span.stop_s + rng.exponential(typical)
        elif kind == 1:  # ends within it
            before, after = span.start_s - rng.exponential(typical), span.start_s + piece
        else:
            before = span.start_s + rng.uniform(0, length - piece)
            after = before + piece
        spans.append((before, after))
    for sign, edge in ((1, max(after, span.stop_s)), (-1, min(before, span.start_s))):
        time = edge
        while 0 < time < duration_s and prevalence > 0.02:
            time += sign * rng.exponential(typical * (1 - prevalence) / prevalence)
            end = time + sign * rng.exponential(typical)
            spans.append((min(time, end), max(time, end)))
            time = end
    return tuple(sorted(spans))


def gate(spans: Runs, n_times: int, ramp_s: float = 0.5) -> Array:
    """1 within runs, 0 outside, ramps of `ramp_s` at their ends."""
    time = np.arange(n_times, dtype=np.float32) / np.float32(SFREQ)
    total = np.zeros(n_times, np.float32)
    for start_s, stop_s in spans:
        if stop_s <= 0 or start_s >= n_times / SFREQ:
            continue
        first = max(int((start_s - ramp_s) * SFREQ), 0)
        last = min(int((stop_s + ramp_s) * SFREQ) + 1, n_times)
        part = time[first:last]
        rise = np.clip((part - start_s) / ramp_s + 0.5, 0, 1)
        fall = np.clip((stop_s - part) / ramp_s + 0.5, 0, 1)
        total[first:last] = np.maximum(total[first:last], np.minimum(rise, fall))
    return total


def covered(spans: Runs, n_times: int, span: Span) -> float:
    """Share of a span within runs, soft ends counted as they are; nothing is outside `n_times`."""
    start, stop = span.samples.start, span.samples.stop
    return float(gate(spans, n_times)[max(start, 0) : max(stop, 0)].sum() / (stop - start))
