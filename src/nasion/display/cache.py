"""The display cache, written: what pages show of a recording, so its file is decoded only once.

Signals stand in blocks of a minute as 16-bit integers with an offset and a step of their own for
each electrode, so that large offsets and artifacts keep their shape and small EEG its detail.
Beside them: lowest and highest values of all traces of all montages, a spectrogram of 8 bits with
coarser copies, and trends. Everything is an array (.npy) that is mapped, not loaded; the same
recording gives the same bytes, in whatever chunks it came. Blocks in long gaps are not stored.
"""

import shutil
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

from nasion.config import HMS_VIEW
from nasion.display.blocks import Blocks
from nasion.display.montages import TRACES, traces
from nasion.files import make_folder, open_private, room_for, unwritable, write_json
from nasion.signal.trends import TRENDS, Amplitude, asymmetry
from nasion.temporary import Temporary
from nasion.terms import COLUMNS, READING_STEP_S, SFREQ, SPECTROGRAM_CHAINS

SCHEMA = 1
FOLDER = "display"
STEP = round(READING_STEP_S * SFREQ)  # samples
BLOCK_STEPS = 30
BLOCK = BLOCK_STEPS * STEP
LEVELS = (100, 1000, 12000)  # samples that one pair of lowest and highest stands for
LEAST_STEP_UV = 0.05
LARGEST, EMPTY = 32767, -32768  # of int16; EMPTY is NaN
LOW_DB, STEP_DB = -30.0, 0.3  # 1..255 are -30 to 46.2 dB of µV²/Hz; 0 is nothing
SPECTROGRAM_LEVELS = (1, 5, 30)  # steps that one column stands for

Array = NDArray[np.float32]

# Rows of the envelopes: each trace of each montage once; all montages share the heart.
ROWS = {name: len(names) - 1 for name, names in TRACES.items()}
N_ROWS = sum(ROWS.values()) + 1


class DisplayWriter:
    """Writes `display/` of a reading's folder while the recording is read.

    It appears whole when it is closed; where a block of `with` ends in an error, nothing appears.

    Parameters
    ----------
    folder
        Of the reading.
    n_steps
        Steps of the recording; all of them have to be added or skipped, in order.
    """

    def __init__(self, folder: Path, n_steps: int) -> None:
        try:
            make_folder(folder)
            self._held = Temporary.folder(folder, FOLDER)
        except OSError as error:
            raise unwritable(folder, error) from None
        self._temporary = self._held.path
        self._folder, self._n_steps, self._done = folder, n_steps, 0
        self._signals = np.full((len(COLUMNS), BLOCK), np.nan, np.float32)
        self._spectrum = _no_spectrum(BLOCK_STEPS)
        self._amplitude = Amplitude()
        self._runs: list[tuple[int, int]] = []  # of blocks that are stored
        self._filled = False  # whether a step of the block at hand was added
        self._files: dict[str, IO[bytes]] = {}
        try:
            for name in LAYOUT:
                self._files[name] = open_private(self._temporary / f"{name}.npy", "wb")
                _write_header(self._files[name], name, 0)
        except BaseException:  # no block of `with` has begun that would remove it
            self._remove()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._remove()

    def add(self, first_step: int, signals: Array, spectrum: Array | None) -> None:
        """Add the next steps.

        Parameters
        ----------
        first_step
            Number of the first one; that after the last one that was added.
        signals
            Shape (20, n_times), whole steps, µV at 200 Hz, NaN where nothing was recorded.
        spectrum
            Shape (4, 100, n), dB, a column of `config.HMS_VIEW` for each step; None: there is
            none.
        """
        n = signals.shape[1] // STEP
        if (
            first_step != self._done
            or n * STEP != signals.shape[1]
            or self._done + n > self._n_steps
        ):
            raise ValueError(
                f"{signals.shape[1]} samples from step {first_step} after {self._done}"
            )
        if spectrum is None:
            spectrum = _no_spectrum(n)
        begin = 0
        while begin < n:
            place = self._done % BLOCK_STEPS
            end = min(begin + BLOCK_STEPS - place, n)
            target = slice(place, place + end - begin)
            self._signals[:, target.start * STEP : target.stop * STEP] = signals[
                :, begin * STEP : end * STEP
            ]
            self._spectrum[:, :, target] = spectrum[:, :, begin:end]
            self._filled = True
            begin = end
            self._go_on(self._done + target.stop - target.start)

    def skip(self, to_step: int) -> None:
        """Leave out the steps up to a later one, of which it is known that they hold nothing."""
        if not self._done <= to_step <= self._n_steps:
            raise ValueError(f"step {to_step} after {self._done} of {self._n_steps}")
        if self._done % BLOCK_STEPS and self._done < to_step:
            self._go_on(min(to_step, -(-self._done // BLOCK_STEPS) * BLOCK_STEPS))
        whole = (to_step - self._done) // BLOCK_STEPS
        if whole > 0:
            self._amplitude.margins(self._signals)  # its filter comes to rest
            self._done += whole * BLOCK_STEPS
        if self._done < to_step:
            self._go_on(to_step)

    def _go_on(self, to_step: int) -> None:
        """Note that all steps of the block at hand up to this one are in it."""
        self._done = to_step
        if to_step % BLOCK_STEPS == 0 or to_step == self._n_steps:
            if self._filled:
                self._write_block((to_step - 1) // BLOCK_STEPS)
            self._filled = False

    def close(self) -> None:
        """Write what is left and give the folder its name."""
        try:
            if self._done != self._n_steps:
                raise ValueError(f"{self._done} steps came, {self._n_steps} were announced")
            blocks = Blocks(-(-self._n_steps // BLOCK_STEPS), tuple(self._runs))
            with room_for(self._folder):
                for name, file in self._files.items():
                    file.seek(0)
                    _write_header(file, name, blocks.n_stored)
                    file.close()
            write_json(self._temporary / "index.json", _index(self._n_steps, blocks))
            exchange(self._temporary, self._folder / FOLDER)
        finally:
            self._remove()

    def _write_block(self, block: int) -> None:
        if self._runs and self._runs[-1][1] == block:
            self._runs[-1] = self._runs[-1][0], block + 1
        else:
            self._runs.append((block, block + 1))
        arrays = _block(self._signals, self._spectrum)
        arrays["trends"] = np.concatenate(
            [self._amplitude.margins(self._signals), asymmetry(self._spectrum)[:, None]], 1
        )
        try:
            with room_for(self._folder):
                for name, array in arrays.items():
                    _, _, dtype = LAYOUT[name]
                    self._files[name].write(np.ascontiguousarray(array, dtype).tobytes())
        except OSError as error:
            raise unwritable(self._folder, error) from None
        self._signals[:] = np.nan
        self._spectrum[:] = np.nan

    def _remove(self) -> None:
        for file in self._files.values():
            with suppress(OSError):  # on a full disk closing fails as writing did
                file.close()
        self._held.remove()


# Of each array: entries a block, shape of one, type.
LAYOUT: dict[str, tuple[int, tuple[int, ...], str]] = {
    "signals": (1, (len(COLUMNS), BLOCK), "<i2"),
    "scales": (1, (len(COLUMNS), 2), "<f4"),
    **{f"envelope-{bin_}": (BLOCK // bin_, (2, N_ROWS), "<f4") for bin_ in LEVELS},
    **{
        f"spectrogram-{steps}": (
            BLOCK_STEPS // steps,
            (len(SPECTROGRAM_CHAINS), HMS_VIEW.n_freqs),
            "|u1",
        )
        for steps in SPECTROGRAM_LEVELS
    },
    "trends": (BLOCK_STEPS, (len(TRENDS),), "<f4"),
}


def _write_header(file: IO[bytes], name: str, n_blocks: int) -> None:
    """Write the header of an .npy file, which is as long whatever the number of its entries."""
    length, shape, dtype = LAYOUT[name]
    np.lib.format.write_array_header_1_0(
        file,
        {"descr": dtype, "fortran_order": False, "shape": (n_blocks * length, *shape)},
    )


def _no_spectrum(n: int) -> Array:
    return np.full((len(SPECTROGRAM_CHAINS), HMS_VIEW.n_freqs, n), np.nan, np.float32)


def _index(n_steps: int, blocks: Blocks) -> dict[str, Any]:
    freqs_hz = [bin_ * SFREQ / HMS_VIEW.n_fft for bin_ in HMS_VIEW.bins]
    return {
        "schema": SCHEMA,
        "n_steps": n_steps,
        "blocks": [list(run) for run in blocks.runs],
        "electrodes": list(COLUMNS),
        "block": BLOCK,
        "levels": list(LEVELS),
        "montages": {name: list(names) for name, names in TRACES.items()},
        "spectrogram": {
            "n_freqs": HMS_VIEW.n_freqs,
            "low_hz": freqs_hz[0],
            "high_hz": freqs_hz[1],
            "low_db": LOW_DB,
            "step_db": STEP_DB,
            "chains": list(SPECTROGRAM_CHAINS),
            "levels": list(SPECTROGRAM_LEVELS),
        },
        "trends": [asdict(trend) for trend in TRENDS],
    }


def exchange(new: Path, place: Path) -> None:
    """Put a folder in the place of another."""
    old = new.with_name(f"{new.name}-old")
    try:
        if place.exists():
            place.rename(old)
        new.rename(place)
    except OSError as error:
        raise unwritable(place, error) from None
    shutil.rmtree(old, ignore_errors=True)


def _block(signals: Array, spectrum: Array) -> dict[str, NDArray]:
    """All arrays of a minute but the trends."""
    digital, scales = quantised(signals)
    arrays: dict[str, NDArray] = {"signals": digital, "scales": scales}
    rows = [traces(signals, montage)[:-1] for montage in TRACES]
    low, high = _extremes(np.concatenate([*rows, signals[-1:]]), LEVELS[0])
    for bin_, finer in zip(LEVELS, (None, *LEVELS), strict=False):
        if finer:
            shape = len(low), BLOCK // bin_, bin_ // finer
            low = np.fmin.reduce(low.reshape(shape), axis=2)
            high = np.fmax.reduce(high.reshape(shape), axis=2)
        arrays[f"envelope-{bin_}"] = np.stack([low, high]).transpose(2, 0, 1)
    levels = np.rint((spectrum - LOW_DB) / STEP_DB).clip(0, 254) + 1
    finest = np.nan_to_num(levels, nan=0).astype(np.uint8).transpose(2, 0, 1)
    for steps in SPECTROGRAM_LEVELS:
        grouped = finest.reshape(BLOCK_STEPS // steps, steps, *finest.shape[1:])
        arrays[f"spectrogram-{steps}"] = mean_level(
            grouped.sum(1, dtype=np.int64), (grouped > 0).sum(1)
        )
    return arrays


def quantised(signals: Array) -> tuple[NDArray[np.int16], Array]:
    """Give integers of a block, offset and step of each row: value = offset + step * integer."""
    finite = np.isfinite(signals)
    complete = bool(finite.all())
    low = signals.min(1) if complete else np.where(finite, signals, np.inf).min(1)
    high = signals.max(1) if complete else np.where(finite, signals, -np.inf).max(1)
    low, high = np.where(high >= low, [low, high], 0)
    offset, span = (low / 2 + high / 2).astype(np.float32), high - low
    step = np.maximum(span / (2 * LARGEST), LEAST_STEP_UV).astype(np.float32)
    values = np.rint((signals - offset[:, None]) / step[:, None]).clip(-LARGEST, LARGEST)
    if not complete:
        values[~finite] = EMPTY
    return values.astype(np.int16), np.stack([offset, step], 1)


def _extremes(rows: Array, bin_: int) -> tuple[Array, Array]:
    """Lowest and highest of each bin, shape (n_rows, n_bins); NaN only where all of it is."""
    binned = rows.reshape(len(rows), -1, bin_)
    low, high = binned.min(2), binned.max(2)
    for row in np.flatnonzero(np.isnan(low).any(1)):
        low[row] = np.fmin.reduce(binned[row], axis=1)
        high[row] = np.fmax.reduce(binned[row], axis=1)
    return low, high


def mean_level(total: NDArray[np.integer], count: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Mean of the levels that are not 0, half rounded up; 0 where all are."""
    return ((total + count // 2) // np.maximum(count, 1)).astype(np.uint8)
