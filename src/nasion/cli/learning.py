"""Verbs that learn: one fit, all folds, and what is made of a finished run."""

import logging
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from nasion.cli.app import AllowSeen, ModelOption, app, bar_of, warn
from nasion.errors import NasionError
from nasion.seen import Seen
from nasion.terms import ADULTS

Config = Annotated[Path, typer.Argument(help="Experiment: a TOML file of what differs.")]
Changes = Annotated[
    list[str], typer.Option("--set", help="One setting, as TOML: --set training.lr=3e-4")
]
DataFolder = Annotated[
    Path | None,
    typer.Option("--data", help="Folder in HMS layout (numbers for names: no --deidentify)."),
]
InitRun = Annotated[
    str | None,
    typer.Option(
        "--init",
        metavar="NAME|PATH",
        help="Weights to fine-tune on one's own data: a model by its name (phantom), or a RUN.",
    ),
]
RunFolder = Annotated[Path | None, typer.Option("--out", help="RUN folder; default below runs/.")]
Export = Annotated[
    bool, typer.Option("--export/--no-export", help="Also as model.onnx, which needs no PyTorch.")
]


@app.command()
def prepare(
    config: Config,
    data: DataFolder = None,
    changes: Changes = [],
    store: Annotated[Path, typer.Option(help="Where array stores live.")] = Path("runs/store"),
) -> None:
    """Decode and filter a data set once; training does so by itself where this was not run.

    HMS layout has numbers for names, and so has what is made of it: it needs no --deidentify.
    """
    from nasion.data.store import open_store
    from nasion.hms.segments import load_segments
    from nasion.study.experiment import resolved

    experiment = resolved(config, changes, data)
    if not experiment.data.path:
        raise NasionError(f"{config}: data.path is empty; give --data")
    segments = load_segments(Path(experiment.data.path), "train")
    with bar_of("EEGs") as bar:
        arrays = open_store(segments, experiment.signal, store, bar)
    typer.echo(arrays.folder)


def _at_hand(
    config: Path, changes: list[str], data: Path | None, init: str | None, out: Path | None
) -> tuple[Any, Any]:
    """The experiment, its data at hand, and its run."""
    from nasion.study.experiment import at_hand

    _show_lines("nasion.training.crossval")  # what is learned from, also above bars
    with bar_of("simulated patients") as bar:
        return at_hand(config, changes, data, init=init, out=out, progress=bar)


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
    as_onnx: Export = True,
    allow_seen: AllowSeen = False,
) -> None:
    """One fit; called again, it goes on where it was cut off."""
    from nasion.training.crossval import ALL
    from nasion.training.crossval import train as train_one

    experiment, run = _at_hand(config, changes, data, init, out)
    fold = ALL if fold is None else fold
    path = train_one(experiment, run, fold, progress=_has_bars(), allow_seen=allow_seen)
    typer.echo(path)
    if as_onnx:
        _export(run)


@app.command()
def crossval(
    config: Config,
    data: DataFolder = None,
    out: RunFolder = None,
    init: InitRun = None,
    changes: Changes = [],
    as_onnx: Export = True,
    allow_seen: AllowSeen = False,
) -> None:
    """All folds, by patient, and out-of-fold predictions; resumable."""
    from nasion.training.crossval import crossval as crossvalidate

    experiment, run = _at_hand(config, changes, data, init, out)
    path = crossvalidate(experiment, run, progress=_has_bars(), allow_seen=allow_seen)
    warn(Seen.beside(path))
    typer.echo(path)
    if as_onnx:
        _export(run)


def _export(run: Any) -> None:
    """What learned stays learned where its network has no ONNX form."""
    from nasion.study.experiment import exported

    try:
        typer.echo(exported(run))
    except NasionError as error:
        typer.echo(f"nasion: not exported: {error}", err=True)


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="A RUN.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Default: model.onnx in the RUN.")
    ] = None,
    half: Annotated[
        bool, typer.Option("--half", help="Weights of 16 bits: half as large.")
    ] = False,
    licence: Annotated[
        str, typer.Option(help="Of the weights, as SPDX writes it: Apache-2.0.")
    ] = "",
    ages: Annotated[
        tuple[float, float],
        typer.Option(help="Of the patients it is made for: lowest, and first above, in years."),
    ] = ADULTS,
) -> None:
    """All fits of a run as one ONNX file that reads without PyTorch, and its model card."""
    from nasion.study.experiment import exported
    from nasion.training.run import Run

    typer.echo(exported(Run(run), output, licence=licence, ages_years=ages, half=half))


@app.command()
def state(
    model: Annotated[
        str, typer.Argument(help="model.onnx, a RUN that holds one, or a model by its name.")
    ],
    accuracy: Annotated[
        Path | None,
        typer.Option(help="Table that benchmarks/montages.py --json wrote of its weights."),
    ] = None,
    alarms: Annotated[
        Path | None,
        typer.Option(help="Table that benchmarks/alarms.py --json wrote of its weights."),
    ] = None,
    licence: Annotated[str, typer.Option(help="Of the weights, as SPDX writes it.")] = "",
) -> None:
    """Write what was measured of a model, or its licence, into it; its readings then say it."""
    from nasion.study.experiment import stated

    typer.echo(stated(model, accuracy, licence, alarms))


@app.command()
def blend(
    runs: Annotated[list[Path], typer.Argument(help="RUNs cross-validated on the same folds.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="New folder, which predict takes.")],
    votes: Annotated[int, typer.Option(help="Fit and judge on rows of so many votes or more.")] = 1,
    allow_seen: AllowSeen = False,
) -> None:
    """Several runs as one, by weights fitted out of fold; says if that helps other patients."""
    from nasion.training.blending import blend as blended
    from nasion.training.run import Run

    result = blended([Run(run) for run in runs], out, votes=votes, allow_seen=allow_seen)
    warn(Seen.beside(out / "oof.csv"))
    for run, weight in zip(runs, result.blend.weights, strict=True):
        typer.echo(f"{weight:.3f} {run}")
    typer.echo(f"against {result.best.folder} alone: {_gain_text(result)}")
    typer.echo(out)


@app.command()
def search(
    config: Config,
    data: DataFolder = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder; default below runs/.")] = None,
    init: InitRun = None,
    changes: Changes = [],
    storage: Annotated[
        str, typer.Option(help="URL of the study's database; default: SQLite in the folder.")
    ] = "",
    allow_seen: AllowSeen = False,
) -> None:
    """Grid, random or TPE search over any setting; resumable, by one process or many."""
    from nasion.study.search import search as look_for
    from nasion.training.memory import keep_freed_memory

    keep_freed_memory()
    _has_bars()
    with bar_of("trials") as bar:
        result = look_for(
            config,
            changes,
            data,
            out,
            init=init,
            storage=storage,
            allow_seen=allow_seen,
            progress=bar,
        )
    typer.echo(result.summary)


def _has_bars() -> bool:
    """Whether bars make sense; where they do not, a line an epoch goes to stderr."""
    if not sys.stderr.isatty():
        _show_lines("nasion")
    return sys.stderr.isatty()


def _show_lines(logger: str) -> None:
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger(logger).setLevel(logging.INFO)


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
    model: ModelOption = None,
    kind: Annotated[
        Literal["temperature", "vector"], typer.Option(help="vector: a bias a pattern, too.")
    ] = "temperature",
    allow_seen: AllowSeen = False,
) -> None:
    """Make a run's probabilities honest on one's own votes; says if that helps other patients.

    HMS layout has numbers for names, and so has what is made of it: it needs no --deidentify.
    """
    from nasion import catalogue
    from nasion.hms.segments import load_segments
    from nasion.terms import PATTERNS
    from nasion.training.calibrating import calibrate as calibrated
    from nasion.training.run import Run

    segments = load_segments(data, "train")
    with bar_of("EEGs") as bar:
        result = calibrated(
            Run(catalogue.run_folder(model)),
            segments,
            folder,
            kind=kind,
            allow_seen=allow_seen,
            progress=bar,
        )
    warn(Run(folder).seen)
    calibration = result.fitted
    typer.echo(f"temperature {calibration.temperature:.2f}" + "".join(
        f", {pattern} {bias:+.2f}" for pattern, bias in zip(PATTERNS, calibration.bias, strict=True)
        if bias
    ))  # fmt: skip
    typer.echo(_gain_text(result))
    typer.echo(folder)


def _gain_text(result: Any) -> str:
    """What the calibration does to the divergence of patients it was not fitted on."""
    import numpy as np

    from nasion.evaluation.intervals import interval
    from nasion.evaluation.metrics import divergence
    from nasion.evaluation.resampling import resamples

    before, after = (divergence(result.target, p) for p in (result.before, result.after))
    rows = after - before
    draws = [weights @ rows / weights.sum(1) for weights in resamples(result.patient)]
    low, high = interval(np.concatenate(draws)) or (np.nan, np.nan)
    verdict = "it helps" if high < 0 else "it harms: don't use it" if low > 0 else "no clear effect"
    return (
        f"patients it was not fitted on (n = {len(rows)}): KLD {before.mean():.3f} -> "
        f"{after.mean():.3f}, difference {rows.mean():+.3f} "
        f"(95 % interval {low:+.3f} to {high:+.3f}): {verdict}"
    )
