"""What a file holds is read, whatever its header says of it, and the difference is said."""

from datetime import datetime

import edfio
import numpy as np
import pytest
from made_edf import eeg, write

from nasion.eeg.edf.copy import copy_with_annotations
from nasion.eeg.edf.header import read_header
from nasion.eeg.formats import open_recording
from nasion.eeg.remarks import Code
from nasion.errors import NasionError
from nasion.terms import COLUMNS

SECONDS = 10
N_FIELDS = 256 * (len(COLUMNS) + 1)
KINDS = pytest.mark.parametrize("kind", ["edf", "bdf", "edf+"])


@pytest.fixture
def made(tmp_path, kind):
    """Bytes of a file of 10 s in records of 1 s, and the length of a record."""
    path = tmp_path / f"whole.{kind.removesuffix('+')}"
    annotations = [(1.0, 0.0, "x")] if kind == "edf+" else None
    write(path, eeg(200 * SECONDS), annotations=annotations)
    return path.read_bytes(), read_header(path).record_bytes


@pytest.fixture
def opened(tmp_path, kind, made):
    """What is read of these bytes."""

    def open_bytes(raw):
        path = tmp_path / f"changed.{kind.removesuffix('+')}"
        path.write_bytes(raw)
        recording = open_recording(path)
        whole = open_recording(tmp_path / f"whole.{kind.removesuffix('+')}").signals()
        shared = min(whole.shape[1], recording.n_times)
        np.testing.assert_array_equal(recording.signals()[:, :shared], whole[:, :shared])
        return recording

    return open_bytes


def stating(raw: bytes, n_records: str | None = None, n_bytes: str | None = None) -> bytes:
    """The same file with another record count, or length of its header, in its header."""
    for begin, text in ((236, n_records), (184, n_bytes)):
        if text is not None:
            raw = raw[:begin] + text.encode().ljust(8) + raw[begin + 8 :]
    return raw


def codes(recording):
    return [remark.code for remark in recording.warnings]


@KINDS
@pytest.mark.parametrize("lost", [0.001, 1.0, 8.9])
def test_of_a_file_that_breaks_off_the_whole_records_are_read(made, opened, lost):
    raw, n = made
    recording = opened(raw[: len(raw) - max(round(lost * n), 1)])
    held = int(SECONDS - lost)
    assert recording.duration_s == held
    assert recording.warnings[0].code is Code.CUT_SHORT
    assert f"holds {held} s of the 10 s" in recording.warnings[0].text
    assert f"{SECONDS - held} s are missing" in recording.warnings[0].text


@KINDS
@pytest.mark.parametrize("count", ["-1", "", "*"])
@pytest.mark.parametrize("lost", [0, 1.5])
def test_without_a_record_count_those_there_are_counted(made, opened, count, lost):
    raw, n = made
    recording = opened(stating(raw[: len(raw) - round(lost * n)], count))
    held = int(SECONDS - lost)
    assert recording.duration_s == held
    assert f"never closed it: the {held} s that it holds" in recording.warnings[0].text
    assert (Code.TRAILING_BYTES in codes(recording)) == bool(lost)


@KINDS
@pytest.mark.parametrize("count", [0, 9])
def test_records_that_the_header_does_not_count_are_read(made, opened, count):
    recording = opened(stating(made[0], str(count)))
    assert recording.duration_s == SECONDS
    assert codes(recording) == [Code.MORE_RECORDS]
    assert f"{SECONDS - count} s more than its header states" in recording.warnings[0].text


@KINDS
@pytest.mark.parametrize("count", ["-1", "6"])
@pytest.mark.parametrize("fill", [b"\0", b"\xff"])
def test_place_that_was_kept_for_records_is_no_signal(made, opened, kind, count, fill):
    raw, n = made
    recording = opened(stating(raw + fill * (7 * n + 5), count))
    assert recording.duration_s == SECONDS
    assert "(7" in recording.warnings[-1].text
    assert recording.warnings[-1].code is Code.TRAILING_BYTES


@KINDS
@pytest.mark.parametrize("more", [1, 3000])
@pytest.mark.parametrize("filling", [b" ", b"\0", b"<xml/>\n"])
def test_signal_begins_where_a_longer_header_says(made, opened, kind, more, filling):
    raw, _ = made
    fields = N_FIELDS + 256 * (kind == "edf+")
    padding = (filling * more)[:more]
    longer = raw[:fields] + padding + raw[fields:]
    for count in (None, "-1"):
        recording = opened(stating(longer, count, str(fields + more)))
        assert recording.duration_s == SECONDS
        assert codes(recording) == [Code.NEVER_CLOSED] * (count is not None)


@KINDS
@pytest.mark.parametrize("length", ["", "0", "256", "5119", "8192", "99999999"])
def test_a_length_of_the_header_that_can_not_be_is_computed(made, opened, length):
    recording = opened(stating(made[0], n_bytes=length))
    assert recording.duration_s == SECONDS
    assert codes(recording) == [Code.HEADER_LENGTH]


@KINDS
def test_blanks_behind_a_header_that_does_not_count_them_are_no_signal(made, opened, kind):
    fields = N_FIELDS + 256 * (kind == "edf+")
    recording = opened(made[0][:fields] + b" " * 3000 + made[0][fields:])
    assert recording.duration_s == SECONDS
    assert codes(recording) == [Code.HEADER_LENGTH]


@KINDS
@pytest.mark.parametrize("rest", [0, 1, 2000])
def test_a_file_without_a_whole_record_is_refused(made, opened, kind, rest):
    fields = N_FIELDS + 256 * (kind == "edf+")
    with pytest.raises(NasionError, match=r"record; copy it|records; copy it") as error:
        opened(made[0][: fields + rest])
    assert "\n" not in str(error.value)


@KINDS
def test_the_copy_of_a_file_that_was_never_closed_is_closed(tmp_path, made, kind):
    raw, n = made
    suffix = kind.removesuffix("+")
    fields = N_FIELDS + 256 * (kind == "edf+")
    longer = raw[:fields] + b" " * 700 + raw[fields : len(raw) - n // 2]
    source, copy = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    source.write_bytes(stating(longer, "-1", str(fields + 700)))
    copy_with_annotations(source, copy, [(3.0, 1.0, "event")])
    read = edfio.read_edf(copy) if suffix == "edf" else edfio.read_bdf(copy)
    assert read.num_data_records == SECONDS - 1
    copied = open_recording(copy)
    assert copied.warnings == ()
    np.testing.assert_array_equal(copied.signals(), open_recording(source).signals())
    assert (3.0, 1.0, "event") in copied.annotations


def started(tmp_path, recording: str, day: str, clock: str = "10.00.00", encoding="latin-1"):
    path = write(tmp_path / "a.edf", eeg(400))
    raw = path.read_bytes()
    field = recording.encode(encoding).ljust(80)
    path.write_bytes(raw[:88] + field + day.encode().ljust(8) + clock.encode() + raw[184:])
    opened = open_recording(path)
    return opened.start, [remark.code for remark in opened.warnings]


MARCH = datetime(2020, 3, 5, 10)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
@pytest.mark.parametrize(
    "exact",
    [
        "05-MAR-2020", "05-mar-2020", "05-MRZ-2020", "05-MÄR-2020", "05-MÄRZ-2020", "05-mars-2020",
        "05-03-2020", "05-???-2020", "05--2020", "05-MRZ.-2020", "2020-03-05", "x-y-z", "X",
        "05-MAR-20", "31-FEB-2020", "5/3/2020",
    ],
)  # fmt: skip
def test_a_date_that_can_be_read_counts(tmp_path, exact, encoding):
    text = f"Startdate {exact} X X X"
    assert started(tmp_path, text, "05.03.20", encoding=encoding) == (MARCH, [])


@pytest.mark.parametrize("day", ["", "yy", "05.03.yy", "45.03.20", "05.XX.20", "01.01.85", "X"])
def test_the_date_with_four_digits_counts_where_the_other_says_nothing(tmp_path, day):
    assert started(tmp_path, "Startdate 05-MAR-2020 X X X", day) == (MARCH, [])


def test_the_month_of_a_late_year_is_taken_from_beside_it(tmp_path):
    start, _ = started(tmp_path, "Startdate 05-MAI-2120 X X X", "05.05.yy")
    assert start == datetime(2120, 5, 5, 10)


@pytest.mark.parametrize(
    ("day", "year"), [("05.03.85", 1985), ("05.03.99", 1999), ("05.03.00", 2000),
                      ("05.03.84", 2084), ("5.3.2020", 2020), ("05/03/20", 2020), ("5.3.120", 2020)]
)  # fmt: skip
def test_two_digits_of_a_year_are_of_1985_to_2084(tmp_path, day, year):
    assert started(tmp_path, "X", day) == (datetime(year, 3, 5, 10), [])


def test_of_two_dates_the_one_with_four_digits_counts_and_both_are_said(tmp_path):
    start, said = started(tmp_path, "Startdate 05-MAR-2020 X X X", "06.03.20")
    assert (start, said) == (MARCH, [Code.DATES_DIFFER])


@pytest.mark.parametrize(
    ("recording", "day", "clock", "said"),
    [
        ("Startdate 05-MRZ-2020 X X X", "yy", "10.00.00", True),
        ("X", "05.13.20", "10.00.00", True),
        ("X", "05.03.20", "25.00.00", True),
        ("X", "05.03.20", "10h00m  ", True),
        ("Startdate X X X X", "01.01.85", "00.00.00", False),
        ("X", "00.00.00", "00.00.00", False),
        ("X", "05.03.20", "        ", False),
        ("", "", "        ", False),
    ],
)
def test_no_start_is_made_up(tmp_path, recording, day, clock, said):
    assert started(tmp_path, recording, day, clock) == (None, [Code.START_UNREAD] * said)
