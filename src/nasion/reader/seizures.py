"""One recording to the file of its seizures that SzCORE's tools read, and to nothing else."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from nasion.eeg import age
from nasion.eeg.formats import open_recording
from nasion.errors import NasionError
from nasion.events.burden import Burden
from nasion.exports import szcore
from nasion.exports.deidentification import without_patient
from nasion.exports.discretion import discreet
from nasion.exports.keys import Key, refuse_telling
from nasion.progress import Progress
from nasion.reader.archive import open_stay, recordings_in
from nasion.reader.reader import Reader
from nasion.reading.reading import Reading
from nasion.report.summary import lasting, not_judged, sentences
from nasion.terms import Pattern


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
    rename: Mapping[str, str] | None = None,
    age_years: float | None = None,
    stay: bool = False,
    deidentify: bool = False,
    progress: Progress | None = None,
) -> Written:
    """Read a recording and write its seizures to one file.

    Parameters
    ----------
    paths
        One recording, or with `stay` files that are one.
    age_years
        Of the patient, whatever a header says.
    deidentify
        Move its date and tell nothing of whose it is, in errors neither.

    Raises
    ------
    NasionError
        Where it can't be read, or is more than one. Then nothing is written.
    """
    with discreet("the recording") if deidentify else nullcontext():
        files = recordings_in(paths)
        if deidentify:
            refuse_telling(out, files, "--events")
        if stay:
            recording = open_stay(files, unit, rename)
        elif len(files) == 1:
            recording = open_recording(files[0], unit=unit, rename=rename)
        else:
            text = f"is for one recording, not for {len(files)}; give one of them"
            raise NasionError(f"{out}: {text}")
        recording = age.stated(recording, age_years)
        if deidentify:
            recording = without_patient(recording, Key.draw(recording.start))
        reading = reader.read(recording, progress=progress)
        szcore.write_seizures(reading, out)
    warnings = (warning.text for warning in reading.warnings if not warning.code.cautions)
    return Written(
        sentences(reading, Burden.of(reading))[0],
        (*reading.cautions, *warnings, *_unseen(reading)),
        bool(reading.tells(Pattern.SEIZURE).any()),
    )


def _unseen(reading: Reading) -> list[str]:
    """What was not judged, in a line; none where all was."""
    unseen_s = sum(stop - start for start, stop in szcore.not_judged(reading))
    if not unseen_s:
        return []
    reasons = [reason for reason, _ in not_judged(reading)]
    if reading.share_untold(Pattern.SEIZURE):
        reasons.append("seizures can't be told from these electrodes")
    whole = lasting(reading.duration_s)
    part = f"{lasting(unseen_s)} of {whole} was not judged"
    if not reading.tells(Pattern.SEIZURE).any():
        part = f"nothing of {whole} was judged"
    why = ", ".join(reasons)
    return [f"{part} ({why}): no seizure is known of, and none ruled out (confidence 0)"]
