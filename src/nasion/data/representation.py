"""Both representations of a whole EEG, and its ready-made spectrogram where there is one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasion.config import Signal, View
from nasion.eeg.recording import Signals
from nasion.eeg.spectrogram import cleaned, power, scaled
from nasion.eeg.waveform import waveform
from nasion.terms import SFREQ
from nasion.windowing import Representation, sliced, views_of


def represent(signals: Signals, settings: Signal) -> Representation:
    """Waveform and spectrogram columns of a whole EEG of shape (20, n_times), µV at 200 Hz."""
    pairs, gaps = cleaned(signals)
    return Representation(
        duration_s=signals.shape[1] / SFREQ,
        waveform=waveform(signals, settings.waveform),
        columns={
            name: scaled(power(pairs, gaps, view), settings.spectrogram)
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
