import csv
import json
import multiprocessing
import zipfile
from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from visitor import id_of

from exports.others import bids_problems
from nasion.config import HMS_VIEW
from nasion.eeg.margins import Margins
from nasion.eeg.spectrogram import cleaned, columns
from nasion.errors import NasionError
from nasion.exports.bids import read_events
from nasion.exports.folder import load
from nasion.hms.segments import load_segments, read_spectrogram
from nasion.review.candidates import candidates
from nasion.review.shelf import Shelf
from nasion.review.verdicts import FILE, TORN, Journal, Verdict, stamp, standing
from nasion.review.votes import votes_of
from nasion.signal.fault import Reason
from nasion.terms import PATTERNS, VOTE_COLUMNS, Pattern


def verdict(**changes) -> Verdict:
    key, at = stamp()
    given = {
        "key": key,
        "action": "relabel",
        "event": "e0",
        "subject": (130.0, 26.0, "seizure"),
        "pattern": Pattern.GPD,
        "onset_s": 130.0,
        "duration_s": 26.0,
        "note": "",
        "reviewer": "AB",
        "at": at,
        "predictions_visible": True,
    }
    return Verdict(**{**given, **changes})


@pytest.fixture
def page(visit):
    return Page(visit())


class Page:
    """What the page asks, in short."""

    def __init__(self, client, name="stay-217"):
        self.client, self.path = client, f"/api/readings/{id_of(client, name)}"

    def post(self, what, **body):
        return self.client.post(f"{self.path}/{what}", json=body)

    def judge(self, **body):
        answer = self.post("verdicts", **body)
        assert answer.status_code == 200, answer.text
        return answer.json()["event"]

    def told(self):
        return self.client.get(self.path).json()

    def events(self):
        return {event["id"]: event for event in self.told()["events"]}


def test_lines_come_back_as_they_were_written(tmp_path):
    lines = [verdict(note='Ä\n"tab\t"', event=f"e{i}") for i in range(5)]
    journal = Journal(tmp_path)
    for line in lines:
        journal.append(line)
    assert list(Journal(tmp_path).verdicts()) == lines
    assert list(journal.verdicts()) == lines
    assert (tmp_path / FILE).read_bytes().count(b"\n") == 5


@pytest.mark.parametrize("cut", [1, 2, 50, 150])
def test_a_line_cut_off_is_put_aside_and_loses_nothing_else(tmp_path, cut):
    lines = [verdict(), verdict()]
    for line in lines:
        Journal(tmp_path).append(line)
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole[:-cut])
    journal = Journal(tmp_path)
    assert list(journal.verdicts()) == lines[:1]
    assert any("cut off" in warning for warning in journal.warnings)
    later = verdict(event="e9")
    journal.append(later)
    assert list(Journal(tmp_path).verdicts()) == [lines[0], later]
    torn = (tmp_path / TORN).read_bytes()
    assert torn == whole[:-cut].splitlines(keepends=True)[1] + b"\n"
    assert any(TORN in warning for warning in Journal(tmp_path).warnings + journal.warnings)


@pytest.mark.parametrize(
    "line", [b"garbage", b"{}", b'{"schema": 2}', b"[]", b"\xff", b"null", b""]
)
def test_a_line_that_is_none_is_named_and_passed_over(tmp_path, line):
    first, second = verdict(), verdict()
    (tmp_path / FILE).write_bytes(first.line + line + b"\n" + second.line)
    journal = Journal(tmp_path)
    assert list(journal.verdicts()) == [first, second]
    assert journal.warnings == [f"{FILE}, line 2: can't be read and is left out"]


def append_many(folder, reviewer, n):
    journal = Journal(folder)
    for number in range(n):
        journal.append(verdict(reviewer=reviewer, event=f"e{number}", note="x" * 500))


def test_two_processes_lose_no_line(tmp_path):
    spawn = multiprocessing.get_context("spawn")
    both = [spawn.Process(target=append_many, args=(tmp_path, who, 40)) for who in ("AB", "CD")]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    journal = Journal(tmp_path)
    found = journal.verdicts()
    assert journal.warnings == []
    for who in ("AB", "CD"):
        assert [v.event for v in found if v.reviewer == who] == [f"e{i}" for i in range(40)]


def test_a_journal_sees_what_others_wrote(tmp_path):
    mine, theirs = Journal(tmp_path), Journal(tmp_path)
    mine.append(verdict())
    theirs.append(verdict(reviewer="CD"))
    assert [v.reviewer for v in mine.verdicts()] == ["AB", "CD"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(NasionError, match="cannot be written"):
        Journal(tmp_path / "none").append(verdict())


def test_undone_lines_do_not_stand_and_numbers_stay():
    first, second = (verdict(action="add", event="", subject=None) for _ in range(2))
    undo = verdict(action="undo", undoes=first.key)
    assert [v.event for v in standing([first, second])] == ["r1", "r2"]
    assert [v.event for v in standing([first, second, undo])] == ["r2"]


def test_a_verdict_is_on_the_disk_when_the_page_hears_of_it(page, readings):
    event = page.judge(action="relabel", event="e1", pattern="lpd", note="sharp")
    (line,) = (readings / "stay-217" / FILE).read_text().splitlines()
    written = json.loads(line)
    assert (written["action"], written["event"], written["pattern"]) == ("relabel", "e1", "lpd")
    assert written["reviewer"] == "AB"
    assert written["predictions_visible"] is True
    assert datetime.fromisoformat(written["at"]).utcoffset() is not None
    assert event["pattern"] == "seizure"
    assert event["verdict"]["pattern"] == "lpd"
    assert event["verdict"]["note"] == "sharp"


def test_a_new_server_finds_every_verdict_again(page, visit):
    page.judge(action="confirm", event="e0")
    page.judge(action="reject", event="e1", note="chewing")
    page.judge(action="move", event="e2", onset_s=536.0, duration_s=20.0)
    page.judge(action="add", pattern="grda", onset_s=10.0, duration_s=12.5)
    before, after = page.events(), Page(visit()).events()
    assert after == before
    assert after["e1"]["verdict"]["action"] == "reject"
    assert (after["e2"]["onset_s"], after["e2"]["verdict"]["onset_s"]) == (534.0, 536.0)
    assert after["r1"]["pattern"] == "grda"
    assert after["r1"]["probability"] is None


def test_a_later_verdict_keeps_what_it_does_not_change(page):
    page.judge(action="relabel", event="e0", pattern="lrda")
    moved = page.judge(action="move", event="e0", onset_s=131.0, duration_s=5.0)["verdict"]
    assert moved["pattern"] == "lrda"
    confirmed = page.judge(action="confirm", event="e0")["verdict"]
    assert (confirmed["pattern"], confirmed["onset_s"], confirmed["duration_s"]) == ("lrda", 131, 5)


def test_undo_goes_back_one_verdict_of_this_reader_at_a_time(page):
    before = page.events()
    page.judge(action="relabel", event="e0", pattern="lrda")
    page.judge(action="reject", event="e0")
    page.judge(action="add", pattern="grda", onset_s=10.0, duration_s=12.5)
    page.post("reviewer", initials="CD")
    page.judge(action="confirm", event="e3")
    page.post("reviewer", initials="AB")
    assert page.post("undo").json() == {"event": None}
    assert "r1" not in page.events()
    assert page.post("undo").json()["event"]["verdict"]["action"] == "relabel"
    assert page.post("undo").json()["event"]["verdict"] is None
    assert page.post("undo").json() == {"event": None}
    after = page.events()
    assert after["e3"]["verdict"]["reviewer"] == "CD"
    assert after | {"e3": before["e3"]} == before


def test_own_events_can_be_judged_like_others(page):
    page.judge(action="add", pattern="grda", onset_s=10.0, duration_s=12.0)
    page.judge(action="relabel", event="r1", pattern="lrda")
    moved = page.judge(action="move", event="r1", onset_s=20.0, duration_s=6.0)
    assert (moved["pattern"], moved["onset_s"], moved["duration_s"]) == ("lrda", 20.0, 6.0)
    assert page.judge(action="add", pattern="gpd", onset_s=1.0, duration_s=1.0)["id"] == "r2"


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        ({"action": "confirm", "event": "e999"}, 404, "no such event"),
        ({"action": "confirm"}, 404, "no such event"),
        ({"action": "praise", "event": "e0"}, 422, "action is one of"),
        ({"action": "undo", "event": "e0"}, 422, "action is one of"),
        ({"action": "relabel", "event": "e0"}, 422, "name a pattern"),
        ({"action": "relabel", "event": "e0", "pattern": "spike"}, 422, "pattern"),
        ({"action": "add", "pattern": "lpd"}, 422, "onset_s"),
        ({"action": "add", "pattern": "lpd", "onset_s": -1, "duration_s": 5}, 422, "within"),
        ({"action": "add", "pattern": "lpd", "onset_s": 5, "duration_s": 0}, 422, "within"),
        ({"action": "add", "pattern": "lpd", "onset_s": 1070, "duration_s": 99}, 422, "within"),
        ({"action": "add", "pattern": "lpd", "onset_s": "nan", "duration_s": 1}, 422, "finite"),
        ({"action": "confirm", "event": "e0", "note": "x" * 3000}, 422, "note"),
        ({"action": "confirm", "event": "e0", "path": "/etc"}, 422, "path"),
    ],
)
def test_what_is_no_verdict_is_refused_in_a_line_and_not_written(
    page, readings, body, status, word
):
    answer = page.post("verdicts", **body)
    assert answer.status_code == status
    assert word in answer.json()["detail"]
    assert "\n" not in answer.json()["detail"]
    assert not (readings / "stay-217" / FILE).exists()


def test_verdicts_have_initials(visit):
    page = Page(visit(reviewer=""))
    assert page.post("verdicts", action="confirm", event="e0").status_code == 409
    for text in ("", "  ", "a b", "x" * 9, "../x", "<b>"):
        assert page.post("reviewer", initials=text).status_code == 422
    assert page.post("reviewer", initials=" MÜ ").json() == {"reviewer": "MÜ"}
    assert page.judge(action="confirm", event="e0")["verdict"]["reviewer"] == "MÜ"


def test_a_reading_made_anew_keeps_what_was_said(page, readings, visit):
    from nasion.exports.folder import save

    page.judge(action="relabel", event="e1", pattern="gpd")
    page.judge(action="relabel", event="e2", pattern="lpd")
    folder = readings / "stay-217"
    reading = load(folder)
    for path in folder.iterdir():  # hard links of all tests
        if path.is_file() and path.name != FILE:
            content = path.read_bytes()
            path.unlink()
            path.write_bytes(content)
    save(replace(reading, events=(reading.events[2], *reading.events[4:])), folder)
    after = Page(visit()).events()
    assert after["e0"]["verdict"]["pattern"] == "lpd"
    (orphan,) = (event for number, event in after.items() if number.startswith("r"))
    assert (orphan["onset_s"], orphan["pattern"]) == (344.0, "gpd")


def test_a_blind_review_tells_nothing_of_the_model(visit):
    page = Page(visit(blind=True))
    told, overview = page.told(), page.client.get("/api/readings").json()
    assert told["blind"]
    assert overview["blind"]
    assert told["burden"] == {}
    for one in overview["readings"]:
        assert one["minutes"] == one["percent"] == {}
        assert one["urgency"] == 0
    for event in told["events"]:
        hidden = ("pattern", "probability", "peak", "side", "frequency_hz", "verdict")
        assert [event[name] for name in hidden] == [None] * 6
        assert event["chains"] == []
        assert event["length"] == ""
        assert event["duration_s"] == 10
    hidden = ("probabilities?start_s=0&stop_s=9&columns=3", "map?at_s=1&pattern=lpd")
    for path in (*hidden, "map_spectrogram?at_s=1&pattern=lpd"):
        assert page.client.get(f"{page.path}/{path}").status_code == 403
    for path in ("page?start_s=0", "spectrogram?start_s=0&stop_s=9&columns=3"):
        assert page.client.get(f"{page.path}/{path}").status_code == 200


def test_candidates_mix_detections_and_as_many_random_windows(made):
    reading = load(made / "stay-217")
    found = candidates(reading)
    assert candidates(reading) == found
    onsets = [one.onset_s for one in found]
    middles = [event.onset_s + event.duration_s / 2 for event in reading.events]
    detected = [on for on in onsets if min(abs(on + 5 - middle) for middle in middles) <= 2]
    assert len(detected) >= len(reading.events) - 1
    assert len(found) == len({*onsets}) >= 2 * len(reading.events) - 2
    assert [one.id for one in found] == [f"b{i + 1}" for i in range(len(found))]
    places = np.argsort(onsets)
    assert abs(np.corrcoef(places, np.arange(len(places)))[0, 1]) < 0.6
    steps = (np.array(onsets) / 2).astype(int)
    assert reading.judged[steps].mean() > 0.95
    empty = candidates(replace(reading, events=()))
    assert len(empty) == 10


def test_blind_verdicts_are_marked_whatever_the_page_says(visit, readings):
    blind = Page(visit(blind=True))
    number = next(iter(blind.events()))
    assert blind.post("verdicts", action="confirm", event=number).status_code == 422
    event = blind.judge(action="relabel", event=number, pattern="gpd", predictions_visible=True)
    assert event["verdict"]["predictions_visible"] is False
    seeing = Page(visit())
    assert seeing.judge(action="confirm", event="e0", predictions_visible=False)["verdict"][
        "predictions_visible"
    ]


def test_blind_readers_do_not_see_each_other(visit):
    first = Page(visit(blind=True, reviewer="AB"))
    number = next(iter(first.events()))
    first.judge(action="relabel", event=number, pattern="gpd")
    assert first.events()[number]["verdict"]["pattern"] == "gpd"
    assert Page(visit(blind=True, reviewer="CD")).events()[number]["verdict"] is None


def test_bids_holds_what_stands(page, readings):
    page.judge(action="confirm", event="e0")
    page.judge(action="reject", event="e1", note="a\ttab\nand lines")
    page.judge(action="relabel", event="e2", pattern="other")
    page.judge(action="move", event="e3", onset_s=664.0, duration_s=30.0)
    page.judge(action="add", pattern="grda", onset_s=10.0, duration_s=12.5)
    assert page.post("export", kind="bids").json() == {
        "files": ["events.tsv", "events.json", "verdicts.tsv"]
    }
    reading, found = (
        load(readings / "stay-217"),
        read_events(readings / "stay-217" / "review" / "events.tsv"),
    )
    assert [(e.onset_s, e.duration_s, e.pattern) for e in found] == [
        (10.0, 12.5, "grda"), (130.0, 26.0, "seizure"), (664.0, 30.0, "lpd"),
    ]  # fmt: skip
    assert found[1] == replace(reading.events[0], length=found[1].length)
    text = page.client.get(f"{page.path}/export/verdicts.tsv").text
    rows = list(csv.DictReader(text.splitlines(), delimiter="\t"))
    assert [row["action"] for row in rows] == ["confirm", "reject", "relabel", "move", "add"]
    assert rows[1]["note"] == "a tab and lines"
    assert rows[1]["pattern"] == "n/a"
    assert rows[1]["model_pattern"] == "seizure"
    (shared,) = (readings / "bids").rglob("sub-*_desc-reviewed_events.tsv")
    own = readings / "stay-217" / "review" / "events.tsv"
    assert shared.read_bytes() == own.read_bytes()
    assert bids_problems(readings / "bids") == []
    about = json.loads(shared.with_suffix(".json").read_text())["Review"]
    assert about["Reviewers"] == ["AB"]
    assert about["EventsNotRead"] == len(reading.events) - 4
    seen = json.loads(shared.with_suffix(".json").read_text())["Reading"]
    unread_s = sum(event.duration_s for event in reading.events[4:])
    assert seen["NotJudgedDuration"].get(Reason.UNREAD, 0.0) >= unread_s - 2.0


def test_no_verdict_is_no_word_that_nothing_is_there(page, readings):
    reading = load(readings / "stay-217")
    page.post("export", kind="bids")
    with (readings / "stay-217" / "review" / "events.tsv").open(newline="") as file:
        (row,) = csv.DictReader(file, delimiter="\t")
    assert row["eventType"] == "bckg"
    assert float(row["judged"]) < reading.judged.mean()
    for number in page.events():
        page.judge(action="reject", event=number)
    page.post("export", kind="bids")
    with (readings / "stay-217" / "review" / "events.tsv").open(newline="") as file:
        (row,) = csv.DictReader(file, delimiter="\t")
    assert float(row["judged"]) == round(float(reading.judged.mean()), 4)


def test_the_data_set_of_a_reading_alone_lies_in_it(readings):
    for shelf, place in (
        (readings, readings),
        (readings / "stay-217", readings / "stay-217/review"),
    ):
        shelf = Shelf(shelf, "key")
        (case,) = [case for case in shelf.cases() if case.folder.name == "stay-217"]
        assert shelf.data_set(case) == place / "bids"


def test_edf_annotations_open_elsewhere(page, tmp_path):
    import edfio
    import mne

    page.judge(action="relabel", event="e0", pattern="gpd")
    page.judge(action="reject", event="e1")
    assert page.post("export", kind="edf").json() == {"files": ["annotations.edf"]}
    path = tmp_path / "down.edf"
    path.write_bytes(page.client.get(f"{page.path}/export/annotations.edf").content)
    (one,) = edfio.read_edf(path).annotations
    assert (one.onset, one.duration, one.text) == (130.0, 26.0, "review: GPD (relabel, AB)")
    assert mne.read_annotations(path).description.tolist() == ["review: GPD (relabel, AB)"]


def test_votes_count_readers_and_blind_ones_only():
    blind = {"predictions_visible": False}
    said = [
        verdict(**blind, pattern=Pattern.LPD),
        verdict(**blind, pattern=Pattern.GPD),  # AB changed his mind
        verdict(**blind, pattern=Pattern.GPD, reviewer="CD"),
        verdict(**blind, action="reject", pattern=None, reviewer="EF"),
        verdict(reviewer="GH", pattern=Pattern.SEIZURE),
    ]
    (votes,) = votes_of(said, with_visible=False).values()
    assert dict(zip(PATTERNS, votes.tolist(), strict=True)) == {
        "seizure": 0, "lpd": 0, "gpd": 2, "lrda": 0, "grda": 0, "other": 1,
    }  # fmt: skip
    ((middle_s, votes),) = votes_of(said, with_visible=True).items()
    assert middle_s == 143.0
    assert votes.sum() == 4


def test_votes_are_a_folder_to_train_on(visit, readings, tmp_path):
    page = Page(visit(blind=True))
    events = sorted(page.events().values(), key=lambda event: event["onset_s"])
    assert page.post("export", kind="votes").status_code == 409
    for event in events[:3]:
        page.judge(action="relabel", event=event["id"], pattern="lpd")
    page.post("reviewer", initials="CD")
    page.judge(action="reject", event=events[0]["id"])
    assert page.post("export", kind="votes").json() == {"files": ["votes.zip"]}
    down = tmp_path / "votes.zip"
    down.write_bytes(page.client.get(f"{page.path}/export/votes.zip").content)
    with zipfile.ZipFile(down) as archive:
        archive.extractall(tmp_path)
    segments = load_segments(tmp_path / "votes", "train")
    table = segments.table
    assert len(table) == 3
    assert table[list(VOTE_COLUMNS)].iloc[0].tolist() == [0, 1, 0, 0, 0, 1]
    assert table["patient_id"].nunique() == 1
    from nasion.display.display import Display

    display = Display.open(readings / "stay-217")
    row = table.iloc[1]
    eeg = pd.read_parquet(segments.eeg_path(int(row["eeg_id"])))
    assert eeg.shape == (10000, 20)
    begin = round((events[1]["onset_s"] + 5 - 25) * 200)
    np.testing.assert_array_equal(eeg.to_numpy().T, display.signals(begin, begin + 10000))
    first_s, power = read_spectrogram(segments.spectrogram_path(int(row["spectrogram_id"])))
    assert (first_s, power.shape) == (0.0, (4, 100, 300))
    begin = round((events[1]["onset_s"] + 5 - 302) * 200)
    margins = Margins(begin, begin + 120_000, 0, display.n_times)
    whole = columns(*cleaned(display.signals(0, display.n_times)), HMS_VIEW, margins)
    np.testing.assert_allclose(power, whole, rtol=1e-4)
    assert np.isfinite(power[:, :, 150]).all()
