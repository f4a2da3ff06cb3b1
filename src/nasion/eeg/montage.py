"""The montage of a recording: which channels it has, and what they tell of each electrode."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Literal

from nasion.terms import DERIVATIONS, ELECTRODES, LEFT, RIGHT

HEADBAND = ("Fp1", "F7", "T3", "T5", "O1", "Fp2", "F8", "T4", "T6", "O2")
State = Literal["recorded", "rebuilt", "interpolated", "missing"]
# Behind the name of a trace that was not recorded itself.
MARKS: dict[State, str] = {"recorded": "", "rebuilt": "≈", "interpolated": "~", "missing": "✕"}
Components = tuple[tuple[str, ...], ...]


class MontageClass(StrEnum):
    """Montages that are judged alike; how well, is measured by `benchmarks/montages.py`."""

    FULL = "full"
    REDUCED = "reduced"
    HEADBAND = "headband"
    LEFT = "one side (left)"
    RIGHT = "one side (right)"


@dataclass(frozen=True)
class Montage:
    """Where the signals of the 19 electrodes come from.

    Parameters
    ----------
    recorded
        The channels that were used, in the usual names: Fp1 of `EEG FP1-REF`, T4-T6 of `T8-P8`.
    rebuilt
        Electrodes whose signal is made of derivations.
    interpolated
        Electrodes whose signal is estimated from others.
    missing
        Electrodes without a signal.
    components
        Electrodes with a signal, by what can be subtracted: between two of different components
        the voltage is unknown.
    """

    recorded: tuple[str, ...] = ELECTRODES
    rebuilt: tuple[str, ...] = ()
    interpolated: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    components: Components = (ELECTRODES,)

    @property
    def bipolar(self) -> bool:
        """Whether any electrode had to be rebuilt from derivations."""
        return bool(self.rebuilt)

    @property
    def present(self) -> tuple[str, ...]:
        """Electrodes with a signal."""
        return tuple(name for name in ELECTRODES if name not in self.missing)

    @property
    def tied(self) -> tuple[str, ...]:
        """Electrodes whose signal is recorded or rebuilt, so not estimated."""
        return tuple(name for name in self.present if name not in self.interpolated)

    def without(self, names: Iterable[str]) -> "Montage":
        """Give the montage that is left where some electrodes show no EEG."""
        lost = set(names)
        return replace(
            self,
            rebuilt=tuple(name for name in self.rebuilt if name not in lost),
            interpolated=tuple(name for name in self.interpolated if name not in lost),
            missing=tuple(name for name in ELECTRODES if name in lost | set(self.missing)),
        )

    def state_of(self, trace: str) -> State:
        """Say where a trace comes from: of an electrode (Fp1, Fp1-Av) or of two (Fp1-F7).

        What was not recorded itself is as good as the worst of what it is made of.
        """
        sites = [site for site in trace.split("-") if site in ELECTRODES]
        if any(site in self.missing for site in sites):
            return "missing"
        if any(site in self.interpolated for site in sites):
            return "interpolated"
        if trace in self.recorded or not any(site in self.rebuilt for site in sites):
            return "recorded"
        return "rebuilt"

    @cached_property
    def derivations(self) -> tuple[str, ...]:
        """Of the 18 that the network looks at those with a signal: Fp1-F7, ..."""
        place = {name: number for number, names in enumerate(self.components) for name in names}
        return tuple(
            f"{a}-{b}"
            for a, b in DERIVATIONS
            if place.get(a, -1) == place.get(b, -2) and not {a, b} & set(self.missing)
        )

    @property
    def kind(self) -> MontageClass:
        """Of the montages that are judged alike the one that it is."""
        tied = set(self.tied)
        if len(tied) == len(ELECTRODES):
            return MontageClass.FULL
        left, right = tied & set(LEFT), tied & set(RIGHT)
        if bool(left) != bool(right):
            return MontageClass.LEFT if left else MontageClass.RIGHT
        return MontageClass.HEADBAND if tied <= set(HEADBAND) else MontageClass.REDUCED

    @property
    def name(self) -> str:
        """In words: full, bipolar; reduced (15 of 19 electrodes); one side (left), 8 electrodes."""
        kind, n = self.kind, len(self.tied)
        if kind is MontageClass.REDUCED:
            words = f"{kind} ({n} of {len(ELECTRODES)} electrodes)"
        elif kind is MontageClass.HEADBAND:
            words = f"{kind} ({n} electrodes)"
        else:
            words = str(kind) if kind is MontageClass.FULL else f"{kind}, {n} electrodes"
        return f"{words}, bipolar" if self.bipolar else words


ALL = Montage()  # 19 electrodes against one reference


def joined(montages: Sequence[Montage]) -> Montage:
    """Give the montage of a stay, whose files may have different ones.

    An electrode is missing where it is so in every file; two are of one component where no file
    that has both says otherwise.
    """
    places = [
        {name: number for number, names in enumerate(montage.components) for name in names}
        for montage in montages
    ]

    def tied(a: str, b: str) -> bool:
        both = [place[a] == place[b] for place in places if a in place and b in place]
        return bool(both) and all(both)

    def of_any(state: str) -> tuple[str, ...]:
        return tuple(
            name for name in ELECTRODES if any(name in getattr(each, state) for each in montages)
        )

    missing = tuple(name for name in ELECTRODES if all(name in each.missing for each in montages))
    components: list[list[str]] = []
    for name in ELECTRODES:
        if name in missing:
            continue
        home = next((each for each in components if all(tied(name, other) for other in each)), None)
        if home is None:
            components.append([name])
        else:
            home.append(name)
    return Montage(
        recorded=tuple(dict.fromkeys(label for each in montages for label in each.recorded)),
        rebuilt=of_any("rebuilt"),
        interpolated=of_any("interpolated"),
        missing=missing,
        components=tuple(map(tuple, components)),
    )
