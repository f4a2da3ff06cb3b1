"""Models by name: those that distributions publish, which is the default, and what is refused."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import nasion
from nasion import catalogue
from nasion.cli import app
from nasion.contract import PACKAGED, PACKAGED_MODEL
from nasion.errors import NasionError
from nasion.maker import maker_of
from nasion.network import Network
from published_models import licensed, publish

ROOT = Path(__file__).parents[1]


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder of packages on the path, and an environment that states no model."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delenv(catalogue.VARIABLE)
    monkeypatch.chdir(tmp_path)
    return folder


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_published_model_is_loaded_by_name_and_nothing_of_its_package_is_run(site):
    package = publish(site, model=licensed())
    model = nasion.load("mine")
    assert model.network.path == package / "model.onnx"
    assert model.network.about.name == "mine"
    assert "weights_of_mine" not in sys.modules
    assert catalogue.published("mine").distribution == "weights-of-mine"


def test_a_package_within_a_package_may_hold_it(site):
    package = publish(site, value="laboratory.weights.adults", model=licensed())
    assert nasion.load("mine").network.path == package / "model.onnx"
    assert "laboratory" not in sys.modules


@pytest.mark.parametrize("name", ["phantom", "packaged"])
def test_phantom_comes_with_nasion_and_nobody_replaces_it(site, name):
    publish(site, name, model=licensed())
    assert nasion.load(name).network.path == PACKAGED_MODEL
    said = run("models")
    assert said.exit_code == 1
    line = f"weights-of-mine: publishes a model as {name}, which is nasion's own name; rename it"
    assert f"nasion: {line} or uninstall it" in said.stderr.splitlines()
    assert "phantom (default): " in said.stdout


def test_the_default_is_what_the_environment_states_then_tuned_then_phantom(site, monkeypatch):
    if catalogue.default() == "tuned":
        pytest.skip("tuned is installed here: what is the default without it can't be seen")
    assert Network.open().path == PACKAGED_MODEL
    package = publish(site, "tuned", "nasion-tuned", "nasion_tuned", licensed())
    assert nasion.load().network.path == package / "model.onnx"
    monkeypatch.setenv(catalogue.VARIABLE, "phantom")
    assert nasion.load().network.path == PACKAGED_MODEL
    monkeypatch.setenv(catalogue.VARIABLE, str(licensed()))
    assert nasion.load().network.path == licensed()
    monkeypatch.setenv(catalogue.VARIABLE, "absent")
    with pytest.raises(NasionError, match="NASION_MODEL is set to absent, but absent: neither"):
        nasion.load()


def test_a_name_is_a_model_and_a_path_is_a_folder(site, tmp_path):
    package = publish(site, model=licensed())
    folder = tmp_path / "mine"
    folder.mkdir()
    assert catalogue.place("mine") == package
    assert catalogue.place("./mine").resolve() == folder
    assert catalogue.place(Path("mine")).resolve() == folder
    (tmp_path / "other").mkdir()
    assert catalogue.place("other") == Path("other")
    assert catalogue.model_file("other") == Path("other", "model.onnx")


def test_a_run_is_asked_for_where_a_model_alone_is_published(site):
    publish(site, model=licensed())
    with pytest.raises(NasionError, match="is an exported model alone"):
        catalogue.run_folder("mine")
    assert catalogue.run_folder("phantom") == PACKAGED


BROKEN = {
    "no model": ({}, "weights-of-mine: publishes mine, but weights_of_mine holds no model.onnx"),
    "no package": (
        {"value": "weights-nowhere"},
        "weights-of-mine: publishes mine as 'weights-nowhere', which is no package",
    ),
    "a function": (
        {"value": "os:getcwd"},
        "weights-of-mine: publishes mine as 'os:getcwd', which is no package",
    ),
    "a module": ({"value": "this"}, "weights-of-mine: publishes mine, but this holds no"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_broken_is_one_line_that_names_the_distribution(site, kind):
    given, words = BROKEN[kind]
    publish(site, **given)
    with pytest.raises(NasionError) as raised:
        nasion.load("mine")
    assert str(raised.value).startswith(words)
    assert "\n" not in str(raised.value)
    said = run("models")
    assert said.exit_code == 1
    assert f"nasion: {raised.value}" in said.stderr.splitlines()
    assert nasion.load("phantom").network.path == PACKAGED_MODEL


def test_a_package_that_is_gone_and_a_file_that_is_no_model_are_told(site):
    publish(site, "gone", "weights-gone", "weights-gone")
    publish(site, "odd", "weights-odd", "weights_odd", __file__)
    said = run("models")
    assert "weights-gone: publishes gone as 'weights-gone'" in said.stderr
    assert "nasion: weights-odd: " in said.stderr
    assert "not an ONNX model" in said.stderr


def test_two_that_claim_a_name_are_both_named_and_neither_is_taken(site):
    publish(site, model=licensed())
    publish(site, distribution="weights-of-hers", value="weights_of_hers", model=licensed())
    with pytest.raises(NasionError, match="weights-of-hers and weights-of-mine each publish"):
        nasion.load("mine")


def test_entry_points_that_cannot_be_read_leave_phantom(site):
    publish(site)
    (table,) = site.glob("*.dist-info/entry_points.txt")
    table.write_text("[nasion.models]\nmine\n")
    with pytest.raises(NasionError, match="entry points of the installed packages"):
        nasion.load("mine")
    assert nasion.load("phantom").network.path == PACKAGED_MODEL


@pytest.mark.parametrize(
    "call",
    [
        ("read", "night.edf", "-o", "out", "--model"),
        ("read", "night.edf", "--events", "out.tsv", "--model"),
        ("explain", "night.edf", "-o", "out", "--model"),
        ("explain", "night.edf", "-o", "out", "--run"),
        ("benchmark", "data", "--model"),
        ("state", "--licence", "MIT"),
        ("train", ROOT / "configs" / "finetune.toml", "--init"),
    ],
)
def test_an_unknown_name_is_one_line_whatever_the_verb(site, call):
    assert str(run(*call, "absent").exception) == (
        "absent: neither an installed model nor a path; nasion models lists the installed"
    )


def test_an_unknown_name_is_refused_in_python(site):
    with pytest.raises(NasionError, match="absent: neither an installed model nor a path"):
        nasion.load("absent")
    with pytest.raises(NasionError, match="no model of this name"):
        catalogue.published("absent")


def test_the_list_tells_licence_source_and_accuracy(site):
    package = publish(site, model=licensed())
    said = run("models").stdout
    for words in (
        "licence CC-BY-NC-4.0 These weights are not for commercial use.",
        "licence Apache-2.0",
        "simulated patients; accuracy ",
        "how accurate it is was not measured",
        f"of weights-of-mine: {package / 'model.onnx'}",
    ):
        assert words in said
    listed = json.loads(run("models", "--json").stdout)
    assert [model["name"] for model in listed["models"]][-1] == "mine"
    assert listed["default"] == catalogue.default()


def test_the_installed_model_that_made_a_reading_is_found_whatever_the_default(site):
    package = publish(site, model=licensed())
    made = Network.open("mine").about
    assert maker_of(made).path == package / "model.onnx"
    assert maker_of(Network.open("phantom").about).path == PACKAGED_MODEL
    assert maker_of(made.model_copy(update={"weights": "gone"})) is None
    assert maker_of(None) is None
