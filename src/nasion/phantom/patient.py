"""A patient: anatomy, background, a personal morphology of the pattern, hardware, and a timeline."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasion.phantom import raters
from nasion.phantom.activity import Activity, focus, generalized, lateralized
from nasion.phantom.artifacts import contaminate
from nasion.phantom.background import Background
from nasion.phantom.hardware import Hardware
from nasion.phantom.head import FLIP, Head
from nasion.phantom.periodic import Discharge, Periodic, Train
from nasion.phantom.rhythmic import Rhythmic
from nasion.phantom.seizure import Seizure
from nasion.phantom.timeline import Span, runs
from nasion.terms import CENTRE_S, SEGMENT_S, SFREQ, Pattern

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
    place: tuple[float, float]
    discharge: Discharge
    train: Train
    size_uv: float
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
            place=focus(rng),
            discharge=Discharge.draw(rng, spike_wave=bool(rng.random() < 0.12)),
            train=Train.draw(rng),
            size_uv=float(np.exp(rng.normal(4.5, 0.55))),
            burden=float(rng.gamma(1.2, 1.1)),
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
    ) -> Segment:
        """Record `duration_s` whose labelled span (default: central 10 s) shows `pattern`."""
        span = span or middle(duration_s)
        n_times = round(duration_s * SFREQ)
        rest = self.background.potential(rng, self.head, n_times)
        activities = self._activities(rng, pattern, duration_s, span, rest)
        total = rest
        findings = []
        for activity in activities:
            if activity.appearance is not None:
                findings.append(raters.find(activity, rest, span))
        for activity in activities:
            total = total + activity.potential
        signals = self.head.referencing @ total
        contaminate(rng, self.head, signals, self.burden * (0.4 + 0.6 * duration_s / SEGMENT_S))
        channels = self.hardware.record(rng, signals)
        if self.mirrored:
            channels = channels[FLIP]
        n = raters.n_votes(rng) if n_votes is None else n_votes
        votes = raters.vote(rng, findings, n)
        return Segment(channels, votes, raters.belief(findings), pattern, span)

    def _activities(
        self, rng: np.random.Generator, pattern: Pattern, duration_s: float, span: Span, rest: Array
    ) -> list[Activity]:
        if pattern is Pattern.SEIZURE:
            return [self._seizure(rng, duration_s, span, rest)]
        if pattern in (Pattern.LPD, Pattern.GPD):
            return [self._periodic(rng, pattern, duration_s, span)]
        if pattern in (Pattern.LRDA, Pattern.GRDA):
            return [self._rhythmic(rng, pattern, duration_s, span)]
        return self._other(rng, duration_s, span)

    def _coverage(self, rng: np.random.Generator) -> float:
        return 1.0 if rng.random() < 0.85 else float(rng.uniform(0.3, 0.95))

    def _fields(self, rng: np.random.Generator, *, lateral: bool) -> Array:
        if lateral:
            reflection = rng.choice(
                (0.0, rng.uniform(0, 0.35), rng.uniform(0.3, 0.7)), p=(0.3, 0.5, 0.2)
            )
            return lateralized(rng, self.head, self.place, float(reflection))
        asymmetry = float(np.exp(rng.normal(0, 0.13)))
        return generalized(rng, self.head, asymmetry)

    def _lags(self, rng: np.random.Generator, n: int) -> Array:
        lag = rng.choice((0.0, rng.uniform(-0.05, 0.12)))
        return np.asarray(lag * (np.arange(n) // 2) / 2 + rng.normal(0, 0.004, n), np.float32)

    def _periodic(
        self, rng: np.random.Generator, pattern: Pattern, duration_s: float, span: Span
    ) -> Activity:
        lateral = pattern is Pattern.LPD
        fields = self._fields(rng, lateral=lateral)
        independent = lateral and rng.random() < 0.12
        lags = self._lags(rng, fields.shape[1])
        if lateral:
            lags[1] += rng.uniform(0, 0.05)
        if independent:
            fields[:, 1] /= np.abs(fields[:, 1]).max() + 1e-6
            fields[:, 1] *= rng.uniform(0.5, 1)
        kind = Periodic(self.discharge, self.train, self.size_uv, lags, independent)
        found = runs(rng, duration_s, span, self._coverage(rng), rng.choice((0.3, 0.7, 0.97)))
        return kind.activity(rng, fields, found, duration_s, span)

    def _rhythmic(
        self, rng: np.random.Generator, pattern: Pattern, duration_s: float, span: Span
    ) -> Activity:
        fields = self._fields(rng, lateral=pattern is Pattern.LRDA)
        kind = Rhythmic.draw(rng, fields.shape[1], self.size_uv * 1.1)
        found = runs(rng, duration_s, span, self._coverage(rng), rng.choice((0.2, 0.6, 0.97)))
        return kind.activity(rng, fields, found, duration_s, span)

    def _seizure(
        self, rng: np.random.Generator, duration_s: float, span: Span, rest: Array
    ) -> Activity:
        lateral = rng.random() < 0.6
        fields = self._fields(rng, lateral=lateral)
        if lateral:
            fields[:, 1] /= np.abs(fields[:, 1]).max() + 1e-6
            fields[:, 1] *= rng.choice((rng.uniform(0, 0.3), rng.uniform(0.3, 0.9)))
            azimuth, polar = self.place
            near = lateralized(rng, self.head, (azimuth + rng.normal(0, 35), polar - 20), 0.0)
            fields = np.concatenate([fields[:, :1], near[:, :1] * 0.8, fields[:, 1:]], 1)
        seizure = Seizure.draw(rng, fields.shape[1], self.size_uv * 1.6, span)
        rest *= seizure.gain(rest.shape[1])
        return seizure.activity(rng, fields, duration_s, span)

    def _other(self, rng: np.random.Generator, duration_s: float, span: Span) -> list[Activity]:
        """Background alone, or what could be mistaken: brief runs, single waves, polymorphic delta."""
        kind = rng.choice(
            ("plain", "away", "brief", "sporadic", "polymorphic"), p=(0.35, 0.15, 0.15, 0.1, 0.25)
        )
        if kind == "plain":
            return []
        lateral = rng.random() < 0.5
        fields = self._fields(rng, lateral=lateral)
        if kind == "polymorphic":
            rhythm = Rhythmic.draw(rng, fields.shape[1], self.size_uv * 0.8)
            changed = {"irregularity": float(rng.uniform(0.45, 1.0)), "fluctuation": 0.7}
            rhythm = Rhythmic(**{**rhythm.__dict__, **changed})
            found = runs(rng, duration_s, span, 1.0, 0.9)
            return [rhythm.activity(rng, fields, found, duration_s, span)]
        coverage = 0.0 if kind == "away" else float(rng.uniform(0.08, 0.35))
        prevalence = 0.5 if kind == "away" else float(rng.choice((0.03, 0.2)))
        found = runs(rng, duration_s, span, coverage, prevalence)
        if kind != "sporadic" and rng.random() < 0.5:
            rhythm = Rhythmic.draw(rng, fields.shape[1], self.size_uv)
            return [rhythm.activity(rng, fields, found, duration_s, span)]
        train = self.train
        if kind == "sporadic":
            train = Train(float(rng.uniform(0.05, 0.25)), 0.6, 0.4)
            found = runs(rng, duration_s, span, 1.0, 0.97)
        lags = self._lags(rng, fields.shape[1])
        wave = Periodic(self.discharge, train, self.size_uv, lags)
        activity = wave.activity(rng, fields, found, duration_s, span)
        return [activity]


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
