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
    predictions: Annotated[
        list[Path], typer.Argument(help="A RUN or a csv or parquet file; several to compare.")
    ],
    labels: Annotated[
        Path | None, typer.Option(help="csv or parquet; a RUN or an oof.csv has its own.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Folder; default RUN/evaluation.")
    ] = None,
) -> None:
    """Metrics, figures and a report from RUNs or any file of predictions, also of other systems."""
    from nasion.evaluation import report
    from nasion.evaluation.system import named

    alone = predictions[0] if len(predictions) == 1 and predictions[0].is_dir() else Path()
    out = out or alone / "evaluation"
    if len(predictions) == 1:
        content = report.evaluate(predictions[0], labels, out)
    else:
        content = report.compare(named(predictions), labels, out)
    typer.echo(report.summary(content))
    typer.echo(out / "report.html")
