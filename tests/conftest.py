"""Fixtures shared by all rooms: the real EEG, where it is at hand."""

import os
from pathlib import Path

import pytest

REAL = Path(os.environ.get("NASION_REAL", Path(__file__).parents[2] / "shared" / "real"))


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of real EEG; it is never part of the project."""
    if not (REAL / "README.md").exists():
        pytest.skip(f"no real EEG at {REAL}; set NASION_REAL to a copy")
    return REAL


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small data set of simulated patients in HMS layout."""
    from nasion.eeg.spectrogram import hms_table
    from nasion.phantom.cohort import simulate

    folder = tmp_path_factory.mktemp("phantoms") / "data"
    simulate(
        folder,
        n_patients=14,
        seed=3,
        segments_per_patient=2,
        short_share=0.6,
        context_share=0.1,
        spectrogram=hms_table,
    )
    return folder
