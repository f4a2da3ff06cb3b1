"""Recordings of every kind in, a folder each out; what can't be read is said, the rest is done."""

import json
import shutil

import numpy as np
import onnx
import pandas as pd
import pytest
from typer.testing import CliRunner

import nasion
from exports.others import bids_problems
from mixed_folder import mixed_folder
from nasion.cli import app
from nasion.contract import PACKAGED_MODEL
from nasion.eeg.formats import open_recording
from nasion.errors import NasionError
from nasion.exports import folder as reading_folder
from nasion.exports.bids import read_events
from nasion.provenance import Provenance
from nasion.reader.archive import recordings_in
from nasion.simulation import Simulation

FILES = {
    *(reading_folder.MANIFEST, *reading_folder.FILES),
    "report.html",
}


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory):
    folder = tmp_path_factory.mktemp("laboratory")
    good, bad = mixed_folder(folder / "in", 40)
    done = run("read", folder / "in", "-o", folder / "out")
    return folder, good, bad, done


def test_what_can_be_read_is_read_and_the_rest_is_said(laboratory):
    folder, good, bad, done = laboratory
    assert done.exit_code == 1
    listed = pd.read_csv(folder / "out" / "recordings.tsv", sep="\t", keep_default_na=False)
    read = listed[listed["reading"] != ""]
    assert len(read) == len(good)
    assert set(read["recording"]) == {str(path) for path in good}
    broken = dict(zip(listed["recording"], listed["not_read_because"], strict=True))
    searched = {str(path) for path in recordings_in([folder / "in"])}
    for path in set(map(str, bad)) & searched:
        assert path in broken[path]
        assert path in done.stderr
    assert f"of {len(listed)} recordings were not read" in done.stderr


def test_a_reading_is_whole(laboratory):
    folder, _, _, _ = laboratory
    for name in pd.read_csv(folder / "out" / "recordings.tsv", sep="\t")["reading"].dropna():
        reading = reading_folder.load(folder / "out" / name)
        assert reading.judged.any()
        assert {path.name for path in (folder / "out" / name).iterdir()} == {*FILES, "display"}


def test_what_was_read_is_not_read_again(laboratory):
    folder, good, _, _ = laboratory
    done = run("read", good[0], "-o", folder / "out")
    assert done.exit_code == 0
    assert "read already" in done.output
    manifest = folder / "out" / good[0].stem / reading_folder.MANIFEST
    before = manifest.stat().st_mtime_ns
    assert run("read", good[0], "-o", folder / "out", "--again").exit_code == 0
    assert manifest.stat().st_mtime_ns > before


def test_what_another_calibration_read_is_read_again(laboratory, tmp_path):
    _, good, _, _ = laboratory
    model = onnx.load(PACKAGED_MODEL)
    (entry,) = model.metadata_props
    about = json.loads(entry.value)
    provenance = Provenance((), (Simulation(98765, ((1, 100),)),)).as_dict()
    learned_from = {**about["learned_from"], "provenance": provenance}
    entry.value = json.dumps({**about, "calibration": "none", "learned_from": learned_from})
    onnx.save(model, tmp_path / "model.onnx")
    quick = (good[0], "-o", tmp_path / "out", "--no-display", "--no-report")
    assert "read already" not in run("read", *quick).output
    assert "read already" not in run("read", *quick, "--model", tmp_path / "model.onnx").output
    assert "read already" in run("read", *quick, "--model", tmp_path / "model.onnx").output
    manifest = tmp_path / "out" / good[0].stem / reading_folder.MANIFEST
    assert "provenance" not in json.loads(manifest.read_text())["model"]["learned_from"]


def test_recordings_of_one_name_do_not_meet(laboratory, tmp_path):
    _, good, _, _ = laboratory
    twin = tmp_path / "elsewhere" / good[0].name
    twin.parent.mkdir()
    twin.write_bytes(good[0].read_bytes()[:-1] + b"\x01")
    assert run("read", good[0], twin, "-o", tmp_path / "out", "--no-report").exit_code == 0
    names = {path.name for path in (tmp_path / "out").iterdir() if path.is_dir()}
    assert len(names) == 2


def listed(out):
    return pd.read_csv(out / "recordings.tsv", sep="\t", keep_default_na=False)


def test_the_list_keeps_what_earlier_calls_read(laboratory, tmp_path):
    _, good, bad, _ = laboratory
    one, two, broken = good[0], good[3], next(iter(bad))
    quick = "-o", tmp_path, "--no-report", "--no-display"
    run("read", one, broken, *quick)
    run("read", two, *quick)
    table = listed(tmp_path)
    assert list(table["recording"]) == [str(one), str(broken), str(two)]
    assert [bool(reason) for reason in table["not_read_because"]] == [False, True, False]
    run("read", one, *quick, "--again")
    assert sorted(listed(tmp_path)["recording"]) == sorted(map(str, (one, broken, two)))
    shutil.rmtree(tmp_path / two.stem)
    run("read", one, *quick)
    assert str(two) not in set(listed(tmp_path)["recording"])


def test_a_copy_holds_the_events_as_annotations(laboratory, tmp_path):
    _, good, _, _ = laboratory
    usual, table = good[0], next(path for path in good if path.suffix == ".parquet")
    quick = "-o", tmp_path, "--no-report", "--no-display"
    assert run("read", usual, *quick).exit_code == 0
    done = run("read", usual, table, *quick, "--annotate")  # the first is read already
    assert done.exit_code == 0
    assert "No annotated copy: .parquet is neither EDF nor BDF." in done.output
    copy = open_recording(tmp_path / usual.stem / "annotated.edf")
    np.testing.assert_array_equal(copy.signals(), open_recording(usual).signals())
    events = reading_folder.load(tmp_path / usual.stem).events
    assert len(copy.annotations) == len(open_recording(usual).annotations) + len(events)
    assert not (tmp_path / table.stem / "annotated.parquet").exists()
    done = run("read", table, *quick, "--annotate")
    assert "read already" in done.output
    assert "No annotated copy" in done.output
    run("read", usual, *quick, "--again")
    assert not list((tmp_path / usual.stem).glob("annotated.*"))  # it would tell of old events


def test_the_validator_of_bids_finds_nothing_in_the_events_of_all(laboratory, tmp_path):
    _, good, _, _ = laboratory
    out, quick = tmp_path / "out", ("--no-report", "--no-display")
    twin, odd = tmp_path / "x" / good[0].name, tmp_path / "bids.edf"
    twin.parent.mkdir()
    for path, end in ((twin, b"\x01"), (odd, b"\x02")):
        path.write_bytes(good[0].read_bytes()[:-1] + end)
    run("read", good[0], "-o", out, *quick)
    done = run("read", good[0], twin, odd, "-o", out, *quick, "--bids")  # the first is read already
    assert done.exit_code == 0
    tables = {path.parts[-3]: path for path in (out / "bids").rglob("*_desc-nasion_events.tsv")}
    assert len(tables) == 3  # recordings of one name don't meet, and none takes the set's folder
    events = reading_folder.load(out / good[0].stem).events
    stem = "".join(letter for letter in good[0].stem if letter.isalnum())
    assert read_events(next(tables[name] for name in tables if stem in name)) == events
    assert bids_problems(out / "bids") == []


def test_a_copy_of_a_stay_is_refused(laboratory, tmp_path):
    _, good, _, _ = laboratory
    done = run("read", good[0], "-o", tmp_path, "--stay", "--annotate")
    assert "without --stay" in str(done.exception)


def test_nothing_tells_whose_it_is(laboratory, tmp_path):
    _, good, _, _ = laboratory
    source = tmp_path / "Canary Jane 1961.edf"
    source.write_bytes(good[0].read_bytes())
    out, keys = tmp_path / "out", tmp_path / "apart" / "keys.csv"
    done = run("read", source, "-o", out, "--deidentify", "--keys", keys, "--annotate", "--bids")
    assert done.exit_code == 0
    assert "Canary" not in done.output + done.stderr
    for path in out.rglob("*"):
        assert "Canary" not in path.name
        assert path.is_dir() or b"Canary" not in path.read_bytes()
    assert "Canary" in keys.read_text()
    (name,) = {path.name for path in out.iterdir() if path.is_dir()} - {"bids"}
    assert (out / "bids" / f"sub-{name}").exists()
    assert (out / name / "annotated.edf").exists()
    assert json.loads((out / name / "reading.json").read_text())["deidentified"] is True


def test_a_folder_without_recordings_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(NasionError, match="holds no recording"):
        recordings_in([tmp_path])


def test_reading_in_python(laboratory):
    _, good, _, _ = laboratory
    reading = nasion.read(good[0])
    assert reading.n_steps == 20
    table = reading.table()
    assert len(table) == 20
    assert reading.to_annotations().onset.tolist() == [e.onset_s for e in reading.events]


def test_what_nasion_wrote_is_never_input(laboratory, tmp_path):
    folder, good, _, _ = laboratory
    day, out = tmp_path / "day", tmp_path / "day" / "readings"
    source = day / "ward" / good[0].name
    source.parent.mkdir(parents=True)
    shutil.copy(good[0], source)
    shutil.copytree(folder / "out" / good[0].stem, out / "a")
    made = {
        out / "a" / "annotated.edf": good[0],
        out / "a" / "review" / "votes" / "train_eegs" / "1.parquet": good[3],
        out / "begun" / "quality.parquet": out / "a" / "quality.parquet",
        out / "begun" / "annotated.edf": good[0],
        day / "test_spectrograms" / "1.parquet": good[3],
    }
    for path, content in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(content, path)
    assert recordings_in([day]) == [source]
    shutil.copy(good[0], out / "elsewhere.edf")
    assert recordings_in([day], out) == recordings_in([day / "ward"], out) == [source]
    assert recordings_in([day], day / "ward" / ".." / "readings") == [source]
    assert recordings_in([day], day) == [out / "elsewhere.edf", source]
    for nothing in (out / "a", out / "a" / "review" / "votes", out / "begun"):
        with pytest.raises(NasionError, match="is a reading; give the rec"):
            recordings_in([nothing])
    with pytest.raises(NasionError, match="quality of a reading, no EEG"):
        open_recording(out / "a" / "quality.parquet")
