"""A recording: what a file holds, described first, read piece by piece when asked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nasion.eeg.montage import ALL, Montage
from nasion.eeg.remarks import Remark
from nasion.eeg.stretches import Spans, stretches
from nasion.terms import COLUMNS, SFREQ

Signals = NDArray[np.float32]

DAY_S = 86400.0
LONGEST_S = 62 * DAY_S  # gaps included, as each step of a reading has its place


@dataclass(frozen=True)
class Recording:
    """Referential EEG in microvolts at 200 Hz, one row for each of the 20 HMS columns.

    Parameters
    ----------
    name
        What reports call it; never taken from the patient's header.
    n_times
        Samples at 200 Hz, gaps included.
    read
        `read(start, stop)` gives samples start..stop, shape (20, stop - start), µV; NaN stands
        where an electrode is missing or the recording has a gap. Any piece equals that piece of the
        whole.
    montage
        What the rows come from. Only rows of one component may be subtracted; those of a chain are.
    read_channels
        Where electrodes were rebuilt, the channels themselves, as `read`: one for each of
        `montage.recorded`.
    """

    name: str
    n_times: int
    read: Callable[[int, int], Signals] = field(repr=False)
    source_sfreq: float = SFREQ
    start: datetime | None = None  # clock time of the first sample
    montage: Montage = ALL
    read_channels: Callable[[int, int], Signals] | None = field(default=None, repr=False)
    ignored: tuple[str, ...] = ()  # channels of the file that are not among the 20
    references: tuple[str, ...] = ()  # as channel names state them: ("A1", "A2") are two
    gaps_s: tuple[tuple[float, float], ...] = ()  # (onset, duration) where nothing was recorded
    annotations: tuple[tuple[float, float, str], ...] = ()  # (onset_s, duration_s, text)
    warnings: tuple[Remark, ...] = ()  # what a user has to know before trusting a result
    age_years: float | None = field(default=None, repr=False)  # of the patient, where it is known

    @cached_property
    def stretches(self) -> Spans:
        """First sample and the one after the last of what lies between long gaps."""
        return stretches(self.gaps_s, self.n_times)

    @property
    def duration_s(self) -> float:
        """Length in seconds, gaps included."""
        return self.n_times / SFREQ

    def signals(self, start_s: float = 0.0, stop_s: float | None = None) -> Signals:
        """Give the piece between two times, shape (20, n_times), µV, NaN outside the recording."""
        start = round(start_s * SFREQ)
        stop = self.n_times if stop_s is None else round(stop_s * SFREQ)
        inner = slice(max(start, 0), min(stop, self.n_times))
        signals = np.full((len(COLUMNS), stop - start), np.nan, np.float32)
        if inner.start < inner.stop:
            signals[:, inner.start - start : inner.stop - start] = self.read(
                inner.start, inner.stop
            )
        return signals

    @property
    def missing(self) -> tuple[str, ...]:
        """Electrodes without a signal."""
        return self.montage.missing

    @property
    def interpolated(self) -> tuple[str, ...]:
        """Electrodes whose signal is estimated from others."""
        return self.montage.interpolated

    @property
    def present(self) -> tuple[str, ...]:
        """Electrodes with a signal, recorded, rebuilt or interpolated."""
        return self.montage.present
