"""Recorded backgrounds: a list of recordings, of whom, and from when to when.

person            number that the source gives to the person
file              below the folder of the recordings
start_s, stop_s   what of it is background, in seconds
source, licence   name of the data set, and its licence as SPDX writes it

Whom a list names is told from its content; where the files are is a matter of the machine.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nasion import provenance
from nasion.eeg.formats import open_recording
from nasion.errors import NasionError
from nasion.hms.census import eeg_content
from nasion.phantom.recorded import Lender
from nasion.simulation import Person, RecordedBackgrounds
from nasion.spreadsheet import read_spreadsheet
from nasion.terms import ELECTRODES, SFREQ

Array = NDArray[np.float32]

COLUMNS = ("person", "file", "start_s", "stop_s", "source", "licence")
DIGITS = 12


@dataclass(frozen=True)
class Piece:
    """A part of a recording."""

    path: Path
    start_s: float
    stop_s: float


@dataclass(frozen=True)
class Backgrounds:
    """People of a list with their recordings."""

    fingerprint: str
    pieces: dict[Person, tuple[Piece, ...]]

    @classmethod
    def load(cls, path: Path | str, folder: Path | str = "") -> "Backgrounds":
        """Read a list; its files stand below `folder`, by default where the list is.

        Raises
        ------
        NasionError
            Naming list and line, for what is no number, a recording that is missing, or a piece
            that is too short or beyond its end.
        """
        if not str(path):
            raise NasionError(
                "recorded backgrounds need a list: give --backgrounds (data.phantoms.backgrounds),"
                " such as configs/backgrounds.csv"
            )
        path = Path(path)
        below = Path(folder) if str(folder) else path.parent
        pieces: dict[Person, list[Piece]] = {}
        for line, row in _rows(path):
            person = Person(row["source"], _number(row, path, line))
            pieces.setdefault(person, []).append(_piece(row, path, line, below))
        if len({person.patient_id for person in pieces}) < len(pieces):
            raise NasionError(f"{path}: two people have one number; rename a source")
        if not pieces:
            raise NasionError(f"{path}: lists no recording")
        return cls(list_fingerprint(path), {who: tuple(found) for who, found in pieces.items()})

    @property
    def lenders(self) -> tuple[Lender, ...]:
        """The people, as the simulator takes them; each process reads a recording once."""
        return tuple(
            Lender(
                person.patient_id,
                tuple(piece.stop_s - piece.start_s for piece in pieces),
                partial(_read_all, pieces),
            )
            for person, pieces in self.pieces.items()
        )

    def used(self, patient_ids: Iterable[int]) -> RecordedBackgrounds:
        """Those of the people with these numbers, and the contents of their recordings."""
        wanted = set(patient_ids)
        people = tuple(
            Person(person.source, person.number, tuple(map(_content, _paths(pieces))))
            for person, pieces in self.pieces.items()
            if person.patient_id in wanted
        )
        return RecordedBackgrounds(self.fingerprint, people)


def list_fingerprint(path: Path) -> str:
    """Twelve digits that tell one list from another, however it is written."""
    rows = ["\0".join(row[name] for name in COLUMNS) for _, row in _rows(path)]
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:DIGITS]


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Line and cells of each row."""
    frame = read_spreadsheet(path, COLUMNS)
    if missing := [name for name in COLUMNS if name not in frame]:
        raise NasionError(
            f"{path}: lacks column {missing[0]}; a list of backgrounds has {', '.join(COLUMNS)}"
        )
    return [
        (int(line), {name: str(cell) for name, cell in zip(COLUMNS, cells, strict=True)})
        for line, cells in zip(frame.index, frame[list(COLUMNS)].to_numpy(), strict=True)
    ]


def _number(row: dict[str, str], path: Path, line: int) -> int:
    if not (row["person"].isascii() and row["person"].isdigit() and row["source"]):
        raise NasionError(
            f"{path}, line {line}: needs a source and, as person, the whole number that the source"
            " gives"
        )
    return int(row["person"])


def _piece(row: dict[str, str], path: Path, line: int, below: Path) -> Piece:
    file = below / row["file"]
    if not row["file"] or not file.is_file():
        raise NasionError(
            f"{path}, line {line}: {file} is not there; give the folder of the recordings with"
            " --backgrounds-folder (data.phantoms.backgrounds_folder)"
        )
    try:
        start_s, stop_s = float(row["start_s"]), float(row["stop_s"])
    except ValueError:
        raise NasionError(f"{path}, line {line}: start_s and stop_s are seconds") from None
    if not (start_s >= 0 and stop_s - start_s >= Lender.LEAST_S and stop_s < np.inf):
        raise NasionError(
            f"{path}, line {line}: start_s to stop_s must be {Lender.LEAST_S:g} s or more"
        )
    return Piece(file, start_s, stop_s)


def _paths(pieces: Iterable[Piece]) -> list[Path]:
    return list(dict.fromkeys(piece.path for piece in pieces))


def _content(path: Path) -> str:
    """Digest of a whole recording, as others know it."""
    if path.suffix == ".parquet":
        return eeg_content(path)
    return provenance.content(open_recording(path).signals())


def _read_all(pieces: tuple[Piece, ...]) -> tuple[Array, ...]:
    return tuple(map(_read, pieces))


@cache
def _read(piece: Piece) -> Array:
    """A piece, shape (19, n_times), µV at 200 Hz."""
    recording = open_recording(piece.path)
    if piece.stop_s > recording.duration_s + 1 / SFREQ:
        raise NasionError(
            f"{piece.path}: ends at {recording.duration_s:g} s, before stop_s ({piece.stop_s:g}) of"
            " the list of backgrounds; correct the list"
        )
    stop_s = min(piece.stop_s, recording.duration_s)
    signals = recording.signals(piece.start_s, stop_s)[: len(ELECTRODES)]
    if recording.missing or len(recording.montage.components) > 1 or not np.isfinite(signals).all():
        raise NasionError(
            f"{piece.path}: lacks an electrode or has a gap; a background needs all"
            f" {len(ELECTRODES)}: leave it out of the list or choose start_s and stop_s"
        )
    return signals
