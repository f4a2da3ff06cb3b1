"""Laws of training: it repeats, resumes, overfits, and never lets a patient cross."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import nasion
from nasion import calibration
from nasion.config import load as load_config
from nasion.config import parse
from nasion.errors import NasionError
from nasion.files import write_json
from nasion.hms.segments import load_segments, votes
from nasion.models.checkpoint import load
from nasion.models.ensemble import Ensemble
from nasion.models.fusion import Inputs
from nasion.out_of_fold import OutOfFold
from nasion.periods import middle_rows
from nasion.prediction import predict, predict_dataset
from nasion.terms import VOTE_COLUMNS
from nasion.training.crossval import ALL, cohort, crossval, train
from nasion.training.fit import fit, is_whole
from nasion.training.losses import kl
from nasion.training.module import FitModule
from nasion.training.run import Run

CONFIGS = Path(nasion.__file__).parents[2] / "configs"
SMALL = {
    "signal": {"spectrogram": {"views": ["centre"]}},
    "model": {
        "wavenet": {"channels": [8], "hemispheres": "shared"},
        "spectrogram": {"backbone": "test_efficientnet", "stack": "symmetric"},
        "n_features": 16,
    },
    "training": {"epochs": 3, "batch_size": 8, "precision": "float32", "ema": 0.9},
}


def experiment(folder, **training):
    content = {**SMALL, "data": {"path": str(folder), "n_folds": 3}}
    return parse({**content, "training": {**SMALL["training"], **training}}, "test")


def weights(path):
    return load(path).net.state_dict()


def assert_same(one, other):
    assert one.keys() == other.keys()
    for key, value in one.items():
        torch.testing.assert_close(value, other[key], atol=0, rtol=0)


def test_the_same_seed_gives_the_same_weights_twice(phantoms, tmp_path):
    paths = [train(experiment(phantoms), Run(tmp_path / name), 0) for name in ("a", "b")]
    assert_same(*(weights(path) for path in paths))
    histories = [pd.read_csv(tmp_path / name / "history.csv") for name in ("a", "b")]
    pd.testing.assert_frame_equal(*histories)
    assert {"kld", "kld_fused", "absolute_cosine", "cka", "loss"} <= set(histories[0])


class KilledError(Exception):
    pass


def test_a_checkpoint_that_was_cut_off_is_put_away_with_a_word(tmp_path, caplog):
    last = tmp_path / "last.ckpt"
    assert not is_whole(last)
    torch.save({"epoch": 1, "state_dict": {"a": torch.zeros(999)}}, last)
    assert is_whole(last)
    content = last.read_bytes()
    for size in (0, 10, len(content) // 2, len(content) - 1):
        last.write_bytes(content[:size])
        assert not is_whole(last)
        assert not last.exists()
        assert str(last) in caplog.messages[-1]
        assert "begins anew" in caplog.messages[-1]


@pytest.mark.parametrize("where", ["on_train_epoch_start", "training_step"])
def test_a_resumed_fit_equals_an_uninterrupted_one(phantoms, tmp_path, monkeypatch, where):
    settings = experiment(phantoms)
    whole = weights(train(settings, Run(tmp_path / "whole"), 0))
    run = Run(tmp_path / "cut")
    data = cohort(settings, run)
    original = getattr(FitModule, where)

    def killed(self, *given):
        if self.current_epoch == 2 and (not given or given[-1] == 1):
            raise KilledError
        return original(self, *given)

    with monkeypatch.context() as patch:
        patch.setattr(FitModule, where, killed)
        with pytest.raises(KilledError):
            train(settings, run, 0, data=data)
    assert not run.fold_folders
    assert_same(weights(train(settings, run, 0, data=data)), whole)
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "whole" / "history.csv"), pd.read_csv(run.folder / "history.csv")
    )


@pytest.mark.more
@pytest.mark.real
def test_it_overfits_eight_real_segments(real, tmp_path):
    content = {
        **SMALL,
        "data": {"path": str(real / "iiic"), "n_folds": 2},
        "augment": dict.fromkeys(
            ("mirror", "shift_s", "drop_channel", "amplitude", "mask", "hide_context"), 0.0
        ),
        "training": {"epochs": 60, "batch_size": 8, "lr": 3e-3, "precision": "float32"},
    }
    content["model"] = {**SMALL["model"], "dropout": 0.0}
    content["model"]["spectrogram"] = {**SMALL["model"]["spectrogram"], "drop_path": 0.0}
    settings = parse(content, "test")
    data = cohort(settings, Run(tmp_path / "run"))
    eight = np.arange(len(data.segments)) % 9 == 0
    learning = data.dataset(settings, eight)
    split = replace(data.split(settings, ALL), learning=learning)
    net, _ = fit(settings, split, ALL, tmp_path)
    predicted = torch.from_numpy(predict_dataset(Ensemble.of(net, settings), learning))
    target = torch.from_numpy(learning._targets.astype(float))
    assert kl(target, predicted.log()).mean() < 0.15


def test_crossval_predicts_each_row_once_and_by_others(phantoms, tmp_path):
    settings = experiment(phantoms, epochs=1)
    run = Run(tmp_path / "run")
    oof = OutOfFold.read(crossval(settings, run))
    table = load_segments(phantoms).table
    names = oof.names
    assert len(names) == len(table)
    assert not names.duplicated(["eeg_id", "eeg_sub_id"]).any()
    assert (names.groupby("patient_id")["fold"].nunique() == 1).all()
    np.testing.assert_allclose(oof.probability.sum(axis=1), 1, atol=1e-9)
    merged = oof.labels.merge(table, on=["eeg_id", "eeg_sub_id"], suffixes=("", "_true"))
    for name in VOTE_COLUMNS:
        assert (merged[name] == merged[f"{name}_true"]).all()
    # Fold 0's rows were predicted by fold 0's net, which did not learn from them.
    data = cohort(settings, run)
    held_out = data.dataset(settings, data.fold == 0)
    net = load(run.fold_folder(0) / "weights.safetensors").net
    expected = predict_dataset(Ensemble.of(net, settings), held_out)
    np.testing.assert_allclose(oof.probability[names["fold"] == 0], expected, atol=1e-6)


@pytest.mark.more
def test_the_papers_own_configuration_trains(phantoms, tmp_path):
    changes = ("training.epochs = 1", "training.batch_size = 4", "data.n_folds = 2")
    paper = load_config(CONFIGS / "paper.toml", (f'data.path = "{phantoms}"', *changes))
    assert paper.loss.alpha == 0.25
    assert paper.loss.beta == 0.5
    data = cohort(paper, Run(tmp_path / "run"))
    few = data.dataset(paper, np.arange(len(data.segments)) < 6)
    split = replace(data.split(paper, 0), learning=few, held_out=few)
    net, history = fit(paper, split, 0, tmp_path)
    assert np.isfinite(history[-1]["kld"])
    assert net.waveform.wavenet.receptive_field > 8000
    assert set(history[-1]) >= {"kld_waveform", "kld_spectrogram", "kld_fused", "cosine", "cka"}


def test_a_packed_run_predicts_alike_and_knows_no_paths(phantoms, tmp_path):
    settings = experiment(phantoms, epochs=1)
    run = Run(tmp_path / "run")
    train(settings, run, 0)
    run.pack(tmp_path / "packed")
    packed = Run(tmp_path / "packed")
    for path in packed.folder.rglob("*"):
        assert path.is_dir() or str(phantoms).encode() not in path.read_bytes()
    segments = load_segments(phantoms)
    whole, small = (predict(segments, each.ensemble()) for each in (run, packed))
    columns = list(VOTE_COLUMNS)
    np.testing.assert_allclose(small[columns].to_numpy(), whole[columns].to_numpy(), atol=5e-3)
    with pytest.raises(NasionError, match="exists already"):
        run.pack(tmp_path / "packed")


def test_the_calibration_of_a_run_is_fitted_out_of_fold_and_applied(phantoms, tmp_path):
    run = Run(tmp_path / "run")
    oof = OutOfFold.read(crossval(experiment(phantoms, epochs=1), run))
    middle = middle_rows(oof.labels)
    fitted = calibration.fit(oof.probability[middle], oof.target[middle])
    ensemble = run.ensemble()
    for fit_ in ensemble.fits:
        assert fit_.calibration.temperature == pytest.approx(fitted.temperature)
        assert fit_.calibration.temperature != 1
        assert fit_.calibration.bias == (0,) * 6
    segments = load_segments(phantoms)
    raw = replace(ensemble, calibration=calibration.Calibration())
    one, other = (
        predict(segments, some)[list(VOTE_COLUMNS)].to_numpy() for some in (ensemble, raw)
    )
    assert np.abs(one - other).max() > 1e-3
    alone = predict(segments, replace(raw, fits=raw.fits[:1]))[list(VOTE_COLUMNS)].to_numpy()
    calibrated = predict(segments, ensemble.holding_out(0))[list(VOTE_COLUMNS)].to_numpy()
    np.testing.assert_allclose(fitted.apply(alone), calibrated, atol=1e-9)


def finetuning(phantoms, start, **training):
    settings = experiment(phantoms, init=str(start), freeze_statistics=True, ema=0.0, **training)
    beside = settings.data.phantoms.model_copy(update={"path": str(phantoms)})
    data = settings.data.model_copy(update={"phantoms": beside})
    return settings.model_copy(update={"data": data})


@pytest.mark.more
def test_fine_tuning_starts_from_the_weights_and_keeps_their_statistics(phantoms, tmp_path):
    start = train(experiment(phantoms, epochs=1), Run(tmp_path / "start"))
    settings = finetuning(phantoms, tmp_path / "start", epochs=1, lr=1e-12, weight_decay=0.0)
    before, after = (
        weights(start),
        weights(train(settings, Run(tmp_path / "tuned"), 0, allow_seen=True)),
    )
    for key, value in before.items():
        torch.testing.assert_close(after[key], value, atol=1e-6, rtol=1e-5)
    settings = finetuning(phantoms, tmp_path / "start", epochs=1, lr=1e-2)
    moved = weights(train(settings, Run(tmp_path / "moved"), 0, allow_seen=True))
    statistics = [key for key in before if key.endswith(("running_mean", "running_var"))]
    assert statistics
    for key in statistics:
        torch.testing.assert_close(moved[key], before[key])
    assert any((moved[key] != value).any() for key, value in before.items())


def test_simulated_patients_beside_ones_own_are_never_held_out(phantoms, tmp_path):
    settings = finetuning(phantoms, "", epochs=1)
    data = cohort(settings, Run(tmp_path / "run"), allow_seen=True)  # own rows and phantoms alike
    n_own = len(load_segments(phantoms))
    assert len(data.segments) == 2 * n_own
    for fold in range(3):
        split = data.split(settings, fold)
        assert (split.held_out.segments.table["patient_id"] > 0).all()
        learned = split.learning.segments.table
        assert (learned["patient_id"] < 0).sum() == n_own
    own = split.learning.batch([0])
    same = learned.index[learned["eeg_id"] == -learned["eeg_id"].iloc[0]][0]
    np.testing.assert_array_equal(own.waveform, split.learning.batch([same]).waveform)


def test_weights_of_another_model_are_not_fine_tuned(phantoms, tmp_path):
    train(experiment(phantoms, epochs=1), Run(tmp_path / "start"))
    settings = finetuning(phantoms, tmp_path / "start", epochs=1)
    other = settings.model.model_copy(update={"n_features": 8})
    settings = settings.model_copy(update={"model": other})
    with pytest.raises(NasionError, match=r"another \[model\]"):
        train(settings, Run(tmp_path / "tuned"), 0)


def test_a_run_belongs_to_one_experiment(phantoms, tmp_path):
    run = Run(tmp_path / "run")
    cohort(experiment(phantoms), run)
    with pytest.raises(NasionError, match=r"another experiment \(training.lr was 0.001, not 0.5\)"):
        cohort(experiment(phantoms, lr=0.5), run)


def test_a_run_tells_where_it_was_begun_and_goes_on_anywhere(phantoms, tmp_path):
    settings, run = experiment(phantoms), Run(tmp_path / "run")
    cohort(settings, run)
    about = run.about()
    assert about["threads"] == torch.get_num_threads()
    assert about["precision"] == "float32"
    assert torch.__version__.startswith(about["versions"]["torch"])
    assert about["processor"]
    elsewhere = {**about, "threads": 99, "processor": "other", "versions": {}}
    older = {key: about[key] for key in ("schema", "nasion", "experiment", "labels")}
    for other in (elsewhere, older):
        write_json(run.folder / "run.json", other)
        cohort(settings, run)
        assert run.about() == other


def test_a_split_that_a_patient_crosses_is_refused(phantoms, tmp_path):
    settings = experiment(phantoms)
    data = cohort(settings, Run(tmp_path / "run"))
    crossing = replace(data, fold=np.arange(len(data.fold)) % 2)
    with pytest.raises(NasionError, match="two folds"):
        crossing.split(settings, 0)


def test_second_stage_sees_well_voted_rows_only(phantoms, tmp_path):
    settings = experiment(phantoms, second_stage_epochs=1)
    data = cohort(settings, Run(tmp_path / "run"))
    split = data.split(settings, 0)
    module = FitModule(settings, split, 0)
    table = module.learning(0).segments.table
    assert sum(map(len, module._batches(0))) >= len(table) - 1
    nobody = experiment(phantoms, second_stage_epochs=1, second_stage_votes=99)
    with pytest.raises(NasionError, match="no segment has 99 votes"):
        FitModule(nobody, split, 0)._batches(2)
    last = table.iloc[np.concatenate(module._batches(2))]
    assert len(last)
    assert votes(last).sum(1).min() >= 10


def test_early_stopping_keeps_the_best_epoch(phantoms, tmp_path):
    settings = experiment(phantoms, epochs=6, patience=1, lr=0.05, ema=0.0)
    run = Run(tmp_path / "run")
    path = train(settings, run, 0)
    history = pd.read_csv(run.folder / "history.csv")
    data = cohort(settings, run)
    held_out = data.dataset(settings, data.fold == 0)
    held_out = held_out.subset(middle_rows(held_out.segments.table))
    net = load(path).net
    batch = held_out.batch(range(len(held_out)))
    with torch.inference_mode():
        score = kl(torch.from_numpy(batch.target), net(Inputs.of(batch)).logits).mean()
    assert float(score) == pytest.approx(history["kld"].min(), rel=1e-3)


def test_prediction_is_mirror_symmetric_and_one_row_a_segment(phantoms, tmp_path):
    settings = experiment(phantoms, epochs=1)
    train(settings, Run(tmp_path / "run"))
    ensemble = Run(tmp_path / "run").ensemble()
    segments = load_segments(phantoms)
    table = predict(segments, ensemble)
    assert len(table) == len(segments)
    values = table[list(VOTE_COLUMNS)].to_numpy()
    assert np.isfinite(values).all()
    np.testing.assert_allclose(values.sum(1), 1)
    again = predict(segments.subset(np.arange(len(segments)) == 3), ensemble)
    np.testing.assert_allclose(again[list(VOTE_COLUMNS)].to_numpy()[0], values[3], atol=1e-5)
