"""Shortcuts: whether what is not the pattern tells the class, and whether it moves a prediction.

python benchmarks/probes.py SIMULATED [--awake ../shared/real] [--model MODEL]... [--drawn N]

A random forest is asked for the class of each EEG of SIMULATED (a data set in HMS layout) from its
length, from whether it has ten minutes around it, from its EKG, mains, and band of 30 to 45 Hz that
no network sees, and from its amplitude beside the labelled span; cross-validated by patient.
A pattern may go on beside the span, so with `--drawn` as many backgrounds are drawn alone, too.
AUROC with intervals over patients; "!" marks those that lie above .5.

Then the same EEGs with and without context, EKG and notch: how far the weights' probabilities move.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.signal import welch
from shifts import cut_out, window_of
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from weights import AWAKE, Weights, add_options, chosen

from nasion.api.arrays import recordings_of
from nasion.data.representation import represent
from nasion.eeg.filters import band_pass, band_stop
from nasion.eeg.formats import open_recording
from nasion.evaluation.intervals import interval
from nasion.evaluation.resampling import resamples
from nasion.hms.layout import NO_SPECTROGRAM
from nasion.hms.segments import Segments, consensus, load_segments
from nasion.periods import middle_rows
from nasion.phantom.morphology import Stage
from nasion.phantom.patient import Patient, draw_pattern, middle
from nasion.terms import CENTRE_S, COLUMNS, ELECTRODES, PATTERNS, SEGMENT_S, SFREQ, Pattern
from nasion.windowing import Window, Windows, cut_at

FOLDS, TREES, RESAMPLES, SEED = 5, 200, 200, 0
N_EEG = len(ELECTRODES)
EKG_UV = 3.0  # rms; below it there is none
CONTINUED = 5  # copies of an awake recording, there and back: ten minutes
MOST = 0.05


def features(segments: Segments) -> dict[str, pd.DataFrame]:
    """What does not belong to the pattern, by what it is of: a row a segment."""
    rows = []
    for row in segments.table.itertuples():
        frame = pd.read_parquet(segments.eeg_path(row.eeg_id))[list(COLUMNS)]
        signals = frame.to_numpy(np.float64).T
        centre_s = row.eeg_label_offset_seconds + min(SEGMENT_S, signals.shape[1] / SFREQ) / 2
        rows.append(
            {
                ("length", "s"): signals.shape[1] / SFREQ,
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
    weights = np.concatenate(list(resamples(patient)))[:RESAMPLES]
    found = {}
    for name, (is_own, own_score) in asked.items():
        if len(np.unique(is_own)) < 2:
            continue
        draws = [roc_auc_score(is_own, own_score, sample_weight=weight) for weight in weights]
        found[name] = np.array([roc_auc_score(is_own, own_score), *interval(np.array(draws))])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--awake", type=Path, help="a folder of real EEG with awake/")
    parser.add_argument("--drawn", type=int, default=0, help="backgrounds to draw alone")
    add_options(parser)
    arguments = parser.parse_args()
    segments = load_segments(arguments.folder, "train")
    segments = segments.subset(middle_rows(segments.table))
    truth, patient = consensus(segments.table), segments.table["patient_id"].to_numpy()
    tables = {name: (table, truth, patient) for name, table in features(segments).items()}
    tables["all of these"] = (pd.concat([t for t, *_ in tables.values()], axis=1), truth, patient)
    if arguments.drawn:
        tables["background alone"] = drawn(arguments.drawn)
    names = ("any pattern", *(pattern.label for pattern in PATTERNS))
    print("| from | n | " + " | ".join(names) + " |\n|---|---|" + "---|" * len(names))
    for name, (table, *rest) in tables.items():
        found = areas(table, *rest)
        cells = [shown(found[key]) if key in found else "-" for key in names]
        print(f"| {name} | {table.notna().all(axis=1).sum()} | {' | '.join(cells)} |", flush=True)
    for weights in chosen(arguments):
        print(f"\n{weights.name}: largest change of p, median and 90 %\n")
        print("| EEGs | with and without | n | median | 90 % |\n|---|---|---|---|---|")
        moves(segments, weights)
        if arguments.awake:
            moves_awake(arguments.awake / "awake", weights)


def shown(area: np.ndarray) -> str:
    value, low, high = area
    return f"{value:.2f} ({low:.2f} to {high:.2f}){' !' if low > 0.5 else ''}"


def report(of: str, what: str, change: np.ndarray) -> None:
    draws = np.random.default_rng(SEED).integers(len(change), size=(1000, len(change)))
    low, high = np.percentile(np.median(change[draws], axis=1), (2.5, 97.5))
    median = np.median(change)
    print(
        f"| {of} | {what} | {len(change)} | {median:.3f} ({low:.3f} to {high:.3f})"
        f"{' !' if median > MOST else ''} | {np.percentile(change, 90):.3f} |"
    )


def moves(segments: Segments, weights: Weights) -> None:
    """What context, EKG and notch do to the EEGs of a data set."""
    has = (segments.table["spectrogram_id"] != NO_SPECTROGRAM).to_numpy()
    if has.any():
        around = segments.subset(has)
        alone = replace(around, table=around.table.assign(spectrogram_id=NO_SPECTROGRAM))
        change = np.abs(weights.whole.predict(around) - weights.whole.predict(alone)).max(1)
        report("simulated", "context", change)
    changes(weights, "simulated", [(signals, weights.model) for signals in cut_out(segments)])


def moves_awake(folder: Path, weights: Weights) -> None:
    """The same for a recording of each awake person, gone on with there and back."""
    of_person = {int(path.stem.split("-")[1]): path for path in sorted(folder.glob("*.edf"))}
    change, pieces = [], []
    for person, path in of_person.items():
        if not weights.reads(person, AWAKE):
            continue
        model = weights.of(person, AWAKE)
        recording = open_recording(path)
        once = recording.signals(0.0, recording.duration_s)
        long = np.concatenate([once[:, :: (-1) ** k] for k in range(CONTINUED)], axis=1)
        start_s = (long.shape[1] / SFREQ - SEGMENT_S) / 2
        window = cut_at(represent(long, model.signal), model.signal, start_s)
        nothing = np.full_like(window.images["context"], np.nan)
        bare = Window(window.waveform, {**window.images, "context": nothing})
        p = model.predictor.predict(Windows.of([window, bare], model.signal))
        change.append(np.abs(p[0] - p[1]).max())
        first = round(start_s * SFREQ)
        pieces.append((long[:, first : first + round(SEGMENT_S * SFREQ)].astype(float), model))
    report("awake", "context", np.array(change))
    changes(weights, "awake", pieces)


def changes(weights: Weights, of: str, pieces: list) -> None:
    """What an EKG and a notch of the mains do."""
    ekg, notch = [], []
    for k, (signals, model) in enumerate(pieces):
        rng = np.random.default_rng((SEED, k))
        n = signals.shape[1]
        heart = 300 * Patient.draw(rng).hardware.heart(rng, n)
        eeg = signals[:N_EEG]
        with_ekg, plain = np.vstack([eeg, heart[None]]), np.vstack([eeg, np.full((1, n), np.nan)])
        known = np.isfinite(eeg).all(1)
        notched = plain.copy()
        for band in ((49.0, 51.0), (59.0, 61.0)):
            notched[:N_EEG][known] = band_stop(notched[:N_EEG][known], band, 2)
        p = [judged(one, model) for one in (plain, with_ekg, notched)]
        ekg.append(np.abs(p[1] - p[0]).max())
        notch.append(np.abs(p[2] - p[0]).max())
    report(of, "EKG", np.array(ekg))
    report(of, "notch", np.array(notch))


def judged(signals: np.ndarray, model) -> np.ndarray:
    known = np.isfinite(signals).any(1)
    names = [name for name, is_known in zip(COLUMNS, known, strict=True) if is_known]
    (recording,) = recordings_of(signals[known][None], SFREQ, names)
    windows = Windows.of([window_of(recording, model.signal)], model.signal)
    return model.predictor.predict(windows)[0]


if __name__ == "__main__":
    main()
