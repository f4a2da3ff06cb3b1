"""Units: which spellings of a channel's unit are a voltage, which state none, and which another."""

import re
from enum import Enum

# A micro sign comes as either of two letters, and broken by code pages in many ways.
_MICRO = "uµμ\N{REPLACEMENT CHARACTER}?æâ"
_VOLTAGE = re.compile(rf"(n|nano|[{_MICRO}]+|mc|micro|m|milli|)-?v(?:olts?)?")
_SIZES = {"n": "nV", "nano": "nV", "m": "mV", "milli": "mV", "": "V"}
_OF_VOLTS = re.compile(
    rf"(?:[\d.,]+[*x]?)?(?:[nkp{_MICRO}m]|nano|micro|milli)?v(?:olts?)?"
    r"(?:pp|p-p|rms|peak)?(?:/(?:bit|lsb|digit|mm|cm|div))?"
)
_OF_COUNTS = re.compile(
    r"|-|bits?|adu?|counts?|cnts?|digits?|digital|raw|lsb|int\w*|units?|codes?|none|n/?a|unknown"
    r"|a\.?u\.?|arb\w*\.?(?: units?)?|1|#|\?+"
)


class Quantity(Enum):
    """What the numbers of a channel measure, by their unit."""

    VOLTAGE = "a voltage of a known size"
    UNCLEAR = "perhaps a voltage: no unit, plain counts, or volts in an unknown spelling"
    OTHER = "no voltage"


def voltage(unit: str) -> str:
    """Give nV, uV, mV or V for any spelling of it; "" where it is none that is known."""
    match = _VOLTAGE.fullmatch(_plain(unit))
    return _SIZES.get(match[1], "uV") if match else ""


def quantity(unit: str) -> Quantity:
    """Tell a voltage from what can't be one."""
    if voltage(unit):
        return Quantity.VOLTAGE
    text = _plain(unit)
    unclear = _OF_COUNTS.fullmatch(text) or _OF_VOLTS.fullmatch(text)
    return Quantity.UNCLEAR if unclear else Quantity.OTHER


def _plain(unit: str) -> str:
    """Lower case, without blanks, brackets and what stands around; a leading 1 says nothing."""
    text = re.sub(r"\s", "", unit).strip("\0[](){}.;:'\"").lower()
    return re.sub(r"^1(?=\D)", "", text)
