import hashlib
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from nasion.errors import NasionError
from nasion.phantom import cohort as cohort_module
from nasion.phantom.stay import Stay
from nasion.simulation import Simulation
from nasion.study.data_set import simulate
from nasion.terms import COLUMNS, PATTERNS, VOTE_COLUMNS

HMS_COLUMNS = [
    "eeg_id",
    "eeg_sub_id",
    "eeg_label_offset_seconds",
    "spectrogram_id",
    "spectrogram_sub_id",
    "spectrogram_label_offset_seconds",
    "label_id",
    "patient_id",
    "expert_consensus",
]


def digest(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cohort")
    done = []
    simulate(
        folder,
        n_patients=12,
        seed=3,
        progress=lambda *counts: done.append(counts),
        context_share=0.2,
    )
    assert done == [(i, 12) for i in range(1, 13)]
    return folder


@pytest.fixture(scope="module")
def table(cohort):
    return pd.read_csv(cohort / "train.csv")


def test_the_table_has_the_columns_of_hms(table):
    assert list(table.columns) == HMS_COLUMNS + list(VOTE_COLUMNS)
    assert table["label_id"].is_unique
    assert table["patient_id"].nunique() == 12
    assert table["eeg_id"].nunique() == 36


def test_consensus_is_the_first_largest_vote(table):
    votes = table[list(VOTE_COLUMNS)].to_numpy()
    labels = [PATTERNS[i].label for i in votes.argmax(1)]
    assert labels == table["expert_consensus"].tolist()
    assert votes.sum(1).min() >= 1
    assert votes.sum(1).max() <= 28


def test_every_window_lies_within_its_eeg(table, cohort):
    lengths = set()
    for row in table.itertuples():
        eeg = pd.read_parquet(cohort / "train_eegs" / f"{row.eeg_id}.parquet")
        assert tuple(eeg.columns) == COLUMNS
        assert (eeg.dtypes == np.float32).all()
        duration_s = len(eeg) / 200
        assert row.eeg_label_offset_seconds % 2 == 0
        assert row.eeg_label_offset_seconds + min(duration_s, 50) <= duration_s
        lengths.add(duration_s)
    assert {10.0, 50.0} <= lengths
    assert max(lengths) > 50


def test_windows_of_one_eeg_share_the_votes(table):
    assert (table.groupby("eeg_id")[list(VOTE_COLUMNS)].nunique() == 1).all(axis=None)
    assert table.groupby("eeg_id").size().max() > 1


def test_context_covers_ten_minutes_around_every_window(table, cohort):
    with_context = table[table["spectrogram_id"] >= 0]
    assert 0 < len(with_context) < len(table)
    for row in with_context.itertuples():
        image = pd.read_parquet(cohort / "train_spectrograms" / f"{row.spectrogram_id}.parquet")
        assert row.spectrogram_label_offset_seconds == row.eeg_label_offset_seconds
        first_s = row.spectrogram_label_offset_seconds + 1
        assert image["time"].iloc[0] == 1
        assert np.isin(first_s + 2 * np.arange(300), image["time"]).all()


def test_same_seed_same_bytes_whatever_the_number_of_patients_and_jobs(cohort, tmp_path):
    settings = {"seed": 3, "context_share": 0.2}
    simulate(tmp_path / "fewer", n_patients=3, **settings)
    simulate(tmp_path / "jobs", n_patients=3, n_jobs=2, **settings)
    fewer, jobs, whole = (digest(f) for f in (tmp_path / "fewer", tmp_path / "jobs", cohort))
    assert fewer == jobs
    assert Simulation.of(tmp_path / "fewer") == Simulation(3, ((1, 3),))
    assert Simulation.of(cohort) == Simulation(3, ((1, 12),))
    del fewer["train.csv"], fewer["simulated.json"]
    assert fewer.items() <= whole.items()
    rows = pd.read_csv(tmp_path / "fewer" / "train.csv")
    pd.testing.assert_frame_equal(rows, pd.read_csv(cohort / "train.csv").head(len(rows)))


def test_another_seed_is_another_cohort(cohort, tmp_path):
    simulate(tmp_path, n_patients=1, seed=4, context_share=0)
    other = pd.read_parquet(tmp_path / "train_eegs" / "1000.parquet")
    assert not other.equals(pd.read_parquet(cohort / "train_eegs" / "1000.parquet"))


def test_without_context_there_is_no_spectrogram(tmp_path):
    simulate(tmp_path, n_patients=2, seed=0)
    assert (pd.read_csv(tmp_path / "train.csv")["spectrogram_id"] == -1).all()
    assert not (tmp_path / "train_spectrograms").exists()


def test_a_folder_with_a_data_set_is_left_alone(cohort):
    with pytest.raises(NasionError, match="holds a data set already"):
        simulate(cohort, n_patients=1, seed=0)


def test_no_patients_is_an_error(tmp_path):
    with pytest.raises(NasionError, match="at least one"):
        simulate(tmp_path, n_patients=0, seed=0)


def test_patients_of_a_stay_stand_beside_the_others(tmp_path):
    settings = {"n_patients": 6, "seed": 3, "segments_per_patient": 2}
    simulate(tmp_path / "none", **settings)
    simulate(tmp_path / "some", **settings, stay_share=0.5)
    rows = [pd.read_csv(tmp_path / name / "train.csv") for name in ("none", "some")]
    same = [
        digest_of(tmp_path / "none", patient) == digest_of(tmp_path / "some", patient)
        for patient in range(1, 7)
    ]
    assert 0 < sum(same) < 6
    assert Simulation.of(tmp_path / "some") == Simulation(3, ((1, 6),), ("pattern", "stay"))
    kept = [table[table.patient_id.map(lambda i: same[i - 1])] for table in rows]
    pd.testing.assert_frame_equal(*(table.reset_index(drop=True) for table in kept))
    other = rows[1][~rows[1].patient_id.map(lambda i: same[i - 1])]
    assert (other.groupby("patient_id").eeg_id.nunique() == 2).all()
    for eeg_id in other.eeg_id:
        signals = pd.read_parquet(tmp_path / "some" / "train_eegs" / f"{eeg_id}.parquet")
        assert tuple(signals.columns) == COLUMNS
        assert len(signals) in (2000, 10_000)


def test_a_stay_of_a_cohort_is_of_another_patient_than_the_recording_of_that_number(
    tmp_path, monkeypatch
):
    drawn = []

    def noted(key, duration_s):
        drawn.append(Stay.draw(key, duration_s).patient)
        return Stay.draw(key, duration_s)

    monkeypatch.setattr(cohort_module, "Stay", SimpleNamespace(draw=noted))
    simulate(tmp_path / "a", n_patients=3, seed=4, segments_per_patient=1, stay_share=1.0)
    recorded = [Stay.draw((4, number), 60.0).patient for number in range(3)]
    assert len(drawn) == 3
    for one in drawn:
        assert all(one.burden != other.burden for other in recorded)


def digest_of(folder, patient):
    found = sorted(folder.rglob(f"{patient}00?.parquet"))
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in found]


def test_a_share_of_stays_is_a_share(tmp_path):
    with pytest.raises(NasionError, match="from 0 to 1"):
        simulate(tmp_path / "a", n_patients=1, seed=0, stay_share=1.5)
