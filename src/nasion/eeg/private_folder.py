"""A private folder: where a recording lies that can't be read in its own place.

It is a new one below the system's temporary folder (`TMPDIR`), open to its owner alone. It is
removed when nothing refers to the recording any more, at the latest when Python ends; a process
that is killed leaves it to the next one (`temporary`).
"""

import os
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from nasion.eeg.source import Array, Source, Track
from nasion.errors import NasionError
from nasion.temporary import Temporary, sweep


class PrivateFolder:
    """A folder that is removed with this object, by the process that made it."""

    def __init__(self) -> None:
        sweep(Path(tempfile.gettempdir()))
        held = Temporary.folder()
        self.path = held.path
        self._gone = weakref.finalize(self, _remove, held, os.getpid())

    @contextmanager
    def gone_on_errors(self) -> Iterator[None]:
        """Remove it at once where the recording in it can't be opened; an error may live long."""
        try:
            yield
        except BaseException:
            self._gone()
            raise

    def kept_by(self, source: Source, path: Path) -> Source:
        """Give a source of what lies here that keeps the folder, and is named for a path."""
        tracks = tuple(
            replace(track, read=partial(_read, self, path, track)) for track in source.tracks
        )
        return replace(source, path=str(path), tracks=tracks)

    @contextmanager
    def told_as(self, path: Path) -> Iterator[None]:
        """Say in errors the name of a path, then what lies here without the folder."""
        try:
            yield
        except NasionError as error:
            text = str(error).replace(f"{self.path}{os.sep}", "")
            for name in (path.name, path.name[:-3]):  # of itself, and of what a .gz holds
                text = text.removeprefix(f"{name}: ")
            raise NasionError(f"{path}: {text}") from None


def _remove(held: Temporary, owner: int) -> None:
    if os.getpid() == owner:
        held.remove()


def _read(
    folder: PrivateFolder, path: Path, track: Track, rows: Sequence[int], start: int, stop: int
) -> Array:
    """Read on; as long as this can be called, its folder stays."""
    with folder.told_as(path):
        return track.read(rows, start, stop)
