"""Nothing tells whose a recording is where it is de-identified: every verb, file, stream, error."""

import gc
import json
import logging
import re
import stat
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from typer.main import get_command

import nasion
from benchmark.made_data_set import add, events_of, place
from nasion.cli import app
from nasion.errors import NasionError
from nasion.exports.deidentification import REMOVED
from nasion.exports.discretion import CAUSES, OTHERWISE, DiscreetError, cause, discreet
from nasion.exports.keys import read_keys
from planted import (
    BIRTHS,
    DAY,
    FOLDER,
    NAME,
    NUMBER,
    STEM,
    WARD,
    WORDS,
    broken,
    call,
    found_below,
    found_in_text,
    good,
    telling,
)

QUICK = "--no-report", "--no-display"
# Verbs that are given no recordings, nor anything made of one's own.
APART = {
    "demo": "made-up patients",
    "export": "weights",
    "models": "weights",
    "pack": "weights",
    "publish": "weights",
    "state": "weights",
    "average": "runs",
    "blend": "runs",
}


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Good and broken files of a patient."""
    folder = tmp_path_factory.mktemp("in")
    return good(folder), broken(folder)


@pytest.fixture
def out(tmp_path, monkeypatch):
    """A folder for outputs; beside it lies what is written to no named place."""
    for name in ("scratch", "here"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "out"


def nothing_is_told(told, out):
    if any((out.parent / "scratch").iterdir()):
        gc.collect()  # what was unpacked goes with its recording
    assert found_in_text(told.text) == set()
    assert DAY not in told
    assert found_below(out.parent, (*WORDS, DAY)) == {}


def test_the_search_finds_what_is_there(recordings, tmp_path):
    files, _ = recordings
    for path in files:
        copy = tmp_path / path.suffix[1:] / f"x{path.suffix}"
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(path.read_bytes())
        found = set().union(*found_below(copy.parent).values())
        assert {NAME.lower(), "471108"} <= found
    assert found_in_text(NAME[::-1].upper()) == {NAME.lower()}
    (tmp_path / "u.txt").write_bytes(b"\0" + NUMBER.encode("utf-16-le"))
    assert "u.txt" in found_below(tmp_path)


def test_every_verb_takes_the_option_or_says_why_it_needs_none():
    for name, verb in get_command(app).commands.items():
        text = " ".join([verb.help or "", *(getattr(p, "help", "") or "" for p in verb.params)])
        options = {option for parameter in verb.params for option in parameter.opts}
        assert ("--deidentify" in options or "--deidentify" in text) != (name in APART), name


def test_causes_are_phrases_of_nasions_own_errors():
    paths = Path(nasion.__file__).parent.rglob("*.py")
    sources = [path for path in paths if path.name != "discretion.py"]
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    plain = re.sub(r'"\s+f?"', "", text)  # of texts in several lines
    assert [phrase for phrase in CAUSES if phrase not in plain] == []


@pytest.mark.parametrize(
    "error",
    [
        NasionError(f"/x/{STEM}.edf: can't be read ({NAME})"),
        OSError(5, "Input/output error", f"/x/{STEM}.edf"),
        ValueError(f"invalid literal: '{NAME}'"),
        KeyError(NUMBER),
        UnicodeDecodeError("utf-8", NAME.encode(), 0, 1, WARD),
        MemoryError(NAME),
    ],
)
def test_no_error_tells_more_than_its_cause(error):
    assert found_in_text(cause(error)) == set()
    with pytest.raises(DiscreetError) as caught, discreet("recording 3 of 7"):
        raise error
    assert str(caught.value).startswith("recording 3 of 7: ")
    assert found_in_text(str(caught.value)) == set()
    assert caught.value.__suppress_context__


def test_logs_and_warnings_are_silent_within_and_come_back(caplog):
    with discreet("a recording"):
        warnings.warn(NAME, stacklevel=1)
        logging.getLogger("mne").error(NAME)
    logging.getLogger("mne").error("after")
    assert caplog.messages == ["after"]


@pytest.mark.more
def test_what_cannot_be_read_is_told_by_number_and_cause(recordings, out):
    _, bad = recordings
    files = [path for path in bad if not path.is_dir() or path.suffix == ".mff"]
    told = call("read", *files, "-o", out, "--deidentify", *QUICK)
    assert told.exit_code == 1
    nothing_is_told(told, out)
    lines = [line for line in told.text.splitlines() if line.startswith("nasion: recording ")]
    assert len(lines) == len(files)
    assert f"nasion: recording 1 of {len(files)}: is empty" in lines
    assert f"nasion: recording {len(files)} of {len(files)}: not found" in lines
    unsaid = [line for line in lines if line.endswith(OTHERWISE)]
    assert len(unsaid) <= 1
    rows = (out / "recordings.tsv").read_text(encoding="utf-8").splitlines()[1:]
    reasons = [row.partition(": ")[2].partition("\t")[0] for row in rows]
    assert reasons == [line.split(": ", 2)[2] for line in lines]


@pytest.mark.more
def test_no_reading_tells_whose_it_is(recordings, out, tmp_path_factory):
    files, _ = recordings
    keys = tmp_path_factory.mktemp("keys") / "keys.csv"
    options = "--deidentify", "--annotate", "--bids", "--keys", keys
    told = call("read", files[0].parent, "-o", out, *options)
    assert told.exit_code == 1
    nothing_is_told(told, out)
    known = read_keys(keys)
    assert {*map(str, files)} == {*known}
    for key in known.values():
        assert (out / key.name / "report.html").exists()
        assert json.loads((out / key.name / "reading.json").read_text())["deidentified"] is True
    copies = {path.parent.name for path in out.glob("*/annotated.edf")}
    assert copies == {known[str(path)].name for path in files if path.suffix == ".edf"}
    if sys.platform != "win32":
        assert {stat.S_IMODE(path.stat().st_mode) for path in (out, keys, *out.rglob("*"))} == {
            0o600,
            0o700,
        }
    for key in known.values():
        opened = nasion.open_reading(out / key.name)
        opened.report(out / "again" / "report.html")
        opened.to_edf(out / "again" / "events.edf")
        opened.to_bids(out / "again" / "bids")
    assert found_below(out, (*WORDS, DAY)) == {}


@pytest.mark.more
def test_no_stay_and_no_table_of_seizures_tells_whose_it_is(recordings, out, tmp_path_factory):
    files, bad = recordings
    later = tmp_path_factory.mktemp("later") / f"{STEM} later.edf"
    raw = bytearray(files[0].read_bytes())
    raw[176:184] = b"13.20.15"
    later.write_bytes(raw)
    stay = call("read", files[0], later, "-o", out, "--stay", "--deidentify", *QUICK)
    table = call("read", files[0], "--events", out / "e.tsv", "--deidentify")
    assert stay.exit_code == 0
    assert (out / "e.tsv").exists()
    refused = [
        call("read", files[0], bad[0], "-o", out, "--stay", "--deidentify", *QUICK),
        call("read", bad[0], "--events", out / "f.tsv", "--deidentify"),
        call("read", files[0], "--events", out / f"{NAME}.tsv", "--deidentify"),
        call("read", files[0], "-o", out / NUMBER, "--deidentify"),
        call("read", bad[-2], "-o", out, "--deidentify"),
    ]
    assert all(told.exit_code for told in refused)
    for told in (stay, table, *refused):
        nothing_is_told(told, out)


@pytest.mark.more
def test_a_folder_of_readings_that_tell_is_no_place_for_others(recordings, out):
    _, bad = recordings
    call("read", bad[0], "-o", out, *QUICK)
    assert found_below(out)
    told = call("read", bad[0], "-o", out, "--deidentify", *QUICK)
    assert "-o: holds readings that tell whose they are; give another folder" in told
    assert found_in_text(told.text) == set()


@pytest.mark.more
def test_a_check_tells_of_nobody(recordings, out):
    files, bad = recordings
    for number, path in enumerate((*files, *bad)):
        told = call("check", path, "--deidentify", *(["--json"] if number % 2 else []))
        nothing_is_told(told, out)
        assert (told.exit_code == 0) == (path in files)
    assert REMOVED in call("check", files[0], "--deidentify", "--json")
    assert NAME in call("check", files[0], "--json")  # as users expect it


@pytest.mark.more
def test_converted_recordings_tell_of_nobody(recordings, out, tmp_path_factory):
    files, bad = recordings
    keys = tmp_path_factory.mktemp("keys") / "keys.csv"
    told = call("convert", *files, out, "--deidentify", "--keys", keys)
    assert told.exit_code == 0
    nothing_is_told(told, out)
    names = {key.name for key in read_keys(keys).values()}
    assert all(name in (out / "test.csv").read_text(encoding="utf-8") for name in names)
    if sys.platform != "win32":
        assert {stat.S_IMODE(path.stat().st_mode) for path in out.rglob("*")} == {0o600, 0o700}
    for path in bad[::9]:
        told = call("convert", path, out / "more", "--deidentify")
        assert told.exit_code
        nothing_is_told(told, out)
    told = call("convert", files[0], out / NAME, "--deidentify")
    assert "the new folder names a file or folder by words of a recording's own name" in told


@pytest.mark.more
def test_a_data_set_in_a_telling_folder_is_checked_discreetly(recordings, tmp_path):
    files, _ = recordings
    folder = tmp_path / FOLDER / "hms"
    call("convert", *files, folder, "--deidentify")
    (folder / "test_eegs" / "2.parquet").write_bytes(b"PAR1" + NAME.encode())
    for options in ((), ("--json",)):
        told = call("check", folder, "--deidentify", *options)
        assert told.exit_code == 0
        assert "test_eegs" in told
        assert "not a parquet file, or cut short" in told
        assert found_in_text(told.text) == set()


@pytest.mark.more
def test_what_is_made_of_a_data_set_tells_of_nobody(recordings, out, tmp_path_factory):
    files, _ = recordings
    folder = tmp_path_factory.mktemp("hms") / FOLDER / "hms"
    call("convert", *files, folder, "--deidentify")
    told = call("predict", folder, "-o", out / "p.csv")
    assert told.exit_code == 0
    assert len((out / "p.csv").read_text(encoding="utf-8").splitlines()) == len(files) + 1
    nothing_is_told(told, out)


@pytest.mark.more
def test_explanations_tell_of_nobody(recordings, out):
    files, bad = recordings
    told = call("explain", files[0], "-o", out, "--deidentify", "--at", "5")
    assert told.exit_code == 0
    nothing_is_told(told, out)
    assert {path.suffix for path in out.iterdir()} == {".png", ".svg", ".npz"}
    with np.load(next(out.glob("*.npz"))) as arrays:
        assert found_in_text(str(arrays["name"])) == set()
    for path in bad[::9]:
        told = call("explain", path, "-o", out, "--deidentify")
        assert told.exit_code
        nothing_is_told(told, out)


@pytest.mark.more
def test_a_benchmark_tells_of_nobody(out, tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / f"{NAME} {NUMBER}"
    for subject, run in ((NAME, 0), (NAME, 1), (NUMBER, 0), (f"{WARD}x17031931", 0)):
        add(place(folder, subject, run), [(10.0, 30.0)])
    cut = place(folder, NUMBER, 0)
    cut.write_bytes(cut.read_bytes()[:100])
    add(place(folder, NUMBER, 3), [(10.0, 30.0)])
    events_of(place(folder, NUMBER, 3)).unlink()
    told = call("benchmark", folder, "-o", out, "--deidentify")
    assert told.exit_code == 1
    nothing_is_told(told, out)
    rows = (out / "subjects.tsv").read_text(encoding="utf-8").splitlines()[1:]
    assert [row.split("\t")[0] for row in rows] == ["sub-1", "sub-2", "sub-3"]
    tables = {path.name for path in (out / "events").rglob("*.tsv")}
    assert tables == {"sub-1_run-1_events.tsv", "sub-2_run-1_events.tsv", "sub-2_run-2_events.tsv"}
    assert "not read: sub-3_run-1: not an EDF or BDF file" in told
    assert "no events beside it say where its seizures are" in told
    told = call("benchmark", folder / "none", "-o", out, "--deidentify")
    nothing_is_told(told, out)


@pytest.mark.more
def test_a_review_tells_of_nobody(recordings, out):
    pytest.importorskip("fastapi")
    from review.visitor import client_of

    files, _ = recordings
    call("read", *files[:2], "-o", out, "--deidentify", "--no-report")
    with client_of(out, reviewer="AB") as client:
        texts = [client.get("/").text]
        listed = client.get("/api/readings")
        texts.append(listed.text)
        for one in listed.json()["readings"]:
            address = f"/api/readings/{one['id']}"
            texts.append(client.get(address).text)
            for path in ("page?start_s=0", "map?at_s=5&pattern=lpd", "page?start_s=no", "nowhere"):
                answer = client.get(f"{address}/{path}")
                texts.append(answer.content.decode("latin-1") + str(answer.headers))
            verdict = {"action": "add", "pattern": "lpd", "onset_s": 2.0, "duration_s": 6.0}
            assert client.post(f"{address}/verdicts", json=verdict).status_code == 200
            for kind in ("bids", "edf", "votes"):
                body = {"kind": kind, "with_visible": True}
                names = client.post(f"{address}/export", json=body).json()["files"]
                texts += [client.get(f"{address}/export/{name}").text for name in names]
    assert found_below(out, (*WORDS, DAY)) == {}
    for path in out.glob("*/probabilities.parquet"):
        path.write_bytes(b"")
    with client_of(out, reviewer="AB") as client:
        texts.append(client.get("/api/readings").text)
    assert found_in_text("\n".join(texts), (*WORDS, DAY)) == set()


@pytest.mark.more
def test_given_names_are_used_and_what_does_not_fit_is_refused(recordings, out, tmp_path):
    files, _ = recordings
    keys = tmp_path / "keys.csv"
    keys.write_text(f"file,name\n{files[0]},P-01\n", encoding="utf-8")
    arguments = files[0], "-o", out, "--deidentify", "--keys", keys, *QUICK
    told = call("read", *arguments)
    assert told.exit_code == 0
    assert "P-01: " in told
    assert (out / "P-01" / "reading.json").exists()
    assert found_below(out) == {}
    assert found_in_text(told.text) == set()
    for text, problem in (
        (f"file,name\n{files[1]},P-01\n", "--keys, line 2: is of no recording that is read"),
        (f"file,name\n{files[0]},{STEM}\n", "--keys, line 2: the name holds words of its file"),
        (f"file,name\n{files[0]},Rabe\n", "its name in --keys holds words of its header"),
    ):
        keys.write_text(text, encoding="utf-8")
        told = call("read", *arguments)
        assert told.exit_code
        assert problem in told
        assert found_in_text(told.text) == set()
    assert "--keys goes with --deidentify" in call("read", files[0], "-o", out, "--keys", keys)


@pytest.mark.more
def test_without_the_option_a_header_is_in_no_stream_and_no_log(out, tmp_path, caplog):
    path = telling(tmp_path / "night.edf")
    caplog.set_level(logging.DEBUG)
    told = [
        call("check", path),
        call("read", path, "-o", out, *QUICK),
        call("convert", path, out / "hms"),
    ]
    assert all(one.exit_code == 0 for one in told)
    assert found_in_text(caplog.text) == set()
    header = ("hermine", *BIRTHS)  # labels of channels are shown, and hold the rest
    assert found_in_text("\n".join(one.text for one in told), header) == set()


@pytest.mark.more
def test_python_takes_the_patient_out(recordings, out):
    files, _ = recordings
    reading = nasion.read(files[0], threads=1).deidentified()
    reading.save(out / "saved")
    reading.to_edf(out / "events.edf")
    reading.to_bids(out / "bids")
    assert found_in_text(repr(reading), (*WORDS, DAY)) == set()
    assert found_below(out, (*WORDS, DAY)) == {}
    assert reading.deidentified("P-01", days=7).name == "P-01"
