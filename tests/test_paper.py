"""The page that goes through the paper says of `configs/paper.toml` what is in it."""

import re
import tomllib
from pathlib import Path

import pytest
import torch

import nasion
from nasion.config import load, parse
from nasion.training.surroundings import precision

PACKAGE = Path(nasion.__file__).parent
ROOT = PACKAGE.parents[1]
CONFIG = ROOT / "configs" / "paper.toml"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "paper.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| the paper says")
]
SETTINGS = [line for row in ROWS for line in re.findall(r"`([a-z_.]+ = [^`]+)`", row[4])]


def leaves(content, above=""):
    """Dotted keys with their values."""
    for name, value in content.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{above}{name}.")
        else:
            yield above + name, value


def test_every_row_says_what_the_paper_does_what_nasion_does_and_where():
    assert len(ROWS) > 40
    for row in ROWS:
        assert len(row) == 5, row
        assert row[0], row
        assert row[1], row
        for name in re.findall(r"`([^`]+)`", row[3]):
            assert (PACKAGE / name).is_file(), name


@pytest.mark.parametrize("line", SETTINGS)
def test_a_setting_is_what_the_page_says(line):
    resolved = dict(leaves(load(CONFIG).model_dump(mode="json")))
    for key, value in leaves(tomllib.loads(line)):
        assert resolved[key] == value


def test_the_page_names_every_setting_of_the_file():
    named = {key for line in SETTINGS for key, _ in leaves(tomllib.loads(line))}
    content = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    assert {key for key, _ in leaves(content)} - named == {"name"}


@pytest.mark.parametrize("able", [False, True])
def test_the_three_models_of_a_comparison_train_in_one_precision(able, monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: able, raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    models = [{"model": {"modality": name}} for name in ("both", "waveform", "spectrogram")]
    assert {precision(parse(model, "test")) for model in models} == {"bf16" if able else "float32"}
