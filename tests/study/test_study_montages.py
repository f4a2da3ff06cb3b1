"""EEGs that lack electrodes: what is learned from them is what reading makes of them."""

import numpy as np
import pandas as pd
import pytest

from nasion.config import Signal
from nasion.data.representation import represent
from nasion.data.store import open_store
from nasion.eeg.formats import open_recording
from nasion.hms.segments import load_segments, read_spectrogram
from nasion.hms.writer import spectrogram_of
from nasion.phantom.cohort import Plan, made_eegs
from nasion.study.data_set import simulate
from nasion.study.montages import as_read, drawn_loss, without
from nasion.terms import COLUMNS, ELECTRODES
from recordings_lent import noise

SETTINGS = {"n_patients": 3, "seed": 3, "segments_per_patient": 1, "short_share": 0.8}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    simulate(folder / "whole", **SETTINGS, context_share=0.5)
    simulate(folder / "less", **SETTINGS, context_share=0.5, montage_share=1.0)
    return folder


def eegs(folder):
    return {path.stem: pd.read_parquet(path) for path in sorted(folder.glob("train_eegs/*"))}


def lacking(frame):
    return [name for name in COLUMNS if frame[name].isna().all()]


def test_only_electrodes_are_lost_and_nothing_else_changes(made):
    whole, less = eegs(made / "whole"), eegs(made / "less")
    tables = [pd.read_csv(made / name / "train.csv") for name in ("whole", "less")]
    pd.testing.assert_frame_equal(*tables)
    assert whole.keys() == less.keys()
    for name, frame in less.items():
        lost = lacking(frame)
        assert lost
        assert "EKG" not in lost
        kept = [column for column in COLUMNS if column not in lost]
        pd.testing.assert_frame_equal(frame[kept], whole[name][kept])


def test_learning_sees_what_reading_a_file_without_these_channels_sees(made, tmp_path):
    segments = load_segments(made / "less", "train")
    store = open_store(segments, Signal(), tmp_path)
    for name, frame in eegs(made / "less").items():
        bare = tmp_path / f"{name}.parquet"
        frame.drop(columns=lacking(frame)).to_parquet(bare, index=False)
        read = represent(open_recording(bare).signals(), Signal())
        learned = store.representation(int(name))
        np.testing.assert_array_equal(learned.waveform, read.waveform.astype(np.float16))
        for view, columns in read.columns.items():
            np.testing.assert_array_equal(learned.columns[view], columns.astype(np.float16))


def test_the_ten_minutes_are_of_the_same_montage(made):
    table = pd.read_csv(made / "less" / "train.csv")
    row = table[table["spectrogram_id"] >= 0].iloc[0]
    plan = Plan(3, 1, 0.8, 0.5)
    (eeg,) = made_eegs(plan, int(row.patient_id) - 1)
    lost = lacking(eegs(made / "less")[str(row.eeg_id)])
    path = made / "less" / "train_spectrograms" / f"{row.spectrogram_id}.parquet"
    expected = spectrogram_of(as_read(without(eeg.context, lost)))
    np.testing.assert_allclose(read_spectrogram(path)[1], expected, rtol=1e-4)


def test_whatever_is_lost_can_be_read():
    rng = np.random.default_rng(0)
    signals = noise(0, 10.0)
    sizes = set()
    for _ in range(60):
        names = drawn_loss(rng)
        assert len(set(names)) == len(names)
        left = as_read(without(signals, names))
        kept = [row for row, name in enumerate(COLUMNS) if name not in names]
        np.testing.assert_array_equal(left[kept], signals[kept])
        sizes.add(len(names))
        assert set(names) < set(ELECTRODES)
    assert sizes == set(range(1, 10))


def test_nothing_is_lost_by_default_and_a_share_by_request(tmp_path, made):
    simulate(tmp_path / "some", **SETTINGS | {"n_patients": 12}, montage_share=0.5)
    lost = [bool(lacking(frame)) for frame in eegs(tmp_path / "some").values()]
    assert 1 < sum(lost) < 11
    assert not any(lacking(frame) for frame in eegs(made / "whole").values())
