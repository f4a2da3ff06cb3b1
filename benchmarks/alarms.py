"""What events cost: false ones a day and true ones found, by the threshold of each pattern.

python benchmarks/alarms.py FOLDER... [--empty FOLDER...] [--model MODEL] [--json TABLE]

FOLDERs hold recordings with their truth, as `nasion simulate` or benchmarks/stays.py make them;
those of --empty hold recordings without any pattern. A run counts as true where it was planted and
most of the panel names it; an event of its pattern that touches it has found it. False is an event
that touches no run that was planted or named so. Uncertain events count as none. Readings are kept
beside the recordings (or below --readings) and used again; each threshold is tried on their
probabilities with the other patterns as they ship. `nasion state MODEL --alarms TABLE` writes the
table into a model; `nasion read --false-alarms N` then takes its thresholds.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from nasion.alarms import Course, Curve, Point
from nasion.eeg.formats import SUFFIXES, open_recording
from nasion.eeg.recording import Recording
from nasion.errors import NasionError
from nasion.events.contradicted import judge
from nasion.events.rhythm import describe
from nasion.events.runs import DEFAULT, EventSettings, find
from nasion.exports import folder as reading_folder
from nasion.files import write_json
from nasion.network import Network
from nasion.reader.reader import Reader
from nasion.reading.event import Event
from nasion.reading.reading import Reading
from nasion.terms import EVENTFUL, Pattern

THRESHOLDS = (.3, .35, .4, .45, .5, .55, .6, .65, .7, .75, .8, .85, .9, .95)  # fmt: skip
LONG_S, CLEAR = 10.0, 0.5  # a true run lasts so long, and so much of the panel names it
DAY_H = 24.0


@dataclass(frozen=True)
class Read:
    """A recording that was read, with its truth (a row a run); none where nothing is to be found.

    `measured` keeps what the signal says of each run of steps, so that it is measured once.
    """

    recording: Recording
    reading: Reading
    truth: pd.DataFrame | None
    measured: dict[tuple[float, float, Pattern], tuple[Event, ...]] = field(default_factory=dict)

    def events(self, settings: EventSettings) -> list[Event]:
        """Certain events by some settings, as a reading by them would hold."""
        return [
            replace(told, probability=event.probability, peak=event.peak)
            for event in find(self.reading, settings)
            for told in self._described(event)
            if told.is_certain
        ]

    def _described(self, event: Event) -> tuple[Event, ...]:
        key = event.onset_s, event.duration_s, event.pattern
        if key not in self.measured:
            self.measured[key] = judge(describe([event], self.recording))
        return self.measured[key]

    def true_runs(self, pattern: Pattern) -> list[tuple[float, float]]:
        """What is to be found."""
        if self.truth is None:
            return []
        rows = self.truth[
            (self.truth.planted == str(pattern))
            & (self.truth[f"{pattern}_share"] >= CLEAR)
            & (self.truth.duration >= LONG_S)
        ]
        return _spans(rows)

    def near_runs(self, pattern: Pattern) -> list[tuple[float, float]]:
        """What an event of the pattern may touch without being false."""
        if self.truth is None:
            return []
        own = (self.truth.planted == str(pattern)) | (self.truth.trial_type == str(pattern))
        return _spans(self.truth[own])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--empty", type=Path, nargs="*", default=[])
    parser.add_argument("--model", type=Path)
    parser.add_argument("--readings", type=Path, help="keep readings here")
    parser.add_argument("--json", type=Path, help="keep the curve here")
    arguments = parser.parse_args()
    network = Network.open(arguments.model)
    reads = [
        read(path, network, arguments.readings or folder, with_truth=folder in arguments.folders)
        for folder in (*arguments.folders, *arguments.empty)
        for path in recordings(folder)
    ]
    names = [folder.name for folder in arguments.folders]
    empty = [folder.name for folder in arguments.empty]
    command = f"benchmarks/alarms.py {' '.join(names)}" + (
        f" --empty {' '.join(empty)}" * bool(empty)
    )
    curve = curve_of(reads, command)
    show(curve)
    together(reads, curve)
    if arguments.json:
        write_json(arguments.json, curve.model_dump(mode="json"))


def recordings(folder: Path) -> list[Path]:
    """Recordings of a folder, or of `recordings/` in it."""
    below = folder / "recordings"
    place = below if below.is_dir() else folder
    paths = sorted(path for path in place.iterdir() if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise NasionError(f"{folder}: holds no recording")
    return paths


def read(path: Path, network: Network, folder: Path, *, with_truth: bool) -> Read:
    """Read a recording, or take its reading where it was read before by these weights."""
    out = folder / f"readings-{network.about.weights}" / path.stem
    recording = open_recording(path)
    if not (out / reading_folder.MANIFEST).exists():
        Reader(network, display=False, report=False).read_to(recording, out)
        print(f"read {path.name}", file=sys.stderr, flush=True)
    truth = None
    if with_truth:
        truth = pd.read_csv(path.with_name(f"{path.stem}_events.tsv"), sep="\t", na_values="n/a")
    return Read(recording, reading_folder.load(out), truth)


def curve_of(reads: Sequence[Read], command: str) -> Curve:
    """Each pattern at each threshold, the others as they ship."""
    hours = [one.reading.recorded_s / 3600 for one in reads]
    return Curve(
        hours=float(sum(hours)),
        recordings=len(reads),
        empty_hours=float(sum(n for n, one in zip(hours, reads, strict=True) if one.truth is None)),
        command=command,
        patterns={pattern: course(reads, pattern, sum(hours)) for pattern in EVENTFUL},
    )


def course(reads: Sequence[Read], pattern: Pattern, hours: float) -> Course:
    """What events of a pattern do at each threshold.

    Raises
    ------
    NasionError
        Where no recording holds a true run of it.
    """
    true = sum(len(one.true_runs(pattern)) for one in reads)
    if not true:
        raise NasionError(f"no recording holds a true run of {pattern.label}; give more of them")
    points = []
    for threshold in THRESHOLDS:
        found, false = counts(reads, pattern, EventSettings(enters={pattern: threshold}))
        points.append(
            Point(threshold=threshold, false_a_day=DAY_H * false / hours, found=found / true)
        )
    return Course(true=true, points=tuple(points))


def counts(reads: Sequence[Read], pattern: Pattern, settings: EventSettings) -> tuple[int, int]:
    """True runs that an event touches, and events that touch none."""
    found = false = 0
    for one in reads:
        events = [event for event in one.events(settings) if event.pattern is pattern]
        spans = [(event.onset_s, event.stop_s) for event in events]
        found += sum(_touched(run, spans) for run in one.true_runs(pattern))
        near = one.near_runs(pattern)
        false += sum(not _touched(span, near) for span in spans)
    return found, false


def show(curve: Curve) -> None:
    print(
        f"{curve.recordings} recordings, {curve.hours:.2f} h, {curve.empty_hours:.2f} h of them"
        f" without any pattern; {curve.least:.1f} false events a day at the least"
    )
    print("\n| threshold | " + " | ".join(
        f"{pattern.label} false a day, found of {curve.patterns[pattern].true}"
        for pattern in EVENTFUL
    ) + " |")  # fmt: skip
    print("|---" * (len(EVENTFUL) + 1) + "|")
    for place, threshold in enumerate(THRESHOLDS):
        points = (curve.patterns[pattern].points[place] for pattern in EVENTFUL)
        cells = (f"{point.false_a_day:.1f}, {point.found:.2f}" for point in points)
        shipped = " (ships)" if threshold == DEFAULT.enter else ""
        print(f"| {threshold:.2f}{shipped} | {' | '.join(cells)} |")


def together(reads: Sequence[Read], curve: Curve) -> None:
    """Whether thresholds chosen pattern by pattern keep together what they promise."""
    print("\n| asked for | expected | measured together | mean share found | thresholds |")
    print("|---|---|---|---|---|")
    for asked, settings, expected in _settings(curve):
        results = {pattern: counts(reads, pattern, settings) for pattern in EVENTFUL}
        false = DAY_H * sum(false for _, false in results.values()) / curve.hours
        found = np.mean([n / curve.patterns[name].true for name, (n, _) in results.items()])
        values = ", ".join(f"{name.label} {settings.enter_of(name):.2f}" for name in EVENTFUL)
        print(f"| {asked} | {expected} | {false:.1f} | {found:.3f} | {values} |")


def _settings(curve: Curve) -> Iterator[tuple[str, EventSettings, str]]:
    yield "as they ship", DEFAULT, "-"
    for asked in (1, 2, 5, 10, 20, 50):
        choice = curve.choice(asked)
        if choice is not None:
            yield str(asked), EventSettings(enters=choice.thresholds), f"{choice.false_a_day:.1f}"


def _spans(rows: pd.DataFrame) -> list[tuple[float, float]]:
    return list(zip(rows.onset, rows.onset + rows.duration, strict=True))


def _touched(span: tuple[float, float], others: Sequence[tuple[float, float]]) -> bool:
    return any(start < span[1] and span[0] < stop for start, stop in others)


if __name__ == "__main__":
    main()
