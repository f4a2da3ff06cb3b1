import itertools
from datetime import datetime

import numpy as np
import pytest
from made_edf import delay_records, eeg, write

from nasion.eeg.formats import open_recording
from nasion.eeg.remarks import Code
from nasion.errors import NasionError
from nasion.terms import COLUMNS, ELECTRODES


def test_values_on_the_grid_survive(tmp_path):
    signals = eeg(4000)
    recording = open_recording(write(tmp_path / "plain.edf", signals))
    assert (recording.n_times, recording.name, recording.gaps_s) == (4000, "plain", ())
    np.testing.assert_allclose(recording.signals(), signals, atol=1e-4)


@pytest.mark.parametrize("unit", ["mV", "V", ""])
def test_units_are_honoured(tmp_path, unit):
    signals = eeg(2000)
    recording = open_recording(write(tmp_path / "a.edf", signals, unit=unit))
    np.testing.assert_allclose(recording.signals(), signals, atol=1e-3)
    assert any("no unit" in warning.text for warning in recording.warnings) == (unit == "")


def test_a_wrong_unit_is_taken_back_and_can_be_stated(tmp_path):
    path = write(tmp_path / "a.edf", eeg(4000) * 1.0, unit="mV")
    raw = path.read_bytes()
    n_signals = len(COLUMNS)
    units = 256 + (16 + 80) * n_signals
    patched = raw[:units] + b"V       " * n_signals + raw[units + 8 * n_signals :]
    path.write_bytes(patched)
    mended = open_recording(path)
    assert any("far above" in warning.text for warning in mended.warnings)
    np.testing.assert_allclose(mended.signals(), eeg(4000), atol=1e-3)
    right = open_recording(path, unit="mV")
    assert not right.warnings
    np.testing.assert_allclose(right.signals(), eeg(4000), atol=1e-3)


def test_bdf_equals_edf(tmp_path):
    signals = eeg(4000)
    annotations = [(3.5, 2.0, "jerk"), (9.0, 0.0, "light on")]
    edf, bdf = (
        open_recording(write(tmp_path / name, signals, annotations=annotations))
        for name in ("a.edf", "a.bdf")
    )
    np.testing.assert_allclose(bdf.signals(), edf.signals(), atol=1e-3)
    assert edf.annotations == bdf.annotations == tuple(annotations)


@pytest.mark.parametrize("record_s", [1, 0.5, 4, 20])
def test_pieces_equal_the_whole_across_records(tmp_path, record_s):
    signals = eeg(20 * 250)
    path = write(
        tmp_path / "a.edf", signals, 250.0, annotations=[(1.0, 0.0, "x")], record_s=record_s
    )
    recording = open_recording(path)
    whole = recording.signals()
    cuts = [0, 1, 199, 200, 201, 555, 1600, 1601, 3999, 4000]
    pieces = [recording.read(a, b) for a, b in itertools.pairwise(cuts)]
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), whole, atol=1e-4)


def test_rates_may_differ_within_a_file(tmp_path):
    slow, fast, heart = eeg(10 * 128, 9), eeg(10 * 200, 10, seed=1), eeg(10 * 512, 1)
    rates = [128.0] * 9 + [200.0] * 10 + [512.0]
    path = write(tmp_path / "mixed.edf", [*slow, *fast, *heart], rates)
    recording = open_recording(path)
    alone = open_recording(
        write(tmp_path / "slow.edf", np.repeat(slow, 2, axis=0), 128.0, COLUMNS[:18])
    )
    np.testing.assert_allclose(recording.signals()[9:19], fast, atol=1e-4)
    np.testing.assert_allclose(recording.signals()[:9], alone.signals()[:18:2], atol=1e-4)
    assert np.isfinite(recording.signals()[19]).all()
    assert recording.source_sfreq == 200.0


def test_channels_of_too_few_samples_a_second_are_no_eeg(tmp_path):
    slow, fast = eeg(3600 * 2, 1), eeg(3600 * 200, 19, seed=1)
    path = write(tmp_path / "a.edf", [*slow, *fast], [2.0] + [200.0] * 19, record_s=3600)
    recording = open_recording(path)
    assert recording.interpolated == ("Fp1",)
    assert any("Fp1 has 2 samples a second" in str(warning) for warning in recording.warnings)
    n = 200
    path = write(tmp_path / "b.edf", eeg(n * 3), n / 3600, record_s=3600)
    with pytest.raises(NasionError, match=r"b\.edf: .* 19 more have fewer than 40 samples"):
        open_recording(path)


@pytest.mark.parametrize("sfreq", [200.0, 256.0])
def test_a_gap_is_nan_and_the_rest_is_where_it_was(tmp_path, sfreq):
    n_times = round(20 * sfreq)
    signals = eeg(n_times)
    annotations = [(4.0, 1.0, "before"), (15.0, 1.0, "after")]
    closed = open_recording(
        write(
            tmp_path / "c.edf", signals, sfreq, annotations=[*annotations, (0.0, 0.0, "room" * 9)]
        )
    )
    path = write(
        tmp_path / "d.edf", signals, sfreq, annotations=[*annotations, (0.0, 0.0, "room" * 9)]
    )
    recording = open_recording(delay_records(path, 12, 30.0))
    assert recording.gaps_s == ((12.0, 30.0),)
    assert recording.duration_s == 50.0
    assert "after" in str(recording.annotations)
    assert recording.annotations[-1][0] == 45.0
    whole, compact = recording.signals(), closed.signals()
    edge = 0 if sfreq == 200.0 else 40
    assert np.isnan(whole[:, 2400 + 1 : 8400 - 1]).all()
    np.testing.assert_allclose(whole[:, : 2400 - edge], compact[:, : 2400 - edge], atol=1e-3)
    np.testing.assert_allclose(whole[:, 8400 + edge :], compact[:, 2400 + edge :], atol=1e-3)
    assert np.isfinite(whole[:, :2400]).all()
    assert np.isfinite(whole[:, 8400 + 1 :]).all()
    np.testing.assert_allclose(
        np.concatenate([recording.read(a, a + 500) for a in range(0, 10_000, 500)], axis=1),
        whole,
        atol=1e-4,
    )


def test_annotations_are_read_or_said_to_be_lost(tmp_path):
    entries = [(0.5, 0.0, "plain"), (1.5, 0.0, "comma"), (2.5, 0.0, "bare"), (3.5, 0.0, "lost")]
    path = write(tmp_path / "a.edf", eeg(2000), annotations=[*entries, (900.0, 0.0, "beyond")])
    raw = path.read_bytes().replace(b"+1.5", b"+1,5").replace(b"+2.5", b"2.50")
    path.write_bytes(raw.replace(b"+3.5", b"+3h5"))
    recording = open_recording(path)
    assert recording.annotations == (*entries[:3], (900.0, 0.0, "beyond"))
    (remark,) = recording.warnings
    assert (remark.code, remark.values) == (Code.UNREAD_ONSETS, {"n": 1})


@pytest.mark.parametrize(
    "content", [b"0" + b" " * 100, b"0       " + b"x" * 248, b"PK\x03\x04" * 200, b"0       " * 900]
)
def test_damaged_headers_are_refused(tmp_path, content):
    path = tmp_path / "bad.edf"
    path.write_bytes(content)
    with pytest.raises(NasionError, match=r"bad\.edf: .*;") as error:
        open_recording(path)
    assert "\n" not in str(error.value)


def test_channels_without_a_range_are_missing(tmp_path):
    path = write(tmp_path / "a.edf", eeg(2000))
    raw = path.read_bytes()
    digital_max = 256 + (16 + 80 + 8 + 8 + 8 + 8) * 20
    path.write_bytes(raw[:digital_max] + b"-32000  " + raw[digital_max + 8 :])
    recording = open_recording(path)
    assert recording.interpolated == ("Fp1",)
    assert any("Fp1 holds nothing" in warning.text for warning in recording.warnings)


@pytest.mark.parametrize("text", [b"1e300", b"nan", b"-inf"])
def test_channels_of_an_absurd_range_are_missing(tmp_path, text):
    path = write(tmp_path / "a.edf", eeg(2000))
    raw = path.read_bytes()
    physical_max = 256 + (16 + 80 + 8 + 8) * 20
    path.write_bytes(raw[:physical_max] + text.ljust(8) + raw[physical_max + 8 :])
    recording = open_recording(path)
    assert recording.interpolated == ("Fp1",)
    assert np.isfinite(recording.signals()).all()


def test_records_of_an_absurd_length_are_refused(tmp_path):
    path = write(tmp_path / "long.edf", eeg(2000))
    raw = path.read_bytes()
    path.write_bytes(raw[:244] + b"1e9     " + raw[252:])
    with pytest.raises(NasionError, match=r"long\.edf: states records of 1e\+09 s; repair"):
        open_recording(path)


def test_start_is_the_clock_time_of_the_first_sample(tmp_path):
    path = write(tmp_path / "a.edf", eeg(2000))
    raw = path.read_bytes()
    path.write_bytes(raw[:168] + b"31.12.2523.59.58" + raw[184:])
    assert open_recording(path).start == datetime(2025, 12, 31, 23, 59, 58)


@pytest.mark.real
def test_the_real_recording_opens(real):
    recording = open_recording(real / "edf" / "ifcn6_sample_input.edf", unit="uV")
    by_header = open_recording(real / "edf" / "ifcn6_sample_input.edf")  # it says mV
    np.testing.assert_allclose(by_header.read(0, 500), recording.read(0, 500), rtol=1e-5)
    assert [remark.code for remark in by_header.warnings] == [Code.DATES_DIFFER, Code.UNIT_UNDONE]
    assert [remark.code for remark in recording.warnings] == [Code.DATES_DIFFER]
    assert recording.present == ELECTRODES
    assert (recording.duration_s, recording.source_sfreq) == (600.0, 128.0)
    assert (recording.missing, recording.interpolated) == ((), ())
    signals = recording.signals()
    assert signals.shape == (20, 120_000)
    assert np.isfinite(signals).all()
    np.testing.assert_allclose(recording.read(70_001, 70_333), signals[:, 70_001:70_333], atol=1e-4)
