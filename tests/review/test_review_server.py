import json
import re
import signal
import subprocess
import sys
import urllib.request
from dataclasses import replace
from http.cookiejar import CookieJar
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
from visitor import PORT, TOKEN, id_of

from nasion.cli.failure import KEPT
from nasion.display.display import Display
from nasion.display.montages import TRACES
from nasion.eeg.recording import Recording
from nasion.errors import NasionError
from nasion.exports.folder import load, save
from nasion.reading.event import Event
from nasion.review.ledger import Sheet, urgency
from nasion.review.server import create_app
from nasion.review.verdicts import DEEDS
from nasion.signal.fault import Reason
from nasion.terms import COLUMNS, DERIVATION_NAMES, PATTERNS, READING_STEP_S, SFREQ, Pattern

TYPES = Path(__file__).parents[2] / ".ci" / "page" / "types.d.ts"


@pytest.fixture
def client(visit):
    return visit()


def array(client, path, kind=np.float32, name="stay-217", **params):
    answer = client.get(f"/api/readings/{id_of(client, name)}/{path}", params=params)
    assert answer.status_code == 200, answer.text
    shape = [int(n) for n in answer.headers["x-shape"].split(",")]
    return np.frombuffer(answer.content, np.dtype(kind).newbyteorder("<")).reshape(shape), answer


def test_recordings_stand_by_what_needs_eyes(client, made):
    told = client.get("/api/readings").json()
    assert told["reviewer"] == "AB"
    assert "not a diagnosis" in told["disclaimer"]
    first, second = told["readings"]
    assert [first["name"], second["name"]] == ["stay-217", "stay-96"]
    assert first["urgency"] >= second["urgency"]
    reading = load(made / "stay-217")
    assert first["n_events"] == first["unread"] == len(reading.events)
    assert first["judged"] == pytest.approx(reading.judged.mean(), abs=1e-4)
    seizures_s = [e.duration_s for e in reading.events if e.pattern == Pattern.SEIZURE]
    assert first["minutes"]["seizure"] == pytest.approx(sum(seizures_s) / 60, abs=1e-3)
    judged_minutes = reading.judged.sum() / 30
    assert first["percent"]["seizure"] == pytest.approx(
        100 * sum(seizures_s) / 60 / judged_minutes, abs=0.01
    )


def test_what_was_read_needs_no_eyes(client):
    number = id_of(client)
    events = client.get(f"/api/readings/{number}").json()["events"]
    for event in events:
        body = {"action": "confirm", "event": event["id"]}
        assert client.post(f"/api/readings/{number}/verdicts", json=body).status_code == 200
    last = client.get("/api/readings").json()["readings"][-1]
    assert (last["id"], last["unread"], last["urgency"]) == (number, 0, 0)


def test_a_seizure_outweighs_an_hour_of_slow_waves_at_most_by_its_weight():
    seizure, slow = (
        Sheet([Event(0.0, length_s, pattern, 0.9, 0.9)]).filled([])
        for pattern, length_s in ((Pattern.SEIZURE, 60.0), (Pattern.GRDA, 3600.0))
    )
    assert urgency([*seizure.values()]) == Pattern.SEIZURE.nature.urgency == 100
    assert urgency([*slow.values()]) == 60


def test_a_reading_tells_all_that_a_page_needs(client, made):
    told = client.get(f"/api/readings/{id_of(client)}").json()
    reading = load(made / "stay-217")
    assert told["start"] == reading.start.isoformat()
    assert (told["duration_s"], told["n_steps"]) == (reading.duration_s, reading.n_steps)
    assert told["electrodes"] == list(COLUMNS)
    assert [pattern["name"] for pattern in told["patterns"]] == list(PATTERNS)
    assert [one["name"] for one in told["derivations"]] == list(DERIVATION_NAMES)
    assert [one["name"] for one in told["chains"]] == ["LL", "LP", "Z", "RP", "RL"]
    assert told["gaps"] == [{"onset_s": 601.0, "duration_s": 29.0}]
    assert [one["text"] for one in told["annotations"]] == ["lorazepam 2 mg", "push button"]
    assert set(told["bad"].values()) == {0.0}  # a gap is no fault of an electrode
    assert told["burden"]
    assert (told["step_s"], told["sfreq"]) == (READING_STEP_S, SFREQ)
    assert [one["action"] for one in told["deeds"]] == list(DEEDS)
    assert [one["name"] for one in told["montages"]] == list(TRACES)
    assert told["reasons"][told["gap"]] == Reason.GAP
    assert set(told["sides"]) == set(COLUMNS) - {told["heart"]}
    event, model = told["events"][0], reading.events[0]
    assert event == {
        "id": "e0",
        "onset_s": model.onset_s,
        "duration_s": model.duration_s,
        "pattern": str(model.pattern),
        "probability": model.probability,
        "peak": model.peak,
        "side": model.side,
        "frequency_hz": model.frequency_hz,
        "chains": list(model.chains),
        "length": model.length,
        "doubt": model.doubt,
        "verdict": None,
    }


@pytest.mark.parametrize(
    ("interface", "part"),
    [
        ("Reading", lambda reading: reading),
        ("Pattern", lambda reading: reading["patterns"][0]),
        ("Deed", lambda reading: reading["deeds"][0]),
        ("Entry", lambda reading: reading["events"][0]),
        ("Verdict", lambda reading: reading["events"][0]["verdict"]),
        ("Note", lambda reading: reading["annotations"][0]),
        ("Trend", lambda reading: reading["trends"][0]),
    ],
)
def test_the_page_is_checked_against_what_the_server_tells(client, interface, part):
    number = id_of(client)
    body = {"action": "confirm", "event": "e0"}
    assert client.post(f"/api/readings/{number}/verdicts", json=body).status_code == 200
    stated = re.search(rf"interface {interface} {{(.*?)\n}}", TYPES.read_text(), re.DOTALL)
    assert stated
    names = re.findall(r"^  (\w+)\??:", stated[1], re.MULTILINE)
    assert set(names) == set(part(client.get(f"/api/readings/{number}").json()))


def test_probabilities_are_means_of_steps(client, made):
    reading = load(made / "stay-217")
    fine, _ = array(client, "probabilities", start_s=0, stop_s=1080, columns=540)
    np.testing.assert_array_equal(fine[:6].T, reading.probability)
    np.testing.assert_array_equal(fine[6], reading.judged)
    coarse, _ = array(client, "probabilities", start_s=0, stop_s=1080, columns=54)
    share = reading.judged.reshape(54, 10).mean(1)
    np.testing.assert_allclose(coarse[6], share, atol=1e-6)
    assert np.isnan(coarse[:6, share == 0]).all()
    np.testing.assert_allclose(coarse[:6, share > 0].sum(0), 1, atol=1e-5)


def test_quality_says_why_a_column_was_not_judged(client):
    codes, _ = array(client, "quality", np.uint8, start_s=0, stop_s=1080, columns=54)
    assert codes.tolist() == [int(column == 30) for column in range(54)]  # 600 to 620 s


def test_arrays_are_those_of_the_display(client, made):
    display = Display.open(made / "stay-217")
    span = {"start_s": 100, "stop_s": 400, "columns": 90}
    found, _ = array(client, "spectrogram", np.uint8, **span)
    np.testing.assert_array_equal(found, display.spectrogram(100, 400, 90))
    np.testing.assert_array_equal(array(client, "trends", **span)[0], display.trends(100, 400, 90))
    found, answer = array(client, "envelope", montage="average", **span)
    np.testing.assert_array_equal(found, display.envelope(100, 400, 90, "average"))
    assert answer.headers["x-names"].split(",")[-1] == "EKG"


def test_a_page_has_names_shape_and_start(client):
    found, answer = array(client, "page", start_s=131.004, duration_s=5)
    assert found.shape == (19, 1000)
    assert answer.headers["x-names"].split(",") == [*DERIVATION_NAMES, "EKG"]
    assert float(answer.headers["x-start"]) == pytest.approx(131.005, abs=0.0026)
    raw, _ = array(client, "page", start_s=610, duration_s=5, montage="referential", low_hz=0)
    assert raw.shape == (20, 1000)
    assert np.isnan(raw).all()


@pytest.mark.parametrize(
    "path",
    ["page", "page?start_s=x", "page?start_s=nan", "page?start_s=inf",
     "page?start_s=1&duration_s=61", "page?start_s=1&duration_s=0", "page?start_s=1&montage=none",
     "page?start_s=1&low_hz=nan",
     "page?start_s=1&high_hz=200", "trends?start_s=5&stop_s=5&columns=3",
     "trends?start_s=0&stop_s=5&columns=0", "trends?start_s=0&stop_s=5&columns=99999999",
     "trends?start_s=0&stop_s=1e300&columns=9", "envelope?start_s=0&stop_s=9&columns=9&montage=x"],
)  # fmt: skip
def test_nonsense_is_refused_in_one_line(client, path):
    answer = client.get(f"/api/readings/{id_of(client)}/{path}")
    assert answer.status_code == 422
    assert list(answer.json()) == ["detail"]
    assert isinstance(answer.json()["detail"], str)
    assert "\n" not in answer.json()["detail"]


def test_maps_of_a_model_that_is_not_there_are_unavailable(visit, tmp_path):
    client = visit(model=tmp_path / "none.onnx")
    number = id_of(client)
    assert client.get(f"/api/readings/{number}").json()["model"]["maps"] is False
    answer = client.get(f"/api/readings/{number}/map?at_s=140&pattern=seizure")
    assert answer.status_code == 503
    assert answer.json()["detail"].startswith("maps are not available")


def test_a_folder_without_readings_is_named(tmp_path):
    with pytest.raises(NasionError, match="holds no finished reading"):
        create_app(tmp_path, token=TOKEN, port=PORT)


def test_one_reading_can_be_given_itself(visit, readings):
    told = visit(readings / "stay-96").get("/api/readings").json()["readings"]
    assert [one["name"] for one in told] == ["stay-96"]


def test_a_broken_reading_does_not_hide_the_others(visit, readings):
    (readings / "stay-96" / "events.tsv").unlink()
    told = visit().get("/api/readings").json()
    assert [one["name"] for one in told["readings"]] == ["stay-217"]
    assert len(told["problems"]) == 1
    assert "events.tsv" in told["problems"][0]


def test_a_reading_that_was_finished_since_appears(visit, readings):
    hidden = readings / "stay-96" / "reading.json"
    hidden.rename(hidden.with_name("later.json"))
    client = visit()
    assert len(client.get("/api/readings").json()["readings"]) == 1
    hidden.with_name("later.json").rename(hidden)
    assert len(client.get("/api/readings").json()["readings"]) == 2


def test_five_thousand_events_stay_quick(visit, readings):
    client = visit()
    case = next(c for c in client.app.state.session.shelf.cases() if c.folder.name == "stay-217")
    case.reading = replace(
        case.reading,
        events=tuple(
            Event(0.2 * i, 0.2, PATTERNS[i % 5], 0.7, 0.9, "left", 1.5) for i in range(5000)
        ),
    )
    path = f"/api/readings/{case.id}"
    assert len(client.get(path).json()["events"]) == 5000
    times_s = []
    for i in range(20):
        begin = perf_counter()
        body = {"action": "relabel", "event": f"e{i}", "pattern": "lpd"}
        assert client.post(f"{path}/verdicts", json=body).status_code == 200
        times_s.append(perf_counter() - begin)
    assert np.median(times_s) < 0.5  # 30 ms on an idle core


def test_the_address_is_the_first_line_and_nothing_else_is_told(made):
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "nasion", "review", made, "--no-browser", "--reviewer", "AB"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:")
        jar = urllib.request.HTTPCookieProcessor(CookieJar())
        opener = urllib.request.build_opener(jar, urllib.request.ProxyHandler({}))
        with opener.open(address) as answer:
            assert "token" not in answer.url
            assert b"<html" in answer.read().lower()
        with opener.open(f"{address.split('?')[0]}api/readings") as answer:
            assert len(json.load(answer)["readings"]) == 2
    finally:
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=30)
    assert (rest, errors) == ("", f"nasion: stopped; {KEPT['review']}\n")
    assert process.returncode == 130


def test_maps_are_those_of_the_network_on_the_signals_shown(client, made):
    from nasion.network import Network
    from nasion.reading.maps import why

    assert client.get(f"/api/readings/{id_of(client)}").json()["model"]["maps"] is True
    asked = {"at_s": 143.0, "pattern": "seizure"}
    found, answer = array(client, "map", duration_s=10, **asked)
    assert found.shape == (500,)
    assert (answer.headers["x-judged"], len(answer.headers["x-probability"].split(","))) == ("1", 6)
    assert float(found.min()) >= 0
    assert float(found.max()) <= 1
    display = Display.open(made / "stay-217")
    recording = Recording(name="", n_times=display.n_times, read=display.signals)
    expected = why(recording, Network.open(), 71)
    assert expected.over_time is not None
    whole = np.maximum(expected.over_time[0], 0)
    first = round((143.0 - 5 - expected.start_s) * 50)
    np.testing.assert_allclose(found, whole[first : first + 500] / whole.max(), atol=1e-4)
    image, answer = array(client, "map_spectrogram", **asked)
    assert image.shape == (50, 100)
    assert float(image.max()) == 1 or not expected.images["window"][0].max() > 0
    assert float(answer.headers["x-start"]) == expected.start_s
    assert float(answer.headers["x-stop"]) == expected.start_s + 50


@pytest.mark.parametrize("changed", [{"weights": "ffff"}, {"calibration": "none"}, None])
def test_maps_of_another_model_are_refused_in_one_line_that_names_both(visit, readings, changed):
    from nasion.network import Network

    shown, packaged = readings / "stay-217", Network.open()
    own = packaged.about.model_copy(update={"name": "mine", **changed}) if changed else None
    save(replace(load(shown), model=own), shown)
    client = visit()
    for kind in ("map", "map_spectrogram"):
        address = f"/api/readings/{id_of(client)}/{kind}"
        answer = client.get(address, params={"at_s": 143.0, "pattern": "seizure"})
        assert answer.status_code == 503
        detail = answer.json()["detail"]
        assert packaged.about.title in detail
        assert str(packaged.path) in detail
        assert (own.title if own else "no model that it names") in detail
        assert "\n" not in detail
    told = client.get(f"/api/readings/{id_of(client)}").json()["model"]
    assert told.get("identity") == (own.identity if own else None)
