"""Which rows an epoch draws: as often as told, the same again, and resumable."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import nasion
from nasion.config import Training, parse
from nasion.config import load as load_config
from nasion.data.augment import mirror
from nasion.hms.segments import consensus, load_segments, votes
from nasion.models.checkpoint import load
from nasion.models.ensemble import Ensemble
from nasion.prediction import predict_dataset
from nasion.terms import PATTERNS, VOTE_COLUMNS
from nasion.training.crossval import ALL, cohort, train
from nasion.training.fit import fit
from nasion.training.losses import kl
from nasion.training.module import FitModule, Split
from nasion.training.run import Run
from nasion.training.sampling import drawn, prior, probabilities, with_mirrored_copies

CONFIGS = Path(nasion.__file__).parents[2] / "configs"
SAMPLINGS = ("none", "votes", "square-root", "balanced", "balanced-votes")
SMALL = {
    "signal": {"spectrogram": {"views": ["centre"]}},
    "model": {
        "modality": "waveform",
        "waveform": "siamese",
        "siamese": {"channels": [8, 8, 16], "n_groups": 4},
        "n_features": 16,
    },
    "training": {"epochs": 2, "batch_size": 8, "precision": "float32"},
}
OFF = dict.fromkeys(("mirror", "shift_s", "drop_channel", "amplitude", "mask", "hide_context"), 0.0)


def table(n_rows=300, seed=0):
    """Rows of one pattern mostly, LRDA being the rarest, with 1 to 20 votes."""
    rng = np.random.default_rng(seed)
    shares = np.array([0.1, 0.2, 0.15, 0.04, 0.11, 0.4])
    pattern = rng.choice(6, n_rows, p=shares)
    counts = rng.multinomial(2, np.full(6, 1 / 6), n_rows)
    counts[np.arange(n_rows), pattern] += rng.integers(3, 20, n_rows)
    return pd.DataFrame(counts.astype(float), columns=list(VOTE_COLUMNS))


def experiment(folder, **sections):
    content = {**SMALL, "data": {"path": str(folder), "n_folds": 3}, **sections}
    return parse({**content, "training": {**SMALL["training"], **sections.get("training", {})}}, "")


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_rows_and_patterns_come_as_often_as_told(sampling):
    rows, whole = np.arange(300), table()
    taken = drawn(whole, rows, sampling, np.random.default_rng(1))
    expected = 300 * probabilities(whole, sampling)
    assert expected.sum() == pytest.approx(300)
    counts = np.bincount(taken, minlength=300)
    assert counts.sum() == 300
    assert (np.abs(counts - expected) < 1).all()
    pattern = consensus(whole)
    of_pattern = np.bincount(pattern, counts, minlength=6)
    assert (np.abs(of_pattern - np.bincount(pattern, expected, minlength=6)) < 1 + 1e-9).all()


@pytest.mark.parametrize("sampling", ["balanced", "balanced-votes"])
def test_balanced_patterns_come_alike(sampling):
    share = probabilities(table(), sampling)
    np.testing.assert_allclose(np.bincount(consensus(table()), share), np.full(6, 1 / 6))


def test_the_square_root_lies_between():
    pattern = consensus(table())
    n_rows = np.bincount(pattern)
    share = np.bincount(pattern, probabilities(table(), "square-root"))
    np.testing.assert_allclose(share, np.sqrt(n_rows) / np.sqrt(n_rows).sum())


@pytest.mark.parametrize("sampling", ["votes", "balanced-votes"])
def test_rows_of_a_pattern_come_by_the_logarithm_of_their_votes(sampling):
    whole = table()
    share, counts, lrda = probabilities(whole, sampling), votes(whole).sum(1), consensus(whole) == 3
    ratio = share[lrda] / np.log1p(counts[lrda])
    np.testing.assert_allclose(ratio, ratio[0])
    assert len(np.unique(counts[lrda])) > 3


def test_a_pattern_that_nobody_has_takes_no_share():
    few = table()[consensus(table()) != 3].reset_index(drop=True)
    share = probabilities(few, "balanced")
    np.testing.assert_allclose(np.bincount(consensus(few), share, minlength=6)[[0, 5]], 0.2)


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_the_same_generator_draws_the_same_rows(sampling):
    one, again, other = (
        drawn(table(), np.arange(300), sampling, np.random.default_rng(seed)) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
    assert (np.diff(one) != 0).mean() > 0.9  # shuffled, not in runs


def test_no_sampling_is_the_plain_shuffle():
    taken = drawn(table(), np.arange(300), "none", np.random.default_rng(5))
    np.testing.assert_array_equal(taken, np.random.default_rng(5).permutation(300))


def test_the_prior_is_that_of_what_is_drawn():
    whole = table(3000)
    for training in (
        Training(sampling="balanced"),
        Training(sampling="votes"),
        Training(weighting="votes", sampling="square-root"),
    ):
        taken = drawn(whole, np.arange(3000), training.sampling, np.random.default_rng(0))
        counts = votes(whole)[taken]
        weight = np.log1p(counts.sum(1)) if training.weighting == "votes" else np.ones(3000)
        mean = np.average(counts / counts.sum(1, keepdims=True), axis=0, weights=weight)
        np.testing.assert_allclose(prior(whole, training), mean, atol=3e-3)


def test_copies_are_the_mirror_of_lateralized_rows_and_of_nothing_else(phantoms, tmp_path):
    settings = experiment(phantoms, augment=OFF)
    dataset = cohort(settings, Run(tmp_path / "run")).dataset(
        settings, np.ones(len(load_segments(phantoms)), bool)
    )
    assert with_mirrored_copies(dataset, "none") is dataset
    for which, patterns in (("lrda", ("lrda",)), ("lateralized", ("lpd", "lrda"))):
        copied = with_mirrored_copies(dataset, which)
        of = np.flatnonzero(
            np.isin(consensus(dataset.segments.table), [PATTERNS.index(p) for p in patterns])
        )
        assert len(copied) == len(dataset) + len(of)
        assert len(of) > 0
        rows = range(len(dataset))
        np.testing.assert_array_equal(copied.batch(rows).waveform, dataset.batch(rows).waveform)
        for place, row in enumerate(of):
            one = copied.batch([len(dataset) + place])
            window = mirror(dataset.store.window(dataset._rows[row]))
            np.testing.assert_array_equal(one.waveform[0], np.nan_to_num(window.waveform))
            np.testing.assert_array_equal(one.target, dataset.batch([row]).target)
        assert not copied.segments.table.duplicated(["eeg_id", "eeg_sub_id"]).any()


class KilledError(Exception):
    pass


def test_a_resumed_fit_with_random_rows_sampling_copies_and_prior_equals_an_uninterrupted_one(
    phantoms, tmp_path, monkeypatch
):
    settings = experiment(
        phantoms,
        training={
            "rows": "period-random",
            "sampling": "balanced-votes",
            "mirrored_copies": "lateralized",
        },
        loss={"objective": "logit-adjusted"},
    )
    whole = load(train(settings, Run(tmp_path / "whole"), 0)).net.state_dict()
    run = Run(tmp_path / "cut")
    data = cohort(settings, run)
    original = FitModule.training_step

    def killed(self, *given):
        if self.current_epoch == 1 and given[-1] == 1:
            raise KilledError
        return original(self, *given)

    with monkeypatch.context() as patch:
        patch.setattr(FitModule, "training_step", killed)
        with pytest.raises(KilledError):
            train(settings, run, 0, data=data)
    resumed = load(train(settings, run, 0, data=data)).net.state_dict()
    for key, value in whole.items():
        torch.testing.assert_close(resumed[key], value, atol=0, rtol=0)


def test_the_logits_are_adjusted_for_what_is_learned_from(phantoms, tmp_path):
    settings = experiment(phantoms, training={"second_stage_epochs": 1})
    data = cohort(settings, Run(tmp_path / "run"))
    module = FitModule(settings, data.split(settings, 0), 0)
    learned = module.learning(0).segments.table
    for epoch, rows in ((0, learned), (1, learned[votes(learned).sum(1) >= 10])):
        module.__dict__["_trainer"] = type("", (), {"current_epoch": epoch})()
        module.train_dataloader()
        expected = (votes(rows) / votes(rows).sum(1, keepdims=True)).mean(0)
        np.testing.assert_allclose(module._prior.numpy(), expected, atol=1e-6)


@pytest.mark.more
def test_the_siamese_net_overfits_eight_segments(phantoms, tmp_path):
    settings = experiment(
        phantoms,
        augment=OFF,
        model={**SMALL["model"], "dropout": 0.0, "n_features": 32},
        training={"epochs": 60, "lr": 1e-2},
    )
    data = cohort(settings, Run(tmp_path / "run"))
    eight = np.isin(np.arange(len(data.segments)), np.arange(8) * 3)
    learning = data.dataset(settings, eight)
    net, _ = fit(settings, Split(learning, None), ALL, tmp_path)
    predicted = torch.from_numpy(predict_dataset(Ensemble.of(net, learning.experiment), learning))
    counts = votes(learning.segments.table)
    target = torch.from_numpy(counts / counts.sum(1, keepdims=True))
    assert len(learning) == 8
    assert kl(target, predicted.log()).mean() < 0.1


@pytest.mark.more
def test_the_recipe_for_hms_learns_in_two_stages(phantoms, tmp_path):
    recipe = load_config(
        CONFIGS / "hms.toml",
        (
            f'data.path = "{phantoms}"',
            "data.n_folds = 2",
            'model.spectrogram.backbone = "test_efficientnet"',
            'model.spectrogram.weights = ""',
            "model.wavenet.channels = [8]",
            "training.epochs = 2",
            "training.second_stage_epochs = 1",
            "training.batch_size = 8",
        ),
    )
    run = Run(tmp_path / "run")
    net = load(train(recipe, run, 0)).net
    history = pd.read_csv(run.folder / "history.csv")
    assert np.isfinite(history["kld"]).all()
    assert net.symmetric  # nothing is left for mirrored averaging to average
    assert net.alpha == 0.1
