"""An open reading: what was read of a recording, and all that can be made of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasion.display.display import Display
from nasion.eeg.recording import Recording
from nasion.errors import NasionError
from nasion.events.burden import Burden
from nasion.exports import folder as reading_folder
from nasion.exports.deidentification import deidentified, without_patient
from nasion.exports.keys import Key
from nasion.maker import maker_of
from nasion.network import Network
from nasion.reader.reader import write_display
from nasion.reading.reading import Reading
from nasion.temporary import temporary_folder

if TYPE_CHECKING:
    import mne
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class OpenReading(Reading):
    """A `Reading` as `nasion.read` and `nasion.open_reading` give it.

    Beside what a `Reading` holds, it knows the recording or the folder that it comes from.

    Parameters
    ----------
    recording, network
        What was read, and by which model; None where it was opened from a folder.
    folder
        Where it was opened from.
    settings
        By which events were found.
    """

    recording: Recording | None = field(default=None, repr=False, compare=False)
    network: Network | None = field(default=None, repr=False, compare=False)
    folder: Path | None = field(default=None, repr=False, compare=False)
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(
        cls,
        reading: Reading,
        *,
        recording: Recording | None = None,
        network: Network | None = None,
        folder: Path | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> "OpenReading":
        """Open a reading."""
        content = {name.name: getattr(reading, name.name) for name in fields(Reading)}
        return cls(
            **content,
            recording=recording,
            network=network,
            folder=folder,
            settings=settings or {},
        )

    @property
    def burden(self) -> Burden:
        """How much of the recording each pattern takes, in all and by hours."""
        return Burden.of(self)

    def table(self) -> "pd.DataFrame":
        """Give a row a step: onset_s, clock, six probabilities, most_probable, reason."""
        from nasion.exports.tables import probabilities_table

        return probabilities_table(self)

    def events_table(self) -> "pd.DataFrame":
        """Give a row an event: onset and duration in s, pattern, probability, side, rate in Hz."""
        from nasion.exports.tables import events_table

        return events_table(self)

    def plot(self) -> "Figure":
        """Draw the probabilities over time, the events above them."""
        from nasion.report.plot import plot

        return plot(self)

    def report(self, path: Path | str) -> Path:
        """Write the report that `nasion read` writes, one HTML file; give its path.

        Raises
        ------
        NasionError
            Where neither the recording nor a display of it is at hand.
        """
        from nasion.report.report import write

        path = Path(path)
        if self.recording is not None and self.network is not None:
            with temporary_folder() as temporary:
                write_display(self.recording, self.network.signal, temporary)
                write(
                    path,
                    self,
                    Display.open(temporary),
                    network=self.network,
                    settings=self.settings,
                )
        elif self.folder is not None:
            display = Display.open(self.folder)
            write(path, self, display, network=maker_of(self.model), settings=self.settings)
        else:
            raise NasionError(f"{self.name}: its recording is not at hand; read it again")
        return path

    def save(self, folder: Path | str) -> Path:
        """Write the folder that `nasion read` writes, without display and report; give its path."""
        more = {"settings": self.settings} if self.settings else {}
        reading_folder.save(self, Path(folder), more)
        return Path(folder)

    def deidentified(self, name: str = "", days: int | None = None) -> "OpenReading":
        """Give the reading without its patient: no free text, another name, other dates.

        Parameters
        ----------
        name
            What takes the place of its own; by default 16 random digits.
        days
            By which dates are moved; by default to a random one from 2050 on, a whole number of
            weeks away.
        """
        drawn = Key.draw(self.start)
        key = Key(name or drawn.name, drawn.days if days is None else days)
        recording = self.recording and without_patient(self.recording, key)
        return replace(deidentified(self, key), recording=recording, folder=None)

    def to_annotations(self) -> "mne.Annotations":
        """Give the events for `raw.set_annotations`."""
        from nasion.exports.annotations import to_mne_annotations

        return to_mne_annotations(self)

    def to_bids(self, path: Path | str) -> Path:
        """Write the events as BIDS has them; give the path of the table.

        Parameters
        ----------
        path
            A table (.tsv), or a folder that is or becomes a BIDS derivative data set.
        """
        from nasion.exports.bids import write_events
        from nasion.exports.derivative import to_bids

        path = Path(path)
        if path.suffix != ".tsv":
            return to_bids(self, path, name=self.folder.resolve().name if self.folder else "")
        write_events(self, path)
        return path

    def to_edf(self, path: Path | str) -> Path:
        """Write the events as EDF+ annotations without signals; give the path."""
        from nasion.exports.annotations import to_edf_annotations

        to_edf_annotations(self, Path(path))
        return Path(path)


def open_reading(folder: Path | str) -> OpenReading:
    """Open what `nasion read` or `reading.save` wrote.

    Parameters
    ----------
    folder
        Of one reading; it holds reading.json.

    Raises
    ------
    NasionError
        If the reading is unfinished, of another schema, or its files were changed.
    """
    folder = Path(folder)
    settings = reading_folder.manifest(folder).get("settings")
    return OpenReading.of(reading_folder.load(folder), folder=folder, settings=settings)
