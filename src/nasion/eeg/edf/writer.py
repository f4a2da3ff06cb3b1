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

from nasion.eeg.annotations import Annotation
from nasion.eeg.edf import text
from nasion.eeg.edf.header import FIELDS, annotation_signal
from nasion.errors import NasionError
from nasion.files import replacing

Signals = NDArray[np.float32]

LARGEST = 32767  # digital; the range is symmetric so that 0 µV is digital 0
LONGEST_RECORD_S = 60


def write_edf(
    path: Path,
    pieces: Iterable[Signals],
    *,
    labels: Sequence[str],
    sfreq: float,
    n_times: int,
    step_uv: float = 0.1,
    start: datetime | None = None,
    annotations: Iterable[Annotation] = (),
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
    signals, gain = _signals(path, labels, samples, step_uv)
    header = _header(signals, texts, record_s, start)
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(header)
        n_written = 0
        for block in _blocks(path, pieces, n_times, samples, gain):
            records = block.reshape(len(labels), -1, samples).transpose(1, 0, 2)
            for record in np.ascontiguousarray(records, "<i2"):
                file.write(record.tobytes())
                file.write(texts[n_written])
                n_written += 1


def _blocks(
    path: Path, pieces: Iterable[Signals], n_times: int, samples: int, gain: float
) -> Iterator[NDArray[np.int16]]:
    """Digital values in whole records; the last one is filled up."""
    tail, n_seen = np.zeros((0, 0), np.int16), 0
    for piece in pieces:
        if not np.isfinite(piece).all():
            raise NasionError(f"{path}: EDF can't hold gaps (NaN); fill them or write parts")
        n_seen += piece.shape[1]
        digital = np.rint(piece / gain).clip(-LARGEST, LARGEST).astype(np.int16)
        digital = np.concatenate([tail, digital], 1) if tail.size else digital
        n_whole = digital.shape[1] // samples * samples
        if n_whole:
            yield digital[:, :n_whole]
        tail = digital[:, n_whole:]
    if n_seen != n_times:
        raise ValueError(f"{n_seen} samples came, {n_times} were announced")
    if tail.size:
        yield np.pad(tail, ((0, 0), (0, samples - tail.shape[1])), mode="edge")


def _signals(
    path: Path, labels: Sequence[str], samples: int, step_uv: float
) -> tuple[list[dict[str, str]], float]:
    """Describe the signals, and give the quantisation, µV: eight characters hold a number."""
    for label in labels:
        if not 0 < len(label) <= FIELDS["label"] or not label.isascii():
            raise NasionError(f"{path}: EDF can't hold the label '{label}' (16 letters, ASCII)")
    largest = f"{LARGEST * step_uv:.6g}"
    if not step_uv > 0 or len(largest) >= FIELDS["physical_min"] or "e" in largest:
        raise NasionError(f"{path}: EDF can't hold steps of {step_uv} µV; take 0.001 to 30")
    numbers = {
        "dimension": "uV",
        "physical_min": f"-{largest}",
        "physical_max": largest,
        "digital_min": str(-LARGEST),
        "digital_max": str(LARGEST),
        "samples": str(samples),
    }
    return [{"label": label, **numbers} for label in labels], float(largest) / LARGEST


def _header(
    signals: Sequence[dict[str, str]], texts: Sequence[bytes], record_s: int, start: datetime | None
) -> bytes:
    """Describe signals, and after them the records' annotations."""
    entries = [*signals, annotation_signal(len(texts[0]) // 2)]
    main = (
        text.field("0", 8),
        text.field(text.NO_PATIENT, 80),
        text.field(text.recorded(start), 80),
        text.clock(start),
        text.field(str(256 * (len(entries) + 1)), 8),
        text.field("EDF+C", 44),
        text.field(str(len(texts)), 8),
        text.field(str(record_s), 8),
        text.field(str(len(entries)), 4),
    )
    fields = (
        text.field(signal.get(name, ""), width)
        for name, width in FIELDS.items()
        for signal in entries
    )
    return b"".join([*main, *fields])


def _annotation_records(
    annotations: Iterable[Annotation], n_records: int, record_s: int, start: datetime | None
) -> list[bytes]:
    """Give each record's own onset and the annotations that begin in it, all of one length."""
    fraction = start.microsecond / 1e6 if start else 0.0
    records = [[text.stamp(text.onset(i * record_s + fraction))] for i in range(n_records)]
    for onset_s, duration_s, words in sorted(annotations):
        place = int(onset_s // record_s) if record_s else 0
        entry = text.tal(onset_s + fraction, duration_s, words)
        records[min(max(place, 0), n_records - 1)].append(entry)
    contents = [b"".join(record) for record in records]
    longest = max(map(len, contents))
    return [content.ljust(longest + longest % 2, b"\0") for content in contents]


def write_annotations(
    path: Path, annotations: Iterable[Annotation], start: datetime | None = None
) -> None:
    """Write an EDF+ file that holds annotations alone, to be opened beside the recording.

    Parameters
    ----------
    annotations
        Onsets count from the recording's first sample; a duration of 0 is none.
    start
        Clock time of that sample; a year that EDF can't hold is left out.
    """
    start = start if start and start.year in text.YEARS else None
    texts = _annotation_records(annotations, 1, 0, start)
    with replacing(path) as temporary:
        temporary.write_bytes(_header([], texts, 0, start) + texts[0])
