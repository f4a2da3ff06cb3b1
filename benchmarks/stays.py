"""What a reading finds in simulated stays: steps, events, seizures, rates, sides.

python benchmarks/stays.py FOLDER [--stays 40] [--hours 1] [--seed 31] [--model model.onnx]

The truth is what the panel of raters calls each run of a pattern, and for seizures also what was
planted. Stays and readings are kept in FOLDER; called again, only what is missing is made.
Intervals hold 95 % of resampled patients.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from timescoring.annotations import Annotation
from timescoring.scoring import EventScoring, SampleScoring

from nasion.benchmark.table import over_lines
from nasion.eeg.edf.writer import write_edf
from nasion.eeg.formats import open_recording
from nasion.evaluation import detection, occurrences
from nasion.evaluation.resampling import resamples
from nasion.evaluation.subjects import over_subjects
from nasion.exports import folder as reading_folder
from nasion.network import Network
from nasion.phantom.recordings import simulate_recordings
from nasion.reader.reader import Reader
from nasion.reading.dense import read_steps
from nasion.reading.reading import Reading
from nasion.terms import CENTRE_S, EVENTFUL, PATTERNS, READING_STEP_S, Pattern

LONG_S = 10.0  # seizures and steps judged last so long
CLEAR = 0.5  # share of the panel from which a run is clear
SHARES = [f"{pattern}_share" for pattern in PATTERNS]


@dataclass(frozen=True)
class Read:
    """A stay: its truth (a row a run), its artifacts, and what was read."""

    truth: pd.DataFrame
    artifacts: pd.DataFrame
    reading: Reading
    files: tuple[Path, Path]

    def calls(self, run: pd.Series) -> np.ndarray:
        """Probabilities of the steps whose 10 s lie within a run, shape (n, 6)."""
        first = int(np.ceil((run.onset + CENTRE_S / 2) / READING_STEP_S - 0.5))
        last = int((run.onset + run.duration - CENTRE_S / 2) / READING_STEP_S - 0.5)
        steps = self.reading.probability[max(first, 0) : last + 1]
        return steps[~np.isnan(steps[:, 0])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--stays", type=int, default=40)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=31)
    parser.add_argument("--model", type=Path)
    arguments = parser.parse_args()
    network = Network.open(arguments.model)
    paths = simulate_recordings(
        arguments.folder,
        n_recordings=arguments.stays,
        hours=arguments.hours,
        seed=arguments.seed,
        write=write_edf,
    )
    stays = [read(path, network, arguments.folder) for path in paths]
    print(f"{len(stays)} stays of {arguments.hours:g} h, seed {arguments.seed}")
    steps(stays)
    print("\nevents, against what most of the panel calls a run (rules of SzCORE)")
    print(detection.table(detection.score_pairs([stay.files for stay in stays])))
    szcore(stays)
    seizures(stays)
    rates(stays)
    shared_image(paths[:4], network)


def read(path: Path, network: Network, folder: Path) -> Read:
    weights = network.about.weights
    out = folder / f"readings-{weights}" / path.stem
    if not (out / reading_folder.MANIFEST).exists():
        Reader(network, display=False, report=False).read_to(open_recording(path), out)
    truth = path.with_name(f"{path.stem}_events.tsv")
    table = pd.read_csv(truth, sep="\t", na_values="n/a")
    artifact = table.trial_type == "artifact"
    files = out / "events.tsv", truth
    return Read(table[~artifact], table[artifact], reading_folder.load(out), files)


def share_text(hits: Sequence[float], totals: Sequence[float]) -> str:
    """A ratio of sums over patients, with its interval."""
    top, bottom = np.array(hits, float), np.array(totals, float)
    if not bottom.sum():
        return "-"
    draws = resamples(np.arange(len(top)))
    shares = np.concatenate([w @ top / np.maximum(w @ bottom, 1e-9) for w in draws])
    low, high = np.percentile(shares, (2.5, 97.5))
    return f"{top.sum() / bottom.sum():.2f} ({low:.2f} to {high:.2f}), {bottom.sum():.0f}"


def steps(stays: list[Read]) -> None:
    """How the network votes within runs that most of the panel gives one name."""
    print("\nsteps of 10 s within runs that half of the panel names alike: share called so, mean")
    print("probability beside the panel's share")
    for place, pattern in enumerate(PATTERNS):
        hits, totals, own_share, shares = [], [], [], []
        for stay in stays:
            runs = stay.truth[
                (stay.truth[SHARES[place]] >= CLEAR) & (stay.truth.duration >= LONG_S)
            ]
            calls = [stay.calls(run) for run in runs.itertuples()]
            probability = np.concatenate([np.zeros((0, len(PATTERNS))), *calls])
            hits.append((probability.argmax(1) == place).sum())
            totals.append(len(probability))
            own_share += probability[:, place].tolist()
            lengths = [len(row) for row in calls]
            shares += np.repeat(runs[SHARES[place]].to_numpy(), lengths).tolist()
        middle = f"{np.mean(own_share):.2f} beside {np.mean(shares):.2f}" if own_share else "-"
        print(f"{pattern.label:8} {share_text(hits, totals)}; {middle}")


def szcore(stays: list[Read]) -> None:
    """Seizures as SzCORE's own package counts them; a stay is a patient."""
    print("\nseizures by the rules and the package of SzCORE (timescoring), patients as subjects")
    counts: dict[str, list[detection.Counts]] = {"events": [], "samples": []}
    for stay in stays:
        n_s = int(stay.reading.duration_s)
        tables = [occurrences.read(path).spans[Pattern.SEIZURE] for path in stay.files]
        found, truth = (Annotation(detection.whole_seconds(spans, n_s), 1, n_s) for spans in tables)
        for way, scoring in (("events", EventScoring), ("samples", SampleScoring)):
            scored = scoring(truth, found)
            counts[way].append(detection.Counts(scored.refTrue, scored.tp, scored.fp, n_s))
    over = {way: over_subjects(parts) for way, parts in counts.items()}
    for line in over_lines(over["events"], over["samples"]):
        print(line)


def touching(rows: pd.DataFrame, onset_s: float, stop_s: float) -> pd.DataFrame:
    """Rows of a truth that share time with a span."""
    return rows[(rows.onset < stop_s) & (rows.onset + rows.duration > onset_s)]


def seizures(stays: list[Read]) -> None:
    """Planted seizures that an event touches, and events that touch none."""
    hits, totals, false, hours = [], [], [], []
    missed_hz: list[float] = []
    causes: Counter[str] = Counter()
    for stay in stays:
        events = [e for e in stay.reading.events if e.pattern is Pattern.SEIZURE]
        ictal = stay.truth[(stay.truth.planted == "seizure") | (stay.truth.trial_type == "seizure")]
        planted = ictal[(ictal.planted == "seizure") & (ictal.duration >= LONG_S)]
        found_seizures = [
            any(len(touching(planted.loc[[k]], e.onset_s, e.stop_s)) for e in events)
            for k in planted.index
        ]
        missed_hz += planted.frequency_hz[[not is_found for is_found in found_seizures]].tolist()
        false_events = [e for e in events if not len(touching(ictal, e.onset_s, e.stop_s))]
        for event in false_events:
            rows = pd.concat([stay.truth, stay.artifacts])
            causes.update(set(touching(rows, event.onset_s, event.stop_s).planted) or {"nothing"})
        hits.append(sum(found_seizures))
        totals.append(len(planted))
        false.append(len(false_events) * 24)
        hours.append(stay.reading.duration_s / 3600)
    print(f"\nplanted seizures of {LONG_S:g} s and more found: {share_text(hits, totals)}")
    print(f"rates of those missed, Hz: {', '.join(f'{rate:.1f}' for rate in sorted(missed_hz))}")
    print(f"seizure events that touch none, in 24 h: {share_text(false, hours)} h")
    print(f"what was there, by event: {', '.join(f'{k} {n}' for k, n in causes.most_common())}")


def rates(stays: list[Read]) -> None:
    """Rate of events beside that of the runs of the same name within; side, where there is one.

    Seizures change their rate as they go, so no one number is right.
    """
    print("\nrate and side of events beside those of the runs of that name within")
    for pattern in EVENTFUL:
        off: dict[int, list[float]] = {}
        sided = right = unmeasured = 0
        for number, stay in enumerate(stays):
            runs = stay.truth[stay.truth.trial_type == str(pattern)].dropna(subset="frequency_hz")
            for event in (e for e in stay.reading.events if e.pattern is pattern):
                stop = np.minimum(event.stop_s, runs.onset + runs.duration)
                shared = (stop - np.maximum(event.onset_s, runs.onset)).clip(lower=0)
                if shared.sum() < LONG_S / 2:
                    continue
                rate = float((shared * runs.frequency_hz).sum() / shared.sum())
                if event.frequency_hz is None:
                    unmeasured += 1
                else:
                    off.setdefault(number, []).append(abs(event.frequency_hz - rate))
                side = runs.side[shared.idxmax()]
                if side != "bilateral" and event.side:
                    sided, right = sided + 1, right + (event.side == side)
        cells = []
        if pattern is not Pattern.SEIZURE and off:
            medians = [float(np.median(errors)) for errors in off.values()]
            cells.append(
                f"median error {np.median(np.concatenate(list(off.values()))):.3f} Hz of events, "
                f"{np.median(medians):.3f} of {len(medians)} patients' medians; "
                f"{unmeasured} unmeasured"
            )
        if pattern not in (Pattern.GPD, Pattern.GRDA):
            cells.append(f"side right in {right} of {sided}")
        print(f"{pattern.label:8} {'; '.join(cells)}")


def shared_image(paths: list[Path], network: Network) -> None:
    """What it changes that the 10-min image is made every 30 s and not for each step."""
    off = []
    for path in paths:
        recording = open_recording(path)
        shared, single = (
            read_steps(recording, network, **options).probability
            for options in ({}, {"context_every": 1})
        )
        off.append(np.nan_to_num(np.abs(shared - single)).max(1))
    change = np.concatenate(off)
    print(
        f"\n10-min image every 30 s against every 2 s, {len(paths)} stays: probabilities change by "
        f"{change.mean():.4f} on average, {np.percentile(change, 99):.4f} at the 99th percentile, "
        f"{change.max():.4f} at most, by more than .01 in {(change > 0.01).mean():.2%} of steps"
    )


if __name__ == "__main__":
    main()
