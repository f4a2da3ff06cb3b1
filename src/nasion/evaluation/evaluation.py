"""From csv files to metrics.json, figures and a report: the whole evaluation."""

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from nasion.errors import NasionError
from nasion.evaluation import metrics, page, plates
from nasion.evaluation.assessment import Assessment, assess
from nasion.evaluation.comparison import pairs
from nasion.evaluation.document import Content, of_result
from nasion.evaluation.epochs import LIKENESS
from nasion.evaluation.inputs import read_labels
from nasion.evaluation.judged import judge
from nasion.evaluation.result import Result, SourceFile
from nasion.evaluation.system import System, open_system
from nasion.evaluation.trainings import Trainings
from nasion.files import make_folder, write_json, write_text
from nasion.seen import Seen

SUMMARISED = (
    "kld", "accuracy", "balanced_accuracy", "kappa", "auroc_macro", "ece",
    "rms_calibration_error",
)  # fmt: skip
SOFTWARE = ("nasion", "numpy", "scipy", "pandas", "matplotlib")


def evaluate(
    predictions: Path | str,
    labels: Path | str | None,
    out: Path | str,
    *,
    one_row_per_period: bool = True,
    title: str = "Evaluation",
) -> Content:
    """Judge one system; write metrics.json, figures and report.html.

    Parameters
    ----------
    predictions
        A RUN folder, its oof.csv, or a csv or parquet file of any system: Kaggle's submission
        form (eeg_id, perhaps eeg_sub_id, six probabilities), or p_... beside votes.
    labels
        The form of HMS's train.csv, csv or parquet; None takes the votes that predictions carry.
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
    system = open_system([Path(predictions)])
    return _report([system], labels, out, title, single=True, thin=one_row_per_period)


def compare(
    named_predictions: Mapping[str, Path | str | Sequence[Path | str]],
    labels: Path | str | None,
    out: Path | str,
    *,
    one_row_per_period: bool = True,
    title: str = "Comparison",
) -> Content:
    """Judge several systems on the same rows, side by side.

    Parameters
    ----------
    named_predictions
        Name of each system and its predictions, as `evaluate` takes them; of several trainings
        of it a sequence. Scores are then means over trainings, and intervals and tests speak of
        other patients and of training anew.
    labels
        As in `evaluate`; None takes the votes that the first system's predictions carry.
    out, one_row_per_period, title
        As in `evaluate`.

    Returns
    -------
    dict
        What metrics.json holds: ``systems`` by name, each as `evaluate` gives it, and ``pairs``
        with the differences of each two.

    Raises
    ------
    NasionError
        As `evaluate`; also for no system, or two whose names give the same file name.
    """
    if not named_predictions:
        raise NasionError("nothing to compare: name at least one csv of predictions")
    systems = [
        open_system([Path(paths)] if isinstance(paths, Path | str) else [*map(Path, paths)], name)
        for name, paths in named_predictions.items()
    ]
    return _report(systems, labels, out, title, single=False, thin=one_row_per_period)


def summary(content: Content) -> str:
    """The main scores with their intervals, a line each; of several systems one after the other."""
    if "systems" in content:
        blocks = content["systems"].items()
        lines = [f"{name}\n{summary(system)}" for name, system in blocks]
        return "\n".join([*lines, *map(line_of_pair, content["pairs"])])
    overall = content["overall"]
    warning = Seen.of(content, "metrics.json").warning
    lines = [warning] * bool(warning) + [f"{'n':24}{overall['n']:,}"]
    if content["trainings"] > 1:
        lines.append(f"{'trainings':24}{content['trainings']}, scores are their means")
    for name in SUMMARISED:
        line = f"{name.replace('_', ' '):24}{page.number(overall[name])}"
        if bounds := overall["ci95"][name]:
            line += f"   95 % interval {page.number(bounds[0])} to {page.number(bounds[1])}"
        elif name in metrics.RAISED:
            line += "   raised by chance: no interval"
        if len(content.get("folds", ())) > 1 and name in content["folds_mean"]:
            centre, spread = (content[key][name] for key in ("folds_mean", "folds_sd"))
            line += f"   mean of folds {page.number(centre)} ± {page.number(spread)}"
        lines.append(line)
    return "\n".join(lines)


def line_of_pair(pair: Content) -> str:
    """The difference in KLD in words."""
    line = f"{pair['a']} - {pair['b']}: KLD {page.number(pair['kld_difference'])}"
    if bounds := pair["ci95"]:
        line += f" (95 % interval {page.number(bounds[0])} to {page.number(bounds[1])})"
    return f"{line}: {pair['reading']}" + (f". {pair['note']}" if pair["note"] else "")


def _report(
    systems: list[System],
    given_labels: Path | str | None,
    folder: Path | str,
    title: str,
    *,
    single: bool,
    thin: bool,
) -> Content:
    """Judge, draw and write; metrics.json comes last."""
    labels, out = Path(given_labels) if given_labels else None, Path(folder)
    plates.check_names([system.name for system in systems])
    judged = _judgements(systems, labels, one_row_per_period=thin)
    result = _result(systems, judged, labels)
    try:
        make_folder(out)
    except OSError as error:
        raise NasionError(f"{out}: not a folder to write to ({error.strerror})") from None
    pooled = {name: trainings.pooled for name, trainings in judged.items()}
    images = plates.draw(systems, pooled, result.systems, out)
    settings = {system.name: system.settings for system in systems}
    text = page.render(result, images, settings, title=title, one_row_per_period=thin)
    content = of_result(result, single=single)
    write_text(out / "report.html", text)
    write_json(out / "metrics.json", content)
    return content


def _judgements(
    systems: list[System], labels: Path | None, *, one_row_per_period: bool
) -> dict[str, Trainings]:
    """Join each training to the same labels; patients known of one are known of all."""
    carrying = systems[0].trainings[0].predictions
    truth = read_labels(labels) if labels else read_labels(carrying, carried=True)
    judged = {
        system.name: [
            judge(training.predictions, truth, one_row_per_period=one_row_per_period)
            for training in system.trainings
        ]
        for system in systems
    }
    judgements = [rows for trainings in judged.values() for rows in trainings]
    reference = next((rows for rows in judgements if rows.unit_name == "patient"), judgements[0])
    unit, unit_name = reference.unit, reference.unit_name
    return {
        name: Trainings(tuple(replace(rows, unit=unit, unit_name=unit_name) for rows in trainings))
        for name, trainings in judged.items()
    }


def _result(systems: list[System], judged: dict[str, Trainings], labels: Path | None) -> Result:
    resampled = {name: trainings.resampled() for name, trainings in judged.items()}
    assessments: dict[str, Assessment] = {}
    for system in systems:
        assessment = assess(judged[system.name], resampled[system.name])
        notes = [system.seen.warning, system.warning, *assessment.warnings]
        assessments[system.name] = replace(
            assessment,
            warnings=tuple(note for note in notes if note),
            left_out=(*assessment.left_out, *_left_out(system)),
            run=system.run,
            seen=system.seen,
        )
    scores = {name: assessment.overall for name, assessment in assessments.items()}
    sources = [
        (system.name, training.predictions) for system in systems for training in system.trainings
    ]
    return Result(
        systems=assessments,
        pairs=pairs(judged, scores, resampled),
        files=tuple(
            SourceFile(role, path.name, hashlib.sha256(path.read_bytes()).hexdigest())
            for role, path in [*sources, *([("labels", labels)] if labels else [])]
        ),
        software={"python": platform.python_version()} | {p: _version(p) for p in SOFTWARE},
    )


def _left_out(system: System) -> list[str]:
    """What is unknown of how the predictions were made."""
    if system.history.empty:
        reason = "its run has no scores of held-out folds" if system.run else "it is no RUN folder"
        return [f"Learning curves: {reason}, so that no history.csv tells of its epochs."]
    if not set(LIKENESS) <= set(system.history):
        return ["Likeness of the feature vectors: the model has one branch."]
    return []


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
