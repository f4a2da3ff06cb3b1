"""Who may import whom, and what no file may hold."""

import ast
import subprocess
import sys

import pytest

from rooms import BASICS, MAY_IMPORT, PAGE, circles, imports, modules, page, room, trespasses

FILES = modules()
SOURCES = {name: path.read_text(encoding="utf-8") for name, path in FILES.items()}
LONGEST = 350  # lines
HEAVY = ("torch", "mne", "matplotlib", "pandas")
NO_NOUNS = {"utils", "util", "common", "helpers", "helper", "misc"}


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
    assert room(name) in MAY_IMPORT, "add the new room to the table in tests/rooms.py"
    assert trespasses(name, SOURCES[name], FILES) == []


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_short_and_named_by_a_noun(name):
    assert len(SOURCES[name].splitlines()) <= LONGEST
    assert not {part.strip("_") for part in name.split(".")} & NO_NOUNS


@pytest.mark.parametrize("name", FILES)
def test_imports_are_absolute_and_nothing_is_unpickled(name):
    froms = [
        node for node in ast.walk(ast.parse(SOURCES[name])) if isinstance(node, ast.ImportFrom)
    ]
    assert [node.module for node in froms if node.level] == []
    assert dangers(SOURCES[name]) == []


def test_neither_rooms_nor_modules_form_a_circle():
    assert circles(MAY_IMPORT) == []
    graph = {name: set(imports(source, FILES)) - {name} for name, source in SOURCES.items()}
    assert circles(graph) == []


def test_the_table_allows_nothing_that_is_not_used():
    used: dict[str, set[str]] = {name: set() for name in MAY_IMPORT}
    for name, source in SOURCES.items():
        used[room(name)] |= {room(other) for other in imports(source, FILES)}
    unused = {name: allowed - BASICS - used[name] for name, allowed in MAY_IMPORT.items()}
    assert {name: sorted(rooms) for name, rooms in unused.items() if rooms} == {}


def test_the_page_of_the_rooms_is_drawn_from_the_table():
    assert PAGE.read_text(encoding="utf-8") == page(), "draw it anew: python tests/rooms.py"


@pytest.mark.parametrize(
    ("name", "source", "rooms"),
    [
        ("terms", "def f():\n    from nasion.errors import NasionError", ["errors"]),
        ("eeg.derivations", "import nasion.hms.segments", ["hms"]),
        ("evaluation.page", "from nasion import models, terms", ["models"]),
        ("models.a", "from nasion.data import store\nfrom nasion.models import wavenet", ["data"]),
        ("files", "from nasion import __version__", ["__init__"]),
        ("files", "if TYPE_CHECKING:\n    from nasion.eeg.stay import Stay", []),
    ],
)
def test_the_walk_sees_trespasses(name, source, rooms):
    assert trespasses(name, source, FILES) == rooms


def test_the_walk_sees_circles():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}, "e": set()}) == list("abcd")


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


@pytest.mark.parametrize("module", ["nasion", "nasion.cli"])
def test_importing_the_command_loads_nothing_heavy(module):
    assert heavy_after(f"import {module}") == []


def test_loading_something_heavy_is_seen():
    assert heavy_after("import pandas") == ["pandas"]
