"""Annotations of any kind: what has a time stays, the rest is said, nothing fails on it later."""

from datetime import UTC, datetime, timedelta
from math import inf, nan

import mne
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from made_eeg import made_eeg
from nasion.eeg.annotations import FURTHEST_S, LONGEST_TEXT, MOST, cleaned, printable
from nasion.eeg.edf.writer import write_annotations
from nasion.eeg.formats import open_recording
from nasion.eeg.mne_raw import SKIP
from nasion.eeg.remarks import Code
from nasion.files import write_json, write_text
from nasion.terms import COLUMNS

NO_TIMES = (nan, inf, -inf, 1e308, -1e308, 1e10)
NUMBERS = st.one_of(st.floats(), st.sampled_from((*NO_TIMES, 0.0, -0.0, -1.0, 2.0**31, 5e-324)))
WORDS = st.one_of(
    st.text(max_size=20), st.sampled_from(("\ud800", "a\udfffb", "\0\x14\x15", "\u202e", ""))
)
STARTS = st.none() | st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31))


def raw_with(onset_s, duration_s, text, start=None):
    """An mne.io.Raw whose annotation holds what MNE takes, then what files have put there."""
    kinds = ["eeg"] * 19 + ["ecg"]
    signals = made_eeg(12.0) * 1e-6
    raw = mne.io.RawArray(signals, mne.create_info(list(COLUMNS), 200.0, kinds), verbose="error")
    raw.set_meas_date(start)
    annotations = mne.Annotations([0.0], [0.0], [text], orig_time=start)
    annotations.onset, annotations.duration = np.array([onset_s]), np.array([duration_s])
    raw._annotations = annotations
    return raw


@settings(deadline=None, max_examples=50)
@given(stated=st.lists(st.tuples(NUMBERS, NUMBERS, WORDS), max_size=5), start=STARTS)
def test_what_is_left_can_be_written_anywhere(tmp_path_factory, stated, start):
    kept, remarks = cleaned(stated, start)
    assert list(kept) == sorted(kept)
    assert len(kept) + sum(r.values["n"] for r in remarks if r.code is Code.UNREAD_ONSETS) == len(
        stated
    )
    for onset_s, duration_s, text in kept:
        assert abs(onset_s) <= FURTHEST_S
        assert 0 <= duration_s <= FURTHEST_S
        assert start is None or start + timedelta(seconds=onset_s + duration_s)
        text.encode("utf-8")
    folder = tmp_path_factory.getbasetemp()
    write_annotations(folder / "a.edf", kept, start)
    write_json(folder / "a.json", kept)
    write_text(folder / "a.txt", "".join(text for *_, text in kept))


@pytest.mark.parametrize("onset_s", NO_TIMES)
def test_an_onset_that_is_no_time_is_left_out_and_said(onset_s):
    kept, (remark,) = cleaned([(onset_s, 1.0, "a"), (1.0, 1.0, "b")])
    assert kept == ((1.0, 1.0, "b"),)
    assert (remark.code, remark.values) == (Code.UNREAD_ONSETS, {"n": 1})


@pytest.mark.parametrize("duration_s", [*NO_TIMES, -1.0])
def test_a_duration_that_cannot_be_is_said_and_the_moment_stays(duration_s):
    kept, (remark,) = cleaned([(1.0, duration_s, "a")])
    assert kept == ((1.0, 0.0, "a"),)
    assert remark.code is Code.UNREAD_DURATIONS


def test_times_beyond_the_calendar_are_none():
    start = datetime(9999, 12, 31, 23, 59)
    kept, (remark,) = cleaned([(59.0, 0.0, "a"), (61.0, 0.0, "b")], start)
    assert [entry[2] for entry in kept] == ["a"]
    assert remark.code is Code.UNREAD_ONSETS


def test_long_texts_are_cut_and_said():
    ((*_, text),), (remark,) = cleaned([(1.0, 0.0, "word " * 2_000_000)])
    assert len(text) <= LONGEST_TEXT
    assert text.endswith(" ...")
    assert remark.code is Code.CUT_TEXTS


def test_too_many_annotations_are_left_out_and_said():
    kept, (remark,) = cleaned([(float(second), 0.0, "a") for second in range(MOST + 5)])
    assert len(kept) == MOST
    assert (remark.code, remark.values) == (Code.MORE_ANNOTATIONS, {"n": 5})
    kept, (remark,) = cleaned([(float(second), 0.0, "a" * 4000) for second in range(2600)])
    assert len(kept) == 2500
    assert (remark.code, remark.values) == (Code.MORE_ANNOTATIONS, {"n": 100})


@pytest.mark.parametrize("text", ["a\ud800b", "a\0b", "a\u202eb", "a\nb", "a\x1bb"])
def test_what_cannot_be_printed_is_a_blank(text):
    assert printable(text) == "a b"


@pytest.mark.parametrize("start", [None, datetime(2026, 1, 1, tzinfo=UTC)])
@pytest.mark.parametrize("onset_s", [*NO_TIMES, -5.0, 1e8])
@pytest.mark.parametrize("duration_s", [nan, inf, -1.0, 1e308])
def test_a_recording_of_mne_opens_whatever_its_annotation_says(onset_s, duration_s, start):
    recording = open_recording(raw_with(onset_s, duration_s, "a", start))
    codes = {remark.code for remark in recording.warnings}
    assert codes == {Code.UNREAD_ONSETS if onset_s in NO_TIMES or onset_s != onset_s
                     else Code.UNREAD_DURATIONS}  # fmt: skip


@pytest.mark.parametrize(
    ("onset_s", "duration_s", "gaps_s"),
    [
        (3.0, inf, ((3.0, 9.0),)),
        (-5.0, 8.0, ((0.0, 3.0),)),
        (10.0, 1e308, ((10.0, 2.0),)),
        (-inf, 1.0, ()),
        (1e308, 1.0, ()),
        (20.0, 5.0, ()),
        (nan, 5.0, ()),
        (5.0, nan, ()),
        (5.0, -2.0, ()),
    ],
)
def test_what_mne_skipped_is_a_gap_within_the_recording(onset_s, duration_s, gaps_s):
    recording = open_recording(raw_with(onset_s, duration_s, SKIP))
    assert recording.gaps_s == gaps_s
    assert bool(recording.warnings) == (onset_s + duration_s != onset_s + duration_s)
    nothing = np.isnan(recording.signals()).all(axis=0)
    assert nothing.sum() == 200 * sum(length_s for _, length_s in gaps_s)
