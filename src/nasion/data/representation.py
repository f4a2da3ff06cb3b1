"""Both representations of a whole EEG, and its ready-made spectrogram where there is one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasion.config import Signal, View
from nasion.eeg.margins import Margins
from nasion.eeg.recording import Signals
from nasion.eeg.spectrogram import Power, cleaned, columns, power, scaled
from nasion.eeg.waveform import waveform
from nasion.terms import SFREQ
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
    """A ready-made spectrogram on the network's scale: shape (4, 100, n_columns), 2 s apart."""

    first_time_s: float
    columns: NDArray[np.floating]

    def image(self, offset_s: float, view: View) -> NDArray[np.float32]:
        """The image of the columns at `offset_s` and later."""
        first = int(np.ceil((offset_s - self.first_time_s) / view.step_s))
        return sliced(self.columns, first, view.n_columns)
