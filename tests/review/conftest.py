"""Readings to review, made once; a server of a copy of them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from os import link
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from made_reading import make_readings


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two readings, not to be written to."""
    out = tmp_path_factory.mktemp("readings")
    make_readings(out)
    return out


@pytest.fixture
def readings(made: Path, tmp_path: Path) -> Path:
    """A copy of them, quick: what is written beside them stays theirs alone."""
    return copytree(made, tmp_path / "readings", copy_function=link)


@pytest.fixture
def visit(readings: Path) -> Iterator[Callable[..., Any]]:
    """Opens a server of the copied readings: by AB, seeing predictions, unless told."""
    pytest.importorskip("fastapi", reason="the review needs fastapi and uvicorn")
    from visitor import client_of

    with ExitStack() as stack:

        def opened(folder: Path = readings, **settings: object) -> Any:
            return stack.enter_context(client_of(folder, **{"reviewer": "AB", **settings}))

        yield opened
