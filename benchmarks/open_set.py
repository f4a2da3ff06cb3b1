"""Zero-shot scores on the open real segments, as README and the model card state them.

python benchmarks/open_set.py ../shared/real [--run RUN] [--out FOLDER]

One row a period of `hms` and all of `iiic`; the consensus is the first arg max of the votes.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from nasion.contract import PACKAGED
from nasion.evaluation.evaluation import evaluate
from nasion.hms.segments import load_segments
from nasion.prediction import predict
from nasion.terms import PATTERNS
from nasion.training.run import Run

FOLDERS = ("hms", "iiic")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("real", type=Path)
    parser.add_argument("--run", type=Path, default=PACKAGED)
    parser.add_argument("--out", type=Path, help="keep csv files and the report here")
    arguments = parser.parse_args()
    with TemporaryDirectory() as temporary:
        show(arguments.real, Run(arguments.run), arguments.out or Path(temporary))


def show(real: Path, run: Run, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    ensemble = run.ensemble()
    labels, predictions = [], []
    for folder in FOLDERS:
        table = pd.read_csv(real / folder / "train.csv")
        labels.append(table.assign(source=table.get("source", folder)))
        predictions.append(predict(load_segments(real / folder, "train"), ensemble))
    all_labels = pd.concat(labels, ignore_index=True)
    predicted = pd.concat(predictions, ignore_index=True)
    predicted.to_csv(out / "predictions.csv", index=False)
    sources = {"all": all_labels, **dict(list(all_labels.groupby("source")))}
    for name, rows in sources.items():
        rows.to_csv(out / f"labels-{name}.csv", index=False)
        scores = evaluate(out / "predictions.csv", out / f"labels-{name}.csv", out / name)
        print(line(name, scores["overall"]))
        if name == "all":
            print(recalls(scores["overall"]))
            print(f"prior of these labels: KLD {scores['overall']['prior_kld']:.3f}")


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


if __name__ == "__main__":
    main()
