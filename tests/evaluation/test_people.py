"""Experts are judged by the others, the system by the same truth."""

from pathlib import Path

import numpy as np
import pytest
from scored import agreement_of_people
from sklearn import metrics as reference

from nasion.evaluation.inputs import read_labels
from nasion.evaluation.judged import Judged, judge
from nasion.evaluation.ranking import curve
from nasion.terms import PATTERNS


def panel(n: int = 200, size: int = 5, seed: int = 0, skill: float = 0.7) -> Judged:
    """Raters who see the truth or guess; some abstain."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(6, size=(n, 1))
    chosen = np.where(rng.random((n, size)) < skill, truth, rng.integers(6, size=(n, size)))
    chosen[rng.random((n, size)) < 0.2] = -1
    chosen[:, 0] = np.maximum(chosen[:, 0], 0)
    votes = np.stack([(chosen == k).sum(1) for k in range(6)], axis=1).astype(float)
    prediction = 0.6 * np.eye(6)[truth[:, 0]] + 0.4 * rng.dirichlet(np.ones(6), n)
    raters = {f"rater_{r}": chosen[:, r] for r in range(size)}
    return Judged(votes, prediction, np.arange(n), "eeg", None, {}, raters=raters)


def others_of(rows: Judged, who: str) -> tuple[np.ndarray, np.ndarray]:
    """Majority of the others, the plain way, and the rows where there is one."""
    chosen = np.stack([votes for name, votes in rows.raters.items() if name != who], axis=1)
    counts = np.stack([(chosen == k).sum(1) for k in range(6)], axis=1)
    return counts.argmax(1), (rows.raters[who] >= 0) & (counts.sum(1) > 0)


def test_each_rater_and_the_system_meet_the_majority_of_the_others() -> None:
    rows = panel()
    found = agreement_of_people(rows)["raters"]
    assert [one["rater"] for one in found["each"]] == list(rows.raters)
    for one in found["each"]:
        truth, kept = others_of(rows, one["rater"])
        own, guess = rows.raters[one["rater"]][kept], rows.prediction.argmax(1)[kept]
        assert one["n"] == kept.sum()
        for who, chosen in (("expert", own), ("system", guess)):
            balanced = reference.balanced_accuracy_score(truth[kept], chosen)
            kappa = reference.cohen_kappa_score(truth[kept], chosen)
            assert one[who]["balanced_accuracy"] == pytest.approx(balanced)
            assert one[who]["kappa"] == pytest.approx(kappa)
            low, high = one[who]["ci95"]["kappa"]
            assert low < kappa < high
        for k, pattern in enumerate(PATTERNS):
            point, positive = one["points"][pattern], truth[kept] == k
            assert point["tpr"] == pytest.approx((own == k)[positive].mean())
            assert point["fpr"] == pytest.approx((own == k)[~positive].mean())
            assert point["precision"] == pytest.approx(positive[own == k].mean())
    kappas = [one["expert"]["kappa"] for one in found["each"]]
    assert found["mean"]["expert"]["kappa"] == pytest.approx(np.mean(kappas))
    assert found["range"]["expert"]["kappa"] == pytest.approx([min(kappas), max(kappas)])
    gain = found["mean"]["system"]["kappa"] - np.mean(kappas)
    assert found["mean"]["difference"]["kappa"] == pytest.approx(gain)


def test_a_random_expert_is_the_average_of_those_who_voted() -> None:
    rows = panel(n=60)
    block = agreement_of_people(rows)["random_expert"]
    hits, system_hits = [], []
    for i in range(60):
        voters = [r for r in rows.raters if rows.raters[r][i] >= 0]
        if len(voters) > 1:
            truths = [others_of(rows, r)[0][i] for r in voters]
            hits.append(
                np.mean([rows.raters[r][i] == t for r, t in zip(voters, truths, strict=True)])
            )
            system_hits.append(np.mean([rows.prediction[i].argmax() == t for t in truths]))
    assert block["n"] == len(hits)
    assert block["expert"]["accuracy"] == pytest.approx(np.mean(hits))
    assert block["system"]["accuracy"] == pytest.approx(np.mean(system_hits))
    assert block["difference"]["accuracy"] == pytest.approx(np.mean(system_hits) - np.mean(hits))


def test_counts_alone_tell_of_a_random_expert_but_of_no_rater() -> None:
    rows = panel()
    counts = Judged(rows.votes, rows.prediction, rows.unit, "eeg", None, {})
    without = agreement_of_people(counts)
    assert without["raters"] is None
    assert without["random_expert"] == agreement_of_people(rows)["random_expert"]
    single = Judged(np.eye(6), np.full((6, 6), 1 / 6), np.arange(6), "eeg", None, {})
    assert agreement_of_people(single) == {"random_expert": None, "raters": None}


def test_unanimous_experts_agree_wholly() -> None:
    votes = np.eye(6)[np.arange(30) % 6] * 4
    rows = Judged(votes, votes / 4, np.arange(30), "eeg", None, {})
    block = agreement_of_people(rows)["random_expert"]
    for who in ("expert", "system"):
        assert [block[who][k] for k in ("accuracy", "balanced_accuracy", "kappa")] == [1, 1, 1]
    assert block["difference"]["ci95"]["kappa"] == [0, 0]


@pytest.mark.parametrize(("sure", "share"), [(1.0, 1.0), (-1.0, 0.0)])
def test_all_experts_are_under_a_perfect_curve_and_none_under_a_perverse_one(
    sure: float, share: float
) -> None:
    rows = panel(skill=0.8)
    prediction = 0.5 + sure * 0.4 * np.eye(6)[rows.consensus]
    prediction /= prediction.sum(1, keepdims=True)
    under = agreement_of_people(rows.predicting(prediction))["raters"]["under_curve"]
    assert [under[p]["roc"] for p in PATTERNS] == [share] * 6
    if share:
        assert [under[p]["pr"] for p in PATTERNS] == [share] * 6


def test_a_point_on_the_curve_is_reached_and_one_beyond_is_not() -> None:
    score = np.array([0.9, 0.8, 0.7, 0.7, 0.2])
    positive = np.array([True, False, True, False, False])
    found = curve(score, positive)
    assert found is not None
    assert found.fpr.tolist() == pytest.approx([0, 0, 1 / 3, 2 / 3, 1])
    assert found.tpr.tolist() == [0, 0.5, 0.5, 1, 1]
    assert found.precision.tolist() == [1, 1, 0.5, 0.5, 0.4]
    assert found.reaches(0, 0.5)
    assert not found.reaches(0.6, 0.51)
    assert found.reaches(2 / 3, 1)
    assert found.reaches_precision(1, 0.5)
    assert not found.reaches_precision(0.6, 0.51)
    assert curve(score, np.ones(5, bool)) is None


def test_a_thinned_curve_keeps_its_ends_and_its_shape() -> None:
    rng = np.random.default_rng(0)
    positive = rng.random(5000) < 0.3
    whole = curve(rng.normal(positive), positive)
    assert whole is not None
    few = whole.thinned()
    assert len(few.tpr) < 520
    assert (few.tpr[[0, -1]] == [0, 1]).all()
    grid = np.linspace(0, 1, 97)
    gap = np.interp(grid, few.fpr, few.tpr) - np.interp(grid, whole.fpr, whole.tpr)
    assert np.abs(gap).max() < 0.01


@pytest.mark.real
def test_experts_of_sparcnets_test_set_are_as_good_as_published(real: Path) -> None:
    path = real / "predictions" / "sparcnet_test.parquet"
    rows = judge(path, read_labels(path, carried=True))
    assert rows.warnings == ()
    found = agreement_of_people(rows)["raters"]
    mean, experts = found["mean"], found["range"]["expert"]
    assert len(found["each"]) == 20
    assert round(mean["expert"]["balanced_accuracy"], 4) == 0.5935
    assert [round(x, 4) for x in experts["balanced_accuracy"]] == [0.4577, 0.6962]
    assert round(mean["expert"]["kappa"], 4) == 0.5233
    assert [round(x, 4) for x in experts["kappa"]] == [0.3179, 0.6987]
    for name in ("balanced_accuracy", "kappa"):
        low, high = mean["expert"]["ci95"][name]
        assert low < mean["expert"][name] < high
        assert mean["difference"]["ci95"][name][0] > 0.03  # the system is above the mean expert
    # Jing 2023 gives these shares, from curves of its own making: three experts of 20 either way.
    published = {"roc": [45, 20, 50, 75, 55, 40], "pr": [50, 35, 50, 90, 70, 45]}
    for plane, shares in published.items():
        ours = [100 * found["under_curve"][pattern][plane] for pattern in PATTERNS]
        np.testing.assert_allclose(ours, shares, atol=15.1)
