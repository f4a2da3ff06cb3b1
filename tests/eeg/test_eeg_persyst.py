"""Persyst recordings: a description and its samples."""

from datetime import datetime

import mne
import numpy as np
import pytest
from made_edf import eeg
from made_parts import write_persyst

from nasion.eeg.formats import open_recording
from nasion.errors import NasionError

TEN = 10 * 3600


def test_a_file_without_a_patient_is_read(tmp_path):
    signals = eeg(2000)
    recording = open_recording(write_persyst(tmp_path, "a", signals))
    assert (recording.start, recording.age_years) == (datetime(2020, 2, 1, 10), None)
    assert recording.references == ("REF",)
    np.testing.assert_allclose(recording.signals(), signals, atol=1e-3)
    np.testing.assert_allclose(recording.read(77, 999), signals[:, 77:999], atol=1e-3)


def test_mne_reads_the_same_where_it_can(tmp_path):
    patient = "TestDate=02/01/2020\nBirthDate=02/01/80\nSex=F\nHand=R"
    path = write_persyst(tmp_path, "a", eeg(2000), patient=patient, folder_stated="")
    raw = mne.io.read_raw_persyst(path, verbose="error")
    recording, other = open_recording(path), open_recording(raw)
    np.testing.assert_allclose(recording.signals(), other.signals(), atol=1e-3)
    assert recording.start == other.start
    assert recording.age_years == pytest.approx(40, abs=0.01)


def test_stretches_stand_at_the_times_they_state(tmp_path):
    signals = eeg(3000)
    times = [(0, TEN + 0.5), (500, TEN + 3.0), (1000, TEN + 8.5), (2000, TEN + 13.55)]
    recording = open_recording(write_persyst(tmp_path, "a", signals, times=times))
    assert recording.start == datetime(2020, 2, 1, 10, 0, 0, 500000)
    assert recording.gaps_s == ((5.0, 3.0),)
    whole = recording.signals()
    np.testing.assert_allclose(whole[:, :1000], signals[:, :1000], atol=1e-3)
    assert np.isnan(whole[:, 1000:1600]).all()
    np.testing.assert_allclose(whole[:, 1600:], signals[:, 1000:], atol=1e-3)


def test_midnight_is_no_step_back(tmp_path):
    times = [(0, 86_398.0), (1000, 3.0)]
    recording = open_recording(write_persyst(tmp_path, "a", eeg(2000), times=times))
    assert recording.gaps_s == ()
    assert recording.start == datetime(2020, 2, 1, 23, 59, 58)


def test_a_header_before_the_samples_is_passed_over(tmp_path):
    signals = eeg(2000)
    recording = open_recording(write_persyst(tmp_path, "a", signals, header=bytes(range(100))))
    np.testing.assert_allclose(recording.signals(), signals, atol=1e-3)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"info": "DataType=5\n"}, "damaged"),
        ({"info": "FileType=Blocked\n"}, "not interleaved"),
        ({"info": "SamplingRate=\n"}, "damaged"),
        ({"times": [(0, 10.0), (1000, 8.0)]}, "sample 1000 is said to be 7 s earlier"),
        ({"times": [("x", 10.0)]}, "sample times are damaged"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path, changes, expected):
    path = write_persyst(tmp_path, "a", eeg(2000), **changes)
    with pytest.raises(NasionError, match=rf"a\.lay: .*{expected}"):
        open_recording(path)


def test_samples_that_are_not_there_are_named(tmp_path):
    path = write_persyst(tmp_path, "a", eeg(2000))
    (tmp_path / "a.dat").unlink()
    with pytest.raises(NasionError, match=r"a\.lay: its samples \(a\.dat\) are not beside it"):
        open_recording(path)
