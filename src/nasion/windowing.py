"""Windows: the 50 s that a network judges at once, and which part of an EEG each view of them is.

Training, prediction, reading and explanation all come here, so a network is trained on what it is
given later. A window is `N_BLOCKS` blocks of waveform, and by view an image of spectrogram columns
around the same centre.
"""

import numpy as np
from numpy.typing import NDArray

from nasion.config import Signal, View
from nasion.terms import BLOCK_S, READING_STEP_S, SEGMENT_S

Array = NDArray[np.float32]

N_BLOCKS = round(SEGMENT_S / BLOCK_S)  # of a window


def n_steps_of(duration_s: float) -> int:
    """Steps of a reading that cover so many seconds."""
    return int(np.ceil(round(duration_s, 6) / READING_STEP_S))


def views_of(signal: Signal) -> dict[str, View]:
    """The images that a network takes, by name."""
    return {name: getattr(signal.spectrogram, name) for name in signal.spectrogram.views}


def first_column(view: View, start_s: float) -> int:
    """Index of the first column whose window's centre is not before `start_s`."""
    return int(np.ceil((start_s - view.window_s / 2) / view.step_s))
