"""Both representations of one EEG, computed once, and windows cut out of them.

Training, prediction and the array store all come through here, so a network never sees a signal
that was made in another way.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasion.config import Signal, View
from nasion.eeg.recording import Signals
from nasion.eeg.spectrogram import cleaned, power, scaled
from nasion.eeg.waveform import waveform
from nasion.terms import CONTEXT_S, SEGMENT_S, SFREQ
from nasion.windowing import first_column


@dataclass(frozen=True)
class Representation:
    """What is known of one EEG.

    `waveform` has shape (18, n_times) at the waveform's rate, each of `columns` shape
    (4, n_freqs, n_columns) on the network's scale; NaN where there is no signal.
    """

    duration_s: float
    waveform: NDArray[np.floating]
    columns: Mapping[str, NDArray[np.floating]]


@dataclass(frozen=True)
class Window:
    """The 50 s around one label: waveform (18, n_times), images (4, n_freqs, n_columns) by view."""

    waveform: NDArray[np.float32]
    images: Mapping[str, NDArray[np.float32]]


def represent(signals: Signals, settings: Signal) -> Representation:
    """Waveform and spectrogram columns of a whole EEG of shape (20, n_times), µV at 200 Hz."""
    pairs, gaps = cleaned(signals)
    spectrogram = settings.spectrogram
    return Representation(
        duration_s=signals.shape[1] / SFREQ,
        waveform=waveform(signals, settings.waveform),
        columns={
            name: scaled(power(pairs, gaps, view_of(settings, name)), spectrogram)
            for name in spectrogram.views
        },
    )


def view_of(settings: Signal, name: str) -> View:
    """Settings of the view called `name`."""
    return getattr(settings.spectrogram, name)


def window_start_s(offset_s: float, duration_s: float) -> float:
    """Where the 50 s of a label begin; an EEG shorter than that is the middle of them."""
    return offset_s if duration_s >= SEGMENT_S else (duration_s - SEGMENT_S) / 2


def cut(
    whole: Representation,
    settings: Signal,
    offset_s: float,
    *,
    shift: int = 0,
    context: NDArray[np.float32] | None = None,
) -> Window:
    """Cut the window of a label.

    Parameters
    ----------
    offset_s
        Start of the labelled 50 s within the EEG.
    shift
        Samples by which the waveform is cut later; the finer images follow by whole columns.
    context
        The 10-min image where a ready-made one exists; computed from the EEG otherwise.
    """
    start_s = window_start_s(offset_s, whole.duration_s)
    sfreq = settings.waveform.sfreq
    images: dict[str, NDArray[np.float32]] = {}
    for name in settings.spectrogram.views:
        view = view_of(settings, name)
        if name == "context":
            view_start_s = start_s + (SEGMENT_S - CONTEXT_S) / 2
        else:
            view_start_s = start_s + (SEGMENT_S - view.span_s) / 2
            view_start_s += round(shift / sfreq / view.step_s) * view.step_s
        if name == "context" and context is not None:
            images[name] = context
        else:
            first = first_column(view, view_start_s)
            images[name] = _slice(whole.columns[name], first, view.n_columns)
    first = round(start_s * sfreq) + shift
    return Window(_slice(whole.waveform, first, round(SEGMENT_S * sfreq)), images)


def _slice(array: NDArray[np.floating], first: int, length: int) -> NDArray[np.float32]:
    """Columns first .. first + length of the last axis; NaN outside the array."""
    result = np.full((*array.shape[:-1], length), np.nan, np.float32)
    start, stop = max(first, 0), min(first + length, array.shape[-1])
    if start < stop:
        result[..., start - first : stop - first] = array[..., start:stop]
    return result


@dataclass(frozen=True)
class ReadyMade:
    """A ready-made spectrogram on the network's scale: shape (4, 100, n_columns), 2 s apart."""

    first_time_s: float
    columns: NDArray[np.floating]

    def image(self, offset_s: float, view: View) -> NDArray[np.float32]:
        """The image of the columns at `offset_s` and later."""
        first = int(np.ceil((offset_s - self.first_time_s) / view.step_s))
        return _slice(self.columns, first, view.n_columns)
