"""Events as BIDS wants them, in SzCORE's columns first, so that its tools score them unchanged.

Dan J et al. SzCORE: seizure community open-source research evaluation framework. Epilepsia 2024.
Its tools know seizures and `bckg` alone and stop at any other word; what they should pass over,
other patterns, is therefore `bckg` to them and named in the column behind.
"""

import csv
import math
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

from nasion.errors import NasionError
from nasion.exports.szcore import ABSENT, NO_SEIZURE, SEIZURE, channels_of, clock_text
from nasion.files import replacing, write_json
from nasion.reading.event import SIDES, Event
from nasion.reading.reading import Reading
from nasion.terms import CHAIN_NAMES, DISCLAIMER, PATTERNS, Chain, Pattern
from nasion.version import VERSION

# onset and duration first, as BIDS wants it; SzCORE's seven, then ours.
COLUMNS: dict[str, dict[str, Any]] = {
    "onset": {"Description": "From the first sample of the recording.", "Units": "s"},
    "duration": {"Description": "Length.", "Units": "s"},
    "eventType": {
        "Description": "Seizure or not, for tools that score seizures.",
        "Levels": {
            SEIZURE: "seizure, of no stated type",
            NO_SEIZURE: "no seizure: another pattern, or the whole recording without any event",
        },
        "HED": {SEIZURE: Pattern.SEIZURE.nature.hed},
    },
    "confidence": {
        "Description": "Mean probability of the pattern, from 0 to 1, rounded.",
        "HED": "Statistical-uncertainty/#",
    },
    "channels": {"Description": "Electrodes of the chains that show it."},
    # Without the tag of SzCORE's sidecar: HED refuses the form of date that its tools need.
    "dateTime": {"Description": "Clock time of the first sample of the recording."},
    "recordingDuration": {"Description": "Length of the recording.", "Units": "s"},
    "pattern": {
        "Description": f"What the network sees, after ACNS 2021. {DISCLAIMER}",
        "Levels": {str(pattern): pattern.long_name for pattern in PATTERNS},
        # A seizure's stands with the type of the event.
        "HED": {
            str(pattern): pattern.nature.hed
            for pattern in PATTERNS
            if pattern.nature.hed and pattern is not Pattern.SEIZURE
        },
    },
    "probability": {"Description": "Of the pattern, mean over the steps of 2 s of the event."},
    "peak": {"Description": "Of the pattern, highest of the steps."},
    "side": {
        "Description": "Where it is larger.",
        "Levels": {"left": "left", "right": "right", "bilateral": "both sides"},
    },
    "frequency_hz": {"Description": "Of discharges or cycles, measured.", "Units": "Hz"},
    "chains": {
        "Description": "Chains of the longitudinal bipolar montage that show it.",
        "Levels": {str(chain): name for chain, name in CHAIN_NAMES.items()},
    },
    "length": {"Description": "ACNS 2021 word for its duration."},
}

_ENTITIES = re.compile(r"sub-[A-Za-z0-9]+(?:_[a-z]+-[A-Za-z0-9]+)*")


def write_events(reading: Reading, path: Path) -> None:
    """Write the events as `path` (.tsv) and what its columns mean beside it (.json).

    A recording without events has one row of its whole length, as SzCORE wants it.
    """
    rows = [_row(event, reading) for event in reading.events] or [_no_seizure_row(reading)]
    lines = ["\t".join(COLUMNS), *("\t".join(row[name] for name in COLUMNS) for row in rows)]
    write_json(path.with_suffix(".json"), _sidecar(reading))
    with replacing(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="")


def _sidecar(reading: Reading) -> dict[str, dict[str, Any]]:
    """What the columns mean, and at the pattern why to trust it less."""
    pattern = COLUMNS["pattern"]
    words = [pattern["Description"], *(f"Caution: {text}." for text in reading.cautions)]
    return {**COLUMNS, "pattern": {**pattern, "Description": " ".join(words)}}


def _no_seizure_row(reading: Reading) -> dict[str, str]:
    return dict.fromkeys(COLUMNS, ABSENT) | {
        "onset": "0.0",
        "duration": _number(reading.duration_s),
        "eventType": NO_SEIZURE,
        "dateTime": clock_text(reading.start),
        "recordingDuration": _number(reading.duration_s),
    }


def _row(event: Event, reading: Reading) -> dict[str, str]:
    return _no_seizure_row(reading) | {
        "onset": _number(event.onset_s),
        "duration": _number(event.duration_s),
        "eventType": SEIZURE if event.pattern == Pattern.SEIZURE else NO_SEIZURE,
        "confidence": _number(round(float(event.probability), 4)),
        "channels": channels_of(event),
        "pattern": str(event.pattern),
        "probability": _number(event.probability),
        "peak": _number(event.peak),
        "side": event.side or ABSENT,
        "frequency_hz": ABSENT if event.frequency_hz is None else _number(event.frequency_hz),
        "chains": ",".join(event.chains) or ABSENT,
        "length": event.length or ABSENT,
    }


def _number(value: float) -> str:
    """Shortest text that is the same number again."""
    return repr(float(value)) if math.isfinite(value) else ABSENT


def read_events(path: Path) -> tuple[Event, ...]:
    """Read what `write_events` wrote, to the last digit."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        return tuple(_event(row) for row in rows if row["pattern"] != ABSENT)
    except FileNotFoundError:
        raise NasionError(f"{path}: not found") from None
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        reason = str(error).splitlines()[0]
        raise NasionError(f"{path}: not events that nasion wrote ({reason})") from None


def _event(row: dict[str, str]) -> Event:
    side = row["side"]
    if side not in (*SIDES, ABSENT):
        raise ValueError(f"side '{side}'")
    fields = {name: "" if text == ABSENT else text for name, text in row.items()}
    return Event(
        onset_s=float(fields["onset"]),
        duration_s=float(fields["duration"]),
        pattern=Pattern(fields["pattern"]),
        probability=float(fields["probability"] or "nan"),
        peak=float(fields["peak"] or "nan"),
        side="" if side == ABSENT else side,  # type: ignore[arg-type]
        frequency_hz=float(fields["frequency_hz"]) if fields["frequency_hz"] else None,
        chains=tuple(Chain(name) for name in fields["chains"].split(",") if name),
        length=fields["length"],
    )


def to_bids(reading: Reading, folder: Path) -> Path:
    """Write the events into a BIDS derivative data set; several readings may share it.

    A recording that is named as BIDS wants it (sub-01_ses-01_task-szMonitoring_run-00_eeg) keeps
    its entities, so SzCORE finds the events of the same recording; others get a subject each.

    Returns
    -------
    Path of the events (.tsv); what the columns mean is beside it (.json).
    """
    stem = _stem(reading.name)
    place = [entity for entity in stem.split("_") if entity.startswith(("sub-", "ses-"))]
    path = folder.joinpath(*place, "eeg", f"{stem}_events.tsv")
    description = folder / "dataset_description.json"
    if not description.exists():
        write_json(
            description,
            {
                "Name": "Events of critical-care EEG, found by nasion",
                "BIDSVersion": "1.8.0",
                "HEDVersion": "score_1.1.0",
                "DatasetType": "derivative",
                "GeneratedBy": [{"Name": "nasion", "Version": VERSION}],
            },
        )
    write_events(reading, path)
    return path


def _stem(name: str) -> str:
    """Entities of a BIDS name; a subject made of any other name, one of its own for each."""
    stem = name.removesuffix("_eeg")
    if _ENTITIES.fullmatch(stem):
        return stem
    letters = re.sub("[^A-Za-z0-9]", "", name)
    mark = "" if letters == name else f"x{sha256(name.encode()).hexdigest()[:6]}"
    return f"sub-{letters}{mark}_task-eeg"
