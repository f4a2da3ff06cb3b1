"""A stay: hours of one patient, planned as runs of patterns and rendered piece by piece.

A run is one stretch of one activity and is rendered by itself, whole, from a random generator of
its own; the background comes in blocks that fade into each other. So any piece of the recording
equals that piece of the whole, sample by sample, and memory does not grow with the length.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nasion.phantom.activity import Activity, Appearance
from nasion.phantom.background import Background
from nasion.phantom.bedside import Bedside, Effect, render
from nasion.phantom.head import SITES
from nasion.phantom.noise import course
from nasion.phantom.patient import Patient
from nasion.phantom.schedule import LAG_S, LEAD_S, Schedule
from nasion.phantom.seizure import Seizure
from nasion.phantom.stimulation import stimulated
from nasion.phantom.timeline import Span
from nasion.terms import CENTRE_S, ELECTRODES, MIRRORED_COLUMNS, SFREQ

Array = NDArray[np.float32]

N_SITES = len(SITES)
PIECE_S = 60.0
FADE_S = 4.0  # from one block of background to the next
AFTERMATH_S = 400.0  # how long a seizure is felt in the background
_N_PIECE, _N_FADE = round(PIECE_S * SFREQ), round(FADE_S * SFREQ)
# Independent signals faded so keep their power.
_RISE = np.sin(np.pi / 2 * (np.arange(_N_FADE, dtype=np.float32) + 0.5) / _N_FADE)

# Streams of random numbers; none is 0, which is the stream of `cohort`'s patients.
_PLAN, _RUN, _BLOCK, _AMPLIFIER, _STATE, _SPELL, FILE, EXCERPTS = range(1, 9)

# States that alternate by the hour, by the kind of background.
STATES = {
    "awake": ("awake", "drowsy"),
    "drowsy": ("drowsy", "asleep"),
    "asleep": ("asleep", "awake"),
    "slowed": ("slowed", "asleep"),
    "suppressed": ("suppressed", "burst-suppression"),
    "burst-suppression": ("burst-suppression", "suppressed"),
    "medicated": ("medicated", "slowed"),
}


@dataclass(frozen=True)
class Section:
    """A minute of a stay, at most; the affected side is still left.

    Parameters
    ----------
    visible
        Brain and artifacts without a reference, shape (19, n), µV: what raters judge.
    by_run
        What each run going on contributes to it, by the run's number.
    channels
        The 20 channels as recorded, sides swapped where the patient is mirrored, µV at 200 Hz.
    """

    start_s: float
    visible: Array
    by_run: dict[int, Array]
    channels: Array

    @property
    def stop_s(self) -> float:
        """Its end, s."""
        return self.start_s + self.visible.shape[1] / SFREQ


@dataclass(frozen=True)
class Stay:
    """A patient and what happens; `key` and the duration decide all of it.

    Parameters
    ----------
    states
        Kind of background of each piece.
    schedule
        A run's number is its place in it.
    """

    key: tuple[int, ...]
    duration_s: float
    patient: Patient
    states: tuple[str, ...]
    schedule: Schedule
    bedside: Bedside

    @classmethod
    def draw(cls, key: tuple[int, ...], duration_s: float) -> "Stay":
        """Draw one, of whole seconds."""
        rng = np.random.default_rng((*key, _PLAN))
        patient = Patient.draw(rng)
        states = _draw_states(rng, patient.background.kind, -int(-duration_s // PIECE_S))
        schedule = Schedule.draw(rng, patient.head, patient.morphology, duration_s)
        bedside = Bedside.draw(rng, patient, duration_s, states, PIECE_S)
        schedule, bedside = stimulated(rng, schedule, bedside)
        return cls(key, duration_s, patient, states, schedule, bedside)

    def _rng(self, *stream: int) -> np.random.Generator:
        return np.random.default_rng((*self.key, *stream))

    def state(self, time_s: float) -> str:
        """Kind of background at a time."""
        return self.states[min(int(time_s // PIECE_S), len(self.states) - 1)]

    @cached_property
    def amplifier(self) -> Background:
        """Whose interference runs through the stay, the same in every state."""
        return Background.draw(self._rng(_STATE), self.states[0])

    def activity(self, number: int, window: Span | None = None) -> Activity:
        """Render a run; its clock begins LEAD_S before the onset.

        Its appearance is that in the `window` of the stay; default: the middle of the run.
        """
        run = self.schedule.runs[number]
        duration_s = LEAD_S + run.duration_s + LAG_S
        middle = run.onset_s + run.duration_s / 2
        span = (window or Span(middle - CENTRE_S / 2, middle + CENTRE_S / 2)).later(
            LEAD_S - run.onset_s
        )
        rng = self._rng(_RUN, number)
        if isinstance(run.source, Seizure):
            return run.source.activity(rng, run.fields, duration_s, span)
        runs = ((LEAD_S, LEAD_S + run.duration_s),)
        return run.source.activity(rng, run.fields, runs, duration_s, span)

    def appearance(self, number: int, span: Span) -> Appearance | None:
        """How a run appears to who looks at a window."""
        run = self.schedule.runs[number]
        if isinstance(run.source, Seizure):  # needs no rendering
            return run.source.appearance(span.later(LEAD_S - run.onset_s))
        return self.activity(number, span).appearance

    def effect(self, number: int) -> Effect:
        """Render a spell of artifacts."""
        spell = self.bedside.spells[number]
        return render(spell, self._rng(_SPELL, spell.start), self.patient.head, self.patient.habits)

    def signals(self, start_s: float, stop_s: float) -> Array:
        """The 20 channels between two times, shape (20, n), µV at 200 Hz."""
        return np.concatenate([piece.channels for piece in self.cut(start_s, stop_s)], 1)

    def view(self, start_s: float, stop_s: float) -> Section:
        """Some seconds as one piece; each run takes memory of its own, so not for hours."""
        return joined(list(self.cut(start_s, stop_s)))

    def cut(self, start_s: float, stop_s: float) -> Iterator[Section]:
        """Render the pieces between two times, the first and the last no longer than that."""
        start, stop = round(start_s * SFREQ), round(stop_s * SFREQ)
        for piece in self.pieces(start // _N_PIECE, -(-stop // _N_PIECE)):
            first = round(piece.start_s * SFREQ)
            part = slice(max(start - first, 0), stop - first)
            by_run = {number: potential[:, part] for number, potential in piece.by_run.items()}
            yield Section(
                (first + part.start) / SFREQ,
                piece.visible[:, part],
                by_run,
                piece.channels[:, part],
            )

    def pieces(self, first: int = 0, last: int | None = None) -> Iterator[Section]:
        """Render pieces `first` to `last` (default: to the end), the last one as long as it is."""
        ongoing: dict[int, Activity] = {}
        effects: dict[int, Effect] = {}
        tail = self._block(first - 1)[:, _N_PIECE:] if first else None
        n_times = round(self.duration_s * SFREQ)
        for index in range(first, len(self.states) if last is None else last):
            start = index * _N_PIECE
            n = min(_N_PIECE, n_times - start)
            block = self._block(index)
            if tail is not None:
                block[:, :_N_FADE] = _RISE * block[:, :_N_FADE] + _RISE[::-1] * tail
            tail = block[:, _N_PIECE:]
            total, drift = block[:N_SITES, :n] * self._gain(start, n), block[N_SITES:, :n]
            by_run = self._add_runs(total, ongoing, start)
            total += self.amplifier.interference(start, n)
            signals = self.patient.head.referencing @ total
            brain = signals.copy()
            self._add_artifacts(signals, effects, start)
            visible = total[: len(ELECTRODES)] + (signals - brain)
            rng = self._rng(_AMPLIFIER, index)
            channels = self.bedside.record(rng, self.patient.hardware, signals, drift, start)
            if self.patient.mirrored:
                channels = channels[MIRRORED_COLUMNS]
            yield Section(start / SFREQ, visible, by_run, channels)

    def _block(self, index: int) -> Array:
        """Background (23 rows) and two slow drifts, and what of them fades out over the next."""
        # The same draws for every state: one person, whose states differ by kind alone.
        state = Background.draw(self._rng(_STATE), self.states[index])
        rng, n = self._rng(_BLOCK, index), _N_PIECE + _N_FADE
        potential = state.potential(rng, self.patient.head, n)
        return np.concatenate([potential, course(rng, 1, n, 0.25), course(rng, 1, n, 0.5)])

    def _gain(self, start: int, n: int) -> Array:
        """Of the background: quieter beside patterns, attenuated after seizures."""
        time = np.arange(start, start + n) / SFREQ
        gain = np.exp(np.interp(time, *self.schedule.calm.T)).astype(np.float32)
        for run in self.schedule.runs:
            overlaps = run.onset_s < time[-1] and run.stop_s + AFTERMATH_S > time[0]
            if overlaps and isinstance(run.source, Seizure):
                gain *= replace(run.source, onset_s=run.onset_s - time[0]).gain(n)
        return gain

    def _add_runs(self, total: Array, ongoing: dict[int, Activity], start: int) -> dict[int, Array]:
        """Add what goes on from sample `start` to `total`, in place; give it by run."""
        by_run = {}
        n = total.shape[1]
        for number, run in enumerate(self.schedule.runs):
            begin = round((run.onset_s - LEAD_S) * SFREQ)
            end = begin + round((LEAD_S + run.duration_s + LAG_S) * SFREQ)
            if begin >= start + n or end <= start:
                ongoing.pop(number, None)
                continue
            if number not in ongoing:
                ongoing[number] = self.activity(number)
            activity = ongoing[number]
            left, right = max(begin, start), min(end, start + n)
            part = activity.fields @ activity.sources[:, left - begin : right - begin]
            total[:, left - start : right - start] += part
            by_run[number] = np.zeros((len(ELECTRODES), n), np.float32)
            by_run[number][:, left - start : right - start] = part[: len(ELECTRODES)]
        return by_run

    def _add_artifacts(self, signals: Array, ongoing: dict[int, Effect], start: int) -> None:
        """Let artifacts do what they do from sample `start` on, in place."""
        stop = start + signals.shape[1]
        for number, spell in enumerate(self.bedside.spells):
            first, last = max(spell.start, start), min(spell.stop, stop)
            if first >= last:
                ongoing.pop(number, None)
                continue
            if number not in ongoing:
                ongoing[number] = self.effect(number)
            piece = signals[:, first - start : last - start]
            ongoing[number].apply(piece, slice(first - spell.start, last - spell.start))


def _draw_states(rng: np.random.Generator, kind: str, n: int) -> tuple[str, ...]:
    """The patient's usual state and another one by turns of 5 to 90 minutes."""
    states: list[str] = []
    while len(states) < n:
        minutes = float(np.clip(np.exp(rng.normal(3.2, 0.7)), 5, 90))
        state = STATES[kind][int(len(states) > 0 and states[-1] == STATES[kind][0])]
        states += [state] * round(minutes * 60 / PIECE_S)
    return tuple(states[:n])


def joined(pieces: Sequence[Section]) -> Section:
    """Pieces that follow each other as one."""
    numbers = sorted({number for piece in pieces for number in piece.by_run})
    by_run = {
        number: np.concatenate(
            [piece.by_run.get(number, np.zeros_like(piece.visible)) for piece in pieces], 1
        )
        for number in numbers
    }
    visible = np.concatenate([piece.visible for piece in pieces], 1)
    channels = np.concatenate([piece.channels for piece in pieces], 1)
    return Section(pieces[0].start_s, visible, by_run, channels)
