"""Verbs that read whole recordings and show what was read."""

from itertools import count
from pathlib import Path
from typing import Annotated

import typer

from nasion.cli.app import (
    AllowSeen,
    Deidentify,
    KeysOption,
    ModelOption,
    RenameOption,
    app,
    bar_of,
    discretion,
    refuse_lone_keys,
    warn,
)
from nasion.errors import NasionError

FalseAlarmsOption = Annotated[
    float | None,
    typer.Option(
        "--false-alarms",
        min=0,
        help="False events a day that you will bear: sets the thresholds of events by what was "
        "measured of the model.",
    ),
]

UnitOption = Annotated[str, typer.Option(help="Of the samples, where the header is wrong.")]
NOT_JUDGED = 3  # exit code of --events
MOST_REASONS = 50  # lines of what could not be read


@app.command()
def read(
    recordings: Annotated[list[Path], typer.Argument(help="Recordings, or folders of them.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Gets a folder for each reading.")
    ] = None,
    events: Annotated[
        Path | None,
        typer.Option(
            "--events",
            help="Write this one file alone (.tsv): the seizures of one recording, in SzCORE's "
            "columns. Exit code 3 where nothing could be judged.",
        ),
    ] = None,
    model: ModelOption = None,
    unit: UnitOption = "",
    rename: RenameOption = None,
    age: Annotated[
        float | None,
        typer.Option(min=0, max=119, help="Of the patient in years, whatever the header says."),
    ] = None,
    false_alarms: FalseAlarmsOption = None,
    stay: Annotated[
        bool, typer.Option("--stay", help="The files are one recording, joined by the clock.")
    ] = False,
    deidentify: Deidentify = False,
    keys: KeysOption = None,
    report: Annotated[bool, typer.Option(help="Write report.html.")] = True,
    display: Annotated[bool, typer.Option(help="Write what `nasion review` shows.")] = True,
    annotate: Annotated[
        bool,
        typer.Option("--annotate", help="Also a copy of each EDF or BDF, events as annotations."),
    ] = False,
    bids: Annotated[
        bool,
        typer.Option("--bids", help="Also the events of all as a BIDS derivative, in OUT/bids."),
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Also what was read already.")] = False,
    show: Annotated[bool, typer.Option("--open", help="Then open the review page.")] = False,
) -> None:
    """Any recording, seconds to days, to probabilities, events, a report and exports."""
    from nasion.eeg.renaming import renames_of
    from nasion.events.runs import DEFAULT
    from nasion.network import Network
    from nasion.reader.archive import SUMMARY, Archive, Outcome
    from nasion.reader.reader import Reader

    with discretion(deidentify, "--rename"):
        renames = renames_of(rename or [])
    if events:
        if out or keys or annotate or bids or show:
            raise NasionError("--events writes one file alone; leave out -o and what goes with it")
        _read_seizures(
            recordings, events, model, unit, renames, age, false_alarms, stay, deidentify
        )
        return
    if out is None:
        raise NasionError("-o names the folder of the readings (or --events one file)")
    refuse_lone_keys(keys, deidentify)
    if annotate and stay:
        raise NasionError("--annotate copies single files; read them without --stay")
    # Pieces of a recording are what runs side by side, so a thread each is enough.
    network = Network.open(model, threads=1)
    settings = DEFAULT.bearing(network.about, false_alarms)
    reader = Reader(network, settings, display=display, report=report)
    archive = Archive(
        reader,
        out,
        unit=unit,
        deidentify=deidentify,
        keys=keys,
        again=again,
        annotate=annotate,
        bids=bids,
        age_years=age,
        rename=renames,
    )

    place = Path() if deidentify else out  # its own name tells nothing, where it lies may
    unread = count(1)

    def report_outcome(outcome: Outcome) -> None:
        if outcome.reason:
            if next(unread) <= MOST_REASONS:
                typer.echo(f"nasion: {outcome.reason}", err=True)
        else:
            prefix = "read already; --again reads it anew." if outcome.before else ""
            typer.echo(f"{place / outcome.folder}: {f'{prefix} {outcome.summary}'.strip()}")
        for warning in outcome.warnings:
            typer.echo(f"nasion: {place / outcome.folder}: {warning}", err=True)

    read_them = archive.read_stay if stay else archive.read
    with discretion(deidentify, "what is written"):
        outcomes = read_them(recordings, bar_of, report_outcome)
    typer.echo(network.about.words)
    if display:
        typer.echo(f"nasion review {'DIR' if deidentify else out}   shows them in a browser")
    broken = sum(bool(outcome.reason) for outcome in outcomes)
    if broken:
        counted = "; they are numbered by their paths, as given" if deidentify else ""
        more = f"; {place / SUMMARY} lists all of them" if broken > MOST_REASONS else ""
        text = f"{broken} of {len(outcomes)} recordings were not read{counted}{more}"
        typer.echo(f"nasion: {text}", err=True)
    if show:
        from nasion.review.server import serve

        with discretion(deidentify, "the review"):
            serve(out, model=model, announce=typer.echo)
    if broken:
        raise typer.Exit(1)


def _read_seizures(
    recordings: list[Path],
    out: Path,
    model: str | None,
    unit: str,
    renames: dict[str, str],
    age: float | None,
    false_alarms: float | None,
    stay: bool,
    deidentify: bool,
) -> None:
    """Write the seizures of one recording; what nobody could judge is said, never passed over."""
    from nasion.events.runs import DEFAULT
    from nasion.network import Network
    from nasion.reader.reader import Reader
    from nasion.reader.seizures import write_seizures

    network = Network.open(model, threads=1)
    reader = Reader(network, DEFAULT.bearing(network.about, false_alarms))
    with bar_of("recording" if deidentify else out.name) as bar:
        written = write_seizures(
            reader,
            recordings,
            out,
            unit=unit,
            rename=renames,
            age_years=age,
            stay=stay,
            deidentify=deidentify,
            progress=bar,
        )
    source, target = ("the recording", "read") if deidentify else (recordings[0], out)
    for caution in written.cautions:
        typer.echo(f"nasion: {source}: {caution}", err=True)
    typer.echo(f"{target}: {written.summary}")
    typer.echo(reader.network.about.words)
    if not written.is_judged:
        raise typer.Exit(NOT_JUDGED)


@app.command()
def benchmark(
    folder: Annotated[
        Path, typer.Argument(help="Recordings with true seizures, in BIDS as SzCORE lays them out.")
    ],
    out: Annotated[
        Path, typer.Option("-o", "--out", help="Gets readings, events and scores.")
    ] = Path("benchmark"),
    model: ModelOption = None,
    unit: UnitOption = "",
    false_alarms: FalseAlarmsOption = None,
    allow_seen: AllowSeen = False,
    deidentify: Deidentify = False,
) -> None:
    """Read a data set with known seizures and score each subject by SzCORE's rules; resumable.

    With --deidentify subjects and recordings are numbered, and all is read anew by each call.
    """
    from nasion.benchmark import table
    from nasion.benchmark.benchmark import run
    from nasion.events.runs import DEFAULT
    from nasion.network import Network
    from nasion.reader.reader import Reader

    network = Network.open(model, threads=1)
    settings = DEFAULT.bearing(network.about, false_alarms)
    reader = Reader(network, settings, display=False, report=False)
    with discretion(deidentify, "the data set"):
        scored = run(
            folder,
            reader,
            out,
            unit=unit,
            allow_seen=allow_seen,
            deidentify=deidentify,
            bar=bar_of,
            say=typer.echo,
        )
        table.write(scored, out)
    warn(scored.seen)
    typer.echo(table.text(scored))
    place = Path() if deidentify else out
    typer.echo(f"{place / table.TABLE} and {place / table.DOCUMENT}")
    if scored.broken:
        raise typer.Exit(1)


@app.command()
def review(
    directory: Annotated[Path, typer.Argument(help="What `nasion read` wrote.")],
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser")] = False,
    blind: Annotated[
        bool,
        typer.Option(
            "--blind",
            help="Hide predictions, mix random windows in; such verdicts can train a model.",
        ),
    ] = False,
    reviewer: Annotated[str, typer.Option(help="Your initials.")] = "",
    model: ModelOption = None,
) -> None:
    """Show readings in a browser on this machine; the first line is the address with its token.

    Of what was read with --deidentify nothing tells whose it is, so this needs no such option;
    notes of readers stay as they write them.
    """
    from nasion.review.server import serve

    serve(
        directory,
        port=port,
        blind=blind,
        reviewer=reviewer,
        model=model,
        no_browser=no_browser,
        announce=typer.echo,
    )
    raise KeyboardInterrupt  # nothing else ends it
