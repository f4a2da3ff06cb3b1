"""Intervals and tests err as seldom as they say; `benchmarks/interval_coverage.py` measures it."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest
from scipy.stats import binom

from nasion.evaluation import metrics

PATH = Path(__file__).parents[2] / "benchmarks" / "interval_coverage.py"
N_SETS, N_TRAINED = 60, 40
LOWEST = binom.ppf(0.001, N_SETS, 0.94)  # chance of one metric to fall below: .001


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("coverage_benchmark", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.more
def test_intervals_of_66_patients_hold_the_truth(benchmark: ModuleType) -> None:
    rows = [row for number in range(N_SETS) for row in benchmark.bounds(66, 1, number)]
    table = benchmark.coverage(pd.DataFrame(rows), benchmark.truth()).reset_index()
    now = table[table["way"] == "now"].set_index("metric")["coverage"]
    assert set(now.index) == set(metrics.SCALARS) - set(metrics.RAISED)
    assert (now * N_SETS >= LOWEST).all(), now[now * N_SETS < LOWEST]
    before = table[table["way"] == "before"].set_index("metric")["coverage"]
    assert (before[list(metrics.RAISED)] * N_SETS < LOWEST).all()  # why it has none


@pytest.mark.more
def test_systems_that_differ_by_chance_of_training_are_seldom_told_apart(
    benchmark: ModuleType,
) -> None:
    rows = [row for number in range(N_TRAINED) for row in benchmark.chances(66, 3, number)]
    table = pd.DataFrame(rows)
    apart = (table["low"] > 0) | (table["high"] < 0)
    most = binom.ppf(0.999, N_TRAINED, 0.05)
    assert (apart.groupby(table["metric"]).sum() <= most).all()
    assert ((table["p"] < 0.05).groupby(table["metric"]).sum() <= most).all()


def test_what_was_made_is_not_made_again(benchmark: ModuleType, tmp_path: Path) -> None:
    made: list[int] = []

    def make(number: int) -> list[dict[str, int]]:
        made.append(number)
        return [{"set": number, "value": k} for k in range(2)]

    for wanted in ([0, 1], [0, 1, 2]):
        table = benchmark.kept(tmp_path / "t.csv", ["set"], [(n,) for n in wanted], make)
    assert made == [0, 1, 2]
    assert table["set"].tolist() == [0, 0, 1, 1, 2, 2]
