"""A plot: the probabilities of a reading over time, the events above them."""

from typing import TYPE_CHECKING

import numpy as np

from nasion.drawing.style import INK, STYLE
from nasion.reading.reading import Reading
from nasion.terms import EVENTFUL, PATTERNS, READING_STEP_S

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZE_IN = (11.0, 3.2)
MOST_COLUMNS = 2000  # more than a figure shows
HATCH = "////"


def plot(reading: Reading) -> "Figure":
    """Draw a reading of any length; what was not judged is hatched."""
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    width = -(-reading.n_steps // MOST_COLUMNS)
    n = -(-reading.n_steps // width)
    padded = np.full((n * width, len(PATTERNS)), np.nan, np.float32)
    padded[: reading.n_steps] = reading.probability
    columns = padded.reshape(n, width, -1)
    judged = np.isfinite(columns[..., 0]).sum(1)
    shares = np.nan_to_num(columns).sum(1) / np.maximum(judged, 1)[:, None]
    unit, name = (3600.0, "hours") if reading.duration_s > 2 * 3600 else (60.0, "minutes")
    edges = np.arange(n + 1) * width * READING_STEP_S / unit
    end = reading.duration_s / unit
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=SIZE_IN, layout="constrained")
        event_axes, ribbon = figure.subplots(2, 1, sharex=True, height_ratios=(1, 4))
        floor = np.zeros(n)
        for pattern, share in zip(PATTERNS, shares.T, strict=True):
            top = floor + share
            ribbon.stairs(top, edges, baseline=floor, fill=True, color=pattern.colour, lw=0)
            floor = top
        ribbon.stairs(
            (judged == 0).astype(float), edges, fill=True, fc="white", ec=INK, hatch=HATCH, lw=0
        )
        ribbon.set(xlim=(0, end), ylim=(0, 1), ylabel="probability", xlabel=name)
        for row, pattern in enumerate(EVENTFUL):
            spans = [
                (event.onset_s / unit, max(event.duration_s / unit, end / MOST_COLUMNS))
                for event in reading.events
                if event.pattern is pattern
            ]
            event_axes.broken_barh(spans, (-row - 0.9, 0.8), color=pattern.colour)
        event_axes.set(ylim=(-len(EVENTFUL), 0), yticks=[], title=reading.name)
        event_axes.set_ylabel("events", rotation=0, ha="right", va="center")
        handles = [Patch(color=pattern.colour, label=pattern.label) for pattern in PATTERNS]
        figure.legend(handles=handles, loc="outside right center", frameon=False)
    return figure
