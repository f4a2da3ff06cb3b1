"""Whatever stands in a file that nasion loads, it is read or refused in one line that names it."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from nasion import config, out_of_fold
from nasion.calibration import Calibration
from nasion.config import Signal
from nasion.contract import About
from nasion.data.folds import read_folds
from nasion.data.store import load_store
from nasion.display.display import Display
from nasion.errors import NasionError
from nasion.exports import folder as reading_folder
from nasion.exports.bids import read_events
from nasion.hms.segments import read_spectrogram
from nasion.loading import DEEPEST, loading, read_json, read_table, sound, toml
from nasion.network import Network
from nasion.provenance import Provenance
from nasion.seen import Seen
from nasion.simulation import RecordedBackgrounds, Simulation

DEEP = 20_000
BROKEN = {
    "nothing": b"",
    "zeros": bytes(50),
    "lists within lists": b"[" * DEEP + b"]" * DEEP,
    "tables within tables": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "TOML within TOML": b"a = " + b"[" * DEEP + b"]" * DEEP,
    "no UTF-8": b'{"schema": 1, "a": "\xff\xfe"}',
    "half a letter": b'{"schema": 1, "a": "\\ud800"}',
    "a number without end": b'{"schema": 1, "a": ' + b"9" * 5000 + b"}",
    "more than 64 bits": b'{"schema": 1, "a": 100000000000000000000}',
    "a list": b"[]",
    "a text": b'"text"',
    "a number": b"3",
}


def network_of(path):
    from nasion.models import checkpoint

    return checkpoint.load(path)


def run_of(path):
    from nasion.training.run import Run

    return Run(path.parent)


def blend_of(path):
    from nasion.training.blending import Blend

    return Blend.load(path.parent)


def history_of(path):
    from nasion.evaluation.training import open_training

    (path.parent / "oof.csv").write_text("")
    (path.parent / "run.json").write_text("{}")
    return open_training(path.parent)


def backbone_of(path):
    from nasion.models.spectrogram_net import read_weights

    return read_weights(path)


def explanation_of(path):
    from nasion.explanation import explanation

    return explanation.load(path)


LOADERS = {
    "run.json": lambda path: run_of(path).about(),
    "config.json": lambda path: run_of(path).experiment,
    "provenance.json": lambda path: Provenance.of(path.parent),
    "calibration.json": Calibration.load,
    "blend.json": blend_of,
    "history.csv": history_of,
    "weights.safetensors": network_of,
    "backbone.safetensors": backbone_of,
    "backbone.pth": backbone_of,
    "model.onnx": Network.open,
    "folds.csv": lambda path: read_folds(path, None),
    "oof.csv": out_of_fold.OutOfFold.read,
    "experiment.toml": config.load,
    "simulated.json": lambda path: Simulation.of(path.parent),
    "index.json": lambda path: load_store(path.parent, Signal()),
    "reading.json": lambda path: reading_folder.load(path.parent),
    "display/index.json": lambda path: Display.open(path.parent.parent),
    "events.tsv": read_events,
    "1.parquet": read_spectrogram,
    "explanation.npz": explanation_of,
}


def refused(call, path):
    with pytest.raises(NasionError) as caught:
        call(path)
    message = str(caught.value)
    assert message.startswith(str(path)) or str(path.parent) in message
    assert "\n" not in message
    assert ";" in message or "Input should" in message  # what to do
    assert len(message) < 500
    return message


@pytest.mark.parametrize("name", LOADERS)
def test_what_is_broken_is_refused_in_one_line_by_whatever_loads_it(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    for what, content in BROKEN.items():
        if not (name.endswith(".toml") and what == "nothing"):  # which is all defaults
            path.write_bytes(content)
            refused(LOADERS[name], path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
@pytest.mark.parametrize("name", LOADERS)
def test_what_is_no_file_is_refused_and_never_waited_for(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.mkdir()
    refused(LOADERS[name], path)
    path.rmdir()
    os.mkfifo(path)
    refused(LOADERS[name], path)
    path.unlink()
    path.symlink_to(path.name)  # to itself
    refused(LOADERS[name], path)


def test_a_link_that_leads_nowhere_is_not_taken_for_a_file_that_is_not_there(tmp_path):
    for name, call in (
        ("provenance.json", Provenance.of),
        ("simulated.json", Simulation.of),
        ("simulated.json", RecordedBackgrounds.of),
    ):
        assert call(tmp_path) in (None, RecordedBackgrounds())
        (tmp_path / name).symlink_to("gone")
        with pytest.raises(NasionError, match="not found"):
            call(tmp_path)
        (tmp_path / name).unlink()
    (tmp_path / "oof.seen.json").symlink_to("gone")
    with pytest.raises(NasionError, match="not found"):
        Seen.beside(tmp_path / "oof.csv")


def forbidden(monkeypatch, path):
    """Take the right to read away; from root, who may read all, by what the system would say."""
    if os.geteuid():
        path.chmod(0)
        return
    real = Path.read_text

    def read_text(self, *arguments, **options):
        if self == path:
            raise PermissionError(13, "Permission denied", str(path))
        return real(self, *arguments, **options)

    monkeypatch.setattr(Path, "read_text", read_text)


def test_what_may_not_be_read_says_so(tmp_path, monkeypatch):
    path = tmp_path / "run.json"
    path.write_text("{}")
    forbidden(monkeypatch, path)
    assert "allow this user to read it" in refused(read_json, path)


@pytest.mark.parametrize(
    "error", [MemoryError(), RecursionError(), KeyError("a"), AssertionError(), OSError("odd")]
)
def test_whatever_a_reader_raises_is_one_line(tmp_path, error):
    path = tmp_path / "file"
    path.write_bytes(b"")
    with pytest.raises(NasionError) as caught, loading(path, "not a thing", "make it anew"):
        raise error
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).endswith("; make it anew")


@pytest.mark.parametrize("ending", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_who_stops_is_not_told_of_a_broken_file(tmp_path, ending):
    path = tmp_path / "file"
    path.write_bytes(b"")
    with pytest.raises(ending), loading(path, "not a thing", "make it anew"):
        raise ending


def test_reasons_are_short_and_can_be_printed(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"")
    with pytest.raises(NasionError) as caught, loading(path, "not a thing", "make it anew"):
        raise ValueError("\x1b[31m" + "long " * 1000 + "\nsecond line")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < len(str(path)) + 220


def test_depth_is_bounded_where_all_code_can_still_walk():
    for depth in (1, DEEPEST - 1):
        assert sound(json.loads, "[" * depth + "]" * depth) is not None
        assert toml("a = " + "[" * (depth - 1) + "[]" + "]" * (depth - 1))
    with pytest.raises(ValueError, match="nested too deep"):
        sound(json.loads, "[" * 2 * DEEPEST + "]" * 2 * DEEPEST)


def test_a_byte_order_mark_is_no_damage(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert read_table(path) == {"a": 1}


# Files that are of their kind, but of another shape.


def test_weights_without_our_settings_or_of_a_giant_are_refused_before_they_take_memory(tmp_path):
    import torch
    from safetensors.torch import save_file

    path = tmp_path / "weights.safetensors"
    settings = config.Experiment().model_dump(mode="json")
    for experiment in (None, "", "{", "[]", "null", "[" * DEEP):
        metadata = {"schema": "1"} | ({} if experiment is None else {"experiment": experiment})
        save_file({"a": torch.zeros(2)}, path, metadata)
        refused(network_of, path)
    for n_features in (10**9, 10**20, -1, 65_536):
        settings["model"]["n_features"] = n_features
        save_file({"a": torch.zeros(2)}, path, {"schema": "1", "experiment": json.dumps(settings)})
        refused(network_of, path)


@pytest.mark.more
def test_a_model_that_says_other_inputs_of_itself_than_it_takes_is_refused(tmp_path):
    import onnx

    from nasion.contract import KEY, PACKAGED_MODEL

    path = tmp_path / "model.onnx"
    model = onnx.load(PACKAGED_MODEL)
    (entry,) = (entry for entry in model.metadata_props if entry.key == KEY)
    said = json.loads(entry.value)

    view = said["signal"]["spectrogram"]["views"][0]
    said["signal"]["spectrogram"][view]["bins"] = [2, 30]
    entry.value = json.dumps(said)
    onnx.save(model, path)
    assert "than it takes" in refused(Network.open, path)


@pytest.mark.parametrize("text", ["", "[]", "3", "null", "[" * DEEP, '{"schema": 1, "signal": 3}'])
def test_metadata_of_a_model_that_are_of_another_shape_are_refused(text):
    with pytest.raises(NasionError, match=r"^model\.onnx: .*; export it anew$"):
        About.from_json(text, "model.onnx")


@pytest.mark.parametrize(
    "damage",
    [
        lambda index, folder: (folder / "waveform.npy").write_bytes(b""),
        lambda index, folder: (folder / "waveform.npy").unlink(),
        lambda index, folder: np.save(folder / "waveform.npy", np.zeros(3, np.float64)),
        lambda index, folder: np.save(folder / "waveform.npy", np.array([None]), allow_pickle=True),
        lambda index, folder: index.pop("arrays"),
        lambda index, folder: index["eegs"]["1"].update(waveform=[0, 11]),
        lambda index, folder: index["eegs"]["1"].update(waveform=[-1, 5]),
        lambda index, folder: index["eegs"]["1"].update(waveform="ab"),
        lambda index, folder: index["eegs"]["1"].update(duration_s="long"),
        lambda index, folder: index.update(spectrograms=3),
    ],
)  # fmt: skip
def test_a_store_that_is_damaged_is_refused_whole(tmp_path, damage):
    np.save(tmp_path / "waveform.npy", np.zeros((10, 18), np.float16))
    entry = {"arrays": ["waveform"], "duration_s": 0.2, "waveform": [0, 10]}
    index = {"schema": 1, "arrays": ["waveform"], "eegs": {"1": entry}, "spectrograms": {}}
    (tmp_path / "index.json").write_text(json.dumps(index))
    assert load_store(tmp_path, Signal()).duration_s(1) == 0.2
    damage(index, tmp_path)
    (tmp_path / "index.json").write_text(json.dumps(index))
    with pytest.raises(NasionError, match="delete its folder, it is rebuilt"):
        load_store(tmp_path, Signal())


def test_a_parquet_with_a_column_twice_is_refused(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "1.parquet"
    table = pa.table([[1.0], [2.0], [3.0]], names=["time", "LL_0.59", "LL_0.59"])
    pq.write_table(table, path)
    refused(read_spectrogram, path)


@pytest.mark.parametrize(
    "change",
    ["training.epochs = 10000000000", "data.n_folds = 1000000000", "seed = 4294967296",
     "model.n_features = 1000000000", "model.wavenet.layers = [1000000000]",
     "data.phantoms.patients = 100000000000", "training.batch_size = 100000000000000000000",
     "a = " + "[" * DEEP, "signal.spectrogram.window.n_fft = 1000000000"],
)  # fmt: skip
def test_settings_that_no_machine_holds_are_refused(tmp_path, change):
    path = tmp_path / "experiment.toml"
    path.write_text("")
    with pytest.raises(NasionError) as caught:
        config.load(path, (change,))
    assert len(str(caught.value).splitlines()) == 1
