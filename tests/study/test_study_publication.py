"""Weights given away by a name: whole, never over what is not theirs, as pip takes them."""

import tomllib

import pytest
from typer.testing import CliRunner

from nasion import catalogue
from nasion.cli import app
from nasion.contract import PACKAGED
from nasion.errors import NasionError
from nasion.network import Network
from nasion.study import publication
from nasion.training.run import Run


@pytest.fixture
def exports(monkeypatch):
    """What would be exported; the export itself is tested in the room of models."""
    calls = []

    def exported(run, **options):
        calls.append((run, options))
        (run.folder / "model.onnx").write_bytes(b"onnx")
        (run.folder / "card.md").write_text("drawn")

    monkeypatch.setattr(publication, "exported", exported)
    return calls


def test_a_package_has_what_pip_and_the_catalogue_need(tmp_path, exports):
    folder = tmp_path / "tuned"
    call = ["publish", PACKAGED, folder, "--name", "tuned", "--licence", "CC-BY-NC-4.0"]
    said = CliRunner().invoke(app, [*map(str, call), "--package"])
    assert said.exit_code == 0, said.output
    project = tomllib.loads((folder / "pyproject.toml").read_text())
    assert project["project"]["entry-points"][catalogue.GROUP] == {"tuned": "nasion_tuned"}
    assert project["project"]["license"] == "CC-BY-NC-4.0"
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"] == {
        "packages": ["src/nasion_tuned"]
    }
    text = (folder / "LICENSE").read_text()
    assert "https://creativecommons.org/licenses/by-nc/4.0/legalcode" in text
    weights = folder / "src" / "nasion_tuned"
    assert {path.name for path in weights.iterdir()} >= {
        *("__init__.py", "model.onnx", "card.md", "run.json", "config.json", "fold-all")
    }
    ((_, options),) = exports
    assert (options["name"], options["licence"]) == ("tuned", "CC-BY-NC-4.0")


def test_new_weights_take_the_place_of_old_ones_and_texts_of_the_package_stay(tmp_path, exports):
    def again(card=None):
        run = Run(PACKAGED)
        publication.publish_package(
            run, tmp_path / "p", name="tuned", licence="MIT", card_path=card
        )

    again()
    (tmp_path / "p" / "LICENSE").write_text("by hand")
    weights = tmp_path / "p" / "src" / "nasion_tuned"
    (weights / "fold-7").mkdir()
    card = tmp_path / "card.md"
    card.write_text("the new card")
    again(card)
    assert (tmp_path / "p" / "LICENSE").read_text() == "by hand"
    assert (weights / "card.md").read_text() == "the new card"
    assert not (weights / "fold-7").exists()
    assert sorted(path.name for path in weights.parent.iterdir()) == ["nasion_tuned"]


def test_what_is_not_of_weights_is_never_replaced(tmp_path, exports):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(NasionError, match=r"holds thesis\.txt, which is not of weights"):
        publication.publish(Run(PACKAGED), tmp_path, name="mine", licence="MIT")
    assert exports == []


@pytest.mark.parametrize("name", ["phantom", "packaged", "Mine", "a b", ""])
def test_names_that_nobody_could_load_are_refused(tmp_path, exports, name):
    with pytest.raises(NasionError):
        publication.publish_package(Run(PACKAGED), tmp_path / "p", name=name, licence="MIT")
    assert not (tmp_path / "p").exists()


@pytest.mark.more
def test_what_was_published_reads_as_the_run_does(tmp_path):
    folder = publication.publish(Run(PACKAGED), tmp_path / "w", name="mine", licence="MIT")
    about = Network.open(folder).about
    assert (about.name, about.licence) == ("mine", "MIT")
    assert about.weights == Network.open("phantom").about.weights
    publication.publish(Run(PACKAGED), folder, name="mine", licence="MIT")  # its card was drawn
    (folder / "card.md").write_text("by hand")
    with pytest.raises(NasionError, match="was written by hand"):
        publication.publish(Run(PACKAGED), folder, name="mine", licence="MIT")
