"""Files of every version still load, and today's code writes what docs/formats.md says."""

import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from documents import documented, section
from fixtures.make_formats import N_READY, experiment, make
from nasion.benchmark import table as benchmark_table
from nasion.config import Experiment, parse
from nasion.data import store as array_store
from nasion.data.dataset import SegmentDataset
from nasion.data.folds import read_folds
from nasion.data.store import load_store
from nasion.eeg.formats import open_recording
from nasion.errors import NasionError
from nasion.evaluation import document, evaluation, inputs
from nasion.exports import folder as reading_folder
from nasion.hms.convert import convert
from nasion.hms.segments import NO_SPECTROGRAM, Segments, load_labels, load_segments
from nasion.models import checkpoint
from nasion.out_of_fold import NAMES, OLD_PROBABILITIES, OLD_VOTES, OutOfFold
from nasion.prediction import predict_dataset
from nasion.reading.event import Event
from nasion.reading.reading import Reading
from nasion.study.data_set import simulate
from nasion.terms import COLUMNS, PATTERNS, VOTE_COLUMNS, Pattern
from nasion.training import run as training_run
from nasion.training.crossval import train
from nasion.training.run import Run

V1 = Path(__file__).parent / "fixtures" / "formats" / "v1"
OLD_OUT_OF_FOLD = [*NAMES, *OLD_PROBABILITIES, *OLD_VOTES]
NOW = {
    "run": training_run.SCHEMA,
    "weights": checkpoint.SCHEMA,
    "store": array_store.SCHEMA,
    "metrics": document.SCHEMA,
    "reading": reading_folder.SCHEMA,
    "benchmark": benchmark_table.SCHEMA,
}


def header(path):
    return path.read_text(encoding="utf-8").splitlines()[0].split(",")


def content(path):
    return json.loads(path.read_text(encoding="utf-8"))


def rounded(scores):
    return json.loads(json.dumps(scores), parse_float=lambda digits: round(float(digits), 6))


def assert_within(old, new):
    """Every key of the old is a key of the new, with the same value."""
    if isinstance(old, dict):
        assert set(old) <= set(new)
        for key, value in old.items():
            assert_within(value, new[key])
    elif isinstance(old, list):
        assert len(old) == len(new)
        for each, other in zip(old, new, strict=True):
            assert_within(each, other)
    else:
        assert old == new


def without_bounds(scores):
    """Numbers alone: how their intervals are made has changed."""
    if isinstance(scores, list):
        return [without_bounds(each) for each in scores]
    if not isinstance(scores, dict):
        return scores
    return {key: without_bounds(value) for key, value in scores.items() if key != "ci95"}


def tree(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What today's code writes."""
    folder = tmp_path_factory.mktemp("formats") / "now"
    make(folder)
    return folder


@pytest.fixture(scope="module", params=["now", "v1"])
def written(request):
    """What today's code writes, and what the first version wrote."""
    return V1 if request.param == "v1" else request.getfixturevalue("made")


@pytest.fixture
def unsaved(monkeypatch):
    """Leave out writing the figures, which takes most of the time of an evaluation."""
    monkeypatch.setattr("nasion.evaluation.figures.save", lambda *_: "<svg/>")


@pytest.fixture
def copy(tmp_path):
    return Path(shutil.copytree(V1, tmp_path / "v1"))


def predictions_from_arrays(folder):
    """Weights on the arrays of a store, without the EEG behind it."""
    ensemble = Run(folder / "run").ensemble()
    segments = Segments(folder, "train", load_labels(folder / "hms" / "train.csv", votes=True))
    store = load_store(folder / "store", ensemble.signal)
    return predict_dataset(ensemble, SegmentDataset(segments, store, ensemble.experiment))


def test_the_first_version_of_weights_and_arrays_predicts_what_it_did():
    values = predictions_from_arrays(V1)
    assert np.isfinite(values).all()
    expected = pd.read_csv(V1 / "predictions.csv")[list(VOTE_COLUMNS)]
    np.testing.assert_allclose(values, expected, atol=1e-4)


def test_the_first_version_of_folds_and_settings_is_read():
    frame = pd.read_csv(V1 / "run" / "oof.csv")
    np.testing.assert_array_equal(read_folds(V1 / "run" / "folds.csv", frame), frame["fold"])
    older = Run(V1 / "run").experiment
    assert older.training.rows == "all"  # what was learned from before there was a choice
    training = older.training.model_copy(update={"rows": "period"})
    assert older.model_copy(update={"training": training}) == experiment()


@pytest.mark.usefixtures("unsaved")
@pytest.mark.parametrize("name", ["run/oof.csv", "predictions.csv"])
def test_the_first_version_of_predictions_is_evaluated(name, tmp_path):
    labels = None if name.endswith("oof.csv") else V1 / "hms" / "train.csv"
    scores = evaluation.evaluate(V1 / name, labels, tmp_path)
    assert scores["overall"]["n"] == len(pd.read_csv(V1 / name))
    if not labels:
        expected = content(V1 / "evaluation" / "metrics.json")
        for name in ("overall", "confident", "by_votes", "folds", "folds_mean", "folds_sd"):
            assert_within(rounded(without_bounds(expected[name])), rounded(scores[name]))


def test_the_first_version_of_a_store_gives_its_window():
    store = load_store(V1 / "store", experiment().signal)
    row = next(load_labels(V1 / "hms" / "train.csv", votes=True).itertuples(index=False))
    window = store.window(row)
    there = np.isfinite(window.waveform)
    assert there[:, 1000:1500].all()
    assert there.sum() == 18 * 500
    later = SimpleNamespace(**{**row._asdict(), "eeg_label_offset_seconds": 4.0})
    np.testing.assert_array_equal(store.window(later).waveform, window.waveform)
    columns = np.isfinite(window.images["context"]).all(axis=(0, 1))
    assert columns.sum() == N_READY
    again = store.window(SimpleNamespace(**{**row._asdict(), "spectrogram_id": NO_SPECTROGRAM}))
    assert np.isfinite(again.images["context"]).all(axis=(0, 1)).sum() == 4


def test_the_first_version_of_converted_windows_is_read():
    table = load_labels(V1 / "hms" / "test.csv", votes=False)
    assert table["spectrogram_label_offset_seconds"].tolist() == [5 - 300]


def test_fixtures_are_small_and_name_no_machine():
    sizes = {path: path.stat().st_size for path in V1.rglob("*") if path.is_file()}
    assert sum(size for path, size in sizes.items() if "run" in path.parts) < 60_000
    assert sum(size for path, size in sizes.items() if "store" in path.parts) < 150_000
    for path in sizes:
        assert not re.search(rb"/(home|root|tmp|work|Users)/", path.read_bytes()), path


def raised_json(path):
    raised = content(path)
    path.write_text(json.dumps({**raised, "schema": raised["schema"] + 1}))


def test_a_run_of_a_later_schema_is_refused(copy):
    raised_json(copy / "run" / "run.json")
    assert_refused(copy / "run", lambda: Run(copy / "run").ensemble())


def test_weights_of_a_later_schema_are_refused(copy):
    path = copy / "run" / "fold-1" / "weights.safetensors"
    with safe_open(path, "np") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        metadata = {**file.metadata(), "schema": "2"}
    save_file(arrays, path, metadata)
    assert_refused(path, lambda: Run(copy / "run").ensemble())


def test_a_store_of_a_later_schema_is_refused(copy):
    path = copy / "store" / "index.json"
    raised_json(path)
    assert_refused(path, lambda: load_store(copy / "store", experiment().signal))


def assert_refused(path, act):
    with pytest.raises(NasionError) as caught:
        act()
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "schema 2" in message
    assert "reads 1" in message
    assert "\n" not in message


@pytest.mark.parametrize("name", ["waveform.npy", "index.json"])
@pytest.mark.parametrize("left", [None, b"[]", (V1 / "store" / "waveform.npy").read_bytes()[:1000]])
def test_a_damaged_store_is_refused(copy, name, left):
    path = copy / "store" / name
    path.unlink()
    if left:
        path.write_bytes(left)
    with pytest.raises(NasionError, match=re.escape(str(path))) as caught:
        load_store(copy / "store", experiment().signal)
    assert "\n" not in str(caught.value)


def test_the_document_gives_the_numbers_of_today():
    rows = [line.split("|") for line in section("Versions") if line.startswith("| `")]
    assert {row[1].strip(" `"): int(row[2]) for row in rows} == NOW


def test_a_run_is_as_documented(written):
    run = written / "run"
    missing = set(documented("RUN folder")) - set(tree(run))
    # Runs from before fits had a calibration and a provenance are read as they are.
    assert {Path(name).name for name in missing} <= {"calibration.json", "provenance.json"}
    assert not missing or written == V1
    assert set(tree(run)) <= set(documented("RUN folder"))
    begun = documented("run.json")
    # Those from before tell nothing of where they were begun.
    assert list(content(run / "run.json")) == (begun[:4] if written == V1 else begun)
    assert set(content(run / "config.json")) <= set(documented("config.json"))
    assert list(Experiment.model_fields) == documented("config.json")
    for name in ("folds.csv", "history.csv", "oof.csv"):
        old = written == V1 and name == "oof.csv"
        assert header(run / name) == (OLD_OUT_OF_FOLD if old else documented(name))
    rows = OutOfFold.read(run / "oof.csv")
    np.testing.assert_allclose(rows.probability.sum(axis=1), 1, atol=1e-6)
    assert (rows.votes.sum(axis=1) >= 1).all()
    for path in run.glob("*/weights.safetensors"):
        with safe_open(path, "np") as file:
            assert set(file.metadata()) == set(documented("weights.safetensors"))
            settings = json.loads(file.metadata()["experiment"])
            parts = {name.split(".")[0] for name in file.keys()}  # noqa: SIM118
        assert parts == {"waveform", "heads"}
        expected = content(run / "config.json")
        assert settings.pop("data")["n_folds"] == expected.pop("data")["n_folds"]  # no paths
        assert settings == expected


def test_history_of_two_branches_is_as_documented(phantoms, tmp_path):
    settings = {
        "data": {"path": str(phantoms), "n_folds": 2},
        "signal": {"spectrogram": {"views": ["centre"]}},
        "model": {
            "n_features": 4,
            "wavenet": {"channels": [4], "layers": [6], "hemispheres": "shared"},
            "spectrogram": {"backbone": "test_efficientnet"},
        },
        "training": {"epochs": 1, "batch_size": 16, "precision": "float32"},
    }
    train(parse(settings, "test"), Run(tmp_path / "run"), 0)
    more = documented("history.csv, more columns of two branches")
    found = header(tmp_path / "run" / "history.csv")
    assert found[: -len(more)] == documented("history.csv")
    assert set(found[-len(more) :]) == set(more)


def test_predictions_are_as_documented(written):
    assert header(written / "predictions.csv") == documented("Columns of predictions")


def test_metrics_are_as_documented(made):
    found = content(made / "evaluation" / "metrics.json")
    assert list(found) == documented("metrics.json")
    assert found["schema"] == document.SCHEMA
    blocks = [found["overall"], found["confident"], *found["by_votes"].values()]
    assert len(blocks) > 2
    for block in blocks:
        assert list(block) == documented("Scores")
        assert list(block["per_class"]) == list(block["confusion"]) == list(map(str, PATTERNS))
        assert list(block["reliability"]) == ["top", *map(str, PATTERNS)]
        for scores in block["per_class"].values():
            assert list(scores) == documented("Scores of a pattern")
            assert list(scores["ci95"]) == documented("Scores of a pattern")[1:-1]
        keys = documented("Scores")
        assert (
            list(block["ci95"])
            == keys[keys.index("kld") : keys.index("rms_calibration_error_classwise") + 1]
        )
    of_fold = documented("Scores of a fold")
    for fold in found["folds"]:
        assert list(fold) == of_fold
    for name in ("folds_mean", "folds_sd"):
        assert ["fold", "n", *found[name]] == of_fold
    for name in ("run", "rows", "bootstrap", "versus_prior"):
        assert_told(found[name], "metrics.json", name)
    assert_told(found["overall"]["reliability"]["top"][0], "Scores", "reliability")


def assert_told(found, heading, name):
    """Every key stands in the row of that name."""
    (row,) = [line for line in section(heading) if line.startswith(f"| `{name}`")]
    for key in found:
        assert f"`{key}`" in row


def test_what_a_system_is_worth_beside_people_is_as_documented(made):
    found = content(made / "evaluation" / "metrics.json")
    assert list(found["calibration"]) == documented("metrics.json, calibration")
    assert_told(found["calibration"]["vector"], "metrics.json, calibration", "raw")
    for point in found["cant_tell"]:
        keys = ["share", "n", "threshold", "kld", "error", "ci95"]
        assert sorted(point) == sorted(documented("metrics.json, cant_tell")) == sorted(keys)
    people = found["people"]
    assert list(people) == documented("metrics.json, people")
    assert people["raters"] is None  # nobody knows who voted
    assert_told(people["random_expert"], "metrics.json, people", "random_expert")
    for who in ("expert", "system", "difference"):
        text = "\n".join(section("metrics.json, people"))
        assert all(f"`{key}`" in text for key in people["random_expert"][who])


def test_columns_read_by_evaluation_are_as_documented():
    known = documented("Columns read of labels and predictions")
    fixed = {*inputs.IDS, inputs.SEGMENT, "fold", *VOTE_COLUMNS, *OLD_VOTES}
    fixed |= {name for names in inputs.BESIDE_VOTES for name in names}
    assert fixed <= set(known)
    assert all(inputs.RATER.fullmatch(name) for name in set(known) - fixed - {"rater_"})


@pytest.mark.usefixtures("unsaved")
def test_a_comparison_is_as_documented(tmp_path, made):
    oof = V1 / "run" / "oof.csv"
    found = evaluation.compare({"one": oof, "other": oof}, None, tmp_path)
    alone = list(content(made / "evaluation" / "metrics.json"))
    assert list(found) == ["schema", "software", "files", "systems", "pairs"]
    assert list(found["systems"]["one"]) == alone[alone.index("run") :]
    (pair,) = found["pairs"]
    assert list(pair)[:6] == ["a", "b", "kld_difference", "ci95", "differences", "p_value"]
    assert list(pair)[6:] == ["trainings", "reading", "note"]
    text = "\n".join(section("metrics.json")).partition("Of several systems")[2]
    for key in (*found, *pair, *pair["differences"], *pair["p_value"]):
        assert f"`{key}`" in text


def test_the_first_schema_of_metrics_is_part_of_todays(made):
    def shape(value):
        if isinstance(value, dict):
            return {key: shape(each) for key, each in value.items()}
        return None

    old, new = (content(folder / "evaluation" / "metrics.json") for folder in (V1, made))
    for each in (old, new):
        del each["by_votes"], each["confident"]  # some groups are empty in one of them
        each["folds"] = each["folds"][0]
    assert_within(shape(old), shape(new))


def test_a_store_is_as_documented(written):
    folder = written / "store"
    names = documented("Array store")
    assert tree(folder) == sorted([*names, "index.json"])
    index = content(folder / "index.json")
    assert list(index) == documented("index.json")
    assert {f"{name}.npy" for name in index["arrays"]} == set(names)
    (eeg,) = index["eegs"].values()
    assert list(eeg) == [*documented("index.json, an EEG"), *eeg["arrays"]]
    (ready,) = index["spectrograms"].values()
    assert [*ready, *([] if "correlation" in ready else ["correlation"])] == documented(
        "index.json, a spectrogram"
    )
    for name in index["arrays"]:
        array = np.load(folder / f"{name}.npy", allow_pickle=False)
        assert array.dtype.str == "<f2"
        assert array.shape[1:] in ([(18,)] if name == "waveform" else [(4, 50), (4, 100)])
        place = ready["ready"] if name == "ready" else eeg[name]
        assert place == [0, len(array)]


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    """A simulated EEG of more than 50 s, and its conversion."""
    folder = tmp_path_factory.mktemp("converted")
    simulate(folder / "data", n_patients=1, seed=5, short_share=0.0, segments_per_patient=1,
             context_share=1.0)  # fmt: skip
    segments = load_segments(folder / "data")
    recording = open_recording(segments.eeg_path(int(segments.table["eeg_id"][0])))
    convert([recording], folder / "test", every_s=2.0)
    return folder


def test_data_are_as_documented(converted):
    assert header(converted / "data" / "train.csv") == documented("Columns written by simulate")
    assert header(converted / "test" / "test.csv") == documented("Columns written by convert")
    for folder, part in ((converted / "data", "train"), (converted / "test", "test")):
        (eeg,) = (folder / f"{part}_eegs").iterdir()
        table = pq.read_table(eeg)
        assert table.column_names == documented("EEGs") == list(COLUMNS)
        assert {str(kind) for kind in table.schema.types} == {"float"}
        (path,) = (folder / f"{part}_spectrograms").iterdir()
        columns = pq.read_schema(path).names
        assert [columns[i] for i in (0, 1, 100, 101, 200, 201, 300, 301, 400)] == documented(
            "Spectrograms"
        )
        assert len(columns) == 401
    table = load_segments(converted / "test").table
    before_s = table["eeg_label_offset_seconds"] - table["spectrogram_label_offset_seconds"]
    assert before_s.tolist() == [275] * len(table)


def test_columns_are_read_as_documented(tmp_path):
    given = pd.read_csv(V1 / "hms" / "train.csv")
    known = documented("Columns read of train.csv and test.csv")
    voted = documented("Votes read of train.csv")
    path = tmp_path / "train.csv"
    given[[*voted, *known[::-1]]].to_csv(path, index=False)
    assert list(load_labels(path, votes=True)) == [*known, *voted]
    rows = [line.split("|") for line in section("Columns read of train.csv and test.csv")]
    for column, default in ((r[1].strip(" `"), r[3].strip()) for r in rows[3:] if len(r) > 3):
        given.drop(columns=column).to_csv(path, index=False)
        if default == "refused":
            with pytest.raises(NasionError, match=f"lacks column {column}"):
                load_labels(path, votes=True)
        else:
            assert load_labels(path, votes=True)[column].tolist() == [float(default)]


def test_a_reading_is_as_documented(tmp_path):
    reading = Reading(
        name="patient",
        duration_s=8.0,
        probability=np.full((4, 6), 1 / 6, np.float32),
        reason=np.zeros(4, np.uint8),
        quality=np.zeros((4, 20), np.uint8),
        events=(Event(2.0, 4.0, Pattern.LPD, 0.6, 0.7),),
    )
    more = {"mark": "", "deidentified": False, "settings": {}}
    reading_folder.save(reading, tmp_path, more)
    assert {path.name for path in tmp_path.iterdir()} == set(documented("Reading folder"))
    assert set(content(tmp_path / "reading.json")) == set(documented("reading.json"))
    assert header(tmp_path / "probabilities.csv") == documented("Columns of probabilities")
    for name, heading in (("probabilities", "probabilities"), ("quality", "quality.parquet")):
        columns = pq.read_schema(tmp_path / f"{name}.parquet").names
        assert columns == documented(f"Columns of {heading}")
    assert header(tmp_path / "events.tsv")[0].split("\t") == documented("Columns of events.tsv")
    assert list(content(tmp_path / "events.json")) == documented("Columns of events.tsv")
