"""The verbs, a thin function each. Heavy imports wait inside, so that `--help` is quick."""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from nasion import __version__
from nasion.errors import NasionError

app = typer.Typer(
    name="nasion",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Reads critical-care EEG. Decision support for research, not a medical device.",
)

LEARNING = ("torch", "torchvision", "timm", "lightning")  # of the extra `train`

Config = Annotated[Path, typer.Argument(help="Experiment: a TOML file of what differs.")]
Changes = Annotated[
    list[str], typer.Option("--set", help="One setting, as TOML: --set training.lr=3e-4")
]
DataFolder = Annotated[Path | None, typer.Option("--data", help="Folder in HMS layout.")]
InitRun = Annotated[
    Path | None, typer.Option("--init", help="RUN to fine-tune on one's own data, or: packaged.")
]
RunFolder = Annotated[Path | None, typer.Option("--out", help="RUN folder; default below runs/.")]


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr from the first step on; nothing where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    progress = Progress(
        *columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal
    )
    task = progress.add_task(what, total=None)

    def tell(done: int, total: int) -> None:
        progress.start()
        progress.update(task, completed=done, total=total)

    try:
        yield tell
    finally:
        if progress.live.is_started:
            progress.stop()


def _version(show: bool) -> None:
    if show:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show and exit.")
    ] = False,
) -> None:
    pass


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Where everything goes.")] = Path("demo"),
    seed: Annotated[int, typer.Option(help="Of the made-up patients and the training.")] = 0,
) -> None:
    """The whole story on made-up patients: simulate, cross-validate, evaluate."""
    from nasion.demo import run_demo

    with _bar("demo") as bar:
        summary = run_demo(out, seed, lambda text: typer.echo(text), bar)
    typer.echo(summary)


@app.command()
def simulate(
    folder: Annotated[Path, typer.Argument(help="New folder for the data set.")],
    patients: Annotated[int, typer.Option(help="How many.")] = 60,
    segments: Annotated[int, typer.Option(help="EEGs of each.")] = 3,
    seed: Annotated[int, typer.Option()] = 0,
    short: Annotated[float, typer.Option(help="Share of EEGs of 10 s.")] = 0.3,
    context: Annotated[float, typer.Option(help="Share with a 10-min spectrogram.")] = 0.3,
) -> None:
    """Write an HMS-layout data set of simulated patients."""
    from nasion.eeg.spectrogram import hms_table
    from nasion.phantom import cohort

    with _bar("patients") as bar:
        cohort.simulate(
            folder,
            n_patients=patients,
            seed=seed,
            segments_per_patient=segments,
            short_share=short,
            context_share=context,
            progress=bar,
            spectrogram=hms_table,
        )
    typer.echo(f"{folder / 'train.csv'}")


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="A recording, or a folder in HMS layout.")],
    unit: Annotated[str, typer.Option(help="Of the samples, where the header is wrong.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say what is in a recording or data set, and what is wrong with it."""
    answer = _checked(path, unit)
    if as_json:
        typer.echo(json.dumps(answer, indent=2))
        return
    from nasion.display import show_check

    show_check(answer)


def _checked(path: Path, unit: str) -> dict[str, Any]:
    if path.is_dir() and any((path / name).exists() for name in ("train.csv", "test.csv")):
        from nasion.data.check import check_segments
        from nasion.data.hms import load_segments

        return check_segments(load_segments(path))
    from nasion.eeg.formats import open_recording
    from nasion.eeg.quality import check_recording

    return check_recording(open_recording(path, unit=unit))


@app.command()
def convert(
    recordings: Annotated[list[Path], typer.Argument(help="Recordings, then the new folder.")],
    every: Annotated[float, typer.Option(help="Seconds from one window to the next.")] = 50.0,
    unit: Annotated[str, typer.Option(help="Of the samples, where the header is wrong.")] = "",
) -> None:
    """Any recording -> HMS layout, with the exact spectrogram."""
    from nasion.data import convert as conversion
    from nasion.eeg.formats import open_recording

    if len(recordings) < 2:
        raise NasionError("convert needs at least one recording and, last, the new folder")
    *sources, folder = recordings
    opened = [open_recording(path, unit=unit) for path in sources]
    for recording in opened:
        for warning in recording.warnings:
            typer.echo(f"{recording.name}: {warning}", err=True)
    with _bar("recordings") as bar:
        typer.echo(conversion.convert(opened, folder, every, bar))


@app.command()
def prepare(
    config: Config,
    data: DataFolder = None,
    changes: Changes = [],
    store: Annotated[Path, typer.Option(help="Where array stores live.")] = Path("runs/store"),
) -> None:
    """Decode and filter a data set once; training does so by itself where this was not run."""
    from nasion.data.hms import load_segments
    from nasion.data.store import open_store
    from nasion.experiment import resolved

    experiment = resolved(config, changes, data)
    if not experiment.data.path:
        raise NasionError(f"{config}: data.path is empty; give --data")
    segments = load_segments(Path(experiment.data.path), "train")
    with _bar("EEGs") as bar:
        opened = open_store(segments, experiment.signal, store, bar)
    typer.echo(opened.folder)


def _at_hand(
    config: Path, changes: list[str], data: Path | None, init: Path | None, out: Path | None
) -> tuple[Any, Any]:
    """The experiment, its data at hand, and its run."""
    from nasion.experiment import resolved, run_of, with_phantoms
    from nasion.training.memory import keep_freed_memory

    keep_freed_memory()
    experiment = resolved(config, changes, data, init)
    run = run_of(experiment, out)
    with _bar("simulated patients") as bar:
        return with_phantoms(experiment, run.folder.parent, bar), run


@app.command()
def train(
    config: Config,
    data: DataFolder = None,
    out: RunFolder = None,
    init: InitRun = None,
    changes: Changes = [],
    fold: Annotated[
        int | None, typer.Option(help="Hold this fold out; without it, learn from all.")
    ] = None,
) -> None:
    """One fit; called again, it goes on where it was cut off."""
    from nasion.training.crossval import ALL
    from nasion.training.crossval import train as train_one

    experiment, run = _at_hand(config, changes, data, init, out)
    typer.echo(train_one(experiment, run, ALL if fold is None else fold, progress=_watched()))


@app.command()
def crossval(
    config: Config,
    data: DataFolder = None,
    out: RunFolder = None,
    init: InitRun = None,
    changes: Changes = [],
) -> None:
    """All folds, by patient, and out-of-fold predictions; resumable."""
    from nasion.training.crossval import crossval as crossvalidate

    experiment, run = _at_hand(config, changes, data, init, out)
    typer.echo(crossvalidate(experiment, run, progress=_watched()))


def _watched() -> bool:
    """Whether bars make sense; where they do not, a line an epoch goes to stderr."""
    if not sys.stderr.isatty():
        logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
        logging.getLogger("nasion").setLevel(logging.INFO)
    return sys.stderr.isatty()


@app.command()
def pack(
    run: Annotated[Path, typer.Argument(help="A finished RUN.")],
    folder: Annotated[Path, typer.Argument(help="New folder for the small copy.")],
) -> None:
    """A small copy of a run to give away: 16-bit weights, no paths of this machine."""
    from nasion.training.run import Run

    for path in Run(run).pack(folder):
        typer.echo(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")


@app.command()
def calibrate(
    data: Annotated[Path, typer.Argument(help="Voted segments the run has not learned from.")],
    folder: Annotated[Path, typer.Argument(help="New folder for the calibrated copy.")],
    run: Annotated[Path | None, typer.Option(help="RUN; default: the packaged weights.")] = None,
    kind: Annotated[
        Literal["temperature", "vector"], typer.Option(help="vector: a bias a pattern, too.")
    ] = "temperature",
) -> None:
    """Make a run's probabilities honest on one's own votes; says if that helps other patients."""
    from nasion.data.hms import load_segments
    from nasion.terms import PATTERNS
    from nasion.training.calibrating import calibrate as calibrated
    from nasion.training.run import PACKAGED, Run

    segments = load_segments(data, "train")
    with _bar("EEGs") as bar:
        found = calibrated(Run(run or PACKAGED), segments, folder, kind=kind, progress=bar)
    fitted = found.fitted
    typer.echo(f"temperature {fitted.temperature:.2f}" + "".join(
        f", {pattern} {bias:+.2f}" for pattern, bias in zip(PATTERNS, fitted.bias, strict=True)
        if bias
    ))  # fmt: skip
    typer.echo(_told_gain(found))
    typer.echo(folder)


def _told_gain(found: Any) -> str:
    """What the calibration does to the divergence of patients it was not fitted on."""
    import numpy as np

    from nasion.evaluation.metrics import divergence
    from nasion.evaluation.resampling import interval, resamples

    before, after = (divergence(found.target, p) for p in (found.before, found.after))
    rows = after - before
    drawn = [weights @ rows / weights.sum(1) for weights in resamples(found.patient)]
    low, high = interval(np.concatenate(drawn)) or (np.nan, np.nan)
    verdict = "it helps" if high < 0 else "it harms: don't use it" if low > 0 else "no clear effect"
    return (
        f"patients it was not fitted on (n = {len(rows)}): KLD {before.mean():.3f} -> "
        f"{after.mean():.3f}, difference {rows.mean():+.3f} "
        f"(95 % interval {low:+.3f} to {high:+.3f}): {verdict}"
    )


@app.command()
def predict(
    data: Annotated[Path, typer.Argument(help="Folder in HMS layout.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="csv to write.")],
    run: Annotated[Path | None, typer.Option(help="RUN; default: the packaged weights.")] = None,
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
    with _bar("EEGs") as bar:
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


def main() -> None:
    """Run a verb; what the user can mend is one line and exit code 2."""
    try:
        app(standalone_mode=True)
    except NasionError as error:
        typer.echo(f"nasion: {error}", err=True)
        sys.exit(2)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in LEARNING:
            raise
        typer.echo(f'nasion: this verb needs {error.name}: pip install "nasion[train]"', err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        typer.echo("nasion: stopped; call again to go on", err=True)
        sys.exit(130)
