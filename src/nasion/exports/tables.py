"""A reading as tables: the one list of columns for pandas, parquet and csv."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nasion.files import replacing
from nasion.reading.reading import Reading
from nasion.signal.fault import REASONS, Fault
from nasion.terms import COLUMNS, PATTERNS, READING_STEP_S

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

PROBABILITY_COLUMNS = (
    "onset_s", "clock", *map(str, PATTERNS), "most_probable", "reason", "not_judged",
)  # fmt: skip
QUALITY_COLUMNS = ("onset_s", *COLUMNS)
EVENT_COLUMNS = (
    "onset_s", "duration_s", "clock", "pattern", "probability", "peak", "side", "frequency_hz",
    "evolves", "chains", "length", "certainty", "contradictions",
)  # fmt: skip
Flags = NDArray[np.bool_]

DIGITS = 5  # of probabilities as text


def probabilities_table(reading: Reading) -> "pd.DataFrame":
    """Give a row a step: onset, clock time, six probabilities, the largest, why not judged.

    Steps in 10 min and more of which nothing was recorded have no row.
    """
    return arrow_probabilities(reading).to_pandas()


def events_table(reading: Reading) -> "pd.DataFrame":
    """Give a row an event; chains as `LL,LP`, what was not measured is missing.

    Those that the measured signal contradicts have the certainty `uncertain`.
    """
    import pandas as pd

    rows = [
        {
            "onset_s": event.onset_s,
            "duration_s": event.duration_s,
            "clock": reading.clock(event.onset_s),
            "pattern": str(event.pattern),
            "probability": event.probability,
            "peak": event.peak,
            "side": event.side,
            "frequency_hz": event.frequency_hz,
            "evolves": event.evolves,
            "chains": ",".join(event.chains),
            "length": event.length,
            "certainty": event.certainty,
            "contradictions": ",".join(entry.code for entry in event.contradictions),
        }
        for event in reading.events
    ]
    table = pd.DataFrame(rows, columns=list(EVENT_COLUMNS))
    numbers = ("onset_s", "duration_s", "probability", "peak", "frequency_hz")
    kinds: dict[str, Any] = {
        name: "float64" if name in numbers else "str" for name in EVENT_COLUMNS
    }
    return table.astype(kinds | {"clock": "datetime64[us]", "evolves": "boolean"})


def arrow_probabilities(reading: Reading) -> "pa.Table":
    """Columns of probabilities.parquet; null where not judged, and where no clock is known."""
    import pyarrow as pa

    clock, at = _clock(reading), reading.listed
    probability, certain = reading.probability[at], _certain(reading)
    names = np.array(PATTERNS, object)
    largest = np.where(certain, np.nan_to_num(probability), 0).argmax(1)
    columns = [
        pa.array(_onsets(reading)),
        pa.nulls(len(at), pa.timestamp("us")) if clock is None else pa.array(clock),
        *(pa.array(column, mask=np.isnan(column)) for column in probability.T),
        pa.array(names[largest], pa.string(), mask=~_told(reading, certain[:, 0], largest)),
        pa.array(np.array(REASONS, object)[reading.reason[at]], pa.string()),
        pa.array(_untold(reading), pa.string()),
    ]
    return pa.table(columns, names=list(PROBABILITY_COLUMNS))


def arrow_quality(reading: Reading) -> "pa.Table":
    """Columns of quality.parquet: bits of `Fault` of each electrode; `bits` in its metadata."""
    import pyarrow as pa

    bits = {str(fault.name).lower(): int(fault) for fault in Fault}
    columns = [_onsets(reading), *reading.quality[reading.listed].T]
    return pa.table(columns, names=list(QUALITY_COLUMNS), metadata={"bits": json.dumps(bits)})


def write_csv(reading: Reading, path: Path) -> None:
    """Write the table of probabilities as text; pandas would take seconds for a day."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(PROBABILITY_COLUMNS) + "\n")
        file.writelines(_lines(reading))


def _lines(reading: Reading) -> Iterator[str]:
    numbers = ",".join([f"%.{DIGITS}f"] * len(PATTERNS))
    at, certain = reading.listed, _certain(reading)[:, 0]
    probability = reading.probability[at]
    largest = np.nan_to_num(probability, nan=-1.0).argmax(1)
    clock = _clock(reading)
    times = [""] * len(at)
    if clock is not None:
        whole_seconds = reading.start is None or not reading.start.microsecond
        times = (
            clock.astype("datetime64[s]" if whole_seconds else "datetime64[us]")
            .astype(str)
            .tolist()
        )
    rows = zip(
        _onsets(reading).tolist(), times, probability.tolist(), certain.tolist(),
        largest.tolist(), _told(reading, certain, largest).tolist(), reading.reason[at].tolist(),
        _untold(reading), strict=True,
    )  # fmt: skip
    for onset_s, time, probability, is_judged, place, is_told, reason, untold in rows:
        values = numbers % tuple(probability) if is_judged else "," * (len(PATTERNS) - 1)
        name = PATTERNS[place] if is_told else ""
        yield f"{onset_s:.10g},{time},{values},{name},{REASONS[reason]},{untold}\n"


def _certain(reading: Reading) -> NDArray[np.bool_]:
    """(n_rows, 1): whether all six probabilities are there."""
    return np.asarray(np.isfinite(reading.probability[reading.listed]).all(1, keepdims=True))


def _told(reading: Reading, certain: Flags, largest: NDArray[np.intp]) -> Flags:
    """(n_rows,): whether the largest of six probabilities is of a pattern that is judged."""
    return certain & ~reading.untold[reading.listed, largest]


def _untold(reading: Reading) -> list[str]:
    """Patterns that are not judged in each step that is, with blanks between them."""
    kinds, kind_of = np.unique(reading.untold[reading.listed], axis=0, return_inverse=True)
    names = [" ".join(np.array(PATTERNS)[kind]) for kind in kinds]
    return np.array(names, object)[kind_of.ravel()].tolist()


def _onsets(reading: Reading) -> NDArray[np.float64]:
    return np.asarray(reading.listed * READING_STEP_S, np.float64)


def _clock(reading: Reading) -> NDArray[np.datetime64] | None:
    if reading.start is None:
        return None
    step = np.timedelta64(timedelta(seconds=READING_STEP_S), "us")
    return np.datetime64(reading.start, "us") + reading.listed * step
