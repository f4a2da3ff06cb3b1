"""Verbs that predict, judge predictions, and explain them."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from nasion.cli.app import (
    AllowSeen,
    Deidentify,
    ModelOption,
    RenameOption,
    app,
    bar_of,
    discretion,
    warn,
)
from nasion.errors import NasionError
from nasion.seen import Seen
from nasion.terms import Pattern


@app.command()
def predict(
    data: Annotated[Path, typer.Argument(help="Folder in HMS layout.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="csv to write.")],
    model: ModelOption = None,
    part: Annotated[
        Literal["train", "test"] | None, typer.Option(help="Where a folder holds both.")
    ] = None,
    mirror: Annotated[bool, typer.Option(help="Average with the mirrored EEG.")] = True,
    allow_seen: AllowSeen = False,
) -> None:
    """Probabilities of every labelled window or test row, in Kaggle's submission format.

    HMS layout has numbers for names, and so has what is made of it: it needs no --deidentify.
    """
    from nasion.hms.segments import load_segments
    from nasion.prediction import write_predictions

    segments = load_segments(data, part)
    with bar_of("EEGs") as bar:
        table, seen, credit = _prediction(segments, model, mirror, allow_seen, bar)
    write_predictions(output, table)
    _mark(seen, output)
    typer.echo(credit)
    typer.echo(output)


def _prediction(
    segments: Any, source: str | None, mirror: bool, allow_seen: bool, bar: Any
) -> tuple[Any, Seen, str]:
    """By an exported model, which needs no PyTorch, by a RUN, or by a blend of several.

    The last of what comes back names the weights, with their licence where it is stated.
    """
    from nasion import catalogue
    from nasion.hms.census import Census, guard_unseen
    from nasion.prediction import predict

    def guard(provenance: Any, learner: Path) -> Seen:
        return guard_unseen(provenance, Census(segments), str(learner), allow_seen=allow_seen)

    path = catalogue.place(source)
    if catalogue.named(source) or path.suffix == ".onnx":
        from nasion.network import Network

        network = Network.open(source)
        seen = guard(network.provenance, network.path)
        table = predict(segments, network, mirror=mirror, progress=bar)
        return table, seen, network.about.words
    from nasion.training.blending import Blend, is_blend
    from nasion.training.run import Run

    if is_blend(path):
        blend = Blend.load(path)
        seen = guard(blend.provenance, path)
        return blend.predict(segments, mirror=mirror, progress=bar), seen, f"weights: {path}"
    run = Run(path)
    ensemble = run.ensemble()
    seen = guard(run.provenance, path)
    return predict(segments, ensemble, mirror=mirror, progress=bar), seen, f"weights: {path}"


@app.command()
def evaluate(
    predictions: Annotated[
        list[Path],
        typer.Argument(
            help="A RUN or a csv or parquet file; several to compare. NAME=RUN,RUN takes several "
            "trainings as one system."
        ),
    ],
    labels: Annotated[
        Path | None,
        typer.Option(
            help="csv or parquet; a RUN or an oof.csv has its own. With --events: true events."
        ),
    ] = None,
    events: Annotated[
        bool,
        typer.Option("--events", help="Judge events.tsv files or readings, as SzCORE does."),
    ] = False,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Folder; default RUN/evaluation.")
    ] = None,
) -> None:
    """Metrics, figures and a report from RUNs or any file of predictions, also of other systems.

    It tells of numbers of segments, and with --events of nothing but counts: it needs no
    --deidentify.
    """
    if events:
        _judge_events(predictions, labels, out)
        return
    from nasion.evaluation import evaluation
    from nasion.evaluation.system import named

    systems = named(predictions)
    (first, *others), *_ = systems.values()
    alone = len(systems) == 1 and not others
    out = out or (first if alone and first.is_dir() else Path()) / "evaluation"
    if alone:
        content = evaluation.evaluate(first, labels, out)
    else:
        content = evaluation.compare(systems, labels, out)
    typer.echo(evaluation.summary(content))
    typer.echo(out / "report.html")


def _judge_events(paths: list[Path], truth: Path | None, out: Path | None) -> None:
    """Scores of events against true ones: of one file, or of readings and a folder of truth."""
    from nasion.evaluation.detection import score_pairs, table
    from nasion.evaluation.document import of_detection
    from nasion.files import write_json

    if truth is None:
        raise NasionError("--events needs --labels: the true events.tsv, or a folder of them")
    files = [path / "events.tsv" if path.is_dir() else path for path in paths]
    if truth.is_dir():
        true = [truth / f"{path.parent.name}_events.tsv" for path in files]
    elif len(files) == 1:
        true = [truth]
    else:
        raise NasionError(f"{truth}: one file of true events for {len(files)}; give their folder")
    detection = score_pairs(list(zip(files, true, strict=True)))
    if out:
        write_json(out / "events.json", of_detection(detection))
    typer.echo(table(detection))


@app.command()
def explain(
    data: Annotated[Path, typer.Argument(help="Folder in HMS layout, or a recording.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to write to.")],
    model: ModelOption = None,
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
    rename: RenameOption = None,
    allow_seen: AllowSeen = False,
    deidentify: Deidentify = False,
) -> None:
    """Maps over waveform and spectrogram, and what each chain adds: pictures and arrays."""
    from nasion import catalogue
    from nasion.eeg.formats import open_recording
    from nasion.eeg.renaming import renames_of
    from nasion.explanation import picture, request
    from nasion.exports.deidentification import without_patient
    from nasion.exports.keys import Key, refuse_telling
    from nasion.training.run import Run

    folder = Run(catalogue.run_folder(model))
    ensemble = folder.ensemble()
    oof = folder.out_of_fold
    if gallery:
        with discretion(deidentify, "the data set"), bar_of("examples") as bar:
            path = request.explain_run(ensemble, oof, data, out, bar)
        _mark(Seen.beside(oof), path)
        typer.echo(path.name if deidentify else path)
        return
    seen = Seen()
    with discretion(deidentify, "the recording or data set"):
        if data.is_dir():
            if at is not None:
                raise NasionError("--at is for a recording; a folder takes --eeg-id and --sub-id")
            seen = request.guard_segment(
                folder.provenance, oof, data, eeg_id, sub_id, allow_seen=allow_seen
            )
            explanation = request.explain_segment(ensemble, oof, data, eeg_id, sub_id, pattern)
        else:
            recording = open_recording(data, unit=unit, rename=renames_of(rename or []))
            name = data.name
            if deidentify:
                refuse_telling(out, [data], "-o")
                recording = without_patient(recording, Key.draw(recording.start))
                name = recording.name
            explanation = request.explain_recording(ensemble, recording, at or 0.0, pattern)
            for warning in recording.warnings:
                typer.echo(f"{name}: {warning}", err=True)
        picture.write(explanation, out, explanation.file_name)
    path = out / f"{explanation.file_name}.png"
    _mark(seen, path)
    typer.echo(path.name if deidentify else path)


def _mark(seen: Seen, path: Path) -> None:
    """Mark a file beside it, and say so."""
    seen.save_beside(path)
    warn(seen)
