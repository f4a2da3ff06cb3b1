"""The page: bipolar EEG beside its spectrograms, with what spoke for a pattern (paper figure 7)."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasion.config import Signal
from nasion.drawing.eeg import draw, places, relative, shade
from nasion.drawing.style import FAINT, INK, STYLE
from nasion.eeg.waveform import MU
from nasion.evaluation.figures import save as save_figure
from nasion.explanation.explanation import Explanation, save
from nasion.terms import (
    CENTRE_S,
    CHAIN_DERIVATIONS,
    CHAIN_NAMES,
    PATTERNS,
    SFREQ,
    SPECTROGRAM_CHAINS,
    Chain,
    Pattern,
)
from nasion.windowing import CENTRE_FROM_S, views_of

Array = NDArray[np.floating]

SIZE_IN = (13.6, 7.8)
VIEW_TITLES = {"centre": "10 s", "window": "50 s", "context": "10 min"}


def write(explanation: Explanation, folder: Path, name: str) -> str:
    """Write NAME.svg, NAME.png and the arrays as NAME.npz; give the SVG."""
    save(folder / f"{name}.npz", explanation)
    return save_figure(figure(explanation), folder, name)


def figure(explanation: Explanation) -> Any:
    """Draw the page.

    Left the labelled 10 s, negative up, shaded by the map over time; then how far the logit falls
    without each chain; right each view of the four lateral chains, with the map over it. Each map
    is its positive part, relative to its own peak on the page.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        canvas: Any = Figure(figsize=SIZE_IN, layout="constrained")
        canvas.get_layout_engine().set(w_pad=0.04, h_pad=0.03, wspace=0.02, hspace=0.02)
        header, body = canvas.subfigures(2, 1, height_ratios=(0.95, 8))
        left, right = body.subfigures(1, 2, width_ratios=(1.25, 1))
        _head(header, explanation)
        eeg, chains = left.subplots(1, 2, width_ratios=(7.2, 1), sharey=True)
        _eeg(eeg, explanation)
        _chains(chains, explanation)
        _spectrograms(right, explanation)
    return canvas


def microvolts(waveform: Array, signal: Signal) -> Array:
    """Take the network's scale back, to µV (after the filter, 0.5-20 Hz by default)."""
    settings = signal.waveform
    if settings.quantise == "none":
        return waveform * settings.scale_uv
    expanded = np.expm1(np.abs(waveform) * np.log1p(MU)) / MU
    return np.sign(waveform) * expanded * settings.clip_uv


def _head(area: Any, explanation: Explanation) -> None:
    """Which EEG, which pattern; and of each pattern the probability and the votes."""
    import matplotlib as mpl

    pattern = explanation.pattern
    title, table = area.subplots(1, 2, width_ratios=(1, 1.35))
    for ax in (title, table):
        ax.set_axis_off()
        ax.set_xlim(0, 1)
        ax.set_ylim(0, 1)
    title.text(0.01, 0.78, f"Why {pattern.label}?", fontsize=15, weight="bold", va="center")
    long_name = pattern.long_name.partition(":")[0]
    title.text(0.01, 0.36, f"{long_name}\n{explanation.name}", va="center", linespacing=1.5)
    votes = explanation.votes
    width = 1 / len(PATTERNS)
    for k, (name, share) in enumerate(zip(PATTERNS, explanation.probability, strict=True)):
        at, weight = k * width, "bold" if name is pattern else "normal"
        table.text(at, 0.86, name.label, weight=weight, va="center")
        bar = {"height": 0.16, "left": at, "clip_on": False}
        table.barh(0.58, 0.86 * width, fc="#EEEEEE", **bar)
        table.barh(0.58, 0.86 * width * share, fc=name.colour, **bar)
        table.text(at, 0.3, f"p = {share:.2f}", weight=weight, va="center")
        if votes is not None:
            noun = "vote" if votes[k] == 1 else "votes"
            table.text(at, 0.06, f"{votes[k]:g} {noun}", weight=weight, va="center")
    area.add_artist(
        mpl.lines.Line2D((0.005, 0.995), (0, 0), color=FAINT, lw=0.8, transform=area.transSubfigure)
    )


def _eeg(ax: Any, explanation: Explanation) -> None:
    sfreq = explanation.signal.waveform.sfreq
    centre = slice(round(CENTRE_FROM_S * sfreq), round((CENTRE_FROM_S + CENTRE_S) * sfreq))
    page = microvolts(explanation.window.waveform[:, centre], explanation.signal)
    time = explanation.maps.time
    over_time = None if time is None else time[centre]
    draw(ax, page, sfreq, over_time=over_time, colour=explanation.pattern.colour)
    ax.set_xlabel("seconds of the labelled 10 s")
    band = explanation.signal.waveform.band_hz
    note = "no map" if time is None else "shaded: Grad-CAM over time"
    ax.set_title(f"EEG, {band[0]:g}–{band[1]:g} Hz, negative up ({note})", fontsize=9)


def _chains(ax: Any, explanation: Explanation) -> None:
    rows = places()
    first = 0
    for chain, value in zip(Chain, explanation.occlusion, strict=True):
        n = len(CHAIN_DERIVATIONS[chain])
        lines = rows[first : first + n]
        first += n
        colour = explanation.pattern.colour if value > 0 else "white"
        height = lines[0] - lines[-1] + 0.6
        ax.barh(lines.mean(), value, height, fc=colour, ec=INK, lw=0.7)
        ax.text(1.02, lines[0] + 0.4, chain, transform=ax.get_yaxis_transform(), weight="bold",
                ha="right", va="bottom", fontsize=8)  # fmt: skip
    ax.axvline(0, color=INK, lw=0.7)
    low, high = explanation.occlusion.min(initial=0), explanation.occlusion.max(initial=1e-3)
    margin = 0.12 * (high - low)
    ax.set_xlim(low - margin if low < 0 else 0, high + margin)
    # Two ticks are what fits: 0, and a round number within the longer side.
    longer = float(high if high >= -low else low)
    digit = 10.0 ** np.floor(np.log10(abs(longer)))
    tick = np.trunc(longer / digit) * digit
    ax.set_xticks((0, tick), ("0", f"{tick:.1g}".replace("-", "−")))
    ax.tick_params(axis="y", length=0, labelleft=False)
    ax.spines["left"].set_visible(False)
    ax.set_xlabel("logit lost\nwithout it")
    ax.set_title("Chains", fontsize=9)


def _spectrograms(area: Any, explanation: Explanation) -> None:
    views = explanation.signal.spectrogram.views
    order = [name for name in VIEW_TITLES if name in views]
    shape = (len(SPECTROGRAM_CHAINS), len(order))
    axes = area.subplots(*shape, squeeze=False, sharex="col", sharey="row")
    for column, view in zip(axes.T, order, strict=True):
        picture = _view(column, explanation, view)
        bar = area.colorbar(picture, ax=column, location="bottom", shrink=0.8, aspect=26, pad=0.02)
        bar.set_label("dB of 1 µV²/Hz", fontsize=8)
        bar.ax.tick_params(labelsize=8)
        bar.outline.set_linewidth(0.5)
    for ax, chain in zip(axes[:, 0], SPECTROGRAM_CHAINS, strict=True):
        ax.set_ylabel(f"{chain}: {CHAIN_NAMES[chain]}\nHz", fontsize=8)


def _view(axes: Any, explanation: Explanation, name: str) -> Any:
    """One view of the four chains; gives the last picture, for its colour bar."""
    view = views_of(explanation.signal)[name]
    settings = explanation.signal.spectrogram
    image = explanation.window.images[name] * settings.log_scale + settings.log_centre
    decibels = 10 * image / np.log(10)
    finite = decibels[np.isfinite(decibels)]
    low, high = np.percentile(finite, (2, 99.5)) if len(finite) else (0.0, 1.0)
    start_s = (CENTRE_S - view.span_s) / 2  # the centre of the first column
    freqs_hz = np.arange(view.bins[0], view.bins[1] + 1) * SFREQ / view.n_fft
    times_s = start_s + view.step_s * np.arange(view.n_columns)
    half_hz = SFREQ / view.n_fft / 2
    extent = (times_s[0] - view.step_s / 2, times_s[-1] + view.step_s / 2,
              freqs_hz[0] - half_hz, freqs_hz[-1] + half_hz)  # fmt: skip
    drawing = {"extent": extent, "aspect": "auto", "origin": "lower", "interpolation": "nearest"}
    values = explanation.maps.images.get(name)
    colour = explanation.pattern.colour
    maps = None if values is None else relative(values)
    for k, ax in enumerate(axes):
        picture = ax.imshow(decibels[k], cmap="Greys", vmin=low, vmax=max(high, low + 1), **drawing)
        if maps is not None:
            heat = maps[k if len(maps) > 1 else 0]
            over = shade(heat, colour)
            over[np.isnan(decibels[k]), 3] = 0
            ax.imshow(over, **drawing)
            if heat.min() < 0.5 < heat.max():
                # Grey on grey would not show.
                line = INK if explanation.pattern is Pattern.OTHER else colour
                for width, paint in ((2.8, "white"), (1.4, line)):
                    ax.contour(times_s, freqs_hz, heat, (0.5,), colors=[paint], linewidths=width)
        if view.span_s > CENTRE_S:
            ax.vlines((0, CENTRE_S), extent[2], extent[3], color=INK, lw=0.8, ls=(0, (3, 2)))
        ax.set_xlim(start_s, start_s + view.span_s)
        ax.set_ylim(extent[2:])
        ax.set_yticks((1, 5, 10, 15, 20) if freqs_hz[-1] + half_hz >= 20 else (1, 5, 10, 15))
    notes = {0: "no map", 1: "shared map", len(SPECTROGRAM_CHAINS): "map by chain"}
    note = notes[0 if values is None else len(values)]
    axes[0].set_title(f"{VIEW_TITLES[name]} ({note})", fontsize=9)
    axes[-1].set_xlabel("seconds; the label is 0–10")
    return picture
