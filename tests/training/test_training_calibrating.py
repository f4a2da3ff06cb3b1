import numpy as np
import pytest

from nasion.data.hms import load_segments
from nasion.errors import NasionError
from nasion.phantom.cohort import simulate
from nasion.prediction import predict
from nasion.terms import VOTE_COLUMNS
from nasion.training.calibrating import calibrate
from nasion.training.run import PACKAGED, Run


@pytest.fixture(scope="module")
def segments(tmp_path_factory):
    folder = tmp_path_factory.mktemp("voted")
    simulate(folder, n_patients=8, seed=77, segments_per_patient=2, short_share=1.0)
    return load_segments(folder, "train")


@pytest.fixture(scope="module")
def calibrated(segments, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "calibrated"
    return calibrate(Run(PACKAGED), segments, folder, kind="vector"), Run(folder)


def divergence(target, prediction):
    return np.sum(target * np.log(np.clip(target, 1e-15, 1) / prediction), axis=1)


def test_the_copy_predicts_with_its_calibration_and_the_original_without(segments, calibrated):
    found, run = calibrated
    assert run.calibration == found.fitted
    assert Run(PACKAGED).calibration is None
    columns = list(VOTE_COLUMNS)
    new = predict(segments, run.checkpoints(), ensemble=run.calibration)[columns].to_numpy()
    old = predict(segments, Run(PACKAGED).checkpoints())[columns].to_numpy()
    np.testing.assert_allclose(old, found.before, atol=1e-9)
    target = found.target
    assert divergence(target, new).mean() < divergence(target, old).mean()


def test_a_small_copy_keeps_the_calibration_of_all_fits(calibrated, tmp_path):
    _, run = calibrated
    run.pack(tmp_path / "copy")
    assert Run(tmp_path / "copy").calibration == run.calibration


def test_what_it_reports_is_fitted_on_other_patients(segments, calibrated, tmp_path):
    found, _ = calibrated
    assert found.after.shape == found.target.shape == (len(segments), 6)
    fitted = divergence(found.target, found.fitted.apply(found.before)).mean()
    assert divergence(found.target, found.after).mean() > fitted - 1e-6


def test_one_patient_is_refused_and_so_is_a_folder_that_is_there(segments, tmp_path):
    patient = segments.table["patient_id"].to_numpy()
    with pytest.raises(NasionError, match="two patients"):
        calibrate(Run(PACKAGED), segments.subset(patient == patient[0]), tmp_path / "run")
    assert not (tmp_path / "run").exists()
    (tmp_path / "there").mkdir()
    with pytest.raises(NasionError, match="exists already"):
        calibrate(Run(PACKAGED), segments, tmp_path / "there")
