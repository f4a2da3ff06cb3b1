"""A table is the same however its csv is written; or one line says why it is none."""

import csv
import gzip
import io
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasion.errors import NasionError
from nasion.spreadsheet import SEPARATORS, read_spreadsheet

NAMES = ("eeg_id", "seizure_vote", "offset")
ROWS = [["7", "3", "0.5"], ["8", "", "-12.25"], ["9", "0", "1e-3"]]
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252")


def written(separator=",", names=NAMES, rows=ROWS, newline="\n", **spelling):
    file = io.StringIO()
    csv.writer(file, delimiter=separator, lineterminator=newline, **spelling).writerows(
        [names, *rows]
    )
    return file.getvalue()


@pytest.fixture
def read(tmp_path):
    def read_content(content, name="table.csv", known=NAMES):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_spreadsheet(path, known)

    return read_content


@pytest.fixture
def refusal(read, tmp_path):
    def refused(content):
        with pytest.raises(NasionError) as error:
            read(content)
        assert str(error.value).startswith(f"{tmp_path / 'table.csv'}: ")
        assert "\n" not in str(error.value)
        return str(error.value)

    return refused


def check(table, rows=ROWS):
    assert list(table) == list(NAMES)
    assert table.to_numpy().tolist() == rows


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_any_separator_and_encoding(read, separator, encoding, newline):
    check(read(written(separator, newline=newline).encode(encoding)))


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_a_comma_is_a_point_where_it_does_not_separate(read, separator):
    check(read(written(separator, rows=[[cell.replace(".", ",") for cell in row] for row in ROWS])))
    check(read(f"sep={separator}\n{written(separator)}"))
    unclear = [["7", "3", "12,500"]]  # thousands, or thousandths
    check(read(written(separator, rows=unclear)), unclear)


@pytest.mark.parametrize(
    "names",
    [
        (" eeg_id", "seizure_vote ", "\toffset"),
        ("EEG_ID", "Seizure_Vote", "OFFSET"),
        ("EEG Id", "seizure-vote", "offset:"),
        ("\ufeffeeg_id", "seizure__vote", "Offset."),
    ],
)
def test_names_are_found_however_they_are_spelled(read, names):
    check(read(written(names=names)))
    check(read(written(names=names, quoting=csv.QUOTE_ALL)))


def test_lines_are_those_of_the_file(read):
    table = read("\n" + written().replace("\n8", "\n\n , ,\n8"))
    check(table)
    assert table.index.tolist() == [3, 6, 7]


def test_short_rows_blanks_and_empty_columns_do_no_harm(read):
    check(read("eeg_id,seizure_vote,offset,,\n 7 ,3,0.5,,\n8,,-12.25\n9,0,1e-3,\n"))
    short = read("eeg_id,seizure_vote,offset\n7\n")
    check(short, [["7", "", ""]])


def test_the_same_column_twice_must_say_the_same(read, refusal):
    table = read("eeg_id,note,eeg_id,note\n7,a,7,b\n")
    assert table["eeg_id"].tolist() == ["7"]
    assert "column eeg_id occurs twice" in refusal("eeg_id,EEG_ID\n7,8\n")


def test_packed_tables_are_read(read):
    check(read(gzip.compress(written().encode()), "table.csv.gz"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not a csv"),
        (b"\n \n", "not a csv"),
        (b"PK\x03\x04\x14\x00", "is a workbook; save it as csv"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "is a workbook; save it as csv"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe\x00\x00", "not a csv"),
        (b"eeg_id\n7,8\n", "line 2 has more cells"),
        (b'eeg_id\n"7\n', "not a csv table"),
        (b"\x1f\x8b\x08broken", "can't be read"),
    ],
)
def test_what_is_no_table_is_refused(refusal, content, says):
    assert says.replace("is a workbook; ", "is a workbook, not a csv; ") in refusal(content)


@settings(max_examples=60, deadline=None)
@given(raw=st.binary(max_size=80) | st.text(max_size=40).map(str.encode))
def test_no_bytes_break_it(tmp_path_factory, raw):
    path = tmp_path_factory.mktemp("bytes") / "table.csv"
    path.write_bytes(raw)
    with suppress(NasionError):
        table = read_spreadsheet(path, NAMES)
        assert table.map(lambda cell: isinstance(cell, str)).to_numpy().all()
        assert table.index.is_unique


def test_numbers_come_as_pandas_reads_them(read):
    numbers = np.random.default_rng(0).standard_normal((50, 3))
    content = pd.DataFrame(numbers, columns=list(NAMES)).to_csv(index=False)
    np.testing.assert_array_equal(read(content).astype(float).to_numpy(), numbers)
