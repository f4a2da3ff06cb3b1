"""The folder of a reading: tables, events and annotations; reading.json comes last.

Its presence says that the reading is complete, its checksums that nothing was changed since.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nasion.accuracy import Trust
from nasion.contract import About
from nasion.eeg.montage import Montage
from nasion.eeg.remarks import Remark, free_text, read_remark
from nasion.errors import NasionError
from nasion.events.burden import Burden
from nasion.exports.annotations import to_edf_annotations
from nasion.exports.bids import read_events, write_events
from nasion.exports.tables import (
    arrow_probabilities,
    arrow_quality,
    write_csv,
)
from nasion.files import replacing, unwritable, write_json
from nasion.loading import is_there, loading, of_schema, read_table
from nasion.reading.reading import Reading
from nasion.signal.fault import REASONS, Fault, Reason
from nasion.terms import COLUMNS, ELECTRODES, PATTERNS, READING_STEP_S
from nasion.version import VERSION

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA = 1
MANIFEST = "reading.json"
PROBABILITIES = "probabilities.parquet"
TABLE = "probabilities.csv"
QUALITY = "quality.parquet"
EVENTS = "events.tsv"
SIDECAR = "events.json"
ANNOTATIONS = "annotations.edf"
FILES = (PROBABILITIES, TABLE, QUALITY, EVENTS, SIDECAR, ANNOTATIONS)
MARKS = (MANIFEST, PROBABILITIES, QUALITY)  # each tells a reading's folder, finished or not
_GAP = REASONS.index(Reason.GAP)
READ = (PROBABILITIES, QUALITY, EVENTS)  # the rest says the same in other forms


def is_reading(folder: Path) -> bool:
    """Whether a folder holds a reading, finished or not."""
    return any((folder / name).exists() for name in MARKS)


def begin(folder: Path) -> None:
    """Say of what stands in a folder that it is unfinished."""
    try:
        (folder / MANIFEST).unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(folder / MANIFEST, error) from None


def save(reading: Reading, folder: Path, more: Mapping[str, Any] | None = None) -> None:
    """Write a reading; one that stood there before is unfinished from the first file on.

    Parameters
    ----------
    more
        What else reading.json shall hold, by key, as `settings`: kept as it is, NaN as null.
    """
    content = _manifest(reading)
    if duplicates := {*content, "files"} & (more or {}).keys():
        raise ValueError(f"reading.json has keys of its own: {', '.join(sorted(duplicates))}")
    begin(folder)
    _write_parquet(folder / PROBABILITIES, arrow_probabilities(reading))
    write_csv(reading, folder / TABLE)
    _write_parquet(folder / QUALITY, arrow_quality(reading))
    write_events(reading, folder / EVENTS)
    to_edf_annotations(reading, folder / ANNOTATIONS)
    files = {name: _checksum(folder / name) for name in FILES}
    write_json(folder / MANIFEST, _valid({**content, **(more or {}), "files": files}))


def _manifest(reading: Reading) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "nasion": VERSION,
        "name": reading.name,
        "start": reading.start.isoformat() if reading.start else None,
        "duration_s": reading.duration_s,
        "step_s": READING_STEP_S,
        "n_steps": reading.n_steps,
        "source_sfreq": reading.source_sfreq,
        "montage": {"name": reading.montage.name, **asdict(reading.montage)},
        "accuracy": _accuracy(reading.trust),
        "cautions": reading.cautions,
        "missing": reading.missing,
        "interpolated": reading.interpolated,
        "ignored": reading.ignored,
        "warnings": [warning.text for warning in reading.warnings],
        "remarks": [warning.as_dict() for warning in reading.warnings],
        "gaps": [{"onset_s": onset, "duration_s": length} for onset, length in reading.gaps_s],
        "annotations": [
            {"onset_s": onset, "duration_s": length, "text": text}
            for onset, length, text in reading.annotations
        ],
        "model": reading.model.as_dict() if reading.model else {},
        "burden": Burden.of(reading).as_dict(),
    }


def _accuracy(trust: Trust) -> dict[str, Any]:
    """What was measured on the montage, and which patterns it can't tell, with the reason."""
    return {
        "statement": trust.statement,
        "measured_as": trust.stands_for or None,
        "measured": trust.measured.model_dump(mode="json") if trust.measured else None,
        "not_judged": {str(pattern): reason for pattern, reason in trust.untold.items()},
        "unseen": trust.unseen,
    }


def _montage(content: Mapping[str, Any]) -> Montage:
    """Give the montage; of an older reading what it says of its electrodes."""
    names = {key: tuple(content[key]) for key in ("missing", "interpolated")}
    if "montage" not in content:
        there = tuple(name for name in ELECTRODES if name not in names["missing"])
        recorded = tuple(name for name in there if name not in names["interpolated"])
        return Montage(recorded=recorded, components=(there,), **names)
    told = content["montage"]
    return Montage(
        recorded=tuple(told["recorded"]),
        rebuilt=tuple(told["rebuilt"]),
        components=tuple(map(tuple, told["components"])),
        **names,
    )


def _valid(content: Any) -> Any:
    """JSON has no NaN."""
    if isinstance(content, Mapping):
        return {str(key): _valid(value) for key, value in content.items()}
    if isinstance(content, Sequence) and not isinstance(content, str):
        return [_valid(value) for value in content]
    if isinstance(content, float) and not math.isfinite(content):
        return None
    return content


def _write_parquet(path: Path, table: "pa.Table") -> None:
    import pyarrow.parquet as pq

    with replacing(path) as temporary:
        pq.write_table(table, temporary)


def _checksum(path: Path) -> str:
    with loading(path, "can't be read", "read the recording anew"):
        return sha256(path.read_bytes()).hexdigest()


def load(folder: Path) -> Reading:
    """Read what `save` wrote: the same reading.

    Raises
    ------
    NasionError
        If the reading is unfinished, of another schema, or its files were changed.
    """
    import pyarrow.parquet as pq

    content = manifest(folder)
    path = folder / MANIFEST
    for name in READ:
        _check(folder / name, content)
    with loading(path, "is damaged", "read the recording anew"):
        table = pq.read_table(folder / PROBABILITIES)
        quality = pq.read_table(folder / QUALITY)
        steps, others = _steps(table), _steps(quality)
        n_steps = content["n_steps"]
        reading = Reading(
            name=content["name"],
            duration_s=content["duration_s"],
            probability=_placed(_matrix(table.select(list(PATTERNS))), steps, n_steps, np.nan),
            reason=_placed(_codes(table.column("reason").to_pylist()), steps, n_steps, _GAP),
            quality=_placed(_matrix(quality.select(list(COLUMNS))), others, n_steps, Fault.MISSING),
            events=read_events(folder / EVENTS),
            start=datetime.fromisoformat(content["start"]) if content["start"] else None,
            source_sfreq=content["source_sfreq"],
            gaps_s=tuple((gap["onset_s"], gap["duration_s"]) for gap in content["gaps"]),
            annotations=tuple(
                (entry["onset_s"], entry["duration_s"], entry["text"])
                for entry in content["annotations"]
            ),
            montage=_montage(content),
            ignored=tuple(content["ignored"]),
            warnings=_warnings(content),
            model=_about(content["model"], path),
        )
    return reading


def _warnings(content: Mapping[str, Any]) -> tuple[Remark, ...]:
    """Give the warnings as data; older readings have sentences alone."""
    texts, remarks = content["warnings"], content.get("remarks", [])
    if len(remarks) != len(texts):
        return tuple(map(free_text, texts))
    return tuple(read_remark(entry, text) for entry, text in zip(remarks, texts, strict=True))


def _about(content: Any, path: Path) -> About | None:
    fix = "read the recording anew"
    return About.from_dict(content, f"{path}: model", fix=fix) if content else None


def manifest(folder: Path) -> dict[str, Any]:
    """Read reading.json; what it holds is in docs/formats.md."""
    path = folder / MANIFEST
    if not is_there(path):
        raise NasionError(f"{folder}: holds no finished reading ({MANIFEST}); read it again")
    content = read_table(path, "read the recording anew")
    of_schema(content, SCHEMA, path, "read the recording anew")
    return content


def is_whole(folder: Path) -> bool:
    """Whether all that `load` reads is there as it was written."""
    try:
        content = manifest(folder)
        for name in READ:
            _check(folder / name, content)
    except NasionError:
        return False
    return True


def _check(path: Path, content: Mapping[str, Any]) -> None:
    try:
        intact = _checksum(path) == content["files"][path.name]
    except (NasionError, KeyError, TypeError):
        intact = False
    if not intact:
        raise NasionError(f"{path}: is not what {MANIFEST} lists; read the recording anew")


def _matrix(table: "pa.Table") -> NDArray[Any]:
    """Columns side by side; null is NaN."""
    return np.stack([column.to_numpy() for column in table.columns], 1)


def _steps(table: "pa.Table") -> NDArray[np.int64]:
    onsets_s = table.column("onset_s").to_numpy()
    return np.asarray(np.rint(onsets_s / READING_STEP_S), np.int64)


def _placed(
    values: NDArray[Any], steps: NDArray[np.int64], n_steps: int, empty: float
) -> NDArray[Any]:
    """Give each step its row; those without one lie in a long gap."""
    placed = np.full((n_steps, *values.shape[1:]), empty, values.dtype)
    placed[steps] = values
    return placed


def _codes(texts: list[str]) -> NDArray[np.uint8]:
    places = {str(reason): place for place, reason in enumerate(REASONS)}
    return np.array([places[text] for text in texts], np.uint8)
