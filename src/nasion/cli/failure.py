"""Failure: what ends a verb before its time, in one line; what nobody foresaw is kept in a file."""

import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import typer

from nasion.errors import NasionError
from nasion.files import says_full
from nasion.loading import reason_of
from nasion.version import VERSION

USERS, OURS, STOPPED = 2, 70, 130  # exit codes; 70 is that of BSD for faults of a program
NAMELESS = "--deidentify"  # with it, no message that may name a patient is kept
LEARNING = (  # of `train`
    "torch", "torchvision", "timm", "lightning", "captum", "optuna", "onnx", "onnxscript",
    "safetensors", "sklearn",
)  # fmt: skip
# What Ctrl-C leaves of each verb that takes long, and how to go on.
KEPT = {
    "read": "finished readings are kept; call again with the same -o to read the rest",
    "prepare": "of a store nothing is kept that is not whole; call again to begin anew",
    "train": "finished epochs are kept; call again with the same --out to go on",
    "crossval": "finished folds and epochs are kept; call again with the same --out to go on",
    "search": "finished trials and folds are kept; call again with the same --out to go on",
    "simulate": "finished recordings are kept; call again with the same folder to make the rest",
    "calibrate": "nothing is kept; call again to begin anew",
    "evaluate": "figures that were drawn are kept, the report is not; call again to begin anew",
    "explain": "pictures that were drawn are kept; call again to draw the rest",
    "benchmark": "finished readings are kept; call again with the same -o to read the rest",
    "demo": "what was finished is kept; call again with the same --out to go on",
    "review": "verdicts are kept; call again to see them",
}
ELSE = "no file is half written; call again"


@contextmanager
def one_line() -> Iterator[None]:
    """End the process in one line on stderr and an exit code, whatever is raised in this block.

    Who ends it by other means (SystemExit, a closed pipe) is not held up.
    """
    try:
        yield
    except NasionError as error:
        _end(str(error), USERS)
    except KeyboardInterrupt:
        _end(f"stopped; {ELSE}", STOPPED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing is left to flush
        sys.exit(1)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in LEARNING:
            _last_resort(error)
        _end(f'this verb needs {error.name}: pip install "nasion[train]"', USERS)
    except MemoryError:
        _end("there is too little memory for this; close other programs, or ask for less", USERS)
    except OSError as error:
        if says_full(error):
            place = error.filename or "the disk"
            _end(f"{place}: no room left; free some and call again", USERS)
        if not error.filename:
            _last_resort(error)
        reason = error.strerror or reason_of(error)
        _end(f"{error.filename}: {reason}; correct that, or give another place", USERS)
    except Exception as error:
        _last_resort(error)


@contextmanager
def stopped_in_a_line(verb: Callable[[], str | None]) -> Iterator[None]:
    """Say of a verb that Ctrl-C ends what is kept of it, and how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        _end(f"stopped; {KEPT.get(verb() or '', ELSE)}", STOPPED)


def _end(line: str, code: int) -> NoReturn:
    typer.echo(f"nasion: {line}", err=True)
    sys.exit(code)


def _last_resort(error: Exception) -> NoReturn:
    """Keep the traceback where its owner alone reads it, and say where."""
    kind = type(error).__name__
    try:
        kept = f"how it came about is in {_keep(error)}, to be reported"
    except OSError as full:
        kept = f"how it came about could not be kept ({full.strerror}); call again to see it"
    _end(f"a fault of nasion itself ({kind}); what was finished is kept; {kept}", OURS)


def _keep(error: Exception) -> Path:
    """Write a traceback to a file below the system's temporary folder, of mode 600."""
    handle, name = tempfile.mkstemp(prefix="nasion-fault-", suffix=".txt")
    told = traceback.TracebackException.from_exception(error)
    if NAMELESS in sys.argv:
        lines = [*told.stack.format(), f"{type(error).__name__}, its text left out\n"]
    else:
        lines = [*told.format()]
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        file.write(f"nasion {VERSION}, Python {platform.python_version()}, {sys.platform}\n")
        file.writelines(lines)
    return Path(name)
