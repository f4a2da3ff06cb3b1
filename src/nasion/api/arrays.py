"""Arrays of EEG as recordings: checked, and what has to be known of them said as warnings."""

import warnings
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from nasion.accuracy import Table, trust
from nasion.eeg.array import open_array
from nasion.eeg.assembly import assembled
from nasion.eeg.channels import usable
from nasion.eeg.recording import Recording
from nasion.errors import NasionError
from nasion.terms import CENTRE_S, SEGMENT_S

LEAST_UV = 0.01  # the largest value of EEG in microvolts is not below it, that in volts is


def recordings_of(
    arrays: NDArray[np.floating], sfreq: float, ch_names: Sequence[str], table: Table | None = None
) -> Iterator[Recording]:
    """Give each of (n, n_chans, n_times), µV, as a recording; each kind of remark is warned once.

    Parameters
    ----------
    table
        What was measured of a model on montages; None where none is asked.

    Raises
    ------
    NasionError
        Where shape, length, names or unit do not fit.
    """
    issued = set()
    for signals in arrays:
        source = open_array(signals, sfreq, ch_names)
        if not CENTRE_S <= round(source.duration_s, 3) <= SEGMENT_S:
            raise NasionError(
                f"array of {source.duration_s:g} s: predict takes {CENTRE_S:g} to {SEGMENT_S:g} s;"
                " longer EEG is read with model.read"
            )
        largest = np.nanmax(np.abs(signals), initial=0.0)
        if 0 < largest < LEAST_UV:
            raise NasionError(
                f"array: no value is above {largest:.2g} µV; this looks like volts, multiply by 1e6"
            )
        recording = assembled(usable(source, "uV"), "uV")
        for text in _remarks(recording, table):
            if text not in issued:
                warnings.warn(text, stacklevel=4)
            issued.add(text)
        yield recording


def _remarks(recording: Recording, table: Table | None) -> Iterator[str]:
    untold = {} if table is None else trust(recording.montage, table).untold
    if untold:
        labels = ", ".join(pattern.label for pattern in untold)
        yield f"these channels can't tell {labels}: {'; '.join(dict.fromkeys(untold.values()))}"
    for names, fate in (recording.interpolated, "interpolated"), (recording.missing, "missing"):
        if names:
            yield f"not among ch_names and {fate}: {', '.join(names)}"
    yield from map(str, recording.warnings)
