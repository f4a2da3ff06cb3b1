"""Figures of a search, drawn from its table of trials alone, in the style of the evaluation."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
import pandas as pd

from nasion.drawing.style import FAINT, INK
from nasion.evaluation.figures import STYLE, SYSTEM_COLOURS

Scale = tuple[str, ...] | Literal["linear", "log"]  # the choices of a setting, or its axis

COLUMNS = 3  # of panels
FOLDED = 14  # characters of a choice above which labels are slanted
TRIAL, BEST = SYSTEM_COLOURS[0], SYSTEM_COLOURS[1]
MARKS: dict[str, dict[str, Any]] = {
    "complete": {"fc": TRIAL, "ec": TRIAL},
    "pruned": {"fc": "none", "ec": TRIAL, "alpha": 0.6},
}


def history(table: pd.DataFrame, metric: str, *, maximised: bool) -> Any:
    """Score of each trial, and the best of complete ones so far; a tick marks a failed one.

    Parameters
    ----------
    table
        One row a trial: `number`, `state`, `value`, and a column a setting.
    """
    with _figure(6.4, 3.6) as figure:
        ax = figure.add_subplot()
        _scatter(ax, table["number"].to_numpy(float), table)
        complete = table[table["state"] == "complete"]
        best_so_far = complete["value"].cummax() if maximised else complete["value"].cummin()
        ax.step(complete["number"], best_so_far, where="post", color=INK, lw=1, label="best so far")
        failed = table.loc[table["state"] == "failed", "number"]
        if len(failed):
            ends = ax.get_xaxis_transform()
            ax.vlines(failed, 0, 0.04, color=BEST, transform=ends, lw=2, label="failed")
        _ring(ax, complete, complete["number"].to_numpy(float), maximised=maximised)
        ax.set_xlim(-0.5, table["number"].max() + 0.5)
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.set_xlabel("trial")
        ax.set_ylabel(_named(metric))
        figure.legend(loc="outside lower center", ncols=3)
    return figure


def slices(table: pd.DataFrame, metric: str, scales: dict[str, Scale], *, maximised: bool) -> Any:
    """Score against each searched setting, a panel each; parameters as of `history`."""
    columns = min(COLUMNS, len(scales))
    rows = math.ceil(len(scales) / columns)
    with _figure(max(4.6, 2.9 * columns), 0.5 + 2.9 * rows) as figure:
        grid = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
        for ax in grid[len(scales) :]:
            ax.remove()
        scored = table[table["value"].notna()]
        for k, (ax, (key, scale)) in enumerate(zip(grid, scales.items(), strict=False)):
            at = _places(ax, scored[key], scale)
            _scatter(ax, at, scored, labelled=k == 0)
            complete = (scored["state"] == "complete").to_numpy()
            _ring(ax, scored[complete], at[complete], maximised=maximised, labelled=k == 0)
            ax.set_xlabel(key)
            if k % columns == 0:
                ax.set_ylabel(_named(metric))
        figure.legend(loc="outside lower center", ncols=3)
    return figure


def importance(shares: dict[str, float]) -> Any:
    """Share of the variance of scores that each setting explains, the largest on top."""
    ordered = sorted(shares.items(), key=lambda share: share[1])
    with _figure(6.0, 1.1 + 0.32 * len(ordered)) as figure:
        ax = figure.add_subplot()
        widths = [value for _, value in ordered]
        bars = ax.barh([key for key, _ in ordered], widths, 0.62, fc=(TRIAL, 0.4), ec=TRIAL, lw=1.2)
        ax.bar_label(bars, [f"{100 * width:.0f} %" for width in widths], padding=4)
        ax.set_xlim(0, 1.08 * max(widths))
        ax.set_xticks([])
        ax.spines["bottom"].set_visible(False)
        ax.tick_params(axis="y", length=0)
        ax.set_xlabel("relative importance (fANOVA)")
    return figure


def _scatter(ax: Any, at: Any, table: pd.DataFrame, *, labelled: bool = True) -> None:
    for state, mark in MARKS.items():
        rows = (table["state"] == state).to_numpy()
        if rows.any():
            title = f"{state}, folds before" if state == "pruned" else state
            name = title if labelled else None
            ax.scatter(at[rows], table["value"][rows], s=26, lw=1.1, label=name, zorder=3, **mark)


def _ring(
    ax: Any, complete: pd.DataFrame, at: Any, *, maximised: bool, labelled: bool = True
) -> None:
    """Mark the best trial."""
    if not len(complete):
        return
    values = complete["value"].to_numpy()
    i = int(values.argmax() if maximised else values.argmin())
    name = f"chosen, trial {complete['number'].iloc[i]}" if labelled else None
    ax.scatter(at[i], values[i], s=110, fc="none", ec=BEST, lw=1.6, label=name, zorder=4)


def _places(ax: Any, column: pd.Series, scale: Scale) -> Any:
    """Prepare the axis of a setting; give where on it the trials lie."""
    if isinstance(scale, str):
        at = column.to_numpy(float)
        if scale == "log":
            _logarithmic(ax, math.log10(at.max() / at.min()))
        return at
    is_slanted = max(map(len, scale)) * len(scale) > 2 * FOLDED
    rotation = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if is_slanted else {}
    ax.set_xticks(range(len(scale)), [_short(name) for name in scale], **rotation)
    ax.set_xlim(-0.5, len(scale) - 0.5)
    ax.tick_params(axis="x", length=0)
    ax.grid(axis="x", color=FAINT, lw=0.4)
    return np.array([scale.index(value) for value in column], float)


def _logarithmic(ax: Any, decades: float) -> None:
    """Label some multiples of powers of ten, in plain digits."""
    from matplotlib.ticker import LogLocator, NullFormatter

    ax.set_xscale("log")
    multiples = (1,) if decades >= 2 else (1, 3) if decades >= 1 else (1, 2, 5)
    ax.xaxis.set_major_locator(LogLocator(subs=multiples))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter(NullFormatter())


def _short(name: str) -> str:
    return name if len(name) <= 2 * FOLDED else f"{name[: 2 * FOLDED - 1]}…"


def _named(metric: str) -> str:
    return "KL divergence (nats)" if metric == "kld" else metric.replace("_", " ")


@contextmanager
def _figure(width_in: float, height_in: float) -> Iterator[Any]:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        yield Figure(figsize=(width_in, height_in), layout="constrained")
