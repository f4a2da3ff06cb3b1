"""What abstaining and calibrating gain, as the report tells it."""

from dataclasses import replace

import numpy as np
import pytest
from scored import curve, recalibrated, score

from nasion.calibration import cross_fitted
from nasion.evaluation.judged import Judged


def rows(n: int = 240, sharpness: float = 1.0) -> Judged:
    """Honest probabilities, made sharper; twelve votes a row, five rows a patient."""
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.full(6, 0.5), n)
    votes = np.stack([rng.multinomial(12, each) for each in p]).astype(float)
    sharp = (p + 1e-6) ** sharpness
    prediction = sharp / sharp.sum(1, keepdims=True)
    return Judged(votes, prediction, np.arange(n) // 5, "patient", None, {})


def test_keeping_all_is_the_error_of_all() -> None:
    judged = rows()
    points, scores = curve(judged), score(judged)
    assert points[-1]["share"] == 1
    assert points[-1]["kld"] == pytest.approx(scores["kld"])
    assert points[-1]["error"] == pytest.approx(1 - scores["accuracy"])
    assert points[-1]["threshold"] == judged.prediction.max(1).min()


def test_every_point_is_the_score_of_the_surest_rows() -> None:
    judged = rows()
    for point in curve(judged):
        kept = judged.where(judged.prediction.max(1) >= point["threshold"])
        scores = score(kept)
        assert point["n"] == scores["n"] == round(240 * point["share"])
        assert point["kld"] == pytest.approx(scores["kld"])
        assert point["error"] == pytest.approx(1 - scores["accuracy"])
        low, high = point["ci95"]["kld"]
        assert low <= point["kld"] <= high


def test_equally_sure_rows_are_kept_together() -> None:
    judged = rows(40)
    even = judged.predicting(np.full((40, 6), 1 / 6))
    (point,) = curve(even)
    assert (point["share"], point["n"]) == (1, 40)


def test_abstaining_helps_where_sureness_is_earned() -> None:
    points = curve(rows())
    assert points[4]["error"] < 0.3 * points[-1]["error"]


def test_one_row_has_one_point_and_no_interval() -> None:
    (point,) = curve(rows(1))
    assert point["ci95"] == {"kld": None, "error": None}


def test_calibration_leaves_the_honest_and_mends_the_boasting() -> None:
    honest, boasting = (recalibrated(rows(sharpness=s)) for s in (1, 3))
    assert honest is not None
    assert boasting is not None
    assert honest["temperature"]["fit"]["temperature"] == pytest.approx(1, abs=0.1)
    assert boasting["temperature"]["fit"]["temperature"] == pytest.approx(3, rel=0.15)
    for kind in ("temperature", "vector"):
        assert honest[kind]["kld"] == pytest.approx(honest["raw"]["kld"], abs=0.02)
        assert boasting[kind]["kld"] < 0.5 * boasting["raw"]["kld"]
        assert boasting[kind]["ece_classwise"] < boasting["raw"]["ece_classwise"]
        low, high = boasting[kind]["ci95"]["kld"]
        assert low < boasting[kind]["kld"] < high
    assert boasting["temperature"]["accuracy"] == boasting["raw"]["accuracy"]
    assert boasting["raw"]["kld"] == score(rows(sharpness=3))["kld"]


def test_folds_are_used_where_they_are_known() -> None:
    judged = rows(sharpness=2)
    folded = replace(judged, fold=np.arange(240) // 80)
    given, random = recalibrated(folded), recalibrated(judged)
    assert given is not None
    assert random is not None
    assert (given["folds"], random["folds"]) == ("given", "random")
    assert given["raw"] == random["raw"]
    assert given["vector"]["fit"] == random["vector"]["fit"]
    assert given["vector"]["kld"] != random["vector"]["kld"]
    expected = cross_fitted(folded.prediction, folded.target, folded.unit, fold=folded.fold)
    assert given["temperature"]["kld"] == score(folded.predicting(expected))["kld"]


def test_one_patient_is_not_calibrated_by_himself() -> None:
    assert recalibrated(replace(rows(20), unit=np.zeros(20, int))) is None
