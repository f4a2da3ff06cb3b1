"""The array store: every EEG of a data set decoded and filtered once, then only memory maps.

A store is a folder named by the fingerprint of the signal settings and of the files it was made
from: `waveform.npy` (n_times, 18), one `<view>.npy` (n_columns, 4, n_freqs) a view, both float16
and concatenated over EEGs, `context` of ready-made spectrograms as `ready.npy`, and `index.json`.
A fingerprint that changes makes a new store; nothing stale is ever read.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from nasion.config import HMS_VIEW, Signal
from nasion.data.representation import ReadyMade, represent
from nasion.eeg.formats import open_recording
from nasion.eeg.spectrogram import scaled
from nasion.errors import NasionError
from nasion.files import make_folder, open_private, room_for, unwritable, write_json
from nasion.hms import agreement
from nasion.hms.segments import Segments, read_spectrogram
from nasion.loading import loading, of_schema, read_json
from nasion.progress import Progress
from nasion.settings import fingerprint
from nasion.temporary import Temporary
from nasion.windowing import Representation, Window, cut

SCHEMA = 1
AT_ONCE = 64  # files in memory
HEADER_BYTES = 256
AGREES = "correlation"  # of a spectrogram with its EEG, in the index
REBUILT = "delete its folder, it is rebuilt"


@dataclass(frozen=True)
class Store:
    """Windows of a data set at the speed of a memory map."""

    folder: Path
    settings: Signal
    index: dict[str, Any] = field(repr=False)
    arrays: dict[str, NDArray[np.float16]] = field(repr=False)

    def window(self, row: Any, *, shift: int = 0) -> Window:
        """Window of one row of a segment table."""
        return cut(
            self.representation(int(row.eeg_id)),
            self.settings,
            float(row.eeg_label_offset_seconds),
            shift=shift,
            context=self._context(row),
        )

    def representation(self, eeg_id: int) -> Representation:
        """Views into the maps of one EEG."""
        entry = self.index["eegs"][str(eeg_id)]
        pieces = {name: self.arrays[name][slice(*entry[name])] for name in entry["arrays"]}
        return Representation(
            duration_s=entry["duration_s"],
            waveform=pieces.pop("waveform").T,
            columns={name: np.moveaxis(piece, 0, -1) for name, piece in pieces.items()},
        )

    def duration_s(self, eeg_id: int) -> float:
        """Length of an EEG."""
        return float(self.index["eegs"][str(eeg_id)]["duration_s"])

    def span_s(self, spectrogram_id: int) -> tuple[float, float]:
        """Begin and end of a ready-made spectrogram, on its own clock."""
        entry = self.index["spectrograms"][str(spectrogram_id)]
        (first, stop), first_s = entry["ready"], float(entry["first_time_s"])
        return first_s, first_s + (stop - first) * HMS_VIEW.step_s

    @property
    def correlations(self) -> dict[int, float]:
        """How far ready-made spectrograms agree with their EEGs, of those that were compared."""
        entries = self.index["spectrograms"].items()
        return {int(key): entry[AGREES] for key, entry in entries if AGREES in entry}

    def _context(self, row: Any) -> NDArray[np.float32] | None:
        entry = self.index["spectrograms"].get(str(int(row.spectrogram_id)))
        if entry is None or not ReadyMade.shows(self.settings):
            return None
        columns = np.moveaxis(self.arrays["ready"][slice(*entry["ready"])], 0, -1)
        ready = ReadyMade(entry["first_time_s"], columns)
        offset_s = float(row.spectrogram_label_offset_seconds)
        return ready.image(offset_s, self.settings.spectrogram.context)


def open_store(
    segments: Segments, settings: Signal, parent: Path, progress: Progress | None = None
) -> Store:
    """Open the store of these segments below `parent`; build it first where there is none.

    Raises
    ------
    NasionError
        Where a file can't be read, or a label speaks of seconds that its EEG or its spectrogram
        doesn't have.
    """
    folder = parent / _fingerprint(segments, settings)
    if not (folder / "index.json").exists():
        with building(folder, "index.json") as temporary:
            _build(segments, settings, temporary, progress or (lambda done, total: None))
    store = load_store(folder, settings)
    agreement.refuse_unseen(segments, store.duration_s)
    if ReadyMade.shows(settings):
        agreement.refuse_elsewhere(segments, store.span_s)
        agreement.warn_of_others(segments, store.correlations)
    return store


@contextmanager
def building(folder: Path, last: str) -> Iterator[Path]:
    """Give a folder beside `folder` that takes its place, whole, when the block ends well.

    Where another process was first, its folder stays, and what was built here goes.

    Parameters
    ----------
    last
        A file that only a finished folder holds; an unfinished one is replaced.
    """
    try:
        make_folder(folder.parent)
        held = Temporary.folder(folder.parent, "building")
    except OSError as error:
        raise unwritable(folder, error) from None
    temporary = held.path
    try:
        with room_for(folder):
            yield temporary
        if not _moved(temporary, folder) and not (folder / last).exists():
            shutil.rmtree(folder, ignore_errors=True)
            if not _moved(temporary, folder) and not (folder / last).exists():
                raise NasionError(f"{folder}: is in the way and lacks {last}; remove it")
    finally:
        held.remove()


def _moved(temporary: Path, folder: Path) -> bool:
    try:
        temporary.rename(folder)
    except OSError:  # a folder that holds something is never overwritten
        return False
    return True


def load_store(folder: Path, settings: Signal) -> Store:
    """Open a store by its folder; `settings` are those that it was built with.

    Raises
    ------
    NasionError
        Where the index or an array is missing, broken or of another schema.
    """
    path = folder / "index.json"
    index = of_schema(read_json(path, REBUILT), SCHEMA, path, REBUILT)
    with loading(path, "not the index of a store", REBUILT):
        arrays = {name: _mapped(folder / f"{name}.npy") for name in map(str, index["arrays"])}
        for entry in index["eegs"].values():
            float(entry["duration_s"])
            _refuse_outside(arrays, entry, entry["arrays"])
        for entry in index["spectrograms"].values():
            float(entry["first_time_s"])
            _refuse_outside(arrays, entry, ["ready"])
    return Store(folder, settings, index, arrays)


def _refuse_outside(arrays: Mapping[str, NDArray[Any]], entry: Any, names: Iterable[str]) -> None:
    """Refuse rows that an array has not: a slice would be shorter without a word."""
    for name in names:
        start, stop = entry[name]
        if not 0 <= start < stop <= len(arrays[name]):
            raise ValueError(f"{name} has {len(arrays[name])} rows, not {start} to {stop}")


def _mapped(path: Path) -> NDArray[np.float16]:
    with loading(path, "not a readable array", REBUILT):
        array: NDArray[np.float16] = np.load(path, mmap_mode="r")
        if array.dtype != np.float16 or not array.ndim:
            raise ValueError(f"of {array.dtype} and {array.ndim} dimensions")
    return array


def _fingerprint(segments: Segments, settings: Signal) -> str:
    digest = hashlib.sha256(f"{SCHEMA} {fingerprint(settings)} {segments.part}".encode())
    for path in (*_eeg_paths(segments).values(), *_spectrogram_paths(segments).values()):
        status = path.stat()
        digest.update(f"{path.name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:12]


def _eeg_paths(segments: Segments) -> dict[int, Path]:
    return {int(key): segments.eeg_path(int(key)) for key in segments.table["eeg_id"].unique()}


def _spectrogram_paths(segments: Segments) -> dict[int, Path]:
    ids = segments.table["spectrogram_id"].unique()
    paths = {int(key): segments.spectrogram_path(int(key)) for key in ids}
    return {key: path for key, path in paths.items() if path.exists()}


def _represent_file(path: Path, settings: Signal) -> Representation:
    return represent(open_recording(path).signals(), settings)


def _ready_file(path: Path, settings: Signal) -> ReadyMade:
    first_time_s, power = read_spectrogram(path)
    return ReadyMade(first_time_s, scaled(power, settings.spectrogram))


def _build(segments: Segments, settings: Signal, folder: Path, progress: Progress) -> None:
    eegs, spectrograms = _eeg_paths(segments), _spectrogram_paths(segments)
    if not ReadyMade.shows(settings):
        spectrograms = {}
    total = len(eegs) + len(spectrograms)
    index: dict[str, Any] = {"schema": SCHEMA, "eegs": {}, "spectrograms": {}}
    with _Arrays(folder) as arrays:
        done = 0
        for key, representation in _results(_represent_file, eegs, settings):
            places = {"waveform": arrays.append("waveform", representation.waveform.T)}
            for name, columns in representation.columns.items():
                places[name] = arrays.append(name, np.moveaxis(columns, -1, 0))
            names = {"arrays": list(places), "duration_s": representation.duration_s}
            index["eegs"][str(key)] = {**names, **places}
            progress(done := done + 1, total)
        for key, ready in _results(_ready_file, spectrograms, settings):
            place = arrays.append("ready", np.moveaxis(ready.columns, -1, 0))
            index["spectrograms"][str(key)] = {"first_time_s": ready.first_time_s, "ready": place}
            progress(done := done + 1, total)
        for key, value in (agreement.correlations(segments) if spectrograms else {}).items():
            index["spectrograms"][str(key)][AGREES] = value
        index["arrays"] = arrays.names
    write_json(folder / "index.json", index)


def _results(
    work: Callable[[Path, Signal], Any], paths: dict[int, Path], settings: Signal
) -> Iterable[tuple[int, Any]]:
    keys = list(paths)
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # decoding and filtering release the GIL
        for first in range(0, len(keys), AT_ONCE):
            batch = keys[first : first + AT_ONCE]
            results = pool.map(work, (paths[key] for key in batch), repeat(settings))
            yield from zip(batch, results, strict=True)


class _Arrays:
    """Files of float16 that grow along the first axis; headers are written at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, IO[bytes]] = {}
        self._shapes: dict[str, list[int]] = {}

    @property
    def names(self) -> list[str]:
        return list(self._files)

    def append(self, name: str, rows: NDArray[np.floating]) -> list[int]:
        """Add rows; give their start and stop."""
        if name not in self._files:
            self._files[name] = open_private(self.folder / f"{name}.npy", "wb")
            self._files[name].write(b" " * HEADER_BYTES)
            self._shapes[name] = [0, *rows.shape[1:]]
        self._files[name].write(np.ascontiguousarray(rows, np.float16).tobytes())
        start = self._shapes[name][0]
        self._shapes[name][0] += len(rows)
        return [start, start + len(rows)]

    def __enter__(self) -> "_Arrays":
        return self

    def __exit__(self, *_: object) -> None:
        for name, file in self._files.items():
            file.seek(0)
            file.write(_header(tuple(self._shapes[name])))
            file.close()


def _header(shape: tuple[int, ...]) -> bytes:
    """A .npy header (format 1.0) padded to HEADER_BYTES, so that it can be written last."""
    content = f"{{'descr': '<f2', 'fortran_order': False, 'shape': {shape}, }}"
    prefix = b"\x93NUMPY\x01\x00" + (HEADER_BYTES - 10).to_bytes(2, "little")
    return prefix + content.ljust(HEADER_BYTES - 11).encode() + b"\n"
