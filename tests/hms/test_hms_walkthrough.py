"""Every command of docs/hms.md is one that nasion takes; the light ones run from end to end."""

import itertools
import re
import shlex
import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from nasion.cli import app
from nasion.config import load
from nasion.study.space import read_space

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "hms.md"
OTHERS = {"pip", "kaggle", "unzip", "cp"}


def commands():
    """Words of each line of the document's shell blocks, without what sets the environment."""
    blocks = re.findall(r"^```sh\n(.*?)^```", DOCUMENT.read_text(encoding="utf-8"), re.M | re.S)
    lines = [shlex.split(line) for block in blocks for line in block.splitlines()]
    return [words[1:] if re.match(r"[A-Z_]+=", words[0]) else words for words in lines]


def verbs():
    return [words[1:] for words in commands() if words[0] == "nasion"]


def option(words, name):
    return [value for key, value in itertools.pairwise(words) if key == name]


def test_the_document_walks_from_the_download_to_the_submission():
    told = [words[0] for words in verbs()]
    order = ["check", "prepare", "crossval", "blend", "explain", "predict", "pack"]
    places = [max(i for i, verb in enumerate(told) if verb == name) for name in order[:2]]
    assert places == sorted(places)
    assert set(told) >= {*order, "evaluate", "search", "train"}
    assert {words[0] for words in commands()} - {"nasion"} <= OTHERS


@pytest.mark.parametrize("words", verbs(), ids=" ".join)
def test_each_verb_and_option_exists_and_each_setting_is_one(words):
    group = typer.main.get_command(app)
    verb, *given = words
    assert verb in group.commands, f"nasion has no verb {verb}"
    group.commands[verb].make_context(verb, list(given))  # raises for what it does not take
    configs = [word for word in given if word.startswith("configs/")]
    changes = tuple(option(given, "--set"))
    for config in configs:
        base = load(ROOT / config, changes)
        if verb == "search":
            assert read_space(ROOT / config, changes, base).draws


def test_folders_that_are_read_were_written_by_a_line_before():
    written = {"HMS"}
    for verb, *given in verbs():
        read = option(given, "--run")
        if verb in ("evaluate", "blend", "pack"):
            read += [word for word in given if word.startswith("runs/")]
            read = [word for word in read if word not in option(given, "--out")]
        carried = {f"/kaggle/input/nasion/{name}" for name in written}
        assert set(read) <= written | carried
        written |= {*option(given, "--out"), *option(given, "-o")}


def test_light_commands_run_on_a_stand_in(phantoms, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(phantoms, "HMS")
    shutil.copytree(ROOT / "configs", "configs")
    ran = []
    for words in commands():
        if words[:2] in (["nasion", "check"], ["nasion", "prepare"]):
            result = CliRunner().invoke(app, words[1:])
            assert result.exit_code == 0, result.output
            ran.append(words[1])
    assert ran == ["check", "prepare", "prepare"]
    assert len(list(Path("runs/store").iterdir())) == 2
