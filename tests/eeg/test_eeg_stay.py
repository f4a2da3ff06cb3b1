"""A stay in many files equals its files, each where its clock puts it."""

import itertools
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_edf import delay_records, eeg, write

from nasion.eeg.edf.writer import write_edf
from nasion.eeg.formats import open_recording
from nasion.eeg.recording import Recording
from nasion.eeg.remarks import Code, Remark
from nasion.eeg.stay import joined
from nasion.errors import NasionError
from nasion.terms import COLUMNS, DERIVATIONS, ELECTRODES, LEFT, MIDLINE, RIGHT, SFREQ

BEGIN = datetime(2024, 3, 30, 23, 59, 30)


def file(
    path: Path, after_s: float, duration_s: float, sfreq: float = 200.0, **more: object
) -> Recording:
    """Write and open a file that begins so many seconds after BEGIN."""
    labels = tuple(more.pop("labels", COLUMNS))  # type: ignore[call-overload]
    n_times = round(duration_s * sfreq)
    write_edf(
        path,
        [eeg(n_times, len(labels), seed=int(after_s)).astype(np.float32)],
        labels=labels,
        sfreq=sfreq,
        n_times=n_times,
        start=BEGIN + timedelta(seconds=after_s),
        **more,  # type: ignore[arg-type]
    )
    return open_recording(path)


def made(name: str, after_s: float, n_times: int, seed: int = 0) -> Recording:
    values = np.random.default_rng(seed).standard_normal((20, n_times)).astype(np.float32)
    return Recording(
        name,
        n_times,
        lambda start, stop: values[:, start:stop],
        start=BEGIN + timedelta(seconds=after_s),
    )


def test_files_stand_where_their_clocks_put_them(tmp_path):
    first = file(tmp_path / "a.edf", 0, 20, annotations=[(5.0, 1.0, "push button")])
    second = file(tmp_path / "b.edf", 20, 30, sfreq=256.0, annotations=[(2.5, 0.0, "light")])
    third = file(tmp_path / "c.edf", 110, 10, sfreq=500.0)
    stay = joined([third, first, second], "stay")
    assert (stay.name, stay.start, stay.duration_s) == ("stay", BEGIN, 120.0)
    assert stay.gaps_s == ((50.0, 60.0),)
    assert stay.annotations == ((5.0, 1.0, "push button"), (22.5, 0.0, "light"))
    assert stay.source_sfreq == 256.0
    whole = stay.signals()
    for recording, onset_s in ((first, 0), (second, 20), (third, 110)):
        at = slice(200 * onset_s, 200 * onset_s + recording.n_times)
        np.testing.assert_array_equal(whole[:, at], recording.signals())
    assert np.isnan(whole[:, 10_000:22_000]).all()
    assert not np.isnan(whole[:, :10_000]).any()


def test_one_file_is_itself(tmp_path):
    alone = file(tmp_path / "a.edf", 0, 10)
    stay = joined([alone], "stay")
    assert replace(stay, read=alone.read) == replace(alone, name="stay")
    np.testing.assert_array_equal(stay.signals(), alone.signals())


def test_gaps_within_files_and_between_them_are_one_where_they_touch(tmp_path):
    path = write(tmp_path / "b.edf", eeg(4000), annotations=[(0.0, 0.0, "room" * 9)])
    broken = replace(open_recording(delay_records(path, 5, 7.0)), start=BEGIN)
    late = replace(made("c", 37, 2000), gaps_s=((0.0, 3.0),), annotations=((4.0, 1.0, "x"),))
    stay = joined([broken, late], "stay")
    assert stay.gaps_s == ((5.0, 7.0), (27.0, 13.0))
    assert stay.annotations[-1] == (41.0, 1.0, "x")
    gaps = np.isnan(stay.read(0, broken.n_times)).all(axis=0)
    np.testing.assert_array_equal(gaps, np.isnan(broken.signals()).all(axis=0))


@given(
    lengths=st.lists(st.integers(1, 3000), min_size=1, max_size=5),
    rests=st.lists(st.integers(-200, 5000), min_size=5, max_size=5),
    cuts=st.lists(st.floats(0, 1), max_size=8),
)
@settings(deadline=None, max_examples=60)
def test_any_piece_equals_that_piece_of_the_whole(lengths, rests, cuts):
    files, first = [], 0
    for number, length in enumerate(lengths):
        files.append(made(f"{number}", first / SFREQ, length, seed=number))
        first = max(first + length + rests[number], 0 if not number else first)
    stay = joined(files, "stay")
    whole = stay.signals()
    edges = sorted({0, stay.n_times, *(round(cut * stay.n_times) for cut in cuts)})
    pieces = [stay.read(a, b) for a, b in itertools.pairwise(edges)]
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1), whole)
    silent = np.zeros(stay.n_times, bool)
    for onset_s, duration_s in stay.gaps_s:
        silent[round(onset_s * SFREQ) : round((onset_s + duration_s) * SFREQ)] = True
    np.testing.assert_array_equal(np.isnan(whole).all(axis=0), silent)
    with pytest.raises(ValueError, match="not within"):
        stay.read(0, stay.n_times + 1)


def test_only_what_is_asked_for_is_read():
    asked = []

    def read(start: int, stop: int) -> np.ndarray:
        asked.append((start, stop))
        return np.zeros((20, stop - start), np.float32)

    files = [replace(made(f"{hour}", 3600 * hour, 720_000), read=read) for hour in range(3)]
    stay = joined(files, "stay")
    assert asked == []
    stay.read(720_000 - 10, 720_000 + 30)
    assert asked == [(720_000 - 10, 720_000), (0, 30)]


def test_a_clock_set_back_a_little_leaves_out_the_beginning():
    first, second = made("a", 0, 2000), made("b", 9.5, 2000, seed=1)
    stay = joined([first, second], "stay")
    assert (stay.duration_s, stay.gaps_s) == (19.5, ())
    np.testing.assert_array_equal(stay.read(0, 2000), first.signals())
    np.testing.assert_array_equal(stay.read(2000, 3900), second.read(100, 2000))
    assert [warning.text for warning in stay.warnings] == [
        "b: begins 0.5 s before a ends; so much of its beginning was left out",
    ]


def test_a_file_between_two_samples_is_moved_by_half_a_sample_at_most():
    stay = joined([made("a", 0, 2000), made("b", 12.0024, 2000)], "stay")
    assert stay.n_times == 4400
    assert stay.gaps_s == ((10.0, 2.0),)


@pytest.mark.parametrize(
    ("after_s", "message"),
    [
        (8.9, "b: begins 1.1 s before a ends; give each stretch once"),
        (0.0, "b: begins 10 s before a ends"),
        (8 * 86400.0 + 10, "b: begins 8.0 days after a ends; correct its date"),
    ],
)
def test_what_is_no_stay_is_refused(after_s, message):
    with pytest.raises(NasionError, match=message) as error:
        joined([made("b", after_s, 2000), made("a", 0, 2000)], "stay")
    assert "\n" not in str(error.value)


def test_a_file_without_a_clock_is_named():
    files = [made("a", 0, 2000), replace(made("b", 0, 2000), start=None)]
    with pytest.raises(NasionError, match=r"^b: without a clock time.*export"):
        joined(files, "stay")
    with pytest.raises(NasionError, match="stay: no recording"):
        joined([], "stay")


def test_electrodes_and_references_may_differ_and_that_is_said(tmp_path):
    few, fewer = RIGHT, (*RIGHT, *MIDLINE)
    second = file(tmp_path / "b.edf", 20, 20, labels=tuple(f"{n}-A1" for n in (*few, "Resp")))
    third = file(tmp_path / "c.edf", 40, 20, labels=tuple(f"{n}-A1" for n in fewer))
    first = file(tmp_path / "a.edf", 0, 20, labels=tuple(n for n in COLUMNS if n != "C3"))
    part, stay = joined([second, third], "part"), joined([first, second, third], "stay")
    assert set(part.missing) == set(LEFT)
    assert part.references == ("A1",)
    assert Code.DIFFERING_REFERENCES not in {warning.code for warning in part.warnings}
    assert stay.missing == ()
    assert stay.interpolated == ("C3",)
    texts = [warning.text for warning in stay.warnings]
    assert f"b: {', '.join(LEFT + MIDLINE)} missing, unlike in other files" in texts
    assert f"c: {', '.join(LEFT)} missing, unlike in other files" in texts
    assert "a: C3 interpolated, unlike in other files" in texts
    assert "the reference differs between files: none stated in a, A1 in b, A1 in c" in texts
    nan = np.isnan(stay.signals()[COLUMNS.index("Pz")])
    assert not nan[:4000].any()
    assert nan[4000:8000].all()
    assert not nan[8000:].any()


def test_files_of_different_montages_are_never_mixed_in_silence(tmp_path):
    pairs = [pair for pair in DERIVATIONS if pair[0] in LEFT]
    bipolar_one = tuple("-".join(pair) for pair in pairs)
    files = [
        file(tmp_path / "a.edf", 0, 20, labels=ELECTRODES),
        file(tmp_path / "b.edf", 20, 20, labels=bipolar_one),
    ]
    stay = joined(files, "stay")
    texts = [warning.text for warning in stay.warnings]
    assert (
        "the montage differs between files: full in a, one side (left), 8 electrodes, bipolar in b"
        in texts
    )
    assert stay.read_channels is None
    nan = np.isnan(stay.read(4000, 8000)).all(axis=1)
    assert {COLUMNS[row] for row in np.flatnonzero(nan)} >= {*MIDLINE, *RIGHT}
    alike = joined([file(tmp_path / "c.edf", 60, 20, labels=bipolar_one), files[1]], "stay")
    assert Code.DIFFERING_MONTAGES not in {warning.code for warning in alike.warnings}
    channels = alike.read_channels(3000, 9000)
    assert channels.shape == (8, 6000)
    assert np.isnan(channels[:, 1000:5000]).all()
    np.testing.assert_array_equal(channels[:, :1000], files[1].read_channels(3000, 4000))


def test_warnings_name_their_file():
    odd = Remark(Code.NO_UNIT, {"labels": ("Fp1", "F3"), "taken": "uV"})
    files = [replace(made("a", 0, 2000), warnings=(odd,)), made("b", 10, 2000)]
    stay = joined(files, "stay")
    assert stay.warnings == (replace(odd, file="a"),)
    assert str(stay.warnings[0]) == "a: Fp1, F3: no unit is stated: taken as uV"
    twice = joined([stay, made("c", 30, 2000)], "hospital")
    assert str(twice.warnings[0]).startswith("stay: a: Fp1, F3: ")
