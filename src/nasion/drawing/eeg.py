"""Traces of EEG as readers know them: bipolar chains, negative up, shaded by a map over time."""

from collections.abc import Collection, Mapping
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasion.drawing.style import FAINT, INK, STYLE
from nasion.terms import CHAIN_DERIVATIONS, CHAIN_NAMES, DERIVATION_NAMES, EKG, Chain

Array = NDArray[np.floating]

GAINS_UV = (10, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000)  # a row's height
CHAIN_GAP = 0.7  # rows between chains
STRENGTH = 0.6  # opacity of a map's peak
DOUBTFUL = "#9A9A9A"
EKG_COLOUR = "#A0303C"
SIZE_IN, DPI, N_COLOURS = (7.4, 5.0), 160, 48  # of a page by itself
MOST_SECONDS = 30  # drawn with a line and a tick each; longer pages have one every ten


def draw(
    ax: Any,
    derivations: Array,
    sfreq: float,
    *,
    ekg: Array | None = None,
    over_time: Array | None = None,
    colour: str = INK,
    doubtful: Collection[str] = (),
    marks: Mapping[str, str] | None = None,
    gain: float | None = None,
    name_chains: bool = False,
) -> float:
    """Draw derivations chain by chain, LL LP Z RP RL, with scale bars and a line every second.

    Parameters
    ----------
    derivations
        (18, n_times), µV, rows as `terms.DERIVATION_NAMES`. Where it is NaN a dotted line stands
        for it; a derivation that is NaN throughout has a grey name.
    ekg
        (n_times,), drawn last and in its own scale.
    over_time
        A map of any length over the same time. Its positive part shades the page, relative to its
        peak, in `colour`.
    doubtful
        Names of derivations drawn in grey.
    marks
        What stands behind the names of some of them.
    gain
        Height of a row in µV; without it the one that suits the signals.

    Returns
    -------
    The height of a row in µV.
    """
    duration_s = derivations.shape[1] / sfreq
    rows = places()
    trusted = [name not in doubtful for name in DERIVATION_NAMES]
    gain = gain or gain_uv(derivations[trusted] if any(trusted) else derivations)
    names, heights = [*DERIVATION_NAMES], [*rows]
    if ekg is not None:
        names, heights = [*names, EKG], [*heights, rows[-1] - 1 - CHAIN_GAP]
    low, high = heights[-1] - 2.3, rows[0] + 1.2
    if over_time is not None:
        half_s = duration_s / len(over_time) / 2
        extent = (-half_s, duration_s - half_s, low, high)
        picture = shade(relative(over_time[None]), colour)
        ax.imshow(picture, extent=extent, aspect="auto", interpolation="nearest", zorder=0)
    seconds = np.arange(0, duration_s + 1e-6, 1 if duration_s <= MOST_SECONDS else 10)
    ax.vlines(seconds, low, high, color=FAINT, lw=0.5, zorder=1)
    times_s = np.arange(derivations.shape[1]) / sfreq
    for row, trace, is_trusted in zip(rows, derivations, trusted, strict=True):
        ink = INK if is_trusted else DOUBTFUL
        ax.plot(times_s, row - trace / gain, color=ink, lw=0.6, zorder=2)  # negative up
    if ekg is not None:
        ax.plot(times_s, heights[-1] + _beats(ekg), color=EKG_COLOUR, lw=0.6, zorder=2)
        derivations = np.concatenate([derivations, ekg[None]])
    _gaps(ax, times_s, heights, derivations)
    _scale_bars(ax, gain, duration_s, low)
    ax.set_xlim(0, duration_s)
    ax.set_ylim(low, high)
    ax.set_xticks(seconds)
    ax.set_yticks(heights, [f"{name}{(marks or {}).get(name, '')}" for name in names])
    for label, name, trace in zip(ax.get_yticklabels(), names, derivations, strict=True):
        label.set_color(DOUBTFUL if name in doubtful or np.isnan(trace).all() else INK)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    if name_chains:
        _chain_names(ax, rows)
    return gain


def picture(derivations: Array, sfreq: float, *, label: str = "s", **drawing: Any) -> bytes:
    """Draw a page by itself; see `draw`.

    Parameters
    ----------
    label
        What stands below the axis of time.

    Returns
    -------
    PNG of few colours, which is small.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=SIZE_IN, dpi=DPI)
        canvas = FigureCanvasAgg(figure)
        ax = figure.add_axes((0.075, 0.085, 0.825, 0.91))
        draw(ax, derivations, sfreq, name_chains=True, **drawing)
        ax.tick_params(labelsize=8)
        ax.set_xlabel(label, fontsize=8, labelpad=2)
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    image = Image.fromarray(np.ascontiguousarray(pixels))
    quantized = image.quantize(N_COLOURS, method=Image.Quantize.FASTOCTREE)
    palette = np.array(quantized.getpalette(), np.uint8).reshape(-1, 3)
    palette[np.asarray(quantized)[0, 0]] = 255  # paper stays white
    quantized.putpalette(palette.tobytes())
    file = BytesIO()
    quantized.save(file, "PNG")
    return file.getvalue()


def places() -> NDArray[np.float64]:
    """Where each derivation is drawn, downwards from 0 in rows, chains apart."""
    before = [number for number, pairs in enumerate(CHAIN_DERIVATIONS.values()) for _ in pairs]
    return -(np.arange(len(before)) + CHAIN_GAP * np.array(before))


def gain_uv(signals: Array) -> float:
    """The height of a row: the first of `GAINS_UV` that keeps most of the signal within it."""
    magnitudes = np.abs(signals[np.isfinite(signals)])
    swing = np.percentile(magnitudes, 98) if len(magnitudes) else 0.0
    return float(next((gain for gain in GAINS_UV if swing <= 0.9 * gain), GAINS_UV[-1]))


def relative(values: Array) -> Array:
    """The positive part of a map over its peak, 0 where there is none."""
    positive = np.maximum(np.nan_to_num(values), 0)
    peak = positive.max(initial=0)
    return positive / peak if peak > 0 else positive


def shade(values: Array, colour: str) -> NDArray[np.float64]:
    """Colour whose opacity follows values of 0 to 1: (height, width, 4)."""
    from matplotlib.colors import to_rgb

    picture = np.empty((*values.shape, 4))
    picture[..., :3] = to_rgb(colour)
    picture[..., 3] = STRENGTH * values
    return picture


def _beats(ekg: Array) -> Array:
    """Positive up, as large as the row."""
    finite = ekg[np.isfinite(ekg)]
    middle = np.median(finite) if len(finite) else 0.0
    swing = np.abs(finite - middle).max(initial=0) or 1.0
    return 0.8 * (ekg - middle) / swing


def _gaps(ax: Any, times_s: Array, rows: list[float], derivations: Array) -> None:
    """Dotted lines where nothing was recorded."""
    for row, trace in zip(rows, derivations, strict=True):
        gap = np.isnan(trace)
        if gap.any():
            dots = np.where(gap, row, np.nan)
            ax.plot(times_s, dots, color=DOUBTFUL, lw=0.8, ls=(0, (1, 3)), zorder=2)


def _scale_bars(ax: Any, gain: float, duration_s: float, low: float) -> None:
    """One row's height in µV and one second, below the last trace."""
    left, bottom = 0.84 * duration_s, low + 0.3
    ax.plot([left, left, left + 1], [bottom + 1, bottom, bottom], color=INK, lw=1.6, zorder=3)
    box = {"fc": "white", "ec": "none", "alpha": 0.8, "pad": 1}
    text = {"fontsize": 8, "va": "center", "bbox": box, "zorder": 3}
    margin = 0.008 * duration_s
    ax.text(left - margin, bottom + 0.5, f"{gain:g} µV", ha="right", **text)
    ax.text(left + 1.5 * margin, bottom + 0.45, "1 s", ha="left", **text)


def _chain_names(ax: Any, rows: Array) -> None:
    """Each chain in words beside its traces."""
    first = 0
    for chain in Chain:
        lines = rows[first : first + len(CHAIN_DERIVATIONS[chain])]
        first += len(lines)
        ax.text(1.008, lines.mean(), CHAIN_NAMES[chain].replace(" ", "\n"), fontsize=7.5, ha="left",
                va="center", transform=ax.get_yaxis_transform())  # fmt: skip
