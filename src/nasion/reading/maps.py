"""Why: the maps of one step's window, for every pattern, without autograd."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasion.eeg.recording import Recording
from nasion.network import Network
from nasion.reading.stream import Piece, Strip, piece_of
from nasion.reading.windows import reach, windows_of
from nasion.terms import PATTERNS, SEGMENT_S, Pattern
from nasion.windowing import n_steps_of, step_start_s

SHARED_STEPS = 60  # of pieces that are cut once for many windows

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Why:
    """Class-activation maps of a step's window of 50 s.

    Parameters
    ----------
    probability
        (6,), calibrated; with the 10-min image of the step itself.
    over_time
        (6, n_times) at the rate of the waveform, raw Grad-CAM of each pattern's logit; 0 where the
        network does not look. None where the model has no such map.
    images
        By view, (6, height, width) on the grid of the feature maps.
    """

    step: int
    probability: Array
    over_time: Array | None
    images: Mapping[str, Array]

    @property
    def start_s(self) -> float:
        """Where the 50 s begin."""
        return step_start_s(self.step)

    def page(self, pattern: Pattern, start_s: float, duration_s: float) -> Array | None:
        """The map of a pattern over a part of the 50 s; 0 outside them."""
        if self.over_time is None:
            return None
        trace = self.over_time[PATTERNS.index(pattern)]
        sfreq = len(trace) / SEGMENT_S
        first, length = round((start_s - self.start_s) * sfreq), round(duration_s * sfreq)
        padded = np.pad(trace, (max(-first, 0), max(first + length - len(trace), 0)))
        return padded[max(first, 0) :][:length]


def why(
    recording: Recording,
    network: Network,
    step: int,
    cut: Callable[[int, int], Piece] | None = None,
) -> Why:
    """Explain the window of a step of a recording.

    Parameters
    ----------
    cut
        Gives the piece from one step to before another; who keeps those pieces spares most of the
        work for windows beside each other, which share them.
    """
    before, after = reach(network.signal, 1)
    n_steps = n_steps_of(recording.duration_s)
    first, stop = max(step - before, 0), min(step + after, n_steps)
    if cut is None:
        pieces = [piece_of(recording, network.signal, first, stop)]
    else:
        begins = range(first // SHARED_STEPS * SHARED_STEPS, stop, SHARED_STEPS)
        pieces = [cut(begin, min(begin + SHARED_STEPS, n_steps)) for begin in begins]
    strip = Strip.around(pieces, step - before, step + after)
    windows = windows_of(strip, network.signal, [step], 1)
    if not network.dense:
        windows = windows.apart(network.block_length)
    output = network.run(**vars(windows), explain=[0])
    return Why(
        step=step,
        probability=output.probability[0],
        over_time=None if output.waveform_map is None else output.waveform_map[0],
        images={name: values[0] for name, values in output.image_maps.items()},
    )
