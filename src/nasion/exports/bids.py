"""Events as BIDS wants them, in SzCORE's columns first, so that its tools score them unchanged.

Dan J et al. SzCORE: seizure community open-source research evaluation framework. Epilepsia 2024.
Its tools know seizures and `bckg` alone and stop at any other word; what they should pass over,
other patterns, is therefore `bckg` to them and named in the column behind.
"""

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasion.exports.szcore import ABSENT, NO_SEIZURE, SEIZURE, channels_of, clock_text
from nasion.files import replacing, write_json
from nasion.loading import loading
from nasion.reading.contradiction import Contradiction, of_code
from nasion.reading.event import CERTAIN, SIDES, UNCERTAIN, Event
from nasion.reading.reading import Reading
from nasion.terms import (
    CANT_TELL,
    CHAIN_NAMES,
    DISCLAIMER,
    PATTERNS,
    READING_STEP_S,
    Chain,
    Pattern,
)


def _tags(pattern: Pattern) -> str:
    return ", ".join(filter(None, ("Data-feature", pattern.nature.hed)))


YES, NO = "yes", "no"
SHARE = {"Format": "number", "Minimum": 0, "Maximum": 1}
AMOUNT = {"Format": "number", "Minimum": 0}

# The HED of a row is one group, so that rows of one onset say nothing twice: its type, as SzCORE
# translates it, with what other columns tell; what they don't tell is left out.
MEASURED = "{side}, {frequency_hz}, {probability}"

# onset and duration first, as BIDS wants it; SzCORE's seven, then ours.
COLUMNS: dict[str, dict[str, Any]] = {
    "onset": {"Description": "From the first sample of the recording.", "Units": "s"},
    "duration": {"Description": "Length.", "Units": "s", "HED": "Duration/# s"},
    "eventType": {
        "Description": "Seizure or not, for tools that score seizures.",
        "Levels": {
            SEIZURE: "seizure, of no stated type",
            NO_SEIZURE: "no seizure: another pattern, or the whole recording without any event",
        },
        "HED": {
            SEIZURE: f"({{duration}}, ({_tags(Pattern.SEIZURE)}, {MEASURED}))",
            NO_SEIZURE: f"({{duration}}, (Background-activity, {{pattern}}, {MEASURED}))",
        },
    },
    "confidence": {
        "Description": "Mean probability of the pattern, rounded; of an uncertain event"
        f" {CANT_TELL:g} at most.",
        **SHARE,
    },
    "channels": {"Description": "Electrodes of the chains that show it.", "Delimiter": ","},
    # Without the tag of SzCORE's sidecar: HED refuses the form of date that its tools need.
    "dateTime": {"Description": "Clock time of the first sample of the recording."},
    "recordingDuration": {"Description": "Length of the recording.", "Units": "s", **AMOUNT},
    "pattern": {
        "Description": f"What the network sees, after ACNS 2021. {DISCLAIMER}",
        "Levels": {str(pattern): pattern.long_name for pattern in PATTERNS},
        "HED": {str(pattern): _tags(pattern) for pattern in PATTERNS},
    },
    "probability": {
        "Description": "Of the pattern, mean over the steps of 2 s of the event.",
        "HED": "Probability/#",
        **SHARE,
    },
    "peak": {"Description": "Of the pattern, highest of the steps.", **SHARE},
    "side": {
        "Description": "Where it is larger.",
        "Levels": {"left": "left", "right": "right", "bilateral": "both sides"},
        "HED": {"left": "Left", "right": "Right", "bilateral": "Left, Right"},
    },
    "frequency_hz": {
        "Description": "Of discharges or cycles, measured.",
        "Units": "Hz",
        "HED": "Feature-frequency/# Hz",
        **AMOUNT,
    },
    "evolves": {
        "Description": "Whether it evolves as ACNS 2021 asks of a seizure, measured.",
        "Levels": {YES: "it does", NO: "it does not"},
    },
    # Without levels: BIDS knows none in a cell with several of them.
    "chains": {
        "Description": "Chains of the longitudinal bipolar montage that show it: "
        + ", ".join(f"{chain} is {name}" for chain, name in CHAIN_NAMES.items())
        + ".",
        "Delimiter": ",",
    },
    "length": {"Description": "ACNS 2021 word for its duration."},
    "certainty": {
        "Description": "Whether the measured signal contradicts the pattern by ACNS 2021.",
        "Levels": {CERTAIN: "it does not", UNCERTAIN: "it does; such events are in no headline"},
    },
    "contradictions": {
        "Description": "What was measured against the pattern: "
        + "; ".join(f"{entry.code}: {entry.text}" for entry in Contradiction)
        + ".",
        "Delimiter": ",",
    },
    "judged": {
        "Description": "Share of this time that was judged. The rest was not seen: nothing was"
        " recorded, too few electrodes could be used, or a reader left out events of the model."
        " No event there says nothing.",
        **SHARE,
    },
    "not_judged": {
        "Description": "Patterns that the electrodes can't tell at that time: nothing is said of"
        " them, whatever eventType says.",
        "Delimiter": ",",
    },
}


def write_events(reading: Reading, path: Path, more: Mapping[str, Any] | None = None) -> None:
    """Write the events as `path` (.tsv) and what its columns mean beside it (.json).

    A recording without events has one row of its whole length, as SzCORE wants it.

    Parameters
    ----------
    more
        What else the .json shall hold, by a key that is no column.
    """
    rows = [_row(event, reading) for event in reading.events] or [_no_seizure_row(reading)]
    lines = ["\t".join(COLUMNS), *("\t".join(row[name] for name in COLUMNS) for row in rows)]
    write_json(path.with_suffix(".json"), {**_sidecar(reading), **(more or {})})
    with replacing(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="")


def _sidecar(reading: Reading) -> dict[str, dict[str, Any]]:
    """What the columns mean, and at the pattern why to trust it less, and whose weights say it."""
    pattern = COLUMNS["pattern"]
    words = [pattern["Description"], *(f"Caution: {text}." for text in reading.cautions)]
    words += [reading.model.words] if reading.model else []
    return {**COLUMNS, "pattern": {**pattern, "Description": " ".join(words)}}


def _no_seizure_row(reading: Reading) -> dict[str, str]:
    return dict.fromkeys(COLUMNS, ABSENT) | {
        "onset": "0.0",
        "duration": _number(reading.duration_s),
        "eventType": NO_SEIZURE,
        "dateTime": clock_text(reading.start),
        "recordingDuration": _number(reading.duration_s),
        "judged": _judged(reading, 0.0, reading.duration_s),
        "not_judged": _untold(reading, 0.0, reading.duration_s),
    }


def _judged(reading: Reading, onset_s: float, duration_s: float) -> str:
    """Share of its steps that were judged; none lie outside of the recording."""
    first, stop = int(onset_s // READING_STEP_S), -int(-(onset_s + duration_s) // READING_STEP_S)
    steps = reading.judged[max(first, 0) : stop]
    return _number(round(float(steps.mean()), 4)) if steps.size else ABSENT


def _untold(reading: Reading, onset_s: float, stop_s: float) -> str:
    """Patterns that are not judged somewhere in a stretch."""
    first, stop = int(onset_s // READING_STEP_S), int(-(-stop_s // READING_STEP_S))
    columns = zip(PATTERNS, reading.untold[first:stop].T, strict=True)
    return ",".join(pattern for pattern, column in columns if column.any()) or ABSENT


def _row(event: Event, reading: Reading) -> dict[str, str]:
    return _no_seizure_row(reading) | {
        "onset": _number(event.onset_s),
        "duration": _number(event.duration_s),
        "eventType": SEIZURE if event.pattern == Pattern.SEIZURE else NO_SEIZURE,
        "confidence": _number(round(_share(event.confidence), 4)),
        "channels": channels_of(event),
        "pattern": str(event.pattern),
        "probability": _number(_share(event.probability)),
        "peak": _number(_share(event.peak)),
        "side": event.side or ABSENT,
        "frequency_hz": ABSENT if event.frequency_hz is None else _number(event.frequency_hz),
        "evolves": ABSENT if event.evolves is None else YES if event.evolves else NO,
        "chains": ",".join(event.chains) or ABSENT,
        "length": event.length or ABSENT,
        "certainty": event.certainty,
        "contradictions": ",".join(entry.code for entry in event.contradictions) or ABSENT,
        "judged": _judged(reading, event.onset_s, event.duration_s),
        "not_judged": _untold(reading, event.onset_s, event.stop_s),
    }


def _number(value: float) -> str:
    """Shortest text that is the same number again."""
    return repr(float(value)) if math.isfinite(value) else ABSENT


def _share(probability: float) -> float:
    """Without what rounding adds to 1."""
    return min(float(probability), 1.0)


def read_events(path: Path) -> tuple[Event, ...]:
    """Read what `write_events` wrote, to the last digit."""
    with loading(path, "not events that nasion wrote", "read the recording anew"):
        with path.open(encoding="utf-8", newline="") as file:
            table = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            rows = list(table)
        if "pattern" not in (table.fieldnames or ()):
            raise KeyError("pattern")  # without rows, too: it is no sign that nothing was found
        return tuple(_event(row) for row in rows if row["pattern"] != ABSENT)


def _event(row: dict[str, str]) -> Event:
    side = row["side"]
    if side not in (*SIDES, ABSENT):
        raise ValueError(f"side '{side}'")
    fields = {name: "" if text == ABSENT else text for name, text in row.items()}
    # Older readings know neither.
    evolves, codes = fields.get("evolves", ""), fields.get("contradictions", "")
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
        evolves=evolves == YES if evolves else None,
        contradictions=tuple(map(of_code, filter(None, codes.split(",")))),
    )
