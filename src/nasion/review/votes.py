"""Verdicts as votes in HMS layout: a review becomes data to learn from.

Every judged event gives the 50 s around its middle, with one vote for each reader. Who rejects an
event votes `other`. Only blind verdicts count unless more are asked for: those who saw what the
model says tend to agree with it.
"""

import zipfile
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import numpy as np

from nasion.config import HMS_VIEW
from nasion.display.cache import exchange
from nasion.display.display import Display
from nasion.eeg.margins import Margins
from nasion.eeg.spectrogram import Power, cleaned, columns
from nasion.files import make_folder, replacing
from nasion.hms.writer import Label, write_eeg, write_labels, write_spectrogram
from nasion.review.verdicts import LATEST_S, Verdict
from nasion.temporary import temporary_folder
from nasion.terms import (
    CONTEXT_S,
    PATTERNS,
    SEGMENT_S,
    SFREQ,
    Pattern,
)

FOLDER = "votes"
ZIP = "votes.zip"


def votes_of(verdicts: Iterable[Verdict], *, with_visible: bool) -> dict[float, np.ndarray]:
    """Votes by the middle of the event, s: counts in the order of `terms.PATTERNS`.

    Parameters
    ----------
    verdicts
        Verdicts that stand; the last of each reader on an event counts.
    with_visible
        Whether those count too that were given while predictions were seen.
    """
    last: dict[tuple[object, str], Verdict] = {}
    for verdict in verdicts:
        last[verdict.subject or verdict.event, verdict.reviewer] = verdict
    votes: dict[float, np.ndarray] = {}
    for verdict in last.values():
        pattern = Pattern.OTHER if verdict.action == "reject" else verdict.pattern
        if pattern is None or (verdict.predictions_visible and not with_visible):
            continue
        middle_s = float(round(verdict.onset_s + verdict.duration_s / 2))
        votes.setdefault(middle_s, np.zeros(len(PATTERNS), np.int64))[PATTERNS.index(pattern)] += 1
    return dict(sorted(votes.items()))


def export_votes(
    display: Display, votes: dict[float, np.ndarray], name: str, folder: Path
) -> list[str]:
    """Write `votes/` (train.csv, train_eegs, train_spectrograms) and the same as `votes.zip`.

    Parameters
    ----------
    name
        Of the recording; patients are told apart by it.
    """
    make_folder(folder)
    with temporary_folder(folder, FOLDER) as temporary:
        _write(display, votes, int(sha256(name.encode()).hexdigest()[:7], 16), temporary)
        exchange(temporary, folder / FOLDER)
    with replacing(folder / ZIP) as packed, zipfile.ZipFile(packed, "w") as archive:
        for path in sorted((folder / FOLDER).rglob("*.*")):  # parquet is packed already
            archive.write(path, path.relative_to(folder).as_posix())
    return [ZIP]


def _write(display: Display, votes: dict[float, np.ndarray], patient: int, folder: Path) -> None:
    labels = []
    for middle_s, counts in votes.items():
        number = patient * LATEST_S + round(middle_s)
        begin = round((middle_s - SEGMENT_S / 2) * SFREQ)
        signals = display.signals(begin, begin + round(SEGMENT_S * SFREQ))
        write_eeg(folder, "train", number, signals)
        write_spectrogram(folder, "train", number, [_spectrogram(display, middle_s)], 0.0)
        label = Label(
            eeg_id=number,
            sub_id=0,
            offset_s=0.0,
            patient_id=patient,
            spectrogram_id=number,
            votes=counts,
        )
        labels.append(label)
    write_labels(folder, "train", labels)


def _spectrogram(display: Display, middle_s: float) -> Power:
    """The ten minutes around it; in the file `time` counts from their begin."""
    begin = round((middle_s - CONTEXT_S / 2 - HMS_VIEW.window_s / 2) * SFREQ)
    end = begin + round(CONTEXT_S * SFREQ)
    margins = Margins.around(begin, end, display.n_times, window_s=HMS_VIEW.window_s)
    return columns(*cleaned(display.signals(margins.first, margins.last)), HMS_VIEW, margins)
