"""Bounded: what states or holds far more than a recording is refused early, or read in part."""

import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made_edf import eeg, write

from nasion.eeg import inspection, parquet
from nasion.eeg.formats import open_recording
from nasion.eeg.inspection import check_recording
from nasion.eeg.numbers import number, quotient
from nasion.eeg.recording import Recording
from nasion.errors import NasionError
from nasion.terms import COLUMNS, ELECTRODES


def written(path, n_times=2000):
    pq.write_table(pa.table(dict(zip(COLUMNS, eeg(n_times).astype(np.float32), strict=True))), path)
    return path


def test_a_row_group_that_no_memory_holds_is_refused_by_its_metadata(tmp_path, monkeypatch):
    path = written(tmp_path / "a.parquet")
    monkeypatch.setattr(parquet, "MOST_GROUP_BYTES", 2000 * 20 * 4 - 1)
    monkeypatch.setattr(parquet, "_row_group", None)  # it would be called
    with pytest.raises(NasionError, match=r"a row group of 2,000 rows; write it anew in smaller"):
        open_recording(path)


def test_more_rows_than_any_recording_are_refused_by_their_number(tmp_path, monkeypatch):
    path = written(tmp_path / "a.parquet")
    monkeypatch.setattr(parquet, "LONGEST_S", 9.0)
    with pytest.raises(NasionError, match="holds 2,000 rows"):
        open_recording(path)


def test_thousands_of_channels_are_opened_in_seconds(tmp_path):
    labels = (*ELECTRODES, *(f"AUX{number}" for number in range(4077)))
    signals = np.resize(eeg(400), (4096, 400))
    began = time.process_time()
    recording = open_recording(write(tmp_path / "a.edf", signals, labels=labels))
    np.testing.assert_array_equal(recording.signals()[:19], signals[:19].astype(np.float32))
    assert len(recording.ignored) == 4077
    assert time.process_time() - began < 60


def test_of_a_very_long_recording_minutes_stand_for_the_whole(monkeypatch):
    monkeypatch.setattr(inspection, "MOST_MINUTES", 8)
    monkeypatch.setattr(inspection, "SAMPLED_MINUTES", 4)
    minutes: set[int] = set()
    signals = eeg(12_000)

    def read(start, stop):
        minutes.add(start // 12_000)
        return signals[:, : stop - start].astype(np.float32)

    found = check_recording(Recording("long", 12_000 * 10, read))
    (said,) = (text for text in found["findings"] if text.startswith("long: "))
    assert said == "long: 4 of its 10 minutes were looked at, one in 3: all shares are of these"
    assert {0, 3, 6, 9} <= minutes
    assert found["electrodes"]["C3"]["nan_share"] == 0
    short = check_recording(Recording("short", 12_000 * 8, read))
    assert not any(text.startswith("long: ") for text in short["findings"])


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("1,5", 1.5), (" -2e3 ", -2000), (".5", 0.5), ("1e-400", 0), ("0", 0)],
)
def test_numbers_are_read(text, value):
    assert quotient(text) == number(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "nan", "inf", "1e999999", "1e999999999999", "1_0", "0x10", "1/3", "\u0663", "9" * 500],
)
def test_what_is_no_number_is_none_at_once(text):
    began = time.process_time()
    assert np.isnan(number(text))
    with pytest.raises(ValueError, match="no number"):
        quotient(text)
    assert time.process_time() - began < 0.1
