"""Verbs that predict, and judge predictions."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from nasion.cli.app import RunOption, app, bar_of


@app.command()
def predict(
    data: Annotated[Path, typer.Argument(help="Folder in HMS layout.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="csv to write.")],
    run: RunOption = None,
    part: Annotated[
        Literal["train", "test"] | None, typer.Option(help="Where a folder holds both.")
    ] = None,
    mirror: Annotated[bool, typer.Option(help="Average with the mirrored EEG.")] = True,
) -> None:
    """Probabilities of every labelled window or test row, in Kaggle's submission format."""
    from nasion.data.hms import load_segments
    from nasion.prediction import predict as predict_segments
    from nasion.prediction import write_predictions
    from nasion.training.run import PACKAGED, Run, guard_unseen

    segments = load_segments(data, part)
    folder = Run(run or PACKAGED)
    checkpoints = folder.checkpoints()
    guard_unseen(folder, segments)
    with bar_of("EEGs") as bar:
        table = predict_segments(
            segments, checkpoints, ensemble=folder.calibration, mirror=mirror, progress=bar
        )
    write_predictions(output, table)
    typer.echo(output)


@app.command()
def evaluate(
    predictions: Annotated[list[Path], typer.Argument(help="One csv, or several to compare.")],
    labels: Annotated[Path | None, typer.Option(help="train.csv; an oof.csv has its own.")] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Folder; default RUN/evaluation.")
    ] = None,
) -> None:
    """Metrics, figures and a report from any csv of predictions, also of other systems."""
    from nasion.display import plain
    from nasion.evaluation import report

    alone = predictions[0] if len(predictions) == 1 and predictions[0].is_dir() else Path()
    out = out or alone / "evaluation"
    paths = [path / "oof.csv" if path.is_dir() else path for path in predictions]
    if len(paths) == 1:
        overall = report.evaluate(paths[0], labels, out)["overall"]
        for name in ("n", "kld", "accuracy", "balanced_accuracy", "kappa", "auroc_macro"):
            typer.echo(f"{name.replace('_', ' '):20}{plain(overall[name])}")
    else:
        names = [path.parent.name if path.name == "oof.csv" else path.stem for path in paths]
        if len(set(names)) < len(names):
            names = [str(path) for path in paths]
        report.compare(dict(zip(names, paths, strict=True)), labels, out)
    typer.echo(out / "report.html")
