"""What scores without anything to learn from: the prior; and what a leak of patients looks like."""

import numpy as np
import pandas as pd
import pytest

from hms_folder import noise, segment, write_hms
from nasion.config import load
from nasion.data.folds import make_folds
from nasion.evaluation.inputs import read_labels
from nasion.evaluation.judged import judge
from nasion.evaluation.metrics import draws, score
from nasion.out_of_fold import OutOfFold
from nasion.study.aside import judged_rows
from nasion.terms import PATTERNS, VOTE_COLUMNS
from nasion.training.crossval import crossval
from nasion.training.run import Run

PATIENTS, EEGS, FOLDS = 60, 4, 5
CONFIG = """
[data]
n_folds = 2
[signal.spectrogram]
views = ["centre"]
[model]
modality = "waveform"
n_features = 8
[model.wavenet]
channels = [8]
hemispheres = "shared"
[training]
epochs = 2
batch_size = 8
precision = "float32"
"""


def scored(rows):
    judged = judged_rows(rows)
    return score(judged, draws(judged))


def labels_of(n_patients, n_eegs, seed=0):
    """Rows of patients whose pattern has nothing to do with their EEGs."""
    rng = np.random.default_rng(seed)
    rows = []
    for patient in range(n_patients):
        votes = 3 + 9 * np.eye(len(PATTERNS), dtype=int)[rng.integers(len(PATTERNS))]
        for k in range(n_eegs):
            # EEGs of one patient have other counts, as other people voted.
            eeg_id = 100 + patient * n_eegs + k
            rows.append(segment(eeg_id, tuple(votes + k), patient_id=patient))
    return pd.DataFrame(rows)


def probed(labels, fold, seed=1):
    """Say of each row what the most alike of other folds has, by nothing but whose EEG it is.

    Every patient has a hand of their own: how much power each electrode has.
    """
    rng = np.random.default_rng(seed)
    of_patient = rng.normal(0, 1, (PATIENTS, 19))
    features = of_patient[labels["patient_id"]] + rng.normal(0, 0.2, (len(labels), 19))
    distance = ((features[:, None] - features[None]) ** 2).sum(2)
    distance[fold[:, None] == fold[None]] = np.inf
    nearest = labels[list(VOTE_COLUMNS)].to_numpy(float)[distance.argmin(1)]
    return nearest / nearest.sum(1, keepdims=True)


def rows_of(labels, fold, probability):
    parts = [
        OutOfFold.of(number, labels[fold == number], probability[fold == number])
        for number in np.unique(fold)
    ]
    return OutOfFold.joined(parts)


@pytest.mark.more
def test_a_probe_of_patients_alone_scores_at_chance_unless_patients_cross_folds(tmp_path):
    labels = labels_of(PATIENTS, EEGS)
    by_patient = make_folds(labels, FOLDS, 0)
    by_row = np.random.default_rng(0).integers(FOLDS, size=len(labels))
    honest, leaking = (rows_of(labels, fold, probed(labels, fold)) for fold in (by_patient, by_row))
    shares = labels.groupby("patient_id").first()[list(VOTE_COLUMNS)].to_numpy().argmax(1)
    chance = ((np.bincount(shares, minlength=6) / PATIENTS) ** 2).sum()
    scores = scored(honest)
    low, high = scores.accuracy.ci95
    assert low < chance < high
    assert scores.kld.ci95.low > scores.prior_kld  # sure, and wrong
    scores = scored(leaking)
    assert scores.accuracy.ci95.low > 0.8
    assert scores.kld.ci95.high < scores.prior_kld
    for rows, n_warnings in ((honest, 0), (leaking, 1)):
        rows.write(tmp_path / "oof.csv")
        told = judge(tmp_path / "oof.csv", read_labels(tmp_path / "oof.csv")).warnings
        assert len(told) == n_warnings
        assert all("patients in more than one fold: what was predicted" in text for text in told)


@pytest.mark.more
def test_fits_on_shuffled_labels_score_at_the_prior(tmp_path):
    n_patients = 30
    labels = labels_of(n_patients, 1, seed=2)
    signals = {eeg_id: noise(10, eeg_id) for eeg_id in labels["eeg_id"]}
    data = write_hms(tmp_path / "data", labels.to_dict("records"), signals=signals)
    config = tmp_path / "a.toml"
    config.write_text(CONFIG)
    experiment = load(config, (f'data.path = "{data}"',))
    scores = scored(OutOfFold.read(crossval(experiment, Run(tmp_path / "run"))))
    assert scores.n_patients == n_patients
    low, high = scores.auroc_macro.ci95
    assert low < 0.5 < high
    assert scores.kld.ci95.high > scores.prior_kld
    low, high = scores.accuracy.ci95
    assert low < np.bincount(labels[list(VOTE_COLUMNS)].to_numpy().argmax(1)).max() / n_patients
