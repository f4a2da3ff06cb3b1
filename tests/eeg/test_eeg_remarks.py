"""Every warning comes from one table, which says of each value what it may hold."""

import ast
import json
from pathlib import Path

import pytest

import nasion
from nasion.eeg.form import Form, Kind
from nasion.eeg.remarks import Code, Remark, free_text, read_remark

SOURCES = [path for path in Path(nasion.__file__).parent.rglob("*.py") if path.stem != "remarks"]


def test_every_code_is_said_by_some_module_and_free_text_by_no_reader():
    said = {
        (node.attr, path.parent.name)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "Code"
    }
    assert {name for name, _ in said} == {code.name for code in Code}
    callers = {path.parent.name for path in SOURCES if "free_text" in path.read_text("utf-8")}
    assert {room for name, room in said if name == "TEXT"} | callers <= {"exports"}


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("{name} is odd", {}),
        ("all is odd", {"name": Kind.TEXT}),
        (lambda name, day: f"{name} on {day}", {"name": Kind.TEXT}),
    ],
)
def test_a_value_without_a_kind_is_refused(text, kinds):
    with pytest.raises(TypeError, match="kinds of"):
        Form(text, kinds)


@pytest.mark.parametrize(
    ("code", "values"),
    [
        (Code.TRAILING_BYTES, {"n": "Rabe"}),
        (Code.TRAILING_BYTES, {"n": float("nan")}),
        (Code.TRAILING_BYTES, {}),
        (Code.TRAILING_BYTES, {"n": 1, "name": "Rabe"}),
        (Code.MISSING, {"electrodes": ("Fp1", "Rabe")}),
        (Code.UNLIKE_OTHERS, {"electrodes": ("Fp1",), "state": "Rabe"}),
        (Code.EMPTY_CHANNEL, {"label": 4711}),
        (Code.DIFFERING_REFERENCES, {"references": ("A1", "A2"), "files": ("a",)}),
    ],
)
def test_a_value_of_another_kind_is_refused_and_read_as_text(code, values):
    with pytest.raises(ValueError, match=r"\w"):
        Remark(code, values)
    entry = {"code": code.key, "values": values, "file": ""}
    assert read_remark(entry, "Rabe was here") == free_text("Rabe was here")


@pytest.mark.parametrize(
    "entry",
    [
        None,
        [],
        "text",
        {},
        {"code": [], "values": {}, "file": ""},
        {"code": "all_flat", "values": {}, "file": 4711},
        {"code": "of_tomorrow", "values": {}, "file": ""},
    ],
)
def test_what_is_no_remark_is_its_text(entry):
    assert read_remark(entry, "a sentence").text == "a sentence"


def test_a_remark_is_the_same_after_json():
    mixed = Remark(
        Code.MIXED_REFERENCES,
        {"names": ("A1", ""), "midline": ("Fz",), "against": ("",), "sides": ()},
        file="night",
    )
    assert read_remark(json.loads(json.dumps(mixed.as_dict())), "") == mixed
    assert str(mixed) == (
        "night: 2 references (A1, none stated): trust differences within a side, not the midline"
        " (Fz against none stated), the average reference or left-right comparisons; nothing was"
        " interpolated across references"
    )
