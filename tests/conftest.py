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
