import json

import numpy as np
import pytest

from nasion.errors import NasionError
from nasion.files import of_schema, read_json, replacing, write_json, write_text


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


def test_others_may_read_what_was_written(tmp_path):
    write_text(tmp_path / "a.txt", "µV")
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "a.txt").read_bytes() == "µV".encode()


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
