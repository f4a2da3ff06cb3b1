"""Windows of steps: what the network is given for each, out of a strip without copying twice.

Waveform and images are made once for a strip; windows only point into them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from nasion.config import Signal, View
from nasion.reading.stream import Strip
from nasion.terms import READING_STEP_S
from nasion.windowing import (
    BLOCKS_A_STEP,
    BLOCKS_BEFORE,
    N_BLOCKS,
    first_column,
    image_present,
    image_start_s,
    own_blocks,
    share_of_signal,
    step_start_s,
    views_of,
)

CONTEXT_EVERY = 15  # steps between two evaluations of the 10-min image

Array = NDArray[np.float32]


@dataclass(frozen=True)
class StepWindows:
    """Inputs of the network for some steps, in the words of `network.Network.run`."""

    waveform: Array
    window_blocks: NDArray[np.int64]
    present: Array
    images: Mapping[str, Array]
    image_of: Mapping[str, NDArray[np.int64]]
    image_present: Mapping[str, Array]

    def apart(self, block_length: int) -> "StepWindows":
        """Each window with a waveform of its own, for networks that look at whole windows."""
        n, n_derivations = len(self.window_blocks), self.waveform.shape[1]
        blocks = self.waveform[0].reshape(n_derivations, -1, block_length)
        waveforms = blocks[:, self.window_blocks].transpose(1, 0, 2, 3)
        return replace(
            self,
            waveform=np.ascontiguousarray(waveforms.reshape(n, n_derivations, -1)),
            window_blocks=own_blocks(n),
        )


def reach(signal: Signal, context_every: int = CONTEXT_EVERY) -> tuple[int, int]:
    """How many steps before and behind the begin of a step its window looks at."""
    before = -(-BLOCKS_BEFORE // BLOCKS_A_STEP)
    after = -(-(N_BLOCKS - BLOCKS_BEFORE) // BLOCKS_A_STEP)
    for name, view in views_of(signal).items():
        first, per_step = _first_column(view), _per_step(view)
        latest = context_every // 2 + 1 if name == "context" else 0
        before = max(before, latest - first // per_step)
        after = max(after, latest - (-(first + view.n_columns) // per_step))
    return before, after


def _per_step(view: View) -> int:
    """Columns of a view a step."""
    return round(READING_STEP_S / view.step_s)


def _first_column(view: View) -> int:
    """Column of step 0's image, counted from the column that begins with step 0."""
    return first_column(view, image_start_s(view, step_start_s(0)))


def windows_of(
    strip: Strip,
    signal: Signal,
    steps: Sequence[int] | NDArray[np.int64],
    context_every: int = CONTEXT_EVERY,
    last: int | None = None,
) -> StepWindows:
    """The windows of steps of a recording, all of which the strip must reach around.

    Parameters
    ----------
    context_every
        The 10-min image is that of the nearest step of this grid; 1 gives each its own.
    last
        Last step of the recording: a place of the grid behind it would see less than the steps
        that share it.
    """
    at = np.asarray(steps, np.int64)
    share = share_of_signal(strip.waveform, (strip.stop - strip.first) * BLOCKS_A_STEP)
    first_blocks = (at - strip.first) * BLOCKS_A_STEP - BLOCKS_BEFORE
    window_blocks = first_blocks[:, None] + np.arange(N_BLOCKS)
    images: dict[str, Array] = {}
    image_of: dict[str, NDArray[np.int64]] = {}
    counts: dict[str, Array] = {}
    for name, view in views_of(signal).items():
        stride = context_every if name == "context" else 1
        nearest = (at + stride // 2) // stride * stride
        if last is not None:
            nearest = np.minimum(nearest, last)
        columns, image_of[name] = np.unique(nearest, return_inverse=True)
        cut = _images(strip.columns[name], view, columns - strip.first)
        counts[name] = image_present(name, cut, signal)[image_of[name]]
        images[name] = np.nan_to_num(cut, copy=False)
    return StepWindows(
        waveform=np.nan_to_num(strip.waveform)[None],
        window_blocks=window_blocks,
        present=share[window_blocks],
        images=images,
        image_of=image_of,
        image_present=counts,
    )


def _images(columns: Array, view: View, steps: NDArray[np.int64]) -> Array:
    """Images of steps counted from the first column: (steps, 4, n_freqs, n_columns), contiguous."""
    first = steps * _per_step(view) + _first_column(view)
    sliding = sliding_window_view(columns, view.n_columns, axis=2)
    return np.ascontiguousarray(sliding[:, :, first].transpose(2, 0, 1, 3))
