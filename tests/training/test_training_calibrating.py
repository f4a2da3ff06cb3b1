from dataclasses import replace

import numpy as np
import pytest

from nasion import calibration
from nasion.calibration import Calibration
from nasion.config import parse
from nasion.contract import PACKAGED
from nasion.data.dataset import SegmentDataset
from nasion.errors import NasionError
from nasion.hms.segments import load_segments
from nasion.out_of_fold import OutOfFold
from nasion.periods import middle_rows
from nasion.prediction import predict
from nasion.study.data_set import simulate
from nasion.terms import VOTE_COLUMNS
from nasion.training.calibrating import calibrate, of_all_fits, of_single_fits
from nasion.training.crossval import crossval
from nasion.training.run import Run


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
    assert run.ensemble().calibration == found.fitted
    assert Run(PACKAGED).ensemble().calibration != found.fitted
    columns = list(VOTE_COLUMNS)
    new = predict(segments, run.ensemble())[columns].to_numpy()
    old = predict(segments, Run(PACKAGED).ensemble())[columns].to_numpy()
    np.testing.assert_allclose(old, found.before, atol=1e-9)
    target = found.target
    assert divergence(target, new).mean() < divergence(target, old).mean()


def test_a_small_copy_keeps_the_calibration_of_all_fits(calibrated, tmp_path):
    _, run = calibrated
    run.pack(tmp_path / "copy")
    assert Run(tmp_path / "copy").ensemble().calibration == run.ensemble().calibration


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


def test_a_run_predicts_these_segments_once(segments, tmp_path, monkeypatch):
    calls = []
    original = SegmentDataset.batch
    monkeypatch.setattr(
        SegmentDataset, "batch", lambda self, rows: calls.extend(rows) or original(self, rows)
    )
    calibrate(Run(PACKAGED), segments, tmp_path / "run")
    assert calls == list(range(len(middle_rows(segments.table))))


N_FITS = 5
ALL_LEARNED = np.ones((N_FITS, 3000), bool)


def softmax(logits):
    raised = np.exp(logits - logits.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True)


def fits_of(spread, sureness, seed):
    """Votes on 3,000 rows, and fits that each see the truth blurred and are too sure or not."""
    rng = np.random.default_rng(seed)
    logits = 1.8 * rng.standard_normal((3000, 6))
    votes = np.array([rng.multinomial(5, share) for share in softmax(logits)]) / 5
    blurred = logits + spread * rng.standard_normal((N_FITS, *logits.shape))
    return votes, softmax(sureness * blurred)


@pytest.mark.parametrize("spread", [0.3, 0.8, 1.5])
@pytest.mark.parametrize("sureness", [0.4, 0.7, 1.0, 1.2])
def test_all_fits_together_are_better_than_without_their_own_temperature(spread, sureness):
    votes, each = fits_of(spread, sureness, seed=0)
    single = calibration.fit(each.reshape(-1, 6), np.tile(votes, (N_FITS, 1)))
    new_votes, new = fits_of(spread, sureness, seed=1)

    def score(prediction):
        return divergence(new_votes, prediction).mean()

    found = of_all_fits(each, ALL_LEARNED, single)
    if single.temperature > 2:
        assert found is None
        return
    mean = new.mean(0)
    without = min(
        score(np.mean([single.apply(one) for one in new], 0)),  # each calibrated, then their mean
        score(single.apply(mean)),
    )
    best = score(calibration.fit(mean, new_votes).apply(mean))
    # With little spread the two ways differ by no more than chance.
    assert best - 1e-4 < score(found.apply(mean)) < without + 1e-4
    assert spread < 0.5 or score(found.apply(mean)) < without - 0.2 * (without - best)


def test_what_fits_learned_from_makes_the_temperature_err_to_the_soft_side():
    votes, each = fits_of(0.8, 1.0, seed=0)
    single = calibration.fit(each.reshape(-1, 6), np.tile(votes, (N_FITS, 1)))
    memory = np.clip(np.log(votes + 0.05), -3, None)
    drawn = softmax(0.5 * np.log(each) + memory)  # towards the votes, and so together
    seen = of_all_fits(drawn, ALL_LEARNED, single).temperature
    unseen = of_all_fits(each, ALL_LEARNED, single).temperature
    best = calibration.fit(each.mean(0), votes).temperature
    assert best < unseen < seen < single.temperature


def test_fits_that_agree_keep_the_calibration_that_each_has():
    _, each = fits_of(0.8, 1.0, seed=0)
    single = Calibration(1.3, (0.2, -0.1, 0.0, -0.1, 0.0, 0.0))
    found = of_all_fits(np.repeat(each[:1], 3, 0), ALL_LEARNED[:3], single)
    assert found.temperature == pytest.approx(single.temperature, rel=1e-6)
    np.testing.assert_allclose(found.bias, single.bias, atol=1e-6)
    assert of_all_fits(each, ALL_LEARNED, Calibration(2.1)) is None


def test_only_fits_that_learned_from_a_row_are_compared():
    _, each = fits_of(0.8, 1.0, seed=0)
    learned = np.arange(N_FITS)[:, None] != np.arange(3000) % N_FITS
    found = of_all_fits(each, learned, Calibration())
    strange = np.where(learned[..., None], each, np.eye(6)[0])
    assert of_all_fits(strange, learned, Calibration()) == found
    assert of_all_fits(strange, ALL_LEARNED, Calibration()) != found


@pytest.mark.parametrize("n_folds", [pytest.param(2, marks=pytest.mark.more), 3])
def test_cross_validation_saves_it_and_prediction_takes_it(segments, phantoms, tmp_path, n_folds):
    content = {
        "data": {"path": str(phantoms), "n_folds": n_folds},
        "signal": {"spectrogram": {"views": ["centre"]}},
        "model": {
            "modality": "waveform",
            "wavenet": {"channels": [4], "hemispheres": "shared"},
            "n_features": 8,
        },
        "training": {"epochs": 6, "batch_size": 4, "lr": 0.003, "precision": "float32"},
    }
    run = Run(tmp_path / "run")
    oof = OutOfFold.read(crossval(parse(content, "test"), run))
    middle = middle_rows(oof.labels)
    assert len(middle) < len(oof.votes)
    single = of_single_fits(oof.probability[middle], oof.target[middle])
    ensemble = run.ensemble()
    if n_folds == 2:  # of each row there is one fit that learned from it: nothing to compare
        assert ensemble.calibration is None
        return
    assert single.temperature < 2
    assert all(fit.calibration == single for fit in ensemble.fits)
    together = ensemble.calibration
    assert together.temperature < single.temperature < 2
    columns = list(VOTE_COLUMNS)
    alone = [replace(ensemble, fits=(fit,), calibration=Calibration()) for fit in ensemble.fits]
    raw = [predict(segments, each)[columns].to_numpy() for each in alone]
    probability = predict(segments, ensemble)[columns].to_numpy()
    np.testing.assert_allclose(probability, together.apply(np.mean(raw, 0)), atol=1e-9)
