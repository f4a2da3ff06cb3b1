"""One recording to the file of its seizures that SzCORE's tools read, and to nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nasion.eeg import age
from nasion.eeg.formats import open_recording
from nasion.errors import NasionError
from nasion.events.burden import Burden
from nasion.exports import szcore
from nasion.progress import Progress
from nasion.reader.archive import open_stay, recordings_in
from nasion.reader.reader import Reader
from nasion.reading.reading import Reading
from nasion.report.summary import lasting, not_judged, sentences


@dataclass(frozen=True)
class Written:
    """What a file of seizures says, in words.

    Parameters
    ----------
    cautions
        What has to be known before it is believed; a line each.
    is_judged
        Whether anything of the recording was.
    """

    summary: str
    cautions: tuple[str, ...]
    is_judged: bool


def write_seizures(
    reader: Reader,
    paths: Sequence[Path],
    out: Path,
    *,
    unit: str = "",
    age_years: float | None = None,
    stay: bool = False,
    progress: Progress | None = None,
) -> Written:
    """Read a recording and write its seizures to one file.

    Parameters
    ----------
    paths
        One recording, or with `stay` files that are one.
    age_years
        Of the patient, whatever a header says.

    Raises
    ------
    NasionError
        Where it can't be read, or is more than one. Then nothing is written.
    """
    files = recordings_in(paths)
    if stay:
        recording = open_stay(files, unit)
    elif len(files) == 1:
        recording = open_recording(files[0], unit=unit)
    else:
        raise NasionError(f"{out}: is for one recording, not for {len(files)}; give one of them")
    reading = reader.read(age.stated(recording, age_years), progress=progress)
    szcore.write_seizures(reading, out)
    cautions = *(warning.text for warning in reading.warnings), *_unseen(reading)
    return Written(
        sentences(reading, Burden.of(reading))[0], tuple(cautions), bool(reading.judged.any())
    )


def _unseen(reading: Reading) -> list[str]:
    """What was not judged, in a line; none where all was."""
    unseen_s = sum(stop - start for start, stop in szcore.not_judged(reading))
    if not unseen_s:
        return []
    reasons = ", ".join(reason for reason, _ in not_judged(reading))
    whole = lasting(reading.duration_s)
    part = f"{lasting(unseen_s)} of {whole} was not judged"
    if not reading.judged.any():
        part = f"nothing of {whole} was judged"
    return [f"{part} ({reasons}): no seizure is known of, and none ruled out (confidence 0)"]
