"""The stream: a recording as pieces of whole steps, in both representations, whatever its length.

Every piece is made by itself from the signal around it, so pieces may be made side by side, and
are the same however long they are chosen.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nasion.config import HMS_VIEW, Signal
from nasion.eeg.margins import Margins
from nasion.eeg.recording import Recording, Signals
from nasion.eeg.spectrogram import cleaned, columns, scaled
from nasion.eeg.stretches import blocks, pieces, recorded
from nasion.eeg.waveform import waveform
from nasion.signal.quality import MARGIN_STEPS
from nasion.signal.recorded import recorded_faults
from nasion.terms import HMS_COLUMN_S, READING_STEP_S, SFREQ
from nasion.windowing import joined, n_steps_of, views_of

STEP = round(READING_STEP_S * SFREQ)  # samples of a step at 200 Hz
LEAST_POWER = 1e-4  # µV²/Hz, -40 dB: below it nothing is shown

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Piece:
    """Consecutive steps of a recording; NaN where there is no signal, also behind its end.

    Parameters
    ----------
    first
        Step of the recording that it begins with.
    signals
        (20, n_steps * 400), µV at 200 Hz; let go of where nobody looks at them any more.
    waveform
        (18, n_steps * block_length) on the network's scale.
    columns
        By view, (4, n_freqs, n_steps * columns a step) on the network's scale; the windows of a
        step's columns begin in it.
    spectrum
        (4, 100, n_steps), dB of 1 µV²/Hz, 0.59 to 19.92 Hz: of the 4 s that begin with each step;
        chains as `terms.SPECTROGRAM_CHAINS`.
    faults
        (n_steps, 20), bits of `reading.Fault`.
    """

    first: int
    signals: Signals
    faults: NDArray[np.uint8]
    waveform: Array
    columns: Mapping[str, Array]
    spectrum: Array

    @property
    def n_steps(self) -> int:
        """How many steps it holds."""
        return len(self.faults)

    @property
    def stop(self) -> int:
        """The step after its last one."""
        return self.first + self.n_steps


def spans(recording: Recording, signal: Signal, length: int) -> Iterator[tuple[int, int]]:
    """First step and the one after the last of pieces of at most `length` steps, in order.

    Steps deep in a long gap are in none of them: of these it is known that all of it is missing.
    """
    around = MARGIN_STEPS * STEP
    before = max(round(_longest_window_s(signal) * SFREQ), around)
    n_steps = n_steps_of(recording.duration_s)
    runs = blocks(recording.stretches, STEP, before, around)
    return pieces(((first, min(stop, n_steps)) for first, stop in runs), length)


def _longest_window_s(signal: Signal) -> float:
    return max(view.window_s for view in (HMS_VIEW, *views_of(signal).values()))


def piece_of(recording: Recording, signal: Signal, first: int, stop: int) -> Piece:
    """The steps from `first` to before `stop`; memory grows with their number alone."""
    views = views_of(signal)
    margins = Margins.around(
        first * STEP,
        stop * STEP,
        recording.n_times,
        window_s=_longest_window_s(signal),
    )
    signals = recording.read(margins.first, margins.last)
    pairs, gaps = cleaned(signals)
    power = columns(pairs, gaps, HMS_VIEW, margins)
    return Piece(
        first=first,
        signals=np.ascontiguousarray(margins.cut(signals)),
        faults=_faults(signals, recording, margins),
        waveform=np.ascontiguousarray(waveform(signals, signal.waveform, margins)),
        columns={
            name: scaled(
                power if view == HMS_VIEW else columns(pairs, gaps, view, margins),
                signal.spectrogram,
            )
            for name, view in views.items()
        },
        spectrum=_decibels(power[..., :: round(READING_STEP_S / HMS_COLUMN_S)]),
    )


def lost_in(piece: Piece, recording: Recording) -> NDArray[np.int64]:
    """Count the samples of each row without a value that no gap explains, shape (20,)."""
    first = piece.first * STEP
    stop = min(piece.stop * STEP, recording.n_times)
    absent = np.isnan(piece.signals[:, : stop - first])
    return np.asarray((absent & recorded(recording.gaps_s, first, stop)).sum(axis=1))


def _decibels(power: Array) -> Array:
    return (10 * np.log10(np.maximum(power, LEAST_POWER))).astype(np.float32)


def _faults(signals: Signals, recording: Recording, margins: Margins) -> NDArray[np.uint8]:
    """Of the steps of the piece, which depend on those beside them."""
    before, after = min(MARGIN_STEPS, margins.start // STEP), MARGIN_STEPS
    wider = replace(margins, start=margins.start - before * STEP, stop=margins.stop + after * STEP)
    channels = recording.read_channels and recording.read_channels(margins.first, margins.last)
    bits = recorded_faults(
        recording, wider.cut(signals), None if channels is None else wider.cut(channels)
    )
    return bits[before:-after]


@dataclass(frozen=True)
class Strip:
    """Joined pieces: what the windows of some steps look at, from `first` to before `stop`."""

    first: int
    stop: int
    waveform: Array
    columns: Mapping[str, Array]

    @classmethod
    def around(cls, pieces: Sequence[Piece], first: int, stop: int) -> "Strip":
        """Of pieces in order the steps from `first` to `stop`; NaN where there is no piece."""

        def strip(arrays: Sequence[Array]) -> Array:
            width = arrays[0].shape[-1] // pieces[0].n_steps
            parts = [(p.first * width, array) for p, array in zip(pieces, arrays, strict=True)]
            return joined(parts, first * width, (stop - first) * width)

        return cls(
            first,
            stop,
            waveform=strip([piece.waveform for piece in pieces]),
            columns={n: strip([piece.columns[n] for piece in pieces]) for n in pieces[0].columns},
        )
