"""Reading needs neither PyTorch nor what only training needs."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

from nasion.eeg.edf.writer import write_edf
from nasion.phantom.stay import Stay
from nasion.terms import COLUMNS

ROOT = Path(__file__).parents[1]
# What `pip install nasion` brings not, but "nasion[train]" and "nasion[dev]" do.
LEARNING = ("torch", "torchvision", "timm", "lightning", "captum", "optuna", "onnx", "onnxscript",
            "safetensors", "sklearn")  # fmt: skip
WITHOUT = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {LEARNING!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
from nasion.cli import main
main()
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    path = tmp_path_factory.mktemp("base") / "patient.edf"
    signals = Stay.draw((5, 1), 60.0).signals(0.0, 60.0)
    write_edf(path, [signals], labels=COLUMNS, sfreq=200.0, n_times=signals.shape[1])
    return path


def without_learning(*arguments):
    call = [sys.executable, "-c", WITHOUT, *map(str, arguments)]
    return subprocess.run(call, capture_output=True, text=True, check=False)


@pytest.mark.more
def test_reading_verbs_work_without_pytorch(recording, tmp_path):
    done = without_learning("read", recording, "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "patient" / "report.html").exists()
    assert without_learning("check", recording).returncode == 0
    assert without_learning("convert", recording, tmp_path / "hms").returncode == 0
    done = without_learning("predict", tmp_path / "hms", "-o", tmp_path / "p.csv")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "p.csv").read_text().count("\n") == 2


def test_training_without_pytorch_says_what_to_install(tmp_path):
    done = without_learning("train", ROOT / "configs" / "small.toml", "--data", tmp_path)
    assert done.returncode == 2
    assert 'pip install "nasion[train]"' in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_the_wheel_alone_reads_a_recording(recording, tmp_path):
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", tmp_path, ROOT]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("nasion-*.whl")
    venv.create(tmp_path / "empty", with_pip=True)
    python = tmp_path / "empty" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", wheel], check=True, capture_output=True)
    listed = subprocess.run(
        [python, "-m", "pip", "list"], check=True, capture_output=True, text=True
    ).stdout.split()
    assert not set(LEARNING) & set(listed)
    read = [python, "-m", "nasion", "read", recording, "-o", tmp_path / "out"]
    subprocess.run(read, check=True, capture_output=True, cwd=tmp_path)
    assert (tmp_path / "out" / "patient" / "reading.json").exists()
