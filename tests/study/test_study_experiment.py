"""From a configuration to data at hand: two processes that need the same simulated patients."""

import subprocess
import sys
import time

import pytest

TOGETHER = """
import sys, time
from pathlib import Path
from nasion.study import experiment
from nasion.config import parse

def simulate(directory, *, n_patients, **others):
    (directory / "train_eegs").mkdir()
    (directory / "train_eegs" / "1.parquet").write_text(sys.argv[3])
    (directory / "train.csv").write_text(str(n_patients))
    Path(sys.argv[3]).touch()  # made, not yet in place
    while not Path(sys.argv[2]).exists():
        time.sleep(0.01)

experiment.data_set.simulate = simulate
asked = parse({"data": {"phantoms": {"patients": 2}}}, "test")
found = experiment.with_phantoms(asked, Path(sys.argv[1]), lambda done, total: None)
print(found.data.phantoms.path)
"""


@pytest.mark.more
def test_two_processes_that_simulate_the_same_patients_both_find_them_whole(tmp_path):
    go, made, ready = tmp_path / "go", tmp_path / "made", [tmp_path / f"r{k}" for k in range(2)]
    given = [sys.executable, "-c", TOGETHER, str(made), str(go)]
    both = [
        subprocess.Popen([*given, str(path)], stdout=subprocess.PIPE, text=True) for path in ready
    ]
    while not all(path.exists() for path in ready):
        assert all(process.poll() is None for process in both)
        time.sleep(0.01)
    go.touch()
    said = [process.communicate()[0].strip() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert said[0] == said[1]
    (folder,) = made.iterdir()  # nothing stays behind
    assert str(folder) == said[0]
    assert (folder / "train.csv").read_text() == "2"
    assert (folder / "train_eegs" / "1.parquet").read_text() in map(str, ready)
    # A third finds it done and simulates nothing.
    third = [*given, str(tmp_path / "r2")]
    again = subprocess.run(third, capture_output=True, text=True, check=True)
    assert again.stdout.strip() == said[0]
    assert not (tmp_path / "r2").exists()
