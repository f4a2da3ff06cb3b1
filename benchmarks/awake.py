"""False alarms on awake real EEG: events of the five patterns where none is to be expected.

python benchmarks/awake.py ../shared/real [--model MODEL]... [--cross RUN]...
python benchmarks/awake.py ../shared/real --rhythm > benchmarks/awake_rhythm.txt

Reads REAL/awake with the settings that ship. `--cross` takes a run cross-validated on patients with
these people's backgrounds, and reads each person by the fit that held this person out; nobody who
was held out by no fold is read. Counts have exact Poisson intervals, which take events
for independent; those over people do not. Recordings with a rhythm of 4 to 6 Hz in all channels,
which may be interference, are counted apart: `--rhythm` lists them, told from the signal alone.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.signal import welch
from scipy.stats import chi2
from weights import AWAKE, Weights, add_options, chosen

from nasion.eeg.formats import open_recording
from nasion.evaluation.resampling import resamples
from nasion.reading.event import Event
from nasion.terms import ELECTRODES, PATTERNS, READING_STEP_S, SFREQ, Pattern

LISTED = Path(__file__).with_name("awake_rhythm.txt")
EVENTFUL = tuple(pattern for pattern in PATTERNS if pattern is not Pattern.OTHER)
HOUR_S = 3600.0

RHYTHM_HZ = (4.0, 6.0)
FLANKS_HZ = ((2.0, 3.25), (6.75, 8.0))  # between them power falls as a power of frequency
LEAST_RATIO = 2.0  # of a peak to that line
MOST_WITHOUT = 1  # electrodes
SPECTRUM_S = 8.0


@dataclass(frozen=True)
class Read:
    """What a reading says of one recording."""

    person: str
    rhythmic: bool
    events: dict[Pattern, int]
    certain: dict[Pattern, int]  # of them, as nothing measured contradicts them
    inside: int  # steps within an event
    judged: int
    steps: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("real", type=Path)
    add_options(parser)
    parser.add_argument("--rhythm", action="store_true", help="list recordings with 4 to 6 Hz")
    arguments = parser.parse_args()
    paths = sorted((arguments.real / "awake").glob("*.edf"))
    if arguments.rhythm:
        print("\n".join(path.stem for path in paths if has_rhythm(path)))
        return
    for weights in chosen(arguments):
        print(f"\n{weights.name}")
        rows = list(read(paths, weights))
        table("all", rows)
        table("without 4 to 6 Hz", [row for row in rows if not row.rhythmic])
        table("with 4 to 6 Hz", [row for row in rows if row.rhythmic])


def has_rhythm(path: Path) -> bool:
    """Whether power peaks between 4 and 6 Hz in all electrodes, or in all but one."""
    recording = open_recording(path)
    signals = recording.signals(0.0, recording.duration_s)[: len(ELECTRODES)]
    frequency, power = welch(signals, SFREQ, nperseg=round(SPECTRUM_S * SFREQ))
    flanks = np.any([(frequency >= low) & (frequency <= high) for low, high in FLANKS_HZ], axis=0)
    within = (frequency >= RHYTHM_HZ[0]) & (frequency <= RHYTHM_HZ[1])
    lines = np.polyfit(np.log(frequency[flanks]), np.log(power[:, flanks]).T, 1)
    expected = np.exp(np.outer(lines[0], np.log(frequency[within])) + lines[1][:, None])
    ratio = (power[:, within] / expected).max(axis=1)
    return int((ratio < LEAST_RATIO).sum()) <= MOST_WITHOUT


def person_of(path: Path) -> int:
    """Of the person, as awake-NNN-open.edf has it."""
    return int(path.stem.split("-")[1])


def read(paths: list[Path], weights: Weights) -> Iterator[Read]:
    listed = set(LISTED.read_text(encoding="utf-8").split())
    left_out = sorted(
        {person_of(path) for path in paths if not weights.reads(person_of(path), AWAKE)}
    )
    if left_out:
        print(f"held out by no fold, so not read: {', '.join(map(str, left_out))}")
    for path in paths:
        if person_of(path) in left_out:
            continue
        reading = weights.reader(person_of(path), AWAKE).read(open_recording(path))
        starts_s = np.arange(reading.n_steps) * READING_STEP_S
        inside = np.zeros(reading.n_steps, bool)
        for event in reading.events:
            inside |= (starts_s + READING_STEP_S > event.onset_s) & (starts_s < event.stop_s)
        yield Read(
            person=path.stem.split("-")[1],
            rhythmic=path.stem in listed,
            events=by_pattern(reading.events),
            certain=by_pattern(reading.certain),
            inside=int(inside.sum()),
            judged=int(reading.judged.sum()),
            steps=reading.n_steps,
        )


def by_pattern(events: Sequence[Event]) -> dict[Pattern, int]:
    """How many of each."""
    return {pattern: sum(event.pattern is pattern for event in events) for pattern in EVENTFUL}


def table(title: str, rows: list[Read]) -> None:
    """Print rates an hour, and the shares of time."""
    if not rows:
        return
    person = np.array([row.person for row in rows])
    steps = np.array([row.steps for row in rows])
    hours = steps.sum() * READING_STEP_S / HOUR_S
    alarms = sum(any(row.events.values()) for row in rows)
    print(
        f"\n{title}: {len(rows)} recordings of {len(set(person))} people, {hours:.2f} h;"
        f" {alarms} recordings with an event\n"
    )
    print("| | events | certain | an hour (Poisson) | an hour (people) |\n|---|---|---|---|---|")
    for name, patterns in (("any", EVENTFUL), *((pattern, (pattern,)) for pattern in EVENTFUL)):
        counts = np.array([sum(row.events[pattern] for pattern in patterns) for row in rows])
        n = int(counts.sum())
        certain = sum(row.certain[pattern] for row in rows for pattern in patterns)
        low, high = (bound / hours for bound in poisson(n))
        of_people = " to ".join(f"{bound:.1f}" for bound in over_people(counts, steps, person))
        print(
            f"| {name} | {n} | {certain} | {n / hours:.1f} ({low:.1f} to {high:.1f})"
            f" | {of_people} |"
        )
    inside, judged = (
        np.array([getattr(row, name) for row in rows]) for name in ("inside", "judged")
    )
    share_inside, share_judged = inside.sum() / steps.sum(), judged.sum() / steps.sum()
    print(f"\n{share_inside:.1%} of steps inside an event; judged {share_judged:.3f}")


def poisson(n: int) -> tuple[float, float]:
    """Exact 95 % limits of the mean of a count (Garwood 1936)."""
    low = chi2.ppf(0.025, 2 * n) / 2 if n else 0.0
    return float(low), float(chi2.ppf(0.975, 2 * n + 2) / 2)


def over_people(counts: np.ndarray, steps: np.ndarray, person: np.ndarray) -> tuple[float, float]:
    """95 % limits of the rate an hour, people drawn with all their recordings."""
    weights = np.concatenate(list(resamples(person)))
    rates = weights @ counts / (weights @ steps) * (HOUR_S / READING_STEP_S)
    low, high = np.percentile(rates, (2.5, 97.5))
    return float(low), float(high)


if __name__ == "__main__":
    main()
