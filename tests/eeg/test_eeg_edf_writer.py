"""What is written can be read, here and by others."""

import tracemalloc
from datetime import datetime
from itertools import pairwise

import edfio
import mne
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasion.eeg.edf.writer import write_annotations, write_edf
from nasion.eeg.formats import open_recording
from nasion.errors import NasionError
from nasion.terms import COLUMNS

START = datetime(2031, 2, 3, 4, 5, 6)
ANNOTATIONS = [(0.5, 2.25, "lpd"), (7.123456, 0.0, "seizure µV"), (20.0, 30.0, "beyond the end")]


def eeg(n_times, n_chans=20, size_uv=60.0, seed=0):
    rng = np.random.default_rng(seed)
    return (size_uv * rng.standard_normal((n_chans, n_times))).astype(np.float32)


def cut(signals, *places):
    edges = [0, *places, signals.shape[1]]
    return [signals[:, a:b] for a, b in pairwise(edges)]


def write(path, signals, places=(), **settings):
    settings = {"labels": COLUMNS[: len(signals)], "sfreq": 200.0, **settings}
    write_edf(path, cut(signals, *places), n_times=signals.shape[1], **settings)
    return path


@pytest.mark.parametrize("step_uv", [0.1, 0.25, 0.123, 0.5])
def test_nasion_edfio_and_mne_read_it_within_half_a_step(tmp_path, step_uv):
    signals = eeg(2000)
    path = write(tmp_path / "a.edf", signals, (333, 334, 1500), step_uv=step_uv, start=START)
    near = {"rtol": 0, "atol": step_uv / 2 * 1.001}
    np.testing.assert_allclose(open_recording(path).signals(), signals, **near)
    edf = edfio.read_edf(path)
    np.testing.assert_allclose([one.data for one in edf.signals], signals, **near)
    raw = mne.io.read_raw_edf(path, verbose="error")
    np.testing.assert_allclose(1e6 * raw.get_data(verbose="error"), signals, **near)
    assert raw.ch_names == list(COLUMNS)


def test_start_and_annotations_survive(tmp_path):
    path = write(tmp_path / "a.edf", eeg(2000), start=START, annotations=ANNOTATIONS)
    recording = open_recording(path)
    assert recording.start == START
    assert list(recording.annotations) == ANNOTATIONS
    assert recording.warnings == ()
    edf = edfio.read_edf(path)
    assert (edf.startdate, edf.starttime) == (START.date(), START.time())
    assert [(a.onset, a.duration or 0.0, a.text) for a in edf.annotations] == ANNOTATIONS
    raw = mne.io.read_raw_edf(path, verbose="error")
    assert raw.info["meas_date"].replace(tzinfo=None) == START
    assert raw.annotations.onset.tolist() == [0.5, 7.123456]  # MNE leaves out what lies beyond
    assert raw.annotations.description.tolist() == ["lpd", "seizure µV"]


def test_fractions_of_a_second_of_the_start_survive(tmp_path):
    start = START.replace(microsecond=250_000)
    path = write(tmp_path / "a.edf", eeg(600), start=start, annotations=[(1.5, 0.0, "x")])
    assert open_recording(path).start == start
    assert open_recording(path).annotations == ((1.5, 0.0, "x"),)
    edf = edfio.read_edf(path)
    assert edf.starttime == start.time()
    assert edf.annotations[0].onset == 1.5


def test_nothing_is_said_of_the_patient(tmp_path):
    for start in (None, START):
        edf = edfio.read_edf(write(tmp_path / "a.edf", eeg(400), start=start))
        assert edf.local_patient_identification == "X X X X"
        assert edf.local_recording_identification.endswith(" X X X")


@settings(max_examples=25, deadline=None)
@given(places=st.lists(st.integers(0, 1000), max_size=6))
def test_pieces_make_no_difference(tmp_path_factory, places):
    folder = tmp_path_factory.mktemp("pieces")
    signals = eeg(1000, 2)
    whole = write(folder / "whole.edf", signals, annotations=ANNOTATIONS)
    pieces = write(folder / "pieces.edf", signals, sorted(places), annotations=ANNOTATIONS)
    assert whole.read_bytes() == pieces.read_bytes()


@pytest.mark.parametrize(("sfreq", "record_s"), [(256.0, 1), (512.0, 1), (199.5, 2), (128.125, 8)])
def test_rates_are_kept(tmp_path, sfreq, record_s):
    n_times = round(sfreq * record_s) * 3
    edf = edfio.read_edf(write(tmp_path / "a.edf", eeg(n_times, 2), sfreq=sfreq))
    assert edf.signals[0].sampling_frequency == sfreq
    assert edf.data_record_duration == record_s
    assert edf.duration == 3 * record_s


def test_the_last_record_is_filled_up_with_the_last_sample(tmp_path):
    signals = eeg(450, 2)
    edf = edfio.read_edf(write(tmp_path / "a.edf", signals))
    data = np.array([one.data for one in edf.signals])
    assert data.shape == (2, 600)
    np.testing.assert_allclose(data[:, 450:], np.repeat(data[:, 449:450], 150, 1))


def test_larger_values_saturate(tmp_path):
    signals = np.array([[1e4, -1e4, 0.0, 5.0]], np.float32)
    data = edfio.read_edf(write(tmp_path / "a.edf", signals, sfreq=4.0)).signals[0].data
    np.testing.assert_allclose(data, [3276.7, -3276.7, 0, 5], atol=0.05)


def test_memory_holds_a_piece_whatever_the_length(tmp_path):
    def pieces(n):
        rng = np.random.default_rng(0)
        for _ in range(n):
            yield rng.standard_normal((20, 2000), np.float32)

    peaks = []
    for n in (20, 400):
        tracemalloc.start()
        write_edf(tmp_path / "a.edf", pieces(n), labels=COLUMNS, sfreq=200.0, n_times=2000 * n)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert (tmp_path / "a.edf").stat().st_size > 30e6
    assert peaks[1] < peaks[0] + 2e6  # onsets of the records


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": ("A label of 17 let", "F3")}, "16 letters"),
        ({"labels": ("µ", "F3")}, "ASCII"),
        ({"sfreq": 99.987654}, "resample"),
        ({"step_uv": 1e-6}, "steps"),
        ({"step_uv": 0.0}, "steps"),
    ],
)
def test_what_edf_can_not_hold_is_refused(tmp_path, change, message):
    with pytest.raises(NasionError, match=message) as caught:
        write(tmp_path / "a.edf", eeg(400, 2), **change)
    assert str(tmp_path / "a.edf") in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_gaps_are_refused_and_nothing_is_left(tmp_path):
    signals = eeg(800, 2)
    signals[1, 700] = np.nan
    with pytest.raises(NasionError, match="NaN"):
        write(tmp_path / "a.edf", signals, (400,))
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_number_of_samples_is_a_mistake_of_the_caller(tmp_path):
    with pytest.raises(ValueError, match="announced"):
        write_edf(tmp_path / "a.edf", [eeg(300, 2)], labels=("a", "b"), sfreq=200.0, n_times=400)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("start", [START, START.replace(microsecond=500_000)])
def test_annotations_alone_are_read_by_edfio_and_mne(tmp_path, start):
    path = tmp_path / "events.edf"
    write_annotations(path, ANNOTATIONS, start)
    edf = edfio.read_edf(path)
    assert edf.num_signals == 0
    assert (edf.startdate, edf.starttime) == (start.date(), start.time())
    assert [(a.onset, a.duration or 0.0, a.text) for a in edf.annotations] == ANNOTATIONS
    found = mne.read_annotations(path)
    assert found.description.tolist() == [text for _, _, text in ANNOTATIONS]
    np.testing.assert_allclose(found.onset, [onset for onset, _, _ in ANNOTATIONS])
    np.testing.assert_allclose(found.duration, [length for _, length, _ in ANNOTATIONS])


def test_no_annotations_are_a_valid_file_too(tmp_path):
    write_annotations(tmp_path / "events.edf", [])
    assert [a.text for a in edfio.read_edf(tmp_path / "events.edf").annotations] in ([], [""])
    assert len(mne.read_annotations(tmp_path / "events.edf")) == 0


def test_texts_can_not_break_the_file(tmp_path):
    text = "a\x14b\x15c\0d\ne"
    write_annotations(tmp_path / "events.edf", [(1.0, 2.0, text), (3.0, 0.0, "after")])
    edf = edfio.read_edf(tmp_path / "events.edf")
    assert [a.text for a in edf.annotations] == ["a b c d e", "after"]
    path = write(tmp_path / "a.edf", eeg(1000, 20), annotations=[(1.0, 2.0, text)])
    assert open_recording(path).annotations == ((1.0, 2.0, "a b c d e"),)


@pytest.mark.parametrize("start", [None, datetime(2024, 2, 29, 0, 0), datetime(2024, 2, 29, 13, 5)])
def test_a_start_that_is_not_known_is_none_when_read_back(tmp_path, start):
    signals = np.zeros((20, 2000), np.float32)
    signals[:] = np.sin(np.arange(2000) / 7)
    path = tmp_path / "a.edf"
    write_edf(path, [signals], labels=COLUMNS, sfreq=200.0, n_times=2000, start=start)
    assert open_recording(path).start == start
