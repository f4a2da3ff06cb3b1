import json
import os
import stat
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasion.errors import NasionError
from nasion.files import (
    make_folder,
    open_private,
    replacing,
    safe_name,
    share,
    write_json,
    write_text,
)
from nasion.loading import of_schema, read_json


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_block_that_ends_well_replaces_the_file(tmp_path):
    path = tmp_path / "new" / "a.csv"
    for text in ("one", "two"):
        with replacing(path) as temporary:
            temporary.write_text(text)
            assert temporary.parent == path.parent
            assert temporary.suffix == path.suffix
        assert path.read_text() == text
        assert names(path.parent) == ["a.csv"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_exception_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "a.csv"
    write_text(path, "old")

    def fail():
        with replacing(path) as temporary:
            temporary.write_text("half of the n")
            raise error

    with pytest.raises(error):
        fail()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.csv"]


def test_an_exception_leaves_no_file_where_there_was_none(tmp_path):
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"what": object()})
    assert names(tmp_path) == []


def test_the_old_file_is_whole_until_the_end(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def modes(folder):
    return {
        path.relative_to(folder).as_posix(): stat.S_IMODE(path.stat().st_mode)
        for path in folder.rglob("*")
    }


@pytest.mark.skipif(sys.platform == "win32", reason="has no modes")
def test_what_is_written_is_its_owners_alone_until_it_is_shared(tmp_path):
    path = tmp_path / "a" / "b" / "c.txt"
    write_text(path, "µV")
    with open_private(path.with_name("d.bin"), "a+b") as file:
        file.write(b"x")
    folders = {"a": 0o700, "a/b": 0o700}
    assert modes(tmp_path) == {**folders, "a/b/c.txt": 0o600, "a/b/d.bin": 0o600}
    share(path.parent, path)
    assert modes(tmp_path) == {**folders, "a/b": 0o755, "a/b/c.txt": 0o644, "a/b/d.bin": 0o600}
    write_text(path, "again")
    assert modes(tmp_path)["a/b/c.txt"] == 0o600


@pytest.mark.skipif(sys.platform == "win32", reason="has no modes")
def test_a_folder_that_is_there_keeps_its_mode(tmp_path):
    (tmp_path / "a").mkdir(mode=0o750)
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert modes(tmp_path) == {"a": 0o750, "a/b": 0o700}
    write_text(tmp_path / "file", "")
    with pytest.raises(NasionError, match="file"):
        make_folder(tmp_path / "file" / "b")


def test_text_is_the_same_bytes_on_every_system(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "linesep", "\r\n")
    write_text(tmp_path / "a.txt", "µV\nmV\n")
    assert (tmp_path / "a.txt").read_bytes() == "µV\nmV\n".encode()


@given(st.text(max_size=200))
def test_a_safe_name_is_one_on_every_system(text):
    name = safe_name(text, "recording")
    assert name
    assert len(name) <= 81
    assert not set(name) & set('<>:"/\\|?*')
    assert not any(ord(letter) < 32 for letter in name)
    assert name[0] not in ".-"
    assert name[-1] not in ".- "
    assert safe_name(name, "recording") == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("night.edf", "night.edf"),
        ("CON", "_CON"),
        ("nul.2021", "_nul.2021"),
        ("Com7", "_Com7"),
        ("console", "console"),
        ("a:b|c?", "a-b-c"),
        ("trailing. ", "trailing"),
        ("x" * 79 + ".y", "x" * 79),
        ("...", "recording"),
        ("Müller 脳波", "Müller-脳波"),
    ],
)
def test_names_that_windows_refuses_are_made_fit(text, name):
    assert safe_name(text, "recording") == name


def test_json_comes_back(tmp_path):
    content = {"a": [1, 2.5, None], "µV": True}
    write_json(tmp_path / "a.json", content)
    assert read_json(tmp_path / "a.json") == content
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == content


@pytest.mark.parametrize("content", [b"", b'{"a": ', b"\xff\xfe\x00", None])
def test_broken_json_is_one_line_that_names_the_file(tmp_path, content):
    path = tmp_path / "a.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(NasionError) as caught:
        read_json(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_path_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("here")
    with pytest.raises(NasionError, match="cannot be written"):
        write_text(tmp_path / "file" / "below.txt", "never")
    assert (tmp_path / "file").read_text() == "here"


@pytest.mark.parametrize("found", [2, "2", np.array(2)])
def test_a_file_of_the_known_schema_is_given_back(found):
    content = {"schema": found, "rest": 1}
    assert of_schema(content, 2, "a.json", "write it anew") is content


@pytest.mark.parametrize("content", [{"schema": 3}, {"schema": None}, {}, [], None, "2"])
def test_any_other_schema_is_refused_with_the_fix(content):
    with pytest.raises(NasionError, match=r"a\.json: schema .*this nasion reads 2; write it anew"):
        of_schema(content, 2, "a.json", "write it anew")
