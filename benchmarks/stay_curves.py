"""Sensitivity against false events in simulated stays, as a curve, of several weights.

python benchmarks/stay_curves.py FOLDER... [--model MODEL]... [--stays N] [--readings FOLDER]

FOLDERs are those of benchmarks/stays.py. At each threshold of an event (`enter`; the other patterns
as they ship) stand the share found and false events in 24 h, by the rules of benchmarks/alarms.py:
a run is to be found that was planted, lasts 10 s and is so named by half of the panel; uncertain
events count as none. "Planted seizures" are to be found whatever the panel says. Intervals are over
stays; differences are paired with the first weights.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from alarms import LONG_S, THRESHOLDS, Read, counts, read, recordings
from estimates import Ratio
from weights import Weights, add_options, chosen

from nasion.events.contradicted import judge
from nasion.events.rhythm import describe
from nasion.events.runs import DEFAULT, EventSettings, find
from nasion.terms import EVENTFUL, Pattern

PLANTED = "planted seizures"
DAY_H = 24.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+")
    add_options(parser)
    parser.add_argument("--stays", type=int, help="the first so many of each folder")
    parser.add_argument("--readings", type=Path, help="keep readings below this folder")
    arguments = parser.parse_args()
    first: pd.DataFrame | None = None
    for weights in chosen(arguments):
        reads = list(of(weights, arguments.folders, arguments.readings, arguments.stays))
        rows = table(reads)
        report(weights.name, reads, rows, first)
        first = rows if first is None else first


def of(
    weights: Weights, folders: list[Path], readings: Path | None, n: int | None
) -> Iterator[Read]:
    """Stays as they were read, each once."""
    for folder in folders:
        place = readings / folder.name if readings else folder
        for path in recordings(folder)[:n]:
            yield read(path, weights.model.network, place, with_truth=True)


def table(reads: list[Read]) -> pd.DataFrame:
    """A row for each stay, pattern and threshold: found, true, false and hours."""
    rows = []
    for stay, one in enumerate(reads):
        hours = one.reading.recorded_s / 3600
        for threshold in THRESHOLDS:
            for pattern in EVENTFUL:
                settings = EventSettings(enters={pattern: threshold})
                found, false = counts([one], pattern, settings)
                true = len(one.true_runs(pattern))
                rows.append((str(pattern), threshold, stay, found, true, false, hours))
            rows.append((PLANTED, threshold, stay, *planted(one, threshold), hours))
    names = ["what", "threshold", "stay", "found", "true", "false", "hours"]
    return pd.DataFrame(rows, columns=names)


def planted(one: Read, threshold: float) -> tuple[int, int, int]:
    """Planted seizures found, all of them, and seizure events that touch none, as in stays.py."""
    assert one.truth is not None
    settings = EventSettings(enters={Pattern.SEIZURE: threshold})
    events = [event for event in one.events(settings) if event.pattern is Pattern.SEIZURE]
    own = one.truth.planted == str(Pattern.SEIZURE)
    due = one.truth[own & (one.truth.duration >= LONG_S)]
    ictal = one.truth[own | (one.truth.trial_type == str(Pattern.SEIZURE))]

    def touched(rows: pd.DataFrame, start_s: float, stop_s: float) -> bool:
        return bool(((rows.onset < stop_s) & (rows.onset + rows.duration > start_s)).any())

    found = sum(
        any(touched(due.loc[[row]], event.onset_s, event.stop_s) for event in events)
        for row in due.index
    )
    false = sum(not touched(ictal, event.onset_s, event.stop_s) for event in events)
    return found, len(due), false


def ratios(rows: pd.DataFrame) -> tuple[Ratio, Ratio]:
    """Share found, and false events in 24 h."""
    unit = rows["stay"].to_numpy()
    found = Ratio(rows["found"].to_numpy(float), rows["true"].to_numpy(float), unit)
    return found, Ratio(DAY_H * rows["false"].to_numpy(), rows["hours"].to_numpy(), unit)


def report(name: str, reads: list[Read], rows: pd.DataFrame, first: pd.DataFrame | None) -> None:
    hours = sum(one.reading.recorded_s for one in reads) / 3600
    judged = np.concatenate([one.reading.judged for one in reads])
    print(f"\n{name}: {len(reads)} stays, {hours:.1f} h; {judged.mean():.3f} of steps judged")
    all_events = [
        event for one in reads for event in judge(describe(find(one.reading), one.recording))
    ]
    for pattern in EVENTFUL:
        events = [event for event in all_events if event.pattern is pattern]
        doubted = sum(not event.is_certain for event in events)
        told = np.concatenate([one.reading.tells(pattern) for one in reads]).sum()
        print(
            f"{pattern.label}: can't be told in {1 - told / max(judged.sum(), 1):.3f} of these;"
            f" {doubted} of {len(events)} events uncertain"
        )
    for what in (PLANTED, *map(str, EVENTFUL)):
        own = rows["what"] == what
        n = rows[own & (rows["threshold"] == DEFAULT.enter)]["true"].sum()
        print(f"\n{what}: {n}\n")
        print("| threshold | found | false in 24 h | found, - first | false, - first |")
        print("|---|---|---|---|---|")
        for threshold in THRESHOLDS:
            at = own & (rows["threshold"] == threshold)
            found, false = ratios(rows[at])
            cells = [found.share(), false.number(".1f"), "-", "-"]
            if first is not None:
                before, false_before = ratios(first[at])
                cells[2:] = found.minus(before), false.minus(false_before, "+.1f")
            ships = " (ships)" if threshold == DEFAULT.enter else ""
            print(f"| {threshold:.2f}{ships} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
