"""Packed recordings: what gzip and zip hold, unpacked into a private folder that goes away again.

Nothing is written outside of that folder whatever an archive says.
"""

import gzip
import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import IO

from nasion.eeg.content import GZIP, HEAD_BYTES, ZIP
from nasion.eeg.private_folder import PrivateFolder
from nasion.eeg.source import Source
from nasion.errors import NasionError
from nasion.files import says_full

MOST_BYTES = 32 << 30  # unpacked: ten days of 32 channels at 512 Hz are 28 GB
MOST_RATIO = 100  # of unpacked to packed bytes, beyond PLAIN_BYTES; EEG packs to a half or a third
PLAIN_BYTES = 256 << 20
MOST_MEMBERS = 10_000
CHUNK_BYTES = 1 << 20
ENCRYPTED = 1  # bit of a zip member's flags

Test = Callable[[str, bytes], bool]


def is_packed(head: bytes) -> bool:
    """Whether first bytes are those of gzip or zip."""
    return head.startswith((GZIP, ZIP))


def most_bytes(path: Path) -> int:
    """What a packed file may unpack to."""
    return min(MOST_BYTES, max(PLAIN_BYTES, MOST_RATIO * path.stat().st_size))


def too_much(path: Path) -> NasionError:
    """Say that a file unpacks to more."""
    return NasionError(
        f"{path}: unpacks to more than {most_bytes(path) >> 20} MiB, the limit for its size;"
        " unpack it and give the recording"
    )


def recordings_of(path: Path, head: bytes, is_recording: Test) -> list[str]:
    """Names of the recordings in a packed file, told without unpacking it.

    Parameters
    ----------
    is_recording
        Tells by name and first bytes.

    Raises
    ------
    NasionError
        Where the file is damaged, needs a password, or holds more than 10,000 files.
    """
    with _damage_told(path):
        if head.startswith(GZIP):
            inner = _inner_name(path)
            with gzip.open(path) as file:
                return [inner] if is_recording(inner, file.read(HEAD_BYTES)) else []
        with zipfile.ZipFile(path) as archive:
            names = []
            for member, parts in _members(path, archive):
                with archive.open(member) as file:
                    if is_recording(parts[-1], file.read(HEAD_BYTES)):
                        names.append("/".join(parts))
            return names


def open_packed(
    path: Path,
    head: bytes,
    is_recording: Test,
    found: Callable[[Path], Iterator[Path]],
    opened: Callable[[Path], Source],
) -> Source:
    """Unpack the one recording of a packed file and describe it.

    Parameters
    ----------
    is_recording
        Tells by name and first bytes.
    found, opened
        The recordings below a folder; what describes one of them.

    Raises
    ------
    NasionError
        Where there is none or more than one, or it unpacks to more than `most_bytes`.
    """
    names = recordings_of(path, head, is_recording)
    _one_of(path, names)
    folder = PrivateFolder()
    with folder.gone_on_errors():
        with _damage_told(path):
            inner = _unpacked(path, head, folder.path, found)
        with folder.told_as(path):
            source = opened(inner)
    name = _inner_name(path)
    return folder.kept_by(replace(source, name=name.rpartition(".")[0] or name), path)


def _unpacked(
    path: Path, head: bytes, folder: Path, found: Callable[[Path], Iterator[Path]]
) -> Path:
    """Unpack into a folder; give the recording there."""
    if head.startswith(GZIP):
        inner = folder / _inner_name(path)
        with gzip.open(path) as file:
            _copy(path, file, inner, most_bytes(path))
        return inner
    _unzip(path, folder)
    below = sorted(found(folder))
    _one_of(path, [other.relative_to(folder).as_posix() for other in below])
    if not below:
        raise NasionError(f"{path}: holds no recording; give the recording itself")
    return below[0]


def _inner_name(path: Path) -> str:
    """night.edf of night.edf.gz; a zip's own name."""
    return path.name[:-3] if path.name.lower().endswith(".gz") else path.name


def _one_of(path: Path, names: Sequence[str]) -> None:
    if len(names) > 1:
        listed = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        raise NasionError(
            f"{path}: holds {len(names)} recordings ({listed}); unpack it and give one of them,"
            " or the folder"
        )


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    try:
        yield
    except NotImplementedError as error:
        raise NasionError(
            f"{path}: is packed in a way that can't be read ({error}); unpack it and give the"
            " recording"
        ) from None
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        if isinstance(error, OSError) and says_full(error):
            raise NasionError(
                f"{path}: no room to unpack it in {tempfile.gettempdir()}; free some, or name"
                " another folder in TMPDIR"
            ) from None
        raise NasionError(f"{path}: is damaged or cut short; copy it again") from None


def _members(
    path: Path, archive: zipfile.ZipFile
) -> Iterator[tuple[zipfile.ZipInfo, tuple[str, ...]]]:
    """Files of a zip with the parts of their paths; hidden ones are passed over."""
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > MOST_MEMBERS:
        raise NasionError(
            f"{path}: holds {len(members)} files; unpack it and give the recordings or the folder"
        )
    for member in members:
        parts = PurePosixPath(member.filename.replace("\\", "/")).parts
        if member.flag_bits & ENCRYPTED:
            raise NasionError(f"{path}: needs a password; unpack it and give the recording")
        if ".." in parts or any(":" in part or part.startswith("/") for part in parts):
            raise NasionError(
                f"{path}: names files outside of itself ({member.filename}); unpack only what you"
                " trust and give the recording"
            )
        if parts and not any(part.startswith(".") or part == "__MACOSX" for part in parts):
            yield member, parts


def _unzip(path: Path, folder: Path) -> None:
    left = most_bytes(path)
    with zipfile.ZipFile(path) as archive:
        for member, parts in _members(path, archive):
            target = folder.joinpath(*parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as file:
                left -= _copy(path, file, target, left)


def _copy(path: Path, file: IO[bytes] | gzip.GzipFile, target: Path, most: int) -> int:
    """Write a new file, readable by its owner alone; give its length."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    n_bytes = 0
    with os.fdopen(os.open(target, flags, 0o600), "wb") as output:
        while chunk := file.read(CHUNK_BYTES):
            n_bytes += len(chunk)
            if n_bytes > most:
                raise too_much(path)
            output.write(chunk)
    return n_bytes
