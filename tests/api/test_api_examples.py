"""Examples of the public docstrings run, and everything public says what it takes."""

import doctest
import inspect
from importlib import import_module

import pytest

import nasion

MODULES = ["model", "reading", "verbs", "classifier"]
FUNCTIONS = [name for name in nasion.__all__ if name not in ("ELECTRODES", "PATTERNS")]


@pytest.mark.parametrize("module", MODULES)
def test_examples_do_what_they_show(module):
    failed, _ = doctest.testmod(import_module(f"nasion.api.{module}"))
    assert failed == 0


@pytest.mark.parametrize("name", FUNCTIONS)
def test_everything_public_says_what_it_takes(name):
    public = getattr(nasion, name)
    text = inspect.getdoc(public)
    assert text
    takes = [p for p in inspect.signature(public).parameters if p not in ("self", "progress")]
    assert all(parameter in text for parameter in takes) or "Parameters" in text
    assert "Raises" in text or "errors" in text or inspect.isclass(public)
    assert name in dir(nasion)
