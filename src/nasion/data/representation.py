"""Both representations of a whole EEG, and its ready-made spectrogram where there is one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasion.config import HMS_VIEW, Signal, View
from nasion.eeg.margins import Margins
from nasion.eeg.recording import Signals
from nasion.eeg.spectrogram import Power, cleaned, columns, power, scaled
from nasion.eeg.waveform import waveform
from nasion.terms import CONTEXT_S, SFREQ
from nasion.windowing import Representation, sliced, views_of


def represent(signals: Signals, settings: Signal, margins: Margins | None = None) -> Representation:
    """Waveform and spectrogram columns of a whole EEG of shape (20, n_times), µV at 200 Hz.

    With `margins`, `signals` are what is read for a piece, and the answer is the piece alone.
    """
    pairs, gaps = cleaned(signals)

    def of(view: View) -> Power:
        return columns(pairs, gaps, view, margins) if margins else power(pairs, gaps, view)

    return Representation(
        duration_s=(margins.stop - margins.start if margins else signals.shape[1]) / SFREQ,
        waveform=waveform(signals, settings.waveform, margins),
        columns={
            name: scaled(of(view), settings.spectrogram)
            for name, view in views_of(settings).items()
        },
    )


@dataclass(frozen=True)
class ReadyMade:
    """A ready-made spectrogram of HMS on the network's scale: shape (4, 100, n_columns)."""

    first_time_s: float
    columns: NDArray[np.floating]

    @staticmethod
    def shows(settings: Signal) -> bool:
        """Whether a network's 10-min image is part of one: of the same recipe, and any length."""
        view = settings.spectrogram.context
        same_view = view == HMS_VIEW.model_copy(update={"span_s": view.span_s})
        return same_view and "context" in settings.spectrogram.views

    def image(self, offset_s: float, view: View) -> NDArray[np.float32]:
        """The image about the middle of the 10 min that begin at `offset_s`."""
        start_s = offset_s + (CONTEXT_S - view.span_s) / 2
        first = int(np.ceil((start_s - self.first_time_s) / view.step_s))
        return sliced(self.columns, first, view.n_columns)
