"""`nasion benchmark`: all that can be read is read once and scored, the rest is said."""

import json

import numpy as np
import onnx
import pandas as pd
import pytest
from epilepsy2bids.annotations import Annotations
from made_data_set import DURATION_S, SIGNALS, add, events_of, place
from typer.testing import CliRunner

from documents import documented
from nasion.benchmark import benchmark
from nasion.cli import app
from nasion.contract import PACKAGED_MODEL
from nasion.eeg.edf.writer import write_edf
from nasion.eeg.formats import open_recording
from nasion.errors import NasionError
from nasion.hms.census import Census
from nasion.hms.convert import convert
from nasion.hms.segments import load_segments
from nasion.network import Network
from nasion.provenance import Provenance, Source
from nasion.reader.reader import Reader
from nasion.simulation import LEARNED, Simulation
from nasion.terms import ALIASES, COLUMNS


def run(*arguments):
    return CliRunner().invoke(app, ["benchmark", *map(str, arguments)])


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """Two subjects: a reading with a seizure found, one flat, one broken; and what it printed."""
    root = tmp_path_factory.mktemp("data")
    folder, out = root / "made", root / "out"
    add(place(folder, "01"), [(24.0, 54.0)])
    add(place(folder, "01", 1), [(10.0, 40.0)], np.zeros_like(SIGNALS))
    add(place(folder, "02"), [])
    broken = add(place(folder, "02", 1), [(5.0, 15.0)])
    broken.write_bytes(b"x" * 300)
    place(folder, "03").touch()
    description = {"Name": "Made up", "License": "CC0"}
    (folder / "dataset_description.json").write_text(json.dumps(description))
    return folder, out, run(folder, "-o", out)


def test_what_was_read_by_whom_is_said_and_what_was_not(scored):
    folder, _, done = scored
    assert done.exit_code == 1  # some could not be read
    about = Network.open(PACKAGED_MODEL).about
    for words in ("Made up (licence CC0): 2 subjects, 4 recordings", about.identity, "licence"):
        assert words in done.output
    assert "4/4 " in done.output
    assert f"{place(folder, '02', 1)}: not an EDF" in done.output
    assert f"{place(folder, '03')}: no sub-03" in done.output
    assert "50.0% of the time not judged" in done.output


def test_the_table_has_a_row_a_subject_and_says_how_much_was_judged(scored):
    _, out, _ = scored
    table = pd.read_csv(out / "subjects.tsv", sep="\t").set_index("subject")
    assert list(table.index) == ["sub-01", "sub-02"]
    assert list(table["not_judged"]) == [0.5, 0.5]
    assert list(table["unread"]) == [0, 1]
    assert list(table["events_true"]) == [2, 1]
    document = json.loads((out / "benchmark.json").read_text())
    assert {*document, "seen"} == {*documented("benchmark.json")}
    assert ["subject", *table.columns] == documented("Columns of subjects.tsv")
    assert document["subjects"]["sub-01"]["events"]["true"] == 2
    for way in ("events", "samples"):
        over = document["over_subjects"][way]
        for name in ("sensitivity", "precision", "f1", "false_per_day"):
            known = table[f"{way}_{name}"].dropna()
            for kind, value in (("mean", known.mean()), ("median", known.median())):
                expected = None if known.empty else pytest.approx(value, rel=1e-5)
                assert over[kind][name]["value"] == expected
    # What was found lies as the data set does, without what was not read.
    found = sorted(
        str(path.relative_to(out / "events")) for path in (out / "events").rglob("*.tsv")
    )
    assert [name.rpartition("/")[2] for name in found] == [
        f"sub-{subject}_ses-01_task-szMonitoring_run-{run}_events.tsv"
        for subject, run in (("01", "00"), ("01", "01"), ("02", "00"))
    ]


def test_a_second_call_reads_what_is_new_alone_and_says_the_same(scored):
    folder, out, done = scored
    readings = sorted((out / "readings").glob("*/reading.json"))
    assert len(readings) == 3
    before = [path.stat().st_mtime_ns for path in readings]
    table = (out / "subjects.tsv").read_text()
    again = run(folder, "-o", out)
    assert [path.stat().st_mtime_ns for path in readings] == before
    assert (out / "subjects.tsv").read_text() == table
    assert again.output.splitlines()[-12:] == done.output.splitlines()[-12:]


@pytest.mark.more
def test_killed_in_the_middle_it_goes_on(tmp_path, monkeypatch):
    for number in range(3):
        add(place(tmp_path / "in", f"{number:02}"), [])
    network = Network.open(PACKAGED_MODEL, threads=1)
    reader = Reader(network, display=False, report=False)
    said, read = [], []

    def go():
        return benchmark.run(tmp_path / "in", reader, tmp_path / "out", bar=Bar, say=said.append)

    original = Reader.read_to

    def killed_at_the_second(self, recording, *arguments, **options):
        if len(read) == 1:
            raise KeyboardInterrupt
        read.append(recording.name)
        return original(self, recording, *arguments, **options)

    monkeypatch.setattr(Reader, "read_to", killed_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        go()
    read[:] = [None] * 2  # not killed again
    result = go()
    assert len(read) == 4  # two of three are left
    assert result.together.recordings == 3
    assert not result.broken
    assert "left" in said[2]  # the second of the second call was read in it


class Bar:
    """A bar that shows nothing."""

    def __init__(self, label):
        self.label = label

    def __enter__(self):
        return lambda done, total: None

    def __exit__(self, *error):
        return None


def learned_from(provenance, path):
    """The packaged model, had it learned from these."""
    model = onnx.load(PACKAGED_MODEL)
    (entry,) = model.metadata_props
    about = json.loads(entry.value)
    about["learned_from"]["provenance"] = provenance.as_dict()
    entry.value = json.dumps(about)
    onnx.save(model, path)
    return path


def test_weights_that_learned_from_its_patients_are_refused(tmp_path):
    folder = tmp_path / "in"
    recordings = [add(place(folder, "01", number), []) for number in range(2)]
    other = SIGNALS[:, ::-1].copy()
    add(recordings[1], [], other)
    add(place(folder, "02"), [], -other)
    convert([open_recording(recordings[0])], tmp_path / "hms", every_s=50.0)
    census = Census(load_segments(tmp_path / "hms"))
    source = Source.of(census.contents(), dict.fromkeys(census.patients, LEARNED))
    model = learned_from(Provenance((source,)), tmp_path / "model.onnx")
    with pytest.raises(NasionError, match="learned from 1 patient and 1 EEG of it"):
        raise run(folder, "-o", tmp_path / "out", "--model", model).exception
    assert not (tmp_path / "out").exists()
    done = run(folder, "-o", tmp_path / "out", "--model", model, "--allow-seen")
    assert done.exit_code == 0, done.output
    assert "Not unseen: 1 patient and 1 EEG" in done.stderr
    marked = json.loads((tmp_path / "out" / "benchmark.json").read_text())["seen"]
    assert (marked["patients"], marked["eegs"]) == (1, 1)


def test_simulated_patients_are_told_by_their_seed(tmp_path):
    add(place(tmp_path / "in", "03"), [])
    Simulation(7, ((1, 9),)).save(tmp_path / "in")
    for numbers, refused in ((((3, 3),), True), (((1, 2),), False)):
        provenance = Provenance((), (Simulation(7, numbers),))
        model = learned_from(provenance, tmp_path / "model.onnx")
        done = run(tmp_path / "in", "-o", tmp_path / "out", "--model", model)
        assert (done.exit_code != 0) == refused
        assert refused == ("seed 7" in str(done.exception))


def test_recordings_none_of_which_can_be_read_give_no_score(tmp_path):
    path = add(place(tmp_path / "in", "01"), [])
    path.write_bytes(b"x" * 300)
    with pytest.raises(NasionError, match="none of its recordings could be read:"):
        raise run(tmp_path / "in", "-o", tmp_path / "out").exception
    assert not (tmp_path / "out" / "subjects.tsv").exists()


def test_a_child_is_told_where_participants_say_so(tmp_path):
    for subject in ("01", "02", "03"):
        add(place(tmp_path / "in", subject), [])
    rows = "participant_id\tage\tsex\nsub-01\t11\tf\nsub-02\tn/a\tm\nsub-03\t44\tf\n"
    (tmp_path / "in" / "participants.tsv").write_text(rows)
    done = run(tmp_path / "in", "-o", tmp_path / "out")
    cautions = json.loads((tmp_path / "out" / "benchmark.json").read_text())["cautions"]
    ((caution, n),) = cautions.items()
    assert n == 1
    assert "child" in caution
    assert f"caution, 1 recording: {caution}" in done.output


def scene(rows):
    """Signals of pairs of electrodes, as derivations."""
    return np.stack([SIGNALS[COLUMNS.index(a)] - SIGNALS[COLUMNS.index(b)] for a, b in rows])


@pytest.mark.more  # SzCORE's packages take seconds to import
@pytest.mark.filterwarnings("ignore:The inplace keyword")  # in them
def test_chb_mit_as_szcore_converts_it_is_read(tmp_path):
    """Its files are bipolar, 10-10 names in capitals."""
    from epilepsy2bids.bids.chbmit.convert2bids import convert as to_bids
    from epilepsy2bids.eeg import Eeg

    raw, folder = tmp_path / "raw", tmp_path / "in"
    (raw / "chb01").mkdir(parents=True)
    pairs = [tuple(name.split("-")) for name in Eeg.BIPOLAR_DBANANA]
    modern = {old: new for new, old in ALIASES.items()}
    labels = ["-".join(modern.get(name, name) for name in pair).upper() for pair in pairs]
    signals = scene(pairs)
    write_edf(
        raw / "chb01" / "chb01_01.edf",
        [signals],
        labels=tuple(labels),
        sfreq=200.0,
        n_times=signals.shape[1],
    )
    (raw / "chb01" / "chb01-summary.txt").write_text(
        "File Name: chb01_01.edf\nNumber of Seizures in File: 1\n"
        "Seizure Start Time: 24 seconds\nSeizure End Time: 54 seconds\n"
    )
    (raw / "SUBJECT-INFO").write_text("Case\tGender\tAge (years)\nchb01\tF\t11\n")
    to_bids(raw, folder)
    done = run(folder, "-o", tmp_path / "out")
    assert done.exit_code == 0, done.output
    document = json.loads((tmp_path / "out" / "benchmark.json").read_text())
    assert document["together"]["events"]["true"] == 1
    assert document["together"]["not_judged_s"] == 0
    assert any("child" in caution for caution in document["cautions"])
    assert "Open Data Commons" in document["data_set"]


@pytest.mark.more  # its packages take seconds to import
def test_files_as_szcore_standardizes_them_are_read(tmp_path):
    from epilepsy2bids.eeg import Eeg

    path = place(tmp_path / "in", "01")
    header = {**Eeg.DEFAULT_SIGNAL_HEADER, "physical_min": -3e3, "physical_max": 3e3}
    rows = [COLUMNS.index(name) for name in Eeg.ELECTRODES_10_20]
    eeg = Eeg(SIGNALS[rows].astype(float), list(Eeg.ELECTRODES_10_20), 200, signalHeader=header)
    eeg.standardize(256, Eeg.ELECTRODES_10_20, "Avg")
    eeg.saveEdf(str(path))
    Annotations.loadEvents([(24.0, 54.0)], DURATION_S).saveTsv(events_of(path))
    done = run(tmp_path / "in", "-o", tmp_path / "out")
    assert done.exit_code == 0, done.output
    document = json.loads((tmp_path / "out" / "benchmark.json").read_text())
    assert document["notes"] == []
    assert document["together"]["not_judged_s"] == 0
    assert open_recording(path).duration_s == DURATION_S
