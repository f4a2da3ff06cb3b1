"""One row a period is learned from: how often a period is repeated changes nothing."""

import json
import logging
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import nasion
from nasion.cli import app
from nasion.config import Training, parse
from nasion.data.dataset import SegmentDataset
from nasion.data.store import open_store
from nasion.errors import NasionError
from nasion.hms.segments import load_segments
from nasion.out_of_fold import OutOfFold
from nasion.periods import middle_rows
from nasion.terms import PATTERNS, VOTE_COLUMNS
from nasion.training.module import FitModule, Split
from nasion.training.run import Run
from nasion.training.sampling import of_epoch, prior

CONFIGS = Path(nasion.__file__).parents[2] / "configs"
PERIOD = ["eeg_id", *VOTE_COLUMNS]
SAMPLINGS = ("none", "votes", "square-root", "balanced", "balanced-votes")
ONE_A_PERIOD = ("period", "period-random")
EPOCHS = 4


@pytest.fixture(scope="module")
def overlaps(phantoms, tmp_path_factory):
    """A stand-in of HMS: periods repeated at overlapping offsets, LRDA the most."""
    folder = tmp_path_factory.mktemp("overlaps") / "data"
    shutil.copytree(phantoms, folder)
    once = pd.read_csv(phantoms / "train.csv").drop_duplicates(PERIOD, ignore_index=True)
    lrda = once[list(VOTE_COLUMNS)].to_numpy().argmax(1) == 3
    assert lrda.any()
    times = np.where(lrda, 12, np.random.default_rng(0).integers(1, 5, len(once)))
    often = once.loc[once.index.repeat(times)]
    number = often.groupby(level=0).cumcount()
    often = often.assign(eeg_sub_id=number)
    often["eeg_label_offset_seconds"] += 0.2 * number
    often.to_csv(folder / "train.csv", index=False)
    return folder


def experiment(folder, **training):
    return parse(
        {
            "data": {"path": str(folder), "n_folds": 2},
            "augment": {"mixup": 0.3},
            "signal": {"spectrogram": {"views": ["centre"]}},
            "model": {
                "modality": "waveform",
                "wavenet": {"channels": [4], "hemispheres": "shared"},
                "n_features": 4,
            },
            "training": {"epochs": EPOCHS, "batch_size": 8, **training},
        },
        "test",
    )


@pytest.fixture(scope="module")
def dataset(overlaps, tmp_path_factory):
    settings = experiment(overlaps)
    segments = load_segments(overlaps)
    store = open_store(segments, settings.signal, tmp_path_factory.mktemp("store"))
    return SegmentDataset(segments, store, settings)


def module(dataset, folder, **training):
    settings = experiment(folder, **training)
    given = SegmentDataset(dataset.segments, dataset.store, settings)
    return FitModule(settings, Split(given, None), 0)


def rows_of(fit, epoch):
    """The rows of an epoch's batches, by name."""
    table = fit.learning(epoch).segments.table
    numbers = np.concatenate(fit._batches(epoch))
    return list(map(tuple, table.iloc[numbers][["eeg_id", "eeg_sub_id"]].to_numpy()))


def batches_of(fit, epoch):
    """Every array of an epoch's batches, and the prior."""
    fit.__dict__["_trainer"] = type("", (), {"current_epoch": epoch})()
    return list(fit.train_dataloader()), fit._prior


@pytest.mark.parametrize("rows", ONE_A_PERIOD)
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_the_share_of_a_period_does_not_depend_on_how_often_it_is_repeated(dataset, rows, sampling):
    once = dataset.subset(middle_rows(dataset.segments.table))
    learned = Training(rows=rows, sampling=sampling)
    tables = [
        of_epoch(each, learned, np.random.default_rng(0)).segments.table[PERIOD]
        for each in (dataset, once)
    ]
    pd.testing.assert_frame_equal(*tables)
    every = of_epoch(dataset, Training(rows="all"), np.random.default_rng(0)).segments.table
    assert len(every) > 2 * len(tables[0])
    assert np.abs(prior(every, learned) - prior(tables[0], learned)).max() > 1e-3


@pytest.mark.parametrize(
    "training",
    [{}, {"sampling": "balanced-votes", "mirrored_copies": "lateralized"}],
    ids=["plain", "sampled"],
)
def test_one_row_a_period_equals_thinning_the_table_by_hand(dataset, overlaps, training):
    by_hand = dataset.subset(middle_rows(dataset.segments.table))
    ours = module(dataset, overlaps, rows="period", **training)
    theirs = module(by_hand, overlaps, rows="all", **training)
    for epoch in (0, EPOCHS - 1):
        (batches, seen), (expected, known) = batches_of(ours, epoch), batches_of(theirs, epoch)
        np.testing.assert_array_equal(seen, known)
        assert len(batches) == len(expected) > 1
        for one, other in zip(batches, expected, strict=True):
            for name in ("waveform", "present", "target", "weight"):
                np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_random_rows_are_others_every_epoch_and_each_period_once(dataset, overlaps):
    fit = module(dataset, overlaps, rows="period-random")
    n_periods = len(dataset.segments.table.drop_duplicates(PERIOD))
    epochs = [fit.learning(epoch).segments.table for epoch in range(EPOCHS)]
    for table in epochs:
        assert len(table) == len(table.drop_duplicates(PERIOD)) == n_periods
    assert len({tuple(table["eeg_sub_id"]) for table in epochs}) == EPOCHS
    for epoch in range(EPOCHS):  # a lone last row is no batch
        assert n_periods - 1 <= len(set(rows_of(fit, epoch))) == len(rows_of(fit, epoch))


def test_random_rows_depend_on_the_epoch_alone_and_not_on_the_way_there(dataset, overlaps):
    one, other = (module(dataset, overlaps, rows="period-random") for _ in range(2))
    forwards = [rows_of(one, epoch) for epoch in range(EPOCHS)]
    backwards = [rows_of(other, epoch) for epoch in reversed(range(EPOCHS))]
    assert forwards == backwards[::-1]
    seeded = experiment(overlaps, rows="period-random").model_copy(update={"seed": 1})
    another = FitModule(seeded, Split(dataset, None), 0)
    assert rows_of(another, 0) != forwards[0]


def test_a_run_from_before_there_was_a_choice_learned_from_all_rows_and_goes_on(phantoms, tmp_path):
    segments, run = load_segments(phantoms), Run(tmp_path / "run")
    run.begin(experiment(phantoms, rows="all"), segments)
    config = json.loads((run.folder / "config.json").read_text())
    del config["training"]["rows"]
    (run.folder / "config.json").write_text(json.dumps(config))
    assert run.experiment.training.rows == "all"
    run.begin(experiment(phantoms, rows="all"), segments)
    with pytest.raises(NasionError, match=r'training.rows was "all", not "period"'):
        run.begin(experiment(phantoms), segments)


def test_the_paper_on_overlapping_rows_logs_shares_of_periods(overlaps, tmp_path, caplog):
    changes = (
        "data.n_folds = 2",
        "training.epochs = 1",
        "training.batch_size = 8",
        'model.spectrogram.backbone = "test_efficientnet"',
        "model.wavenet.layers = [2]",
        "model.wavenet.channels = [4]",
        "model.n_features = 4",
    )
    given = ["crossval", CONFIGS / "paper.toml", "--data", overlaps, "--out", tmp_path / "run"]
    options = [part for change in changes for part in ("--set", change)]
    with caplog.at_level(logging.INFO, "nasion"):
        result = CliRunner().invoke(app, [*map(str, given), "--no-export", *options])
    assert result.exception is None, result.exception
    (line,) = [text for text in caplog.messages if "periods" in text]
    table = pd.read_csv(overlaps / "train.csv")
    periods = table.drop_duplicates(PERIOD)
    assert line.startswith(
        f"{len(table)} rows in {len(periods)} periods of {table['patient_id'].nunique()} patients; "
        "learning from the middle row of each period; "
    )
    shares, of_rows = (
        np.bincount(each[list(VOTE_COLUMNS)].to_numpy().argmax(1), minlength=6) / len(each)
        for each in (periods, table)
    )
    assert of_rows[3] > 2 * shares[3]
    texts = [f"{name} {share:.3f}" for name, share in zip(PATTERNS, shares, strict=True)]
    assert line.endswith("of periods " + ", ".join(texts))
    assert len(OutOfFold.read(tmp_path / "run" / "oof.csv").votes) == len(table)
