"""Windows: the 50 s that a network judges at once, and which part of an EEG each view of them is.

Training, prediction, reading and explanation all come here, so a network is trained on what it is
given later. A window is `N_BLOCKS` blocks of waveform, and by view an image of spectrogram columns
around the same centre. Step k of a reading speaks of the central 10 s of its window, which begin
4 s before the step does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasion.config import Signal, View
from nasion.terms import BLOCK_S, CENTRE_S, HMS_COLUMN_S, READING_STEP_S, SEGMENT_S, SFREQ

Array = NDArray[np.float32]

N_BLOCKS = round(SEGMENT_S / BLOCK_S)  # of a window
CENTRE_FROM_S = (SEGMENT_S - CENTRE_S) / 2  # of a window: where its central 10 s begin
CENTRE_BLOCKS = slice(round(CENTRE_FROM_S / BLOCK_S), round((CENTRE_FROM_S + CENTRE_S) / BLOCK_S))
CENTRE_STEPS = round(CENTRE_S / READING_STEP_S)
BLOCKS_A_STEP = round(READING_STEP_S / BLOCK_S)
BLOCKS_BEFORE = (N_BLOCKS - BLOCKS_A_STEP) // 2  # of a window before its step


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
    """50 s: waveform (18, n_times), images (4, n_freqs, n_columns) by view; NaN where missing."""

    waveform: Array
    images: Mapping[str, Array]


@dataclass(frozen=True)
class Windows:
    """Windows side by side as a network takes them: finite; what is missing is 0 and marked.

    Parameters
    ----------
    waveform
        (n, 18, n_times).
    present
        (n, 25): share of signal in each block.
    images
        By view, (n, 4, n_freqs, n_columns).
    image_present
        By view, (n,): 1 where the window has the view, else 0.
    """

    waveform: Array
    present: Array
    images: Mapping[str, Array]
    image_present: Mapping[str, Array]

    @classmethod
    def of(cls, windows: Sequence[Window], signal: Signal) -> "Windows":
        """Stack windows; they are left as they are."""
        waveform = np.stack([window.waveform for window in windows])
        images = {name: np.stack([w.images[name] for w in windows]) for name in windows[0].images}
        present = share_of_signal(waveform, N_BLOCKS)
        counts = {name: image_present(name, image, signal) for name, image in images.items()}
        for array in (waveform, *images.values()):
            np.nan_to_num(array, copy=False)
        return cls(waveform, present, images, counts)


def block_length(sfreq: float) -> int:
    """Samples of a block of a waveform at this rate."""
    return round(BLOCK_S * sfreq)


def own_blocks(n: int) -> NDArray[np.int64]:
    """Places of the blocks of windows that each have a waveform of their own, (n, 25)."""
    return np.arange(n * N_BLOCKS, dtype=np.int64).reshape(n, N_BLOCKS)


def n_steps_of(duration_s: float) -> int:
    """Steps of a reading that cover so many seconds."""
    return int(np.ceil(round(duration_s, 6) / READING_STEP_S))


def step_at(at_s: float, n_steps: int) -> int:
    """The step that a time of a reading of `n_steps` lies in; the nearest one outside of it."""
    return min(max(int(at_s // READING_STEP_S), 0), n_steps - 1)


def step_start_s(step: int) -> float:
    """Where the window of a step of a reading begins."""
    return step * READING_STEP_S - BLOCKS_BEFORE * BLOCK_S


def centre_start_s(step: int) -> float:
    """Where the 10 s begin that a step speaks of."""
    return step_start_s(step) + CENTRE_FROM_S


def step_of_centre(start_s: float) -> int:
    """The step that speaks of the 10 s that begin there."""
    return round((start_s - centre_start_s(0)) / READING_STEP_S)


def label_start_s(offset_s: float, duration_s: float) -> float:
    """Where the window of a label begins; an EEG shorter than that is the middle of it."""
    return offset_s if duration_s >= SEGMENT_S else (duration_s - SEGMENT_S) / 2


def views_of(signal: Signal) -> dict[str, View]:
    """The images that a network takes, by name."""
    return {name: getattr(signal.spectrogram, name) for name in signal.spectrogram.views}


def first_column(view: View, start_s: float) -> int:
    """Index of the first column whose window's centre is not before `start_s`."""
    return int(np.ceil((start_s - view.window_s / 2) / view.step_s))


def n_columns_within(view: View, duration_s: float) -> int:
    """Columns whose windows lie within an EEG of so many seconds."""
    spare = round((duration_s - view.window_s) * SFREQ)
    return max(spare // round(view.step_s * SFREQ) + 1, 0)


def image_start_s(view: View, window_start_s: float) -> float:
    """Where the image of a view begins; its middle is that of the window."""
    return window_start_s + (SEGMENT_S - view.span_s) / 2


def reach_s(signal: Signal) -> tuple[float, float]:
    """Begin and end of what a window shows, counted from its begin, and its images included.

    Whole columns of HMS lie before the window, so that columns of what is cut from there on stand
    as those of a data set.
    """
    begin_s, end_s = 0.0, SEGMENT_S
    for view in views_of(signal).values():
        first = first_column(view, image_start_s(view, 0.0))
        begin_s = min(begin_s, first * view.step_s)
        end_s = max(end_s, (first + view.n_columns - 1) * view.step_s + view.window_s)
    return float(np.floor(begin_s / HMS_COLUMN_S) * HMS_COLUMN_S), end_s


def cut(
    representation: Representation,
    signal: Signal,
    offset_s: float,
    *,
    shift: int = 0,
    context: Array | None = None,
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
    start_s = label_start_s(offset_s, representation.duration_s)
    return cut_at(representation, signal, start_s, shift=shift, context=context)


def cut_at(
    representation: Representation,
    signal: Signal,
    start_s: float,
    *,
    shift: int = 0,
    context: Array | None = None,
) -> Window:
    """Cut the window that begins at a time of the EEG, before its begin too; else as `cut`."""
    sfreq = signal.waveform.sfreq
    images: dict[str, Array] = {}
    for name, view in views_of(signal).items():
        if name == "context" and context is not None:
            images[name] = context
            continue
        image_s = image_start_s(view, start_s)
        if name != "context":
            image_s += round(shift / sfreq / view.step_s) * view.step_s
        first = first_column(view, image_s)
        images[name] = sliced(representation.columns[name], first, view.n_columns)
    first = round(start_s * sfreq) + shift
    return Window(sliced(representation.waveform, first, round(SEGMENT_S * sfreq)), images)


def sliced(array: NDArray[np.floating], first: int, length: int) -> Array:
    """Copy `first` to before `first + length` of the last axis; NaN stands outside the array."""
    return joined([(0, array)], first, length)


def joined(parts: Sequence[tuple[int, NDArray[np.floating]]], first: int, length: int) -> Array:
    """Copy as `sliced` out of several arrays, each with the place that it begins at."""
    _, array = parts[0]
    result = np.full((*array.shape[:-1], length), np.nan, np.float32)
    for begin, array in parts:
        low, high = max(begin, first), min(begin + array.shape[-1], first + length)
        if low < high:
            result[..., low - first : high - first] = array[..., low - begin : high - begin]
    return result


def share_of_signal(waveform: Array, n_blocks: int) -> Array:
    """Of each block the part that is not NaN: (..., 18, n_times) -> (..., n_blocks)."""
    blocks = np.isfinite(waveform).reshape(*waveform.shape[:-1], n_blocks, -1)
    return blocks.mean((-3, -1), dtype=np.float32)


def image_present(name: str, images: Array, signal: Signal) -> Array:
    """Whether images of a view count: (n, 4, n_freqs, n_columns), NaN where missing -> (n,).

    The shortest view counts with any column, a longer one with half of its columns: below that it
    shows little that the shorter does not.
    """
    views = views_of(signal)
    shortest = min(views, key=lambda view: views[view].span_s)
    columns = np.isfinite(images).any((1, 2)).sum(1)
    least_columns = 1 if name == shortest else images.shape[-1] / 2
    return np.asarray(columns >= least_columns, np.float32)
