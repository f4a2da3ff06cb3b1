"""Who may import whom, and what no file may hold."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src" / "nasion"
FILES = {path.relative_to(SRC).as_posix(): path for path in sorted(SRC.rglob("*.py"))}
LONGEST = 350  # lines
HEAVY = ("torch", "mne", "matplotlib", "pandas")

BASICS = {"terms", "config", "errors", "files"}
MAY_IMPORT = {
    "terms": set(),
    "errors": set(),
    "files": {"errors"},
    "config": {"terms", "errors"},
    "eeg": BASICS,
    "phantom": BASICS,
    "data": BASICS | {"eeg"},
    "models": BASICS | {"calibration"},
    "prediction": BASICS | {"data", "eeg", "models", "calibration", "reading"},
    "training": BASICS | {"data", "eeg", "models", "prediction", "calibration"},
    "calibration": {"terms", "errors", "files"},
    "evaluation": {"terms", "errors", "files", "calibration", "drawing"},
    "explanation": BASICS | {"data", "eeg", "models", "evaluation", "drawing"},
    "display": {"terms"},
    "drawing": {"terms"},
    "reading": BASICS | {"eeg", "calibration", "drawing"},
    "review": BASICS | {"eeg", "drawing", "reading"},
}
# What stands above all rooms.
EVERYTHING = {"experiment", "demo", "search", "cli", "__main__", "__init__"}


def room(name: str) -> str:
    """Top-level module or package of a file below nasion/."""
    return name.partition("/")[0].removesuffix(".py")


def imported_rooms(source: str) -> Iterator[str]:
    """Rooms of nasion that a source imports, wherever in it; the package itself is ''."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "nasion":
            names = [f"nasion.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        for name in names:
            if name == "nasion" or name == "nasion.__version__":
                yield ""
            elif name.startswith("nasion."):
                yield name.split(".")[1]


def trespasses(name: str, source: str) -> list[str]:
    """Rooms that this file imports and must not."""
    own = room(name)
    if own in EVERYTHING:
        return []
    return sorted(set(imported_rooms(source)) - MAY_IMPORT[own] - {own, ""})


def dangers(source: str) -> list[str]:
    """Calls and imports that would run what a file holds."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module in ("pickle", "dill", "joblib"):
            found += [alias.name for alias in node.names if alias.name != "UnpicklingError"]
        elif isinstance(node, ast.Import):
            unsafe = ("pickle", "dill", "joblib", "cloudpickle", "marshal", "shelve")
            found += [alias.name for alias in node.names if alias.name in unsafe]
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            given = {word.arg: ast.unparse(word.value) for word in node.keywords}
            if called in ("eval", "exec") or called.endswith("read_pickle"):
                found.append(called)
            if given.get("allow_pickle", "False") != "False":
                found.append(f"{called} with allow_pickle")
            if called in ("np.load", "numpy.load") and len(node.args) > 2:
                found.append(f"{called} with allow_pickle")
            if called.endswith("torch.load") and given.get("weights_only") != "True":
                found.append(f"{called} without weights_only")
    return found


@pytest.mark.parametrize("name", FILES)
def test_a_file_imports_only_the_rooms_below_it(name):
    assert room(name) in MAY_IMPORT | dict.fromkeys(EVERYTHING), "add the new room to the table"
    assert trespasses(name, FILES[name].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_short_and_named_by_a_noun(name):
    assert len(FILES[name].read_text(encoding="utf-8").splitlines()) <= LONGEST
    parts = {part.strip("_") for part in Path(name).with_suffix("").parts}
    assert not parts & {"utils", "util", "common", "helpers", "helper", "misc"}


@pytest.mark.parametrize("name", FILES)
def test_imports_are_absolute_and_nothing_is_unpickled(name):
    source = FILES[name].read_text(encoding="utf-8")
    froms = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    assert [node.module for node in froms if node.level] == []
    assert dangers(source) == []


def test_the_table_has_no_cycle():
    done: set[str] = set()
    for _ in MAY_IMPORT:
        done |= {name for name, below in MAY_IMPORT.items() if below <= done}
    assert done == set(MAY_IMPORT)


@pytest.mark.parametrize(
    ("name", "source", "found"),
    [
        ("terms.py", "def f():\n    from nasion.errors import NasionError", ["errors"]),
        ("eeg/montage.py", "import nasion.hms.segments", ["data"]),
        ("evaluation/report.py", "from nasion import __version__, models", ["models"]),
        ("models/a.py", "from nasion.data import store\nfrom nasion.models import b", ["data"]),
    ],
)
def test_the_walk_sees_trespasses(name, source, found):
    assert trespasses(name, source) == found


@pytest.mark.parametrize(
    "source",
    [
        "import pickle\npickle.load(f)",
        "from pickle import load",
        "np.load(p, allow_pickle=True)",
        "np.load(p, None, True)",
        "torch.load(p)",
        "torch.load(p, weights_only=False)",
        "pd.read_pickle(p)",
        "eval(text)",
    ],
)
def test_the_walk_sees_dangers(source):
    assert dangers(source)


def test_the_walk_lets_safe_calls_pass():
    assert dangers("np.load(p, mmap_mode='r')\ntorch.load(p, weights_only=True)") == []


def heavy_after(statement: str) -> list[str]:
    code = f"import sys\n{statement}\nprint(*(set(sys.modules) & {set(HEAVY)!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize(
    "module",
    ["nasion", *(["nasion.cli"] if {"cli.py", "cli/__init__.py"} & set(FILES) else [])],
)
def test_importing_the_command_loads_nothing_heavy(module):
    assert heavy_after(f"import {module}") == []


def test_loading_something_heavy_is_seen():
    assert heavy_after("import pandas") == ["pandas"]
