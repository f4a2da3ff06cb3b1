"""Shortcuts: whether what is not the pattern tells the class.

python benchmarks/probes.py SIMULATED [--drawn N]

A random forest is asked for the class of each EEG of SIMULATED (a data set in HMS layout) from its
length (of which a network sees 50 s at most), from whether it has ten minutes around it, from its
EKG, mains, and band of 30 to 45 Hz that no network sees, and from its amplitude beside the labelled
span; cross-validated by patient.
A pattern may go on beside the span, so with `--drawn` as many backgrounds are drawn alone, too.
AUROC with intervals over patients; "!" marks those that lie above .5. Where nothing tells, it lies
at .5 or somewhat below, since folds lack what the others have more of.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.signal import welch
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedGroupKFold

from nasion.eeg.filters import band_pass
from nasion.evaluation.intervals import interval
from nasion.evaluation.resampling import resamples
from nasion.hms.layout import NO_SPECTROGRAM
from nasion.hms.segments import Segments, consensus, load_segments
from nasion.periods import middle_rows
from nasion.phantom.morphology import Stage
from nasion.phantom.patient import Patient, draw_pattern, middle
from nasion.terms import CENTRE_S, COLUMNS, ELECTRODES, PATTERNS, SEGMENT_S, SFREQ, Pattern

FOLDS, TREES, SEED = 5, 200, 0
N_EEG = len(ELECTRODES)
EKG_UV = 3.0  # rms; below it there is none


def features(segments: Segments) -> dict[str, pd.DataFrame]:
    """What does not belong to the pattern, by what it is of: a row a segment."""
    rows = []
    for row in segments.table.itertuples():
        frame = pd.read_parquet(segments.eeg_path(row.eeg_id))[list(COLUMNS)]
        signals = frame.to_numpy(np.float64).T
        centre_s = row.eeg_label_offset_seconds + min(SEGMENT_S, signals.shape[1] / SFREQ) / 2
        rows.append(
            {
                ("length of file", "s"): signals.shape[1] / SFREQ,
                ("length seen", "s"): min(signals.shape[1] / SFREQ, SEGMENT_S),
                ("context", "has it"): row.spectrogram_id != NO_SPECTROGRAM,
                **of_ekg(signals[N_EEG]),
                **of_spectrum(signals[:N_EEG]),
                ("amplitude beside", "log rms"): beside(signals[:N_EEG], centre_s),
            }
        )
    table = pd.DataFrame(rows, columns=pd.MultiIndex.from_tuples(rows[0])).astype(float)
    names = list(dict.fromkeys(table.columns.get_level_values(0)))
    return {name: table[name] for name in names}


def of_ekg(ekg: np.ndarray) -> dict[tuple[str, str], float]:
    rms = 0.0
    if np.isfinite(ekg).all():
        rms = float(np.std(band_pass(ekg, (1.0, 40.0), 2)))
    return {("EKG", "has it"): rms > EKG_UV, ("EKG", "log rms"): np.log(rms + 0.1)}


def of_spectrum(signals: np.ndarray) -> dict[tuple[str, str], float]:
    """Mains, and a band above the network's: log power, median and spread over electrodes."""
    rows = signals[np.isfinite(signals).all(1)]
    frequency, power = welch(rows, SFREQ, nperseg=round(2 * SFREQ))
    level = {}
    for hz in (50.0, 60.0):
        near = np.abs(frequency - hz)
        ratio = power[:, near <= 1].max(1) / power[:, (near > 2) & (near <= 5)].mean(1)
        level[("mains", f"{hz:g} Hz")] = float(np.median(np.log(ratio + 1e-9)))
    high = np.log(power[:, (frequency >= 30) & (frequency <= 45)].mean(1) + 1e-9)
    level[("30 to 45 Hz", "median")] = float(np.median(high))
    level[("30 to 45 Hz", "spread")] = float(np.std(high))
    return level


def beside(signals: np.ndarray, centre_s: float) -> float:
    """Amplitude of the 10 s that lie farthest from the label; NaN where there are none."""
    n = round(CENTRE_S * SFREQ)
    centre = round(centre_s * SFREQ)
    first = 0 if centre > signals.shape[1] / 2 else signals.shape[1] - n
    if abs(first + n / 2 - centre) < 1.5 * n:
        return float("nan")
    return amplitude(signals[:, first : first + n])


def amplitude(signals: np.ndarray) -> float:
    """Log of the median rms against the mean of the electrodes, 0.5 to 20 Hz."""
    seen = band_pass(np.nan_to_num(signals - signals.mean(0)), (0.5, 20.0), 2)
    return float(np.log(np.median(seen.std(1)) + 0.1))


def drawn(n: int) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Backgrounds alone of n patients: amplitude, what was planted, and patients."""
    rows, truth = [], []
    for number in range(n):
        rng = np.random.default_rng((SEED, 97, number))
        patient, pattern = Patient.draw(rng), draw_pattern(rng)
        scene = patient.morphology.scene(rng, Stage(patient.head, SEGMENT_S, middle(50.0)), pattern)
        n_times = round(SEGMENT_S * SFREQ)
        sites = patient.background.potential(rng, patient.head, n_times) * scene.gain
        rows.append(amplitude(sites[:N_EEG, middle(SEGMENT_S).samples].astype(float)))
        truth.append(PATTERNS.index(pattern))
    return pd.DataFrame({"log rms": rows}), np.array(truth), np.arange(n)


def areas(table: pd.DataFrame, truth: np.ndarray, patient: np.ndarray) -> dict[str, np.ndarray]:
    """AUROC of each class against the rest, and of patterns against other: value, low, high."""
    known = table.notna().all(axis=1).to_numpy()
    values, truth, patient = table.to_numpy()[known], truth[known], patient[known]
    score = np.zeros((len(truth), len(PATTERNS)))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    for train, test in folds.split(values, truth, patient):
        forest = RandomForestClassifier(TREES, min_samples_leaf=10, random_state=SEED)
        forest.fit(values[train], truth[train])
        score[np.ix_(test, forest.classes_)] = forest.predict_proba(values[test])
    other = PATTERNS.index(Pattern.OTHER)
    asked = {"any pattern": (truth != other, 1 - score[:, other])}
    asked |= {
        pattern.label: (truth == place, score[:, place]) for place, pattern in enumerate(PATTERNS)
    }
    weights = np.concatenate([np.ones((1, len(truth))), *resamples(patient)])
    drawn_areas = {
        name: area(is_own, own_score, weights)
        for name, (is_own, own_score) in asked.items()
        if len(np.unique(is_own)) == 2
    }
    return {name: np.array([row[0], *interval(row[1:])]) for name, row in drawn_areas.items()}


def area(is_own: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """AUROC of rows that count so often, (b, n) -> (b,); ties count half."""
    order = np.argsort(score)
    starts = np.flatnonzero(np.diff(score[order], prepend=-np.inf))
    own, rest = (
        np.add.reduceat((weights * rows)[:, order], starts, axis=1) for rows in (is_own, ~is_own)
    )
    below = rest.cumsum(1) - rest / 2
    return (own * below).sum(1) / (own.sum(1) * rest.sum(1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--drawn", type=int, default=0, help="backgrounds to draw alone")
    arguments = parser.parse_args()
    segments = load_segments(arguments.folder, "train")
    segments = segments.subset(middle_rows(segments.table))
    truth, patient = consensus(segments.table), segments.table["patient_id"].to_numpy()
    tables = {name: (table, truth, patient) for name, table in features(segments).items()}
    tables["all of these"] = (pd.concat([t for t, *_ in tables.values()], axis=1), truth, patient)
    if arguments.drawn:
        tables["background alone"] = drawn(arguments.drawn)
    names = ("any pattern", *(pattern.label for pattern in PATTERNS))
    print("| from | n | " + " | ".join(names) + " |\n|---|---" + "|---" * len(names) + "|")
    for name, (table, *rest) in tables.items():
        found = areas(table, *rest)
        cells = [shown(found[key]) if key in found else "-" for key in names]
        print(f"| {name} | {table.notna().all(axis=1).sum()} | {' | '.join(cells)} |", flush=True)


def shown(area: np.ndarray) -> str:
    value, low, high = area
    return f"{value:.2f} ({low:.2f} to {high:.2f}){' !' if low > 0.5 else ''}"


if __name__ == "__main__":
    main()
