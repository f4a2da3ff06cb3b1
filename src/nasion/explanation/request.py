"""A request: a segment, a time of a recording, or the gallery of a run, explained from files."""

from pathlib import Path

import numpy as np

from nasion.data.dataset import SegmentDataset
from nasion.data.store import open_store
from nasion.eeg.recording import Recording
from nasion.explanation import gallery as galleries
from nasion.explanation.explanation import (
    Explanation,
    explain,
    explain_window,
    row_of,
    window_at,
)
from nasion.hms.census import Census, guard_unseen
from nasion.hms.segments import KEYS, Segments, load_segments
from nasion.models.ensemble import Ensemble
from nasion.out_of_fold import OutOfFold
from nasion.progress import Progress
from nasion.provenance import Provenance
from nasion.seen import Seen
from nasion.temporary import temporary_folder
from nasion.terms import CENTRE_S, Pattern


def explain_segment(
    ensemble: Ensemble,
    oof: Path,
    data: Path,
    eeg_id: int | None = None,
    sub_id: int | None = None,
    pattern: Pattern | None = None,
) -> Explanation:
    """Explain one segment of a folder in HMS layout.

    Parameters
    ----------
    ensemble
        The fits of a run, which know what they held out.
    oof
        The run's out-of-fold table, which need not exist. Where the segment is in it, only the
        network explains that did not learn from its patient; elsewhere all do.
    """
    all_segments = load_segments(data)
    segments = all_segments.subset(np.array([row_of(all_segments, eeg_id, sub_id)]))
    unseen = _held_out_ensemble(ensemble, oof, segments)
    with temporary_folder() as folder:
        store = open_store(segments, unseen.signal, folder)
        dataset = SegmentDataset(segments, store, unseen.experiment)
        return explain(unseen, dataset, 0, pattern)


def guard_segment(
    provenance: Provenance,
    oof: Path,
    data: Path,
    eeg_id: int | None = None,
    sub_id: int | None = None,
    *,
    allow_seen: bool = False,
) -> Seen:
    """What was learned from of a segment that no fit is known to have held out.

    Raises
    ------
    NasionError
        Where that is anything, unless `allow_seen`.
    """
    segments = load_segments(data)
    segments = segments.subset(np.array([row_of(segments, eeg_id, sub_id)]))
    if held_out_by(oof, segments) is not None:
        return Seen()
    return guard_unseen(provenance, Census(segments), str(oof.parent), allow_seen=allow_seen)


def explain_recording(
    ensemble: Ensemble, recording: Recording, at_s: float = 0.0, pattern: Pattern | None = None
) -> Explanation:
    """Explain the 10 s from `at_s` on."""
    window = window_at(recording, at_s, ensemble.signal)
    name = f"{recording.name}, {at_s:g}–{at_s + CENTRE_S:g} s"
    return explain_window(ensemble, window, pattern, name=name)


def explain_run(
    ensemble: Ensemble, oof: Path, data: Path, out: Path, progress: Progress | None = None
) -> Path:
    """Write the gallery of a cross-validated run; give the path of its page."""
    rows = OutOfFold.read(oof)
    segments = galleries.needed(load_segments(data, "train"), rows)
    with temporary_folder() as folder:
        store = open_store(segments, ensemble.signal, folder)
        dataset = SegmentDataset(segments, store, ensemble.experiment)
        return galleries.gallery(ensemble, dataset, rows, out, progress=progress)


def held_out_by(oof: Path, segments: Segments) -> int | None:
    """The fold that held out the first of these segments; none where no fold knows it."""
    if not oof.exists():
        return None
    table = OutOfFold.read(oof).names
    segment = segments.table.iloc[0]
    rows = table[np.all([table[key] == segment[key] for key in KEYS], axis=0)]
    return None if rows.empty else int(rows["fold"].iloc[0])


def _held_out_ensemble(ensemble: Ensemble, oof: Path, segments: Segments) -> Ensemble:
    """The network that held this segment out, or all where no fold knows it."""
    fold = held_out_by(oof, segments)
    return ensemble if fold is None else ensemble.holding_out(fold)
