"""One door for every recording: a path or an `mne.io.Raw` in, a `Recording` out.

A format is a row of `FORMATS`: its files' suffixes and the function that describes one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from nasion.eeg.assembly import assembled
from nasion.eeg.edf.header import SAMPLE_BYTES
from nasion.eeg.edf.reader import open_edf
from nasion.eeg.mne_raw import ADVICE, open_mne, open_raw
from nasion.eeg.parquet import open_parquet
from nasion.eeg.recording import Recording
from nasion.eeg.source import MICROVOLTS, Source
from nasion.errors import NasionError

if TYPE_CHECKING:
    import mne

MAGIC_BYTES = 8


class Opener(Protocol):
    """Describes a file; its samples are read when asked for."""

    def __call__(self, path: Path, *, unit: str) -> Source:
        """Raise NasionError where the file can't be read; `unit` is what the user states."""


@dataclass(frozen=True)
class Format:
    """A format of recordings.

    Parameters
    ----------
    suffixes
        Of its files, lower case; a search through folders knows recordings by them.
    begins
        With one of these a file of a suffix that others use too begins; empty where none does.
    annotated
        Whether a copy of a file can hold annotations.
    folders
        Suffixes of recordings that are folders.
    """

    open: Opener
    suffixes: tuple[str, ...]
    begins: frozenset[bytes] = frozenset()
    annotated: bool = False
    folders: tuple[str, ...] = ()

    def takes(self, path: Path, suffix: str) -> bool:
        """Whether a file, or a folder that is a recording, is of this format."""
        if path.is_dir():
            return suffix in self.folders
        return suffix in self.suffixes and (not self.begins or _magic(path) in self.begins)


THROUGH_MNE = Format(
    open_mne,
    (".vhdr", ".set", ".cnt", ".gdf", ".fif", ".lay", ".eeg", ".nedf", ".egi", ".21e"),
    folders=(".mff", ".ds", ".mefd"),
)
FORMATS = (
    Format(open_edf, (".edf", ".bdf"), annotated=True),
    Format(open_edf, (".rec",), begins=frozenset(SAMPLE_BYTES), annotated=True),
    Format(open_parquet, (".parquet", ".pq")),
    THROUGH_MNE,
)
# Of vendors whose files can't be read; the first of each stands for a recording in a folder.
VENDORS = {
    "Natus": (".erd", ".ent", ".etc", ".snc", ".stc", ".vtc"),
    "Nicolet": (".e",),
    "Micromed": (".trc",),
}
SUFFIXES = frozenset(
    [suffix for known in FORMATS for suffix in known.suffixes]
    + [suffixes[0] for suffixes in VENDORS.values()]
)
ANNOTATED = frozenset(suffix for known in FORMATS if known.annotated for suffix in known.suffixes)
FOLDERS = frozenset(suffix for known in FORMATS for suffix in known.folders)


def open_recording(source: "Path | str | mne.io.BaseRaw", *, unit: str = "") -> Recording:
    """Open a recording of any format; samples are read when asked for.

    Parameters
    ----------
    source
        A file (EDF, EDF+, BDF, parquet in HMS layout, or what MNE reads) or an `mne.io.Raw`.
    unit
        What the numbers of the file are in (nV, uV, mV, V), whatever its header says. Without it
        a header is believed unless EEG cannot have such amplitudes; then a warning tells.

    Raises
    ------
    NasionError
        If the file can't be read, or holds fewer than 10 of the 19 electrodes.
    """
    if unit and unit not in MICROVOLTS:
        raise NasionError(f"unit '{unit}' is none of {', '.join(MICROVOLTS)}")
    if isinstance(source, str | Path):
        return assembled(_open_path(Path(source), unit), unit)
    if not callable(getattr(source, "get_data", None)) or not hasattr(source, "first_time"):
        raise NasionError(f"a recording is a path or an mne.io.Raw, not {type(source).__name__}")
    return assembled(open_raw(source, unit=unit), unit)


def recordings_below(folder: Path, excluded: tuple[str, ...] = ()) -> Iterator[Path]:
    """Recordings in and below a folder; hidden ones and folders of some names are passed over."""
    for path in folder.iterdir():
        suffix = path.suffix.lower()
        if path.name.startswith(".") or path.name in excluded:
            continue
        if path.is_dir() and suffix not in FOLDERS:
            yield from recordings_below(path, excluded)
        elif path.is_dir() or (suffix in SUFFIXES and not _is_data_of_brainvision(path)):
            yield path


def _is_data_of_brainvision(path: Path) -> bool:
    """BrainVision's samples have the suffix of Nihon Kohden's recordings."""
    return path.suffix.lower() == ".eeg" and path.with_suffix(".vhdr").exists()


def _open_path(path: Path, unit: str) -> Source:
    suffix = path.suffix.lower()
    if not path.exists():
        raise NasionError(f"{path}: not found")
    if path.is_dir() and suffix not in FOLDERS:
        if any(path.glob("*.erd")):
            raise NasionError(f"{path}: is a Natus recording, which can't be read; {ADVICE}")
        raise NasionError(f"{path}: is a folder; give one recording")
    if path.is_file() and path.stat().st_size == 0:
        raise NasionError(f"{path}: is empty; copy it again")
    for format_ in FORMATS:
        if format_.takes(path, suffix):
            return format_.open(path, unit=unit)
    for vendor, suffixes in VENDORS.items():
        if suffix in suffixes:
            raise NasionError(f"{path}: {vendor} files ({suffix}) can't be read; {ADVICE}")
    return THROUGH_MNE.open(path, unit=unit)


def _magic(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAGIC_BYTES).strip()
    except OSError as error:
        raise NasionError(f"{path}: can't be read ({error.strerror})") from None
