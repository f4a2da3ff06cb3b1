"""EDF+ written: recordings of any length record by record, and files of annotations alone.

Libraries hold the whole recording in memory to write it; here pieces go to the disk as they come.
The patient's fields say X. Kemp B, Olivan J. European data format 'plus'. Clin Neurophysiol
2003;114:1755-1761.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nasion.eeg.edf.header import FIELDS, NO_DATE
from nasion.errors import NasionError
from nasion.files import replacing

Signals = NDArray[np.float32]
Annotations = Iterable[tuple[float, float, str]]  # (onset_s, duration_s, text)

LARGEST = 32767  # digital; the range is symmetric so that 0 µV is digital 0
LONGEST_RECORD_S = 60
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def write_edf(
    path: Path,
    pieces: Iterable[Signals],
    *,
    labels: Sequence[str],
    sfreq: float,
    n_times: int,
    step_uv: float = 0.1,
    start: datetime | None = None,
    annotations: Annotations = (),
) -> None:
    """Write a recording; memory holds one piece, whatever the length.

    Parameters
    ----------
    pieces
        Consecutive pieces, shape (n_chans, any number of samples), µV. Values beyond 32767 steps
        saturate, as an amplifier's do.
    labels
        Names of the channels, as they shall stand in the file.
    n_times
        Samples of all pieces together. Where they don't fill the last record (of 1 s at a whole
        rate), it is filled up with the last sample.
    step_uv
        Quantisation: what is read back is within half of it.
    start
        Clock time of the first sample; fractions of a second are kept.
    annotations
        Onsets count from the first sample; a duration of 0 is none.

    Raises
    ------
    NasionError
        If EDF+ can't hold it: a label, a rate or a gap (NaN). Nothing is left half-written.
    """
    rate = Fraction(sfreq).limit_denominator(LONGEST_RECORD_S)
    if not rate or abs(float(rate) / sfreq - 1) > 1e-9:
        raise NasionError(f"{path}: EDF can't hold {sfreq} Hz; resample to a whole rate")
    samples, record_s = rate.numerator, rate.denominator
    n_records = -(-n_times // samples)
    if n_records < 1:
        raise NasionError(f"{path}: a recording needs at least one sample")
    texts = _annotation_records(annotations, n_records, record_s, start)
    header, gain = _header(path, labels, n_records, record_s, samples, step_uv, start, texts)
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(header)
        done = 0
        for block in _blocks(path, pieces, n_times, samples, gain):
            records = block.reshape(len(labels), -1, samples).transpose(1, 0, 2)
            for record in np.ascontiguousarray(records, "<i2"):
                file.write(record.tobytes())
                file.write(texts[done])
                done += 1


def _blocks(
    path: Path, pieces: Iterable[Signals], n_times: int, samples: int, gain: float
) -> Iterator[NDArray[np.int16]]:
    """Digital values in whole records; the last one is filled up."""
    rest, seen = np.zeros((0, 0), np.int16), 0
    for piece in pieces:
        if not np.isfinite(piece).all():
            raise NasionError(f"{path}: EDF can't hold gaps (NaN); fill them or write parts")
        seen += piece.shape[1]
        digital = np.rint(piece / gain).clip(-LARGEST, LARGEST).astype(np.int16)
        digital = np.concatenate([rest, digital], 1) if rest.size else digital
        whole = digital.shape[1] // samples * samples
        if whole:
            yield digital[:, :whole]
        rest = digital[:, whole:]
    if seen != n_times:
        raise ValueError(f"{seen} samples came, {n_times} were announced")
    if rest.size:
        yield np.pad(rest, ((0, 0), (0, samples - rest.shape[1])), mode="edge")


def _header(
    path: Path,
    labels: Sequence[str],
    n_records: int,
    record_s: int,
    samples: int,
    step_uv: float,
    start: datetime | None,
    texts: list[bytes],
) -> tuple[bytes, float]:
    """Give the header and the quantisation it states, µV: eight characters hold a number."""
    for label in labels:
        if not 0 < len(label) <= FIELDS["label"] or not label.isascii():
            raise NasionError(f"{path}: EDF can't hold the label '{label}' (16 letters, ASCII)")
    largest = f"{LARGEST * step_uv:.6g}"
    if not step_uv > 0 or len(largest) >= FIELDS["physical_min"] or "e" in largest:
        raise NasionError(f"{path}: EDF can't hold steps of {step_uv} µV; take 0.001 to 30")
    n = len(labels)
    signals = {
        "label": [*labels, "EDF Annotations"],
        "transducer": [""] * (n + 1),
        "dimension": ["uV"] * n + [""],
        "physical_min": [f"-{largest}"] * n + ["-1"],
        "physical_max": [largest] * n + ["1"],
        "digital_min": [str(-LARGEST)] * n + ["-32768"],
        "digital_max": [str(LARGEST)] * n + ["32767"],
        "prefiltering": [""] * (n + 1),
        "samples": [str(samples)] * n + [str(len(texts[0]) // 2)],
        "reserved": [""] * (n + 1),
    }
    clock = start or NO_DATE
    day = f"{clock.day:02}-{_MONTHS[clock.month - 1]}-{clock.year:04}" if start else "X"
    short_year = f"{clock.year % 100:02}" if 1985 <= clock.year < 2085 else "yy"
    main = (
        ("0", 8), ("X X X X", 80), (f"Startdate {day} X X X", 80),
        (f"{clock.day:02}.{clock.month:02}.{short_year}", 8), (f"{clock:%H.%M.%S}", 8),
        (str(256 * (n + 2)), 8), ("EDF+C", 44), (str(n_records), 8), (str(record_s), 8),
        (str(n + 1), 4),
    )  # fmt: skip
    fields = [*main, *((text, FIELDS[name]) for name, found in signals.items() for text in found)]
    header = "".join(text.ljust(width) for text, width in fields).encode("ascii")
    return header, float(largest) / LARGEST


def _annotation_records(
    annotations: Annotations, n_records: int, record_s: int, start: datetime | None
) -> list[bytes]:
    """Give each record's own onset and the annotations that begin in it, all of one length."""
    fraction = start.microsecond / 1e6 if start else 0.0
    stamps = [f"{_onset(i * record_s + fraction)}\x14\x14\0" for i in range(n_records)]
    records = [stamp.encode() for stamp in stamps]
    for onset_s, duration_s, text in sorted(annotations):
        length = f"\x15{_decimal(duration_s)}" if duration_s else ""
        entry = f"{_onset(onset_s + fraction)}{length}\x14{_clean(text)}\x14\0"
        records[min(max(int(onset_s // record_s), 0), n_records - 1)] += entry.encode()
    longest = max(map(len, records))
    return [record.ljust(longest + longest % 2, b"\0") for record in records]


def _onset(seconds: float) -> str:
    return f"{'-' if seconds < 0 else '+'}{_decimal(abs(seconds))}"


def _decimal(seconds: float) -> str:
    """Microseconds are enough; EDF+ knows no exponents."""
    return f"{seconds:.6f}".rstrip("0").rstrip(".")


def _clean(text: str) -> str:
    """Without the characters that delimit annotations."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


def write_annotations(path: Path, events: Annotations, start: datetime | None = None) -> None:
    """Write an EDF+ file that holds annotations alone, to be opened beside the recording.

    Parameters
    ----------
    events
        (onset_s, duration_s, text) from the recording's first sample; a duration of 0 is none.
    start
        Clock time of that sample.
    """
    import edfio

    found = [
        edfio.EdfAnnotation(round(onset_s, 6), round(duration_s, 6) or None, _clean(text))
        for onset_s, duration_s, text in events
    ]
    file = edfio.Edf(
        [],
        recording=edfio.Recording(startdate=start.date() if start else None),
        starttime=start.time() if start else None,
        annotations=found or [edfio.EdfAnnotation(0.0, None, "")],
    )
    with replacing(path) as temporary:
        file.write(temporary)
