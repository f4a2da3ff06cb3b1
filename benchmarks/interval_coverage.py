"""How often a 95 % interval holds the truth, and how often chance is called a difference.

python benchmarks/interval_coverage.py FOLDER [--sets 200] [--patients 20 66 200 600] [--rows 1 5]
                              [--trainings 1 2 3 5] [--sets-of-trainings 200]

Patients, votes and predictions are drawn from a model whose every metric is known: that of
100,000 patients. A patient has a pattern, a mood that all of its rows share, and an error that all
of its predictions share. Each data set has its own seed and is kept in FOLDER as soon as it is
judged; called again, only what is missing is made.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nasion.evaluation import metrics
from nasion.evaluation.comparison import COMPARED, pairs
from nasion.evaluation.intervals import LEVELS
from nasion.evaluation.judged import Judged
from nasion.evaluation.trainings import Trainings
from nasion.terms import PATTERNS

Array = np.ndarray[Any, Any]

N = len(PATTERNS)
PRIOR = np.array([0.2, 0.15, 0.15, 0.1, 0.1, 0.3])
EVIDENCE = 2.5  # log odds that a patient's pattern has over the others
MOOD, MOMENT = 0.7, 0.7  # log odds, sd: of a patient, of a row
SURENESS, LEANING = 1.3, np.array([0.3, 0, 0, -0.3, 0, 0])  # of the predictor
OF_PATIENT, OF_ROW = 1.2, 0.8  # its errors, log odds, sd
OF_TRAINING, OF_TRAINING_ROW = 0.02, 0.25  # what another training changes: every row, a row
VOTES = (3, 20)
MANY = 100_000


def cohort(rng: np.random.Generator, n_patients: int, most_rows: int) -> Judged:
    """Draw patients with 1 to `most_rows` rows each, their votes and predictions."""
    return trained(rng, n_patients, most_rows, 0)[0]


def trained(
    rng: np.random.Generator, n_patients: int, most_rows: int, n_trainings: int
) -> list[Judged]:
    """Draw one cohort, predicted by the mean predictor (0), or by some trainings of it."""
    patient = np.repeat(np.arange(n_patients), rng.integers(1, most_rows + 1, n_patients))
    n = len(patient)
    pattern = rng.choice(N, n_patients, p=PRIOR)
    of_patient = EVIDENCE * np.eye(N)[pattern] + rng.normal(0, MOOD, (n_patients, N))
    odds = of_patient[patient] + rng.normal(0, MOMENT, (n, N))
    votes = rng.multinomial(rng.integers(VOTES[0], VOTES[1] + 1, n), softmax(odds))
    errors = rng.normal(0, OF_PATIENT, (n_patients, N))[patient] + rng.normal(0, OF_ROW, (n, N))
    read = SURENESS * odds + errors + LEANING
    if not n_trainings:
        return [_judged(votes, read, patient)]
    return [
        _judged(
            votes,
            (1 + rng.normal(0, OF_TRAINING)) * read
            + rng.normal(0, OF_TRAINING, N)
            + rng.normal(0, OF_TRAINING_ROW, (n, N)),
            patient,
        )
        for _ in range(n_trainings)
    ]


def _judged(votes: Array, odds: Array, patient: Array) -> Judged:
    return Judged(votes.astype(float), softmax(odds), patient, "patient", None, {})


def softmax(odds: Array) -> Array:
    """Probabilities of log odds, over the last axis."""
    powers = np.exp(odds - odds.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def truth() -> dict[str, float]:
    """Every metric of the population; of calibration errors the root."""
    once = metrics.measured_once(cohort(np.random.default_rng(0), MANY, 1))
    return {
        name: float(once[name]) ** (0.5 if name in metrics.SQUARED else 1)
        for name in metrics.SCALARS
    }


def bounds(n_patients: int, most_rows: int, number: int) -> list[dict[str, Any]]:
    """Intervals of one data set, as they are and as they were: a row a metric and way."""
    rows = cohort(np.random.default_rng([n_patients, most_rows, number]), n_patients, most_rows)
    drawn = metrics.draws(rows)
    scores = metrics.score(rows, drawn)
    result = []
    for name in metrics.SCALARS:
        estimate = getattr(scores, name)
        if name not in metrics.SQUARED:
            low, high = np.nanpercentile(drawn[name], LEVELS)
            if name in metrics.RAISED:
                low, high = (max(0.0, 2 * estimate.value - each) for each in (high, low))
            result.append({"metric": name, "way": "before", "low": low, "high": high})
        if estimate.ci95:
            low, high = estimate.ci95
            result.append({"metric": name, "way": "now", "low": low, "high": high})
    return [{**row, "patients": n_patients, "rows": most_rows, "set": number} for row in result]


def coverage(found: pd.DataFrame, true: dict[str, float]) -> pd.DataFrame:
    """Share of intervals that hold the truth, and their mean width, by metric and cell."""
    value = found["metric"].map(true)
    held = (found["low"] <= value) & (value <= found["high"])
    cells = found.assign(held=held, width=found["high"] - found["low"]).groupby(
        ["metric", "way", "patients", "rows"], sort=False
    )
    return cells.agg(sets=("held", "size"), coverage=("held", "mean"), width=("width", "mean"))


def chances(n_patients: int, n_trainings: int, number: int) -> list[dict[str, Any]]:
    """Whether two systems that differ by chance of their trainings alone are told apart."""
    rng = np.random.default_rng([n_patients, n_trainings, number, 1])
    each = trained(rng, n_patients, 1, 2 * n_trainings)
    systems = {"a": Trainings(tuple(each[::2])), "b": Trainings(tuple(each[1::2]))}
    drawn = {name: trainings.resampled() for name, trainings in systems.items()}
    scores = {name: trainings.score() for name, trainings in systems.items()}
    (pair,) = pairs(systems, scores, drawn)
    key = {"patients": n_patients, "trainings": n_trainings, "set": number}
    result = []
    for name in COMPARED:
        difference = pair.differences[name]
        if difference.value is None or difference.ci95 is None:
            continue
        low, high = difference.ci95
        p = getattr(pair.p_value, name, np.nan)
        row = {"metric": name, "difference": difference.value, "low": low, "high": high, "p": p}
        result.append(key | row)
    return result


def told_apart(found: pd.DataFrame) -> str:
    """Share of equal systems told apart, by the interval and by the p value."""
    lines = ["\nsystems that differ by chance of their trainings alone, told apart at .05"]
    columns = ("patients", "trainings", "sets", "sd", "interval", "p value", "width")
    lines.append(f"{'metric':20}" + "".join(f"{column:>11}" for column in columns))
    found = found.assign(
        apart=(found["low"] > 0) | (found["high"] < 0),
        small=found["p"] < 0.05,
        width=found["high"] - found["low"],
    )
    for (name, patients, trainings), cell in found.groupby(
        ["metric", "patients", "trainings"], sort=False
    ):
        p = "–" if cell["p"].isna().all() else f"{cell['small'].mean():.3f}"
        lines.append(
            f"{name:20}{patients:11}{trainings:11}{len(cell):11}{cell['difference'].std():11.3f}"
            f"{cell['apart'].mean():11.3f}{p:>11}{cell['width'].mean():11.3f}"
        )
    return "\n".join(lines)


def kept(path: Path, keys: list[str], wanted: Iterable[tuple[int, ...]], made: Any) -> pd.DataFrame:
    """Read the table of what is made, after making what is missing of it, a data set at a time."""
    before = pd.read_csv(path) if path.exists() else pd.DataFrame(columns=keys)
    there = set(before[keys].itertuples(index=False, name=None))
    for key in wanted:
        if key not in there:
            table = pd.DataFrame(made(*key))
            table.to_csv(path, mode="a", header=not path.exists(), index=False)
    return pd.read_csv(path) if path.exists() else before


def printed(table: pd.DataFrame, true: dict[str, float]) -> str:
    """Coverage and width of each metric, before and now, a column a cell."""
    lines = []
    for (patients, rows), cell in table.groupby(["patients", "rows"]):
        sets = int(cell["sets"].max())
        lines += [f"\n{patients} patients, 1 to {rows} rows each, {sets} data sets"]
        lines += [f"{'':34}{'truth':>6}{'before':>9}{'width':>8}{'now':>9}{'width':>8}"]
        for name in metrics.SCALARS:
            line = f"{name:34}{true[name]:6.3f}"
            for way in ("before", "now"):
                key = (name, way, patients, rows)
                line += (
                    f"{cell.loc[key, 'coverage']:9.3f}{cell.loc[key, 'width']:8.3f}"
                    if key in cell.index
                    else f"{'–':>9}{'':8}"
                )
            lines.append(line)
    return "\n".join(lines)


def main() -> None:
    """Make what is missing and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", type=int, default=200)
    parser.add_argument("--patients", type=int, nargs="+", default=[20, 66, 200, 600])
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 5])
    parser.add_argument("--trainings", type=int, nargs="*", default=[1, 2, 3, 5])
    parser.add_argument("--sets-of-trainings", type=int, default=200)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    wanted = [
        (patients, rows, number)
        for patients in given.patients
        for rows in given.rows
        for number in range(given.sets)
    ]
    path = given.folder / "coverage.csv"
    found = kept(path, ["patients", "rows", "set"], wanted, bounds)
    if len(found):
        true = truth()
        print(printed(coverage(found, true), true))
    wanted = [
        (patients, trainings, number)
        for patients in (66, 200)
        for trainings in given.trainings
        for number in range(given.sets_of_trainings)
    ]
    path = given.folder / "trainings.csv"
    found = kept(path, ["patients", "trainings", "set"], wanted, chances)
    if len(found):
        print(told_apart(found))


if __name__ == "__main__":
    main()
