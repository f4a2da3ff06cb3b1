"""The verbs, a thin function each. Heavy imports wait inside, so that `--help` is quick."""

import sys

import typer

from nasion.cli import data, learning, reading, results
from nasion.cli.app import app
from nasion.errors import NasionError

__all__ = ["app", "data", "learning", "main", "reading", "results"]

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
    except KeyboardInterrupt:
        typer.echo("nasion: stopped; call again to go on", err=True)
        sys.exit(130)
