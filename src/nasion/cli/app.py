"""The command itself, what its verbs share, and `--version`."""

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from nasion.cli.failure import stopped_in_a_line
from nasion.errors import NasionError
from nasion.seen import Seen
from nasion.terms import DISCLAIMER
from nasion.version import VERSION


class Verbs(TyperGroup):
    """The verbs: names of files that are no text are told all the same, and Ctrl-C in a line."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """As Typer's."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        return super().main(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        """As Typer's."""
        with stopped_in_a_line(lambda: ctx.invoked_subcommand):
            return super().invoke(ctx)


app = typer.Typer(
    cls=Verbs,
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


Deidentify = Annotated[
    bool,
    typer.Option(
        "--deidentify",
        help="Random names, dates moved by the same weeks, no free text; errors name no file.",
    ),
]

KeysOption = Annotated[
    Path | None,
    typer.Option(
        metavar="CSV",
        help="With --deidentify: which name is which is kept here, or is given (file,name).",
    ),
]


def refuse_lone_keys(keys: Path | None, deidentify: bool) -> None:
    """Refuse keys where nothing is de-identified."""
    if keys and not deidentify:
        raise NasionError("--keys goes with --deidentify")


def discretion(deidentify: bool, subject: str) -> AbstractContextManager[None]:
    """Where de-identified: what is said of errors tells of nobody."""
    from nasion.exports.discretion import discreet

    return discreet(subject) if deidentify else nullcontext()


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
