"""Laws of the metrics, and published numbers reproduced from published files."""

from pathlib import Path

import numpy as np
import pytest
from scored import assess, score
from sklearn import metrics as reference

from nasion.evaluation import assessment, metrics
from nasion.evaluation.comparison import COMPARED, pairs, permutation_p
from nasion.evaluation.document import of_pair
from nasion.evaluation.gaps import bin_of
from nasion.evaluation.inputs import read_labels
from nasion.evaluation.judged import Judged, judge
from nasion.evaluation.ranking import areas
from nasion.evaluation.resampling import Sums, resamples
from nasion.evaluation.trainings import Trainings
from nasion.terms import PATTERNS

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


def intervals(rows: Judged) -> dict:
    return score(rows, metrics.draws(rows))["ci95"]


def compared(a: Judged, b: Judged) -> dict:
    systems = {"a": Trainings((a,)), "b": Trainings((b,))}
    drawn = {name: trainings.resampled() for name, trainings in systems.items()}
    scores = {name: trainings.score() for name, trainings in systems.items()}
    (pair,) = pairs(systems, scores, drawn)
    return of_pair(pair)


@pytest.mark.real
def test_sparcnet_test_set_gives_the_published_numbers(real: Path) -> None:
    path = real / "predictions" / "sparcnet_test.parquet"
    rows = judge(path, read_labels(path, carried=True))
    scores = score(rows, metrics.draws(rows))
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
        "ece": 0.0413,
    }
    assert {name: round(scores[name], 4) for name in expected} == expected
    for name in [*expected, "rms_calibration_error"]:
        if name == "ece":  # no interval of resamples covers it
            continue
        low, high = scores["ci95"][name]
        assert low < scores[name] < high
        assert high - low < 0.02
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


def lpd_gap(votes: list, prediction: list) -> float:
    """Of the LPD column each probability (.5, .75, 1, .5) has a bin but the first and last."""
    target = np.array(votes) / np.sum(votes, axis=1, keepdims=True)
    gap = np.array(prediction)[:, 1] - target[:, 1]
    return float((abs(gap[0] + gap[3]) + abs(gap[1]) + abs(gap[2])) / 4)


def test_four_rows_worked_by_hand() -> None:
    # seizure right, seizure called LPD, LPD right, GPD called LPD; ties of votes go to the first
    votes = [[4, 0, 0, 0, 0, 0], [2, 2, 0, 0, 0, 0], [0, 3, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0]]
    prediction = [
        [0.5, 0.5, 0, 0, 0, 0],
        [0.25, 0.75, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 0],
        [0, 0.5, 0.5, 0, 0, 0],
    ]
    scores = score(judged(votes, prediction))
    expected_kld = (np.log(2) + 0.5 * np.log(2) + 0.5 * np.log(2 / 3) + 0 + np.log(2)) / 4
    assert scores["kld"] == pytest.approx(expected_kld)
    assert scores["accuracy"] == 0.5
    assert scores["balanced_accuracy"] == pytest.approx((1 / 2 + 1 + 0) / 3)
    chance = (2 * 1 + 1 * 3 + 1 * 0) / 16
    assert scores["kappa"] == pytest.approx((0.5 - chance) / (1 - chance))
    assert scores["f1_macro"] == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    assert scores["f1_weighted"] == pytest.approx((2 * 2 / 3 + 1 / 2 + 0) / 4)
    seizure, lpd, gpd, lrda = (scores["per_class"][p] for p in PATTERNS[:4])
    assert seizure["n"] == 2
    assert (seizure["precision"], seizure["recall"]) == (1, 0.5)
    assert seizure["f1"] == pytest.approx(2 / 3)
    assert (seizure["auroc"], seizure["auprc"]) == (1, 1)
    assert scores["precision_macro"] == pytest.approx((1 + 1 / 3) / 2)  # nobody called it GPD
    assert scores["precision_weighted"] == pytest.approx((2 * 1 + 1 / 3) / 3)
    rows = [0.5, 2 * 0.25**2, 0, 2 * 0.5**2]
    assert scores["brier"] == pytest.approx(sum(rows) / 4)
    # largest probabilities .5 (right), .75 (wrong), 1 (right), .5 (wrong): bins .5, .75 and 1
    assert scores["ece"] == pytest.approx((abs(1 - 1) + 0.75 + 0) / 4)
    assert lpd_gap(votes, prediction) == pytest.approx(scores["per_class"]["lpd"]["ece"])
    assert (lpd["precision"], lpd["recall"], lpd["auroc"]) == (pytest.approx(1 / 3), 1, 1)
    assert (gpd["precision"], gpd["recall"], gpd["auprc"]) == (None, 0, 1)
    assert lrda["n"] == 0
    assert {lrda[name] for name in ("precision", "recall", "f1", "auroc", "auprc")} == {None}
    assert scores["confusion"]["gpd"] == dict.fromkeys(PATTERNS, 0) | {"lpd": 1}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("decimals", [16, 1], ids=["distinct", "tied"])
def test_agrees_with_scikit_learn(decimals: int, seed: int) -> None:
    rows = random_rows(80 * (seed + 1), seed)
    coarse = np.round(rows.prediction, decimals) + 0.01
    rows = judged(rows.votes, coarse / coarse.sum(1, keepdims=True))
    truth, guess = rows.consensus, rows.prediction.argmax(1)
    scores = score(rows)
    assert scores["accuracy"] == pytest.approx(reference.accuracy_score(truth, guess))
    assert scores["kappa"] == pytest.approx(reference.cohen_kappa_score(truth, guess))
    assert scores["f1_macro"] == pytest.approx(reference.f1_score(truth, guess, average="macro"))
    for average in ("macro", "weighted"):
        expected = reference.precision_score(truth, guess, average=average)
        assert scores[f"precision_{average}"] == pytest.approx(expected)
    weighted = reference.f1_score(truth, guess, average="weighted")
    assert scores["f1_weighted"] == pytest.approx(weighted)
    balanced = reference.balanced_accuracy_score(truth, guess)
    assert scores["balanced_accuracy"] == pytest.approx(balanced)
    for k, pattern in enumerate(PATTERNS):
        positive, said = truth == k, rows.prediction[:, k]
        ours = scores["per_class"][pattern]
        assert ours["auroc"] == pytest.approx(reference.roc_auc_score(positive, said))
        assert ours["auprc"] == pytest.approx(reference.average_precision_score(positive, said))


def test_weights_of_areas_are_repetitions() -> None:
    rng = np.random.default_rng(3)
    score, positive = rng.integers(0, 9, 60) / 10, rng.random(60) < 0.3
    weights = rng.integers(0, 4, (5, 60))
    twice = [(np.repeat(positive, w), np.repeat(score, w)) for w in weights]
    roc, pr = areas(score, positive, weights.astype(float))
    np.testing.assert_allclose(roc, [reference.roc_auc_score(*each) for each in twice])
    np.testing.assert_allclose(pr, [reference.average_precision_score(*each) for each in twice])


def test_every_metric_of_weighted_rows_is_that_of_repeated_rows() -> None:
    rows, weight = random_rows(80), np.random.default_rng(0).integers(0, 4, 80)
    repeated = score(take(rows, np.repeat(np.arange(80), weight)))
    weighted = metrics.measures(rows, metrics.sums_of(rows), weight[None].astype(float))
    weighted |= {
        name: np.maximum(values, 0) ** 0.5
        for name, values in weighted.items()
        if name.removesuffix("_each") in metrics.SQUARED
    }
    for name in metrics.SCALARS:
        assert weighted[name][0] == pytest.approx(repeated[name]), name
    for name in metrics.OF_PATTERN:
        expected = [repeated["per_class"][p][name] for p in PATTERNS]
        np.testing.assert_allclose(weighted[f"{name}_each"][0], expected, err_msg=name)


def test_sums_go_where_they_are_told() -> None:
    sums = Sums(3)
    sums.add("one", np.array([1.0, 2.0, 4.0]))
    sums.add("two", 1, np.array([0, 1, 1]), (2,))
    sums.add("wide", np.array([[1.0, 2.0]] * 3), np.array([[0, 3]]), (2, 2))
    found = sums(np.array([[1.0, 1.0, 1.0], [0.0, 2.0, 1.0]]))
    assert found["one"].tolist() == [7, 8]
    assert found["two"].tolist() == [[1, 2], [0, 3]]
    assert found["wide"].tolist() == [[[3, 0], [0, 6]], [[3, 0], [0, 6]]]


def test_blocks_of_resamples_do_not_change_the_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    unit = np.arange(50) // 3
    whole = np.concatenate(list(resamples(unit)))
    monkeypatch.setattr("nasion.evaluation.resampling.CELLS", 50 * 7)
    parts = list(resamples(unit))
    assert len(parts) > 100
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_honest_rows_have_no_calibration_error_and_boasting_ones_have() -> None:
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(6), 20_000)
    truth = (p.cumsum(1) > rng.random((20_000, 1))).argmax(1)
    honest = score(judged(np.eye(6)[truth], p))
    assert honest["ece"] < 0.02
    assert honest["ece_classwise"] < 0.01
    sharp = p**3 / (p**3).sum(1, keepdims=True)
    boasting = score(judged(np.eye(6)[truth], sharp))
    assert boasting["ece"] > 0.15
    assert boasting["ece_classwise"] > 0.05
    for name in ("top", *PATTERNS):
        points = honest["reliability"][name]
        assert sum(point["n"] for point in points) == 20_000
        gap = sum(p["n"] * abs(p["predicted"] - p["observed"]) for p in points) / 20_000
        block = honest if name == "top" else honest["per_class"][name]
        assert gap == pytest.approx(block["ece"])


def test_what_chance_alone_makes_is_no_calibration_error() -> None:
    rng = np.random.default_rng(1)
    p = rng.dirichlet(np.ones(6), (400, 80))
    truth = (p.cumsum(2) > rng.random((400, 80, 1))).argmax(2)
    once = [metrics.measured_once(judged(np.eye(6)[t], q)) for t, q in zip(truth, p, strict=True)]
    for name in metrics.SQUARED:
        squares = np.array([values[name] for values in once])
        assert abs(squares.mean()) < 4 * squares.std() / 20
    assert np.mean([values["ece"] for values in once]) > 0.1
    rows = judged(np.eye(6)[truth[0]], p[0])
    scores = score(rows, metrics.draws(rows))
    assert scores["ci95"]["rms_calibration_error"][0] == 0
    assert scores["ci95"]["ece"] is None


def test_calibration_errors_come_of_rows_of_different_patients() -> None:
    rows = random_rows(90, unit=np.arange(90) // 3)
    gap = rows.prediction.max(1) - (rows.prediction.argmax(1) == rows.consensus)
    place = bin_of(rows.prediction.max(1))
    expected = 0.0
    for b in np.unique(place):
        i, j = np.meshgrid(*[np.flatnonzero(place == b)] * 2)
        apart = rows.unit[i] != rows.unit[j]
        if apart.any():
            expected += (place == b).sum() / 90 * (gap[i] * gap[j])[apart].mean()
    assert metrics.measured_once(rows)["rms_calibration_error"] == pytest.approx(expected)


@pytest.mark.parametrize("n_patients", [30, 60])
def test_an_interval_stands_where_it_holds(n_patients: int) -> None:
    rows = random_rows(n_patients)
    bounds = score(rows, metrics.draws(rows))["ci95"]
    for name in metrics.SCALARS:
        expected = name not in metrics.RAISED and n_patients >= metrics.FEWEST.get(name, 0)
        assert (bounds[name] is not None) == expected
        if expected and name not in ("kld", "kappa"):
            assert 0 <= bounds[name][0] <= bounds[name][1] <= 1


def test_perfect_predictions_give_ones() -> None:
    votes = np.eye(6)[np.arange(24) % 6] * 5
    scores = assess(judged(votes, votes / 5))["overall"]
    for name in ("accuracy", "balanced_accuracy", "kappa", "f1_macro", "f1_weighted"):
        assert scores[name] == pytest.approx(1)
    assert (scores["auroc_macro"], scores["auprc_macro"]) == (1, 1)
    assert scores["kld"] == pytest.approx(0, abs=1e-12)
    assert scores["ci95"]["accuracy"] == [1, 1]


def test_permuted_rows_change_nothing() -> None:
    rows = random_rows(120, unit=np.arange(120) // 4, fold=np.arange(120) // 4 % 3)
    order = np.random.default_rng(1).permutation(120)
    flat, other = flatten(assess(rows)), flatten(assess(take(rows, order)))
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
    content = assess(judged(votes, np.full((5, 6), 1 / 6), fold=[0, 0, 0, 0, 0]))
    overall = content["overall"]
    assert overall["auroc_macro"] is None
    assert overall["ci95"]["auroc_macro"] is None
    assert overall["per_class"]["gpd"]["recall"] is None
    assert overall["balanced_accuracy"] == 0  # ties go to seizure
    assert content["folds_sd"]["kld"] is None
    assert not [k for k, v in flatten(content).items() if isinstance(v, float) and np.isnan(v)]


def test_kappa_is_undefined_where_chance_agrees_always() -> None:
    votes = np.tile([0, 3, 0, 0, 0, 0], (5, 1))
    assert score(judged(votes, votes / 3))["kappa"] is None


def test_vote_bins_partition_the_rows_and_their_means_add_up() -> None:
    rows = random_rows(90)
    scale = np.repeat([1, 5, 12], 30)[:, None]
    votes = np.eye(6)[rows.consensus] * scale
    content = assess(judged(votes, rows.prediction))
    bins = content["by_votes"]
    assert {name: block["n"] for name, block in bins.items()} == {"1-2": 30, "3-9": 30, "10+": 30}
    mean = np.mean([block["kld"] for block in bins.values()])
    assert content["overall"]["kld"] == pytest.approx(mean)
    assert list(assess(judged(votes[:30], rows.prediction[:30]))["by_votes"]) == ["1-2"]


def test_confident_rows_have_a_target_above_one_half() -> None:
    votes = [[2, 2, 0, 0, 0, 0], [3, 2, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0]]
    content = assess(judged(votes, np.full((3, 6), 1 / 6)))
    assert content["confident"]["n"] == 2
    assert assess(judged(votes[:1], np.full((1, 6), 1 / 6)))["confident"] is None


def test_intervals_hold_the_estimate_and_shrink_with_n() -> None:
    few, many = assess(random_rows(100)), assess(random_rows(2500))
    for name in set(metrics.SCALARS) - {*metrics.RAISED, *metrics.SQUARED}:
        for content in (few, many):
            low, high = content["overall"]["ci95"][name]
            assert low < content["overall"][name] < high
        ratio = width(few["overall"]["ci95"][name]) / width(many["overall"]["ci95"][name])
        assert 2.5 < ratio < 10  # 5 in the limit


def test_interval_of_a_mean_is_that_of_the_normal_law() -> None:
    rows = random_rows(1500)
    klds = metrics.divergence(rows.target, rows.prediction)
    expected = 2 * 1.96 * klds.std(ddof=1) / np.sqrt(len(klds))
    assert width(intervals(rows)["kld"]) == pytest.approx(expected, rel=0.12)


def test_copies_of_a_patients_rows_widen_the_interval_only_if_grouped() -> None:
    rows = random_rows(60)
    copies = take(rows, np.repeat(np.arange(60), 9))
    grouped = judged(copies.votes, copies.prediction, unit=np.repeat(np.arange(60), 9))
    single = intervals(rows)
    by_patient, by_row = intervals(grouped), intervals(copies)
    for name in metrics.SCALARS:
        if name in metrics.RAISED:
            continue
        assert by_patient[name] == pytest.approx(single[name])
        assert width(by_patient[name]) > 2 * width(by_row[name])


def test_one_patient_gives_no_interval() -> None:
    rows = random_rows(10, unit=np.zeros(10, int))
    assert intervals(rows) == dict.fromkeys(metrics.SCALARS)


def test_prior_of_a_fold_is_the_mean_target_of_the_others() -> None:
    votes = np.eye(6)[[0, 0, 1, 1, 2]]
    rows = judged(votes, np.full((5, 6), 1 / 6), fold=[0, 1, 1, 2, 2])
    prediction, source = assessment.prior(rows)
    assert source == "other folds"
    np.testing.assert_allclose(prediction[0], votes[1:].mean(0))
    np.testing.assert_allclose(prediction[1], votes[[0, 3, 4]].mean(0))
    everywhere, source = assessment.prior(judged(votes, rows.prediction, fold=[0] * 5))
    assert source == "labels"
    np.testing.assert_allclose(everywhere[4], votes.mean(0))


def test_predicting_the_prior_neither_beats_nor_loses_to_it() -> None:
    rows = random_rows(200)
    prediction, _ = assessment.prior(rows)
    content = assess(judged(rows.votes, prediction))
    assert content["overall"]["kld"] == pytest.approx(content["overall"]["prior_kld"])
    assert content["versus_prior"]["kld_difference"] == pytest.approx(0, abs=1e-12)
    better = assess(rows)["versus_prior"]
    assert better["kld_difference"] < 0
    assert better["ci95"][1] < 0


def test_paired_differences_are_antisymmetric_and_narrower_than_unpaired() -> None:
    rows = random_rows(300)
    slightly = judged(rows.votes, 0.98 * rows.prediction + 0.02 / 6)
    ab, ba = compared(rows, slightly), compared(slightly, rows)
    assert ab["kld_difference"] == pytest.approx(-ba["kld_difference"])
    assert ab["p_value"] == ba["p_value"]
    for name in COMPARED:
        one, other = ab["differences"][name], ba["differences"][name]
        assert one["difference"] == pytest.approx(-other["difference"], abs=1e-12)
        assert one["ci95"] == pytest.approx([-x for x in other["ci95"][::-1]], abs=1e-12)
    assert ab["differences"]["kld"]["ci95"] == ab["ci95"]
    assert width(ab["ci95"]) < 0.2 * width(intervals(rows)["kld"])


def test_a_system_does_not_differ_from_itself() -> None:
    pair = compared(random_rows(60), random_rows(60))
    for each in pair["differences"].values():
        assert (each["difference"], each["ci95"]) == (0, [0, 0])
    assert pair["p_value"] == {"kld": 1, "accuracy": 1}


def test_p_is_small_where_one_is_better_and_even_where_none_is() -> None:
    rng = np.random.default_rng(0)
    unit = np.arange(100) // 2
    assert permutation_p(rng.normal(1, 1, 100), unit) < 0.001
    chance = [permutation_p(rng.normal(0, 1, 100), unit) for _ in range(60)]
    assert 0.3 < np.mean(chance) < 0.7
    assert np.mean(np.array(chance) < 0.2) < 0.4


def test_p_counts_patients_and_not_rows() -> None:
    rows = np.repeat(np.random.default_rng(3).normal(0.5, 1, 12), 30)
    by_patient, by_row = (
        permutation_p(rows, np.arange(360) // 30),
        permutation_p(rows, np.arange(360)),
    )
    assert by_row < 0.001
    assert by_patient > 0.02
    assert permutation_p(rows[:5], np.zeros(5)) is None
    assert permutation_p(np.ones(4), np.arange(4)) == pytest.approx(2 / 16, abs=0.02)  # all or none


def test_folds_are_scored_apart_and_averaged() -> None:
    rows = random_rows(90, fold=np.arange(90) % 3)
    content = assess(rows)
    alone = [score(rows.where(rows.fold == k))["accuracy"] for k in range(3)]
    assert [fold["accuracy"] for fold in content["folds"]] == alone
    assert content["folds_mean"]["accuracy"] == pytest.approx(np.mean(alone))
    assert content["folds_sd"]["accuracy"] == pytest.approx(np.std(alone, ddof=1))
    assert "folds" not in assess(judged(rows.votes, rows.prediction))
