"""Augmentation of one window; every random number comes from the generator given."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from nasion.config import Augment, Signal
from nasion.terms import CENTRE_S, MIRRORED_DERIVATIONS, SEGMENT_S
from nasion.windowing import (
    Window,
    first_column,
    image_start_s,
    label_start_s,
    n_columns_within,
    sliced,
    views_of,
)

Array = NDArray[np.float32]
Images = dict[str, Array]


def mirror(window: Window) -> Window:
    """Swap left and right electrodes; twice is the original."""
    return Window(
        window.waveform[MIRRORED_DERIVATIONS],
        {name: np.ascontiguousarray(image[::-1]) for name, image in window.images.items()},
    )


def draw_shift(rng: Generator, augment: Augment, settings: Signal) -> int:
    """Samples by which to cut the window later (or, negative, earlier)."""
    largest = int(augment.shift_s * settings.waveform.sfreq)
    return int(rng.integers(-largest, largest + 1))


def augmented(window: Window, rng: Generator, augment: Augment, settings: Signal) -> Window:
    """Mirror, amplitude, lost derivations and stripes, each by its chance."""
    if rng.random() < augment.mirror:
        window = mirror(window)
    if augment.amplitude:
        window = amplified(window, float(rng.normal(0.0, augment.amplitude)), settings)
    dropped = rng.random(len(window.waveform)) < augment.drop_channel
    if dropped.any() and not dropped.all():
        waveform = window.waveform.copy()
        waveform[dropped] = np.nan
        window = replace(window, waveform=waveform)
    if rng.random() < augment.mask:
        window = replace(window, images={n: _striped(i, rng) for n, i in window.images.items()})
    return window


def amplified(window: Window, log_gain: float, settings: Signal) -> Window:
    """Scale the signal by exp(log_gain), in both representations alike.

    Power grows with the square; a mu-law waveform is left as it is.
    """
    linear = settings.waveform.quantise == "none"
    step = np.float32(2 * log_gain / settings.spectrogram.log_scale)
    return Window(
        window.waveform * np.float32(np.exp(log_gain)) if linear else window.waveform,
        {name: image + step for name, image in window.images.items()},
    )


def narrowed(window: Window, settings: Signal, span_s: float) -> Window:
    """As if the EEG were just `span_s` around the label: all else is missing."""
    begin_s, sfreq = label_start_s(0.0, span_s), settings.waveform.sfreq
    waveform = _only(window.waveform, -round(begin_s * sfreq), round(span_s * sfreq))
    views = views_of(settings)
    images: Images = {}
    for name, image in window.images.items():
        first = first_column(views[name], image_start_s(views[name], begin_s))
        n_columns = 0 if name == "context" else n_columns_within(views[name], span_s)
        images[name] = _only(image, -first, n_columns)
    return Window(waveform, images)


def _only(array: Array, first: int, length: int) -> Array:
    """All but some entries of the last axis missing."""
    return sliced(sliced(array, first, length), -first, array.shape[-1])


def draw_span_s(rng: Generator) -> float:
    """Length of what a narrowed window keeps: the labelled 10 s, or up to 50 s."""
    if rng.random() < 0.6:
        return CENTRE_S
    return CENTRE_S + 4.0 * int(rng.integers(round((SEGMENT_S - CENTRE_S) / 4) + 1))


def _striped(image: Array, rng: Generator) -> Array:
    image = image.copy()
    for axis in (1, 2):
        size = image.shape[axis]
        width = int(rng.integers(1, max(2, size // 6)))
        first = int(rng.integers(0, size - width + 1))
        np.moveaxis(image, axis, 0)[first : first + width] = np.nan
    return image


def mixed(window: Window, other: Window, share: float | np.float32) -> Window:
    """Mixup: `share` of one and the rest of the other.

    Where the smaller share is missing the larger stays as it is, so that a short EEG does not take
    the context off a long one; where the larger is missing nothing is.
    """

    def mix(a: Array, b: Array) -> Array:
        total = np.float32(share) * a + np.float32(1 - share) * b
        larger, smaller = (a, b) if share >= 0.5 else (b, a)
        return np.where(np.isnan(smaller), larger, total)

    return Window(
        mix(window.waveform, other.waveform),
        {name: mix(image, other.images[name]) for name, image in window.images.items()},
    )
