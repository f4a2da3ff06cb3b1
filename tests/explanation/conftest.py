"""The packaged weights, loaded once."""

import pytest

from nasion.training.run import load


@pytest.fixture(scope="session")
def packaged():
    return load()
