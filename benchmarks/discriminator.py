"""Real or simulated? A random forest on page statistics, its AUROC, and what gives phantoms away.

python benchmarks/discriminator.py ../shared/real [--segments 600] [--seed 0]

Simulated segments are drawn with the patterns and lengths of the real ones. 0.5 would mean that
nothing in these statistics tells them apart.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from realism import page_statistics, real_pages
from sklearn.ensemble import RandomForestClassifier
from sklearn.inspection import permutation_importance
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from nasion.phantom.patient import segment
from nasion.terms import PATTERNS

N_RESAMPLES = 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("real", type=Path)
    parser.add_argument("--segments", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    patterns = {pattern.label: pattern for pattern in PATTERNS}
    real = list(real_pages(arguments.real))
    statistics = [page_statistics(signals) for _, signals in real]
    for _ in range(arguments.segments):
        consensus, signals = real[rng.integers(len(real))]
        pattern = patterns[consensus]
        duration_s = 10.0 if signals.shape[1] <= 2000 else 50.0
        statistics.append(page_statistics(segment(rng, pattern, duration_s=duration_s).signals))
    table = pd.DataFrame(statistics)
    truth = np.arange(len(table)) < len(real)

    forest = RandomForestClassifier(
        500, min_samples_leaf=3, class_weight="balanced", random_state=arguments.seed
    )
    folds = StratifiedKFold(5, shuffle=True, random_state=arguments.seed)
    score = cross_val_predict(forest, table, truth, cv=folds, method="predict_proba")[:, 1]
    areas = []
    for _ in range(N_RESAMPLES):
        rows = rng.integers(len(truth), size=len(truth))
        areas.append(roc_auc_score(truth[rows], score[rows]))
    low, high = np.percentile(areas, [2.5, 97.5])
    area = roc_auc_score(truth, score)
    print(
        f"AUROC {area:.3f} (95 % interval {low:.3f}-{high:.3f}), {len(real)} real, "
        f"{arguments.segments} simulated\n"
    )
    forest.fit(table, truth)
    weight = permutation_importance(
        forest, table, truth, scoring="roc_auc", n_repeats=5, random_state=arguments.seed
    ).importances_mean
    print("| statistic | what shuffling it costs | real, median | simulated, median |")
    print("|---|---|---|---|")
    for column in np.argsort(-weight)[:6]:
        name = table.columns[column]
        medians = table.groupby(truth)[name].median()
        print(f"| {name} | {weight[column]:.3f} | {medians[True]:.2f} | {medians[False]:.2f} |")


if __name__ == "__main__":
    main()
