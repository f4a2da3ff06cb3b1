"""A stretch: the part of a recording through which something lasts."""

import numpy as np
from numpy.typing import NDArray

from nasion.terms import SFREQ

Array = NDArray[np.float32]


def stretch(rng: np.random.Generator, n_times: int, shortest_s: float, longest_s: float) -> slice:
    """Draw one within `n_times` samples."""
    length = min(int(rng.uniform(shortest_s, longest_s) * SFREQ), n_times)
    start = int(rng.integers(0, max(n_times - length, 0) + 1))
    return slice(start, start + length)


def whole_or_stretch(
    rng: np.random.Generator, n_times: int, whole_share: float, shortest_s: float, longest_s: float
) -> slice:
    """Draw all of the recording, in a share of cases, or a stretch of it."""
    if rng.random() < whole_share:
        return slice(0, n_times)
    return stretch(rng, n_times, shortest_s, longest_s)


def taper(n: int) -> Array:
    """1 with soft ends, shape (n,)."""
    edge = np.minimum(np.arange(n), np.arange(n)[::-1]) / (0.15 * n + 1)
    return np.asarray(np.clip(edge, 0, 1), np.float32)
