"""Strips: a recording of hours as rows of pixels, to be placed in a page with axes of its own.

Days hold more steps than a page has pixels, so everything is brought to columns of pixels first.
"""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from nasion.terms import PATTERNS, READING_STEP_S, Pattern

Array = NDArray[np.floating]
Indices = NDArray[np.uint8]
Colours = NDArray[np.uint8]  # (n, 3)
Stretches = Sequence[tuple[float, float]]  # begin and end, s, in order

MOST_COLUMNS = 1400  # of a row: two a point of paper
RIBBON_ROWS = 64
BAND_ROWS = 50  # of one chain's spectrogram
DECIBELS = (-15.0, 25.0)  # of 1 µV²/Hz, the same in every picture
LEVELS = 127
# A row holds so much that there are at most six, or as few as the longest allows.
SPANS_S = (600, 1200, 3600, 7200, 14400, 21600, 43200, 86400)
MOST_ROWS = 6
TICKS_S = (60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200)
MOST_TICKS = 9
PALE = 0.72  # how far the colour of "other" goes to white, so that patterns stand out


@dataclass(frozen=True)
class Tick:
    """A time on the axis."""

    at_s: float
    label: str


def span_s(stretches_s: Stretches) -> float:
    """How much of a recording one row holds, by the stretches between its long gaps."""
    enough = (span for span in SPANS_S if len(_cells(stretches_s, span)) <= MOST_ROWS)
    span = float(next(enough, SPANS_S[-1]))
    return min(span, max(_end(stretches_s), READING_STEP_S))


def rows(stretches_s: Stretches) -> Iterator[tuple[float, float]]:
    """Start and stop of each row, s; the last one may be shorter. Long gaps have no rows."""
    span = span_s(stretches_s)
    for cell in _cells(stretches_s, span) or [0]:
        yield cell * span, min((cell + 1) * span, _end(stretches_s) or span)


def _end(stretches_s: Stretches) -> float:
    return stretches_s[-1][1] if stretches_s else 0.0


def _cells(stretches_s: Stretches, span: float) -> list[int]:
    """Numbers of the rows that hold a part of a stretch, were all of the recording in rows."""
    cells: dict[int, None] = {}
    for start, stop in stretches_s:
        cells |= dict.fromkeys(range(int(start // span), int(np.ceil(stop / span))))
    return list(cells)


def ticks(start_s: float, stop_s: float, span: float, clock: datetime | None) -> list[Tick]:
    """Round times of a row: of the clock where it is known, else from the first sample."""
    step = next((step for step in TICKS_S if span / step <= MOST_TICKS), TICKS_S[-1])
    midnight_s = 0.0
    if clock:
        day = clock.replace(hour=0, minute=0, second=0, microsecond=0)
        midnight_s = (day - clock).total_seconds()
    first = np.ceil((start_s - midnight_s) / step) * step + midnight_s
    times_s = [float(at_s) for at_s in np.arange(first, stop_s + 1e-6, step)]
    return [Tick(at_s, tick_label(at_s, clock, dated=k == 0)) for k, at_s in enumerate(times_s)]


def tick_label(at_s: float, clock: datetime | None, *, dated: bool) -> str:
    """Such as 03:30, 10 Mar 00:00, or 3:30 hours from the start."""
    if clock is None:
        minutes = round(at_s / 60)
        return f"{minutes // 60}:{minutes % 60:02}"
    at = clock + timedelta(seconds=round(at_s + clock.microsecond / 1e6) - clock.microsecond / 1e6)
    dated = dated or (at.hour, at.minute) == (0, 0)
    return f"{at.day} {at:%b} {at:%H:%M}" if dated else f"{at:%H:%M}"


def squeezed(values: Array, n_columns: int) -> Array:
    """Means over the last axis, brought to so many columns; NaN does not count."""
    edges = np.linspace(0, values.shape[-1], n_columns + 1).round().astype(int)[:-1]
    finite = np.isfinite(values)
    total = np.add.reduceat(np.where(finite, values, 0), edges, axis=-1, dtype=np.float64)
    count = np.add.reduceat(finite, edges, axis=-1, dtype=np.int32)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def n_columns_of(n_steps: int) -> int:
    """How many columns of pixels show so many steps."""
    return min(n_steps, MOST_COLUMNS)


def ribbon(probability: Array) -> str:
    """Stack the six probabilities of each column, seizure lowest; white where there are none.

    Parameters
    ----------
    probability
        (n_steps, 6).

    Returns
    -------
    A PNG as a URI.
    """
    columns = squeezed(probability.T, n_columns_of(len(probability)))
    tops = np.cumsum(columns, 0)
    heights = (np.arange(RIBBON_ROWS)[::-1] + 0.5) / RIBBON_ROWS
    picture = (heights[:, None, None] > tops[None, :-1]).sum(1).astype(np.uint8)
    picture[:, np.isnan(tops[-1])] = len(PATTERNS)
    return png(picture, np.array([*(rgb(ink) for ink in RIBBON.values()), (255, 255, 255)]))


def spectrogram(decibels: Array) -> str:
    """Four chains below each other, low frequencies lowest, in one fixed scale; white is nothing.

    Parameters
    ----------
    decibels
        (4, n_freqs, n_steps), chains as `terms.SPECTROGRAM_CHAINS`.
    """
    columns = squeezed(decibels, n_columns_of(decibels.shape[-1]))
    bands = squeezed(columns.swapaxes(1, 2), min(BAND_ROWS, decibels.shape[1])).swapaxes(1, 2)
    picture = _levels(bands[:, ::-1]).reshape(-1, columns.shape[-1])
    return png(picture, _scale_colours())


def scale_bar() -> str:
    """The colours of the spectrograms from low to high, as a URI."""
    return png(np.arange(LEVELS, dtype=np.uint8)[None], _scale_colours())


def png(picture: Indices, colours: Colours) -> str:
    """Give a picture of places in `colours` as a URI that needs no file."""
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(picture))
    image.putpalette(colours.astype(np.uint8).tobytes())
    file = BytesIO()
    image.save(file, "PNG")
    return png_uri(file.getvalue())


def png_uri(content: bytes) -> str:
    """A PNG as a URI."""
    return f"data:image/png;base64,{b64encode(content).decode('ascii')}"


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green, blue of #rrggbb."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def runs(columns: NDArray[np.bool_]) -> list[tuple[float, float]]:
    """Where columns are set: from and to as shares of the width."""
    steps = np.flatnonzero(np.diff(np.concatenate([[False], columns, [False]]).astype(np.int8)))
    shares = steps / max(len(columns), 1)
    return [(float(low), float(high)) for low, high in zip(shares[::2], shares[1::2], strict=True)]


def _levels(decibels: Array) -> Indices:
    low, high = DECIBELS
    share = (np.nan_to_num(decibels, nan=low) - low) / (high - low)
    levels = (share.clip(0, 1) * (LEVELS - 1)).round().astype(np.uint8)
    levels[np.isnan(decibels)] = LEVELS
    return levels


def _scale_colours() -> Colours:
    import matplotlib as mpl

    colours = mpl.colormaps["viridis"](np.linspace(0, 1, LEVELS))[:, :3]
    return np.vstack([(255 * colours).round(), (255, 255, 255)]).astype(np.uint8)


def _paled(colour: str) -> str:
    return "#" + "".join(f"{round(part + PALE * (255 - part)):02X}" for part in rgb(colour))


RIBBON = {
    pattern: _paled(pattern.colour) if pattern is Pattern.OTHER else pattern.colour
    for pattern in PATTERNS
}
