"""Curves of an evaluation: ROC, precision-recall, reliability and what abstention gains."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nasion.drawing.style import FAINT, INK
from nasion.evaluation.assessment import Assessment
from nasion.evaluation.figures import (
    canvas,
    legend_columns,
    shown,
    system_style,
)
from nasion.evaluation.metrics import Bin, PatternScores
from nasion.evaluation.people import Point, Rater
from nasion.evaluation.ranking import Curve
from nasion.terms import PATTERNS, Pattern

Curves = Mapping[str, Mapping[Pattern, Curve | None]]

GUIDE = {"color": FAINT, "lw": 1, "ls": (0, (4, 2)), "zorder": 0}
PLANES = {
    "roc": ("fpr", "tpr", "false positive rate", "true positive rate", "auroc"),
    "pr": ("tpr", "precision", "recall", "precision", "auprc"),
}
TENTHS = np.linspace(0, 1, 6)


def rates(
    plane: str, curves: Curves, systems: Mapping[str, Assessment], experts: Sequence[Rater]
) -> Any:
    """ROC (``roc``) or precision-recall curves (``pr``), a panel a pattern, experts as points."""
    _, _, x_label, y_label, _ = PLANES[plane]
    with canvas(7.6, 5.6 + 0.2 * len(curves)) as figure:
        axes = figure.subplots(2, 3, sharex=True, sharey=True)
        handles: dict[str, Any] = {}
        for ax, pattern in zip(axes.flat, PATTERNS, strict=True):
            scores = {n: system.overall.per_class[pattern] for n, system in systems.items()}
            points = [expert.points[pattern] for expert in experts]
            _title(ax, pattern)
            handles |= _panel(ax, plane, {n: c[pattern] for n, c in curves.items()}, scores, points)
        for ax in axes[1]:
            ax.set_xlabel(x_label)
        for ax in axes[:, 0]:
            ax.set_ylabel(y_label)
        if handles:
            columns = legend_columns(handles) if len(handles) > 3 else len(handles)
            figure.legend(handles.values(), handles, loc="outside lower center", ncols=columns)
    return figure


def _panel(
    ax: Any,
    plane: str,
    curves: Mapping[str, Curve | None],
    scores: Mapping[str, PatternScores],
    points: list[Point],
) -> dict[str, Any]:
    """Draw the curves of one pattern; give what the legend names."""
    x_name, y_name, _, _, area = PLANES[plane]
    _square(ax)
    handles = {}
    for k, (name, curve) in enumerate(curves.items()):
        if curve is None:
            _note(ax, "undefined")
            return {}
        sparse, style = curve.thinned(), system_style(k)
        del style["marker"]
        places = getattr(sparse, x_name), getattr(sparse, y_name)
        (handles[shown(name)],) = ax.plot(*places, lw=1.6, **style)
        level = curve.prevalence
    if points:
        spots = np.array(
            [(getattr(point, x_name), getattr(point, y_name)) for point in points], float
        )
        handles["one expert against the others"] = ax.scatter(
            *spots.T, s=16, fc="white", ec=INK, lw=0.9, zorder=3, clip_on=False
        )
    (handles["chance"],) = ax.plot([0, 1], [0, 1] if plane == "roc" else [level, level], **GUIDE)
    if len(scores) <= 3:
        areas = [getattr(score, area).value for score in scores.values()]
        _note(ax, f"{area.upper()}  {' / '.join(map(_short, areas))}")
    return handles


def reliability(system: Assessment) -> Any:
    """Reliability of the most probable pattern, and of each pattern against its share of votes."""
    points = system.overall.reliability
    with canvas(7.6, 3.9) as figure:
        grid = figure.add_gridspec(2, 5)
        first = figure.add_subplot(grid[:, :2])
        _diagram(first, points["top"], INK, 1.4)
        first.set_title("Most probable pattern")
        first.set_xlabel("probability")
        first.set_ylabel("share that is the consensus")
        _note(first, f"ECE  {_short(system.overall.ece.value)}")
        first.set_yticks(TENTHS)
        for k, pattern in enumerate(PATTERNS):
            ax = figure.add_subplot(grid[k // 3, 2 + k % 3])
            _diagram(ax, points[pattern], pattern.colour, 0.9)
            _title(ax, pattern)
            ax.set_xticks([0, 0.5, 1], ["0", ".5", "1"])
            ax.set_yticks([0, 0.5, 1], ["0", ".5", "1"] if k % 3 == 0 else [""] * 3)
            if k // 3 == 0:
                ax.set_xticklabels([])
            if k == 4:
                ax.set_xlabel("probability")
            if k == 0:
                ax.set_ylabel("share of votes")
                ax.yaxis.set_label_coords(-0.32, -0.15)
    return figure


def cant_tell(systems: Mapping[str, Assessment]) -> Any:
    """Divergence and error against the share of segments kept, the surest first."""
    with canvas(7.6, 3.2 + 0.1 * len(systems)) as figure:
        axes = figure.subplots(1, 2, sharex=True)
        titles = {"kld": "KL divergence (nats)", "error": "1 - accuracy"}
        for ax, (key, title) in zip(axes, titles.items(), strict=True):
            for k, (name, system) in enumerate(systems.items()):
                points, style = system.cant_tell, system_style(k)
                share = [100 * point.share for point in points]
                estimates = [getattr(point, key) for point in points]
                bounds = [estimate.ci95 or (np.nan, np.nan) for estimate in estimates]
                values = [estimate.value for estimate in estimates]
                ax.plot(share, values, label=shown(name), lw=1.6, ms=3.5, **style)
                ax.fill_between(
                    share, *np.transpose(bounds), color=style["color"], alpha=0.13, lw=0
                )
            ax.set_title(title)
            ax.set_xlim(0, 102)
            ax.set_ylim(0)
            ax.set_xticks(range(0, 101, 20), [f"{tick} %" for tick in range(0, 101, 20)])
            ax.set_xlabel("segments kept, the surest first")
        if len(systems) > 1:
            handles, labels = axes[0].get_legend_handles_labels()
            columns = legend_columns(labels)
            figure.legend(handles, labels, loc="outside lower center", ncols=columns)
    return figure


def _diagram(ax: Any, points: Sequence[Bin], colour: str, scale: float) -> None:
    """One reliability curve with intervals; bars at the foot are the share of segments."""
    ax.plot([0, 1], [0, 1], **GUIDE)
    predicted = [point.predicted for point in points]
    observed = [point.observed.value for point in points]
    counts = np.array([point.n for point in points], float)
    ax.bar(predicted, 0.25 * counts / counts.sum(), 0.03, color=FAINT, lw=0, zorder=1)
    bounds = [point.observed.ci95 or (np.nan, np.nan) for point in points]
    ax.vlines(predicted, *np.transpose(bounds), color=colour, lw=1.2 * scale, zorder=2)
    edge = {"mec": INK, "mew": 0.5} if colour != INK else {}
    ax.plot(predicted, observed, color=colour, lw=1.4 * scale, marker="o", ms=4 * scale, zorder=3,
            clip_on=False, **edge)  # fmt: skip
    _square(ax)


def _square(ax: Any) -> None:
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    ax.set_aspect("equal")
    ax.set_xticks(TENTHS, ["0", ".2", ".4", ".6", ".8", "1"])
    ax.set_yticks(TENTHS, ["0", ".2", ".4", ".6", ".8", "1"])


def _title(ax: Any, pattern: Pattern) -> None:
    """Name of the pattern behind a dot of its colour."""
    ax.set_title(f"    {pattern.label}")
    place = {"xy": (0, 1), "xycoords": "axes fraction", "textcoords": "offset points"}
    ax.annotate("●", xytext=(0, 5), color=pattern.colour, va="bottom", fontsize=10, **place)


def _note(ax: Any, text: str) -> None:
    """Small print over the right end of the panel."""
    ax.set_title(text, loc="right", fontsize=7.5, weight="normal")


def _short(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}".removeprefix("0")
