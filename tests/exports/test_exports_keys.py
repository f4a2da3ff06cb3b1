"""Keys: drawn ones go on, given ones fit both ways and tell nothing; no error names a file."""

import csv
import stat
import sys
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawn_readings import START
from eeg.made_edf import eeg, write
from nasion.eeg.formats import open_recording
from nasion.errors import NasionError
from nasion.exports.discretion import DiscreetError
from nasion.exports.keys import (
    FIRST_DAY,
    Key,
    Keys,
    read_keys,
    refuse_telling,
    tells,
    words_in,
    write_keys,
)


def modes(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_keys_are_written_for_the_owner_alone_and_read_again(tmp_path):
    first = Key.draw(START)
    keys = {"ward, bed 3/Vogelsang.edf": first, 'a "b".edf': first.another()}
    path = tmp_path / "safe" / "keys.csv"
    write_keys(path, keys)
    assert read_keys(path) == keys
    assert [one.name for one in path.parent.iterdir()] == ["keys.csv"]
    if sys.platform != "win32":
        path.chmod(0o644)
        write_keys(path, keys)
        assert modes(path) == 0o600


@pytest.mark.parametrize(
    "content", [b"a,b\n1,2\n", b"original,name,days\nx,y,soon\n", b"\xff\xfe", b"", b"name\nx\n"]
)
def test_other_files_are_no_keys(tmp_path, content):
    path = tmp_path / "Vogelsang.csv"
    path.write_bytes(content)
    with pytest.raises(DiscreetError, match="--keys: not the keys that nasion wrote") as caught:
        Keys.open(path, [[tmp_path / "a.edf"]])
    assert "Vogelsang" not in str(caught.value)


@pytest.fixture
def files(tmp_path):
    """Two recordings that name their patient, one in its header alone."""
    folder = tmp_path / "Ostfluegel7"
    folder.mkdir()
    paths = [folder / "Vogelsang_ZQ471108.edf", folder / "night 2.edf"]
    for number, path in enumerate(paths):
        write(path, eeg(4000, seed=number))
        raw = bytearray(path.read_bytes())
        raw[8:88] = b"ZQ471108 F 17-MAR-1931 Rabenstein".ljust(80)
        path.write_bytes(raw)
    return paths


def table(tmp_path, rows, columns=("file", "name")):
    path = tmp_path / "keys.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    return path


def opened(path, files):
    return Keys.open(path, [[file] for file in files])


@pytest.mark.parametrize("way", ["path", "name", "resolved"])
def test_given_names_are_taken_and_the_table_then_holds_the_days(tmp_path, files, way):
    ways = {"path": str, "name": lambda file: file.name, "resolved": lambda f: str(f.resolve())}
    rows = [(ways[way](file), name) for file, name in zip(files, ("P-01", "P-02"), strict=True)]
    path = table(tmp_path, rows)
    keys = opened(path, files)
    found = [keys.of([file], open_recording(file)) for file in files]
    assert [key.name for key in found] == ["P-01", "P-02"]
    assert len({key.days for key in found}) == 1
    again = opened(path, files)
    assert [again.of([file], open_recording(file)) for file in files] == found
    with path.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [
            ["file", "name", "days"],
            *([*row, str(found[0].days)] for row in rows),
        ]


def test_columns_beside_the_names_stay(tmp_path, files):
    rows = [(file.name, f"P-0{n}", "a note") for n, file in enumerate(files)]
    path = table(tmp_path, rows, ("recording", "name", "note"))
    opened(path, files).of([files[0]], open_recording(files[0]))
    assert path.read_text(encoding="utf-8").splitlines()[0] == "recording,name,note,days"
    assert path.read_text(encoding="utf-8").count("a note") == 2


TELLING = ["vogelsang-1", "x-VOGELSANG", "ZQ-471108", "P471108", "Ostfluegel7-1", "Vogel-Sang"]


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([("Vogelsang_ZQ471108.edf", "P-01")], "--keys: no line for recording 2 of 2; add it"),
        (
            [("Vogelsang_ZQ471108.edf", "P-01"), ("night 2.edf", "P-02"), ("other.edf", "P-03")],
            "--keys, line 4: is of no recording that is read",
        ),
        (
            [("Vogelsang_ZQ471108.edf", "P-01"), ("night 2.edf", "p-01")],
            "--keys, line 3: has the name of line 2",
        ),
        (
            [("Vogelsang_ZQ471108.edf", "P-01"), ("Vogelsang_ZQ471108.edf", "P-02")],
            "--keys, line 3: names the file of line 2",
        ),
        *(
            (
                [("Vogelsang_ZQ471108.edf", name), ("night 2.edf", "P-02")],
                "--keys, line 2: the name holds words of its file",
            )
            for name in TELLING
        ),
        *(
            (
                [("Vogelsang_ZQ471108.edf", name), ("night 2.edf", "P-02")],
                "--keys, line 2: a name has up to 64",
            )
            for name in ("", "a/b", "..", "bids", "CON", "x" * 65, "a b", "P-01.", "名")
        ),
    ],
)
def test_names_that_do_not_fit_are_refused_in_a_line(tmp_path, files, rows, problem):
    before = table(tmp_path, rows).read_bytes()
    with pytest.raises(DiscreetError) as caught:
        opened(tmp_path / "keys.csv", files)
    text = str(caught.value)
    assert text.startswith(problem)
    assert "\n" not in text
    assert not {"vogelsang", "471108", "ostfluegel", "other"} & words_in(text.partition(":")[2])
    assert (tmp_path / "keys.csv").read_bytes() == before


def test_a_name_that_stands_in_the_header_is_refused_when_it_is_opened(tmp_path, files):
    rows = [(files[0].name, "P-01"), (files[1].name, "Rabenstein")]
    keys = opened(table(tmp_path, rows), files)
    assert keys.of([files[0]], open_recording(files[0])).name == "P-01"
    with pytest.raises(NasionError, match="its name in --keys holds words of its header"):
        keys.of([files[1]], open_recording(files[1]))


def test_days_that_differ_are_refused(tmp_path, files):
    rows = [(file.name, f"P-0{n}", 7 * n) for n, file in enumerate(files, 1)]
    with pytest.raises(DiscreetError, match="days differ"):
        opened(table(tmp_path, rows, ("file", "name", "days")), files)


def test_drawn_keys_grow_by_what_is_read_later(tmp_path, files):
    path = tmp_path / "keys.csv"
    first = opened(path, files[:1]).of([files[0]], open_recording(files[0]))
    keys = opened(path, files[1:])
    second = keys.of([files[1]], open_recording(files[1]))
    assert first.is_drawn
    assert second.days == first.days
    assert read_keys(path) == {str(files[0]): first, str(files[1]): second}


def test_an_output_named_by_the_recording_is_refused(tmp_path, files):
    for name in ("vogelsang-out", "readings_471108"):
        with pytest.raises(DiscreetError, match="-o names a file or folder by words of"):
            refuse_telling(tmp_path / name, files, "-o")
    refuse_telling(tmp_path / "readings", files, "-o")


@given(st.text("abcdefg0123456789", min_size=3, max_size=12))
def test_a_word_is_found_however_it_is_written(word):
    for text in (word.upper(), "-".join(word), f"x {word} y"):
        assert tells(text, {word})


def test_a_date_given_is_of_other_years():
    key = Key.draw(datetime(2021, 6, 8))
    assert key.moved(datetime(2021, 6, 8)) >= FIRST_DAY
    assert key.moved(None) is None
