"""An explanation: of the pattern predicted, the same from file and recording, whole on disk."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from explained_scenes import small, window_of

from hms_folder import noise, segment, write_hms
from nasion.calibration import Calibration
from nasion.config import Signal, Spectrogram
from nasion.data.dataset import SegmentDataset
from nasion.data.representation import represent
from nasion.data.store import open_store
from nasion.eeg.formats import open_recording
from nasion.eeg.recording import Recording
from nasion.errors import NasionError
from nasion.explanation.explanation import explain, explain_window, load, row_of, save, window_at
from nasion.hms.segments import load_segments
from nasion.models.ensemble import Ensemble
from nasion.models.fusion import Inputs
from nasion.terms import PATTERNS, Pattern
from nasion.windowing import Windows, cut_at

CONTEXT = {"spectrogram": {"views": ["centre", "window", "context"]}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    rows = [segment(1, (0, 7, 2, 0, 0, 1)), segment(2, offset_s=14.0, sub_id=3), segment(3)]
    signals = {1: noise(10.0, 1), 2: noise(80.0, 2), 3: noise(50.0, 3)}
    return write_hms(tmp_path_factory.mktemp("hms"), rows, signals=signals)


def dataset_of(folder, checkpoint):
    segments = load_segments(folder)
    store = open_store(segments, checkpoint.experiment.signal, folder / "store")
    return SegmentDataset(segments, store, checkpoint.experiment)


def test_the_pattern_predicted_is_explained_unless_one_is_named(folder):
    ensemble = Ensemble((small(0), small(1)))
    dataset = dataset_of(folder, ensemble)
    found = explain(ensemble, dataset, 0)
    inputs = Inputs.of(dataset.batch([0]))
    each = [torch.softmax(one.net(inputs).logits.double(), 1)[0] for one in ensemble.fits]
    np.testing.assert_allclose(found.probability, np.mean(each, 0), atol=1e-7)
    assert found.pattern is PATTERNS[int(np.mean(each, 0).argmax())]
    assert found.votes.tolist() == [0, 7, 2, 0, 0, 1]
    assert "EEG 1" in found.name
    named = explain(ensemble, dataset, 0, Pattern.LRDA)
    assert named.pattern is Pattern.LRDA
    assert not np.allclose(named.occlusion, found.occlusion)


def test_probabilities_are_calibrated_as_the_fits_or_their_ensemble_say(folder):
    plain = small()
    dataset = dataset_of(folder, plain)
    raw = explain(Ensemble((plain,)), dataset, 0).probability
    other = Calibration(2.0, (0.0, 0.0, 0.0, 0.0, 3.0, 0.0))
    calibrated = replace(plain, calibration=other)
    own = explain(Ensemble((calibrated,)), dataset, 0)
    together = explain(Ensemble((calibrated, calibrated), other), dataset, 0)
    for found in (own, together):
        np.testing.assert_allclose(found.probability, other.apply(raw[None])[0], atol=1e-9)
        assert found.pattern is Pattern.GRDA


@pytest.mark.parametrize("model", [{}, {"modality": "waveform"}, {"modality": "spectrogram"}])
def test_what_is_written_is_read_again(folder, tmp_path, model):
    checkpoint = small(signal=CONTEXT, **model)
    found = explain(Ensemble((checkpoint,)), dataset_of(folder, checkpoint), 1, Pattern.GPD)
    save(tmp_path / "found.npz", found)
    again = load(tmp_path / "found.npz")
    assert (again.name, again.pattern, again.signal) == (found.name, found.pattern, found.signal)
    for name in ("probability", "votes", "occlusion", "input_x_gradient"):
        np.testing.assert_array_equal(getattr(again, name), getattr(found, name))
    np.testing.assert_array_equal(again.window.waveform, found.window.waveform)
    for part in ("time", "sides"):
        ours, theirs = getattr(found.maps, part), getattr(again.maps, part)
        assert (ours is None) == (theirs is None)
        if ours is not None:
            np.testing.assert_array_equal(ours, theirs)
    assert set(again.maps.images) == set(found.maps.images)
    for view, values in found.maps.images.items():
        np.testing.assert_array_equal(values, again.maps.images[view])
        np.testing.assert_array_equal(found.window.images[view], again.window.images[view])


def test_an_explanation_holds_nothing_pickled_and_a_broken_one_is_refused(folder, tmp_path):
    checkpoint = small()
    path = tmp_path / "found.npz"
    save(path, explain(Ensemble((checkpoint,)), dataset_of(folder, checkpoint), 0))
    with np.load(path, allow_pickle=False) as file:
        assert all(file[key].dtype != object for key in file.files)
    for broken in (path.read_bytes()[:500], b"", b"PK\x03\x04"):
        path.write_bytes(broken)
        with pytest.raises(NasionError, match="explain anew"):
            load(path)
    with pytest.raises(NasionError, match="not found"):
        load(tmp_path / "none.npz")


def test_an_explanation_of_another_schema_is_refused(folder, tmp_path):
    np.savez(tmp_path / "old.npz", schema=np.array(99))
    with pytest.raises(NasionError, match="schema 99, this nasion reads 1"):
        load(tmp_path / "old.npz")


@pytest.mark.parametrize(("eeg_id", "at_s", "row"), [(2, 34.0, 1), (3, 20.0, 2), (1, 0.0, 0)])
def test_a_time_of_a_recording_gives_the_window_of_the_segment_there(folder, eeg_id, at_s, row):
    checkpoint = small(signal=CONTEXT)
    dataset = dataset_of(folder, checkpoint)
    recording = open_recording(folder / "train_eegs" / f"{eeg_id}.parquet")
    signal = checkpoint.experiment.signal
    found = Windows.of([window_at(recording, at_s, signal)], signal)
    expected = dataset.batch([row])
    np.testing.assert_array_equal(found.present, expected.present)
    np.testing.assert_allclose(found.waveform, expected.waveform, atol=4e-3)  # stored as float16
    for view, image in expected.images.items():
        np.testing.assert_allclose(found.images[view], image, atol=0.02)


def test_a_time_of_a_long_recording_gives_what_training_cuts_there():
    signals = np.random.default_rng(3).normal(0, 1, (20, 180_000)).cumsum(1).astype(np.float32)
    signals -= signals.mean(1, keepdims=True)
    signals[:, 77_000:80_500] = np.nan  # a gap within the margin of the image of 10 minutes
    recording = Recording("long", signals.shape[1], lambda start, stop: signals[:, start:stop])
    signal = Signal(spectrogram=Spectrogram(views=("centre", "window", "context")))
    whole = represent(signals, signal)
    for at_s in (0.0, 4.0, 90.0, 404.0, 690.0, 890.0):
        window, expected = window_at(recording, at_s, signal), cut_at(whole, signal, at_s - 20)
        np.testing.assert_allclose(window.waveform, expected.waveform, atol=1e-3 / 32)
        for view, image in expected.images.items():
            np.testing.assert_allclose(window.images[view], image, atol=2e-3)


@pytest.mark.parametrize("at_s", [-1.0, 71.0, float("nan")])
def test_a_time_outside_the_recording_is_refused(folder, at_s):
    recording = open_recording(folder / "train_eegs" / "2.parquet")
    with pytest.raises(NasionError, match="give --at from 0 to 70"):
        window_at(recording, at_s, small().experiment.signal)


def test_a_segment_is_found_by_what_tells_it_from_others(tmp_path):
    data = [segment(1), segment(2), segment(2, (0, 1, 0, 0, 0, 0), sub_id=5, offset_s=2.0)]
    segments = load_segments(write_hms(tmp_path, data))
    assert row_of(segments, 1, None) == 0
    assert row_of(segments, 2, 5) == row_of(segments, None, 5) == 2
    only = segments.subset(np.array([1]))
    assert row_of(only, None, None) == 0
    with pytest.raises(NasionError, match="has no EEG 7"):
        row_of(segments, 7, None)
    with pytest.raises(NasionError, match="holds 2 EEGs; give --eeg-id, such as 1"):
        row_of(segments, None, None)
    with pytest.raises(NasionError, match="EEG 2 has 2 segments; give --sub-id: 0, 5"):
        row_of(segments, 2, None)


def test_a_window_of_nothing_but_gaps_is_explained_too():
    checkpoint = small()
    window = window_of(checkpoint, np.full((20, 10_000), np.nan, np.float32))
    found = explain_window(Ensemble((checkpoint,)), window)
    assert np.isnan(found.maps.time).all()
    assert found.maps.images == {}
    assert np.isfinite(found.probability).all()
    np.testing.assert_allclose(found.occlusion, 0, atol=1e-6)
