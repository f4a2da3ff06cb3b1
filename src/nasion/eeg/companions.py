"""Companions: files of one recording, of which one describes the others and is to be opened."""

from collections.abc import Mapping
from pathlib import Path

from nasion.errors import NasionError

LONGEST_TEXT = 1 << 20  # bytes of a description that are searched for the name of a companion

# Suffix of a companion -> suffixes of what describes it.
_DESCRIBED_BY: Mapping[str, tuple[str, ...]] = {
    ".eeg": (".vhdr", ".ahdr"),
    ".avg": (".vhdr", ".ahdr"),
    ".seg": (".vhdr", ".ahdr"),
    ".vmrk": (".vhdr",),
    ".amrk": (".ahdr",),
    ".fdt": (".set",),
    ".dat": (".lay", ".vhdr"),
    ".21e": (".eeg",),
    ".pnt": (".eeg",),
    ".log": (".eeg",),
    ".11d": (".eeg",),
    ".cdt.dpa": (".cdt",),
    ".cdt.dpo": (".cdt",),
    ".cdt.cef": (".cdt",),
    ".cdt.ceo": (".cdt",),
    ".dap": (".dat",),
    ".rs3": (".dat",),
}
_NAMING = (".vhdr", ".ahdr", ".lay")  # texts that name their companions
_ALONE = (".dat", ".log")  # suffixes that others use for whole files


def description_of(path: Path) -> Path | None:
    """The file to open in place of this one; None where it is that file itself.

    Raises
    ------
    NasionError
        Where a file can only be a companion and nothing describes it, or two files do.
    """
    name = path.name.lower()
    suffix = next((known for known in _DESCRIBED_BY if name.endswith(known)), "")
    if not suffix or path.is_dir():
        return None
    wanted = _DESCRIBED_BY[suffix]
    beside = [
        other
        for other in sorted(path.parent.iterdir())
        if other != path and other.name.lower().endswith(wanted) and other.is_file()
    ]
    stem = name.removesuffix(suffix)
    same = [other for other in beside if other.name.lower().rpartition(".")[0] == stem]
    naming = same or [other for other in beside if _names(other, path.name)]
    if len(naming) == 1:
        return naming[0]
    if naming:
        names = ", ".join(other.name for other in naming)
        raise NasionError(f"{path}: belongs to several files; give one of {names}")
    if suffix in _ALONE:
        return None
    raise NasionError(
        f"{path}: is only a part of a recording; put the {' or '.join(wanted)} file of that name"
        " beside it and give that one"
    )


def companions_of(path: Path) -> list[Path]:
    """Files beside a description that share its name or that it names."""
    return [
        other
        for other in path.parent.iterdir()
        if other != path
        and other.is_file()
        and (other.stem.lower() == path.stem.lower() or _names(path, other.name))
    ]


def _names(description: Path, name: str) -> bool:
    """Whether a description speaks of a file of this name."""
    if description.suffix.lower() not in _NAMING:
        return False
    try:
        with description.open("rb") as file:
            text = file.read(LONGEST_TEXT).lower()
    except OSError:
        return False
    values = [line.partition(b"=")[2].strip() for line in text.splitlines()]
    return name.lower().encode() in [value.rpartition(b"\\")[2] for value in values]
