"""Verbs that predict, judge predictions, and explain them."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from nasion.cli.app import RunOption, app, bar_of
from nasion.errors import NasionError
from nasion.terms import Pattern


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


@app.command()
def explain(
    data: Annotated[Path, typer.Argument(help="Folder in HMS layout, or a recording.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to write to.")],
    run: RunOption = None,
    eeg_id: Annotated[int | None, typer.Option(help="Where a folder has several EEGs.")] = None,
    sub_id: Annotated[int | None, typer.Option(help="Where an EEG has several segments.")] = None,
    at: Annotated[
        float | None, typer.Option(help="Second of a recording where the 10 s begin; default 0.")
    ] = None,
    pattern: Annotated[Pattern | None, typer.Option(help="Default: the one predicted.")] = None,
    gallery: Annotated[
        bool, typer.Option("--gallery", help="Best and worst segments of a cross-validated run.")
    ] = False,
    unit: Annotated[str, typer.Option(help="Of the samples, where the header is wrong.")] = "",
) -> None:
    """Grad-CAM over waveform and spectrogram, and what each chain adds: pictures and arrays."""
    from nasion.data.hms import load_segments
    from nasion.explanation import page, request
    from nasion.training.run import PACKAGED, Run, guard_unseen

    folder = Run(run or PACKAGED)
    fits = folder.by_fold()
    oof = folder.folder / "oof.csv"
    if gallery:
        with bar_of("examples") as bar:
            typer.echo(request.explain_run(fits, oof, data, out, bar))
        return
    together = folder.calibration.apply if folder.calibration else None
    if data.is_dir():
        if at is not None:
            raise NasionError("--at is for a recording; a folder takes --eeg-id and --sub-id")
        if not oof.exists():
            guard_unseen(folder, load_segments(data))
        found = request.explain_segment(fits, oof, data, eeg_id, sub_id, pattern, ensemble=together)
    else:
        found, warnings = request.explain_recording(
            fits, data, at or 0.0, pattern, unit=unit, ensemble=together
        )
        for warning in warnings:
            typer.echo(f"{data.name}: {warning}", err=True)
    page.write(found, out, found.file_name)
    typer.echo(out / f"{found.file_name}.png")
