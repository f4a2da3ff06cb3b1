"""The review page: a real browser over a real server and a simulated stay."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from browser import CHROMIUM, chromium, opened, served, settled, stays_of

from nasion.eeg.montage import Montage
from nasion.exports.folder import load
from nasion.terms import ELECTRODES

pytest.importorskip("fastapi", reason="the review needs fastapi and uvicorn")
pytest.importorskip("playwright", reason="the page is driven by playwright")
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM}")

CHOSEN = "document.querySelector('#events .body [aria-selected=true]')"


@pytest.fixture(scope="module")
def stays(tmp_path_factory):
    return stays_of(tmp_path_factory)


@pytest.fixture(scope="module")
def address(stays):
    with served(stays) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser, address):
    with opened(browser, address) as page:
        yield page


def pressed(page, *keys):
    for key in keys:
        page.keyboard.press(key)
    settled(page)


def text(page, selector):
    return page.locator(selector).inner_text()


def start_s(page):
    """Where the page begins, as the day view says to those who do not see it."""
    return float(page.locator("#day-view").get_attribute("aria-valuenow"))


def chosen(page):
    """Cells of the row that is chosen in the table of events."""
    return page.locator("#events .body [aria-selected=true] .cell").all_inner_texts()


def verdicts(folder):
    path = folder / "verdicts.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def stay_of(stays, page):
    return stays / text(page, "#recording-name")


def said(page, words):
    page.wait_for_function(
        "words => document.querySelector('#status').textContent.includes(words)", arg=words
    )


def test_the_token_leaves_the_address_and_what_is_shown_is_told(page):
    assert "token" not in page.url
    assert "not a diagnosis" in text(page, "#disclaimer")
    assert re.fullmatch(r"\d\d:\d\d:\d\d – \d\d:\d\d:\d\d", text(page, "#page-time"))
    described = page.locator("#eeg-text").text_content()
    assert "longitudinal bipolar, 19 traces: Fp1-F7, F7-T3" in described
    assert "EKG." in described
    assert "negative up" in text(page, "#scale-note")


def test_what_needs_eyes_first_is_open_and_another_can_be_opened(page):
    page.keyboard.press("r")
    names = page.locator("#recordings tbody button").all_inner_texts()
    assert names == ["stay-217", "stay-96"]
    assert text(page, "#recording-name") == "stay-217"
    page.locator("#recordings tbody button", has_text="stay-96").click()
    page.wait_for_function("() => document.title.endsWith('stay-96')")
    settled(page)
    assert page.locator("#events").get_attribute("aria-rowcount") != "1"


def test_arrows_turn_pages_and_stop_at_either_end(page):
    pressed(page, "Home", "ArrowLeft")
    assert start_s(page) == 0
    pressed(page, "ArrowRight", "ArrowRight")
    assert start_s(page) == 20
    pressed(page, "Shift+ArrowLeft")
    assert start_s(page) == 19
    page.locator("#page-s").select_option("30")
    pressed(page, "End", "ArrowRight")
    assert start_s(page) == 1080 - 30


def test_of_many_turns_the_last_one_is_shown(page):
    pressed(page, "Home", *["ArrowRight"] * 25)
    page.wait_for_function(
        "() => document.querySelector('#page').getAttribute('aria-busy') === 'false'"
    )
    assert start_s(page) == 250
    begin = text(page, "#page-time").split(" – ")[0]
    page.locator("#go-to").fill(begin)
    page.locator("#go-to").press("Enter")
    settled(page)
    assert start_s(page) == 245  # a time that is gone to stands in the middle


def test_a_page_turns_past_long_gaps_and_opens_on_the_first_stretch(browser, address):
    def far_apart(route):
        answer = route.fetch()
        gaps = [{"onset_s": 100.0, "duration_s": 700.0}, {"onset_s": 830.0, "duration_s": 20.0}]
        route.fulfill(response=answer, json=answer.json() | {"gaps": gaps})

    with browser.new_context(viewport={"width": 1280, "height": 720}) as context:
        page = context.new_page()
        page.route(re.compile(r"/api/readings/[^/?]+$"), far_apart)
        page.goto(address)
        settled(page)
        page.keyboard.press("Escape")
        assert text(page, "#day-title") == "1 min 40 s of 18 min 00 s"
        pressed(page, *["ArrowRight"] * 10)
        assert start_s(page) == 800
        said(page, "Nothing recorded for 11 min 40 s")
        pressed(page, "ArrowLeft")
        assert start_s(page) == 90
        pressed(page, *["ArrowRight"] * 5)
        assert start_s(page) == 840  # a short gap is shown


def test_the_day_view_zooms_from_the_whole_to_a_minute_and_follows_a_click(page):
    assert text(page, "#day-title") == "Whole recording, 18 min 00 s"
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for _ in range(6):
        pressed(page, "i")
    assert text(page, "#day-title") == "1 min 00 s of 18 min 00 s"
    spectrogram = [url for url in asked if "/spectrogram?" in url]
    assert "start_s=0&stop_s=60&" in spectrogram[-1]
    assert int(re.search(r"columns=(\d+)", spectrogram[-1])[1]) > 600
    pressed(page, "0")
    box = page.locator("#day-view").bounding_box()
    across = box["x"] + 66 + (box["width"] - 74) / 2
    page.mouse.click(across, box["y"] + 60)
    settled(page)
    assert start_s(page) == pytest.approx(540 - 5, abs=2)
    page.mouse.wheel(0, -100)
    settled(page)
    assert text(page, "#day-title").endswith("of 18 min 00 s")
    page.mouse.move(across + 3, box["y"] + 60)
    assert re.match(r"\d\d:\d\d:\d\d · ", text(page, "#day-tip"))


def test_a_relabelled_event_is_found_again_after_a_reload(page, stays):
    pressed(page, "n")
    time, *_ = before = chosen(page)
    assert "Seizure" in before[2]
    pressed(page, "4")
    said(page, "LRDA relabelled")
    assert "LRDA" in chosen(page)[2]
    page.wait_for_function("Number(new URLSearchParams(location.hash.slice(1)).get('t')) > 0")
    page.reload()
    settled(page)
    assert start_s(page) > 0  # where one was
    row = page.locator("#events .body .row", has_text=time)
    assert "LRDA" in row.inner_text()
    last = verdicts(stay_of(stays, page))[-1]
    assert (last["action"], last["pattern"], last["reviewer"]) == ("relabel", "lrda", "AB")
    assert last["predictions_visible"] is True
    pressed(page, "n", "u")
    said(page, "Taken back")
    assert "Seizure" in row.inner_text()


def test_events_are_confirmed_rejected_and_filtered(page):
    pressed(page, "n", "n", "c")
    said(page, "confirmed")
    confirmed = chosen(page)
    assert confirmed[-1] == "✓"
    pressed(page, "n", "x")
    said(page, "rejected")
    assert chosen(page)[-1] == "✕"
    page.locator("#filter-verdict").select_option("confirm")
    assert [row[0] for row in rows(page)] == [confirmed[0]]
    page.locator("#filter-verdict").select_option("")
    page.locator("#filter-pattern").select_option("gpd")
    assert {row[2] for row in rows(page)} == {"GPD"}
    page.locator("#filter-pattern").select_option("")
    page.locator("#events [data-key=certainty] button").click()
    certainty = [float(row[3]) for row in rows(page) if row[3]]
    assert certainty == sorted(certainty, reverse=True)
    pressed(page, "u", "u")


def rows(page):
    found = page.locator("#events .body .row").all()
    found.sort(key=lambda row: int(row.get_attribute("aria-rowindex")))
    return [row.locator(".cell").all_inner_texts() for row in found]


def test_borders_are_moved_by_mouse_and_a_span_is_added(page, stays):
    folder = stay_of(stays, page)
    pressed(page, "n", "n", "n")
    box = page.locator("#eeg-view").bounding_box()
    scale = (box["width"] - 74) / 10
    begin = start_s(page)
    onset = begin + 1  # a long event begins a second after its page
    (event,) = (one for one in load(folder).events if abs(one.onset_s - onset) < 0.5)
    middle = box["y"] + box["height"] / 2

    def x(second):
        return box["x"] + 66 + (second - begin) * scale

    page.mouse.move(x(onset), middle)
    page.mouse.down()
    page.mouse.move(x(onset + 2), middle, steps=4)
    page.mouse.up()
    said(page, "borders moved")
    moved = verdicts(folder)[-1]
    assert moved["action"] == "move"
    assert moved["onset_s"] == pytest.approx(onset + 2, abs=0.06)
    assert moved["onset_s"] + moved["duration_s"] == pytest.approx(event.stop_s, abs=0.01)
    pressed(page, "u", "Home")
    said(page, "Taken back")
    page.mouse.move(box["x"] + 66 + 3 * scale, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 66 + 7 * scale, middle, steps=4)
    page.mouse.up()
    pressed(page, "a", "2")
    said(page, "LPD added")
    added = verdicts(folder)[-1]
    assert (added["action"], added["pattern"]) == ("add", "lpd")
    assert added["onset_s"] == pytest.approx(3, abs=0.06)
    assert added["duration_s"] == pytest.approx(4, abs=0.11)
    assert chosen(page)[-1] == "+"
    pressed(page, "u")
    said(page, "Taken back")
    assert chosen(page) == []


def test_calipers_measure_what_the_scale_says(page):
    box = page.locator("#eeg-view").bounding_box()
    seconds = (box["width"] - 74) / 10
    uv = 7 / (96 / 25.4)  # a px at 7 µV/mm
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + 300, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 300 + seconds / 4, box["y"] + 140, steps=3)
    page.mouse.up()
    page.keyboard.up("Shift")
    found = re.fullmatch(
        r"Calipers: (\d+) µV · (\d+) ms · ([\d.]+) Hz", page.locator("#status").text_content()
    )
    assert float(found[1]) == pytest.approx(60 * uv, abs=1)
    assert float(found[2]) == pytest.approx(250, abs=8)
    assert float(found[3]) == pytest.approx(4, abs=0.15)


def test_a_calibrated_screen_makes_mm_true_and_stays_so(page):
    assert text(page, "#scale-note").endswith("screen not calibrated")
    page.locator("#open-calibration").click()
    page.locator("#card-length").fill("428")
    assert page.locator("#card").bounding_box()["width"] == 428
    page.locator("#card-save").click()
    width = page.locator("#eeg-view").bounding_box()["width"] - 74
    wanted = f"7 µV/mm (EKG 70), {width / 10 / (428 / 85.6):.0f} mm/s, negative up"
    assert text(page, "#scale-note") == wanted
    page.reload()
    settled(page)
    assert text(page, "#scale-note") == wanted


def test_missing_interpolated_and_faulty_electrodes_are_marked(browser, address):
    recorded = tuple(name for name in ELECTRODES if name not in ("T3", "O2"))
    montage = Montage(recorded=recorded, interpolated=("O2",), missing=("T3",))

    def flawed(route):
        answer = route.fetch()
        content = answer.json()
        content["states"] = {name: montage.state_of(name) for name in content["states"]}
        content["bad"]["Fz"] = 0.7
        route.fulfill(response=answer, json=content)

    with opened(browser, address) as page:
        page.route(re.compile(r"/api/readings/[^/?]+$"), flawed)
        page.reload()
        settled(page)
        described = page.locator("#eeg-text").text_content().split("Marked: ")[1]
    assert described == (
        "F7-T3 missing, T3-T5 missing, Fz-Cz mostly faulty, P4-O2 interpolated, T6-O2 interpolated."
    )


def test_a_whole_review_by_keyboard_alone(page, stays):
    folder = stay_of(stays, page)
    done = len(verdicts(folder))
    pressed(page, "n", "n", "n", "n", "c")
    said(page, "confirmed")
    pressed(page, "w")
    page.keyboard.type("sharp on the left")
    pressed(page, "Enter")
    page.wait_for_function(f"() => {CHOSEN}.innerText.includes('✎')")
    pressed(page, "Escape", "n", "5")
    said(page, "GRDA relabelled")
    pressed(page, "a", "3")
    said(page, "GPD added")
    pressed(page, "b")
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    page.keyboard.type(".5")
    pressed(page, "Enter")
    said(page, "borders moved")
    pressed(page, "Escape")
    given = [(one["action"], one["pattern"], one["note"]) for one in verdicts(folder)[done:]]
    assert [action for action, *_ in given] == ["confirm", "confirm", "relabel", "add", "move"]
    assert given[1][2] == "sharp on the left"
    added, moved = verdicts(folder)[-2:]
    assert moved["duration_s"] == added["duration_s"] + 0.5
    for _ in given:
        pressed(page, "u")
    page.wait_for_function("() => !document.querySelector('#events .body').innerText.includes('✎')")


def test_every_control_is_reached_by_tab_and_shows_that_it_is(page):
    wanted = set(
        page.evaluate(
            "[...document.querySelectorAll('button, select, input, [tabindex=\"0\"]')]"
            ".filter(e => e.checkVisibility() && !e.disabled && e.tabIndex === 0)"
            ".map(e => e.id || e.textContent)"
        )
    )
    reached = {}
    page.locator(".skip").focus()
    for _ in range(2 * len(wanted)):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(
            "(() => { const e = document.activeElement;"
            " return [e.id || e.textContent, getComputedStyle(e).outlineStyle]; })()"
        )
        reached[name] = outline
    assert wanted - reached.keys() == set()
    assert {name for name in wanted if reached[name] == "none"} == set()


def test_exports_are_read_back(page, stays, tmp_path):
    from edfio import read_edf

    pressed(page, "n", "c")
    said(page, "confirmed")
    page.keyboard.press("e")
    files = {}
    for kind in ("bids", "edf"):
        page.locator(f"#export [data-kind={kind}]").click()
        page.wait_for_function(
            "kind => document.querySelector('#export-files').innerText.includes(kind)",
            arg={"bids": "events.tsv", "edf": ".edf"}[kind],
        )
        for link in page.locator("#export-files a").all():
            with page.expect_download() as waited:
                link.click()
            name = waited.value.suggested_filename
            waited.value.save_as(tmp_path / name)
            files[name] = tmp_path / name
            assert (stay_of(stays, page) / "review" / name).read_bytes() == files[name].read_bytes()
    events = pd.read_csv(files["events.tsv"], sep="\t")
    last = verdicts(stay_of(stays, page))[-1]
    row = events[events["onset"] == last["onset_s"]].iloc[0]
    assert row["duration"] == last["duration_s"]
    assert row["pattern"] == last["pattern"]
    edf = next(path for name, path in files.items() if name.endswith(".edf"))
    notes = read_edf(edf).annotations
    assert any(note.onset == pytest.approx(last["onset_s"], abs=0.01) for note in notes)
    page.locator("#export [data-kind=votes]").click()
    page.wait_for_function("() => document.querySelector('#error').textContent.includes('blind')")
    page.evaluate("document.querySelector('#export').close()")
    pressed(page, "u")


def test_the_map_shades_the_traces_for_the_pattern_asked_for(browser, address):
    """The model's own maps are the server's matter; here they are 1 in the third second."""
    values = np.zeros(500, np.float32)
    values[100:150] = 1
    asked = []

    def explained(route):
        asked.append(route.request.url)
        route.fulfill(body=values.tobytes(), headers={"X-Shape": "500"})

    def with_maps(route):
        answer = route.fetch()
        content = answer.json()
        content["model"]["maps"] = True
        route.fulfill(response=answer, json=content)

    def shades(page):
        """Colours beside the first trace, in the third and in the sixth second."""
        return page.evaluate(
            """import('/static/traces.js').then(({ LEFT, RIGHT }) => {
              const canvas = document.querySelector('#eeg-base');
              const second = (canvas.width - LEFT - RIGHT) / 10;
              const at = (s) => {  // the lightest: the trace itself is dark
                const { data } = canvas.getContext('2d')
                  .getImageData(LEFT + (s + 0.5) * second + 3, 40, 1, 8);
                const places = Array.from({ length: 8 }, (_, k) => 4 * k);
                const pixels = places.map((at) => [...data.slice(at, at + 4)]);
                const light = ([r, g, b]) => r + g + b;
                return pixels.sort((a, b) => light(b) - light(a))[0];
              };
              return [at(2), at(5)];
            })"""
        )

    with opened(browser, address) as page:
        page.route(re.compile(r"/api/readings/[^/?]+$"), with_maps)
        page.route(re.compile(r"/map\?"), explained)
        page.route(
            re.compile(r"/map_spectrogram\?"),
            lambda route: route.fulfill(
                body=np.ones(20, np.float32).tobytes(), headers={"X-Shape": "4,5"}
            ),
        )
        page.reload()
        settled(page)
        plain = shades(page)
        assert plain[0] == plain[1]
        page.locator("#bars button", has_text="LPD").click()
        page.wait_for_selector("#map[aria-pressed=true]")
        page.wait_for_selector("#why-map", state="visible")
        page.wait_for_timeout(300)
        assert "pattern=lpd" in asked[-1]
        within, without = shades(page)
        assert without == plain[1]
        assert within[2] - within[0] > 40  # the blue of LPD
        pressed(page, "g")
        page.wait_for_timeout(100)
        assert shades(page) == plain


def test_patterns_steps_and_words_come_with_the_case(browser, address):
    """With a seventh pattern that the server names, no file of the page changes."""

    def one_more(route):
        answer = route.fetch()
        content = answer.json()
        extra = {"name": "birds", "label": "BIRDs", "long_name": "brief rhythms", "ink": "#fff"}
        content["patterns"].insert(0, {**extra, "colour": "#aa00aa"})
        content["deeds"][0]["word"] = "agreed"
        content["step_s"] = 4.0
        content["n_steps"] = (content["n_steps"] + 1) // 2
        route.fulfill(response=answer, json=content)

    def one_more_row(route):
        answer = route.fetch()
        rows, columns = map(int, answer.headers["x-shape"].split(","))
        shares = np.frombuffer(answer.body(), "<f4").reshape(rows, columns)
        halved = np.concatenate([shares[:-1].sum(0)[None] / 2, shares[:-1] / 2, shares[-1:]])
        headers = answer.headers | {"x-shape": f"{rows + 1},{columns}"}
        route.fulfill(response=answer, body=halved.astype("<f4").tobytes(), headers=headers)

    with browser.new_context(viewport={"width": 1280, "height": 720}) as context:
        page = context.new_page()
        page.route(re.compile(r"/api/readings/[^/?]+$"), one_more)
        page.route("**/probabilities?*", one_more_row)
        page.goto(address)
        settled(page)
        page.keyboard.press("Escape")
        assert text(page, "#day-legend").startswith("BIRDs")
        assert text(page, "#why-word") == "BIRDs 50 %"
        assert text(page, "#why-time").endswith(", 4 s")
        assert page.locator("#bars li").count() == page.locator("#labels button").count() == 7
        assert "agreed" in page.locator("#filter-verdict option").all_text_contents()
        page.keyboard.press("?")
        assert "label (BIRDs Seizure LPD" in text(page, "#keys")
        assert "1–7" in text(page, "#keys")


def test_thousands_of_events_stay_fast(browser, address):
    def many(route):
        answer = route.fetch()
        content = answer.json()
        if "events" in content:
            pattern = [one["name"] for one in content["patterns"]]
            event = content["events"][0]
            content["events"] = [
                {**event, "id": f"e{i}", "onset_s": i * 0.2, "duration_s": 2.0,
                 "pattern": pattern[i % 5], "probability": (i * 7919 % 1000) / 1000}
                for i in range(5000)
            ]  # fmt: skip
        route.fulfill(response=answer, json=content)

    with browser.new_context(viewport={"width": 1280, "height": 720}) as context:
        page = context.new_page()
        page.route(re.compile(r"/api/readings/[^/?]+$"), many)
        page.goto(address)
        settled(page)
        page.keyboard.press("Escape")
        assert page.locator("#events").get_attribute("aria-rowcount") == "5001"
        assert page.locator("#events .body .row").count() < 60
        took = page.evaluate(
            """() => {
              const times = [];
              for (const key of ["certainty", "time", "pattern", "certainty"]) {
                const begin = performance.now();
                document.querySelector(`#events [data-key=${key}] button`).click();
                document.querySelector("#events").getBoundingClientRect();
                times.push(performance.now() - begin);
              }
              return times.sort((a, b) => a - b)[1];
            }"""
        )
        assert took < 100
        page.locator("#events").focus()
        page.keyboard.press("End")
        assert page.evaluate(f"{CHOSEN}.getAttribute('aria-rowindex')") == "5001"


def test_a_blind_review_hides_what_the_model_said(browser, stays, tmp_path):
    folder = tmp_path / "blind"
    shutil.copytree(stays, folder, ignore=shutil.ignore_patterns("verdicts*", "review"))
    asked = []
    with served(folder, blind=True) as address, opened(browser, address) as page:
        page.on("request", lambda request: asked.append(request.url))
        assert "Blind" in text(page, "#blind-note")
        assert not page.locator("#why").is_visible()
        assert {row[2] for row in rows(page)} == {"candidate"}
        pressed(page, "n", "g", "c", "ArrowRight", "i", "n", "1")
        said(page, "Seizure relabelled")
        assert not [url for url in asked if "/probabilities" in url or "/map" in url]
        last = verdicts(stay_of(folder, page))
        assert [one["predictions_visible"] for one in last] == [False]
        page.keyboard.press("e")
        page.locator("#export [data-kind=votes]").click()
        page.wait_for_selector("#export-files a")
    assert list(Path(folder).glob("*/review/*"))
