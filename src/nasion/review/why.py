"""Why: what the network looked at around a page, from the display cache alone."""

import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import cached_property, lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import zoom

from nasion.catalogue import model_file
from nasion.config import Signal
from nasion.display.display import Array
from nasion.errors import NasionError
from nasion.maker import maker_of
from nasion.network import Network
from nasion.reading.reading import Reading
from nasion.reading.stream import Piece, piece_of
from nasion.review.case import Case
from nasion.review.judgement import Unfit
from nasion.review.queue import Full, Left, Queue
from nasion.terms import PATTERNS, Pattern
from nasion.windowing import image_start_s, step_at, views_of

if TYPE_CHECKING:
    from nasion.reading.maps import Why

VIEW = "window"  # of the images, the one that spans the 50 s
SFREQ = 50.0  # of a map over time
# Each takes some 100 MB, and with two cores turning pages needs the other one.
AT_ONCE = 2 if (os.cpu_count() or 1) > 4 else 1
KEPT_PIECES = 32  # an hour: pages beside each other share nearly all of theirs


class Explainer:
    """Maps by the model that read the recordings; it is loaded when the first map is asked for.

    Parameters
    ----------
    model
        Name or path of an exported model; without it, the installed one that made a reading.
    """

    def __init__(self, model: Path | str | None = None) -> None:
        self._model = model
        self._network: Network | None = None
        self._queue: Queue[Why] = Queue(AT_ONCE)
        self._cut = lru_cache(KEPT_PIECES)(self._piece)
        self.close = self._queue.close

    @cached_property
    def available(self) -> bool:
        """Whether maps can be had, as far as can be told without loading the model."""
        try:
            return find_spec("onnxruntime") is not None and model_file(self._model).is_file()
        except NasionError:
            return False

    async def maps(self, case: Case, at_s: float, gone: Callable[[], Awaitable[None]]) -> "Why":
        """Give the maps of the step of a time, when it is their turn.

        Parameters
        ----------
        gone
            Ends when nobody waits for them any more.
        """
        step = step_at(at_s, case.reading.n_steps)
        try:
            return await self._queue.ask((case.id, step), partial(self._maps, case, step), gone)
        except Full:
            raise Unfit("too many maps are asked for at once; ask again", 429) from None
        except Left:
            raise Unfit("nobody waits for this map", 499) from None

    def _maps(self, case: Case, step: int) -> "Why":
        try:
            from nasion.reading.maps import why

            self._network = network = self._network_of(case.reading)
        except (ImportError, NasionError) as error:
            raise Unfit(f"maps are not available: {error}", 503) from None
        _guard_same(case.reading, network)
        return why(case.recording, network, step, partial(self._cut, case, network.signal))

    @staticmethod
    def _piece(case: Case, signal: Signal, first: int, stop: int) -> Piece:
        piece = piece_of(case.recording, signal, first, stop)
        return replace(piece, signals=np.empty((0, 0), np.float32))

    def _network_of(self, reading: Reading) -> Network:
        """The model given; without one, what made the reading, or the default if that is gone."""
        kept = self._network
        if kept and (self._model is not None or _is_same(reading, kept)):
            return kept
        made = maker_of(reading.model) if self._model is None else None
        return made or Network.open(self._model)


def over_time(maps: "Why", at_s: float, duration_s: float, pattern: Pattern) -> Array:
    """Map over the page around a time, at 50 Hz: 0 to 1, its peak within the 50 s."""
    values = maps.over_time
    if values is None:
        raise Unfit("this model has no map over time", 503)
    peak = values[PATTERNS.index(pattern)].max()
    page = maps.page(pattern, at_s - duration_s / 2, duration_s)
    assert page is not None
    n = round(duration_s * SFREQ)
    resampled = np.interp((np.arange(n) + 0.5) / n, (np.arange(len(page)) + 0.5) / len(page), page)
    return _positive(resampled.astype(np.float32), peak)


def over_image(maps: "Why", case: Case, pattern: Pattern) -> tuple[Array, float, float]:
    """Map over the spectrogram of the 50 s, shape (n_freqs, n_columns), begin and end in s."""
    if VIEW not in maps.images:
        raise Unfit("this model has no map over the spectrogram of 50 s", 503)
    assert case.reading.model is not None  # else there would be no maps
    view = views_of(case.reading.model.signal)[VIEW]
    values = maps.images[VIEW][PATTERNS.index(pattern)]
    factors = view.n_freqs / values.shape[0], view.n_columns / values.shape[1]
    zoomed = zoom(values, factors, order=1, mode="nearest", grid_mode=True)
    start_s = image_start_s(view, maps.start_s)
    return _positive(zoomed, zoomed.max()), start_s, start_s + view.span_s


def _is_same(reading: Reading, network: Network) -> bool:
    return reading.model is not None and reading.model.identity == network.about.identity


def _guard_same(reading: Reading, network: Network) -> None:
    """Refuse to lay one model's maps over another one's probabilities."""
    model, about = reading.model, network.about
    if not _is_same(reading, network):
        maker = model.title if model else "no model that it names"
        raise Unfit(
            f"{reading.name} was read by {maker}, {network.path} is {about.title}; "
            "give the model of the reading with --model",
            503,
        )


def _positive(values: Array, peak: float) -> Array:
    """What speaks for the pattern, the peak as 1."""
    if not peak > 0:
        return np.zeros_like(values)
    return np.clip(np.nan_to_num(values) / np.float32(peak), 0, 1).astype(np.float32)
