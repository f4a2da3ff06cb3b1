"""Columns of a picture over time: which entries of a longer array each of them shows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]
Array = NDArray[np.float32]


@dataclass(frozen=True)
class Columns:
    """Equal columns from one second to another; pooling never touches more than they show."""

    start_s: float
    stop_s: float
    n: int

    @property
    def width_s(self) -> float:
        """What one column spans."""
        return (self.stop_s - self.start_s) / self.n

    @property
    def _edges_s(self) -> NDArray[np.float64]:
        return np.linspace(self.start_s, self.stop_s, self.n + 1)

    def shared(self, entry_s: float, n_entries: int) -> tuple[Indices, int]:
        """Begin and end of each column's entries, interleaved, and the first entry of all.

        Every entry belongs to one column; columns narrower than an entry show the one at their
        middle. Indices count from the first entry; -1 twice where a column lies outside.
        """
        edges = self._edges_s / entry_s
        if self.width_s < entry_s:
            low = np.floor((edges[:-1] + edges[1:]) / 2).astype(np.int64)
            high = low + 1
        else:
            bounds = np.floor(edges + 1e-9).astype(np.int64)
            low, high = bounds[:-1], bounds[1:]
        return _interleaved(low, high, n_entries)

    def touched(self, entry_s: float, n_entries: int) -> tuple[Indices, int]:
        """As `shared`, but of all entries that a column touches, so that it misses none."""
        edges = self._edges_s / entry_s
        low = np.floor(edges[:-1] + 1e-9).astype(np.int64)
        high = np.maximum(np.ceil(edges[1:] - 1e-9).astype(np.int64), low + 1)
        return _interleaved(low, high, n_entries)


def _interleaved(low: Indices, high: Indices, n_entries: int) -> tuple[Indices, int]:
    low, high = low.clip(0, n_entries), high.clip(0, n_entries)
    filled = high > low
    first = int(low[filled].min()) if filled.any() else 0
    pairs = np.stack([low, high], 1) - first
    pairs[~filled] = -1
    return pairs.ravel(), first


def pooled(
    reduce: np.ufunc, values: NDArray, pairs: Indices, empty: float, dtype: type | None = None
) -> NDArray:
    """Reduce the entries of each column along the last axis; `empty` where it has none.

    Parameters
    ----------
    values
        Entries from the first one that any column shows, shape (..., n).
    pairs
        From `Columns.shared` or `Columns.touched`.
    """
    low, high = pairs[::2], pairs[1::2]
    filled = low >= 0
    result = np.full((*values.shape[:-1], len(low)), empty, dtype or values.dtype)
    if not filled.any():
        return result
    ends = pairs.reshape(-1, 2)[filled].ravel()[:-1]  # the last column ends with the entries
    last = int(high.max())
    values = values[..., :last]
    if ends.max() == last:  # `reduceat` takes no end behind the last entry
        values = np.concatenate([values, values[..., -1:]], -1)
    result[..., filled] = reduce.reduceat(values, ends, axis=-1, dtype=dtype)[..., ::2]
    return result


def summed(values: NDArray, pairs: Indices, dtype: type) -> NDArray:
    """Sum along the first axis; the quick way where entries are long and columns hold few."""
    low, length = pairs[::2], pairs[1::2] - pairs[::2]
    total = np.zeros((len(low), *values.shape[1:]), dtype)
    for place in range(int(length.max(initial=0))):
        longer = np.flatnonzero(length > place)
        total[longer] += values[low[longer] + place]
    return total


def mean(values: NDArray[np.floating], pairs: Indices) -> tuple[Array, Array]:
    """Mean of what is no NaN and the share of entries that are none, shape (..., n_columns)."""
    finite = np.isfinite(values)
    total = pooled(np.add, np.where(finite, values, 0), pairs, 0.0, np.float64)
    count = pooled(np.add, finite, pairs, 0.0, np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        average = (total / count).astype(np.float32)
        share = np.nan_to_num(count / (pairs[1::2] - pairs[::2])).astype(np.float32)
    return average, share


def most(codes: NDArray[np.uint8], pairs: Indices, n_codes: int) -> NDArray[np.uint8]:
    """The commonest of the codes in each column; the lowest where they tie or there is none."""
    marks = codes == np.arange(n_codes)[:, None]
    return pooled(np.add, marks, pairs, 0, np.int64).argmax(0).astype(np.uint8)
