"""The overview: hours at a glance, as rows of ribbon and spectrogram that a template draws."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nasion.drawing import strips
from nasion.reading.event import Event
from nasion.reading.reading import Reading
from nasion.report.summary import lasting, when
from nasion.signal.fault import REASONS, Reason
from nasion.terms import READING_STEP_S, SPECTROGRAM_CHAINS

Array = NDArray[np.floating]

MOST_NUMBERS = 100  # of annotations
# In units of a row's picture: the gutters, and the heights from above.
WIDTH, LEFT, RIGHT = 1000, 42, 18
NOTES, MARKS, RIBBON, BAND, AXIS = 15, 16, 50, 23, 19
LEAST_WIDTH = 2.5  # of an event
LEAST_HATCHED = 4.0
LETTER = 7.2  # width of one
LAYOUT = {
    "width": WIDTH,
    "left": LEFT,
    "notes": NOTES,
    "marks": MARKS,
    "ribbon": RIBBON,
    "band": BAND,
    "spectrogram": BAND * len(SPECTROGRAM_CHAINS),
    "height": NOTES + MARKS + RIBBON + BAND * len(SPECTROGRAM_CHAINS) + AXIS,
    "chains": SPECTROGRAM_CHAINS,
}


@dataclass(frozen=True)
class Mark:
    """An event; its label is empty where there is no room, an uncertain one is drawn paler."""

    x: float
    width: float
    colour: str
    ink: str
    label: str
    title: str
    is_certain: bool = True


@dataclass(frozen=True)
class Note:
    """An annotation of the recording; its number is empty where there is no room."""

    x: float
    number: str
    title: str


@dataclass(frozen=True)
class Panel:
    """What one row shows; places in units of its picture, pictures as URIs.

    Parameters
    ----------
    before
        What was left out before it, empty where nothing was.
    """

    title: str
    width: float
    ribbon: str
    spectrogram: str
    unjudged: list[tuple[float, float]]
    gaps: list[tuple[float, float]]
    marks: list[Mark]
    notes: list[Note]
    ticks: list[tuple[float, str]]
    before: str = ""


@dataclass(frozen=True)
class Axis:
    """The part of a recording that a row shows."""

    start_s: float
    stop_s: float
    scale: float  # units a second

    def x(self, at_s: float) -> float:
        """Where a time stands, within the row."""
        return LEFT + (min(max(at_s, self.start_s), self.stop_s) - self.start_s) * self.scale

    @property
    def width(self) -> float:
        """Width of its pictures, user units."""
        return self.x(self.stop_s) - LEFT

    @property
    def steps(self) -> slice:
        """The steps that begin in it."""
        return slice(
            *(int(np.ceil(at_s / READING_STEP_S - 1e-9)) for at_s in (self.start_s, self.stop_s))
        )


def rows_of(reading: Reading, spectrogram: Callable[[int, int], Array]) -> list[Panel]:
    """All rows of a recording.

    Parameters
    ----------
    spectrogram
        `spectrogram(first, stop)` gives steps first..stop, (4, n_freqs, n), dB of 1 µV²/Hz.
    """
    scale = (WIDTH - LEFT - RIGHT) / strips.span_s(reading.stretches_s)
    spans = [Axis(start, stop, scale) for start, stop in strips.rows(reading.stretches_s)]
    left_out_s = np.diff([0.0, *(edge for span in spans for edge in (span.start_s, span.stop_s))])
    return [
        replace(_row(reading, spectrogram, span), before=_left_out(float(seconds)))
        for span, seconds in zip(spans, left_out_s[::2], strict=True)
    ]


def _left_out(seconds: float) -> str:
    return f"nothing recorded for {lasting(seconds)}" if seconds else ""


def _row(reading: Reading, spectrogram: Callable[[int, int], Array], span: Axis) -> Panel:
    reason = reading.reason[span.steps]
    decibels = spectrogram(span.steps.start, min(span.steps.stop, reading.n_steps))
    if decibels.shape[::2] != (len(SPECTROGRAM_CHAINS), len(reason)):
        raise ValueError(f"spectrogram of shape {decibels.shape} for {len(reason)} steps")
    gap = reason == REASONS.index(Reason.GAP)
    ticks = strips.ticks(
        span.start_s, span.stop_s, strips.span_s(reading.stretches_s), reading.start
    )
    return Panel(
        title=f"{when(reading, span.start_s)} to {when(reading, span.stop_s)}",
        width=span.width,
        ribbon=strips.ribbon(reading.probability[span.steps]),
        spectrogram=strips.spectrogram(decibels),
        unjudged=_spells((reason > 0) & ~gap, span),
        gaps=_spells(gap, span),
        marks=[
            _mark(reading, event, span)
            for event in reading.events
            if span.start_s < event.stop_s and event.onset_s < span.stop_s
        ],
        notes=_notes(reading, span),
        ticks=[(span.x(tick.at_s), tick.label) for tick in ticks],
    )


def _spells(flags: NDArray[np.bool_], span: Axis) -> list[tuple[float, float]]:
    """Place and width of what is wide enough to be hatched; the rest is white in the ribbon."""
    mostly = strips.squeezed(flags.astype(np.float32), strips.n_columns_of(len(flags))) > 0.5
    spells = [
        (LEFT + low * span.width, (high - low) * span.width) for low, high in strips.runs(mostly)
    ]
    return [spell for spell in spells if spell[1] >= LEAST_HATCHED]


def _mark(reading: Reading, event: Event, span: Axis) -> Mark:
    x, label = span.x(event.onset_s), event.pattern.label
    width = max(span.x(event.stop_s) - x, LEAST_WIDTH)
    doubt = "" if event.is_certain else f"; {event.certainty}: {event.doubt}"
    return Mark(
        x=x,
        width=width,
        colour=event.pattern.colour,
        ink=event.pattern.ink,
        label=label if width > LETTER * (len(label) + 1) else "",
        title=f"{label} {when(reading, event.onset_s)}, {lasting(event.duration_s)}, "
        f"p = {event.probability:.2f}{doubt}",
        is_certain=event.is_certain,
    )


def _notes(reading: Reading, span: Axis) -> list[Note]:
    """Ticks for all annotations, numbers as far as they do not touch."""
    notes, free = [], 0.0
    for number, (onset_s, _, text) in enumerate(reading.annotations, start=1):
        if span.start_s <= onset_s < span.stop_s:
            x, mark = span.x(onset_s), str(number)
            fits = x >= free and number <= MOST_NUMBERS
            free = x + LETTER * (len(mark) + 1) if fits else free
            notes.append(Note(x, mark if fits else "", f"{when(reading, onset_s)} {text}"))
    return notes
