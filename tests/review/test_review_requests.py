"""Any request gets an answer that says what is wrong with it; none finds a defect.

Routes and their parameters are those of the application's own OpenAPI description, so a new route
is asked as well.
"""

import json
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from visitor import id_of

from nasion.review.verdicts import DEEDS, FILE, Journal
from nasion.terms import PATTERNS

BORDERS = (
    0, -0.0, 1, -1, 0.005, 1e-300, 5e-324, 59.999, 60, 61, 1079.999, 1080, 1080.001, 8192, 8193,
    2**31, 2**63, 1e8, 1e15, 1e308, -1e308, 10**400, float("inf"), float("-inf"), float("nan"),
)  # fmt: skip
WORDS = (
    "", "lpd", "average", "e0", "b1", "r1", "e999", "bids", "edf", "votes", "../x", "\x00",
    "\ud800", "a\nb", "Ä" * 3000, "null", "true", "events.tsv", "votes.zip", *DEEDS,
)  # fmt: skip
numbers = st.sampled_from(BORDERS) | st.floats() | st.floats(0, 1100) | st.integers()
words = st.sampled_from((*WORDS, *PATTERNS)) | st.text(max_size=20)
values = st.recursive(
    st.none() | st.booleans() | numbers | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=5,
)
BODIES = {
    "verdicts": (
        "action", "event", "pattern", "onset_s", "duration_s", "note", "predictions_visible",
    ),
    "undo": ("x",),
    "reviewer": ("initials",),
    "export": ("kind", "with_visible"),
}  # fmt: skip
FITTING = {
    "action": st.sampled_from([*DEEDS]),
    "event": st.sampled_from(["e0", "e1", "r1"]),
    "pattern": st.sampled_from([*map(str, PATTERNS)]),
    "onset_s": st.floats(0, 1000),
    "duration_s": st.floats(1, 60),
    "start_s": st.floats(0, 500),
    "stop_s": st.floats(501, 1080),
    "at_s": st.floats(0, 1080),
    "columns": st.integers(1, 50),
    "kind": st.sampled_from(["bids", "edf", "votes"]),
    "with_visible": st.booleans(),
    "montage": st.sampled_from(["bipolar", "average"]),
}


def value_of(name):
    """Mostly what fits, so that what does not is asked beside much that does."""
    return FITTING.get(name, words) | FITTING.get(name, words) | values


def text_of(value):
    text = value if isinstance(value, str) else json.dumps(value)
    return quote(text.encode("utf-8", "surrogatepass"))


@st.composite
def requests(draw, operations):
    method, path, names = draw(st.sampled_from(operations))
    if method == "post":
        kind = path.rsplit("/", 1)[1]
        body = {name: draw(value_of(name)) for name in BODIES[kind] if draw(st.booleans())}
        whole = draw(st.integers(0, 9))
        text = json.dumps(draw(values) if whole == 0 else body)
        return method, path, draw(st.binary(max_size=9)) if whole == 1 else text.encode()
    asked = {name: draw(value_of(name)) for name in names if draw(st.integers(0, 9))}
    query = "&".join(f"{name}={text_of(value)}" for name, value in asked.items())
    name = text_of(draw(words)).replace("/", "%2f") or "x"
    return method, path.replace("{name}", name) + f"?{query}", b""


@pytest.mark.more
def test_no_request_finds_a_defect(visit, readings, tmp_path):
    client = visit(model=tmp_path / "none.onnx")  # maps are not made, yet asked for
    number = id_of(client)
    described = client.app.openapi()["paths"]
    operations = [
        (method, path, [one["name"] for one in told.get("parameters", ()) if one["in"] == "query"])
        for path, methods in described.items()
        for method, told in methods.items()
    ]
    assert len(operations) >= 15

    @given(requests(operations))
    @settings(
        max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
    )
    def law(request):
        method, path, body = request
        address = path.replace("{number}", number)
        kind = {"Content-Type": "application/json"}
        answer = client.request(method, address, content=body or None, headers=kind)
        missing = answer.status_code == 503 and "/map" in path
        assert answer.status_code < 500 or missing, (path, body, answer.text)
        if answer.status_code >= 400:
            told = answer.json()["detail"]
            assert isinstance(told, str)
            assert "\n" not in told

    law()
    assert client.get("/api/readings").status_code == 200
    assert not Journal(readings / "stay-217").warnings


FIELDS = {
    "schema": 1, "key": "k", "action": "relabel", "event": "e0",
    "subject": [130.0, 26.0, "seizure"], "pattern": "gpd", "onset_s": 130.0, "duration_s": 26.0,
    "note": "", "reviewer": "AB", "at": "", "predictions_visible": True, "undoes": "",
}  # fmt: skip


@st.composite
def lines(draw):
    line = {**FIELDS, "key": draw(st.sampled_from("abc")), "undoes": draw(st.sampled_from("abc "))}
    line["action"] = draw(st.sampled_from([*DEEDS, "undo"]))
    for name in draw(st.lists(st.sampled_from([*FIELDS]), max_size=3)):
        line[name] = draw(value_of(name))
    return (
        draw(st.binary(max_size=30)) if draw(st.integers(0, 9)) == 0 else json.dumps(line).encode()
    )


@pytest.mark.more
def test_whatever_stands_among_verdicts_hides_nothing(visit, readings):
    client = visit()
    number, path = id_of(client), readings / "stay-217" / FILE

    @given(st.lists(lines(), max_size=5))
    @settings(
        max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
    )
    def law(written):
        path.unlink(missing_ok=True)
        path.write_bytes(b"".join(line + b"\n" for line in (*written, json.dumps(FIELDS).encode())))
        told = client.get("/api/readings").json()
        assert len(told["readings"]) == 2
        assert client.get(f"/api/readings/{number}").status_code == 200
        for kind in ("bids", "edf", "votes"):
            answer = client.post(
                f"/api/readings/{number}/export", json={"kind": kind, "with_visible": True}
            )
            assert answer.status_code in (200, 409), (kind, written, answer.text)
        answer = client.post(f"/api/readings/{number}/undo")
        assert answer.status_code == 200, answer.text

    law()
