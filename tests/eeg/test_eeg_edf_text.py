"""What is spelled as EDF+ text is read back, whatever the words, the times and the locale."""

import os
import shutil
import subprocess
import sys
from datetime import datetime

import edfio
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nasion.eeg.annotations import cleaned, printable
from nasion.eeg.edf import text
from nasion.eeg.edf.copy import Disguise, copy_with_annotations
from nasion.eeg.edf.start import stated_start
from nasion.eeg.edf.writer import write_annotations, write_edf
from nasion.eeg.formats import open_recording
from nasion.terms import COLUMNS

ONSETS = st.floats(-1e6, 1e7).map(lambda seconds: round(seconds, 6))
DURATIONS = st.floats(0, 1e6).map(lambda seconds: round(seconds, 6))
TEXTS = st.text(max_size=30)
ANNOTATIONS = st.lists(st.tuples(ONSETS, DURATIONS, TEXTS), max_size=6)
DATES = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31))


def spelled(annotations):
    """As they are read back: without what can't be printed, and without those that say nothing."""
    clean = [(onset_s, duration_s, printable(words)) for onset_s, duration_s, words in annotations]
    return sorted(entry for entry in clean if entry[2])


@given(own=ONSETS, annotations=ANNOTATIONS)
@example(own=0.0, annotations=[(1.0, 2.0, "a\x14b\x15c\0d\ne"), (-1e-6, 0.0, "µ")])
def test_a_record_gives_its_onset_and_its_annotations(own, annotations):
    record = text.stamp(text.onset(own)) + b"".join(text.tal(*entry) for entry in annotations)
    assert float(text.stated_onset(record)) == own
    assert sorted(text.read_tals(record.ljust(500, b"\0"))) == spelled(annotations)


@given(words=TEXTS)
def test_cleaning_once_is_enough(words):
    clean = printable(words)
    assert printable(clean) == clean == text.decode(clean.encode())
    assert not set(clean) & set("\0\x14\x15\n\x1b")


@pytest.mark.parametrize("record", [b"", b"\0\0", b"noise", b"+1", b"\x14\x14\0", b"+2\x14\0"])
def test_damaged_records_give_nothing(record):
    assert text.read_tals(record) == []
    assert text.stated_onset(record) == b""


@pytest.mark.parametrize(
    ("number", "value"),
    [
        (b"+1,5", 1.5), (b"1.5", 1.5), (b"1,5", 1.5), (b"-1,5", -1.5), (b"+1.", 1), (b"+,5", 0.5),
        (b"1.5e2", 150), (b" +3 ", 3), (b"+007", 7), (b"+1.234,5", None), (b"+1:30", None),
        (b"+1e400", None), (b"nan", None), (b"inf", None), (b"1_0", None), (b"", None),
        (b"+-1", None), (b"+1e12", None), ("\u0661".encode(), None),
    ],
)  # fmt: skip
def test_an_onset_is_read_or_known_as_unread(number, value):
    read, remarks = cleaned(text.read_tals(number + b"\x152,5\x14a\x14\0"))
    assert read == (() if value is None else ((value, 2.5, "a"),))
    assert bool(remarks) == (value is None)
    (entry,), remarks = cleaned(text.read_tals(b"+1\x15" + number + b"\x14a\x14\0"))
    assert entry == (1, max(value or 0, 0), "a")
    assert bool(remarks) == (number != b"" and (value is None or value < 0))


@given(raw=st.binary(max_size=60))
def test_no_bytes_break_the_reading_of_annotations(raw):
    stated = text.read_tals(raw)
    read, _ = cleaned(stated)
    assert len(read) <= len(stated)
    assert np.isfinite(text.seconds(text.stated_onset(raw) or b"0"))


@given(words=TEXTS, width=st.integers(1, 80))
def test_a_field_is_printable_ascii_of_its_width(words, width):
    field = text.field(words, width)
    assert len(field) == width
    assert all(0x20 <= letter <= 0x7E for letter in field)
    if words.isascii() and words.isprintable() and len(words) <= width:
        assert text.decode(field) == words.strip()


@given(date=DATES)
def test_dates_are_read_back(date):
    day = text.day(date)
    assert text.read_day(day) == text.read_day(day.lower()) == date.date()
    main = bytes(88) + text.field(text.recorded(date), 80) + text.clock(date) + bytes(72)
    assert stated_start(main) == (date.replace(microsecond=0), ())


ABROAD = """
import locale, sys
from datetime import datetime
from pathlib import Path
import numpy as np
from nasion.eeg.edf.copy import Disguise, copy_with_annotations
from nasion.eeg.edf.header import read_header
from nasion.eeg.edf.writer import write_edf

locale.setlocale(locale.LC_ALL, "de_DE.UTF-8")
folder = Path(sys.argv[1])
for month in range(1, 13):
    start = datetime(2031, month, 2, 3, 4, 5)
    one, other = folder / "a.edf", folder / "b.edf"
    write_edf(one, [np.zeros((1, 4))], labels=["Cz"], sfreq=4.0, n_times=4, start=start)
    copy_with_annotations(one, other, [], disguise=Disguise(start, str))
    assert read_header(one).start == read_header(other).start == start
    print(f"{start:%b}", other.read_bytes()[98:109].decode())
"""


def test_months_are_english_where_the_locale_is_not(tmp_path):
    if not shutil.which("localedef"):
        pytest.skip("no localedef to make a locale with")
    made = ["localedef", "-i", "de_DE", "-f", "UTF-8", str(tmp_path / "de_DE.UTF-8")]
    if subprocess.run(made, capture_output=True, check=False).returncode > 1:
        pytest.skip("the German locale can't be made here")
    done = subprocess.run(
        [sys.executable, "-c", ABROAD, str(tmp_path)],
        env={**os.environ, "LOCPATH": str(tmp_path), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    german, english = zip(*map(str.split, done.stdout.splitlines()), strict=True)
    assert {"Mai", "Dez"} < {month[:3] for month in german}
    assert [day[3:6] for day in english] == list(text.MONTHS)


@pytest.mark.parametrize("day", ["", "X", "31-FEB-2031", "03-MRZ-2031", "3-2-2031", "03-FEB-x"])
def test_what_is_no_date_is_refused(day):
    with pytest.raises(ValueError, match=r"\w"):
        text.read_day(day)


@settings(max_examples=25, deadline=None)
@given(annotations=ANNOTATIONS, start=st.none() | DATES.filter(lambda at: at.year in text.YEARS))
def test_what_is_written_is_read_back_and_the_copy_says_the_same(
    tmp_path_factory, annotations, start
):
    folder = tmp_path_factory.mktemp("text")
    signals = np.random.default_rng(0).standard_normal((20, 400)).astype(np.float32) * 50
    form = {"labels": COLUMNS, "sfreq": 200.0, "n_times": 400, "start": start}
    write_edf(folder / "a.edf", [signals], **form, annotations=annotations)
    assert list(open_recording(folder / "a.edf").annotations) == spelled(annotations)
    write_edf(folder / "b.edf", [signals], **form)
    copy_with_annotations(folder / "b.edf", folder / "c.edf", annotations)
    copied = open_recording(folder / "c.edf")
    assert list(copied.annotations) == spelled(annotations)
    disguise = Disguise(start, str)
    copy_with_annotations(folder / "c.edf", folder / "d.edf", annotations[:1], disguise=disguise)
    bare = open_recording(folder / "d.edf")
    assert list(bare.annotations) == spelled(annotations[:1])
    assert bare.start == copied.start == open_recording(folder / "a.edf").start
    write_annotations(folder / "e.edf", annotations, start)
    read = edfio.read_edf(folder / "e.edf").annotations
    near = [(one.onset, one.duration or 0.0, one.text) for one in read if one.text]
    assert [entry[1:] for entry in sorted(near)] == [entry[1:] for entry in spelled(annotations)]
