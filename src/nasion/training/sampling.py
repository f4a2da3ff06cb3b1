"""Which rows an epoch learns from, how often, and what prior they have.

HMS repeats the votes of a stationary period at up to hundreds of overlapping offsets: of its rows
.156 are LRDA, of its periods .056 ("only 5 % of the data", the paper says), and 1 % of the periods
have 19 % of the rows. `training.rows` says which rows an epoch draws from:

`period`          the middle row of each period
`period-random`   another row of each period every epoch
`all`             every row, so that a period counts as often as it is repeated

What is drawn from is unbalanced still (LRDA is rare and missed; on rows of many votes half is
`other`) and rows differ in how many experts voted. `training.sampling` draws as many rows as there
are, each about as often as told (Kang 2020 compares such samplings):

`none`            every row once
`votes`           a row in proportion to log(1 + votes)
`square-root`     patterns by the square root of their number of rows
`balanced`        every pattern alike
`balanced-votes`  every pattern alike, its rows in proportion to log(1 + votes)

A row's pattern is its consensus. A row drawn twice in an epoch is augmented alike both times, and
the partners of mixup come from all rows alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

from nasion.config import Training
from nasion.data.augment import mirror
from nasion.data.dataset import SegmentDataset
from nasion.data.joint import JointStore
from nasion.data.store import Store
from nasion.hms.segments import Segments, consensus, counts_by_pattern, targets, votes
from nasion.periods import middle_rows, random_rows
from nasion.terms import PATTERNS, Pattern
from nasion.windowing import Window

Rows = NDArray[np.int_]
Sampling = Literal["none", "votes", "square-root", "balanced", "balanced-votes"]

_COPIED: dict[str, Sequence[Pattern]] = {
    "lrda": (Pattern.LRDA,),
    "lateralized": tuple(pattern for pattern in PATTERNS if pattern.lateralized),
}
_IN_WORDS = {
    "period": "the middle row of each period",
    "period-random": "another row of each period every epoch",
    "all": "every row",
}
_COPY = 10**6  # added to a copy's eeg_sub_id: more windows than any EEG has


def of_epoch(dataset: SegmentDataset, training: Training, rng: Generator) -> SegmentDataset:
    """What an epoch draws from: rows by `training.rows`, and then their mirrored copies."""
    table = dataset.segments.table
    if training.rows == "period":
        dataset = dataset.subset(middle_rows(table))
    elif training.rows == "period-random":
        dataset = dataset.subset(random_rows(table, rng))
    return with_mirrored_copies(dataset, training.mirrored_copies)


def described(table: pd.DataFrame, training: Training) -> str:
    """What is learned from, in a line; shares of patterns are of periods, by consensus."""
    periods = table.iloc[middle_rows(table)]
    counts, n_periods = counts_by_pattern(periods).items(), max(len(periods), 1)
    shares = ", ".join(f"{pattern} {count / n_periods:.3f}" for pattern, count in counts)
    return (
        f"{len(table):,} rows in {len(periods):,} periods of {table['patient_id'].nunique():,} "
        f"patients; learning from {_IN_WORDS[training.rows]}; of periods {shares}"
    )


def probabilities(table: pd.DataFrame, sampling: Sampling) -> NDArray[np.float64]:
    """Share of each row of a segment table in what is drawn; sums to 1."""
    by_votes = sampling in ("votes", "balanced-votes")
    weight = np.log1p(votes(table).sum(1)) if by_votes else np.ones(len(table))
    pattern = consensus(table)
    mass = np.bincount(pattern, weight, minlength=len(PATTERNS))
    power = {"square-root": 0.5, "balanced": 0.0, "balanced-votes": 0.0}.get(sampling, 1.0)
    share = weight / mass[pattern] * mass[pattern] ** power
    return share / share.sum()


def drawn(table: pd.DataFrame, rows: Rows, sampling: Sampling, rng: Generator) -> Rows:
    """As many of `rows` of a table as there are, in random order.

    With n rows and probability p a row comes floor(n p) or ceil(n p) times, and so does a pattern
    (systematic sampling): an epoch has the shares told and not just their expectation.
    """
    rows = rng.permutation(rows)
    if sampling == "none":
        return rows
    rows = rows[np.argsort(consensus(table.iloc[rows]), kind="stable")]
    ends = np.cumsum(probabilities(table.iloc[rows], sampling))
    points = (np.arange(len(rows)) + rng.random()) / len(rows)
    return rng.permutation(rows[np.searchsorted(ends / ends[-1], points, side="right")])


def prior(table: pd.DataFrame, training: Training) -> NDArray[np.float64]:
    """Mean target of what is drawn from a table, rows weighted as the loss does; shape (6,)."""
    share = probabilities(table, training.sampling)
    if training.weighting == "votes":
        share = share * np.log1p(votes(table).sum(1))
    return share @ targets(table) / share.sum()


@dataclass(frozen=True)
class _Mirroring:
    """A store whose rows say whether they are mirrored."""

    store: Store | JointStore

    def window(self, row: Any, *, shift: int = 0) -> Window:
        window = self.store.window(row, shift=shift)
        return mirror(window) if row.mirrored else window

    def duration_s(self, eeg_id: int) -> float:
        return self.store.duration_s(eeg_id)


def with_mirrored_copies(
    dataset: SegmentDataset, which: Literal["none", "lrda", "lateralized"]
) -> SegmentDataset:
    """The rows, then those of lateralized consensus again with left and right swapped.

    The mirror doubles what is known of lateralized patterns and shows them on the other side.
    Copies are rows of their own, with augmentations of their own. Where `augment.mirror` is on,
    all rows are shown both ways already: then copies only make lateralized patterns twice as
    frequent, which `training.sampling` does with a choice of shares. A network that is symmetric
    by construction learns nothing else from them either.
    """
    if which == "none":
        return dataset
    segments = dataset.segments
    is_copied = np.isin(consensus(segments.table), [PATTERNS.index(p) for p in _COPIED[which]])
    copies = segments.table[is_copied].assign(mirrored=True)
    copies["eeg_sub_id"] += _COPY
    table = pd.concat([segments.table.assign(mirrored=False), copies], ignore_index=True)
    store = cast(Store, _Mirroring(dataset.store))  # a dataset asks no more of a store
    return replace(dataset, segments=Segments(segments.folder, segments.part, table), store=store)
