"""Resamples: which patients count how often, and the sums that follow.

The bootstrap draws patients with replacement (EEGs where patients are unknown), as often as there
are. Most metrics follow from sums over rows, so a resample costs one sparse product.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

MANY_ROWS = 10_000  # above, 300 resamples are enough
CELLS = 2_000_000  # of a block of resamples, which bounds memory


def resamples(unit: Array, seed: int = 0) -> Iterator[Array]:
    """Draw units with replacement; yield blocks of row weights, shape (b, n).

    Equal units give equal draws, so that two systems on the same rows are paired. Nothing comes of
    fewer than two units.
    """
    codes = np.unique(unit, return_inverse=True)[1]
    n, n_units = len(unit), int(codes.max()) + 1
    left = n_resamples(n)
    rng = np.random.default_rng(seed)
    while left and n_units > 1:
        block = min(left, max(1, CELLS // n))
        draws = rng.integers(n_units, size=(block, n_units))
        counts = [np.bincount(draw, minlength=n_units) for draw in draws]
        yield np.asarray(counts, float)[:, codes]
        left -= block


def n_resamples(n: int) -> int:
    """How many resamples n rows get."""
    return 300 if n > MANY_ROWS else 1000


class Sums:
    """Named sums over rows, each into a number of places, for any weights of the rows."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._parts: dict[str, tuple[Any, tuple[int, ...]]] = {}

    def add(
        self, name: str, values: Array | float, place: Array | int = 0, shape: tuple[int, ...] = ()
    ) -> None:
        """Sum `values` of each row into `place`.

        Parameters
        ----------
        values, place : ndarray, shape (n,), or broadcast to shape (n, m)
            What is summed, and where to: indices into the flat result.
        shape
            Of the result.
        """
        from scipy.sparse import csr_array

        values, place = np.asarray(values, float), np.asarray(place)
        wide = [array[:, None] if array.ndim == 1 else array for array in (values, place)]
        m = max(array.shape[1] if array.ndim else 1 for array in wide)
        values, place = (np.broadcast_to(array, (self._n, m)) for array in wide)
        row = np.repeat(np.arange(self._n), m)
        size = int(np.prod(shape))
        matrix = csr_array((values.ravel(), (place.ravel(), row)), shape=(size, self._n))
        self._parts[name] = matrix, shape

    def __call__(self, weights: Array) -> dict[str, Array]:
        """Give every sum; weights of shape (b, n) -> arrays of shape (b, *shape)."""
        columns = np.ascontiguousarray(weights.T)
        return {
            name: (matrix @ columns).T.reshape(len(weights), *shape)
            for name, (matrix, shape) in self._parts.items()
        }


def stacked(parts: list[dict[str, Array]]) -> dict[str, Array]:
    """Join what blocks of resamples gave; nothing of none."""
    if not parts:
        return {}
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def ratio(dividend: Any, divisor: Any) -> Array:
    """Divide; nan where the divisor is 0."""
    dividend, divisor = np.broadcast_arrays(np.asarray(dividend, float), np.asarray(divisor, float))
    return np.divide(dividend, divisor, out=np.full(divisor.shape, np.nan), where=divisor > 0)


def mean(values: Array) -> Array:
    """Mean over the last axis of what is defined; nan where nothing is."""
    finite = ~np.isnan(values)
    return ratio(np.where(finite, values, 0).sum(-1), finite.sum(-1))


def defined(value: Any) -> float | None:
    """A number; None where it is nan."""
    return None if np.isnan(value) else float(value)
