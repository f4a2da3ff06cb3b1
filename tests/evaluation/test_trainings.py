"""Several trainings are one system: means of scores, chance of training in every interval."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nasion.errors import NasionError
from nasion.evaluation.evaluation import compare, summary
from nasion.evaluation.metrics import SCALARS, SQUARED
from nasion.evaluation.system import named
from nasion.out_of_fold import OutOfFold

CLOSE, FAR = 0.35, 0.65  # weight of the truth in a prediction
N = 90


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three trainings each of two systems, and their labels."""
    folder, rng = tmp_path_factory.mktemp("runs"), np.random.default_rng(0)
    truth = rng.dirichlet(np.full(6, 0.3), N)
    votes = np.stack([rng.multinomial(10, row) for row in truth])
    ids = pd.DataFrame({"eeg_id": np.arange(N), "eeg_sub_id": 0, "patient_id": np.arange(N) // 2})
    paths = {}
    for system, weight in (("a", CLOSE), ("b", FAR)):
        for k in range(3):
            values = weight * truth + (1 - weight) * rng.dirichlet(np.ones(6), N)
            paths[f"{system}{k}"] = folder / f"{system}{k}.csv"
            OutOfFold(ids.assign(fold=np.arange(N) // 2 % 3), values, votes).write(
                paths[f"{system}{k}"]
            )
    return paths


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nasion.evaluation.figures.save", lambda *_: "<svg/>")


def group(runs: dict[str, Path], *names: str) -> tuple[Path, ...]:
    return tuple(runs[name] for name in names)


def test_scores_are_means_over_trainings(runs: dict[str, Path], tmp_path: Path) -> None:
    names = ("a0", "a1", "a2")
    together = compare({"a": group(runs, *names)}, None, tmp_path / "g")["systems"]["a"]
    each = compare({name: runs[name] for name in names}, None, tmp_path / "e")["systems"].values()
    assert together["trainings"] == 3
    for name in set(SCALARS) - set(SQUARED):
        expected = np.mean([system["overall"][name] for system in each])
        assert together["overall"][name] == pytest.approx(expected)
    for block in ("overall", "confident"):
        assert together[block]["n"] == next(iter(each))[block]["n"]
    prior = np.mean([system["versus_prior"]["kld_difference"] for system in each])
    assert together["versus_prior"]["kld_difference"] == pytest.approx(prior)
    folds = np.mean([system["folds_mean"]["kld"] for system in each])
    assert together["folds_mean"]["kld"] == pytest.approx(folds)
    people, alone = (s["people"]["random_expert"] for s in (together, next(iter(each))))
    assert people["n"] == alone["n"]
    assert people["expert"]["accuracy"] == pytest.approx(alone["expert"]["accuracy"])
    assert "3, scores are their means" in summary({"systems": {"a": together}, "pairs": []})


def test_groups_of_the_same_trainings_do_not_differ(runs: dict[str, Path], tmp_path: Path) -> None:
    a, turned = group(runs, "a0", "a1", "a2"), group(runs, "a2", "a0", "a1")
    content = compare({"a": a, "b": turned}, None, tmp_path)
    (pair,) = content["pairs"]
    for difference in pair["differences"].values():
        assert difference["difference"] == pytest.approx(0, abs=1e-12)
        assert difference["ci95"][0] <= 0 <= difference["ci95"][1]
    assert pair["p_value"] == pytest.approx({"kld": 1, "accuracy": 1})
    assert pair["reading"] == "no clear difference"
    first, second = (content["systems"][name]["overall"] for name in "ab")
    for name, bounds in first["ci95"].items():
        assert bounds == pytest.approx(second["ci95"][name])


def test_groups_of_one_are_what_single_trainings_are(runs: dict[str, Path], tmp_path: Path) -> None:
    single = compare({"a": runs["a0"], "b": runs["b0"]}, None, tmp_path / "s")
    groups = named([Path(f"a={runs['a0']}"), Path(f"b={runs['b0']}")])
    assert compare(groups, None, tmp_path / "g") == single
    (pair,) = single["pairs"]
    assert pair["trainings"] == [1, 1]
    assert pair["p_value"]["kld"] < 0.01
    assert pair["reading"] == "b has the lower KLD"
    assert pair["note"].startswith("One training each: differences under 0.04 KLD may be chance")
    text = (tmp_path / "s" / "report.html").read_text()
    assert pair["note"] in text
    assert "b is better" not in text
    assert summary(single).endswith(pair["note"])


def test_several_trainings_may_say_better_and_one_beside_them_not(
    runs: dict[str, Path], tmp_path: Path
) -> None:
    a, b = group(runs, "a0", "a1", "a2"), group(runs, "b0", "b1", "b2")
    (pair,) = compare({"a": a, "b": b}, None, tmp_path / "g")["pairs"]
    assert (pair["reading"], pair["note"]) == ("b is better", None)
    assert "b is better" in (tmp_path / "g" / "report.html").read_text()
    (pair,) = compare({"a": a, "b": b[:1]}, None, tmp_path / "m")["pairs"]
    assert pair["reading"] == "b has the lower KLD"
    assert pair["note"].startswith("One training of b: ")
    assert pair["p_value"]["kld"] < 0.05


@pytest.mark.more
def test_the_order_of_names_and_of_trainings_does_not_matter(
    runs: dict[str, Path], tmp_path: Path
) -> None:
    a, b = group(runs, "a0", "a1"), group(runs, "b0", "b1", "b2")
    (one,) = compare({"a": a, "b": b}, None, tmp_path / "1")["pairs"]
    (other,) = compare({"b": b[::-1], "a": a[::-1]}, None, tmp_path / "2")["pairs"]
    assert one["p_value"] == pytest.approx(other["p_value"])
    for name, difference in one["differences"].items():
        turned = other["differences"][name]
        assert difference["difference"] == pytest.approx(-turned["difference"])
        assert difference["ci95"] == pytest.approx([-bound for bound in turned["ci95"][::-1]])


def test_chance_of_training_widens_what_patients_alone_leave(
    runs: dict[str, Path], tmp_path: Path
) -> None:
    few = compare({"a": group(runs, "a0", "b0")}, None, tmp_path)["systems"]["a"]["overall"]
    low, high = few["ci95"]["kld"]
    klds = [compare({"x": runs[name]}, None, tmp_path)["systems"]["x"]["overall"]["kld"]
            for name in ("a0", "b0")]  # fmt: skip
    assert low < min(klds) < max(klds) < high


def test_a_row_that_one_training_lacks_is_refused_by_name(
    runs: dict[str, Path], tmp_path: Path
) -> None:
    table = pd.read_csv(runs["a1"])
    short = tmp_path / "short.csv"
    table[table["eeg_id"] != 7].to_csv(short, index=False)
    with pytest.raises(NasionError, match=r"short\.csv: no prediction for 1 of .*eeg_id 7"):
        compare({"a": (runs["a0"], short)}, None, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_names_of_groups(tmp_path: Path) -> None:
    assert named([Path("A=x/r1,x/r2"), Path("y/r3")]) == {
        "A": (Path("x/r1"), Path("x/r2")),
        "r3": (Path("y/r3"),),
    }
    odd = tmp_path / "a=b"
    odd.mkdir()
    assert named([odd]) == {"a=b": (odd,)}
    with pytest.raises(NasionError, match="another system is A"):
        named([Path("A=r1"), Path("A=r2")])


def test_what_is_no_group_is_refused(runs: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(NasionError, match=r"A=: not found; .* NAME=RUN,RUN"):
        named([Path("A=")])
    with pytest.raises(NasionError, match=r"a0\.csv: is given twice"):
        compare({"A": group(runs, "a0", "a0")}, None, tmp_path / "out")


def test_trainings_of_other_settings_are_told(runs: dict[str, Path], tmp_path: Path) -> None:
    folders = []
    for k, lr in enumerate((0.1, 0.2)):
        folder = tmp_path / f"r{k}"
        folder.mkdir()
        (folder / "oof.csv").write_bytes(runs[f"a{k}"].read_bytes())
        (folder / "run.json").write_text('{"nasion": "0.1.0", "experiment": "x", "labels": "y"}')
        settings = f'{{"seed": {k}, "training": {{"lr": {lr}}}}}'
        (folder / "config.json").write_text(settings)
        folders.append(folder)
    content = compare({"A": folders}, None, tmp_path / "out")
    system = content["systems"]["A"]
    assert any("differ in training.lr:" in warning for warning in system["warnings"])
    assert system["run"]["experiment"] == "x"
    assert [file["role"] for file in content["files"]] == ["A", "A"]
    assert "0, 1" in (tmp_path / "out" / "report.html").read_text()
