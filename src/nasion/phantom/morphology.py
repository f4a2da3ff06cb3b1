"""Morphology: how a patient's patterns look, the same in every recording of that patient."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nasion.phantom.activity import Activity, focus, generalized, lateralized
from nasion.phantom.head import Head
from nasion.phantom.periodic import Discharge, Periodic, Train
from nasion.phantom.rhythmic import Polymorphic, Rhythmic
from nasion.phantom.seizure import Seizure
from nasion.phantom.timeline import Span, runs
from nasion.terms import Pattern

Array = NDArray[np.float32]

LATERAL = (Pattern.LPD, Pattern.LRDA)
PERIODIC = (Pattern.LPD, Pattern.GPD)
# What the class other holds beside plain background.
OTHERS = {"plain": 0.3, "away": 0.12, "brief": 0.16, "sporadic": 0.12, "polymorphic": 0.3}


@dataclass(frozen=True)
class Scene:
    """What happens in one recording: the activities, and the gain of the background."""

    activities: tuple[Activity, ...]
    gain: Array | float = 1.0


@dataclass(frozen=True)
class Morphology:
    """Personal shape of the patterns.

    Parameters
    ----------
    place
        Focus on the left, (azimuth, polar) in degrees.
    reflection
        Share of the field on the other side: 0 unilateral, larger bilateral asymmetric.
    lag_s
        From front to back, or from one side to the other.
    size_uv
        Typical size of a discharge where it is largest.
    """

    place: tuple[float, float]
    reflection: float
    discharge: Discharge
    train: Train
    lag_s: float
    size_uv: float
    independent: int  # sources with a time of their own: 1 bilateral independent, 2 multifocal

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Morphology":
        """Draw."""
        reflections = 0.0, rng.uniform(0, 0.35), rng.uniform(0.3, 0.65)
        return cls(
            place=focus(rng),
            reflection=float(rng.choice(reflections, p=(0.25, 0.5, 0.25))),
            discharge=Discharge.draw(rng, spike_wave=bool(rng.random() < 0.12)),
            train=Train.draw(rng),
            lag_s=float(rng.choice((0.0, rng.uniform(-0.04, 0.12)))),
            size_uv=float(np.exp(rng.normal(4.3, 0.7))),
            independent=int(rng.choice(3, p=(0.86, 0.09, 0.05))),
        )

    def scene(
        self, rng: np.random.Generator, head: Head, pattern: Pattern, duration_s: float, span: Span
    ) -> Scene:
        """Make a recording whose labelled span shows `pattern`, with its time before and after."""
        if pattern is Pattern.SEIZURE:
            return self._ictal(rng, head, duration_s, span)
        if pattern is Pattern.OTHER:
            return Scene(self._other(rng, head, duration_s, span))
        make = self._periodic if pattern in PERIODIC else self._rhythmic
        whole = rng.random() < 0.85
        coverage = 1.0 if whole else float(rng.uniform(0.3, 0.95))
        prevalence = float(rng.choice((0.2, 0.6, 0.97), p=(0.25, 0.25, 0.5)))
        lateral = pattern in LATERAL
        found = [make(rng, head, lateral, coverage, prevalence, duration_s, span, 1.0)]
        if rng.random() < 0.15:  # a second, weaker activity in the same recording
            other = self._rhythmic if make == self._periodic else self._periodic
            size = rng.uniform(0.15, 0.6)
            beside = lateral if rng.random() < 0.5 else not lateral
            found.append(other(rng, head, beside, 1.0, 0.6, duration_s, span, size))
        if duration_s > 2 * (span.stop_s - span.start_s) and rng.random() < 0.08:
            return self._before_or_after(rng, head, found, duration_s, span)
        return Scene(tuple(found))

    def _fields(self, rng: np.random.Generator, head: Head, *, lateral: bool) -> Array:
        if lateral:
            return lateralized(rng, head, self.place, self.reflection)
        return generalized(rng, head, float(np.exp(rng.normal(0, 0.13))))

    def _lags(self, rng: np.random.Generator, n: int) -> Array:
        order = np.arange(n) // 2 / 2 if n > 4 else np.array((0, 0.3, 0.3, 0.6))
        return np.asarray(self.lag_s * order + rng.normal(0, 0.006, n), np.float32)

    def _periodic(
        self,
        rng: np.random.Generator,
        head: Head,
        lateral: bool,  # noqa: FBT001
        coverage: float,
        prevalence: float,
        duration_s: float,
        span: Span,
        size: float,
        train: Train | None = None,
    ) -> Activity:
        fields = self._fields(rng, head, lateral=lateral)
        own: tuple[int, ...] = ()
        if lateral and self.independent:
            own = (3,) if self.independent == 1 else (1, 3)
            for row in own:
                fields[:, row] *= rng.uniform(0.5, 1) / (np.abs(fields[:, row]).max() + 1e-3)
        lags = self._lags(rng, fields.shape[1])
        pds = Periodic(self.discharge, train or self.train, self.size_uv * size, lags, own)
        found = runs(rng, duration_s, span, coverage, prevalence)
        return pds.activity(rng, fields, found, duration_s, span)

    def _rhythmic(
        self,
        rng: np.random.Generator,
        head: Head,
        lateral: bool,  # noqa: FBT001
        coverage: float,
        prevalence: float,
        duration_s: float,
        span: Span,
        size: float,
    ) -> Activity:
        fields = self._fields(rng, head, lateral=lateral)
        rda = Rhythmic.draw(rng, fields.shape[1], self.size_uv * size * 1.25)
        found = runs(rng, duration_s, span, coverage, prevalence)
        return rda.activity(rng, fields, found, duration_s, span)

    def _seizure(self, rng: np.random.Generator, head: Head, span: Span) -> tuple[Seizure, Array]:
        lateral = bool(rng.random() < 0.6)
        fields = self._fields(rng, head, lateral=lateral)
        if lateral:  # neighbours and the other side join, as far as they do
            joining = np.array((1.0, rng.uniform(0.2, 1), rng.uniform(0.2, 1), rng.uniform(0, 0.8)))
            largest = np.abs(fields).max(0) + 1e-3
            fields = fields / np.where(largest > 0.02, largest, 1) * joining.astype(np.float32)
        seizure = Seizure.draw(rng, fields.shape[1], self.size_uv * np.exp(rng.normal(0.5, 0.5)), span)
        return seizure, fields

    def _ictal(self, rng: np.random.Generator, head: Head, duration_s: float, span: Span) -> Scene:
        seizure, fields = self._seizure(rng, head, span)
        found = [seizure.activity(rng, fields, duration_s, span)]
        n_times = found[0].sources.shape[1]
        if rng.random() < 0.35:  # the patient's PDs between seizures
            between = self._periodic(rng, head, True, 1.0, 0.95, duration_s, span, 0.7)
            quiet = seizure.quiet(n_times)
            found.append(Activity(between.sources * quiet, between.fields))
        return Scene(tuple(found), seizure.gain(n_times))

    def _before_or_after(
        self,
        rng: np.random.Generator,
        head: Head,
        found: list[Activity],
        duration_s: float,
        span: Span,
    ) -> Scene:
        """Add a seizure that spares the labelled span."""
        seizure, fields = self._seizure(rng, head, span)
        if rng.random() < 0.5:
            onset = span.stop_s + rng.uniform(1, 0.3 * duration_s)
        else:
            onset = span.start_s - rng.uniform(1, 0.3 * duration_s) - seizure.duration_s
        seizure = replace(seizure, onset_s=float(onset))
        activity = seizure.activity(rng, fields, duration_s, span)
        quiet = seizure.quiet(activity.sources.shape[1])
        others = [replace(each, sources=each.sources * quiet) for each in found]
        unseen = Activity(activity.sources, activity.fields)
        return Scene((*others, unseen), seizure.gain(quiet.size))

    def _other(
        self, rng: np.random.Generator, head: Head, duration_s: float, span: Span
    ) -> tuple[Activity, ...]:
        """Nothing, or what could be mistaken for a pattern."""
        kind = str(rng.choice(list(OTHERS), p=list(OTHERS.values())))
        if kind == "plain":
            return ()
        lateral = bool(rng.random() < 0.5)
        if kind == "polymorphic":
            fields = self._fields(rng, head, lateral=lateral)
            delta = Polymorphic.draw(rng, self.size_uv * rng.uniform(0.4, 1.2))
            found = runs(rng, duration_s, span, 1.0, 0.9)
            return (delta.activity(rng, fields, found, duration_s),)
        if kind == "sporadic":
            train = Train(float(rng.uniform(0.05, 0.3)), 0.6, 0.4)
            return (self._periodic(rng, head, lateral, 1.0, 0.97, duration_s, span, 1.0, train),)
        make = self._rhythmic if rng.random() < 0.5 else self._periodic
        coverage = 0.0 if kind == "away" else float(rng.uniform(0.08, 0.4))
        prevalence = 0.5 if kind == "away" else float(rng.choice((0.03, 0.2)))
        return (make(rng, head, lateral, coverage, prevalence, duration_s, span, 1.0),)
