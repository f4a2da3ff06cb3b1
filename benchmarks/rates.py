"""How right the measured rate of an event is, beside the truth of simulated stays.

python benchmarks/rates.py FOLDER [--listed 0]

FOLDER holds recordings with their events as `nasion simulate --recordings` writes them. Each run of
10 s and more, of six cycles and more, that half of the panel or more names a pattern is measured
as an event of that span and name would be; no network takes part. Intervals hold 95 % of resampled
patients. `--listed` prints that many of the largest errors.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from nasion.eeg.formats import open_recording
from nasion.evaluation.resampling import resamples
from nasion.events.rhythm import SIX, measure
from nasion.reading.event import Event
from nasion.terms import EVENTFUL, Pattern

LONG_S = 10.0
CLEAR = 0.5  # share of the panel
NEAR = 0.15  # of a factor: 1.7 to 2.3 times counts as double
REPEATING = [pattern for pattern in EVENTFUL if pattern is not Pattern.SEIZURE]
DRAWS = 400


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--listed", type=int, default=0)
    arguments = parser.parse_args()
    runs = pd.concat([measured(path) for path in sorted(arguments.folder.glob("*_events.tsv"))])
    print(f"runs of {LONG_S:g} s and more that half of the panel names, of {SIX} cycles and more:")
    print("error of the rate, Hz, of those measured")
    for pattern in REPEATING:
        print(f"{pattern.label:5} {line(runs[runs.trial_type == str(pattern)])}")
    if arguments.listed:
        runs["error_hz"] = (runs.found_hz - runs.frequency_hz).abs()
        worst = runs.sort_values("error_hz", ascending=False).head(arguments.listed)
        shown = ["trial_type", "patient", "onset", "duration", "planted", "amplitude_uv"]
        print(worst[[*shown, "frequency_hz", "found_hz"]].round(2).to_string(index=False))


def measured(events: Path) -> pd.DataFrame:
    """Runs of one recording, each with the rate that was measured; NaN where none was."""
    name = events.name.removesuffix("_events.tsv")
    truth = pd.read_csv(events, sep="\t", na_values="n/a")
    named = truth.trial_type.isin([str(pattern) for pattern in REPEATING])
    runs = truth[named & (truth.duration >= LONG_S)].dropna(subset="frequency_hz")
    runs = runs[runs.duration * runs.frequency_hz >= SIX]
    clear = [row[f"{row.trial_type}_share"] >= CLEAR for _, row in runs.iterrows()]
    runs = runs[np.array(clear, bool)].assign(patient=name)
    recording = open_recording(events.with_name(f"{name}.edf"))
    rates = []
    for run in runs.itertuples():
        event = Event(run.onset, run.duration, Pattern(run.trial_type), 1.0, 1.0)
        found = measure(event, recording)
        rate = found.frequency_hz if found else None
        rates.append(np.nan if rate is None else rate)
    return runs.assign(found_hz=np.array(rates, float))


def line(runs: pd.DataFrame) -> str:
    """Errors of one pattern, and how many were not measured or are wrong by a factor of 2."""
    if runs.empty:
        return "none"
    factor = runs.found_hz / runs.frequency_hz
    error = (runs.found_hz - runs.frequency_hz).abs().to_numpy()
    counts = {
        "not measured": runs.found_hz.isna(),
        "doubled": (factor / 2 - 1).abs() < NEAR,
        "halved": (factor * 2 - 1).abs() < NEAR,
    }
    patients = runs.patient.to_numpy()
    cells = [
        f"n {len(runs)} of {len(set(patients))} patients",
        f"median {between(lambda rows: np.nanquantile(error[rows], 0.5), patients)}",
        f"90th percentile {between(lambda rows: np.nanquantile(error[rows], 0.9), patients)}",
    ]
    for word, hits in counts.items():
        share = hits.to_numpy(float)
        cells.append(f"{word} {between(lambda rows, share=share: share[rows].mean(), patients)}")
    return ", ".join(cells)


def between(number: Callable[[np.ndarray], float], patients: np.ndarray) -> str:
    """A number of the rows, with its interval over resampled patients."""
    draws = np.concatenate(list(resamples(patients)))[:DRAWS]
    values = [number(np.repeat(np.arange(len(patients)), weight.astype(int))) for weight in draws]
    low, high = np.nanpercentile(values, (2.5, 97.5))
    return f"{number(np.arange(len(patients))):.3f} ({low:.3f} to {high:.3f})"


if __name__ == "__main__":
    main()
