"""Page: the report as one self-contained HTML file, filled from the metrics."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nasion.drawing.template import template
from nasion.evaluation.abstention import Kept
from nasion.evaluation.gaps import N_BINS
from nasion.evaluation.metrics import FOLD_METRICS, VOTE_BINS
from nasion.evaluation.result import Result
from nasion.terms import PATTERNS

TEMPLATE = Path(__file__).with_name("page.html.j2")
NONE = "–"  # stands where a number is undefined
KEPT = (1.0, 0.8, 0.6, 0.4, 0.2)  # shares of segments in the table of what abstention gains


def render(
    result: Result,
    figures: Mapping[str, Any],
    settings: Mapping[str, Mapping[str, Any]],
    *,
    title: str,
    one_row_per_period: bool,
) -> str:
    """Fill the template.

    Parameters
    ----------
    result
        What was found of each system and of each two.
    figures
        SVG text, as `plates.draw` gives it.
    settings
        Values by ``section.key`` of each system; empty where unknown.
    """
    filters = {"number": number, "p_value": _p_value, "percent": _percent, "count": _count}
    return template(TEMPLATE, filters).render(
        systems=result.systems,
        pairs=result.pairs,
        files=result.files,
        software=result.software,
        title=title,
        figures=figures,
        settings=_rows(settings),
        one_row_per_period=one_row_per_period,
        bins=tuple(VOTE_BINS),
        n_bins=N_BINS,
        patterns=PATTERNS,
        fold_metrics=FOLD_METRICS,
        kept={name: _shown_points(system.cant_tell) for name, system in result.systems.items()},
    )


def number(value: float | None, digits: int = 3) -> str:
    """A number with a true minus; a dash where it is undefined."""
    if value is None:
        return NONE
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")  # + 0.0 turns -0 into 0


def _rows(settings: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, list[str], bool]]:
    """Each setting with its value in each system, and whether they differ."""
    keys = dict.fromkeys(key for table in settings.values() for key in table)
    rows = []
    for key in keys:
        values = [_text(table.get(key, NONE)) for table in settings.values()]
        rows.append((key, values, len(set(values)) > 1))
    return rows


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_text, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value in (None, "") else str(value)


def _shown_points(points: Sequence[Kept]) -> list[Kept]:
    """The points nearest to the shares of the table, each once."""
    nearest = [min(points, key=lambda point: abs(point.share - share)) for share in KEPT]
    return [point for i, point in enumerate(nearest) if point not in nearest[:i]]


def _p_value(value: float | None) -> str:
    if value is None:
        return NONE
    return "<\u00a00.001" if value < 0.001 else f"{value:.3f}"


def _percent(share: float | None) -> str:
    return NONE if share is None else f"{100 * share:.0f} %"


def _count(count: int | None) -> str:
    return NONE if count is None else f"{count:,}"
