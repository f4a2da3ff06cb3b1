"""Scores on the open real segments, as README and the model card state them.

python benchmarks/open_set.py ../shared/real [--model MODEL]... [--cross RUN]... [--out FOLDER]

One row a period of `hms` and all of `iiic`; the consensus is the first arg max of the votes.
Differences are of each of the other weights against the first.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from estimates import Ratio
from voted import open_segments
from weights import Weights, add_options, chosen

from nasion.evaluation.evaluation import compare, evaluate
from nasion.evaluation.metrics import divergence
from nasion.hms.segments import targets
from nasion.terms import PATTERNS, VOTE_COLUMNS

PARTS = 3  # by entropy of the votes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("real", type=Path)
    add_options(parser)
    parser.add_argument("--out", type=Path, help="keep csv files and the reports here")
    arguments = parser.parse_args()
    compared = chosen(arguments)
    with TemporaryDirectory() as temporary:
        out = arguments.out or Path(temporary)
        paths = {
            weights.name: show(arguments.real, weights, out / str(k))
            for k, weights in enumerate(compared)
        }
        if len(compared) > 1:
            labels = next(iter(paths.values())).with_name("labels-all.csv")
            for pair in compare(paths, labels, out / "compared")["pairs"]:
                if pair["a"] == compared[0].name:
                    print(f"\n{pair['b']} - {pair['a']}: {differences(pair)}")


def show(real: Path, weights: Weights, out: Path) -> Path:
    """Print the scores of some weights; give the file of their predictions."""
    out.mkdir(parents=True, exist_ok=True)
    print(f"\n{weights.name}")
    parts = list(open_segments(real))
    values = np.concatenate([weights.predict(segments) for segments in parts])
    labels = pd.concat([segments.table for segments in parts], ignore_index=True)
    predicted = labels[["eeg_id", "eeg_sub_id"]].copy()
    predicted[list(VOTE_COLUMNS)] = values
    path = out / "predictions.csv"
    predicted.to_csv(path, index=False)
    sources = {"all": labels, **dict(list(labels.groupby("source")))}
    for name, rows in sources.items():
        rows.to_csv(out / f"labels-{name}.csv", index=False)
        scores = evaluate(path, out / f"labels-{name}.csv", out / name)
        print(line(name, scores["overall"]))
        if name == "all":
            print(recalls(scores["overall"]))
            print(f"prior of these labels: KLD {scores['overall']['prior_kld']:.3f}")
    by_entropy(labels, values)
    return path


def line(name: str, overall: dict) -> str:
    def number(metric: str) -> str:
        value, interval = overall[metric], overall["ci95"][metric]
        if value is None:
            return "-"
        return f"{value:.3f} ({interval[0]:.3f}-{interval[1]:.3f})" if interval else f"{value:.3f}"

    metrics = ("accuracy", "balanced_accuracy", "kld", "auroc_macro")
    return f"| {name} | {overall['n']} | " + " | ".join(map(number, metrics)) + " |"


def recalls(overall: dict) -> str:
    per_class = overall["per_class"]
    texts = [f"{p} {per_class[p]['recall']:.2f} (n = {per_class[p]['n']})" for p in PATTERNS]
    return "recall: " + ", ".join(texts)


def by_entropy(labels: pd.DataFrame, values: np.ndarray) -> None:
    """Print the KLD where votes agree and where they do not, in parts of as many rows."""
    target, unit = targets(labels), labels["patient_id"].to_numpy()
    entropy = -(target * np.log(np.maximum(target, 1e-15))).sum(1)
    part = np.argsort(np.argsort(entropy, kind="stable")) * PARTS // len(entropy)
    print("\n| entropy of votes, nats | n | KLD | mean entropy of predictions |\n|---|---|---|---|")
    for k in range(PARTS):
        rows = part == k
        kld = Ratio.mean(divergence(target[rows], values[rows]), unit[rows]).number()
        said = -(values[rows] * np.log(values[rows])).sum(1).mean()
        low, high = abs(entropy[rows].min()), entropy[rows].max()
        print(f"| {low:.2f} to {high:.2f} | {rows.sum()} | {kld} | {said:.2f} |")


def differences(pair: dict) -> str:
    """Of all metrics, as the second less the first."""
    texts = []
    for name, found in pair["differences"].items():
        low, high = found["ci95"] or (np.nan, np.nan)
        texts.append(f"{name} {-found['difference']:+.3f} ({-high:+.3f} to {-low:+.3f})")
    return ", ".join(texts)


if __name__ == "__main__":
    main()
