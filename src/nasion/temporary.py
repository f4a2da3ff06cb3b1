"""Temporaries: what is written before it has its name; what a killed process left of it goes.

Who writes one holds a lock on it, which the system lets go with the process, however that ends.
So one that nobody holds is left over, and goes when the next process writes into its folder.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: there only age tells
    fcntl = None  # type: ignore[assignment]

PREFIX = ".nasion-"  # of names beside files; nobody else's begin so
PRIVATE = "nasion-private-"  # of folders below the system's temporary one
BEFORE = (".display-", ".report-")  # folders of a reading, as earlier versions named them
YOUNG_S = 1.0  # one that was made just now may not be locked yet
OLD_S = 86_400.0  # where there are no locks, one of a day is left over

_swept: set[Path] = set()  # folders, once a process


class Temporary:
    """A file or folder of a random name, open to its owner alone, and the lock on it."""

    def __init__(self, path: Path, handle: int) -> None:
        self.path, self._handle = path, handle

    @classmethod
    def file(cls, folder: Path, stem: str, suffix: str) -> "Temporary":
        """Make one that is to take a name in the same folder."""
        handle, name = tempfile.mkstemp(suffix, f"{PREFIX}{stem}-", folder)
        return cls(Path(name), _locked(handle))

    @classmethod
    def folder(cls, folder: Path | None = None, stem: str = "") -> "Temporary":
        """Make one in a folder, or below the system's temporary one."""
        if folder is None:
            folder, prefix = Path(tempfile.gettempdir()), PRIVATE
        else:
            prefix = f"{PREFIX}{stem}-"
        path = Path(tempfile.mkdtemp(prefix=prefix, dir=folder))
        return cls(path, _locked(os.open(path, os.O_RDONLY)) if fcntl else -1)

    def release(self) -> None:
        """Let go of what has its name now."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)

    def remove(self) -> None:
        """Take it away, where it still has this name."""
        if self.path.is_dir():
            shutil.rmtree(self.path, ignore_errors=True)
        else:
            self.path.unlink(missing_ok=True)
        self.release()


@contextmanager
def temporary_folder(folder: Path | None = None, stem: str = "") -> Iterator[Path]:
    """Give a folder that goes at the end of the block, if it has not been moved away."""
    sweep(folder or Path(tempfile.gettempdir()))
    temporary = Temporary.folder(folder, stem)
    try:
        yield temporary.path
    finally:
        temporary.remove()


def sweep(folder: Path, *, again: bool = False) -> None:
    """Remove what killed processes left in a folder; once a process, or `again`.

    What can't be removed stays: nothing fails for it.
    """
    if folder in _swept and not again:
        return
    _swept.add(folder)
    is_of_all = folder == Path(tempfile.gettempdir())
    prefixes = (PRIVATE,) if is_of_all else (PREFIX, *BEFORE)
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(prefixes) and not entry.is_symlink():
                before = entry.name.startswith(BEFORE)
                if (entry.is_dir() or not before) and _is_left(Path(entry.path)):
                    _remove(Path(entry.path))


def sweep_below(folder: Path) -> None:
    """Sweep a folder and those in it, whatever was swept before."""
    places = folder.iterdir() if folder.is_dir() else ()
    for place in (folder, *places):
        if place.is_dir() and not place.is_symlink():
            sweep(place, again=True)


def _remove(path: Path) -> None:
    with suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


def _is_left(path: Path) -> bool:
    """Whether nobody holds it."""
    age_s = time.time() - path.stat().st_mtime
    if not fcntl:
        return age_s > OLD_S
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(handle)
        return age_s > YOUNG_S
    return False


def _locked(handle: int) -> int:
    """Lock it, where its file system can; else it is young until it is a day old."""
    if not fcntl:  # Windows, where nothing that is open can be renamed
        os.close(handle)
        return -1
    with suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return handle
