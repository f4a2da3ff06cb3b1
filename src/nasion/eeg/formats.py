"""One door for every recording: a path or an `mne.io.Raw` in, a `Recording` out.

A format is a row of `FORMATS`: how its files are known and the function that describes one. What
they hold counts before their names.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from nasion.eeg.assembly import assembled
from nasion.eeg.channels import usable
from nasion.eeg.companions import description_of
from nasion.eeg.content import Test, head_of, is_dicom_waveform, is_edf, no_recording, starts
from nasion.eeg.dicom.reader import open_dicom
from nasion.eeg.edf.reader import open_edf
from nasion.eeg.mne_raw import ADVICE, open_mne, open_raw
from nasion.eeg.packed import is_packed, open_packed, recordings_of
from nasion.eeg.parquet import open_parquet
from nasion.eeg.persyst import open_persyst
from nasion.eeg.recording import Recording
from nasion.eeg.renaming import renamed
from nasion.eeg.sidecars import Sidecars, sidecars_of
from nasion.eeg.source import MICROVOLTS, Source
from nasion.eeg.vendor import open_micromed, open_nicolet, open_nihon_kohden
from nasion.errors import NasionError

if TYPE_CHECKING:
    import mne


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
        Of its files, lower case.
    holds
        Whether a file that begins with some bytes is of this format, whatever its name.
    shared
        Whether others use these suffixes for parts of their recordings.
    any_name
        Whether `open` takes files of any name; else they need one of the suffixes.
    annotated
        Whether a copy of a file can hold annotations.
    folders
        Suffixes of recordings that are folders.
    """

    name: str
    open: Opener = open_mne
    suffixes: tuple[str, ...] = ()
    holds: Test = lambda head: False
    shared: bool = False
    any_name: bool = False
    annotated: bool = False
    folders: tuple[str, ...] = ()

    def takes(self, name: str) -> bool:
        """Whether a file of this content can be opened under a name."""
        return self.any_name or name.lower().endswith(self.suffixes)


FORMATS = (
    Format("EDF or BDF", open_edf, (".edf", ".bdf"), is_edf, any_name=True, annotated=True),
    Format("parquet", open_parquet, (".parquet", ".pq"), starts(b"PAR1"), any_name=True),
    Format("DICOM", open_dicom, holds=is_dicom_waveform, any_name=True),
    Format(
        "BrainVision",
        suffixes=(".vhdr", ".ahdr"),
        holds=starts(b"Brain Vision Data Exchange Header", b"BrainVision Data Exchange Header"),
    ),
    Format("EEGLAB", suffixes=(".set",)),
    Format("Persyst", open_persyst, (".lay",), starts(b"[FileInfo]"), any_name=True),
    Format(
        "Nihon Kohden",
        open_nihon_kohden,
        suffixes=(".eeg",),
        shared=True,
        holds=starts(b"EEG-1100", b"EEG-1200", b"EEG-2100", b"QI-403A", b"DAE-2100"),
    ),
    Format(
        "Nicolet",
        open_nicolet,
        (".e",),
        starts(bytes.fromhex("0fc37b1ccf2d6d4b8aea1f64ced2b917")),
        any_name=True,
    ),
    Format("Micromed", open_micromed, (".trc",), starts(b"ORDER   ", at=176), any_name=True),
    Format("Neuroscan or ANT", suffixes=(".cnt",), holds=starts(b"Version 3.0")),
    Format("Curry", suffixes=(".cdt",)),
    Format("GDF", suffixes=(".gdf",), holds=starts(b"GDF ")),
    Format("FIF", suffixes=(".fif",), holds=starts(bytes.fromhex("000000640000001f00000014"))),
    Format("NEDF", suffixes=(".nedf",)),
    Format("EGI", folders=(".mff",)),
    Format("CTF", folders=(".ds",)),
    Format("MEF3", folders=(".mefd",)),
)
# Of vendors whose files can't be read; the first of each stands for a recording in a folder.
VENDORS = {
    "Natus": (".erd", ".ent", ".etc", ".snc", ".stc", ".vtc"),
}
SUFFIXES = frozenset(
    [suffix for known in FORMATS for suffix in known.suffixes]
    + [suffixes[0] for suffixes in VENDORS.values()]
)
SHARED = frozenset(suffix for known in FORMATS if known.shared for suffix in known.suffixes)
FOLDERS = frozenset(suffix for known in FORMATS for suffix in known.folders)
COPIES = (".bak", ".old", ".orig", ".part", ".tmp", ".crdownload", "~")


def open_recording(
    source: "Path | str | mne.io.BaseRaw",
    *,
    unit: str = "",
    rename: Mapping[str, str] | None = None,
) -> Recording:
    """Open a recording of any format; samples are read when asked for.

    Parameters
    ----------
    source
        A file (EDF, EDF+, BDF, parquet in HMS layout, or what docs/formats.md names), also packed
        with gzip or zip, or an `mne.io.Raw`.
    unit
        What the numbers of the file are in (nV, uV, mV, V), whatever its header says. Without it
        a header is believed unless EEG cannot have such amplitudes; then a warning tells.
    rename
        Which channel is which electrode, where its label doesn't tell: {"CH1": "Fp1"}; "-" leaves
        one out. What channels.toml or BIDS channels.tsv say beside the file counts, too.

    Raises
    ------
    NasionError
        If the file can't be read, or ties fewer than four of the 19 electrodes.
    """
    if unit and unit not in MICROVOLTS:
        raise NasionError(f"unit '{unit}' is none of {', '.join(MICROVOLTS)}")
    if isinstance(source, str | Path):
        path = Path(source)
        opened, sidecars = _open_path(path, unit), sidecars_of(path)
        return assembled(usable(renamed(opened, rename or {}, sidecars), unit), unit)
    if not callable(getattr(source, "get_data", None)) or not hasattr(source, "first_time"):
        raise NasionError(f"a recording is a path or an mne.io.Raw, not {type(source).__name__}")
    opened = open_raw(source, unit=unit)
    return assembled(usable(renamed(opened, rename or {}, Sidecars()), unit), unit)


def recordings_below(
    folder: Path, excluded: Callable[[Path], bool] = lambda folder: False
) -> Iterator[Path]:
    """Recordings in and below a folder; hidden ones and excluded folders are passed over.

    A folder that links lead to several times is looked at once. One that can't be opened is given
    like a recording, so that it is said when that is opened.
    """
    folders, links = [folder], list[Path]()
    seen: set[Path] = set()
    while folders or links:
        place = (folders or links).pop()
        real = place.resolve()
        if real in seen:
            continue
        seen.add(real)
        try:
            entries = list(place.iterdir())
        except OSError:
            yield place
            continue
        for path in entries:
            is_folder = path.is_dir()
            if path.name.startswith(".") or (is_folder and excluded(path)):
                continue
            if is_folder and path.suffix.lower() not in FOLDERS:
                (links if path.is_symlink() else folders).append(path)
            elif is_folder or _is_recording_in_folder(path):
                yield path


def annotated_suffix(path: Path) -> str:
    """Suffix of a copy of a file with annotations; empty where there can be none."""
    head = head_of(path)
    for known in FORMATS:
        if known.annotated and known.holds(head):
            suffix = path.suffix.lower()
            return suffix if suffix in known.suffixes else known.suffixes[head[:1] == b"\xff"]
    return ""


def _is_recording_in_folder(path: Path) -> bool:
    try:
        head = head_of(path)
        if is_packed(head):
            return bool(recordings_of(path, head, _is_recording))
        held = _by_content(head)
        if held and held.takes(path.name):
            return not path.name.lower().endswith(COPIES)
        return path.suffix.lower() in SUFFIXES and description_of(path) is None
    except NasionError:  # why it can't be read is said when it is opened
        return path.name.lower().removesuffix(".gz").endswith((*SUFFIXES, ".zip"))


def _is_recording(name: str, head: bytes) -> bool:
    """Whether a file is a recording, or by its name should be one."""
    name = name.lower()
    if name.endswith(COPIES):
        return False
    held = _by_content(head)
    return name.endswith(tuple(SUFFIXES - SHARED)) or bool(held and held.takes(name))


def _by_content(head: bytes) -> Format | None:
    return next((known for known in FORMATS if known.holds(head)), None)


def _open_path(path: Path, unit: str) -> Source:
    suffix = path.suffix.lower()
    if not path.exists():
        raise NasionError(f"{path}: not found")
    if path.is_dir() and suffix not in FOLDERS:
        try:
            next(path.iterdir(), None)
        except OSError as error:
            raise NasionError(f"{path}: can't be opened ({error.strerror})") from None
        if any(path.glob("*.erd")):
            raise NasionError(f"{path}: is a Natus recording, which can't be read; {ADVICE}")
        raise NasionError(f"{path}: is a folder; give one recording")
    if path.is_file() and path.stat().st_size == 0:
        raise NasionError(f"{path}: is empty; copy it again")
    head = head_of(path)
    if is_packed(head):
        return open_packed(
            path, head, _is_recording, recordings_below, lambda inner: _open_path(inner, unit)
        )
    held = _by_content(head)
    if held and held.takes(path.name):
        return held.open(path, unit=unit)
    if other := no_recording(head):
        raise NasionError(f"{path}: is {other}")
    if description := description_of(path):
        return _open_path(description, unit)
    if held:
        raise NasionError(
            f"{path}: is a {held.name} file under another name; rename it to"
            f" {path.stem}{held.suffixes[0]}"
        )
    for known in FORMATS:
        if suffix in (known.folders if path.is_dir() else known.suffixes):
            return known.open(path, unit=unit)
    for vendor, suffixes in VENDORS.items():
        if suffix in suffixes:
            raise NasionError(f"{path}: {vendor} files ({suffix}) can't be read; {ADVICE}")
    return open_mne(path, unit=unit)
