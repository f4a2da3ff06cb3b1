"""Margins: what is read around a piece of a recording, so that it is that piece of the whole.

Filters look `FILTERED_S` beyond what they make. A gap within that is bridged by what lies behind
it, so the margin holds the longest gap that is bridged by a line as well; of a longer one either
side holds its value, and what lies beyond its middle is not felt. Windows of a spectrogram begin in
the piece and end behind it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasion.eeg.filters import LONGEST_LINE_S
from nasion.terms import SFREQ

FILTERED_S = 10.0  # the error of a cut is below 0.001 µV by then; 5 s still leave 0.008 µV
MARGIN_S = LONGEST_LINE_S + FILTERED_S


@dataclass(frozen=True)
class Margins:
    """A piece and what is read for it, samples at 200 Hz.

    Parameters
    ----------
    start, stop
        The piece, which may reach beyond the recording.
    first, last
        The piece with its margins, as far as the recording goes.
    """

    start: int
    stop: int
    first: int
    last: int

    @classmethod
    def around(
        cls,
        start: int,
        stop: int,
        n_times: int,
        *,
        margin_s: float = MARGIN_S,
        window_s: float = 0.0,
    ) -> "Margins":
        """Of a piece of a recording of `n_times` samples.

        Parameters
        ----------
        margin_s
            On either side; that of other filters than those of `nasion.eeg.filters`.
        window_s
            Longest window that begins in the piece, and may end behind it.
        """
        margin, window = round(margin_s * SFREQ), round(window_s * SFREQ)
        first = min(max(start - margin, 0), n_times)
        return cls(start, stop, first, max(min(stop + window + margin, n_times), first))

    @classmethod
    def whole(cls, n_times: int) -> "Margins":
        """All of a recording, which needs none."""
        return cls(0, n_times, 0, n_times)

    def cut(self, array: NDArray[Any], beyond: Any = np.nan) -> NDArray[Any]:
        """Cut the margins off again.

        Parameters
        ----------
        array
            Shape (..., last - first), made of what was read.
        beyond
            What stands where the piece reaches beyond the recording.

        Returns
        -------
        Shape (..., stop - start); a view where all of it was read.
        """
        before, after = max(self.first - self.start, 0), max(self.stop - self.last, 0)
        inner = array[..., max(self.start - self.first, 0) : max(self.stop - self.first, 0)]
        if not before and not after:
            return inner
        length = self.stop - self.start
        result = np.full((*array.shape[:-1], length), beyond, array.dtype)
        place = min(before, length)
        result[..., place : place + inner.shape[-1]] = inner
        return result
