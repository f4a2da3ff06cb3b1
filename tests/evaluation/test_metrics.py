"""Laws of the metrics, and published numbers reproduced from published files."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as reference

from nasion.evaluation import metrics
from nasion.evaluation.tables import Judged, judge, read_labels
from nasion.terms import PATTERNS, VOTE_COLUMNS

SPARCNET_AUROC = dict(zip(PATTERNS, (0.8652, 0.9213, 0.9606, 0.9359, 0.9393, 0.8187), strict=True))
SPARCNET_AUPRC = dict(zip(PATTERNS, (0.2492, 0.7910, 0.9080, 0.7833, 0.7212, 0.4521), strict=True))


def judged(votes, prediction, unit=None, fold=None) -> Judged:
    n = len(votes)
    return Judged(
        votes=np.asarray(votes, float),
        prediction=np.asarray(prediction, float),
        unit=np.arange(n) if unit is None else np.asarray(unit),
        unit_name="eeg" if unit is None else "patient",
        fold=None if fold is None else np.asarray(fold),
        rows={},
    )


def random_rows(n: int, seed: int = 0, **given) -> Judged:
    rng = np.random.default_rng(seed)
    truth = rng.dirichlet(np.full(6, 0.4), n)
    votes = np.stack([rng.multinomial(12, row) for row in truth])
    return judged(votes, (truth + rng.dirichlet(np.ones(6), n)) / 2, **given)


def take(rows: Judged, order) -> Judged:
    fold = None if rows.fold is None else rows.fold[order]
    unit = rows.unit[order] if rows.unit_name == "patient" else None
    return judged(rows.votes[order], rows.prediction[order], unit, fold)


def width(interval: list[float]) -> float:
    return interval[1] - interval[0]


@pytest.mark.real
def test_sparcnet_test_set_gives_the_published_numbers(real: Path, tmp_path: Path) -> None:
    table = pd.read_parquet(real / "predictions" / "sparcnet_test.parquet")
    votes = table[["segment", *VOTE_COLUMNS]].rename(columns={"segment": "eeg_id"})
    votes.to_csv(tmp_path / "labels.csv", index=False)
    names = {f"p_{p}": f"{p}_vote" for p in PATTERNS} | {"segment": "eeg_id"}
    table[list(names)].rename(columns=names).to_csv(tmp_path / "p.csv", index=False)
    rows = judge(tmp_path / "p.csv", read_labels(tmp_path / "labels.csv"))
    scores = metrics.score(rows)
    assert scores["n"] == 35_740
    expected = {
        "kld": 0.5084,
        "accuracy": 0.6480,
        "balanced_accuracy": 0.6341,
        "kappa": 0.5670,
        "f1_weighted": 0.6616,
        "f1_macro": 0.5753,
        "auroc_macro": 0.9068,
        "auprc_macro": 0.6508,
    }
    assert {name: round(scores[name], 4) for name in expected} == expected
    per_class = scores["per_class"]
    assert {p: round(per_class[p]["auroc"], 4) for p in PATTERNS} == SPARCNET_AUROC
    assert {p: round(per_class[p]["auprc"], 4) for p in PATTERNS} == SPARCNET_AUPRC


def test_a_distribution_does_not_diverge_from_itself() -> None:
    p = np.random.default_rng(0).dirichlet(np.full(6, 0.2), 50)
    p[0] = np.eye(6)[2]
    np.testing.assert_allclose(metrics.divergence(p, p), 0, atol=1e-12)


def test_divergence_is_of_the_prediction_from_the_target_in_nats() -> None:
    target, prediction = np.eye(6)[[0]], np.array([[0.25, 0.75, 0, 0, 0, 0]])
    np.testing.assert_allclose(metrics.divergence(target, prediction), np.log(4))
    assert metrics.divergence(prediction, target)[0] > 20  # clipped, not infinite


def test_four_rows_worked_by_hand() -> None:
    # seizure right, seizure called LPD, LPD right, GPD called LPD; ties of votes go to the first
    votes = [[4, 0, 0, 0, 0, 0], [2, 2, 0, 0, 0, 0], [0, 3, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0]]
    prediction = [
        [0.5, 0.5, 0, 0, 0, 0],
        [0.25, 0.75, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 0],
        [0, 0.5, 0.5, 0, 0, 0],
    ]
    scores = metrics.score(judged(votes, prediction))
    expected_kld = (np.log(2) + 0.5 * np.log(2) + 0.5 * np.log(2 / 3) + 0 + np.log(2)) / 4
    assert scores["kld"] == pytest.approx(expected_kld)
    assert scores["accuracy"] == 0.5
    assert scores["balanced_accuracy"] == pytest.approx((1 / 2 + 1 + 0) / 3)
    chance = (2 * 1 + 1 * 3 + 1 * 0) / 16
    assert scores["kappa"] == pytest.approx((0.5 - chance) / (1 - chance))
    assert scores["f1_macro"] == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    assert scores["f1_weighted"] == pytest.approx((2 * 2 / 3 + 1 / 2 + 0) / 4)
    seizure, lpd, gpd, lrda = (scores["per_class"][p] for p in PATTERNS[:4])
    assert seizure == {
        "n": 2,
        "precision": 1,
        "recall": 0.5,
        "f1": pytest.approx(2 / 3),
        "auroc": 1,
        "auprc": 1,
    }
    assert (lpd["precision"], lpd["recall"], lpd["auroc"]) == (pytest.approx(1 / 3), 1, 1)
    assert (gpd["precision"], gpd["recall"], gpd["auprc"]) == (None, 0, 1)
    assert lrda == {"n": 0} | dict.fromkeys(("precision", "recall", "f1", "auroc", "auprc"))
    assert scores["confusion"]["gpd"] == dict.fromkeys(PATTERNS, 0) | {"lpd": 1}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@pytest.mark.parametrize("decimals", [16, 1], ids=["distinct", "tied"])
def test_agrees_with_scikit_learn(decimals: int) -> None:
    rows = random_rows(400)
    coarse = np.round(rows.prediction, decimals) + 0.01
    rows = judged(rows.votes, coarse / coarse.sum(1, keepdims=True))
    truth, guess = rows.consensus, rows.prediction.argmax(1)
    scores = metrics.score(rows)
    assert scores["kappa"] == pytest.approx(reference.cohen_kappa_score(truth, guess))
    assert scores["f1_macro"] == pytest.approx(reference.f1_score(truth, guess, average="macro"))
    balanced = reference.balanced_accuracy_score(truth, guess)
    assert scores["balanced_accuracy"] == pytest.approx(balanced)
    for k, pattern in enumerate(PATTERNS):
        positive, score = truth == k, rows.prediction[:, k]
        ours = scores["per_class"][pattern]
        assert ours["auroc"] == pytest.approx(reference.roc_auc_score(positive, score))
        assert ours["auprc"] == pytest.approx(reference.average_precision_score(positive, score))


def test_weights_of_auroc_are_repetitions() -> None:
    rng = np.random.default_rng(3)
    score, positive = rng.integers(0, 9, 60) / 10, rng.random(60) < 0.3
    weights = rng.integers(0, 4, (5, 60))
    repeated = [
        reference.roc_auc_score(np.repeat(positive, w), np.repeat(score, w)) for w in weights
    ]
    np.testing.assert_allclose(metrics.auroc(score, positive, weights.astype(float)), repeated)


def test_perfect_predictions_give_ones() -> None:
    votes = np.eye(6)[np.arange(24) % 6] * 5
    scores = metrics.assess(judged(votes, votes / 5))["overall"]
    for name in ("accuracy", "balanced_accuracy", "kappa", "f1_macro", "f1_weighted"):
        assert scores[name] == pytest.approx(1)
    assert (scores["auroc_macro"], scores["auprc_macro"]) == (1, 1)
    assert scores["kld"] == pytest.approx(0, abs=1e-12)
    assert scores["ci95"]["accuracy"] == [1, 1]


def test_permuted_rows_change_nothing() -> None:
    rows = random_rows(120, unit=np.arange(120) // 4, fold=np.arange(120) // 4 % 3)
    order = np.random.default_rng(1).permutation(120)
    flat, other = flatten(metrics.assess(rows)), flatten(metrics.assess(take(rows, order)))
    assert flat.keys() == other.keys()
    assert flat == pytest.approx(other)


def flatten(content, path: str = "") -> dict[str, object]:
    if isinstance(content, dict):
        content = content.items()
    elif isinstance(content, list):
        content = enumerate(content)
    else:
        return {path: content}
    return {k: v for key, each in content for k, v in flatten(each, f"{path}/{key}").items()}


def test_one_pattern_alone_leaves_nulls_and_no_nan() -> None:
    votes = np.tile([0, 3, 0, 0, 0, 0], (5, 1))
    content = metrics.assess(judged(votes, np.full((5, 6), 1 / 6), fold=[0, 0, 0, 0, 0]))
    overall = content["overall"]
    assert overall["auroc_macro"] is None
    assert overall["ci95"]["auroc_macro"] is None
    assert overall["per_class"]["gpd"]["recall"] is None
    assert overall["balanced_accuracy"] == 0  # ties go to seizure
    assert content["folds_sd"]["kld"] is None
    assert not [k for k, v in flatten(content).items() if isinstance(v, float) and np.isnan(v)]


def test_kappa_is_undefined_where_chance_agrees_always() -> None:
    votes = np.tile([0, 3, 0, 0, 0, 0], (5, 1))
    assert metrics.score(judged(votes, votes / 3))["kappa"] is None


def test_vote_bins_partition_the_rows_and_their_means_add_up() -> None:
    rows = random_rows(90)
    scale = np.repeat([1, 5, 12], 30)[:, None]
    votes = np.eye(6)[rows.consensus] * scale
    content = metrics.assess(judged(votes, rows.prediction))
    bins = content["by_votes"]
    assert {name: block["n"] for name, block in bins.items()} == {"1-2": 30, "3-9": 30, "10+": 30}
    mean = np.mean([block["kld"] for block in bins.values()])
    assert content["overall"]["kld"] == pytest.approx(mean)
    assert list(metrics.assess(judged(votes[:30], rows.prediction[:30]))["by_votes"]) == ["1-2"]


def test_confident_rows_have_a_target_above_one_half() -> None:
    votes = [[2, 2, 0, 0, 0, 0], [3, 2, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0]]
    content = metrics.assess(judged(votes, np.full((3, 6), 1 / 6)))
    assert content["confident"]["n"] == 2
    assert metrics.assess(judged(votes[:1], np.full((1, 6), 1 / 6)))["confident"] is None


def test_intervals_hold_the_estimate_and_shrink_with_n() -> None:
    few, many = metrics.assess(random_rows(100)), metrics.assess(random_rows(2500))
    for name in metrics.INTERVALS:
        for content in (few, many):
            low, high = content["overall"]["ci95"][name]
            assert low < content["overall"][name] < high
        ratio = width(few["overall"]["ci95"][name]) / width(many["overall"]["ci95"][name])
        assert 2.5 < ratio < 10  # 5 in the limit


def test_interval_of_a_mean_is_that_of_the_normal_law() -> None:
    rows = random_rows(1500)
    klds = metrics.divergence(rows.target, rows.prediction)
    expected = 2 * 1.96 * klds.std(ddof=1) / np.sqrt(len(klds))
    assert width(metrics.intervals(rows)["kld"]) == pytest.approx(expected, rel=0.12)


def test_copies_of_a_patients_rows_widen_the_interval_only_if_grouped() -> None:
    rows = random_rows(60)
    copies = take(rows, np.repeat(np.arange(60), 9))
    grouped = judged(copies.votes, copies.prediction, unit=np.repeat(np.arange(60), 9))
    single = metrics.intervals(rows)
    by_patient, by_row = metrics.intervals(grouped), metrics.intervals(copies)
    for name in metrics.INTERVALS:
        assert by_patient[name] == pytest.approx(single[name])
        assert width(by_patient[name]) > 2 * width(by_row[name])


def test_one_patient_gives_no_interval() -> None:
    rows = random_rows(10, unit=np.zeros(10, int))
    assert metrics.intervals(rows) == dict.fromkeys(metrics.INTERVALS)


def test_prior_of_a_fold_is_the_mean_target_of_the_others() -> None:
    votes = np.eye(6)[[0, 0, 1, 1, 2]]
    rows = judged(votes, np.full((5, 6), 1 / 6), fold=[0, 1, 1, 2, 2])
    prediction, source = metrics.prior(rows)
    assert source == "other folds"
    np.testing.assert_allclose(prediction[0], votes[1:].mean(0))
    np.testing.assert_allclose(prediction[1], votes[[0, 3, 4]].mean(0))
    everywhere, source = metrics.prior(judged(votes, rows.prediction, fold=[0] * 5))
    assert source == "labels"
    np.testing.assert_allclose(everywhere[4], votes.mean(0))


def test_predicting_the_prior_neither_beats_nor_loses_to_it() -> None:
    rows = random_rows(200)
    prediction, _ = metrics.prior(rows)
    content = metrics.assess(judged(rows.votes, prediction))
    assert content["overall"]["kld"] == pytest.approx(content["overall"]["prior_kld"])
    assert content["versus_prior"]["kld_difference"] == pytest.approx(0, abs=1e-12)
    better = metrics.assess(rows)["versus_prior"]
    assert better["kld_difference"] < 0
    assert better["ci95"][1] < 0


def test_paired_differences_are_antisymmetric_and_narrower_than_unpaired() -> None:
    rows = random_rows(300)
    slightly = judged(rows.votes, 0.98 * rows.prediction + 0.02 / 6)
    [ab] = metrics.pairs({"a": rows, "b": slightly})
    [ba] = metrics.pairs({"b": slightly, "a": rows})
    assert ab["kld_difference"] == pytest.approx(-ba["kld_difference"])
    assert ab["ci95"] == pytest.approx([-x for x in ba["ci95"][::-1]])
    assert width(ab["ci95"]) < 0.2 * width(metrics.intervals(rows)["kld"])


def test_folds_are_scored_apart_and_averaged() -> None:
    rows = random_rows(90, fold=np.arange(90) % 3)
    content = metrics.assess(rows)
    alone = [metrics.score(rows.where(rows.fold == k))["accuracy"] for k in range(3)]
    assert [fold["accuracy"] for fold in content["folds"]] == alone
    assert content["folds_mean"]["accuracy"] == pytest.approx(np.mean(alone))
    assert content["folds_sd"]["accuracy"] == pytest.approx(np.std(alone, ddof=1))
    assert "folds" not in metrics.assess(judged(rows.votes, rows.prediction))
