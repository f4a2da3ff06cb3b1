"""A cohort: simulated patients, each with some EEGs and the votes on them."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from nasion.errors import NasionError
from nasion.phantom.excerpt import excerpt, window
from nasion.phantom.patient import PROPORTIONS, Patient, Segment, draw_pattern, middle
from nasion.phantom.raters import n_votes
from nasion.phantom.recorded import Lender, Take, drawn_lender
from nasion.phantom.stay import EXCERPTS, Stay
from nasion.phantom.timeline import Span
from nasion.terms import CENTRE_S, CONTEXT_S, SEGMENT_S, SFREQ, Pattern

Signals = NDArray[np.float32]

MAIN_SHARE = 0.7  # of a patient's segments that show the patient's main pattern
STRETCH_SHARE = 0.3  # of the long EEGs that hold several labelled windows
MARGIN_S = 1.0  # a 10-min image has windows centred from 1 to 599 s, each 4 s long
STAY_S = 3600.0  # of which EEGs are cut
LENT = 20_261_127  # in the key of patients on recorded backgrounds
MANY_SHARE = 0.75  # of the segments with ten votes or more: good labels are cheap here


@dataclass(frozen=True)
class Plan:
    """What to make of every patient.

    The same seed gives the same EEGs; a patient depends on nothing but the seed and its number.

    Parameters
    ----------
    short_share
        Share of EEGs that are the labelled 10 s alone; the others are 50 s or longer.
    context_share
        Share of EEGs that are recorded with ten minutes around them.
    proportions
        Of the patterns planted; votes may disagree.
    stay_share
        Share of patients whose EEGs are windows of one stay (`phantom.excerpt`), which shows its
        patterns as they come, rather than recordings made for a pattern each.
    recorded_share
        Share of patients, none of those with a stay, on the recordings of one of `lenders` each.
    """

    seed: int
    segments_per_patient: int = 3
    short_share: float = 0.3
    context_share: float = 0.0
    proportions: dict[Pattern, float] = field(default_factory=PROPORTIONS.copy)
    stay_share: float = 0.0
    recorded_share: float = 0.0
    lenders: tuple[Lender, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        """Refuse numbers out of range."""
        if not 0 <= self.recorded_share <= 1 - self.stay_share + 1e-9:
            raise NasionError(
                "a cohort: the share on recorded backgrounds is a number from 0 to 1, and with the"
                " share of stays at most 1"
            )
        if self.recorded_share and not any(lender.lends_long for lender in self.lenders):
            raise NasionError(
                f"a cohort: a list of backgrounds needs a recording of {Lender.LONG_S:g} s or more"
            )
        if not 0 <= self.stay_share <= 1:
            raise NasionError("a cohort: the share of stays is a number from 0 to 1")
        if self.segments_per_patient < 1:
            raise NasionError("a cohort: needs at least one segment of each patient")


@dataclass(frozen=True)
class Shape:
    """How long an EEG is; `extra_s` longer than one window where it holds several."""

    short: bool
    context: bool
    extra_s: float = 0.0

    @classmethod
    def draw(cls, plan: Plan, rng: np.random.Generator) -> "Shape":
        """Draw one, whatever it will show."""
        short = bool(rng.random() < plan.short_share)
        context = bool(rng.random() < plan.context_share)
        stretched = not short and rng.random() < STRETCH_SHARE
        return cls(short, context, 2.0 * int(rng.integers(1, 16)) if stretched else 0.0)

    @property
    def shown_s(self) -> float:
        """How long the EEG is."""
        return self.window_s + self.extra_s

    @property
    def window_s(self) -> float:
        """What one labelled window shows."""
        return CENTRE_S if self.short else SEGMENT_S

    @property
    def duration_s(self) -> float:
        """What has to be recorded for it."""
        return (CONTEXT_S + 2 * MARGIN_S if self.context else self.window_s) + self.extra_s


@dataclass(frozen=True)
class MadeEEG:
    """An EEG of a patient, with one or several labelled windows that share the votes.

    Parameters
    ----------
    offsets_s
        Where the windows begin in `signals`.
    patient_id
        Of who lent the background, where it is recorded.
    """

    shape: Shape
    segment: Segment = field(repr=False)
    offsets_s: tuple[float, ...] = (0.0,)
    patient_id: int | None = None

    @property
    def signals(self) -> Signals:
        """Shape (20, n_times), µV at 200 Hz."""
        start_s = (self.shape.duration_s - self.shape.shown_s) / 2
        part = slice(round(start_s * SFREQ), round((start_s + self.shape.shown_s) * SFREQ))
        return self.segment.signals[:, part]

    @property
    def context(self) -> Signals | None:
        """The same with ten minutes around the windows and `MARGIN_S` beside; else None."""
        return self.segment.signals if self.shape.context else None


def made_eegs(plan: Plan, number: int) -> Iterator[MadeEEG]:
    """Make the EEGs of patient `number`, from 0 on."""
    chance = np.random.default_rng((plan.seed, number, EXCERPTS))
    if chance.random() < plan.stay_share:
        yield from _of_stay(plan, chance, number)
        return
    if plan.recorded_share:
        rng = np.random.default_rng((plan.seed, number, LENT))
        if rng.random() * (1 - plan.stay_share) < plan.recorded_share:
            yield from _on_recorded(plan, rng)
            return
    rng = np.random.default_rng((plan.seed, number))
    patient = Patient.draw(rng)
    main = draw_pattern(rng, plan.proportions)
    for _ in range(plan.segments_per_patient):
        pattern = _pattern(plan, rng, main)
        yield _of_pattern(rng, patient, pattern, Shape.draw(plan, rng))


def _pattern(plan: Plan, rng: np.random.Generator, main: Pattern) -> Pattern:
    """What a segment shows: mostly the main pattern of its patient."""
    return main if rng.random() < MAIN_SHARE else draw_pattern(rng, plan.proportions)


def _on_recorded(plan: Plan, rng: np.random.Generator) -> Iterator[MadeEEG]:
    """EEGs made for a pattern each, on the recordings of one person.

    Lengths are drawn first, as for everybody, and then a person whose recordings have them;
    patterns last, whoever it is.
    """
    patient = Patient.draw(rng)
    shapes = [Shape.draw(plan, rng) for _ in range(plan.segments_per_patient)]
    all_short = all(shape.short and not shape.context for shape in shapes)
    short_patients = (plan.short_share * (1 - plan.context_share)) ** len(shapes)
    lender = drawn_lender(rng, plan.lenders, short=all_short, short_patients=short_patients)
    take = lender.take(rng)
    main = draw_pattern(rng, plan.proportions)
    for shape in shapes:
        pattern = _pattern(plan, rng, main)
        yield replace(_of_pattern(rng, patient, pattern, shape, take), patient_id=lender.patient_id)


def _of_stay(plan: Plan, rng: np.random.Generator, number: int) -> Iterator[MadeEEG]:
    """EEGs cut from one stay, of another patient than the recording of this seed and number."""
    stay = Stay.draw((plan.seed, number, EXCERPTS), STAY_S)
    for _ in range(plan.segments_per_patient):
        short = bool(rng.random() < plan.short_share)
        shape = Shape(short, bool(rng.random() < plan.context_share))
        span = window(rng, stay, plan.proportions, shape.duration_s / 2)
        votes = n_votes(rng, many_share=MANY_SHARE)
        segment = excerpt(rng, stay, span, duration_s=shape.duration_s, n_votes=votes)
        yield MadeEEG(shape, segment)


def _of_pattern(
    rng: np.random.Generator,
    patient: Patient,
    pattern: Pattern,
    shape: Shape,
    take: Take | None = None,
) -> MadeEEG:
    """An EEG made for a pattern."""
    centre = middle(shape.duration_s - shape.extra_s)
    span = Span(centre.start_s, centre.stop_s + shape.extra_s)
    votes = n_votes(rng, many_share=MANY_SHARE)
    recorded = take.potential(rng, shape.shown_s, shape.duration_s) if take else None
    segment = patient.record(
        rng,
        pattern,
        duration_s=shape.duration_s,
        span=span,
        n_votes=votes,
        recorded=recorded,
    )
    offsets = [0.0]
    if shape.extra_s:
        n_more = int(rng.integers(1, min(6, int(shape.extra_s / 2) + 1)))
        steps = 1 + rng.choice(int(shape.extra_s / 2), n_more, replace=False)
        offsets += sorted(2.0 * float(step) for step in steps)
    return MadeEEG(shape, segment, tuple(offsets))
