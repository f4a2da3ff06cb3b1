"""An archive: recordings in files and folders, read one after the other into a folder each.

What cannot be read is noted with its reason and the rest goes on; what was read already, of the
same samples with the same model and settings, is left as it is.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from nasion.eeg import age
from nasion.eeg.annotations import printable
from nasion.eeg.formats import (
    FOLDERS,
    SUFFIXES,
    annotated_suffix,
    open_recording,
    recordings_below,
)
from nasion.eeg.recording import Recording
from nasion.eeg.sidecars import Sidecars, sidecars_of
from nasion.eeg.stay import joined
from nasion.errors import NasionError, unforeseen
from nasion.events.burden import Burden
from nasion.exports import folder as reading_folder
from nasion.exports.annotated_copy import copy_with_annotations
from nasion.exports.derivative import DATA_SET, to_bids
from nasion.exports.discretion import DiscreetError, discreet
from nasion.exports.folder import MANIFEST
from nasion.exports.keys import Keys, original_of, refuse_telling
from nasion.files import safe_name, write_text
from nasion.hms.layout import SPECTROGRAM_FOLDERS
from nasion.loading import is_there
from nasion.progress import Progress
from nasion.reader.listing import COLUMNS, SUMMARY, cell, rows_of
from nasion.reader.mark import mark_of, marked
from nasion.reader.reader import Reader
from nasion.reading.reading import Reading
from nasion.report.summary import headline, remarks
from nasion.temporary import sweep_below

COPY = "annotated"


def recordings_in(paths: Iterable[Path], out: Path | None = None) -> list[Path]:
    """Files as they are, folders as the recordings in and below them, by name.

    What nasion made of recordings is none: a folder that holds a reading is passed over, with all
    below it, and so is `out` below a folder.

    Parameters
    ----------
    out
        Where readings of these recordings go.

    Raises
    ------
    NasionError
        Where a folder holds none.
    """
    target = out.resolve() if out else None

    def excluded(folder: Path) -> bool:
        spectrograms = folder.name in SPECTROGRAM_FOLDERS
        return spectrograms or folder.resolve() == target or reading_folder.is_reading(folder)

    recordings: dict[Path, None] = {}
    for path in paths:
        if path.is_dir() and path.suffix.lower() not in FOLDERS:
            if any(map(reading_folder.is_reading, (path, *path.resolve().parents))):
                raise NasionError(f"{path}: is a reading; give the recording itself")
            below = sorted(recordings_below(path, excluded))
            if not below:
                kinds = ", ".join(sorted(SUFFIXES))
                raise NasionError(
                    f"{path}: holds no recording ({kinds}; what nasion wrote is none); name the"
                    " file itself"
                )
            recordings |= dict.fromkeys(below)
        else:
            recordings[path] = None
    return list(recordings)


def open_stay(
    files: Sequence[Path], unit: str = "", rename: Mapping[str, str] | None = None
) -> Recording:
    """Open files as one recording, joined by the clock and named after the first."""
    recordings = [open_recording(path, unit=unit, rename=rename) for path in files]
    first = min(recordings, key=lambda recording: str(recording.start))
    return joined(recordings, f"{first.name}-stay")


@dataclass(frozen=True)
class Outcome:
    """What became of a recording: the name of its folder, or the reason why there is none."""

    source: str
    folder: str = ""
    reason: str = ""
    before: bool = False  # whether it had been read already
    summary: str = ""  # in a sentence; of one read before, only what is new
    warnings: tuple[str, ...] = ()  # of the recording, beside those in the summary


@dataclass(frozen=True)
class Archive:
    """Recordings on their way into a folder.

    Parameters
    ----------
    out
        Holds a folder for each reading, and recordings.tsv.
    keys
        Where de-identified: a table that tells which key stands for what, written or given
        (`nasion.exports.keys`); None writes none.
    again
        Read anew what was read already.
    annotate
        Also copy each EDF or BDF file into its folder, with the events as annotations.
    bids
        Also write the events of all into one BIDS derivative data set.
    age_years
        Of the patient, whatever a header says; None believes the headers.
    rename
        Which channel is which electrode, as `open_recording` takes it.
    """

    reader: Reader
    out: Path
    unit: str = ""
    deidentify: bool = False
    keys: Path | None = None
    again: bool = False
    annotate: bool = False
    bids: bool = False
    age_years: float | None = None
    rename: Mapping[str, str] = field(default_factory=dict)

    def read(
        self,
        paths: Iterable[Path],
        bar: Callable[[str], AbstractContextManager[Progress]],
        report: Callable[[Outcome], None],
    ) -> list[Outcome]:
        """Read each recording by itself.

        Parameters
        ----------
        bar
            Gives the progress bar of a recording.
        report
            Is called with each outcome as it comes.
        """
        sweep_below(self.out)
        rows_of(self.out / SUMMARY)  # a list that can't be gone on with is said before any work
        outcomes: list[Outcome] = []
        files = self._files(paths)
        keys = self._keys([[path] for path in files])
        try:
            for number, path in enumerate(files, 1):
                label = f"{number}/{len(files)}" + ("" if self.deidentify else f" {path.stem}")
                what = f"recording {number} of {len(files)}"
                with bar(label) as progress:
                    outcome = self._one(path, what, outcomes, keys, progress)
                outcomes.append(outcome)
                if outcome.folder:
                    self._write(outcomes)
                report(outcome)
        finally:
            self._write(outcomes)
        return outcomes

    def _one(
        self, path: Path, what: str, outcomes: Sequence[Outcome], keys: Keys, progress: Progress
    ) -> Outcome:
        """Read a recording; whatever is wrong with it, the others go on."""
        try:
            with self._discreet(what):
                opened = open_recording(path, unit=self.unit, rename=self.rename)
                recording = age.stated(opened, self.age_years)
                return self._outcome(recording, [path], outcomes, keys, progress)
        except NasionError as error:
            reason = error
        except Exception as error:  # the batch is worth more than what nobody foresaw
            reason = unforeseen(path, error)
        return Outcome(str(path), reason=printable(cell(str(reason))))

    def read_stay(
        self,
        paths: Iterable[Path],
        bar: Callable[[str], AbstractContextManager[Progress]],
        report: Callable[[Outcome], None],
    ) -> list[Outcome]:
        """Read files as one recording, joined by the clock; a file that can't be read ends it."""
        sweep_below(self.out)
        files = self._files(paths)
        keys = self._keys([files])
        with self._discreet("the stay"), bar("stay") as progress:
            stay = age.stated(open_stay(files, self.unit, self.rename), self.age_years)
            outcome = self._outcome(stay, files, [], keys, progress)
        self._write([outcome])
        report(outcome)
        return [outcome]

    def _discreet(self, subject: str) -> AbstractContextManager[None]:
        """Where de-identified: what is said of errors tells of nobody."""
        return discreet(subject) if self.deidentify else nullcontext()

    def _files(self, paths: Iterable[Path]) -> list[Path]:
        """What is to be read; where de-identified, into a folder that tells of nobody."""
        with self._discreet("what was given"):
            files = recordings_in(paths, self.out)
            if self.deidentify:
                refuse_telling(self.out, files, "-o")
                if any(source for source, *_ in rows_of(self.out / SUMMARY)):
                    raise DiscreetError(
                        "-o: holds readings that tell whose they are; give another folder"
                    )
        return files

    def _keys(self, recordings: Sequence[Sequence[Path]]) -> Keys:
        return Keys.open(self.keys, recordings) if self.deidentify else Keys()

    def _outcome(
        self,
        recording: Recording,
        files: Sequence[Path],
        outcomes: Sequence[Outcome],
        keys: Keys,
        progress: Progress,
    ) -> Outcome:
        source = original_of(files)
        folders = {outcome.folder for outcome in outcomes}
        if self.deidentify:
            key = keys.of(files, recording)
            folder = self.out / key.name
            reading = self.reader.read_to(recording, folder, key=key, progress=progress)
            return self._read_now(source, files, folder, reading)
        mark = marked(files, self.reader, self._stated(files))
        name = next(
            name
            for name in _names(recording.name)
            if name not in folders
            and name != DATA_SET
            and self._is_for(name, source, mark.partition("-")[0])
        )
        folder = self.out / name
        if there := self._before(folder, mark):
            text = ""
            if self.bids:
                self._write_bids(folder, there)
            if self.annotate and not list(folder.glob(f"{COPY}.*")):
                text = self._copy_remark(files, folder, there)
            return Outcome(source, name, before=True, summary=text, warnings=remarks(there))
        reading = self.reader.read_to(recording, folder, mark=mark, progress=progress)
        return self._read_now(source, files, folder, reading)

    def _before(self, folder: Path, mark: str) -> Reading | None:
        """Give the reading that stands there already; None where it is to be read, also anew."""
        if self.again or mark_of(folder) != mark:
            return None
        try:
            return reading_folder.load(folder)
        except NasionError:  # damaged since
            return None

    def _is_for(self, name: str, source: str, digits: str) -> bool:
        """Whether a recording of these digits may have a folder: nobody's, or its own.

        Whose a reading is that is too broken to tell, recordings.tsv tells.
        """
        folder = self.out / name
        if mark := mark_of(folder):
            return mark.partition("-")[0] == digits
        owners = [row[0] for row in rows_of(self.out / SUMMARY) if row[1] == name]
        return not (owners and is_there(folder / MANIFEST)) or cell(source) in owners

    def _stated(self, files: Sequence[Path]) -> list[object]:
        """What was stated of the recordings, by the user and by files beside them."""
        stated: list[object] = []
        if self.age_years is not None:
            stated.append(age.group_of(self.age_years))
        sidecars = {str(sidecars_of(path)) for path in files} - {str(Sidecars())}
        return stated + [what for what in (self.unit, self.rename, sidecars) if what]

    def _read_now(
        self, source: str, files: Sequence[Path], folder: Path, reading: Reading
    ) -> Outcome:
        """Bring the annotated copy up to date with a new reading; say what was found."""
        for old in folder.glob(f"{COPY}.*"):  # its events are those of an earlier reading
            old.unlink()
        if self.bids or (self.out / DATA_SET).exists():  # else it would tell of old events
            self._write_bids(folder, reading)
        sentence = headline(reading, Burden.of(reading))
        remark = self._copy_remark(files, folder, reading) if self.annotate else ""
        summary = f"{sentence} {remark}".rstrip()
        return Outcome(source, folder.name, summary=summary, warnings=remarks(reading))

    def _write_bids(self, folder: Path, reading: Reading) -> None:
        # Recordings of one name have folders of their own.
        to_bids(reading, self.out / DATA_SET, name=folder.name)

    def _copy_remark(self, files: Sequence[Path], folder: Path, reading: Reading) -> str:
        """Copy the file with the events in it, or say why not."""
        (source,) = files
        suffix = annotated_suffix(source)
        if not suffix:
            named = "" if self.deidentify else source.suffix  # any word may stand there
            return f"No annotated copy: {named or 'the file'} is neither EDF nor BDF."
        copy = folder / f"{COPY}{suffix}"
        copy_with_annotations(source, copy, reading, deidentify=self.deidentify)
        return ""

    def _write(self, outcomes: Sequence[Outcome]) -> None:
        """Write recordings.tsv; without names where they are not to be told.

        Rows of earlier calls stay, but for the recordings and readings that this one is about.
        """
        rows = [COLUMNS, *self._earlier(outcomes)]
        for outcome in outcomes:
            source, told = "" if self.deidentify else outcome.source, "; ".join(outcome.warnings)
            rows.append((source, outcome.folder, outcome.reason, told))
        lines = ["\t".join(cell(text) for text in row) for row in rows]
        write_text(self.out / SUMMARY, "\n".join(lines) + "\n")

    def _earlier(self, outcomes: Sequence[Outcome]) -> list[tuple[str, str, str, str]]:
        """What recordings.tsv says of others; nothing of readings that are gone."""
        current = (
            {cell(outcome.source) for outcome in outcomes},
            {outcome.folder for outcome in outcomes if outcome.folder},
        )
        rows = []
        for source, folder, reason, told in rows_of(self.out / SUMMARY):
            exists = (self.out / folder / MANIFEST).exists() if folder else bool(source)
            if exists and source not in current[0] and folder not in current[1]:
                rows.append((source, folder, reason, told))
        return rows


def _names(name: str) -> Iterator[str]:
    """Names that every file system holds: the recording's own, then with a number."""
    stem = safe_name(name, "recording")
    yield stem
    number = 2
    while True:
        yield f"{stem}-{number}"
        number += 1
