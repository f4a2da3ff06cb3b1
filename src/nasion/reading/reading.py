"""A reading: what the network says of one recording, 2 s by 2 s, and what follows from it.

Step k of a recording is the 2 s from 2k to 2k + 2 s; its probabilities are those of the window of
50 s (and of the 10 min) whose central 10 s are centred on it, from 2k - 4 to 2k + 6 s.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntFlag, StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from nasion.terms import COLUMNS, PATTERNS, STEP_S, Chain, Pattern

if TYPE_CHECKING:
    import mne
    import pandas as pd
    from matplotlib.figure import Figure

Side = Literal["left", "right", "bilateral", ""]


class Fault(IntFlag):
    """What is wrong with an electrode in a step; bits, as several may be."""

    NONE = 0
    MISSING = 1  # not recorded, or a gap
    FLAT = 2
    DISCONNECTED = 4  # lead off: mains and drift, no EEG
    CLIPPED = 8  # at the rail of the amplifier
    LINE = 16  # mains noise
    MUSCLE = 32
    RANGE = 64  # beyond what EEG reaches


class Reason(StrEnum):
    """Why a step was not judged; its place here is its code in `Reading.reason`."""

    JUDGED = ""
    GAP = "nothing recorded"
    ELECTRODES = "too few usable electrodes"
    FLAT = "flat"
    ARTIFACT = "artifact"


REASONS = tuple(Reason)


@dataclass(frozen=True)
class Event:
    """A run of steps of one pattern.

    Parameters
    ----------
    probability, peak
        Mean and highest probability of the pattern over its steps.
    frequency_hz
        Of discharges or cycles; None where nothing repeats or none was measured.
    chains
        Those that show it; empty where that was not told.
    length
        ACNS 2021 word for how long it lasts.
    """

    onset_s: float
    duration_s: float
    pattern: Pattern
    probability: float
    peak: float
    side: Side = ""
    frequency_hz: float | None = None
    chains: tuple[Chain, ...] = ()
    length: str = ""

    @property
    def stop_s(self) -> float:
        """Where it ends."""
        return self.onset_s + self.duration_s


@dataclass(frozen=True)
class Reading:
    """All that was read of one recording, as arrays over its steps.

    Parameters
    ----------
    probability
        (n_steps, 6) float32, rows sum to 1; NaN where not judged.
    reason
        (n_steps,) uint8, places in `REASONS`; 0 where judged.
    quality
        (n_steps, 20) uint8, bits of `Fault` for each of `terms.COLUMNS`.
    model
        What the network says of itself: name, fingerprint, nasion, calibration.
    gaps_s, annotations, missing, interpolated, ignored, warnings
        As of the `Recording`.
    """

    name: str
    duration_s: float
    probability: NDArray[np.float32] = field(repr=False)
    reason: NDArray[np.uint8] = field(repr=False)
    quality: NDArray[np.uint8] = field(repr=False)
    events: tuple[Event, ...] = field(default=(), repr=False)
    start: datetime | None = None
    source_sfreq: float = 200.0
    gaps_s: tuple[tuple[float, float], ...] = ()
    annotations: tuple[tuple[float, float, str], ...] = field(default=(), repr=False)
    missing: tuple[str, ...] = ()
    interpolated: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    model: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse arrays that do not belong together."""
        n_steps = n_steps_of(self.duration_s)
        shapes = (n_steps, len(PATTERNS)), (n_steps,), (n_steps, len(COLUMNS))
        found = self.probability.shape, self.reason.shape, self.quality.shape
        if found != shapes:
            raise ValueError(f"arrays of shapes {found} for {n_steps} steps")

    @property
    def n_steps(self) -> int:
        """Steps of 2 s, the last one perhaps a part of one."""
        return len(self.probability)

    @cached_property
    def judged(self) -> NDArray[np.bool_]:
        """(n_steps,): whether the network's word stands."""
        return self.reason == 0

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

    def to_bids(self, folder: Path) -> Path:
        """Write the events into a BIDS derivative data set; give the events.tsv."""
        from nasion.exports.bids import to_bids

        return to_bids(self, folder)

    def to_edf(self, path: Path) -> None:
        """Write the events as EDF+ annotations without signals."""
        from nasion.exports.annotations import to_edf_annotations

        to_edf_annotations(self, path)

    def save(self, folder: Path) -> None:
        """Write the folder that `nasion read` writes, without display and report."""
        from nasion.exports.folder import save

        save(self, folder)

    def plot(self) -> "Figure":
        """Draw the probabilities over time, the events above them."""
        from nasion.report.plot import plot

        return plot(self)

    def clock(self, at_s: float) -> datetime | None:
        """Clock time of a second of the recording, where the clock is known."""
        return self.start + timedelta(seconds=at_s) if self.start else None


def n_steps_of(duration_s: float) -> int:
    """Steps that cover so many seconds."""
    return int(np.ceil(round(duration_s, 6) / STEP_S))
