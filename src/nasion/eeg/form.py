"""Forms: the text of what is said of a recording, and what each value in it may hold."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from inspect import signature
from math import isfinite
from string import Formatter
from typing import Any

from nasion.terms import COLUMNS, SITE

Names = tuple[str, ...]

AGE_GROUPS = ("newborn", "infant", "child", "adolescent", "adult")  # the youngest first
UNJUDGED = (  # why a step was not judged
    "nothing recorded",
    "too few usable electrodes",
    "flat",
    "artifact",
    "an event that no reader judged",
)
TERMS = (
    "above",
    "below",
    "left",
    "right",
    "missing",
    "interpolated",
    "nV",
    "uV",
    "mV",
    "V",
    *AGE_GROUPS,
    *UNJUDGED,
)


class Kind(Enum):
    """What a value may hold, one or several of a kind; the first four tell of no patient."""

    NUMBER = "a finite number, never a date"
    ELECTRODE = "one of `terms.COLUMNS`"
    CHANNEL = "one of `terms.COLUMNS`, or two sites with a hyphen, as of a derivation"
    TERM = "one of `TERMS`"
    LABEL = "the label or reference of a channel, as the file has it; empty where it states none"
    TEXT = "any words, also the name of a file"

    def holds(self, value: Any) -> bool:
        """Whether a value is of this kind."""
        if isinstance(value, tuple):
            return all(map(self.holds, value))
        if self is Kind.NUMBER:
            return isinstance(value, int | float) and isfinite(value)
        if self is Kind.CHANNEL and isinstance(value, str):
            return all(site in COLUMNS or SITE.fullmatch(site) for site in value.split("-"))
        vocabulary = {Kind.ELECTRODE: COLUMNS, Kind.TERM: TERMS}.get(self)
        return isinstance(value, str) and (vocabulary is None or value in vocabulary)


@dataclass(frozen=True)
class Form:
    """The text of a code, and the kind of each value in it.

    Parameters
    ----------
    text
        A format string, where several values of a kind stand with commas; or what makes the text
        of the values, by their names.
    kinds
        Exactly one for each value.
    """

    text: str | Callable[..., str]
    kinds: Mapping[str, Kind] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a value without a kind."""
        if isinstance(self.text, str):
            names = {name for _, name, _, _ in Formatter().parse(self.text) if name is not None}
        else:
            names = set(signature(self.text).parameters)
        if names != set(self.kinds):
            raise TypeError(f"kinds of {sorted(self.kinds)} for the values {sorted(names)}")

    def filled(self, values: Mapping[str, Any]) -> str:
        """Give the text with these values in it."""
        if isinstance(self.text, str):
            return self.text.format_map({name: commas(value) for name, value in values.items()})
        return self.text(**values)


def commas(value: Any) -> Any:
    """Several values with commas between them; one as it is."""
    return ", ".join(map(str, value)) if isinstance(value, tuple) else value
