"""Stretches hold every sample of a recording, and of its long gaps next to nothing."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_edf import delay_records, eeg, write

from nasion.eeg.formats import open_recording
from nasion.eeg.inspection import check_recording
from nasion.eeg.recording import Recording
from nasion.eeg.remarks import Code
from nasion.eeg.stretches import EDGE_S, LONG_GAP_S, blocks, pieces, places, stretches
from nasion.terms import SFREQ

lengths_s = st.lists(
    st.tuples(st.floats(0.5, 300.0), st.floats(0.1, 4000.0)), min_size=1, max_size=6
)


@given(lengths_s, st.booleans(), st.booleans())
def test_all_signal_is_in_stretches_and_nothing_else(parts, gap_first, gap_last):
    gaps, at_s, recorded = [], 0.0, []
    for number, (length_s, gap_s) in enumerate(parts):
        if gap_first or number:
            gaps.append((at_s, gap_s))
            at_s += gap_s
        recorded.append((at_s, at_s + length_s))
        at_s += length_s
    if gap_last:
        gaps.append((at_s, 90.0))
        at_s += 90.0
    n_times = round(at_s * SFREQ)
    found = stretches(gaps, n_times)
    starts, stops = np.array(found).T
    assert (starts < stops).all()
    assert (starts[1:] > stops[:-1]).all()
    for start_s, stop_s in recorded:
        middle = (start_s + stop_s) / 2 * SFREQ
        at = int(np.searchsorted(stops, middle, "right"))
        assert starts[at] <= max(round(start_s * SFREQ) - 1, 0)
        assert stops[at] >= min(round(stop_s * SFREQ) + 1, n_times)
    short = sum(length for _, length in gaps if length < LONG_GAP_S)
    signal_s = sum(stop - start for start, stop in recorded) + short
    assert (stops - starts).sum() <= (signal_s + 2 * EDGE_S * len(found)) * SFREQ + len(found)


@given(lengths_s, st.integers(1, 5000), st.integers(0, 900), st.integers(1, 40))
def test_blocks_and_their_pieces_hold_the_spans_with_what_is_around(parts, length, around, most):
    at, spans = 0, []
    for length_s, gap_s in parts:
        spans.append((at + round(gap_s), at + round(gap_s) + round(length_s * 10)))
        at = spans[-1][1] + 1
    runs = blocks(spans, length, around, around)
    assert all(first < stop for first, stop in runs)
    assert all(a[1] < b[0] for a, b in pairwise(runs))
    held = np.zeros(at // length + around // length + 3, bool)
    for first, stop in pieces(runs, most):
        assert stop - first <= most
        assert not held[first:stop].any()
        held[first:stop] = True
    wanted = np.zeros_like(held)
    for start, stop in spans:
        wanted[max(start - around, 0) // length : -(-(stop + around) // length)] = True
    np.testing.assert_array_equal(held, wanted)


def test_places_are_those_of_the_samples_side_by_side():
    spans = ((5, 8), (20, 21), (30, 34))
    beside = [sample for span in spans for sample in range(*span)]
    assert places(spans, np.arange(8)) == beside
    assert places(((0, 100),), np.array([0, 7, 99, 100])) == [0, 7, 99, 100]


def far_apart(tmp_path, unit="uV", gap_s=6 * 3600.0):
    signals = eeg(200 * 40)
    path = write(tmp_path / "a.edf", signals, unit=unit, annotations=[(0.0, 0.0, "room" * 9)])
    delay_records(path, 31, gap_s)
    return delay_records(path, 12, gap_s)


def counted(recording: Recording) -> tuple[Recording, list[int]]:
    """A recording that notes how much of it is read."""
    read, lengths = recording.read, []

    def noted(start, stop):
        lengths.append(stop - start)
        return read(start, stop)

    return replace(recording, read=noted), lengths


def test_a_check_reads_the_signal_alone_and_says_the_same(tmp_path):
    recording, lengths = counted(open_recording(far_apart(tmp_path)))
    found = check_recording(recording)
    assert recording.duration_s == 40 + 12 * 3600
    assert sum(lengths) < 60 * SFREQ
    whole = check_recording(open_recording(far_apart(tmp_path, gap_s=120.0)))
    untold = check_recording(replace(open_recording(far_apart(tmp_path, gap_s=120.0)), gaps_s=()))
    assert whole["electrodes"] == untold["electrodes"]
    for name, channel in found["electrodes"].items():
        nan_share = channel.pop("nan_share")
        assert nan_share == pytest.approx(1 - 40 / recording.duration_s, abs=1e-5)
        other = {key: value for key, value in whole["electrodes"][name].items() if key in channel}
        assert channel == other


def test_a_mistaken_unit_is_seen_in_clips_that_lie_far_apart(tmp_path):
    path = far_apart(tmp_path, "mV")
    raw = path.read_bytes()
    units = 256 + (16 + 80) * 21
    path.write_bytes(raw[:units] + b"V       " * 20 + raw[units + 160 :])
    recording = open_recording(path)
    assert {warning.code for warning in recording.warnings} == {Code.UNIT_UNDONE}
