"""The display cache, read: pieces of signals, envelopes, spectrogram and trends of a recording."""

import operator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasion.config import HMS_VIEW
from nasion.display.blocks import Blocks
from nasion.display.cache import (
    BLOCK,
    BLOCK_STEPS,
    EMPTY,
    FOLDER,
    LAYOUT,
    LEVELS,
    LOW_DB,
    N_ROWS,
    ROWS,
    SCHEMA,
    SPECTROGRAM_LEVELS,
    STEP,
    STEP_DB,
    mean_level,
)
from nasion.display.columns import Columns, mean, pooled, summed
from nasion.display.montages import Montage, traces
from nasion.eeg.recording import Recording
from nasion.errors import NasionError
from nasion.loading import loading, of_schema, read_json
from nasion.reading.reading import Reading
from nasion.terms import COLUMNS, READING_STEP_S, SFREQ

# A window of the spectrogram begins with its step and lasts longer: so much later is its middle.
LATE_S = (HMS_VIEW.window_s - READING_STEP_S) / 2

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Display:
    """A display cache, mapped; what is asked for is read, no more.

    Parameters
    ----------
    index
        Of `index.json`: electrodes, montages, spectrogram, trends.
    """

    n_steps: int
    index: dict[str, Any]
    arrays: dict[str, NDArray]
    blocks: Blocks

    @classmethod
    def open(cls, folder: Path) -> "Display":
        """Open `display/` of a reading's folder.

        Raises
        ------
        NasionError
            If it isn't there, isn't whole, or is of another version.
        """
        path, advice = folder / FOLDER / "index.json", "read the recording again"
        index, arrays = of_schema(read_json(path, advice), SCHEMA, path, advice), {}
        with loading(path, "is damaged", advice):
            n_steps = operator.index(index["n_steps"])
            blocks = Blocks.listed(-(-n_steps // BLOCK_STEPS), index.get("blocks"))
        for name, (length, shape, dtype) in LAYOUT.items():
            path = folder / FOLDER / f"{name}.npy"
            with loading(path, "is cut short", advice, absent=advice):
                array = np.load(path, mmap_mode="r")
            if array.shape != (blocks.n_stored * length, *shape) or array.dtype != np.dtype(dtype):
                raise NasionError(f"{path}: does not belong to its index.json; {advice}")
            arrays[name] = array
        return cls(n_steps, index, arrays, blocks)

    @property
    def n_times(self) -> int:
        """Samples at 200 Hz, the last step filled up."""
        return self.n_steps * STEP

    def signals(self, start: int, stop: int) -> Array:
        """Samples start..stop, shape (20, stop - start), µV; NaN outside and in gaps."""
        result = np.full((len(COLUMNS), max(stop - start, 0)), np.nan, np.float32)
        first, last = max(start, 0), min(stop, self.n_times)
        for begin, end, place in self.blocks.stored(first // BLOCK, -(-last // BLOCK)):
            for block in range(begin, end):
                low, high = max(block * BLOCK, first), min((block + 1) * BLOCK, last)
                at = place + block - begin
                digital = self.arrays["signals"][at, :, low - block * BLOCK : high - block * BLOCK]
                offset, step = self.arrays["scales"][at].T[:, :, None]
                values = digital * step + offset
                values[digital == EMPTY] = np.nan
                result[:, low - start : high - start] = values
        return result

    def _n_entries(self, name: str) -> int:
        """Entries of an array if all blocks were stored."""
        return self.blocks.n * LAYOUT[name][0]

    def _entries(self, name: str, first: int, n: int, empty: float = np.nan) -> NDArray:
        """Entries of an array, counted as if all blocks were stored."""
        return self.blocks.entries(self.arrays[name], LAYOUT[name][0], first, first + n, empty)

    def envelope(self, start_s: float, stop_s: float, columns: int, montage: Montage) -> Array:
        """Lowest and highest of each trace, shape (n_traces, 2, columns), µV, unfiltered.

        A column holds all that it touches, from the coarsest level that is no coarser than it.
        """
        grid = Columns(start_s, stop_s, columns)
        width = grid.width_s * SFREQ
        bin_ = max((bin_ for bin_ in LEVELS if bin_ <= width), default=1)
        if bin_ == 1:
            pairs, first = grid.touched(1 / SFREQ, self.n_times)
            low = high = traces(self.signals(first, first + int(pairs.max(initial=0))), montage)
        else:
            name = f"envelope-{bin_}"
            pairs, first = grid.touched(bin_ / SFREQ, self._n_entries(name))
            piece = self._entries(name, first, int(pairs.max(initial=0)))
            low, high = piece[:, :, _rows(montage)].transpose(1, 2, 0)
        return np.stack(
            [pooled(np.fmin, low, pairs, np.nan), pooled(np.fmax, high, pairs, np.nan)], 1
        )

    def spectrogram(self, start_s: float, stop_s: float, columns: int) -> NDArray[np.uint8]:
        """Levels of the chains, shape (4, n_freqs, columns): 0 is nothing, else as `index` says."""
        grid = Columns(start_s - LATE_S, stop_s - LATE_S, columns)
        steps = max(
            s for s in SPECTROGRAM_LEVELS if s == 1 or 4 * s * READING_STEP_S <= grid.width_s
        )
        name = f"spectrogram-{steps}"
        pairs, first = grid.shared(steps * READING_STEP_S, self._n_entries(name))
        piece = self._entries(name, first, int(pairs.max(initial=0)), 0)
        total, count = summed(piece, pairs, np.uint32), summed(piece > 0, pairs, np.uint32)
        return np.ascontiguousarray(mean_level(total, count).transpose(1, 2, 0))

    def decibels(self, first: int, stop: int) -> NDArray[np.float16]:
        """The spectrogram of some steps, shape (4, n_freqs, n), dB of 1 µV²/Hz; NaN: nothing."""
        values = (np.arange(256) - 1) * STEP_DB + LOW_DB
        values[0] = np.nan
        levels = self._entries("spectrogram-1", first, stop - first, 0)
        return np.moveaxis(values.astype(np.float16)[levels], 0, -1)

    def recording(self, reading: Reading) -> Recording:
        """The recording of a reading, from here instead of its file: steps of .05 µV and more."""
        return Recording(
            name=reading.name,
            n_times=self.n_times,
            read=self.signals,
            source_sfreq=reading.source_sfreq,
            montage=reading.montage,
            gaps_s=reading.gaps_s,
        )

    def trends(self, start_s: float, stop_s: float, columns: int) -> Array:
        """Mean of each trend in each column, shape (n_trends, columns); NaN where unknown."""
        pairs, first = Columns(start_s, stop_s, columns).shared(READING_STEP_S, self.n_steps)
        piece = self._entries("trends", first, int(pairs.max(initial=0)))
        return mean(piece.T, pairs)[0]


def _rows(montage: Montage) -> list[int]:
    before = 0
    for name, n in ROWS.items():
        if name == montage:
            return [*range(before, before + n), N_ROWS - 1]
        before += n
    raise ValueError(montage)
