"""Blocks: which minutes of a recording a display holds; the others lie in long gaps."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Blocks:
    """Runs of blocks that stand one after the other in each array of a display.

    Parameters
    ----------
    n
        Of the recording, gaps included.
    runs
        First block of each run and the one after its last, in order.
    """

    n: int
    runs: tuple[tuple[int, int], ...]

    @classmethod
    def listed(cls, n: int, listed: Any) -> "Blocks":
        """Of what an index.json lists; all of them where it lists none. ValueError if damaged."""
        runs = ((0, n),) if listed is None else tuple((int(a), int(b)) for a, b in listed)
        edges = [0, *(edge for run in runs for edge in run), n]
        if edges != sorted(edges):
            raise ValueError(f"blocks {listed} of {n}")
        return cls(n, runs)

    @property
    def n_stored(self) -> int:
        """How many there are."""
        return sum(stop - first for first, stop in self.runs)

    def stored(self, first: int, stop: int) -> Iterator[tuple[int, int, int]]:
        """Of the blocks from `first` to before `stop` the stored runs, and where each stands."""
        place = 0
        for begin, end in self.runs:
            low, high = max(begin, first), min(end, stop)
            if low < high:
                yield low, high, place + low - begin
            place += end - begin

    def entries(
        self, array: NDArray[Any], length: int, first: int, stop: int, empty: float
    ) -> NDArray[Any]:
        """Give entries of an array that has `length` a block; `empty` where no block is stored."""
        runs = list(self.stored(first // length, -(-stop // length)))
        if len(runs) == 1 and runs[0][0] * length <= first and stop <= runs[0][1] * length:
            shift = (runs[0][2] - runs[0][0]) * length
            return np.asarray(array[first + shift : stop + shift])
        result = np.full((stop - first, *array.shape[1:]), empty, array.dtype)
        for begin, end, place in runs:
            low, high = max(begin * length, first), min(end * length, stop)
            shift = (place - begin) * length
            result[low - first : high - first] = array[low + shift : high + shift]
        return result
