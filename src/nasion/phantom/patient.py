"""A patient: anatomy, background, personal morphology, hardware, and recordings with votes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasion.phantom import raters
from nasion.phantom.artifacts import contaminate
from nasion.phantom.background import Background
from nasion.phantom.habits import Habits
from nasion.phantom.hardware import Hardware
from nasion.phantom.head import Head
from nasion.phantom.morphology import Morphology, Stage
from nasion.phantom.timeline import Span
from nasion.terms import CENTRE_S, ELECTRODES, MIRRORED_COLUMNS, SEGMENT_S, SFREQ, Pattern

Array = NDArray[np.float32]

PROPORTIONS = {
    Pattern.SEIZURE: 0.145,
    Pattern.LPD: 0.145,
    Pattern.GPD: 0.145,
    Pattern.LRDA: 0.145,
    Pattern.GRDA: 0.14,
    Pattern.OTHER: 0.28,
}


@dataclass(frozen=True)
class Segment:
    """A recording of a patient with the votes on its labelled span.

    Parameters
    ----------
    signals
        Shape (20, n_times), float32, µV at 200 Hz, rows as `terms.COLUMNS`.
    votes
        Shape (6,), counts in the order of `terms.PATTERNS`.
    belief
        Shape (6,), the shares an endless panel would give.
    planted
        The pattern the simulator set out to make.
    """

    signals: Array
    votes: NDArray[np.int64]
    belief: NDArray[np.float64]
    planted: Pattern
    span: Span


def middle(duration_s: float) -> Span:
    """The central 10 s."""
    return Span((duration_s - CENTRE_S) / 2, (duration_s + CENTRE_S) / 2)


@dataclass(frozen=True)
class Patient:
    """Who is recorded. Drawn with the affected side left; `mirrored` swaps the sides."""

    head: Head
    background: Background
    hardware: Hardware
    morphology: Morphology
    habits: Habits
    burden: float
    mirrored: bool

    @classmethod
    def draw(cls, rng: np.random.Generator, *, mirrored: bool | None = None) -> "Patient":
        """Draw one; left and right are exactly alike in distribution."""
        flip = bool(rng.random() < 0.5)
        return cls(
            head=Head.draw(rng),
            background=Background.draw(rng),
            hardware=Hardware.draw(rng),
            morphology=Morphology.draw(rng),
            habits=Habits.draw(rng),
            burden=float(rng.gamma(1.2, 1.3)),
            mirrored=flip if mirrored is None else mirrored,
        )

    def record(
        self,
        rng: np.random.Generator,
        pattern: Pattern,
        *,
        duration_s: float = SEGMENT_S,
        span: Span | None = None,
        n_votes: int | None = None,
        recorded: Array | None = None,
    ) -> Segment:
        """Record `duration_s` whose labelled span (default: central 10 s) shows `pattern`.

        Parameters
        ----------
        recorded
            Potential at `head.SITES` of a recorded background, shape (23, n_times), µV, in place of
            the simulated one with its artifacts and noise. The pattern does not change its size.
        """
        span = span or middle(duration_s)
        n_times = round(duration_s * SFREQ)
        scene = self.morphology.scene(rng, Stage(self.head, duration_s, span), pattern)
        if recorded is None:
            total = self.background.potential(rng, self.head, n_times) * scene.gain
            total += self.background.interference(0, n_times)
        else:
            total = recorded.copy()
        for activity in scene.activities:
            total += activity.potential
        signals = self.head.referencing @ total
        brain = signals[:, span.samples].copy()
        if recorded is None:
            # The same whatever is planted, else artifacts would tell the pattern.
            burden, state = self.burden * (duration_s / SEGMENT_S) ** 0.5, self.background.kind
            contaminate(rng, self.head, self.habits, signals, burden, state)
        visible = total[: len(ELECTRODES), span.samples] + (signals[:, span.samples] - brain)
        findings = []
        for activity in scene.activities:
            if activity.appearance is not None:
                potential = (activity.fields @ activity.sources[:, span.samples])[: len(ELECTRODES)]
                findings.append(raters.find(potential, visible - potential, activity.appearance))
        hardware = self.hardware if recorded is None else self.hardware.beside_recorded
        channels = hardware.record(rng, signals)
        if self.mirrored:
            channels = channels[MIRRORED_COLUMNS]
        n = raters.n_votes(rng) if n_votes is None else n_votes
        votes = raters.vote(rng, findings, n)
        return Segment(channels, votes, raters.belief(findings), pattern, span)


def segment(
    rng: np.random.Generator,
    pattern: Pattern,
    *,
    duration_s: float = SEGMENT_S,
    n_votes: int | None = None,
) -> Segment:
    """Record one segment of a new patient: the in-memory entry for training.

    Parameters
    ----------
    duration_s
        50 (context and label), 10 (the labelled seconds alone) or 600 (the context image).
    n_votes
        Size of the panel; None draws it as HMS has it.
    """
    return Patient.draw(rng).record(rng, pattern, duration_s=duration_s, n_votes=n_votes)


def draw_pattern(
    rng: np.random.Generator, proportions: dict[Pattern, float] = PROPORTIONS
) -> Pattern:
    """Draw which pattern to plant."""
    weights = np.array(list(proportions.values()))
    return list(proportions)[int(rng.choice(len(weights), p=weights / weights.sum()))]
