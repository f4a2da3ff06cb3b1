"""A schedule: which patterns a patient shows over hours, as runs that begin, change and stop.

Hours are divided into chapters of minutes to an hour, each with a theme: a pattern at some ACNS
prevalence, two patterns in turn, seizures (one, or in cycles) with or without discharges between
them, or nothing a reader looks for. Within a chapter rate and size drift.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nasion.phantom.activity import generalized, lateralized
from nasion.phantom.head import Head
from nasion.phantom.morphology import CALM, IRREGULAR, Morphology
from nasion.phantom.patient import PROPORTIONS, draw_pattern
from nasion.phantom.periodic import Periodic, Train
from nasion.phantom.rhythmic import Polymorphic, Rhythmic
from nasion.phantom.seizure import Seizure
from nasion.phantom.timeline import Span
from nasion.terms import CENTRE_S, EVENTFUL, PREVALENCE, Pattern, prevalence

Array = NDArray[np.float32]
Rng = np.random.Generator
Source = Periodic | Rhythmic | Polymorphic | Seizure

LEAD_S = LAG_S = 5.0  # a run is rendered from before its onset until after its end: 10 s at least
FASTEST_HZ = 2.5  # discharges that stay faster are a seizure
LONGEST_S = 240.0  # of a run: it is rendered in one piece
SHORTEST_S = 1.5
CYCLE_S = 60.0, 400.0  # from one seizure to the next

# The largest share of the time of each prevalence, and how often chapters have it.
_HIGHEST = dict(zip(PREVALENCE, (0.97, *PREVALENCE.values()), strict=False))
_WEIGHTS = (0.25, 0.25, 0.28, 0.17, 0.05)

WIDE_SHARE = 0.7  # of lateralized rhythms that take most of a side
MAIN_SHARE = 0.6  # of chapters that show the patient's main pattern
QUIET_SHARE = 0.22  # of chapters without a pattern
TURNS_SHARE = 0.25  # of PD and RDA chapters in which both take turns
BESIDE_SHARE = 0.22  # with a second, weaker activity at the same time
MAIN: dict[Pattern, float] = {pattern: PROPORTIONS[pattern] for pattern in EVENTFUL}
PARTNER = {
    Pattern.LPD: Pattern.LRDA,
    Pattern.LRDA: Pattern.LPD,
    Pattern.GPD: Pattern.GRDA,
    Pattern.GRDA: Pattern.GPD,
}


@dataclass(frozen=True)
class Episode:
    """One stretch of one activity.

    Parameters
    ----------
    pattern, planted
        What the simulator set out to make; `planted` also names what only resembles a pattern.
    fields
        Of the sources over `head.SITES`, the affected side left.
    prevalence
        ACNS word for the share of its chapter that the activity takes.
    induced
        Whether a stimulus came a few seconds before.
    """

    pattern: Pattern
    planted: str
    onset_s: float
    duration_s: float
    source: Source
    fields: Array
    lateral: bool
    prevalence: str = ""
    induced: bool = False

    @property
    def stop_s(self) -> float:
        """Its end, s."""
        return self.onset_s + self.duration_s


@dataclass(frozen=True)
class Theme:
    """How a patient makes one activity, the same throughout the stay."""

    pattern: Pattern
    planted: str
    source: Source
    fields: Array
    lateral: bool

    @classmethod
    def draw(cls, rng: Rng, head: Head, morphology: Morphology, planted: str) -> "Theme":
        """Draw one of the five patterns, "polymorphic delta" or "sporadic discharges"."""
        has_pattern = planted in tuple(Pattern)
        pattern = Pattern(planted) if has_pattern else Pattern.OTHER
        slow = pattern.rhythmic or planted == "polymorphic delta"
        lateral = pattern.lateralized
        if pattern not in PARTNER:
            lateral = bool(rng.random() < 0.6)
        if lateral:
            place = morphology.slow_place if slow else morphology.place
            wide = slow and bool(rng.random() < WIDE_SHARE)
            fields = lateralized(rng, head, place, morphology.reflection, wide=wide)
        else:
            asymmetry = float(np.exp(rng.normal(0, 0.1)))
            fields = generalized(rng, head, asymmetry, frontal=0.85 if slow else 0.6)
        n = fields.shape[1]
        slow_uv = morphology.size_uv * float(np.exp(rng.normal(-0.1, 0.5)))
        source: Source
        if pattern is Pattern.SEIZURE:
            if lateral:  # neighbours and the other side join
                fields = fields / (np.abs(fields).max(0) + 0.02)
                fields *= np.array((1, *rng.uniform(0.2, 1, 2), rng.uniform(0, 0.8)), np.float32)
            size_uv = morphology.size_uv * float(np.exp(rng.normal(0.75, 0.4)))
            source = Seizure.draw(rng, n, size_uv, Span(0.0, CENTRE_S))
        elif planted == "polymorphic delta":
            source = Polymorphic.draw(rng, morphology.size_uv * float(rng.uniform(0.4, 1.3)))
        elif slow and rng.random() < IRREGULAR:
            source = Polymorphic.draw(rng, slow_uv, widest=0.4)
        elif slow:
            source = Rhythmic.draw(rng, n, slow_uv, paired=not lateral)
        else:
            source = _discharges(rng, morphology, n, lateral=lateral, sporadic=not has_pattern)
        return cls(pattern, planted, source, np.asarray(fields, np.float32), lateral)

    def run(self, onset_s: float, stop_s: float, rate: float, size: float) -> Episode:
        """A run whose rate and size are these factors of the usual."""
        source = self.source
        duration_s = round(stop_s - onset_s, 1)
        if isinstance(source, Periodic):
            train = replace(source.train, rate_hz=min(source.train.rate_hz * rate, FASTEST_HZ))
            source = replace(source, train=train, amplitude_uv=source.amplitude_uv * size)
        elif isinstance(source, Seizure):
            first, middle, last = source.rates_hz
            rates = first * rate, middle * rate, last * rate
            low, high, end = source.amplitudes_uv
            sizes = low * size, high * size, end * size
            source = replace(
                source,
                onset_s=LEAD_S,
                duration_s=duration_s,
                rates_hz=rates,
                amplitudes_uv=sizes,
            )
        else:
            rate_hz = float(np.clip(source.rate_hz * rate, 0.5, 4.0))
            source = replace(source, rate_hz=rate_hz, amplitude_uv=source.amplitude_uv * size)
        onset_s = round(onset_s, 1)
        return Episode(
            self.pattern, self.planted, onset_s, duration_s, source, self.fields, self.lateral
        )


def _discharges(
    rng: Rng, morphology: Morphology, n: int, *, lateral: bool, sporadic: bool
) -> Periodic:
    order = np.array((0, 0.3, 0.3, 0.6)) if lateral else np.arange(n) // 2 / 2
    lags = np.asarray(morphology.lag_s * order + rng.normal(0, 0.015, n), np.float32)
    train = Train(float(rng.uniform(0.05, 0.3)), 0.6, 0.4) if sporadic else morphology.train
    independent_rows = ((), (3,), (1, 3))[morphology.independent] if lateral else ()
    return Periodic(
        morphology.discharge, train, morphology.size_uv, lags, independent_rows, not lateral
    )


@dataclass(frozen=True)
class Schedule:
    """Runs in the order of their onsets, and how quiet the background is.

    Parameters
    ----------
    calm
        Knots (s, log gain of the background), shape (n, 2).
    """

    runs: tuple[Episode, ...]
    calm: NDArray[np.float64]

    @classmethod
    def draw(cls, rng: Rng, head: Head, morphology: Morphology, duration_s: float) -> "Schedule":
        """Draw what happens in `duration_s`."""
        names = [*MAIN, "polymorphic delta", "sporadic discharges"]
        themes = {str(name): Theme.draw(rng, head, morphology, str(name)) for name in names}
        main = draw_pattern(rng, MAIN)
        runs: list[Episode] = []
        calm = [(0.0, 0.0)]
        begin = 0.0
        while begin < duration_s - SHORTEST_S:
            length = float(np.clip(np.exp(rng.normal(np.log(800), 0.6)), 200, 3600))
            end = min(begin + length, duration_s)
            if duration_s - end < 100:
                end = duration_s
            choice = rng.random()
            pattern = main
            if choice > 1 - QUIET_SHARE:
                pattern = Pattern.OTHER
            elif choice > MAIN_SHARE:
                pattern = draw_pattern(rng, MAIN)
            runs += _chapter(rng, themes, pattern, begin, end)
            depth = float(rng.normal(CALM.get(pattern, 0.0), 0.4))
            edge = min(20.0, (end - begin) / 3)
            calm += [(begin + edge, depth), (end - edge, depth)]
            begin = end
        runs.sort(key=lambda run: (run.onset_s, run.planted))
        return cls(tuple(runs), np.array(calm))


def _chapter(
    rng: Rng, themes: dict[str, Theme], pattern: Pattern, begin: float, end: float
) -> list[Episode]:
    if pattern is Pattern.SEIZURE:
        return _seizures(rng, themes, begin, end)
    if pattern is Pattern.OTHER:
        names = ("", "polymorphic delta", "sporadic discharges")
        name = str(rng.choice(names, p=(0.45, 0.3, 0.25)))
        share = float(rng.uniform(0.2, 0.95))
        return _episodes(rng, (themes[name],), begin, end, share) if name else []
    word = str(rng.choice(list(PREVALENCE), p=_WEIGHTS))
    share = float(rng.uniform(max(PREVALENCE[word], 0.004), _HIGHEST[word]))
    alternating: tuple[Theme, ...] = (themes[pattern],)
    if rng.random() < TURNS_SHARE:
        alternating = (themes[pattern], themes[PARTNER[pattern]])
    episodes = _episodes(rng, alternating, begin, end, share)
    if rng.random() < BESIDE_SHARE:
        second = themes[str(rng.choice([str(name) for name in PARTNER]))]
        size = float(rng.uniform(0.2, 0.6))
        if pattern.periodic and rng.random() < 0.5:  # discharges that ride on rhythmic delta
            second, size = themes[PARTNER[pattern]], float(rng.uniform(0.3, 1.0))
        if second not in alternating:
            episodes += _episodes(rng, (second,), begin, end, float(rng.uniform(0.05, 0.6)), size)
    return episodes


def _episodes(
    rng: Rng, themes: tuple[Theme, ...], begin: float, end: float, share: float, size: float = 1.0
) -> list[Episode]:
    """Runs that take about `share` of a chapter, one theme after the other."""
    typical = float(np.clip(np.exp(rng.normal(np.log(25), 0.7)), 6, 90))
    typical *= 3.0 if share > PREVALENCE["continuous"] else 1.0
    typical = max(min(typical, share * (end - begin)), SHORTEST_S)
    pause = typical * (1 - share) / share
    drifts = rng.normal(0, 0.25), rng.normal(0, 0.4)
    episodes: list[Episode] = []
    time = begin + (rng.uniform(0, min(2 * pause, end - begin - typical)) if share < 0.9 else 1.0)
    while time < end - SHORTEST_S:
        length = float(np.clip(typical * rng.gamma(2.0, 0.5), SHORTEST_S, LONGEST_S))
        stop = min(time + length, end)
        position = (time - begin) / (end - begin) - 0.5
        rate = float(np.exp(drifts[0] * position + rng.normal(0, 0.05)))
        run_size = size * float(np.exp(drifts[1] * position + rng.normal(0, 0.15)))
        if stop - time >= SHORTEST_S:
            theme = themes[len(episodes) % len(themes)]
            episodes.append(theme.run(time, stop, rate, run_size))
        time = stop + 1.0 + rng.exponential(pause)
    return _with_prevalence(episodes, end - begin)


def _with_prevalence(episodes: list[Episode], length_s: float) -> list[Episode]:
    """Add the word for what share of a chapter each activity came to take."""
    words = {}
    for name in {run.planted for run in episodes}:
        share = sum(run.duration_s for run in episodes if run.planted == name) / length_s
        words[name] = prevalence(share)
    return [replace(run, prevalence=words[run.planted]) for run in episodes]


def _seizures(rng: Rng, themes: dict[str, Theme], begin: float, end: float) -> list[Episode]:
    """One seizure, or one after the other; discharges between them in a third of chapters."""
    theme = themes[Pattern.SEIZURE]
    typical = float(np.clip(np.exp(rng.normal(3.8, 0.5)), 12, 150))
    pause = float(rng.uniform(*CYCLE_S)) if rng.random() < 0.7 else end - begin
    between = rng.random() < 0.35
    seizures: list[Episode] = []
    discharges: list[Episode] = []
    time = begin
    onset = begin + rng.uniform(5, max(min(pause, end - begin - typical - 20), 6))
    while onset < end - 12:
        length = float(np.clip(typical * np.exp(rng.normal(0, 0.2)), 12, LONGEST_S))
        rate, size = np.exp(rng.normal(0, (0.08, 0.15)))
        seizures.append(theme.run(onset, min(onset + length, end), float(rate), float(size)))
        if between and onset - time > 10:
            discharges += _episodes(rng, (themes[Pattern.LPD],), time, onset - 2, 0.93, 0.7)
        time = seizures[-1].stop_s + 5
        onset = time + pause * float(np.exp(rng.normal(0, 0.1)))
    if between and end - time > 10:
        discharges += _episodes(rng, (themes[Pattern.LPD],), time, end, 0.93, 0.7)
    return _with_prevalence(seizures, end - begin) + _with_prevalence(discharges, end - begin)
