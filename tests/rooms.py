"""The rooms of the house: which of them a file of each may import.

`docs/architecture.md` is drawn from this table; `python tests/rooms.py` draws it anew.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "nasion"
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- drawn: {} -->", "<!-- end: {} -->"

# A room is a folder or a single file below src/nasion; from the ground up.
BASICS = {
    "terms", "errors", "version", "temporary", "files", "loading", "settings", "config", "progress",
}  # fmt: skip
MAY_IMPORT: dict[str, set[str]] = {
    "terms": set(),
    "errors": set(),
    "progress": set(),
    "version": set(),
    "temporary": set(),
    "files": {"errors", "temporary"},
    "loading": {"errors"},
    "spreadsheet": {"errors", "loading"},
    "tensors": {"errors", "loading"},
    "settings": {"errors", "loading"},
    "config": {"terms", "errors", "loading", "settings"},
    "simulation": {"errors", "files", "loading"},
    "seen": {"errors", "files", "loading"},
    "landmarks": {"terms"},
    "subjects": {"landmarks", "seen", "simulation"},
    "provenance": {
        "terms", "errors", "files", "landmarks", "loading", "simulation", "subjects",
    },
    "guard": {"errors", "seen", "provenance", "subjects"},
    "calibration": {"terms", "errors", "files", "loading"},
    "windowing": BASICS,
    "periods": {"terms"},
    "drawing": {"terms"},
    "out_of_fold": {"terms", "errors", "files", "loading"},
    "eeg": BASICS,
    "accuracy": {"terms", "settings", "eeg"},
    "alarms": {"terms", "errors", "settings"},
    "contract": BASICS | {"accuracy", "alarms", "provenance", "windowing"},
    "catalogue": {"errors", "contract"},
    "phantom": BASICS,
    "hms": BASICS
    | {"eeg", "guard", "landmarks", "provenance", "seen", "simulation", "spreadsheet"},
    "data": BASICS | {"eeg", "hms", "periods", "spreadsheet", "windowing"},
    "models": BASICS
    | {"accuracy", "alarms", "calibration", "contract", "provenance", "tensors", "windowing"},
    "network": BASICS | {"catalogue", "contract", "provenance", "tensors", "windowing"},
    "maker": {"errors", "catalogue", "contract", "network"},
    "prediction": BASICS | {"contract", "data", "hms"},
    "training": BASICS
    | {
        "calibration", "catalogue", "data", "hms", "models", "out_of_fold", "periods",
        "prediction", "provenance", "seen", "simulation", "windowing",
    },
    "signal": BASICS | {"eeg", "windowing"},
    "reading": BASICS | {"accuracy", "contract", "eeg", "network", "signal", "windowing"},
    "events": BASICS | {"alarms", "contract", "eeg", "reading", "windowing"},
    "exports": BASICS | {"accuracy", "contract", "eeg", "events", "reading", "signal"},
    "display": BASICS | {"eeg", "reading", "signal"},
    "report": BASICS
    | {"display", "drawing", "eeg", "events", "reading", "signal", "windowing"},
    "reader": BASICS
    | {
        "display", "eeg", "events", "exports", "hms", "network", "reading", "report",
        "windowing",
    },
    "evaluation": BASICS
    | {
        "accuracy", "calibration", "drawing", "eeg", "out_of_fold", "periods", "seen",
        "spreadsheet",
    },
    "benchmark": BASICS
    | {
        "contract", "eeg", "evaluation", "exports", "guard", "landmarks", "provenance", "reader",
        "report", "seen", "simulation",
    },
    "explanation": BASICS
    | {
        "data", "drawing", "eeg", "evaluation", "hms", "models", "out_of_fold", "provenance",
        "seen", "windowing",
    },
    "study": BASICS
    | {
        "catalogue", "contract", "data", "eeg", "evaluation", "hms", "models", "network",
        "out_of_fold", "periods", "phantom", "prediction", "provenance", "seen", "simulation",
        "spreadsheet", "training",
    },
    "review": BASICS
    | {
        "catalogue", "contract", "display", "eeg", "events", "exports", "hms", "maker", "network",
        "reading", "signal", "windowing",
    },
    "api": BASICS
    | {
        "accuracy", "catalogue", "contract", "data", "display", "eeg", "events", "explanation",
        "exports", "hms", "maker", "models", "network", "reader", "reading", "report", "study",
        "training", "windowing",
    },
    "demo": BASICS
    | {
        "catalogue", "data", "eeg", "evaluation", "explanation", "exports", "hms", "network",
        "phantom", "reader", "study", "training",
    },
    "cli": BASICS
    | {
        "benchmark", "catalogue", "data", "demo", "eeg", "evaluation", "events", "explanation",
        "exports", "hms", "network", "phantom", "prediction", "reader", "review", "seen", "study",
        "training",
    },
    "__main__": {"cli"},
    "__init__": {"terms"},  # it names the homes of public things, and imports them when asked
}  # fmt: skip


def modules() -> dict[str, Path]:
    """Every module below nasion/ by its dotted name; a package is its `__init__`."""
    paths = sorted(SRC.rglob("*.py"))
    return {".".join(path.relative_to(SRC).with_suffix("").parts): path for path in paths}


def room(module: str) -> str:
    """Room of a module: its first name."""
    return module.partition(".")[0]


def imports(source: str, known: dict[str, Path]) -> Iterator[str]:
    """Modules of nasion that a source imports when it runs, wherever in it."""
    tree = ast.parse(source)
    unseen = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in unseen:
            continue
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            package, _, rest = name.partition(".")
            if package == "nasion":
                yield _module(rest, known)


def _module(name: str, known: dict[str, Path]) -> str:
    """The module that holds a name: itself, or what it is imported from."""
    while name and name not in known and f"{name}.__init__" not in known:
        name = name.rpartition(".")[0]
    return name if name in known else f"{name}.__init__".lstrip(".")


def trespasses(module: str, source: str, known: dict[str, Path]) -> list[str]:
    """Rooms that a module imports and must not."""
    visited = {room(name) for name in imports(source, known)}
    return sorted(visited - MAY_IMPORT[room(module)] - {room(module)})


def circles(graph: dict[str, set[str]]) -> list[str]:
    """What is left of a graph when all is taken away that leads to no circle."""
    left = dict(graph)
    while free := [name for name, below in left.items() if not below & left.keys()]:
        for name in free:
            del left[name]
    return sorted(left)


def drawn_rooms() -> str:
    """The rooms as a Mermaid graph: an arrow for each import that no other path implies."""
    reach: dict[str, set[str]] = {}

    def below(name: str) -> set[str]:
        if name not in reach:
            reach[name] = MAY_IMPORT[name].union(*map(below, MAY_IMPORT[name]))
        return reach[name]

    lines = ["```mermaid", "graph TD"]
    for name in reversed(MAY_IMPORT):
        if name in BASICS or name.startswith("__"):
            continue
        near = MAY_IMPORT[name] - BASICS
        direct = near - set().union(*map(below, near))
        lines += [f"    {name} --> {other}" for other in MAY_IMPORT if other in direct]
        lines += [f"    {name}"] * (not near)
    return "\n".join([*lines, "```"])


def drawn_table() -> str:
    """Who may import whom, a row a room; what all may import is left out."""
    lines = ["| room | may import, beside the basics |", "|---|---|"]
    for name, allowed in MAY_IMPORT.items():
        if name not in BASICS and not name.startswith("__"):
            lines.append(f"| {name} | {', '.join(sorted(allowed - BASICS)) or '-'} |")
    return "\n".join(lines)


def drawn_tree() -> str:
    """Every file with the first line of its docstring."""
    lines = []
    for name in (name for name in MAY_IMPORT if not name.startswith("__")):
        folder = SRC / name
        if not folder.is_dir():
            lines.append(_line(SRC / f"{name}.py", 0))
            continue
        lines.append(_line(folder, 0))
        for path in sorted(folder.rglob("*")):
            depth = len(path.relative_to(SRC).parts) - 1
            is_room = path.is_dir() and (path / "__init__.py").exists()
            if is_room or (path.suffix == ".py" and path.name != "__init__.py"):
                lines.append(_line(path, depth))
    return "\n".join(["```", *lines, "```"])


def _line(path: Path, depth: int) -> str:
    source = path / "__init__.py" if path.is_dir() else path
    text = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
    name = "  " * depth + path.name + "/" * path.is_dir()
    return f"{name:28} {text.partition(chr(10))[0]}".rstrip()


DRAWN = {"rooms": drawn_rooms, "table": drawn_table, "tree": drawn_tree}


def page() -> str:
    """The page with its drawn parts as they should be."""
    text = PAGE.read_text(encoding="utf-8")
    for name, draw in DRAWN.items():
        begin, end = BEGIN.format(name), END.format(name)
        head, rest = text.split(begin)
        text = f"{head}{begin}\n{draw()}\n{end}{rest.split(end)[1]}"
    return text


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
