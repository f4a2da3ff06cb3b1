"""The reader: one recording to a reading, and to a folder of files where one is wanted."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from os import cpu_count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from nasion.display.cache import DisplayWriter
from nasion.eeg.recording import Recording
from nasion.events.burden import Burden
from nasion.events.rhythm import describe
from nasion.events.runs import DEFAULT, EventSettings, find
from nasion.exports import folder as reading_folder
from nasion.exports.deidentification import Key, deidentified
from nasion.network import Network
from nasion.reading.dense import Progress, read_steps
from nasion.reading.maps import why
from nasion.reading.reading import Reading, n_steps_of
from nasion.reading.stream import Piece
from nasion.report import report
from nasion.report.examples import Example, Page, choose, page, step_of
from nasion.terms import CENTRE_S

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
            missing=recording.missing,
            interpolated=recording.interpolated,
            ignored=recording.ignored,
            warnings=recording.warnings,
            model=self.network.about,
        )
        return replace(reading, events=describe(find(reading, self.events), recording))

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
        (folder / reading_folder.MANIFEST).unlink(missing_ok=True)
        n_steps = n_steps_of(recording.duration_s)
        seen: list[NDArray[np.float16]] = []
        with DisplayWriter(folder, n_steps) if self.display else nullcontext() as display:

            def watch(piece: Piece) -> None:
                if display is not None:
                    display.add(piece.first, piece.signals, piece.spectrum)
                if self.report:
                    seen.append(piece.spectrum.astype(np.float16))

            reading = self.read(recording, watch=watch, progress=progress)
        if key:
            reading = deidentified(reading, key)
        burden, settings = Burden.of(reading).as_dict(), self.events.as_dict()
        if self.report:
            report.write(
                folder / REPORT,
                reading,
                burden=burden,
                settings=settings,
                spectrogram=np.concatenate(seen, 2),
                pages=self._pages(recording, reading),
            )
        more = {
            "mark": mark,
            "deidentified": key is not None,
            "settings": settings,
            "burden": burden,
        }
        reading_folder.save(reading, folder, more)
        return reading

    def _pages(self, recording: Recording, reading: Reading) -> list[Page]:
        """The examples of the report, each with its map."""

        def page_of(example: Example) -> Page:
            found = why(recording, self.network, step_of(example.at_s))
            over_time = found.page(example.pattern, example.at_s, CENTRE_S)
            return page(example, reading, recording.signals, over_time)

        with threadpool_limits(1), ThreadPoolExecutor(self.threads or cpu_count() or 1) as pool:
            return list(pool.map(page_of, choose(reading)))
