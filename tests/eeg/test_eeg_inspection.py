import json
import tracemalloc
from dataclasses import replace

import mne
import numpy as np
import pytest
from made_edf import delay_records, eeg, write

from nasion.eeg.array import open_array
from nasion.eeg.assembly import assembled
from nasion.eeg.formats import open_recording
from nasion.eeg.inspection import believable, check_recording
from nasion.eeg.recording import Recording
from nasion.terms import COLUMNS, DERIVATION_NAMES, EKG, ELECTRODES


def recording_of(signals: np.ndarray) -> Recording:
    values = signals.astype(np.float32)
    return Recording("made", values.shape[1], lambda start, stop: values[:, start:stop])


def test_a_clean_recording_has_no_findings():
    check = check_recording(recording_of(eeg(200 * 130)))
    assert check["findings"] == []
    json.dumps(check, allow_nan=False)
    assert set(check["electrodes"]) == set(COLUMNS)


def test_faults_are_found_where_they_are():
    n_times = 200 * 130
    signals = eeg(n_times)
    rows = {name: row for row, name in enumerate(COLUMNS)}
    signals[rows["F3"], : n_times // 2] = 7.0
    signals[rows["O2"], 1000:14_000] = np.nan
    signals[rows["Fz"]] = np.clip(4 * signals[rows["Fz"]], -150, 150)
    signals[rows["T4"], ::3] += 5000
    signals[rows["P3"]] += 60 * np.sin(2 * np.pi * 50 * np.arange(n_times) / 200)
    check = check_recording(recording_of(signals))
    channels = check["electrodes"]
    assert channels["F3"]["flat_share"] == pytest.approx(0.5, abs=0.01)
    assert channels["O2"]["nan_share"] == pytest.approx(0.5, abs=0.001)
    assert channels["Fz"]["clipped_share"] > 0.05
    assert channels["T4"]["out_of_range_share"] == pytest.approx(1 / 3, abs=0.01)
    assert check["line_hz"] == 50.0
    assert channels["P3"]["line_uv"] == pytest.approx(60 / np.sqrt(2), rel=0.05)
    said = " | ".join(check["findings"])
    for name in (
        "flat: F3",
        "beyond 1 V): O2",
        "clipped: Fz",
        "µV: T4",
        "50 Hz line noise up to 42 µV: P3",
    ):
        assert name in said
    assert len(check["findings"]) == 5


@pytest.mark.parametrize(("value", "word"), [(np.nan, "NaN"), (3.0, "flat")])
def test_a_recording_of_nothing_is_named(value, word):
    check = check_recording(recording_of(np.full((20, 20_000), value)))
    assert any(f"every electrode is {word}" in finding for finding in check["findings"])
    json.dumps(check, allow_nan=False)


def test_length_gaps_and_what_was_done_are_told(tmp_path):
    names = tuple(name for name in COLUMNS if name != "C3")
    path = write(
        tmp_path / "a.edf", eeg(4000, 19), labels=names, annotations=[(0.0, 0.0, "room" * 9)]
    )
    check = check_recording(open_recording(delay_records(path, 10, 30.0)))
    said = " | ".join(check["findings"])
    assert "1 gaps, 30 s of 50 s" in said
    assert "interpolated: C3" in said
    assert "NaN" not in said
    assert check["electrodes"]["C3"]["status"] == "interpolated"
    short = check_recording(recording_of(eeg(1000)))
    assert "not even the 10 s" in short["findings"][0]


def test_pieces_are_small():
    largest = []

    def read(start: int, stop: int) -> np.ndarray:
        largest.append(stop - start)
        return np.zeros((20, stop - start), np.float32)

    recording = Recording("long", 200 * 3600, read)
    tracemalloc.start()
    check_recording(recording)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert max(largest) <= 12_000
    assert sum(largest) == recording.n_times
    assert peak < 60e6


def test_units_are_suspected_by_amplitude():
    signals = eeg(6000)
    for factor, word in ((1.0, ""), (1e3, "far above"), (1e-6, "far below"), (2e8, "state")):
        made = recording_of(signals * factor)
        scale, doubt = believable(made.read, made.stretches)
        assert word in str(doubt or "")
        assert bool(word) == (doubt is not None)
        assert scale == (1.0 if word == "state" else 1 / factor)


def test_line_noise_is_no_unit():
    signals = eeg(6000) + 9000 * np.sin(2 * np.pi * 60 * np.arange(6000) / 200)
    assert believable(recording_of(signals).read, ((0, 6000),)) == (1.0, None)


def test_line_noise_beyond_the_rate_is_not_guessed():
    slow = replace(recording_of(eeg(20_000)), source_sfreq=100.0)
    check = check_recording(slow)
    assert check["line_hz"] is None
    assert check["electrodes"]["Fp1"]["line_uv"] is None


@pytest.mark.parametrize("sfreq", [160.0, 200.0, 256.0])
@pytest.mark.parametrize("line_hz", [0.0, 50.0, 60.0])
def test_a_line_frequency_is_named_where_it_is_seen(tmp_path, sfreq, line_hz):
    n_times = round(sfreq * 20)
    seconds = np.arange(n_times) / sfreq
    noise = np.random.default_rng(3).standard_normal((20, n_times))
    line = 4 * np.sin(2 * np.pi * line_hz * seconds)
    path = write(tmp_path / "a.edf", np.round((5 * noise + line) * 10) / 10, sfreq)
    check = check_recording(open_recording(path))
    reached = line_hz * 3.2 <= sfreq
    assert check["line_hz"] == (line_hz if line_hz and reached else None)
    # At 160 Hz, mains at 60 Hz can't be seen, so that nothing at 50 Hz says nothing.
    assert check["line_measurable"] == (sfreq > 160 or line_hz == 50)


def test_what_a_notch_leaves_is_no_line():
    signals = eeg(200 * 60) + 30 * np.sin(2 * np.pi * 60 * np.arange(200 * 60) / 200)
    notched = mne.filter.notch_filter(signals, 200.0, [60.0], verbose="error")
    check = check_recording(recording_of(notched))
    assert (check["line_hz"], check["line_measurable"]) == (None, True)


@pytest.mark.real
def test_real_recordings_are_sound(real):
    for path in sorted((real / "hms" / "train_eegs").glob("*.parquet")):
        check = check_recording(open_recording(path))
        assert not any("nothing to read" in finding for finding in check["findings"])
        assert all(check["electrodes"][name]["status"] == "recorded" for name in ELECTRODES)


def test_of_a_bipolar_recording_the_recorded_derivations_are_inspected():
    signals = eeg(20_000, 18).astype(float)
    row = DERIVATION_NAMES.index("F3-C3")
    signals[row, 4000:16_000] = 5.0
    recording = assembled(open_array(signals, 200.0, DERIVATION_NAMES), "uV")
    found = check_recording(recording)
    assert {channel["status"] for name, channel in found["electrodes"].items() if name != EKG} == {
        "rebuilt"
    }
    assert list(found["derivations"]) == list(DERIVATION_NAMES)
    assert found["derivations"]["F3-C3"]["flat_share"] == pytest.approx(0.6, abs=0.02)
    (flat,) = (text for text in found["findings"] if text.startswith("flat"))
    assert flat == "flat: F3-C3 60% of the time"
    assert found["montage"] == "full, bipolar"
    referential = check_recording(recording_of(eeg(2000)))
    assert referential["derivations"] == {}
