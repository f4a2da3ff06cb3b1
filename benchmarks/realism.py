"""Print how simulated EEG compares with real EEG, as a Markdown table.

    python benchmarks/realism.py ../shared/real [--segments 300]

Amplitude and spectrum only: population statistics of HMS (`statistics/hms.json`) and of the open
segments (`iiic`, `hms`). Labels are used to weigh the simulated patterns as HMS has them.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.signal import butter, sosfiltfilt, welch
from scipy.stats import kurtosis, skew

from nasion.hms.layout import hms_columns, to_table
from nasion.hms.writer import spectrogram_of
from nasion.phantom.patient import PROPORTIONS, segment
from nasion.terms import COLUMNS, DERIVATIONS, HMS_SPECTROGRAM_CHAINS, PATTERNS, VOTE_COLUMNS

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
BANDS_HZ = {"delta": (0.5, 4), "theta": (4, 8), "alpha": (8, 13), "beta": (13, 20)}
PAIRS = [(COLUMNS.index(a), COLUMNS.index(b)) for a, b in DERIVATIONS]
FILTER = butter(4, (0.5, 20), "band", fs=200, output="sos")


def page_statistics(signals):
    """Statistics of the central 10 s: bipolar 0.5-20 Hz, and raw."""
    middle = signals.shape[1] // 2
    signals = np.nan_to_num(signals.astype(float))
    page = np.array([signals[a] - signals[b] for a, b in PAIRS])
    page = sosfiltfilt(FILTER, page)[:, middle - 1000 : middle + 1000]
    raw = signals[:19, middle - 1000 : middle + 1000]
    frequency, power = welch(page, 200, nperseg=400)
    statistics = {
        "bipolar std, µV": np.median(page.std(1)),
        "largest derivation, µV": page.std(1).max(),
    }
    for name, (low, high) in BANDS_HZ.items():
        band = (frequency >= low) & (frequency < high)
        statistics[f"{name} rms, µV"] = np.sqrt(power[:, band].sum(1) * 0.5).mean()
    frequency, power = welch(raw, 200, nperseg=400)
    for name, (low, high) in {"20-40 Hz rms, µV": (20, 40), "mains rms, µV": (58, 62)}.items():
        band = (frequency >= low) & (frequency < high)
        statistics[name] = np.sqrt(power[:, band].sum(1).mean() * 0.5)
    correlation = np.abs(
        np.corrcoef(page + 1e-9 * np.random.default_rng(0).normal(size=page.shape))
    )
    statistics["raw std, µV"] = raw.std(1).mean()
    statistics["mean absolute correlation"] = (correlation.sum() - len(page)) / (len(page) * 17)
    statistics["kurtosis of derivations"] = np.median(kurtosis(page, axis=1))
    statistics["left-right imbalance"] = abs(np.log((page[:8].std() + 1) / (page[10:].std() + 1)))
    return statistics


def real_pages(folder):
    """Signals of the open real segments with their consensus."""
    for name in ("iiic", "hms"):
        table = pd.read_csv(folder / name / "train.csv").drop_duplicates("eeg_id", keep="last")
        for row in table.itertuples():
            signals = pd.read_parquet(folder / name / "train_eegs" / f"{row.eeg_id}.parquet")
            signals = signals.to_numpy().T
            if signals.shape[1] > 2000:
                first = round(row.eeg_label_offset_seconds * 200)
                signals = signals[:, first : first + 10000]
            yield row.expert_consensus, signals


def spread(values):
    """Median with the middle 80 %."""
    low, mid, high = np.quantile(values, (0.1, 0.5, 0.9))
    return f"{mid:.2f} ({low:.2f}-{high:.2f})"


def print_votes(simulated, consensus, published):
    """How votes split, by consensus, weighing planted patterns by their default proportions."""
    weights = np.array([PROPORTIONS[s.planted] for s in simulated])
    shares = np.array([s.votes / s.votes.sum() for s in simulated])
    fractions = published["hms"]["mean_vote_fractions_by_consensus_10plus"]
    print("| shares of votes | " + " | ".join(p.label for p in PATTERNS) + " |")
    print("|---|" + "---|" * len(PATTERNS))
    for pattern in PATTERNS:
        rows = np.array(consensus) == pattern.label
        mean = np.average(shares[rows], axis=0, weights=weights[rows])
        row = [fractions[pattern.label][column] for column in VOTE_COLUMNS]
        print(f"| {pattern.label}, HMS | " + " | ".join(f"{v:.2f}" for v in row) + " |")
        print(f"| {pattern.label}, simulated | " + " | ".join(f"{v:.2f}" for v in mean) + " |")
    entropy = -(shares * np.log(shares + 1e-12)).sum(1)
    planted = [s.planted.label for s in simulated]
    agreement = np.mean([a == b for a, b in zip(planted, consensus, strict=True)])
    print(f"\nMean entropy {np.average(entropy, weights=weights):.3f} nats; ", end="")
    print(f"the consensus is the planted pattern in {agreement:.0%}.")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("real", type=Path)
    parser.add_argument("--segments", type=int, default=300)
    arguments = parser.parse_args()
    published = json.loads((arguments.real / "statistics" / "hms.json").read_text())
    share = {p.label: published["hms"]["windows_by_consensus"][p.label] for p in PATTERNS}
    simulated = []
    for pattern in PATTERNS:
        for i in range(arguments.segments // len(PATTERNS)):
            rng = np.random.default_rng((4, PATTERNS.index(pattern), i))
            simulated.append(segment(rng, pattern, n_votes=15))
    consensus = [PATTERNS[int(s.votes.argmax())].label for s in simulated]

    print_votes(simulated, consensus, published)
    print(
        "\n| central 10 s of the page, 0.5-20 Hz | real (76 segments) | simulated |\n|---|---|---|"
    )
    real = list(real_pages(arguments.real))
    simulated_table = pd.DataFrame([page_statistics(s.signals) for s in simulated])
    real_table = pd.DataFrame([page_statistics(signals) for _, signals in real])
    labels = np.array([label for label, _ in real])
    for column in simulated_table:
        print(f"| {column} | {spread(real_table[column])} | {spread(simulated_table[column])} |")
    print("\n| bipolar std, µV, by consensus | real | simulated |\n|---|---|---|")
    for pattern in PATTERNS:
        real_values = real_table["bipolar std, µV"][labels == pattern.label]
        two = simulated_table["bipolar std, µV"][np.array(consensus) == pattern.label]
        print(f"| {pattern.label} | {spread(real_values)} | {spread(two)} |")

    print(
        "\n| raw 50 s, 20 channels, quantiles .05 .25 .5 .75 .95 | HMS | simulated |\n|---|---|---|"
    )
    for name, measure in {"mean": np.mean, "skewness": skew, "kurtosis": kurtosis}.items():
        for pattern in PATTERNS:
            values = [
                measure(s.signals.ravel().astype(float))
                for s, label in zip(simulated, consensus, strict=True)
                if label == pattern.label
            ]
            real_values = published["window_statistics"][pattern.label][name]
            two = np.quantile(values, QUANTILES)
            print(
                f"| {name}, {pattern.label} | {' '.join(f'{v:.1f}' for v in real_values.values())} "
                f"| {' '.join(f'{v:.1f}' for v in two)} |"
            )

    tables = [
        np.log1p(to_table(spectrogram_of(s.signals), 2.0).iloc[1:-1, 1:].to_numpy())
        for s in simulated
    ]
    weights = np.array([share[label] / consensus.count(label) for label in consensus])
    weights /= weights.sum()
    mean = sum(w * t.mean(0) for w, t in zip(weights, tables, strict=True))
    square = sum(w * np.square(t - mean).mean(0) for w, t in zip(weights, tables, strict=True))
    at = (0, 2, 7, 12, 17, 28, 38, 59, 79, 99)
    hertz = np.array([float(c.split("_")[1]) for c in hms_columns()[:100]])
    print("\n| log(1 + µV²/Hz) at, Hz | " + " | ".join(f"{hertz[i]:.1f}" for i in at) + " |")
    print("|---|" + "---|" * len(at))
    for i, chain in enumerate(HMS_SPECTROGRAM_CHAINS):
        hms_mean = published["log_spectrum"]["mean"][chain]
        hms_variance = published["log_spectrum"]["var"][chain]
        rows = {
            "HMS, mean": [hms_mean[j] for j in at],
            "simulated, mean": [mean[100 * i + j] for j in at],
            "HMS, variance": [hms_variance[j] for j in at],
            "simulated, variance": [square[100 * i + j] for j in at],
        }
        for name, values in rows.items():
            print(f"| {chain} {name} | " + " | ".join(f"{v:.2f}" for v in values) + " |")


if __name__ == "__main__":
    main()
