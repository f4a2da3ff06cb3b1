"""A copy of the recording that was read, with the events of its reading as annotations."""

from pathlib import Path

from nasion.eeg import naming
from nasion.eeg.edf import copy
from nasion.exports.annotations import annotations, ours
from nasion.exports.deidentification import clean_label
from nasion.reading.reading import Reading
from nasion.terms import EKG


def copy_with_annotations(
    source: Path, target: Path, reading: Reading, *, deidentify: bool = False
) -> None:
    """Copy the EDF or BDF file that was read, with the reading's events.

    Parameters
    ----------
    reading
        Of this file alone.
    deidentify
        Leave out all that the file says of its patient and in free text. The reading must be
        de-identified: its start and its annotations take the place of the file's.

    Raises
    ------
    NasionError
        If the source is no EDF or BDF file, or is the target.
    """
    if deidentify:
        disguise = copy.Disguise(reading.start, _clean_label)
        copy.copy_with_annotations(source, target, annotations(reading), disguise=disguise)
    else:
        copy.copy_with_annotations(source, target, ours(reading))


def _clean_label(label: str) -> str:
    """Keep the electrode, whatever stands beside it."""
    channel, clean = naming.parse(label), clean_label(label)
    if clean == label or channel.kind == "other":
        return clean
    if channel.kind == "derivation":
        return f"{channel.site}-{channel.reference}"
    return channel.site if channel.kind == "electrode" else EKG
