"""Whatever is asked, and whatever a reading holds: one line that says why, never a defect."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from visitor import id_of

from nasion.review.security import LONGEST_DETAIL
from nasion.review.verdicts import FILE, LATEST_S, Journal

END_S = 1080  # of stay-217

VERDICT = {
    "schema": 1, "key": "k", "action": "relabel", "event": "e0",
    "subject": [130.0, 26.0, "seizure"], "pattern": "gpd", "onset_s": 130.0, "duration_s": 26.0,
    "note": "", "reviewer": "AB", "at": "2026-11-28T00:00:00.000+00:00",
    "predictions_visible": True, "undoes": "",
}  # fmt: skip


@pytest.fixture
def client(visit):
    return visit()


def refused(client, paths, status=422):
    """The paths that are not refused in one line."""
    number, wrong = id_of(client), {}
    for path in paths:
        answer = client.get(f"/api/readings/{number}/{path}")
        told = answer.json()["detail"] if answer.status_code == status else ""
        if not told or "\n" in told or len(told) > LONGEST_DETAIL:
            wrong[path[:60]] = answer.status_code
    return wrong


def test_times_outside_the_recording_are_refused(client):
    outside = ("1e8", "-1", "1080.1", "-1e-300", "1e308", "99999999999")
    paths = [
        f"{path}{at_s}"
        for at_s in outside
        for path in (
            "map?pattern=seizure&at_s=",
            "map_spectrogram?pattern=seizure&at_s=",
            "page?start_s=",
            "probabilities?columns=9&stop_s=1080&start_s=",
            "trends?columns=9&start_s=0&stop_s=",
        )
    ]
    assert not refused(client, paths)


def test_what_is_no_number_is_refused(client):
    numbers = ("nan", "inf", "-inf", "1e999", "", "x", "%00", "0x10", "1" * 5000)
    paths = [
        f"{path}={number}"
        for number in numbers
        for path in (
            "map?pattern=gpd&at_s",
            "map?pattern=gpd&at_s=9&duration_s",
            "page?start_s",
            "page?start_s=9&duration_s",
            "page?start_s=9&low_hz",
            "page?start_s=9&notch_hz",
            "quality?start_s=0&stop_s=9&columns",
        )
    ]
    assert not refused(client, paths)


def test_sizes_are_capped(client):
    paths = [
        "page?start_s=1&duration_s=60.001",
        "page?start_s=1&duration_s=1e-300",
        "map?pattern=lpd&at_s=1&duration_s=61",
        "map?pattern=lpd&at_s=1&duration_s=5e-324",
        "envelope?start_s=0&stop_s=9&columns=8193",
        "envelope?start_s=0&stop_s=9&columns=-1",
        f"spectrogram?start_s=0&stop_s=9&columns={2**63}",
        "trends?start_s=5&stop_s=5.001&columns=3",
        "trends?start_s=9&stop_s=5&columns=3",
    ]
    assert not refused(client, paths)


def test_the_borders_of_a_recording_can_be_shown(client):
    number = id_of(client)
    for path in (
        f"page?start_s={END_S}",
        f"page?start_s={END_S - 1}&duration_s=60",
        f"trends?start_s=0&stop_s={END_S}.0000001&columns=8192",
        "page?start_s=0&duration_s=0.005",
    ):
        assert client.get(f"/api/readings/{number}/{path}").status_code == 200, path


@pytest.mark.parametrize("half", [r"\ud800", r"\udfff", r"a\udc80b", r"\u0000", r"\u001b[2J"])
def test_what_is_no_text_is_refused_and_not_written(client, readings, half):
    path = f"/api/readings/{id_of(client)}"
    kind = {"Content-Type": "application/json"}
    bodies = {
        "verdicts?": '{"action": "confirm", "event": "e0", "%s": 1}',
        "verdicts": '{"action": "relabel", "event": "e0", "pattern": "lpd", "note": "%s"}',
        "undo": '{"%s": 1}',
        "reviewer": '{"initials": "%s"}',
        "export": '{"kind": "%s"}',
    }
    for what, body in bodies.items():
        answer = client.post(f"{path}/{what}", content=(body % half).encode(), headers=kind)
        assert answer.status_code in ((422,) if what != "undo" else (200,)), what
        assert "\n" not in answer.text
    assert not (readings / "stay-217" / FILE).exists()


@pytest.mark.parametrize(
    "number", ["1e-300", "5e-324", "1e308", "1e999", "NaN", "-Infinity", "9" * 4000, "-0.0", "[]"]
)
def test_numbers_of_verdicts_lie_within_the_recording(client, readings, number):
    path = f"/api/readings/{id_of(client)}/verdicts"
    for name in ("onset_s", "duration_s"):
        given = {"onset_s": "5", "duration_s": "5", name: number}
        times = ", ".join(f'"{key}": {value}' for key, value in given.items())
        body = f'{{"action": "add", "pattern": "lpd", {times}}}'
        answer = client.post(
            path, content=body.encode(), headers={"Content-Type": "application/json"}
        )
        fine = name == "onset_s" and 0 <= float(number if number != "[]" else "nan") <= END_S
        assert answer.status_code == (200 if fine else 422), (name, answer.text)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("onset_s", 10**400), ("onset_s", 1e300), ("onset_s", -1), ("duration_s", LATEST_S + 1),
        ("duration_s", "5"), ("duration_s", True), ("event", 5), ("event", None), ("event", ["e0"]),
        ("subject", [1, 2]), ("subject", {"a": 1}), ("subject", [[1], 2, "lpd"]),
        ("subject", "seizure"), ("pattern", "spike"), ("pattern", ["gpd"]), ("note", 5),
        ("note", None), ("note", "\ud800"), ("reviewer", ["AB"]), ("undoes", ["k"]),
        ("undoes", {}), ("key", []), ("action", 5), ("predictions_visible", "no"),
        ("schema", 2), ("more", 1),
    ],
)  # fmt: skip
def test_a_line_with_a_wrong_value_is_named_and_left_out(tmp_path, key, value):
    wrong = json.dumps({**VERDICT, key: value})
    (tmp_path / FILE).write_text(f"{json.dumps(VERDICT)}\n{wrong}\n")
    journal = Journal(tmp_path)
    assert len(journal.verdicts()) == 1
    assert journal.warnings == [f"{FILE}, line 2: can't be read and is left out"]


@pytest.mark.parametrize("line", [b"[" * 100_000, b"9" * 100_000, b'{"schema": 1}', b"\x00" * 9])
def test_lines_that_are_no_verdicts_hide_no_reading(visit, readings, line):
    (readings / "stay-217" / FILE).write_bytes(line + b"\n" + json.dumps(VERDICT).encode() + b"\n")
    client = visit()
    told = client.get("/api/readings").json()
    assert len(told["readings"]) == 2
    shown = client.get(f"/api/readings/{id_of(client)}").json()
    assert f"{FILE}, line 1: can't be read and is left out" in shown["warnings"]
    assert shown["events"][0]["verdict"]["pattern"] == "gpd"


def test_of_many_broken_lines_the_first_are_named(tmp_path):
    (tmp_path / FILE).write_bytes(b"x\n" * 100_000)
    journal = Journal(tmp_path)
    assert journal.verdicts() == []
    assert len(journal.warnings) == 6
    assert "99995 more lines" in journal.warnings[-1]


def test_a_verdict_on_an_event_that_never_was_stands_as_the_readers_own(visit, readings):
    line = {**VERDICT, "event": "e999", "subject": None}
    (readings / "stay-217" / FILE).write_text(json.dumps(line) + "\n")
    client = visit()
    events = client.get(f"/api/readings/{id_of(client)}").json()["events"]
    assert [event["id"] for event in events if event["verdict"]] == ["r-k"]


def test_a_file_of_verdicts_that_was_replaced_is_read_anew(tmp_path):
    journal, path = Journal(tmp_path), tmp_path / FILE
    lines = [json.dumps({**VERDICT, "key": f"k{i}"}) + "\n" for i in range(4)]
    path.write_text("".join(lines[:3]))
    assert len(journal.verdicts()) == 3
    path.write_text(lines[3])  # shorter than what was read
    with journal.standing() as said:
        assert [verdict.key for verdict in said] == ["k3"]
    path.unlink()
    assert journal.verdicts() == []


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: (folder / FILE).mkdir(),
        lambda folder: (folder / "reading.json").write_text("[1]"),
        lambda folder: (folder / "reading.json").write_bytes(b"\xff"),
        lambda folder: altered(folder, name=5),
        lambda folder: altered(folder, duration_s="x"),
        lambda folder: altered(folder, n_steps=10**12),
        lambda folder: altered(folder, start=[1]),
        lambda folder: altered(folder, gaps=[{"onset_s": None, "duration_s": {}}]),
        lambda folder: altered(folder, annotations=[[]]),
        lambda folder: altered(folder, montage=[]),
        lambda folder: altered(folder, source_sfreq="x"),
        lambda folder: shutil.rmtree(folder / "display"),
        lambda folder: (folder / "display" / "index.json").write_text("{}"),
        lambda folder: (folder / "display" / "signals.npy").write_bytes(b"\x93NUMPY"),
        lambda folder: (folder / "quality.parquet").write_bytes(b"PAR1"),
        lambda folder: (folder / "events.tsv").write_text("onset\n"),
    ],
)
def test_a_broken_reading_is_one_row_with_its_reason(visit, readings, harm):
    folder = readings / "stay-96"
    for path in folder.rglob("*"):  # hard links of all tests
        if path.is_file():
            content = path.read_bytes()
            path.unlink()
            path.write_bytes(content)
    harm(folder)
    client = visit()
    told = client.get("/api/readings")
    assert told.status_code == 200
    assert [one["name"] for one in told.json()["readings"]] == ["stay-217"]
    (reason,) = told.json()["problems"]
    assert "stay-96" in reason
    (broken,) = (c for c in client.app.state.session.shelf.cases() if c.folder == folder)
    for path in ("", "/page?start_s=0", "/quality?start_s=0&stop_s=9&columns=3"):
        answer = client.get(f"/api/readings/{broken.id}{path}")
        assert answer.status_code == 409
        assert "\n" not in answer.json()["detail"]
    assert client.get(f"/api/readings/{id_of(client)}").status_code == 200


def altered(folder, **values):
    path = folder / "reading.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


@pytest.mark.skipif(sys.platform != "linux", reason="names of bytes that are no text")
def test_a_folder_whose_name_is_no_text_is_one_row_too(visit, readings):
    os.rename(os.fsencode(readings / "stay-96"), os.fsencode(readings) + b"/stay-\xff")  # noqa: PTH104
    told = visit().get("/api/readings").json()
    assert [one["name"] for one in told["readings"]] == ["stay-217"]
    (reason,) = told["problems"]
    assert "stay-" in reason


def test_what_can_not_be_written_is_said(client, readings):
    (readings / "stay-217" / "review").write_text("a file")
    path = f"/api/readings/{id_of(client)}"
    body = {"action": "confirm", "event": "e0"}
    assert client.post(f"{path}/verdicts", json=body).status_code == 200
    for kind in ("bids", "edf", "votes"):
        body = {"kind": kind, "with_visible": True}
        answer = client.post(f"{path}/export", json=body)
        assert answer.status_code == 409
        assert "review" in answer.json()["detail"]


BOUNDED = """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from visitor import client_of, id_of

GB = 2**30
with client_of(Path(sys.argv[1]), reviewer="AB") as client:
    path = f"/api/readings/{id_of(client)}"
    assert client.get(f"{path}/map?at_s=140&pattern=seizure").status_code == 200
    status = Path("/proc/self/status").read_text()
    size = 1024 * int(status.split("VmSize:")[1].split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (size + GB, size + GB))
    asked = ["", "/page?start_s=0&duration_s=60&low_hz=0.1", "/map?at_s=1e8&pattern=lpd",
             "/map?at_s=0&pattern=lpd&duration_s=60", "/map?at_s=1080&pattern=lpd",
             "/map_spectrogram?at_s=1e8&pattern=lpd", "/map_spectrogram?at_s=700&pattern=lpd"]
    for kind in ("probabilities", "quality", "spectrogram", "trends", "envelope"):
        asked += [f"/{kind}?start_s=0&stop_s={stop_s}&columns={columns}"
                  for stop_s in (0.005, 1080, 1e8) for columns in (1, 8192, 10**9)]
    codes = {one: client.get(path + one).status_code for one in asked}
    wrong = {one: code for one, code in codes.items() if code not in (200, 422)}
    assert not wrong, wrong
    assert 200 in codes.values() and 422 in codes.values()
"""


@pytest.mark.more
@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are of Linux")
def test_no_request_takes_a_gigabyte(readings):
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", BOUNDED, str(readings), here]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
