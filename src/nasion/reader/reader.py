"""The reader: one recording to a reading, and to a folder of files where one is wanted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from nasion.config import Signal
from nasion.display.cache import DisplayWriter
from nasion.display.display import Display
from nasion.eeg import age
from nasion.eeg.recording import Recording
from nasion.events.contradicted import judge
from nasion.events.rhythm import describe
from nasion.events.runs import DEFAULT, EventSettings, find
from nasion.exports import folder as reading_folder
from nasion.exports.deidentification import deidentified
from nasion.exports.keys import Key
from nasion.files import make_folder
from nasion.network import Network
from nasion.progress import Progress
from nasion.reading.dense import PIECE, read_steps
from nasion.reading.findings import of_reading
from nasion.reading.reading import Reading
from nasion.reading.stream import Piece, piece_of, spans
from nasion.report import report
from nasion.temporary import temporary_folder
from nasion.windowing import n_steps_of

REPORT = "report.html"


@dataclass(frozen=True)
class Reader:
    """How recordings are read.

    Parameters
    ----------
    threads
        Cores to work on; 0 takes all.
    display, report
        Whether a folder gets what `nasion review` shows, and a report.html.
    """

    network: Network
    events: EventSettings = DEFAULT
    threads: int = 0
    display: bool = True
    report: bool = True

    def read(
        self,
        recording: Recording,
        *,
        watch: Callable[[Piece], None] | None = None,
        progress: Progress | None = None,
    ) -> Reading:
        """Probabilities, quality and events of a recording; nothing is written."""
        steps = read_steps(
            recording, self.network, threads=self.threads, watch=watch, progress=progress
        )
        about = self.network.about.without_provenance
        aged = age.remark(recording.age_years, about.ages_years)
        reading = Reading(
            name=recording.name,
            duration_s=recording.duration_s,
            probability=steps.probability,
            reason=steps.reason,
            quality=steps.quality,
            start=recording.start,
            source_sfreq=recording.source_sfreq,
            gaps_s=recording.gaps_s,
            annotations=recording.annotations,
            montage=recording.montage,
            ignored=recording.ignored,
            warnings=(
                *([aged] if aged else []),
                *recording.warnings,
                *of_reading(recording, steps),
            ),
            model=about,
        )
        return replace(reading, events=judge(describe(find(reading, self.events), recording)))

    def read_to(
        self,
        recording: Recording,
        folder: Path,
        *,
        key: Key | None = None,
        mark: str = "",
        progress: Progress | None = None,
    ) -> Reading:
        """Read a recording and write everything about it to a folder; reading.json comes last.

        Parameters
        ----------
        key
            With one, nothing that is written tells whose recording it is.
        mark
            By which to know the reading again; it stands in reading.json.
        """
        reading_folder.begin(folder)
        with self._place_of_display(folder) as place:
            n_steps = n_steps_of(recording.duration_s)
            writer = DisplayWriter(place, n_steps) if place else None

            def show(piece: Piece) -> None:
                if writer:
                    writer.skip(piece.first)
                    writer.add(piece.first, piece.signals, piece.spectrum)

            with writer or nullcontext():
                reading = self.read(recording, watch=show, progress=progress)
                if writer:
                    writer.skip(n_steps)
            if key:
                reading = deidentified(reading, key)
            settings = self.events.as_dict()
            if self.report and place:
                report.write(
                    folder / REPORT,
                    reading,
                    Display.open(place),
                    network=self.network,
                    settings=settings,
                    threads=self.threads,
                )
        more = {"mark": mark, "deidentified": key is not None, "settings": settings}
        reading_folder.save(reading, folder, more)
        return reading

    @contextmanager
    def _place_of_display(self, folder: Path) -> Iterator[Path | None]:
        """Where the display is written; aside where only the report needs it."""
        if self.display:
            yield folder
        elif self.report:
            make_folder(folder)
            with temporary_folder(folder, "report") as temporary:
                yield temporary
        else:
            yield None


def write_display(recording: Recording, signal: Signal, folder: Path) -> None:
    """Write the display of a recording alone, as `read_to` does beside reading it."""
    n_steps = n_steps_of(recording.duration_s)
    with DisplayWriter(folder, n_steps) as writer:
        for first, stop in spans(recording, signal, PIECE):
            piece = piece_of(recording, signal, first, stop)
            writer.skip(first)
            writer.add(first, piece.signals, piece.spectrum)
        writer.skip(n_steps)
