"""Estimates: ratios of sums over the rows of people, with 95 % intervals of resampled people."""

from dataclasses import dataclass

import numpy as np

from nasion.evaluation.intervals import interval, interval_of_share
from nasion.evaluation.resampling import ratio, resamples


@dataclass(frozen=True)
class Ratio:
    """A sum of `top` over a sum of `bottom`, each (n,); `unit` is whose row it is, (n,).

    Ratios of the same units are resampled alike, so their differences are paired.
    """

    top: np.ndarray
    bottom: np.ndarray
    unit: np.ndarray

    @classmethod
    def mean(cls, values: np.ndarray, unit: np.ndarray) -> "Ratio":
        return cls(np.asarray(values, float), np.ones(len(values)), unit)

    @property
    def value(self) -> float:
        return float(ratio(np.sum(self.top), np.sum(self.bottom)))

    @property
    def draws(self) -> np.ndarray:
        if not len(self.unit):
            return np.zeros(0)
        parts = [ratio(w @ self.top, w @ self.bottom) for w in resamples(self.unit)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def share(self) -> str:
        """Value and interval of what lies between 0 and 1."""
        bounds = interval_of_share(self.draws, self.value, len(np.unique(self.unit)))
        return _text(self.value, bounds, ".3f")

    def number(self, form: str = ".3f") -> str:
        return _text(self.value, interval(self.draws), form)

    def minus(self, other: "Ratio", form: str = "+.3f") -> str:
        """This less another, paired."""
        assert np.array_equal(self.unit, other.unit)
        return _text(self.value - other.value, interval(self.draws - other.draws), form)


def _text(value: float, bounds: tuple[float, float] | None, form: str) -> str:
    if np.isnan(value):
        return "-"
    if bounds is None:
        return f"{value:{form}}"
    low, high = bounds
    return f"{value:{form}} ({low:{form}} to {high:{form}})"
