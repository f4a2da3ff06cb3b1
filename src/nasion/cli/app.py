"""The command itself, what its verbs share, and `--version`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from nasion.seen import Seen
from nasion.terms import DISCLAIMER
from nasion.version import VERSION

app = typer.Typer(
    name="nasion",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help=f"Reads critical-care EEG. {DISCLAIMER}",
)

ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        "--run",
        metavar="NAME|PATH",
        help="An installed model by its name (nasion models), a RUN or a model.onnx; default: "
        "$NASION_MODEL, else tuned where it is installed, else phantom.",
    ),
]

AllowSeen = Annotated[
    bool,
    typer.Option("--allow-seen", help="Take patients learned from, too; marks the output."),
]


RenameOption = Annotated[
    list[str] | None,
    typer.Option(
        "--rename",
        metavar="OLD=NEW",
        help="Channel OLD of the file is electrode NEW, or - to leave it out; can be repeated.",
    ),
]


@contextmanager
def bar_of(label: str) -> Iterator[Callable[[int, int], None]]:
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
    task = progress.add_task(label, total=None)

    def update(done: int, total: int) -> None:
        progress.start()
        progress.update(task, completed=done, total=total)

    try:
        yield update
    finally:
        if progress.live.is_started:
            progress.stop()


def warn(seen: Seen) -> None:
    """Say above the numbers that they are not of unseen patients."""
    if seen:
        typer.echo(seen.warning, err=True)


def _version(show: bool) -> None:
    if show:
        typer.echo(VERSION)
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show and exit.")
    ] = False,
) -> None:
    pass
