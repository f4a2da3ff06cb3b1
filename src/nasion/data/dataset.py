"""Batches for the network. All randomness derives from (seed, epoch, row)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nasion.config import Experiment
from nasion.data.augment import augmented, draw_shift, draw_span_s, mirror, mixed, narrowed
from nasion.data.joint import JointStore
from nasion.data.store import Store
from nasion.hms.segments import Segments, targets, votes
from nasion.terms import SEGMENT_S
from nasion.windowing import Window, Windows

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Batch(Windows):
    """Windows to learn from: also `target` (n, 6) and `weight` (n,)."""

    target: Array
    weight: Array


@dataclass(frozen=True)
class SegmentDataset:
    """Rows of a segment table as batches; `epoch` below 0 means as they are, unaugmented."""

    segments: Segments
    store: Store | JointStore
    experiment: Experiment
    epoch: int = -1
    mirrored: bool = False

    def __len__(self) -> int:
        return len(self.segments)

    def subset(self, rows: NDArray[np.bool_] | NDArray[np.int_]) -> "SegmentDataset":
        """Only these rows."""
        return replace(self, segments=self.segments.subset(rows))

    def batch(self, rows: Sequence[int]) -> Batch:
        """The batch of these rows of the table."""
        pieces = [self._labelled(row) for row in rows]
        target = np.stack([label for _, label in pieces])
        windows = [window for window, _ in pieces]
        span_s = self._span_s(rows[0])
        if span_s is not None:
            windows = [narrowed(window, self.experiment.signal, span_s) for window in windows]
        stacked = Windows.of(windows, self.experiment.signal)
        return Batch(**vars(stacked), target=target, weight=self._weights[list(rows)])

    def _span_s(self, first_row: int) -> float | None:
        """How much of the windows of a batch stays, if not all.

        All rows of a batch alike, so that the network can leave out what nobody sees.
        """
        if self.epoch < 0:
            return None
        rng = self._generator(first_row, "hide")
        return draw_span_s(rng) if rng.random() < self.experiment.augment.hide_context else None

    @cached_property
    def short(self) -> NDArray[np.bool_]:
        """Rows whose EEG is shorter than 50 s."""
        durations_s = map(self.store.duration_s, self.segments.table["eeg_id"])
        return np.fromiter(durations_s, float) < SEGMENT_S

    @cached_property
    def _rows(self) -> list[Any]:
        return list(self.segments.table.itertuples(index=False))

    @cached_property
    def _targets(self) -> Array:
        if not self.segments.labelled:
            return np.full((len(self), 6), 1 / 6, np.float32)
        return targets(self.segments.table).astype(np.float32)

    @cached_property
    def _weights(self) -> Array:
        if not self.segments.labelled or self.experiment.training.weighting == "none":
            return np.ones(len(self), np.float32)
        return np.log1p(votes(self.segments.table).sum(1)).astype(np.float32)

    def _labelled(self, row: int) -> tuple[Window, Array]:
        window, label = self._window(row), self._targets[row]
        mixup = self.experiment.augment.mixup
        if self.epoch < 0 or not mixup:
            return window, label
        rng = self._generator(row, "mixup")
        draw, partner = float(rng.beta(mixup, mixup)), int(rng.integers(len(self)))
        share = np.float32(max(draw, 1 - draw))  # the row stays the larger part, and as long
        blend = mixed(window, self._window(partner), share)
        return blend, share * label + (1 - share) * self._targets[partner]

    def _window(self, row: int) -> Window:
        if self.epoch < 0:
            window = self.store.window(self._rows[row])
            return mirror(window) if self.mirrored else window
        rng = self._generator(row, "window")
        augment, signal = self.experiment.augment, self.experiment.signal
        shift = draw_shift(rng, augment, signal)
        return augmented(self.store.window(self._rows[row], shift=shift), rng, augment, signal)

    def _generator(
        self, row: int, purpose: Literal["window", "mixup", "hide"]
    ) -> np.random.Generator:
        # A row's draws must not depend on which other rows a fold holds.
        segment = self._rows[row]
        kind = ("window", "mixup", "hide").index(purpose)
        key = [abs(int(segment.eeg_id)), abs(int(segment.eeg_sub_id)), kind]
        return np.random.default_rng([self.experiment.seed, self.epoch, *key])
