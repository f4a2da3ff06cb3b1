"""Annotations: what files say was written at the bedside, cleaned once, where it comes in.

Whatever is written of them later, clock times, EDF+, JSON or a page, can't fail on one of them.
"""

from collections.abc import Iterable
from datetime import datetime
from itertools import accumulate
from math import isfinite

from nasion.eeg.remarks import Code, Remark
from nasion.eeg.source import later

Annotation = tuple[float, float, str]  # onset_s from the first sample, duration_s (0: none), text

FURTHEST_S = 1e9  # 31 years: what is said to be beyond was no time
LONGEST_TEXT = 4000  # letters
MOST, MOST_LETTERS = 100_000, 10_000_000  # of a recording
MORE = " ..."


def cleaned(
    annotations: Iterable[Annotation], start: datetime | None = None
) -> tuple[tuple[Annotation, ...], tuple[Remark, ...]]:
    """Give the annotations that have a time, in order, and say what of the others was left out.

    Parameters
    ----------
    annotations
        As a file states them: any number and any text.
    start
        Clock time of the first sample; a time that no calendar has is none.
    """
    stated = list(annotations)
    timed = [entry for entry in stated if _is_time(entry[0], start)]
    kept = sorted(
        (
            float(onset_s),
            float(duration_s) if _is_duration(onset_s, duration_s, start) else 0.0,
            printable(text),
        )
        for onset_s, duration_s, text in timed
    )
    letters = accumulate(len(text) for _, _, text in kept)
    n_kept = min(sum(n <= MOST_LETTERS for n in letters), MOST)
    counts = {
        Code.UNREAD_ONSETS: len(stated) - len(timed),
        Code.UNREAD_DURATIONS: sum(not _is_duration(*entry[:2], start) for entry in timed),
        Code.CUT_TEXTS: sum(len(text) > LONGEST_TEXT for _, _, text in timed),
        Code.MORE_ANNOTATIONS: len(kept) - n_kept,
    }
    return tuple(kept[:n_kept]), tuple(Remark(code, {"n": n}) for code, n in counts.items() if n)


def printable(text: str) -> str:
    """Give a text in one line, without what can't be printed or encoded; a long one is cut."""
    cut = text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - len(MORE)] + MORE
    if not cut.isprintable():
        cut = "".join(letter if letter.isprintable() else " " for letter in cut)
    return cut.strip()


def _is_time(seconds: float, start: datetime | None) -> bool:
    """Whether so many seconds from the first sample are a time that can be told."""
    if not isfinite(seconds) or abs(seconds) > FURTHEST_S:
        return False
    return start is None or later(start, seconds) is not None


def _is_duration(onset_s: float, duration_s: float, start: datetime | None) -> bool:
    return 0 <= duration_s <= FURTHEST_S and _is_time(onset_s + duration_s, start)
