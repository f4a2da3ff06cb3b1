"""Fixtures shared by all rooms: the real EEG, where it is at hand."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

REAL = Path(os.environ.get("NASION_REAL", Path(__file__).parents[2] / "shared" / "real"))


def pytest_configure(config: pytest.Config) -> None:
    """All processes of a session share the folder of the models that tests export.

    They, and what they start, read with the weights of the package, whatever else is installed.
    """
    os.environ["NASION_MODEL"] = "phantom"
    if not hasattr(config, "workerinput"):
        os.environ["NASION_EXPORTED"] = tempfile.mkdtemp(prefix="nasion-exported-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """The session's last process takes the folder away."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ["NASION_EXPORTED"], ignore_errors=True)


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of real EEG; it is never part of the project."""
    if not (REAL / "README.md").exists():
        pytest.skip(f"no real EEG at {REAL}; set NASION_REAL to a copy")
    return REAL


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small data set of simulated patients in HMS layout."""
    from nasion.study.data_set import simulate

    folder = tmp_path_factory.mktemp("phantoms") / "data"
    simulate(
        folder,
        n_patients=14,
        seed=3,
        segments_per_patient=2,
        short_share=0.6,
        context_share=0.1,
    )
    return folder
