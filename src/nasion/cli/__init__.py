"""The verbs, a thin function each. Heavy imports wait inside, so that `--help` is quick."""

from nasion.cli import data, learning, readings, results, weights
from nasion.cli.app import app
from nasion.cli.failure import one_line

__all__ = ["app", "data", "learning", "main", "readings", "results", "weights"]


def main() -> None:
    """Run a verb; whatever ends it before its time is one line and an exit code."""
    with one_line():
        app(standalone_mode=True)
