"""Morphology: how a patient's patterns look, the same in every recording of that patient."""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nasion.phantom.activity import Activity, focus, generalized, lateralized
from nasion.phantom.head import Head
from nasion.phantom.periodic import Discharge, Periodic, Train
from nasion.phantom.rhythmic import Polymorphic, Rhythmic
from nasion.phantom.seizure import Seizure
from nasion.phantom.timeline import Runs, Span, runs
from nasion.terms import SFREQ, Pattern

Array = NDArray[np.float32]
Rng = np.random.Generator

# What is planted as other, whatever the panel says: background alone; patterns before and after but
# not in the labelled span; runs of less than six cycles, which the panel often takes for a pattern;
# single discharges; polymorphic delta; no brain activity.
OTHERS = {
    "plain": 0.26,
    "away": 0.12,
    "brief": 0.17,
    "sporadic": 0.12,
    "polymorphic": 0.29,
    "flat": 0.04,
}
TRIPHASIC, SPIKE_WAVE = 0.1, 0.12  # of patients' discharges
ON_RHYTHM = 0.12  # of PDs ride on RDA of the same side
IRREGULAR = 0.25  # of RDA comes and goes like narrow-band noise
# Share of patients with polymorphic slowing beside the pattern; log gain of the background there.
SLOWED = {Pattern.LPD: 0.5, Pattern.GPD: 0.2, Pattern.LRDA: 0.5, Pattern.GRDA: 0.4}
CALM = {Pattern.LPD: -0.3, Pattern.GPD: -0.7, Pattern.LRDA: -0.25, Pattern.GRDA: -0.2}


@dataclass(frozen=True)
class Stage:
    """Whose head, how long, and which span is labelled."""

    head: Head
    duration_s: float
    span: Span

    @property
    def n_times(self) -> int:
        """Its length in samples at 200 Hz."""
        return round(self.duration_s * SFREQ)

    @property
    def has_context(self) -> bool:
        """Whether there is much beside the labelled span."""
        return self.duration_s > 2 * (self.span.stop_s - self.span.start_s)

    def runs(self, rng: Rng, coverage: float, prevalence: float) -> Runs:
        """See `timeline.runs`."""
        return runs(rng, self.duration_s, self.span, coverage, prevalence)


class Maker(Protocol):
    """Makes the activity of one kind of pattern."""

    def __call__(
        self,
        rng: Rng,
        stage: Stage,
        *,
        lateral: bool,
        coverage: float = ...,
        prevalence: float = ...,
        size: float = ...,
    ) -> Activity:
        """Cover a share of the labelled span and of the time beside it."""
        ...


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
    place, slow_place
        Focus of discharges and of rhythms, on the left, (azimuth, polar) in degrees.
    reflection
        Share of the field on the other side: 0 unilateral, larger bilateral asymmetric.
    lag_s
        From front to back, or from one side to the other.
    size_uv
        Typical size of a discharge where it is largest.
    independent
        Sources with a time of their own: 1 bilateral independent (BI), 2 multifocal (Mf).
    """

    place: tuple[float, float]
    slow_place: tuple[float, float]
    reflection: float
    discharge: Discharge
    train: Train
    lag_s: float
    size_uv: float
    independent: int

    @classmethod
    def draw(cls, rng: Rng) -> "Morphology":
        """Draw the shapes of one patient."""
        reflections = 0.0, rng.uniform(0, 0.35), rng.uniform(0.3, 0.55)
        place = focus(rng)
        triphasic = bool(rng.random() < TRIPHASIC)
        spike_wave = bool(rng.random() < SPIKE_WAVE)
        discharge = (
            Discharge.triphasic(rng) if triphasic else Discharge.draw(rng, spike_wave=spike_wave)
        )
        return cls(
            place=place,
            slow_place=place if rng.random() < 0.4 else focus(rng, rhythmic=True),
            reflection=float(rng.choice(reflections, p=(0.3, 0.5, 0.2))),
            discharge=discharge,
            train=Train.draw(rng),
            lag_s=float(rng.choice((0.0, rng.uniform(-0.04, 0.12)))),
            size_uv=float(np.exp(rng.normal(4.15, 0.5))),
            independent=int(rng.choice(3, p=(0.86, 0.09, 0.05))),
        )

    def scene(self, rng: Rng, stage: Stage, pattern: Pattern) -> Scene:
        """Make a recording whose labelled span shows `pattern`, with its time before and after."""
        if pattern is Pattern.SEIZURE:
            return self._ictal(rng, stage)
        if pattern is Pattern.OTHER:
            return self._other(rng, stage)
        makers: tuple[Maker, Maker] = (self._periodic, self._rhythmic)
        make, make_other = makers if pattern.periodic else makers[::-1]
        lateral = pattern.lateralized
        activities = [
            make(
                rng,
                stage,
                lateral=lateral,
                coverage=1.0 if rng.random() < 0.85 else float(rng.uniform(0.3, 0.95)),
                prevalence=float(rng.choice((0.2, 0.6, 0.97), p=(0.25, 0.25, 0.5))),
            )
        ]
        if rng.random() < SLOWED[pattern]:
            activities.append(self._slowing(rng, stage, lateral=lateral))
        if pattern.periodic and rng.random() < ON_RHYTHM:
            size = float(rng.uniform(0.3, 0.9))
            below = self._rhythmic(rng, stage, lateral=lateral, prevalence=0.97, size=size)
            activities.append(replace(below, appearance=None))  # a plus feature: PDs to readers
        elif rng.random() < 0.15:  # a second, weaker activity in the same recording
            second_lateral = lateral if rng.random() < 0.5 else not lateral
            size = float(rng.uniform(0.15, 0.6))
            activities.append(
                make_other(rng, stage, lateral=second_lateral, prevalence=0.6, size=size)
            )
        if stage.has_context and rng.random() < 0.08:
            return self._beside_seizure(rng, stage, activities)
        return Scene(tuple(activities), self._calm(rng, pattern))

    def _calm(self, rng: Rng, pattern: Pattern) -> float:
        """Gain of the background: discharges, generalized ones most, stand on quiet ones."""
        return float(np.exp(rng.normal(CALM[pattern], 0.55)))

    def _fields(self, rng: Rng, head: Head, *, lateral: bool, rhythmic: bool = False) -> Array:
        if lateral:
            place = self.slow_place if rhythmic else self.place
            wide = rhythmic and bool(rng.random() < 0.7)
            return lateralized(rng, head, place, self.reflection, wide=wide)
        asymmetry = float(np.exp(rng.normal(0, 0.1)))
        return generalized(rng, head, asymmetry, frontal=0.85 if rhythmic else 0.6)

    def _periodic(
        self,
        rng: Rng,
        stage: Stage,
        *,
        lateral: bool,
        coverage: float = 1.0,
        prevalence: float = 0.97,
        size: float = 1.0,
        train: Train | None = None,
    ) -> Activity:
        fields = self._fields(rng, stage.head, lateral=lateral)
        independent_rows: tuple[int, ...] = ()
        if lateral and self.independent:
            independent_rows = (3,) if self.independent == 1 else (1, 3)
            for row in independent_rows:
                fields[:, row] *= rng.uniform(0.5, 1) / (np.abs(fields[:, row]).max() + 1e-3)
        n = fields.shape[1]
        order = np.array((0, 0.3, 0.3, 0.6)) if lateral else np.arange(n) // 2 / 2
        lags = np.asarray(self.lag_s * order + rng.normal(0, 0.015, n), np.float32)
        pds = Periodic(
            self.discharge,
            train or self.train,
            self.size_uv * size,
            lags,
            independent_rows,
            not lateral,
        )
        runs = stage.runs(rng, coverage, prevalence)
        return pds.activity(rng, fields, runs, stage.duration_s, stage.span)

    def _rhythmic(
        self,
        rng: Rng,
        stage: Stage,
        *,
        lateral: bool,
        coverage: float = 1.0,
        prevalence: float = 0.97,
        size: float = 1.0,
    ) -> Activity:
        fields = self._fields(rng, stage.head, lateral=lateral, rhythmic=True)
        size_uv = self.size_uv * size * float(np.exp(rng.normal(-0.1, 0.5)))
        runs = stage.runs(rng, coverage, prevalence)
        if rng.random() < IRREGULAR:
            waxing = Polymorphic.draw(rng, size_uv, widest=0.4)
            return waxing.activity(rng, fields, runs, stage.duration_s, stage.span)
        rda = Rhythmic.draw(rng, fields.shape[1], size_uv, paired=not lateral)
        return rda.activity(rng, fields, runs, stage.duration_s, stage.span)

    def _slowing(self, rng: Rng, stage: Stage, *, lateral: bool) -> Activity:
        """Polymorphic delta where the pattern is, of the same lesion; no one votes on it."""
        fields = self._fields(rng, stage.head, lateral=lateral, rhythmic=True)
        fields /= np.abs(fields).max(0) + 1e-3  # each place has its own
        delta = Polymorphic.draw(rng, self.size_uv * float(rng.uniform(0.2, 0.9)))
        delta = replace(delta, width=float(rng.uniform(0.4, 1.0)), unity=float(rng.uniform(0, 0.5)))
        slowing = delta.activity(
            rng, fields, ((0, stage.duration_s),), stage.duration_s, stage.span
        )
        return replace(slowing, appearance=None)

    def _seizure(self, rng: Rng, stage: Stage) -> tuple[Seizure, Array]:
        lateral = bool(rng.random() < 0.6)
        fields = self._fields(rng, stage.head, lateral=lateral)
        if lateral:  # neighbours and the other side join, as far as they do
            gains = 1.0, rng.uniform(0.2, 1), rng.uniform(0.2, 1), rng.uniform(0, 0.8)
            largest = np.abs(fields).max(0) + 1e-3
            fields *= np.array(gains, np.float32) / np.where(largest > 0.02, largest, 1)
        size_uv = self.size_uv * float(np.exp(rng.normal(0.75, 0.5)))
        return Seizure.draw(rng, fields.shape[1], size_uv, stage.span), fields

    def _ictal(self, rng: Rng, stage: Stage) -> Scene:
        seizure, fields = self._seizure(rng, stage)
        activities = [seizure.activity(rng, fields, stage.duration_s, stage.span)]
        if stage.duration_s > 300 and rng.random() < 0.4:
            activities += self._cycle_activities(rng, stage, seizure, fields)
        if rng.random() < 0.35:  # the patient's PDs between seizures
            between = self._periodic(rng, stage, lateral=True, prevalence=0.95, size=0.7)
            activities.append(
                Activity(between.sources * seizure.quiet(stage.n_times), between.fields)
            )
        return Scene(tuple(activities), seizure.gain(stage.n_times))

    def _cycle_activities(
        self, rng: Rng, stage: Stage, seizure: Seizure, fields: Array
    ) -> list[Activity]:
        """Cyclic seizures: the same again at regular times, before and after."""
        period = seizure.duration_s + float(rng.uniform(50, 200))
        onsets = np.arange(-8, 9) * period * np.exp(rng.normal(0, 0.05, 17)) + seizure.onset_s
        seizures = [
            replace(seizure, onset_s=float(onset))
            for onset in np.delete(onsets, 8)
            if -seizure.duration_s < onset < stage.duration_s
        ]
        return [
            replace(repetition.activity(rng, fields, stage.duration_s, stage.span), appearance=None)
            for repetition in seizures
        ]

    def _beside_seizure(self, rng: Rng, stage: Stage, activities: list[Activity]) -> Scene:
        """Add a seizure that spares the labelled span."""
        seizure, fields = self._seizure(rng, stage)
        gap_s = float(rng.uniform(1, 0.3 * stage.duration_s))
        onset = stage.span.stop_s + gap_s
        if rng.random() < 0.5:
            onset = stage.span.start_s - gap_s - seizure.duration_s
        seizure = replace(seizure, onset_s=onset)
        quiet = seizure.quiet(stage.n_times)
        quieted = [replace(activity, sources=activity.sources * quiet) for activity in activities]
        unseen = replace(
            seizure.activity(rng, fields, stage.duration_s, stage.span), appearance=None
        )
        return Scene((*quieted, unseen), seizure.gain(stage.n_times))

    def _other(self, rng: Rng, stage: Stage) -> Scene:
        """Nothing, or what could be mistaken for a pattern."""
        kind = str(rng.choice(list(OTHERS), p=list(OTHERS.values())))
        lateral = bool(rng.random() < 0.5)
        if kind == "flat":
            return Scene((), float(rng.uniform(0.0, 0.15)))
        if kind == "plain":
            return Scene(())
        if kind == "polymorphic":
            fields = self._fields(rng, stage.head, lateral=lateral, rhythmic=True)
            delta = Polymorphic.draw(rng, self.size_uv * float(rng.uniform(0.4, 1.3)))
            runs = stage.runs(rng, 1.0, 0.9)
            return Scene((delta.activity(rng, fields, runs, stage.duration_s, stage.span),))
        if kind == "sporadic":
            train = Train(float(rng.uniform(0.05, 0.3)), 0.6, 0.4)
            return Scene((self._periodic(rng, stage, lateral=lateral, train=train),))
        make: Maker = self._rhythmic if rng.random() < 0.5 else self._periodic
        coverage = 0.0 if kind == "away" else float(rng.uniform(0.08, 0.55))
        prevalence = 0.5 if kind == "away" else float(rng.choice((0.03, 0.2)))
        activity = make(rng, stage, lateral=lateral, coverage=coverage, prevalence=prevalence)
        return Scene((activity,))
