"""Sidecars: what channels.toml and BIDS channels.tsv beside a recording say of its channels."""

import csv
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nasion.eeg.naming import parse
from nasion.errors import NasionError

TOML = "channels.toml"
WITHIN_THE_SKULL = ("SEEG", "ECOG", "DBS")
_BIDS = re.compile(r"(.+)_i?eeg(?:\..+)?")


@dataclass(frozen=True)
class Sidecars:
    """What is said of channels, by their labels in the file.

    Parameters
    ----------
    path
        Of the file that says it, or of both.
    renames
        New labels by those of the file; "-" leaves a channel out.
    bad, depth
        Channels that are marked as bad, and such that lie within the skull.
    """

    path: str = ""
    renames: Mapping[str, str] = field(default_factory=dict)
    bad: tuple[str, ...] = ()
    depth: tuple[str, ...] = ()


def sidecars_of(path: Path) -> Sidecars:
    """Read what lies beside a recording.

    Raises
    ------
    NasionError
        Where such a file can't be read, or says what is none of its matters.
    """
    toml, match = path.parent / TOML, _BIDS.fullmatch(path.name)
    table = path.parent / f"{match[1]}_channels.tsv" if match else None
    noted = _read_toml(toml) if toml.is_file() else Sidecars()
    if table is None or not table.is_file():
        return noted
    rows = _read_table(table)
    return Sidecars(
        path=f"{noted.path}, {table.name}" if noted.path else str(table),
        renames=noted.renames,
        bad=noted.bad + tuple(name for name, _, status in rows if status == "bad"),
        depth=tuple(name for name, kind, _ in rows if kind in WITHIN_THE_SKULL),
    )


def held_label(name: str, held: Sequence[str]) -> str:
    """Give the label that a name means: as it is, in another case, or of the same electrode."""
    for same in (str, str.casefold):
        for label in held:
            if same(label.strip()) == same(name.strip()):
                return label
    channel = parse(name)
    alike = {label for label in held if channel.kind != "other" and parse(label) == channel}
    return alike.pop() if len(alike) == 1 else ""


def _read_toml(path: Path) -> Sidecars:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise NasionError(
            f"{path}: can't be read ({reason}); write it as docs/formats.md"
        ) from None
    renames, bad = content.pop("rename", {}), content.pop("bad", [])
    if content or not _is_strings(bad) or not isinstance(renames, dict):
        raise NasionError(
            f'{path}: takes a table [rename] of lines "OLD" = "NEW" and a list bad = ["OLD"]'
            f"{', not ' + ', '.join(content) if content else ''}"
        )
    if not _is_strings(list(renames.values())):
        raise NasionError(f'{path}: a new name is text: "OLD" = "NEW"')
    return Sidecars(str(path), renames, tuple(bad))


def _is_strings(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _read_table(path: Path) -> list[tuple[str, str, str]]:
    """Give name, type and status of each channel."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
    except (OSError, ValueError, csv.Error) as error:
        raise NasionError(f"{path}: can't be read ({error}); correct it or take it away") from None
    return [
        (
            (row.get("name") or "").strip(),
            (row.get("type") or "").strip().upper(),
            (row.get("status") or "").strip().lower(),
        )
        for row in rows
    ]
