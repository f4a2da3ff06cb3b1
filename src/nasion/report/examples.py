"""Examples: of each pattern the few places that tell whether to believe a reading."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nasion.display import pages
from nasion.display.display import Display
from nasion.reading.event import Event
from nasion.reading.reading import Reading
from nasion.terms import CENTRE_S, PATTERNS, READING_STEP_S, SFREQ, Pattern
from nasion.windowing import centre_start_s, step_of_centre

Array = NDArray[np.float32]
Steps = NDArray[np.int_]

FILTERS = pages.Filters(low_hz=0.5, high_hz=40.0)  # what readers use, without mains


@dataclass(frozen=True)
class Example:
    """Ten seconds of an event, and why they are shown."""

    event: Event
    why: tuple[str, ...]  # such as ("first", "longest")
    at_s: float  # where the 10 s begin

    @property
    def pattern(self) -> Pattern:
        """What the model called it."""
        return self.event.pattern


@dataclass(frozen=True)
class ExamplePage:
    """What a report draws of an example.

    Parameters
    ----------
    signals
        (18, n_times), µV, rows as `terms.DERIVATION_NAMES`; NaN where there is no signal.
    ekg
        (n_times,), µV.
    map
        What spoke for the example's pattern, over the same time and of any length.
    probability
        (6,), as of the step in the middle.
    """

    example: Example
    signals: Array = field(repr=False)
    probability: Array
    ekg: Array | None = field(default=None, repr=False)
    map: Array | None = field(default=None, repr=False)


def choose(reading: Reading) -> list[Example]:
    """Of each pattern the first, the longest and the most certain event, and the least certain.

    Contradicted events are shown where a pattern has no others. The first three are shown where
    they are most certain; the last where, in all events of the pattern, another pattern comes
    closest to it, away from the borders, where every event is unsure. None is shown twice: what is
    near another says both reasons.
    """
    return [example for pattern in PATTERNS for example in _examples(reading, pattern)]


def page(
    example: Example, reading: Reading, display: Display, over_time: Array | None = None
) -> ExamplePage:
    """Cut the page of an example out of the display of its recording.

    Parameters
    ----------
    over_time
        The map of its pattern over its 10 s.
    """
    cut = pages.page(display, example.at_s, CENTRE_S, "bipolar", FILTERS).values
    signals = np.full((len(cut), round(CENTRE_S * SFREQ)), np.nan, np.float32)
    signals[:, : cut.shape[1]] = cut  # a recording may be shorter than a page
    *derivations, heart = signals
    return ExamplePage(
        example=example,
        signals=np.array(derivations),
        probability=reading.probability[min(step_of_centre(example.at_s), reading.n_steps - 1)],
        ekg=None if np.isnan(heart).all() else heart,
        map=over_time,
    )


def _examples(reading: Reading, pattern: Pattern) -> Iterator[Example]:
    own = [event for event in reading.events if event.pattern is pattern]
    events = [event for event in own if event.is_certain] or own
    candidates = [(event, steps) for event in events if len(steps := _steps(reading, event))]
    if not candidates:
        return
    probability = reading.probability[:, PATTERNS.index(pattern)]
    margin = probability - np.delete(reading.probability, PATTERNS.index(pattern), 1).max(1)
    choices = [
        ("first", candidates[0]),
        ("longest", max(candidates, key=lambda entry: entry[0].duration_s)),
        ("most certain", max(candidates, key=lambda entry: entry[0].probability)),
    ]
    places = [
        (reason, event, int(steps[probability[steps].argmax()]))
        for reason, (event, steps) in choices
    ]
    inner = [(event, _inner(event, steps)) for event, steps in candidates]
    event, steps = min(inner, key=lambda entry: margin[entry[1]].min())
    places.append(("least certain", event, int(steps[margin[steps].argmin()])))
    examples: list[Example] = []
    for reason, event, step in places:
        at_s = float(np.clip(centre_start_s(step), 0, max(reading.duration_s - CENTRE_S, 0)))
        neighbours = [
            k for k, previous in enumerate(examples) if abs(previous.at_s - at_s) < CENTRE_S
        ]
        if neighbours:
            previous = examples[neighbours[0]]
            examples[neighbours[0]] = Example(
                previous.event, (*previous.why, reason), previous.at_s
            )
        else:
            examples.append(Example(event, (reason,), at_s))
    yield from sorted(examples, key=lambda example: example.at_s)


def _steps(reading: Reading, event: Event) -> Steps:
    """Judged steps of an event."""
    first, stop = (
        round(event.onset_s / READING_STEP_S),
        int(np.ceil(event.stop_s / READING_STEP_S - 1e-9)),
    )
    steps = np.arange(first, min(stop, reading.n_steps))
    return steps[np.isfinite(reading.probability[steps]).all(1)]


def _inner(event: Event, steps: Steps) -> Steps:
    """Those whose 10 s lie within the event; else the one nearest to its middle."""
    starts_s = np.array([centre_start_s(step) for step in steps])
    inner = (starts_s >= event.onset_s) & (starts_s + CENTRE_S <= event.stop_s)
    if inner.any():
        return steps[inner]
    middle_s = (event.onset_s + event.stop_s - CENTRE_S) / 2
    return steps[[int(np.abs(starts_s - middle_s).argmin())]]
