"""The verbs, a thin function each. Heavy imports wait inside, so that `--help` is quick."""

import sys

import typer

from nasion.cli import data, learning, readings, results, weights
from nasion.cli.app import app
from nasion.errors import NasionError
from nasion.files import says_full

__all__ = ["app", "data", "learning", "main", "readings", "results", "weights"]

LEARNING = (  # of `train`
    "torch", "torchvision", "timm", "lightning", "captum", "optuna", "onnx", "onnxscript",
    "safetensors", "sklearn",
)  # fmt: skip


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
    except OSError as error:
        if not says_full(error):
            raise
        place = error.filename or "the disk"
        typer.echo(f"nasion: {place}: no room left; free some and call again", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        typer.echo("nasion: stopped; call again to go on", err=True)
        sys.exit(130)
