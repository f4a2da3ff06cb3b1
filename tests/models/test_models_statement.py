"""What is stated of a model stands in its file, and changes no prediction."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from abouts import measured
from nasion.cli import app
from nasion.contract import PACKAGED_MODEL
from nasion.errors import NasionError
from nasion.models.card import card
from nasion.models.statement import state
from nasion.network import Network


def test_a_table_of_accuracy_goes_into_the_file_and_its_card(tmp_path):
    path = tmp_path / "model.onnx"
    shutil.copy(PACKAGED_MODEL, path)
    before = Network.open(path).about
    (tmp_path / "card.md").write_text(card(before), encoding="utf-8")
    state(path, {"accuracy": {"all": measured()}})
    after = Network.open(path).about
    assert list(after.accuracy) == ["all"]
    assert after.identity == before.identity
    assert after.model_copy(update={"accuracy": before.accuracy}) == before
    assert "| all | 19 | 71 |" in (tmp_path / "card.md").read_text(encoding="utf-8")
    (tmp_path / "card.md").write_text("by hand")
    state(path, {"accuracy": {}})
    assert (tmp_path / "card.md").read_text() == "by hand"


def test_what_does_not_fit_leaves_the_file_as_it_was(tmp_path):
    path, table = tmp_path / "model.onnx", tmp_path / "table.json"
    shutil.copy(PACKAGED_MODEL, path)
    raw = path.read_bytes()
    with pytest.raises(NasionError, match=r"table\.json: 'accuracy\.all\.electrodes'"):
        state(path, {"accuracy": {"all": measured(electrodes=0)}}, table)
    assert path.read_bytes() == raw
    path.write_bytes(b"nothing")
    with pytest.raises(NasionError, match="not an ONNX model"):
        state(path, {"accuracy": {}})


def test_the_packaged_model_says_how_accurate_it_is_on_each_montage():
    rows = Network.open().about.accuracy
    full = [row for row in rows.values() if row.kind == "full" and not row.bipolar]
    assert [(row.above, row.untold) for row in full] == [(0.0, ())]
    assert {row.electrodes for row in rows.values()} >= {8, 10, 12, 14, 15, 19}
    assert json.loads(json.dumps(Network.open().about.as_dict()["accuracy"])).keys() == rows.keys()


def test_a_licence_is_stated_by_the_verb_and_nothing_is_refused(tmp_path):
    shutil.copy(PACKAGED_MODEL, tmp_path / "model.onnx")
    accuracy = Network.open(tmp_path / "model.onnx").about.accuracy
    said = CliRunner().invoke(app, ["state", str(tmp_path), "--licence", "CC-BY-NC-4.0"])
    assert "licence CC-BY-NC-4.0" in said.output
    about = Network.open(tmp_path / "model.onnx").about
    assert (about.licence, about.accuracy) == ("CC-BY-NC-4.0", accuracy)
    refused = CliRunner().invoke(app, ["state", str(tmp_path)])
    assert isinstance(refused.exception, NasionError)
    assert "give --accuracy, --alarms or --licence" in str(refused.exception)


def test_the_packaged_weights_are_under_the_licence_of_the_package():
    assert Network.open().about.licence == "Apache-2.0"
