"""What is known of a pattern stands in `terms` alone: another pattern would touch no other file."""

import ast
import re
from pathlib import Path

import pytest

from nasion.terms import EVENTFUL, PATTERNS, PREVALENCE

SRC = Path(__file__).parents[1] / "src" / "nasion"
# The simulator makes each pattern in its own way. Rows of LRDA can be mirrored by a setting.
KNOWING = ("terms.py", "phantom/", "config.py", "training/sampling.py")
# Seizures are timed and scored in their own way, and `other` is none of the patterns.
NAMES = [str(pattern) for pattern in PATTERNS if pattern.nature.course]
SAID = re.compile(rf"\b(?:{'|'.join(NAMES)})s?\b", re.IGNORECASE)
COLOURS = re.compile("|".join(pattern.colour for pattern in PATTERNS), re.IGNORECASE)
SHARES = re.compile(rf"\b(?:{'|'.join(list(PREVALENCE)[:-1])})\b")
TAGS = re.compile("|".join(pattern.nature.hed for pattern in EVENTFUL if pattern.nature.hed))
PAGES = (".js", ".css", ".html", ".j2")
FILES = {
    path.relative_to(SRC).as_posix(): path
    for path in sorted(SRC.rglob("*"))
    if path.suffix in (".py", *PAGES)
}


def words(source: str) -> list[str]:
    """Strings of a Python source, but for docstrings, and the members of Pattern that it names."""
    tree = ast.parse(source)
    prose = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    strings = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
    ]
    members = [
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "Pattern"
    ]
    return strings + members


def code(text: str) -> str:
    """Text of a page without its comments."""
    return re.sub(r"/\*.*?\*/|<!--.*?-->|\{#.*?#\}|(?<!:)//[^\n]*", "", text, flags=re.DOTALL)


def spelled(name: str, text: str) -> list[str]:
    """What a file says of patterns that `terms` knows."""
    said = " ".join(words(text)) if name.endswith(".py") else code(text)
    colours = {match[0].upper() for match in COLOURS.finditer(said)}
    table = sorted(colours) if len(colours) > 2 else []  # one or two may mark what is no pattern
    return [match[0] for kind in (SAID, SHARES, TAGS) for match in kind.finditer(said)] + table


@pytest.mark.parametrize("name", [name for name in FILES if not name.startswith(KNOWING)])
def test_no_other_file_spells_what_a_pattern_is(name):
    assert spelled(name, FILES[name].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("events/a.py", "BANDS = {Pattern.LPD: 1, Pattern.SEIZURE: 2}"),
        ("review/a.py", 'URGENCY = {"lpd": 10}'),
        ("exports/a.py", 'HED = {SEIZURE: "Unclassified-epileptic-seizure"}'),
        ("events/a.py", 'LIMITS = (("abundant", 0.5),)'),
        ("drawing/a.py", 'INKS = "#0072b2", "#D55E00", "#56B4E9"'),
        ("review/static/a.js", 'const HELP = "label (Seizure LPD GPD)"; // of one'),
        ("report/a.html.j2", "<td>GPD</td>{# one of #}"),
    ],
)
def test_the_walk_sees_a_private_table(name, text):
    assert spelled(name, text)


def test_the_walk_lets_prose_and_single_roles_pass():
    assert spelled("a.py", '"""LPD and GPD."""\nx = Pattern.SEIZURE, Pattern.OTHER  # LPD') == []
    assert spelled("a.js", "/* LPD */ const six = 1; // GPD\n") == []
