"""Windows: what the network is given for each step, taken out of a strip without copying twice.

The window of step k is the 50 s from 2k - 24 to 2k + 26 s, whose central 10 s are centred on the
step. Waveform and images are made once for a strip; windows only point into them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from nasion.config import Signal, View
from nasion.reading.stream import Strip
from nasion.terms import CONTEXT_S, READING_STEP_S, SEGMENT_S
from nasion.windowing import N_BLOCKS, first_column, views_of

BEFORE = N_BLOCKS // 2  # blocks of a window before its step
CONTEXT_EVERY = 15  # steps between two evaluations of the 10-min image

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Windows:
    """Inputs of the network for some steps, in the words of `network.Network.run`."""

    waveform: Array
    window_blocks: NDArray[np.int64]
    present: Array
    images: Mapping[str, Array]
    image_of: Mapping[str, NDArray[np.int64]]
    image_present: Mapping[str, Array]

    def apart(self, block_length: int) -> "Windows":
        """Each window with a waveform of its own, for networks that look at whole windows."""
        n, n_derivations = len(self.window_blocks), self.waveform.shape[1]
        blocks = self.waveform[0].reshape(n_derivations, -1, block_length)
        own = blocks[:, self.window_blocks].transpose(1, 0, 2, 3)
        return replace(
            self,
            waveform=np.ascontiguousarray(own.reshape(n, n_derivations, -1)),
            window_blocks=np.arange(n * N_BLOCKS).reshape(n, N_BLOCKS),
        )


def reach(signal: Signal, context_every: int = CONTEXT_EVERY) -> tuple[int, int]:
    """How many steps before and behind a step its window looks at."""
    before, behind = BEFORE, N_BLOCKS - BEFORE
    for name, view in views_of(signal).items():
        first, n_steps = _place(view, name)
        late = context_every // 2 + 1 if name == "context" else 0
        before, behind = max(before, late - first), max(behind, first + n_steps + late)
    return before, behind


def _place(view: View, name: str) -> tuple[int, int]:
    """First step of a view's columns beside the step it belongs to, and how many steps it spans."""
    per_step = round(READING_STEP_S / view.step_s)
    first = _first_column(view, name)
    start = first // per_step
    return start, -(-(first + view.n_columns) // per_step) - start


def _first_column(view: View, name: str) -> int:
    """Column of step 0's image, counted from the column that begins with step 0."""
    window_start_s = -BEFORE * READING_STEP_S
    span_s = CONTEXT_S if name == "context" else view.span_s
    return first_column(view, window_start_s + (SEGMENT_S - span_s) / 2)


def windows_of(
    strip: Strip,
    signal: Signal,
    steps: Sequence[int] | NDArray[np.int64],
    context_every: int = CONTEXT_EVERY,
    last: int | None = None,
) -> Windows:
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
    blocks = strip.waveform.reshape(len(strip.waveform), strip.stop - strip.first, -1)
    share = np.isfinite(blocks).mean((0, 2), dtype=np.float32)
    window_blocks = at[:, None] - BEFORE - strip.first + np.arange(N_BLOCKS)
    images: dict[str, Array] = {}
    image_of: dict[str, NDArray[np.int64]] = {}
    image_present: dict[str, Array] = {}
    views = views_of(signal)
    shortest = min(views, key=lambda name: views[name].span_s)
    for name, view in views.items():
        every = context_every if name == "context" else 1
        nearest = (at + every // 2) // every * every
        if last is not None:
            nearest = np.minimum(nearest, last)
        chosen, image_of[name] = np.unique(nearest, return_inverse=True)
        cut = _images(strip, view, name, chosen)
        columns = np.isfinite(cut).any((1, 2)).sum(1)
        least = 1 if name == shortest else view.n_columns / 2
        image_present[name] = (columns >= least).astype(np.float32)[image_of[name]]
        images[name] = np.nan_to_num(cut, copy=False)
    return Windows(
        waveform=np.nan_to_num(strip.waveform)[None],
        window_blocks=window_blocks,
        present=share[window_blocks],
        images=images,
        image_of=image_of,
        image_present=image_present,
    )


def _images(strip: Strip, view: View, name: str, steps: NDArray[np.int64]) -> Array:
    """(steps, 4, n_freqs, n_columns), contiguous."""
    per_step = round(READING_STEP_S / view.step_s)
    first = (steps - strip.first) * per_step + _first_column(view, name)
    sliding = sliding_window_view(strip.columns[name], view.n_columns, axis=2)
    return np.ascontiguousarray(sliding[:, :, first].transpose(2, 0, 1, 3))
