"""A request: a segment, a time of a recording, or the gallery of a run, explained from files."""

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from nasion.data.dataset import SegmentDataset
from nasion.data.store import open_store
from nasion.eeg.formats import open_recording
from nasion.eeg.remarks import Remark
from nasion.errors import NasionError
from nasion.explanation import gallery as galleries
from nasion.explanation.explanation import (
    Calibrating,
    Explanation,
    explain,
    explain_window,
    row_of,
    signal_of,
    window_at,
)
from nasion.hms.segments import KEYS, Segments, load_segments
from nasion.models.checkpoint import Checkpoint
from nasion.out_of_fold import OutOfFold
from nasion.terms import CENTRE_S, Pattern

Fits = Mapping[str, Checkpoint]  # by the fold held out: "0", "1" ..., or "all"
Progress = Callable[[int, int], None]


def explain_segment(
    fits: Fits,
    oof: Path,
    data: Path,
    eeg_id: int | None = None,
    sub_id: int | None = None,
    pattern: Pattern | None = None,
    *,
    ensemble: Calibrating | None = None,
) -> Explanation:
    """Explain one segment of a folder in HMS layout.

    Parameters
    ----------
    oof
        The run's out-of-fold table, which need not exist. Where the segment is in it, only the
        network explains that did not learn from its patient; elsewhere all do.
    ensemble
        Calibrates what all networks say together, as `explain` has it.
    """
    whole = load_segments(data)
    segments = whole.subset(np.array([row_of(whole, eeg_id, sub_id)]))
    checkpoints = _unseen(fits, oof, segments)
    together = ensemble if len(checkpoints) == len(fits) else None
    with TemporaryDirectory(prefix="nasion-") as folder:
        store = open_store(segments, signal_of(checkpoints), Path(folder))
        dataset = SegmentDataset(segments, store, checkpoints[0].experiment)
        return explain(checkpoints, dataset, 0, pattern, ensemble=together)


def explain_recording(
    fits: Fits,
    path: Path,
    at_s: float = 0.0,
    pattern: Pattern | None = None,
    *,
    unit: str = "",
    ensemble: Calibrating | None = None,
) -> tuple[Explanation, tuple[Remark, ...]]:
    """Explain the 10 s from `at_s` on; also give what a user has to know of the recording."""
    recording, checkpoints = open_recording(path, unit=unit), list(fits.values())
    window = window_at(recording, at_s, signal_of(checkpoints))
    name = f"{recording.name}, {at_s:g}–{at_s + CENTRE_S:g} s"
    found = explain_window(checkpoints, window, pattern, name=name, ensemble=ensemble)
    return found, recording.warnings


def explain_run(
    fits: Fits, oof: Path, data: Path, out: Path, progress: Progress | None = None
) -> Path:
    """Write the gallery of a cross-validated run; give the path of its page."""
    rows = OutOfFold.read(oof)
    segments = galleries.needed(load_segments(data, "train"), rows)
    folds = {int(fold): fit for fold, fit in fits.items() if fold.isdecimal()}
    with TemporaryDirectory(prefix="nasion-") as folder:
        signal = signal_of(list(fits.values()))
        store = open_store(segments, signal, Path(folder))
        dataset = SegmentDataset(segments, store, next(iter(fits.values())).experiment)
        return galleries.gallery(folds, dataset, rows, out, progress=progress)


def _unseen(fits: Fits, oof: Path, segments: Segments) -> list[Checkpoint]:
    """The network that held this segment out, or all where no fold knows it."""
    if not oof.exists():
        return list(fits.values())
    table = OutOfFold.read(oof).names
    wanted = segments.table.iloc[0]
    rows = table[np.all([table[key] == wanted[key] for key in KEYS], axis=0)]
    if rows.empty:
        return list(fits.values())
    fold = str(rows["fold"].iloc[0])
    if fold not in fits:
        raise NasionError(f"{oof.parent}: has no finished fit of fold {fold}; run crossval again")
    return [fits[fold]]
