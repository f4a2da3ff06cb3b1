"""Result: what an evaluation found, of one system or several on the same rows."""

from collections.abc import Mapping
from dataclasses import dataclass

from nasion.evaluation.assessment import Assessment
from nasion.evaluation.comparison import Comparison


@dataclass(frozen=True)
class SourceFile:
    """A file that was read: ``labels``, or the name of the system whose predictions it holds."""

    role: str
    name: str
    sha256: str


@dataclass(frozen=True)
class Result:
    """Systems by name, each two of them compared, and what it was computed from and with."""

    systems: Mapping[str, Assessment]
    pairs: tuple[Comparison, ...]
    files: tuple[SourceFile, ...]
    software: Mapping[str, str]
