"""An excerpt: seconds of a stay and a panel's votes on them, as HMS cut its segments from days.

Unlike a segment made for its pattern (`Patient.record`), it shows what a stay happens to show:
patterns that begin, wane, take turns, are too weak or too short, and the minutes around them.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from nasion.phantom import raters
from nasion.phantom.patient import Segment
from nasion.phantom.raters import Finding
from nasion.phantom.schedule import Episode
from nasion.phantom.stay import Section, Stay, joined
from nasion.phantom.timeline import Span
from nasion.terms import CENTRE_S, SFREQ, Pattern

Rng = np.random.Generator
Array = NDArray[np.float32]

BESIDE_S = 4.0  # of a window may lie outside of the run that it is about
LOOKALIKES = "polymorphic delta", "sporadic discharges"
ANYWHERE_SHARE = 0.5  # of the windows of "other" that are about nothing


def kin(stay: Stay, view: Section, planted: str) -> list[int]:
    """Runs of one kind that go on in a piece."""
    return [number for number in view.by_run if stay.schedule.runs[number].planted == planted]


def shared_s(stay: Stay, number: int, span: Span) -> float:
    """Seconds of a run within a window; negative where it is apart."""
    run = stay.schedule.runs[number]
    return min(run.stop_s, span.stop_s) - max(run.onset_s, span.start_s)


def activity_and_rest(view: Section, span: Span, numbers: Iterable[int]) -> tuple[Array, Array]:
    """What these runs add to a window, and everything else there, (19, n) µV."""
    first = round(span.start_s * SFREQ) - round(view.start_s * SFREQ)
    part = slice(first, first + round((span.stop_s - span.start_s) * SFREQ))
    activity = np.sum([view.by_run[number][:, part] for number in numbers], axis=0)
    return activity, view.visible[:, part] - activity


def findings(stay: Stay, view: Section, span: Span) -> list[Finding]:
    """What raters find in a window, a finding for each kind of activity there."""
    numbers = [number for number in view.by_run if shared_s(stay, number, span) > 0]
    visible = []
    for planted in sorted({stay.schedule.runs[number].planted for number in numbers}):
        same_kind = kin(stay, view, planted)
        appearance = stay.appearance(
            max(same_kind, key=lambda number: shared_s(stay, number, span)), span
        )
        if appearance is not None:
            visible.append(raters.find(*activity_and_rest(view, span, same_kind), appearance))
    return visible


def excerpt(rng: Rng, stay: Stay, span: Span, *, duration_s: float, n_votes: int) -> Segment:
    """Cut `duration_s` around a window of 10 s, which must lie so far inside the stay.

    What it calls planted is what fills most of the window.
    """
    start_s = span.centre_s - duration_s / 2
    pieces = list(stay.cut(start_s, start_s + duration_s))
    channels = np.concatenate([piece.channels for piece in pieces], 1)
    overlapping = [p for p in pieces if p.start_s < span.stop_s and p.stop_s > span.start_s]
    view = joined(overlapping)
    visible = findings(stay, view, span)
    votes = raters.vote(rng, visible, n_votes)
    share = {number: shared_s(stay, number, span) for number in view.by_run}
    fullest = max(share, key=share.__getitem__, default=None)
    planted = Pattern.OTHER
    if fullest is not None and share[fullest] > 0:
        planted = stay.schedule.runs[fullest].pattern
    return Segment(channels, votes, raters.belief(visible), planted, span.later(-start_s))


def window(rng: Rng, stay: Stay, proportions: dict[Pattern, float], margin_s: float) -> Span:
    """Draw 10 s whose middle is at least `margin_s` inside the stay, by what the stay shows.

    A pattern is drawn by `proportions` among those that the patient has, then one of its runs, and
    a place in it or at its edges. For "other" that is any time, or where a lookalike is.
    """
    runs: dict[str, list[Episode]] = {}
    for run in stay.schedule.runs:
        runs.setdefault(run.planted, []).append(run)
    present = [pattern for pattern in proportions if pattern in runs or pattern is Pattern.OTHER]
    weights = np.array([proportions[pattern] for pattern in present])
    name = str(present[int(rng.choice(len(present), p=weights / weights.sum()))])
    if name == Pattern.OTHER and rng.random() >= ANYWHERE_SHARE:
        name = LOOKALIKES[int(rng.integers(len(LOOKALIKES)))]
    low, high = 0.0, stay.duration_s
    if candidates := runs.get(name):
        run = candidates[int(rng.integers(len(candidates)))]
        edge_s = CENTRE_S / 2 - BESIDE_S
        low, high = sorted((run.onset_s + edge_s, run.stop_s - edge_s))
    centre_s = float(np.clip(rng.uniform(low, high), margin_s, stay.duration_s - margin_s))
    centre_s = round(centre_s, 2)  # whole samples
    return Span(centre_s - CENTRE_S / 2, centre_s + CENTRE_S / 2)
