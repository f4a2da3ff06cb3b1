"""An open reading: what was read of a recording, and all that can be made of it."""

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from nasion.reading.reading import Reading

if TYPE_CHECKING:
    import mne
    import pandas as pd
    from matplotlib.figure import Figure


class OpenReading(Reading):
    """A `Reading` as `nasion.read` and `nasion.open_reading` give it."""

    @classmethod
    def of(cls, reading: Reading) -> "OpenReading":
        """Open a reading."""
        return cls(**{field.name: getattr(reading, field.name) for field in fields(reading)})

    def table(self) -> "pd.DataFrame":
        """Give a row a step: onset_s, clock, six probabilities, most_probable, reason."""
        from nasion.exports.tables import probabilities_table

        return probabilities_table(self)

    def events_table(self) -> "pd.DataFrame":
        """Give a row an event."""
        from nasion.exports.tables import events_table

        return events_table(self)

    def to_annotations(self) -> "mne.Annotations":
        """Give the events for `raw.set_annotations`."""
        from nasion.exports.annotations import to_mne_annotations

        return to_mne_annotations(self)

    def to_bids(self, folder: Path | str) -> Path:
        """Write the events into a BIDS derivative data set; give the events.tsv."""
        from nasion.exports.bids import to_bids

        return to_bids(self, Path(folder))

    def to_edf(self, path: Path | str) -> None:
        """Write the events as EDF+ annotations without signals."""
        from nasion.exports.annotations import to_edf_annotations

        to_edf_annotations(self, Path(path))

    def save(self, folder: Path | str) -> None:
        """Write the folder that `nasion read` writes, without display and report."""
        from nasion.exports.folder import save

        save(self, Path(folder))

    def plot(self) -> "Figure":
        """Draw the probabilities over time, the events above them."""
        from nasion.report.plot import plot

        return plot(self)
