"""The report of a reading: one page that opens without a network and prints."""

import platform
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from nasion.display.display import Display
from nasion.drawing import eeg, strips
from nasion.drawing.template import template
from nasion.eeg.montage import MARKS
from nasion.events.burden import Burden
from nasion.files import write_text
from nasion.reading.maps import why
from nasion.reading.reading import Reading
from nasion.report import overview, summary
from nasion.report.examples import FILTERS, Example, ExamplePage, choose, page
from nasion.signal.fault import Fault
from nasion.terms import (
    CANT_TELL,
    CENTRE_S,
    COLUMNS,
    DERIVATION_NAMES,
    DERIVATIONS,
    EVENTFUL,
    PATTERNS,
    SFREQ,
    Pattern,
)
from nasion.version import VERSION
from nasion.windowing import step_of_centre

if TYPE_CHECKING:
    from nasion.network import Network

Array = NDArray[np.floating]

TEMPLATE = Path(__file__).with_name("report.html.j2")
MOST_EVENTS = 200
HOURS_A_TABLE = 12
FAULTS = {
    Fault.MISSING: "missing",
    Fault.FLAT: "flat",
    Fault.DISCONNECTED: "lead off",
    Fault.CLIPPED: "clipped",
    Fault.LINE: "mains noise",
    Fault.MUSCLE: "muscle",
    Fault.RANGE: "out of range",
}
LEAST_FAULT = 0.005  # share of the steps from which an electrode is listed
FAULTY = Fault.FLAT | Fault.DISCONNECTED | Fault.CLIPPED | Fault.LINE | Fault.RANGE


@dataclass(frozen=True)
class Plate:
    """An example as the template shows it."""

    example: Example
    title: str
    png: str
    bars: list[tuple[Pattern, float]]
    caption: str


def write(
    path: Path,
    reading: Reading,
    display: Display,
    *,
    network: "Network | None" = None,
    settings: Mapping[str, Any] | None = None,
    threads: int = 0,
) -> None:
    """Write the report of a reading from the display of its recording.

    Parameters
    ----------
    network
        The model that made the reading; without it, examples have no maps.
    settings
        By which events were found.
    threads
        Cores to work on; 0 takes all.
    """

    def page_of(example: Example) -> ExamplePage:
        over_time = None
        if network is not None:
            maps = why(display.recording(reading), network, step_of_centre(example.at_s))
            over_time = maps.page(example.pattern, example.at_s, CENTRE_S)
        return page(example, reading, display, over_time)

    with threadpool_limits(1), ThreadPoolExecutor(threads or cpu_count() or 1) as pool:
        pages = list(pool.map(page_of, choose(reading)))
    html = render(reading, spectrogram=display.decibels, pages=pages, settings=settings)
    write_text(path, html)


def render(
    reading: Reading,
    *,
    spectrogram: Callable[[int, int], Array],
    pages: Sequence[ExamplePage],
    settings: Mapping[str, Any] | None = None,
) -> str:
    """Fill the template.

    Parameters
    ----------
    spectrogram
        `spectrogram(first, stop)` gives steps first..stop, shape (4, n_freqs, n), dB of 1 µV²/Hz,
        from about 0 to 20 Hz, chains as `terms.SPECTROGRAM_CHAINS`; NaN where there is nothing.
    pages
        Of `examples.choose`.
    settings
        By which events were found.
    """
    burden = Burden.of(reading)
    filters = {
        "lasting": summary.lasting,
        "percent": summary.percent,
        "count": lambda count: f"{count:,}",
        "rates": _range,
        "minutes": lambda minutes: f"{minutes:.1f}" if minutes else summary.NONE,
    }
    return template(TEMPLATE, filters).render(
        when=summary.when,
        reading=reading,
        burden=burden,
        found=summary.sentences(reading, burden),
        thresholds=summary.thresholds_sentence(settings or {}),
        rows=summary.rows(reading, burden),
        strips=overview.rows_of(reading, spectrogram),
        span=summary.lasting(strips.span_s(reading.stretches_s)),
        scale=(strips.scale_bar(), *strips.DECIBELS),
        plates=[_plate(example_page, reading) for example_page in pages],
        hours=_hours(reading, burden),
        events=reading.events[:MOST_EVENTS],
        annotations=reading.annotations[: overview.MOST_NUMBERS],
        faults=_faults(reading),
        unjudged=summary.not_judged(reading),
        settings=_flat(
            {"model": reading.model.as_dict() if reading.model else {}, "events": settings or {}}
        ),
        software={"nasion": VERSION, "Python": platform.python_version()},
        layout=overview.LAYOUT,
        patterns=PATTERNS,
        n_patterns=summary.N_PATTERNS,
        ribbon=strips.RIBBON,
        cant_tell=CANT_TELL,
        marks=MARKS,
    )


def _plate(page: ExamplePage, reading: Reading) -> Plate:
    example, event = page.example, page.example.event
    pattern = example.pattern
    picture = eeg.picture(
        page.signals,
        SFREQ,
        ekg=page.ekg,
        over_time=page.map,
        colour=pattern.colour,
        doubtful=_doubtful(reading, example.at_s),
        marks={name: MARKS[reading.montage.state_of(name)] for name in DERIVATION_NAMES},
        label=f"seconds from {summary.when(reading, example.at_s)}",
    )
    side = f", {event.side}" if event.side else ""
    rate = f", {event.frequency_hz:.1f} Hz" if event.frequency_hz else ""
    band = f"{FILTERS.low_hz:g}–{FILTERS.high_hz:g} Hz"
    shade = f"shaded where the network found what speaks for {summary.named(pattern)}"
    if page.map is None:
        shade = "no map"
    doubt = "" if event.is_certain else f" Uncertain: {event.doubt}."
    return Plate(
        example=example,
        title=_sentence(" and ".join(example.why)),
        png=strips.png_uri(picture),
        bars=list(zip(PATTERNS, map(float, page.probability), strict=True)),
        caption=f"Of the event at {summary.when(reading, event.onset_s)}, "
        f"{summary.lasting(event.duration_s)}{side}{rate}, mean p = {event.probability:.2f}. "
        f"{band}, negative up; {shade}.{doubt}",
    )


def _doubtful(reading: Reading, at_s: float) -> list[str]:
    """Derivations of electrodes that were faulty for most of the page."""
    middle = step_of_centre(at_s)
    bits = reading.quality[max(middle - 2, 0) : middle + 3] & FAULTY
    mostly = (bits > 0).mean(0) > 0.5
    bad = {name for name, faulty in zip(COLUMNS, mostly, strict=True) if faulty}
    return [
        name for name, pair in zip(DERIVATION_NAMES, DERIVATIONS, strict=True) if bad & set(pair)
    ]


def _hours(reading: Reading, burden: Burden) -> list[dict[str, Any]]:
    """Tables of twelve hours: a heading each, and the minutes of each pattern that occurs."""
    patterns = [
        pattern
        for pattern in EVENTFUL
        if burden.minutes[pattern]
        or (pattern is Pattern.SEIZURE and burden.percent[pattern] is not None)
    ]
    ends = [0.0, *(hour.onset_s + hour.duration_s for hour in burden.hours)]
    heads = [
        _hour(reading, hour.onset_s, after_gap=hour.onset_s - end > 1)
        for hour, end in zip(burden.hours, ends, strict=False)
    ]
    tables = []
    for first in range(0, len(burden.hours), HOURS_A_TABLE):
        part = burden.hours[first : first + HOURS_A_TABLE]
        tables.append(
            {
                "heads": heads[first : first + HOURS_A_TABLE],
                "rows": [(name, [hour.minutes[name] for hour in part]) for name in patterns],
                "judged": [hour.judged_minutes for hour in part],
                "empty": range(HOURS_A_TABLE - len(part)) if first else (),
            }
        )
    return tables


def _hour(reading: Reading, at_s: float, *, after_gap: bool) -> str:
    """Clock time, with its day after hours left out; or hours and minutes from the start."""
    clock = reading.clock(at_s)
    if clock is None:
        return f"{int(at_s // 3600)}:{int(at_s // 60) % 60:02}"
    return f"{clock.day} {clock:%b %H:%M}" if after_gap else f"{clock:%H:%M}"


def _faults(reading: Reading) -> dict[str, Any]:
    """Which faults occurred, and of which electrodes the share of steps with each."""
    shares = summary.faults(reading)
    places = np.flatnonzero(np.max(list(shares.values()), 0) >= LEAST_FAULT)
    kinds = [list(FAULTS.values())[place] for place in places]
    by_fault = {name: [values[place] for place in places] for name, values in shares.items()}
    rows = {
        name: values for name, values in by_fault.items() if max(values, default=0) >= LEAST_FAULT
    }
    return {"kinds": kinds, "rows": rows, "fine": [name for name in COLUMNS if name not in rows]}


def _flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested settings as dotted keys."""
    texts: dict[str, str] = {}
    for key, value in content.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            texts |= _flat(value, f"{name}.")
        elif isinstance(value, list | tuple):
            texts[name] = ", ".join(map(str, value)) or "none"
        else:
            texts[name] = "none" if value in (None, "") else str(value)
    return texts


def _range(rates: Sequence[float]) -> str:
    low, high = f"{min(rates):.1f}", f"{max(rates):.1f}"
    return f"{low} Hz" if low == high else f"{low}–{high} Hz"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
