"""Records stand where they state; what can't be so costs no sample in silence."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_edf import delay_records, eeg, stamped, write

from nasion.eeg.edf.copy import copy_with_annotations
from nasion.eeg.formats import open_recording
from nasion.eeg.remarks import Code
from nasion.errors import NasionError

N = 20  # records of 1 s
SIGNALS = eeg(200 * N)
ROOM = [(0.0, 0.0, "room" * 9)]

ODD = {
    "all at 0": dict.fromkeys(range(N), "+0"),
    "a little early": {k: f"+{0.99 * k:g}" for k in range(N)},
    "a little late": {k: f"+{1.02 * k:g}" for k in range(N)},
    "backwards": {k: f"+{N - k}" for k in range(N)},
    "gap": {k: f"+{k + 7}" for k in range(5, N)},
    "far": {k: f"+{k + 1e6:g}" for k in range(5, N)},
    "1e12": {7: "+1e12"},
    "year 9999": dict.fromkeys(range(N), "+251777203200"),
    "last 1e300": {N - 1: "+1e300"},
    "negative": dict.fromkeys(range(N), "-5"),
    "first alone": {0: "+86400"},
}
UNREADABLE = {"1e400": "+1e400", "nan": "+nan", "words": "noon", "blank": " ", "two": "+1.2.3"}


def made(tmp_path, onsets, reserved):
    path = write(tmp_path / "a.edf", SIGNALS, annotations=ROOM)
    return stamped(path, onsets, reserved=reserved)


def codes(recording):
    return {warning.code for warning in recording.warnings}


@pytest.mark.parametrize("name", ODD)
def test_a_contiguous_file_is_contiguous_whatever_its_records_state(tmp_path, name):
    recording = open_recording(made(tmp_path, ODD[name], "EDF+C"))
    assert (recording.n_times, recording.gaps_s) == (200 * N, ())
    assert codes(recording) & {Code.ONSETS_DISBELIEVED, Code.ONSETS_UNSTATED}
    np.testing.assert_allclose(recording.signals(), SIGNALS, atol=1e-3)


@pytest.mark.parametrize("reserved", ["EDF+C", "EDF+D"])
@pytest.mark.parametrize("name", UNREADABLE)
def test_a_record_whose_onset_is_no_number_follows_the_one_before(tmp_path, name, reserved):
    recording = open_recording(made(tmp_path, {7: UNREADABLE[name]}, reserved))
    assert codes(recording) == {Code.ONSETS_UNSTATED}
    np.testing.assert_allclose(recording.signals(), SIGNALS, atol=1e-3)


@pytest.mark.parametrize("reserved", ["EDF+C", "EDF+D"])
def test_commas_and_blanks_in_onsets_are_read(tmp_path, reserved):
    onsets = {k: f"+{k},0" for k in range(0, N, 2)} | {k: f"+{k}.0 " for k in range(1, N, 2)}
    recording = open_recording(made(tmp_path, onsets, reserved))
    assert (recording.n_times, codes(recording)) == (200 * N, set())


@pytest.mark.parametrize("name", ["all at 0", "a little early", "backwards", "negative"])
def test_a_discontiguous_file_whose_records_overlap_is_refused_in_one_line(tmp_path, name):
    onsets = {k: f"+{0.8 * k:g}" for k in range(N)} if "early" in name else ODD[name]
    with pytest.raises(NasionError, match=r"a\.edf: record \d+ states an onset .*export") as error:
        open_recording(made(tmp_path, onsets, "EDF+D"))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("seconds", [86_400 * 365, 5e9])
def test_a_gap_beyond_the_limit_is_refused_with_the_limit(tmp_path, seconds):
    path = write(tmp_path / "a.edf", SIGNALS, annotations=ROOM)
    with pytest.raises(NasionError, match=r"a\.edf: spans .* days.* 62 are read"):
        open_recording(delay_records(path, 5, seconds))


def test_discontiguous_without_most_onsets_is_refused(tmp_path):
    with pytest.raises(NasionError, match="10 of its 20 records state no onset"):
        open_recording(made(tmp_path, dict.fromkeys(range(10), "?"), "EDF+D"))


@given(st.lists(st.floats(-0.004, 0.004), min_size=N, max_size=N))
@settings(max_examples=10, deadline=None)
def test_jitter_below_a_sample_is_no_gap(tmp_path_factory, jitter):
    tmp_path = tmp_path_factory.mktemp("jitter")
    onsets = {k: f"{k + 1 + by:+.6f}" for k, by in enumerate(jitter)}
    recording = open_recording(made(tmp_path, onsets, "EDF+D"))
    assert (recording.n_times, recording.gaps_s, codes(recording)) == (200 * N, (), set())


@given(st.lists(st.sampled_from([0.0, -0.3, -0.02, 0.02, 0.5, 90.0]), min_size=N, max_size=N))
@settings(max_examples=25, deadline=None)
def test_no_sample_is_lost_wherever_records_begin(tmp_path_factory, moves):
    onsets = np.arange(N) + np.cumsum(moves)
    path = made(
        tmp_path_factory.mktemp("moved"),
        {k: f"{at:+.6f}" for k, at in enumerate(onsets)},
        "EDF+D",
    )
    try:
        recording = open_recording(path)
    except NasionError as error:
        assert "states an onset" in str(error)  # noqa: PT017
        return
    signals = recording.signals()
    kept = np.isfinite(signals[0])
    assert kept.sum() == 200 * N
    np.testing.assert_allclose(signals[:, kept], SIGNALS, atol=1e-3)
    overlap = max(0.0, *(-np.array(moves[1:])))
    if overlap > 0.01:
        assert Code.ONSETS_EARLY in codes(recording)


@pytest.mark.parametrize("name", ["gap", "first alone", "negative", "all at 0"])
def test_annotations_of_a_copy_stand_where_they_were_put(tmp_path, name):
    target = tmp_path / "copy.edf"
    source = made(tmp_path, ODD[name], "EDF+C")
    copy_with_annotations(source, target, [(5.0, 1.0, "mine")])
    copied, recording = open_recording(target), open_recording(source)
    assert (5.0, 1.0, "mine") in copied.annotations
    np.testing.assert_array_equal(copied.signals(), recording.signals())


def test_a_start_that_no_calendar_reaches_is_not_known(tmp_path):
    path = made(tmp_path, {}, "EDF+C")
    raw = path.read_bytes()
    recorded = b"Startdate 31-DEC-9999 X X X".ljust(80)
    path.write_bytes(raw[:88] + recorded + b"31.12.9923.59.58" + raw[184:])
    recording = open_recording(path)
    assert recording.start is None
    assert Code.START_BEYOND in codes(recording)


@pytest.mark.parametrize("annotations", [None, ROOM])
def test_what_was_never_written_is_a_gap_and_costs_nothing(tmp_path, annotations):
    path = write(tmp_path / "a.edf", SIGNALS, annotations=annotations)
    raw, day = path.read_bytes(), 86_400
    n_header = int(raw[184:192])
    record_bytes = (len(raw) - n_header) // N
    n_records = 15 * day
    size = n_header + n_records * record_bytes
    header = raw[:236] + str(n_records).ljust(8).encode() + raw[244:n_header]
    with path.open("wb") as file:
        file.write(header + raw[n_header:])
        file.truncate(size)
        file.seek(n_header + (day - N) * record_bytes)
        file.write(raw[n_header:])
    if path.stat().st_blocks * 512 > size / 2:
        pytest.skip("the file system holds no holes")
    recording = open_recording(path)
    ((onset_s, duration_s),) = recording.gaps_s
    assert onset_s == pytest.approx(N, abs=1)
    assert onset_s + duration_s == pytest.approx(day - N, abs=1)
    assert recording.duration_s == pytest.approx(day, abs=1)
    np.testing.assert_allclose(recording.read(0, 200 * N), SIGNALS, atol=1e-3)
    begin = 200 * (day - N)
    np.testing.assert_allclose(recording.read(begin, begin + 200 * N), SIGNALS, atol=1e-3)
    assert codes(recording) >= {Code.NEVER_WRITTEN}
    with path.open("r+b") as file:
        file.truncate(n_header)
        file.truncate(size)
    recording = open_recording(path)  # of the block behind the header, zeros are there
    assert recording.duration_s <= 2
    assert Code.NEVER_WRITTEN in codes(recording)
