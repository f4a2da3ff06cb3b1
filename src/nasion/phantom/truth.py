"""The truth of a stay: what happened when, how fast and large, and what a panel would call it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasion.phantom import raters
from nasion.phantom.activity import Activity, Appearance
from nasion.phantom.excerpt import activity_and_rest, kin, shared_s
from nasion.phantom.periodic import Periodic
from nasion.phantom.schedule import LEAD_S, Episode
from nasion.phantom.seizure import Seizure
from nasion.phantom.stay import Section, Stay, joined
from nasion.phantom.timeline import Span
from nasion.terms import CENTRE_S, DERIVATIONS, ELECTRODES, MIRROR, PATTERNS, PREVALENCE, SFREQ

Array = NDArray[np.float32]
Row = dict[str, Any]

MOST_WINDOWS = 5  # of 10 s in which the panel looks at a run
FEW = 4  # electrodes that an artifact names
ABSENT = "n/a"  # as BIDS writes what is not there
SHARES = tuple(f"{pattern}_share" for pattern in PATTERNS)
_FIRST, _SECOND = np.array([[ELECTRODES.index(name) for name in pair] for pair in DERIVATIONS]).T

# Columns of events.tsv, onset and duration first as BIDS wants it.
COLUMNS: dict[str, dict[str, Any]] = {
    "onset": {"Description": "From the first sample of the recording.", "Units": "s"},
    "duration": {"Description": "Length.", "Units": "s"},
    "trial_type": {
        "Description": "What most of a panel of simulated raters would call it.",
        "Levels": {
            **{str(pattern): pattern.long_name for pattern in PATTERNS},
            "artifact": "no brain activity",
        },
    },
    "planted": {
        "Description": "What the simulator set out to make: one of the patterns, polymorphic delta,"
        " sporadic discharges, or a kind of artifact. It differs from trial_type where runs are"
        " too short, too weak or too ambiguous to be named so."
    },
    "side": {"Description": "left, right or bilateral."},
    "frequency_hz": {
        "Description": "Planted discharges or cycles a second, mean over the run; polymorphic"
        " delta has no cycle, there it is that of the smoothed source.",
        "Units": "Hz",
    },
    "amplitude_uv": {
        "Description": "Peak to trough of the activity alone in the longitudinal bipolar derivation"
        " that shows it best, median over cycles.",
        "Units": "uV",
    },
    "prevalence": {
        "Description": "ACNS 2021 word for the share of its chapter (minutes to an hour of one"
        f" theme) that the activity takes: {', '.join(PREVALENCE)}."
    },
    "induced": {
        "Description": "yes where a stimulus, which shows as movement or muscle, came a few"
        " seconds before its onset, no where none did."
    },
    "background": {"Description": "State of the patient at its onset."},
    "channels": {"Description": f"Electrodes of an artifact that befalls at most {FEW}."},
    **{
        f"{pattern}_share": {
            "Description": f"Share of the panel (60 raters) that would call it {pattern.label},"
            " mean over windows of 10 s."
        }
        for pattern in PATTERNS
    },
}


@dataclass(frozen=True)
class Measure:
    """What can be measured on a rendered run; NaN where there are no three cycles."""

    onset_s: float
    stop_s: float
    frequency_hz: float
    amplitude_uv: float


def measure(run: Episode, activity: Activity) -> Measure:
    """Measure a run; discharges begin with the first and end with the last one."""
    begin, n = round(LEAD_S * SFREQ), round(run.duration_s * SFREQ)
    onset_s, stop_s = run.onset_s, run.stop_s
    if isinstance(run.source, Periodic):
        size = np.abs(activity.sources).max(0)  # the last discharge may outlast the run
        active_s = np.flatnonzero(size > 0.05 * size.max()) / SFREQ - LEAD_S
        if active_s.size:
            onset_s, stop_s = run.onset_s + float(active_s[0]), run.onset_s + float(active_s[-1])
    cycles = activity.cycles_s
    frequency = float("nan")
    if cycles.size > 2:
        frequency = float((cycles.size - 1) / (cycles[-1] - cycles[0]))
    if isinstance(run.source, Periodic) and not activity.sources.any():
        return Measure(onset_s, stop_s, frequency, 0.0)
    potential = (activity.fields @ activity.sources[:, begin : begin + n])[: len(ELECTRODES)]
    page = potential[_FIRST] - potential[_SECOND]
    best = page[int(page.std(1).argmax())]
    cycle = min(max(round(SFREQ / frequency), 1), n) if cycles.size > 2 else n
    swings = np.ptp(best[: n // cycle * cycle].reshape(-1, cycle), axis=1)
    return Measure(onset_s, stop_s, frequency, float(np.median(swings)))


def windows(run: Episode, duration_s: float) -> list[Span]:
    """Where the panel looks: through a long run, around a short one."""
    last = max(run.stop_s - CENTRE_S, run.onset_s)
    n = int(np.clip((run.duration_s - CENTRE_S) // CENTRE_S + 1, 1, MOST_WINDOWS))
    middle = (run.onset_s + run.stop_s - CENTRE_S) / 2
    starts = np.linspace(run.onset_s, last, n) if n > 1 else np.array([middle])
    clipped_s = starts.clip(0.0, duration_s - CENTRE_S)
    return [Span(float(start), float(start) + CENTRE_S) for start in clipped_s]


@dataclass(frozen=True)
class Panel:
    """Raters who look at a stay piece by piece; dictionaries hold what they noted of each run."""

    stay: Stay
    measures: dict[int, Measure] = field(default_factory=dict)
    appearances: dict[int, Appearance | None] = field(default_factory=dict)
    beliefs: dict[int, list[NDArray[np.float64]]] = field(default_factory=dict)

    def watch(self) -> Iterator[Section]:
        """Render the stay, look at each piece and pass it on."""
        runs, duration_s = self.stay.schedule.runs, self.stay.duration_s
        queue = [
            (span.stop_s, number, span)
            for number, run in enumerate(runs)
            for span in windows(run, duration_s)
        ]
        queue.sort(key=lambda entry: entry[:2], reverse=True)
        before: Section | None = None
        for piece in self.stay.pieces():
            view = joined([before, piece]) if before else piece
            while queue and queue[-1][0] <= piece.stop_s + 1e-6:
                _, number, span = queue.pop()
                belief = self._belief(view, span, number)
                self.beliefs.setdefault(number, []).append(belief)
            before = piece
            yield piece

    def _belief(self, view: Section, span: Span, judged: int) -> NDArray[np.float64]:
        """Shares of votes on a run in a window, seen together with runs of its kind beside it."""
        runs = self.stay.schedule.runs
        same_kind = kin(self.stay, view, runs[judged].planted)
        fullest = max(same_kind, key=lambda number: shared_s(self.stay, number, span))
        appearances = {number: self._appearance(number, span) for number in (judged, fullest)}
        covers_half = shared_s(self.stay, fullest, span) > CENTRE_S / 2
        appearance = appearances[fullest if covers_half else judged]
        return raters.belief(
            [raters.find(*activity_and_rest(view, span, same_kind), appearance)]
            if appearance
            else []
        )

    def _appearance(self, number: int, span: Span) -> Appearance | None:
        """How a run appears in a window; its measure is noted once."""
        run = self.stay.schedule.runs[number]
        if number not in self.appearances:
            activity = self.stay.activity(number)
            self.appearances[number] = activity.appearance
            self.measures[number] = measure(run, activity)
        if isinstance(run.source, Seizure):  # evolves
            return self.stay.appearance(number, span)
        return self.appearances[number]

    def events(self) -> list[Row]:
        """Rows of what the panel saw, artifacts included, in the order of their onsets."""
        rows = [self._event(number) for number in self.beliefs]
        rows += [self._artifact(number) for number in range(len(self.stay.bedside.spells))]
        return sorted(filter(None, rows), key=lambda row: (row["onset"], row["planted"]))

    def _event(self, number: int) -> Row | None:
        """One run; None where no discharge fell into it."""
        run, measure = self.stay.schedule.runs[number], self.measures[number]
        if not measure.amplitude_uv:
            return None
        shares = np.mean(self.beliefs[number], axis=0)
        onset_s, stop_s = measure.onset_s, min(measure.stop_s, self.stay.duration_s)
        return _row(
            onset_s,
            stop_s - onset_s,
            str(PATTERNS[int(shares.argmax())]),
            run.planted,
            side=self._side(run),
            frequency_hz=round(measure.frequency_hz, 2)
            if np.isfinite(measure.frequency_hz)
            else ABSENT,
            amplitude_uv=round(measure.amplitude_uv, 1),
            prevalence=run.prevalence,
            induced="yes" if run.induced else "no",
            background=self.stay.state(onset_s),
            **{name: round(float(share), 3) for name, share in zip(SHARES, shares, strict=True)},
        )

    def _side(self, run: Episode) -> str:
        if not run.lateral:
            return "bilateral"
        return "right" if self.stay.patient.mirrored else "left"

    def _artifact(self, number: int) -> Row | None:
        """One spell as far as it can be seen; None where nothing came of it."""
        spell, effect = self.stay.bedside.spells[number], self.stay.effect(number)
        samples = np.flatnonzero((np.nan_to_num(effect.added) != 0).any(0))
        if not samples.size:
            return None
        names = [ELECTRODES[row] for row in effect.rows]
        if self.stay.patient.mirrored:
            names = [MIRROR[name] for name in names]
        return _row(
            spell.onset_s + samples[0] / SFREQ,
            (samples[-1] - samples[0] + 1) / SFREQ,
            "artifact",
            spell.name,
            background=self.stay.state(spell.onset_s),
            channels=",".join(names) if len(names) <= FEW else ABSENT,
        )


def _row(onset_s: float, duration_s: float, trial_type: str, planted: str, **more: Any) -> Row:
    row = dict.fromkeys(COLUMNS, ABSENT)
    return row | {
        "onset": round(float(onset_s), 3),
        "duration": round(float(duration_s), 3),
        "trial_type": trial_type,
        "planted": planted,
        **more,
    }
