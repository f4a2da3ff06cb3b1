"""Each row of docs/limits.md names a test that there is."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROWS = [
    line
    for line in (ROOT / "docs" / "limits.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not re.search(r"\| test \|$", line)
]


@cache
def named_in(path):
    """Names of the tests of a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return {node.name for node in functions if node.name.startswith("test_")}


def test_every_row_names_a_test_that_there_is():
    assert ROWS
    wrong = []
    for row in ROWS:
        named = re.search(r"\| `(tests/[\w/]+\.py)::(test_\w+)` \|$", row)
        if not named or not (ROOT / named[1]).exists() or named[2] not in named_in(named[1]):
            wrong.append(row)
    assert not wrong


def test_no_input_stands_twice():
    inputs = [row.split("|")[1].strip() for row in ROWS]
    assert len(set(inputs)) == len(inputs)
