"""Laws of calibration: the honest stays, what was bent is bent back, nobody judges himself."""

import json
from pathlib import Path

import numpy as np
import pytest

from nasion.calibration import Calibration, cross_fitted, fit, splits
from nasion.errors import NasionError
from nasion.terms import PATTERNS

KINDS = ("temperature", "vector")


def honest(n: int = 400, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.full(6, 0.5), n) * 0.98 + 0.02 / 6


def voted(target: np.ndarray, seed: int = 1, n_votes: int = 8) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.stack([rng.multinomial(n_votes, row) for row in target]) / n_votes


def kld(target: np.ndarray, prediction: np.ndarray) -> float:
    ratio = np.clip(target, 1e-15, 1) / np.clip(prediction, 1e-15, 1)
    return float((target * np.log(ratio)).sum(1).mean())


def test_the_default_is_the_identity():
    p = honest()
    np.testing.assert_allclose(Calibration().apply(p), p, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_calibrated_already_stays(kind):
    p = honest()
    found = fit(p, p, kind=kind)
    assert found.temperature == pytest.approx(1, abs=1e-5)
    assert found.bias == pytest.approx((0,) * 6, abs=1e-5)


@pytest.mark.parametrize("temperature", [0.4, 1.7, 5.0])
def test_a_known_temperature_is_undone(temperature):
    p = honest()
    bent = Calibration(temperature).apply(p)
    assert fit(bent, p).temperature == pytest.approx(1 / temperature, rel=1e-4)
    np.testing.assert_allclose(fit(bent, p).apply(bent), p, atol=1e-4)


def test_a_known_bias_is_undone():
    p, bias = honest(), np.array([1.0, -0.5, 0.2, -0.9, 0.4, -0.2])
    bent = Calibration(1.5, tuple(bias)).apply(p)
    found = fit(bent, p, kind="vector")
    assert sum(found.bias) == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(found.bias, -bias * 1.5, atol=0.01)  # the ridge holds a little back
    assert kld(p, found.apply(bent)) < 1e-5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(5))
def test_a_fit_is_never_worse_than_none_on_its_own_rows(kind, seed):
    rng = np.random.default_rng(seed)
    p, target = rng.dirichlet(np.full(6, 0.1), 30), voted(honest(30, seed), seed, n_votes=2)
    assert kld(target, fit(p, target, kind=kind).apply(p)) <= kld(target, p) + 1e-12


def test_a_bias_adds_to_a_temperature():
    p, target = honest(), voted(honest()[:, ::-1])
    alone, with_bias = (kld(target, fit(p, target, kind=kind).apply(p)) for kind in KINDS)
    assert with_bias < alone


def test_temperature_keeps_the_order_within_a_row():
    p = honest()
    found = fit(p, voted(p))
    assert found.bias == (0,) * 6
    np.testing.assert_array_equal(found.apply(p).argsort(1), p.argsort(1))


def test_weights_are_repetitions():
    p = honest(60)
    target, weight = voted(p), np.arange(60) % 3
    repeated = fit(np.repeat(p, weight, 0), np.repeat(target, weight, 0), kind="vector")
    weighted = fit(p, target, weight, kind="vector")
    assert weighted.temperature == pytest.approx(repeated.temperature, rel=1e-5)
    assert weighted.bias == pytest.approx(repeated.bias, abs=1e-5)
    with pytest.raises(NasionError, match="at least one row"):
        fit(p, target, np.zeros(60))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("p", "target"),
    [
        (np.full((4, 6), 1 / 6), np.eye(6)[:4]),
        (np.eye(6), np.eye(6)),
        (np.eye(6), np.eye(6)[::-1]),
        (np.eye(6)[[0]], np.eye(6)[[0]]),
    ],
    ids=["even", "right", "wrong", "single"],
)
def test_extremes_stay_finite(kind, p, target):
    found = fit(p, target, kind=kind)
    assert np.isfinite([found.temperature, *found.bias]).all()
    applied = found.apply(p)
    np.testing.assert_allclose(applied.sum(1), 1)
    assert (applied >= 0).all()


@pytest.mark.parametrize("fold", [None, np.arange(90) // 3 % 4], ids=["random", "given"])
def test_a_rows_own_labels_do_not_touch_it(fold):
    p, group = honest(90), np.arange(90) // 3
    target = voted(p)
    before = cross_fitted(p, target, group, kind="vector", fold=fold)
    changed = target.copy()
    changed[group == 7] = np.eye(6)[0]
    after = cross_fitted(p, changed, group, kind="vector", fold=fold)
    np.testing.assert_array_equal(before[group == 7], after[group == 7])
    assert not np.allclose(before[group != 7], after[group != 7])


def test_a_group_in_two_folds_is_learned_from_for_neither():
    group, fold = np.array([0, 0, 1, 2, 3]), np.array([0, 1, 0, 1, 2])
    for held_out, learned in splits(group, fold=fold):
        assert not set(group[held_out]) & set(group[learned])
    assert np.sum([held for held, _ in splits(group, fold=fold)], 0).tolist() == [1] * 5


def test_cross_fitting_needs_two_groups():
    p = honest(5)
    with pytest.raises(NasionError, match="at least two patients"):
        cross_fitted(p, p, np.zeros(5))
    assert cross_fitted(p[:2], p[:2], np.arange(2)).shape == (2, 6)


def test_cross_fitting_helps_where_all_are_overconfident():
    p = honest(300)
    bent, target = Calibration(0.4).apply(p), voted(p)
    better = cross_fitted(bent, target, np.arange(300) // 5)
    assert kld(target, better) < kld(target, bent) - 0.05


def test_a_file_gives_back_what_was_saved(tmp_path: Path):
    path = tmp_path / "calibration.json"
    calibration = Calibration(0.7, (0.1, 0.2, 0.3, -0.1, -0.2, -0.3))
    calibration.save(path)
    assert Calibration.load(path) == calibration


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"schema": 2}, "schema 2"),
        ({"temperature": 0}, "temperature is 0"),
        ({"temperature": "hot"}, "temperature is 'hot'"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"bias": [0.0] * 6}, "bias needs exactly seizure"),
        ({"bias": dict.fromkeys(PATTERNS[:5], 0.0)}, "bias needs exactly"),
        ({"bias": dict.fromkeys(PATTERNS, 0.0) | {"lpd": None}}, "bias of lpd is None"),
    ],
)
def test_a_damaged_file_is_refused_by_name(changes, says, tmp_path):
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(Calibration().as_dict() | changes))
    with pytest.raises(NasionError) as caught:
        Calibration.load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_table_is_refused(tmp_path):
    path = tmp_path / "calibration.json"
    path.write_text("[]")
    with pytest.raises(NasionError, match="no calibration"):
        Calibration.load(path)
