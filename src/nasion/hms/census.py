"""Census: whom a folder in HMS layout holds, and whether a model learned from them."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nasion import guard, provenance
from nasion.eeg.naming import parse
from nasion.eeg.parquet import open_parquet
from nasion.files import write_json
from nasion.hms.segments import Segments, fingerprint
from nasion.landmarks import Landmarks
from nasion.loading import is_there, read_table
from nasion.provenance import Provenance
from nasion.seen import Seen
from nasion.simulation import RecordedBackgrounds, Simulation
from nasion.terms import COLUMNS

MEMO = "contents.json"  # of files that were read before
BESIDE = 64  # EEGs at most that are read of those that lie in a folder and not in its table


@dataclass(frozen=True)
class Census:
    """Patients and EEGs of segments (`nasion.subjects.Subjects`).

    Parameters
    ----------
    memo
        A folder to keep contents in, so that no file is read twice; none by default.
    """

    segments: Segments
    memo: Path | None = None

    @property
    def table(self) -> str:
        """Fingerprint of all rows."""
        return fingerprint(self.segments)

    @property
    def patients(self) -> frozenset[int]:
        """Numbers of its patients."""
        return frozenset(map(int, self.segments.table["patient_id"]))

    @property
    def eegs(self) -> frozenset[int]:
        """Numbers of the EEGs."""
        return frozenset(map(int, self.segments.table["eeg_id"]))

    @cached_property
    def simulation(self) -> Simulation | None:
        """What the folder says of the simulator."""
        return Simulation.of(self.segments.folder)

    @cached_property
    def backgrounds(self) -> RecordedBackgrounds:
        """What the folder says of whose recordings are the backgrounds."""
        return RecordedBackgrounds.of(self.segments.folder)

    def contents(self) -> list[tuple[str, int]]:
        """Content and patient of each EEG, and of each recording that lends a background."""
        return [*((traits.content, patient) for traits, patient in self._traits), *self._lent]

    def landmarks(self) -> Iterator[tuple[Landmarks, str, int]]:
        """Landmarks, content and patient of each EEG."""
        for traits, patient in self._traits:
            yield Landmarks.from_text(traits.landmarks), traits.content, patient

    @property
    def _lent(self) -> list[tuple[str, int]]:
        return [
            (content, person.patient_id)
            for person in self.backgrounds.people
            for content in person.contents
            if person.patient_id in self.patients
        ]

    @cached_property
    def _traits(self) -> list[tuple["Traits", int]]:
        pairs = self.segments.table[["eeg_id", "patient_id"]].drop_duplicates()
        paths = [self.segments.eeg_path(int(eeg_id)) for eeg_id in pairs["eeg_id"]]
        return list(zip(self._read(paths), map(int, pairs["patient_id"]), strict=True))

    def beside(self) -> Iterator[str]:
        """Contents of EEGs that lie in the folder, but not in its table; of many only some."""
        names = {f"{eeg_id}.parquet" for eeg_id in self.eegs}
        folder = self.segments.eeg_path(0).parent
        paths = sorted(path for path in folder.glob("*.parquet") if path.name not in names)
        for number in np.unique(np.linspace(0, len(paths) - 1, BESIDE).round()) if paths else ():
            yield eeg_content(paths[int(number)])

    def _read(self, paths: list[Path]) -> list["Traits"]:
        memo = self.memo / MEMO if self.memo else None
        known: dict[str, Any] = read_table(memo, "remove it") if memo and is_there(memo) else {}
        keys = [_key(path) for path in paths]
        new = {
            key: path
            for key, path in zip(keys, paths, strict=True)
            if not isinstance(known.get(key), list)  # contents alone, in an older memo
        }
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            known |= zip(new, map(list, pool.map(traits_of, new.values())), strict=True)
        if memo and new:
            write_json(memo, known)
        return [Traits(*known[key]) for key in keys]


class Traits(NamedTuple):
    """What an EEG is known by: its content, and its landmarks as text."""

    content: str
    landmarks: str


def _key(path: Path) -> str:
    status = path.stat()
    return f"{path.resolve()} {status.st_size} {status.st_mtime_ns}"


def traits_of(path: Path) -> Traits:
    """Content and landmarks of an EEG."""
    signals = _signals(path)
    return Traits(provenance.content(signals), Landmarks.of(signals).text)


def eeg_content(path: Path) -> str:
    """Digest of an EEG's samples (`nasion.provenance.content`), as they stand in the file."""
    return provenance.content(_signals(path))


def _signals(path: Path) -> NDArray[np.float32]:
    source = open_parquet(path)
    (track,) = source.tracks
    signals = np.full((len(COLUMNS), track.n_times), np.nan, np.float32)
    rows: dict[str, int] = {}
    for row, label in enumerate(track.labels):
        channel = parse(label)
        rows.setdefault("EKG" if channel.kind == "ekg" else channel.site, row)
    places = {COLUMNS.index(name): row for name, row in rows.items() if name in COLUMNS}
    signals[list(places)] = track.read(list(places.values()), 0, track.n_times)
    return signals


def guard_unseen(
    provenance: Provenance,
    census: Census,
    learner: str,
    *,
    allow_seen: bool = False,
) -> Seen:
    """Compare segments with what a model learned from (`nasion.guard.guard_unseen`)."""
    return guard.guard_unseen(
        provenance,
        census,
        census.segments.folder,
        learner,
        allow_seen=allow_seen,
        instead=" (or use its oof.csv)",
    )
