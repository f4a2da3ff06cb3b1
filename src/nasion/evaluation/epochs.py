"""Learning curves: scores of the held-out folds and likeness of the features, epoch by epoch."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from nasion.evaluation.figures import canvas, legend_columns, shown, system_style

Histories = Mapping[str, pd.DataFrame]  # of each system, as its history.csv

SCORES = {"accuracy": "validation accuracy", "kld": "validation KL divergence (nats)"}
HEADS = {"kld_waveform": "waveform head", "kld_spectrogram": "spectrogram head",
         "kld_fused": "fused head"}  # fmt: skip
LIKENESS = {
    "cosine": "cosine",
    "absolute_cosine": "size of the cosine",
    "debiased_cka": "debiased alignment",  # raw CKA of a few rows is near 1 by chance
}
_LIMITS = {"cosine": (-1.05, 1.05), "absolute_cosine": (0, 1.05), "debiased_cka": (-0.25, 1.05)}


def scores(histories: Histories, column: str) -> Any:
    """One score of the final prediction per epoch; of a single system of two branches, its heads.

    Parameters
    ----------
    column
        One of `SCORES`.
    """
    lines = [(name, table, column) for name, table in histories.items()]
    if len(histories) == 1 and column == "kld":
        (table,) = histories.values()
        lines += [(label, table, head) for head, label in HEADS.items() if _has_values(table, head)]
    with canvas(5.6, 3.7 + 0.1 * len(lines)) as figure:
        ax = figure.add_subplot()
        for k, (name, table, score) in enumerate(lines):
            _line(ax, k, name, table, score)
        ax.set_ylabel(SCORES[column])
        _epochs(ax)
        if len(lines) > 1:
            _legend(figure, ax)
    return figure


def similarity(histories: Histories) -> Any:
    """How alike the feature vectors of the two branches are: near 1 they have collapsed."""
    with canvas(7.6, 2.9 + 0.1 * len(histories)) as figure:
        axes = figure.subplots(1, 3, sharex=True)
        for ax, (column, title) in zip(axes, LIKENESS.items(), strict=True):
            for k, (name, table) in enumerate(histories.items()):
                _line(ax, k, name, table, column)
            ax.set_title(title)
            ax.set_ylim(*_LIMITS[column])
            ax.axhline(0, color="#BBBBBB", lw=0.8, zorder=0)
            _epochs(ax)
        if len(histories) > 1:
            _legend(figure, axes[0])
    return figure


def of_two_branches(histories: Histories) -> Histories:
    """Keep those that tell how alike their features are."""
    return {
        name: table
        for name, table in histories.items()
        if all(_has_values(table, column) for column in LIKENESS)
    }


def _line(ax: Any, k: int, name: str, table: pd.DataFrame, column: str) -> None:
    """Mean over folds; the band goes from the lowest to the highest fold."""
    by_epoch = table.groupby("epoch")[column].agg(["mean", "min", "max"])
    epoch, style = by_epoch.index + 1, system_style(k)
    stride = max(1, len(epoch) // 10)
    ax.plot(epoch, by_epoch["mean"], label=shown(name), lw=1.6, ms=4, markevery=stride, **style)
    if table["fold"].nunique() > 1:
        ax.fill_between(
            epoch, by_epoch["min"], by_epoch["max"], color=style["color"], alpha=0.13, lw=0
        )


def _has_values(table: pd.DataFrame, column: str) -> bool:
    return column in table and bool(table[column].notna().any())


def _epochs(ax: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.set_xlabel("epoch")
    ax.set_xlim(left=0.4)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, min_n_ticks=1))


def _legend(figure: Any, ax: Any) -> None:
    handles, labels = ax.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=legend_columns(labels))
