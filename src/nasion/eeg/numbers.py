"""Numbers that files state as text: what can't be so is none, however many digits it would have."""

import re
from fractions import Fraction
from math import isfinite, nan

FARTHEST = 1e18  # of what a header counts or divides by
LONGEST = 400  # letters

_NUMBER = re.compile(r"[+-]?(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?")


def number(text: str) -> float:
    """Read a number, also with a comma for its point; NaN where there is none, or no finite one."""
    text = text.strip()
    stated = len(text) <= LONGEST and _NUMBER.fullmatch(text)
    value = float(text.replace(",", ".")) if stated else nan
    return value if isfinite(value) else nan


def quotient(text: str) -> Fraction:
    """Read a number without rounding it; a power of ten is worked out only where it is small.

    Raises
    ------
    ValueError
        Where it is none, or further than anything that is counted.
    """
    value = number(text)
    if not abs(value) < FARTHEST:
        raise ValueError(f"'{text[:20]}' is no number that can be")
    return Fraction(text.strip().replace(",", ".")) if abs(value) > 1 / FARTHEST else Fraction(0)
