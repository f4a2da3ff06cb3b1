"""The packaged weights, loaded once."""

import pytest

from nasion.contract import PACKAGED
from nasion.training.run import Run


@pytest.fixture(scope="session")
def packaged():
    return Run(PACKAGED).ensemble()
