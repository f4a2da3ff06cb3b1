"""Participants: subjects of a data set, as weights know whom they learned from."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from nasion import provenance
from nasion.benchmark.data_set import DataSet, Item
from nasion.eeg.formats import open_recording
from nasion.errors import NasionError
from nasion.landmarks import NONE, Landmarks, joined
from nasion.simulation import Simulation

PIECE_S = 600.0


@dataclass(frozen=True)
class Participants:
    """Subjects and recordings of a data set (`nasion.subjects.Subjects`).

    A recording is told by its samples, as `nasion convert` writes them: weights that learned from
    what it wrote know the recording, and with it all others of its subject.
    """

    data_set: DataSet
    unit: str = ""

    @property
    def table(self) -> str:
        """None: a data set of recordings has no table of rows."""
        return ""

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Number of each subject: what its name says where all say one, else its place."""
        names = [subject.removeprefix("sub-") for subject in self.data_set.subjects]
        stated = [int(name) for name in names if name.isascii() and name.isdigit()]
        if len(set(stated)) < len(names):
            stated = list(range(1, len(names) + 1))
        return dict(zip(self.data_set.subjects, stated, strict=True))

    @property
    def patients(self) -> frozenset[int]:
        """Numbers of the subjects."""
        return frozenset(self.numbers.values())

    @property
    def eegs(self) -> frozenset[int]:
        """Places of the recordings."""
        return frozenset(range(len(self.data_set.items)))

    @cached_property
    def simulation(self) -> Simulation | None:
        """What the folder says of the simulator."""
        return Simulation.of(self.data_set.folder)

    def contents(self) -> Iterable[tuple[str, int]]:
        """Content and subject of each recording that can be read."""
        return [(content, subject) for _, content, subject in self._recordings]

    def landmarks(self) -> Iterable[tuple[Landmarks, str, int]]:
        """Landmarks, content and subject of each recording that can be read."""
        return self._recordings

    @cached_property
    def _recordings(self) -> list[tuple[Landmarks, str, int]]:
        return [(*self._traits(item), self.numbers[item.subject]) for item in self.data_set.items]

    def beside(self) -> Iterable[str]:
        """None: all recordings are listed."""
        return ()

    def _traits(self, item: Item) -> tuple[Landmarks, str]:
        """Landmarks and content; none where it can't be read, since nothing is scored then."""
        steps, parts = [], []
        try:
            recording = open_recording(item.path, unit=self.unit)
            borders = [*np.arange(0.0, recording.duration_s, PIECE_S), recording.duration_s]
            for start, stop in pairwise(borders):
                signals = recording.signals(start, stop)
                steps.append(provenance.steps_of(signals))
                parts.append(Landmarks.of(signals).later(start))
        except NasionError:
            return NONE, ""
        return joined(parts), provenance.digest(np.concatenate(steps, axis=1))
