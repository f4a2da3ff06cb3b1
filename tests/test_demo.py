"""The demo: small and quick here, whole among the slow tests."""

import json
import re

import pytest

from nasion import demo

QUICK = """
name = "demo"
[data]
n_folds = 2
[signal.spectrogram]
views = ["centre"]
[model]
n_features = 8
[model.wavenet]
channels = [4]
hemispheres = "shared"
[model.spectrogram]
backbone = "test_efficientnet"
stack = "symmetric"
[training]
epochs = 1
batch_size = 8
"""


def run(folder):
    said: list[str] = []
    summary = demo.run_demo(folder, 0, said.append, lambda done, total: None)
    return summary, said


@pytest.mark.more
def test_the_story_is_told_and_taken_up_again(tmp_path, monkeypatch):
    (tmp_path / "quick.toml").write_text(QUICK)
    monkeypatch.setattr(demo, "CONFIG", tmp_path / "quick.toml")
    monkeypatch.setattr(demo, "N_PATIENTS", 16)
    monkeypatch.setattr(demo, "HOURS", 0.05)
    monkeypatch.setattr(demo, "N_TRAININGS", 2)
    summary, said = run(tmp_path / "demo")
    assert [line[:2] for line in said] == ["1.", "2.", "3.", "4.", "5."]
    report = tmp_path / "demo" / "evaluation" / "report.html"
    assert str(report) in summary
    assert report.exists()
    gallery = tmp_path / "demo" / "gallery" / "gallery.html"
    assert str(gallery) in summary
    reading = tmp_path / "demo" / "readings" / "patient-001" / "report.html"
    assert str(reading) in summary
    for page in (report, gallery, reading):  # opens by itself, offline
        assert "<img" in page.read_text()
        assert "http" not in re.sub(r"http://www\.w3\.org/\S*", "", page.read_text())
    for modality in demo.MODALITIES:
        assert modality in summary
        for number in (1, 2):
            assert (tmp_path / "demo" / "runs" / f"{modality}-{number}" / "oof.csv").exists()
    assert len(re.findall(r"^both - \w+: KLD", summary, re.MULTILINE)) == 2
    weights = tmp_path / "demo" / "runs" / "both-1" / "fold-0" / "weights.safetensors"
    before = weights.stat().st_mtime_ns
    again, said = run(tmp_path / "demo")
    assert again == summary
    assert [line[:2] for line in said] == ["2.", "3.", "4.", "5."]
    assert weights.stat().st_mtime_ns == before


@pytest.mark.slow
def test_every_model_is_clearly_better_than_the_prior(tmp_path):
    run(tmp_path)
    scores = json.loads((tmp_path / "evaluation" / "metrics.json").read_text())
    for system in scores["systems"].values():
        gain = system["versus_prior"]
        assert gain["kld_difference"] <= -0.15
        assert gain["ci95"][1] < 0
