"""Patterns pasted into awake real EEG: how often they are found, and what is found beside them.

python benchmarks/pasted.py ../shared/real [--model MODEL]... [--cross RUN]... [--people N]

Each of the five patterns, drawn anew for each person of REAL/awake, is put for 40 to 60 s into one
of his recordings, with soft ends, at four sizes. The ratio is `raters.contrast`: the largest tenth
of the samples of the pattern over that of the background and 4 µV, in the four derivations that
show it best, both as raters see them. At 0 nothing is pasted: what chance finds there.

A certain event counts as found where 5 s of it lie within the pasted span, as false where more than
10 s of it lie outside. `named`: those that most of the simulated panel calls by their pattern.
Intervals are over people; differences are paired with the first weights.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from estimates import Ratio
from weights import AWAKE, Weights, add_options, chosen

from nasion.eeg.filters import band_pass
from nasion.eeg.formats import open_recording
from nasion.phantom import raters
from nasion.phantom.activity import Appearance
from nasion.phantom.head import MIRRORED
from nasion.phantom.morphology import Stage
from nasion.phantom.patient import Patient
from nasion.phantom.timeline import Span
from nasion.reading.reading import Reading
from nasion.terms import CENTRE_S, ELECTRODES, EVENTFUL, PATTERNS, READING_STEP_S, SFREQ, Pattern

SEED = 1407
RATIOS = (0.5, 1.0, 2.0, 4.0)
SPAN_S = (40.0, 60.0)
EDGE_S = 10.0  # of the recording, left alone
RAMP_S = 1.0
PIECE_S = 5.0
LEAST_PIECE = 0.1  # of the median piece: a pattern goes on through its span
BAND_HZ = (0.5, 40.0)  # in which raters look
FOUND_S, FALSE_S = 5.0, 10.0
HOUR_S = 3600.0
FOUND = ("some", "right")


@dataclass(frozen=True)
class Piece:
    """A pattern of its own size, (19, n) µV against linked ears, and how it appears."""

    pattern: Pattern
    potential: np.ndarray
    appearance: Appearance

    @classmethod
    def draw(cls, rng: np.random.Generator, pattern: Pattern) -> "Piece":
        """Draw a patient's pattern that goes on through its span."""
        span = Span(0.0, round(float(rng.uniform(*SPAN_S)), 2))
        while True:
            patient = Patient.draw(rng)
            head = replace(patient.head, reference="A1A2")
            scene = patient.morphology.scene(rng, Stage(head, span.stop_s, span), pattern)
            activity = scene.activities[0]
            sites = activity.potential[MIRRORED] if patient.mirrored else activity.potential
            potential = head.referencing @ sites
            if activity.appearance and goes_on(potential):
                return cls(pattern, potential, activity.appearance)

    def scaled(self, ratio: float, background: np.ndarray) -> np.ndarray:
        """The potential at a ratio to a background of its length, (19, n) µV, with soft ends."""
        gain = ratio / raters.contrast(seen(self.potential), seen(background), self.appearance)
        n = self.potential.shape[1]
        from_end_s = np.minimum(np.arange(n), np.arange(n)[::-1]) / SFREQ
        return self.potential * gain * np.sin(np.pi / 2 * np.minimum(from_end_s / RAMP_S, 1)) ** 2

    def is_named(self, scaled: np.ndarray, background: np.ndarray) -> bool:
        """Whether the panel's votes on the span's tens of seconds are mostly for the pattern."""
        n = round(CENTRE_S * SFREQ)
        signal, rest = seen(scaled), seen(background)
        beliefs = [
            raters.belief([raters.find(signal[:, k : k + n], rest[:, k : k + n], self.appearance)])
            for k in range(0, scaled.shape[1] - n + 1, n)
        ]
        return PATTERNS[int(np.mean(beliefs, axis=0).argmax())] is self.pattern


def goes_on(potential: np.ndarray) -> bool:
    n = round(PIECE_S * SFREQ)
    pieces = potential[:, : potential.shape[1] // n * n].reshape(len(potential), -1, n)
    rms = np.sqrt((pieces**2).mean((0, 2)))
    return bool(rms.min() > LEAST_PIECE * np.median(rms) > 0)


def seen(signals: np.ndarray) -> np.ndarray:
    return band_pass(signals, BAND_HZ, 2).astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("real", type=Path)
    add_options(parser)
    parser.add_argument("--people", type=int, help="the first so many alone")
    parser.add_argument("--csv", type=Path, help="keep a row for each pasted pattern")
    arguments = parser.parse_args()
    by_person: dict[int, list[Path]] = {}
    for path in sorted((arguments.real / "awake").glob("*.edf")):
        by_person.setdefault(int(path.stem.split("-")[1]), []).append(path)
    people = dict(list(by_person.items())[: arguments.people])
    tables = {}
    for weights in chosen(arguments):
        held_out = [person for person in people if weights.reads(person, AWAKE)]
        rows = [row for person in held_out for row in read(person, people[person], weights)]
        tables[weights.name] = pd.DataFrame(rows)
        report(weights.name, tables[weights.name], next(iter(tables.values())))
    if arguments.csv:
        pd.concat(tables, names=["weights", "row"]).to_csv(arguments.csv)


def read(person: int, paths: list[Path], weights: Weights) -> Iterator[dict]:
    reader = weights.reader(person, AWAKE)
    for place, pattern in enumerate(EVENTFUL):
        recording = open_recording(paths[(person + place) % len(paths)])
        rng = np.random.default_rng((SEED, person, place))
        piece = Piece.draw(rng, pattern)
        length_s = piece.potential.shape[1] / SFREQ
        onset_s = float(rng.uniform(EDGE_S, recording.duration_s - EDGE_S - length_s))
        span = Span(onset_s, onset_s + length_s)
        signals = recording.signals(0.0, recording.duration_s)
        first = span.samples.start
        part = slice(first, first + piece.potential.shape[1])
        background = signals[: len(ELECTRODES), part].copy()
        for ratio in (0.0, *RATIOS):
            scaled = piece.scaled(ratio, background)
            signals[: len(ELECTRODES), part] = background + scaled
            made = replace(recording, read=lambda start, stop, made=signals: made[:, start:stop])
            counts = counted(reader.read(made), span, pattern)
            named = ratio > 0 and piece.is_named(scaled, background)
            yield {"person": person, "pattern": pattern, "ratio": ratio, "named": named, **counts}


def counted(reading: Reading, span: Span, pattern: Pattern) -> dict[str, float]:
    """What is found within the span of a pattern, and beside it."""
    events = [event for event in reading.events if event.is_certain]
    inside_s = [
        max(min(event.stop_s, span.stop_s) - max(event.onset_s, span.start_s), 0.0)
        for event in events
    ]
    within = [e.pattern for e, s in zip(events, inside_s, strict=True) if s >= FOUND_S]
    false = sum(e.duration_s - s > FALSE_S for e, s in zip(events, inside_s, strict=True))
    starts_s = np.arange(reading.n_steps) * READING_STEP_S
    own = (starts_s >= span.start_s) & (starts_s + READING_STEP_S <= span.stop_s)
    return {
        "some": bool(within),
        "right": pattern in within,
        "false": false,
        "outside_h": (reading.duration_s - (span.stop_s - span.start_s)) / HOUR_S,
        "judged": reading.judged[own].mean(),
    }


def ratio_of(rows: pd.DataFrame, column: str) -> Ratio:
    return Ratio.mean(rows[column].to_numpy(float), rows["person"].to_numpy())


def report(name: str, rows: pd.DataFrame, first: pd.DataFrame) -> None:
    """Print shares by ratio and pattern; where it is not the first, differences to that."""
    compared = rows is not first and len(rows) == len(first)
    print(f"\n{name}: {rows['person'].nunique()} people\n")
    print("| pattern | ratio | n | some event | the right one | judged | named: n | some | right |")
    print("|---|---|---|---|---|---|---|---|---|")
    for pattern in ("all", *EVENTFUL):
        of_pattern = (rows["pattern"] == pattern) | (pattern == "all")
        sizes = {f"{ratio:g}": rows["ratio"] == ratio for ratio in (0.0, *RATIOS)}
        for size, of_size in {**sizes, "1 and more": rows["ratio"] >= 1}.items():
            own = of_pattern & of_size
            part, named = rows[own], rows[own & rows["named"]]
            cells = [ratio_of(part, column).share() for column in FOUND]
            cells += [f"{part['judged'].mean():.3f}", str(len(named))]
            cells += [ratio_of(named, column).share() if len(named) else "-" for column in FOUND]
            print(f"| {pattern} | {size} | {len(part)} | {' | '.join(cells)} |")
            if compared:
                before = {column: ratio_of(first[own], column) for column in FOUND}
                cells = [ratio_of(part, column).minus(before[column]) for column in FOUND]
                print(f"| | | difference | {' | '.join(cells)} | | | | |")
    for ratio in (0.0, *RATIOS):
        part = rows[rows["ratio"] == ratio]
        false, hours, person = (part[c].to_numpy(float) for c in ("false", "outside_h", "person"))
        rate = Ratio(false, hours, person).number(".1f")
        print(f"false events an hour outside, ratio {ratio:g}: {rate}, {hours.sum():.1f} h")


if __name__ == "__main__":
    main()
