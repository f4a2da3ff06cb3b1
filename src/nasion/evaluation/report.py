"""From csv files to metrics.json, figures and a report: the whole evaluation."""

import base64
import hashlib
import platform
import re
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from nasion.errors import NasionError
from nasion.evaluation import figures, metrics, tables
from nasion.evaluation.metrics import Metrics
from nasion.files import write_json, write_text
from nasion.terms import COLOURS, PATTERNS

TEMPLATE = Path(__file__).with_name("report.html.j2")
SOFTWARE = ("nasion", "numpy", "pandas", "matplotlib")
NONE = "–"  # stands where a number is undefined


def evaluate(
    predictions: Path,
    labels: Path | None,
    out: Path,
    *,
    one_row_per_period: bool = True,
    title: str = "Evaluation",
) -> Metrics:
    """Judge one system; write metrics.json, figures and report.html.

    Parameters
    ----------
    predictions
        Kaggle's submission form (eeg_id, perhaps eeg_sub_id, six probabilities) or an oof.csv.
    labels
        The form of HMS's train.csv; None takes the votes that an oof.csv carries.
    out
        Folder to write to.
    one_row_per_period
        Whether rows of one EEG with equal votes count once, by their middle row.
    title
        Heading of the report.

    Returns
    -------
    dict
        What metrics.json holds.

    Raises
    ------
    NasionError
        For a broken file or a labelled row without a prediction.
    """
    name = predictions.resolve().parent.name if predictions.stem == "oof" else predictions.stem
    result = _assess({name: predictions}, labels, one_row_per_period=one_row_per_period)
    content = {key: result[key] for key in ("schema", "software", "files")}
    content |= result["systems"][name]
    _write(result, content, out, title, one_row_per_period=one_row_per_period)
    return content


def compare(
    named_predictions: Mapping[str, Path],
    labels: Path | None,
    out: Path,
    *,
    one_row_per_period: bool = True,
    title: str = "Comparison",
) -> Metrics:
    """Judge several systems on the same rows, side by side.

    Parameters
    ----------
    named_predictions
        Name of each system and its predictions.
    labels
        As in `evaluate`; None takes the votes that the first system's oof.csv carries.
    out, one_row_per_period, title
        As in `evaluate`.

    Returns
    -------
    dict
        What metrics.json holds: ``systems`` by name, each as `evaluate` gives it, and ``pairs``
        with the difference in divergence of each two.

    Raises
    ------
    NasionError
        As `evaluate`; also for no system, or two whose names give the same file name.
    """
    if not named_predictions:
        raise NasionError("nothing to compare: name at least one csv of predictions")
    result = _assess(dict(named_predictions), labels, one_row_per_period=one_row_per_period)
    _write(result, result, out, title, one_row_per_period=one_row_per_period)
    return result


def _assess(
    named: dict[str, Path], labels: Path | None, *, one_row_per_period: bool
) -> dict[str, Any]:
    first = next(iter(named.values()))
    truth = tables.read_labels(labels) if labels else tables.read_labels(first, tables.LABEL_PREFIX)
    judged = {
        name: tables.judge(path, truth, one_row_per_period=one_row_per_period)
        for name, path in named.items()
    }
    sources = [*named.items(), *([("labels", labels)] if labels else [])]
    return {
        "schema": metrics.SCHEMA,
        "software": {"python": platform.python_version()} | {p: _version(p) for p in SOFTWARE},
        "files": [
            {
                "role": role,
                "name": path.name,
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
            for role, path in sources
        ],
        "systems": {name: metrics.assess(each) for name, each in judged.items()},
        "pairs": metrics.pairs(judged),
    }


def _write(
    result: Metrics, content: Metrics, out: Path, title: str, *, one_row_per_period: bool
) -> None:
    """Write figures, then the report, then metrics.json."""
    names = _file_names(list(result["systems"]))
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NasionError(f"{out}: not a folder to write to ({error.strerror})") from None
    systems = result["systems"]
    drawn = {
        "recall": figures.save(figures.recall_radar(systems), out, "recall"),
        "kld": figures.save(figures.vote_bars(systems), out, "kld_by_votes"),
        "confusion": {
            name: figures.save(figures.confusions(systems[name]), out, file)
            for name, file in names.items()
        },
    }
    page = _template().render(
        result,
        title=title,
        figures=drawn,
        one_row_per_period=one_row_per_period,
        bins=tuple(metrics.VOTE_BINS),
        patterns=PATTERNS,
        colours=COLOURS,
        fold_metrics=metrics.FOLD_METRICS,
    )
    write_text(out / "report.html", page)
    write_json(out / "metrics.json", content)


def _file_names(systems: list[str]) -> dict[str, str]:
    if len(systems) == 1:
        return {systems[0]: "confusion"}
    names = {system: "confusion_" + re.sub(r"[^\w-]+", "-", system) for system in systems}
    if len({name.casefold() for name in names.values()}) < len(names):
        raise NasionError(f"names of systems are too much alike: {', '.join(systems)}; rename one")
    return names


def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "number": _number,
        "count": lambda count: NONE if count is None else f"{count:,}",
        "uri": lambda svg: "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode(),
    }
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))


def _number(value: float | None, digits: int = 3) -> str:
    return NONE if value is None else f"{value:.{digits}f}".replace("-", "−")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
