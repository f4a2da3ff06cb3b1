"""An EDF or BDF file again, with more annotations, and without its patient where that is wanted.

Samples keep every bit: records are copied, each with a signal of annotations more at its end,
as EDF+ allows. Kemp B, Olivan J. European data format 'plus'. Clin Neurophysiol
2003;114:1755-1761.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nasion.eeg.annotations import Annotation
from nasion.eeg.edf import text
from nasion.eeg.edf.header import FIELDS, Header, annotation_signal, read_header
from nasion.eeg.edf.reader import origin_s
from nasion.eeg.units import Quantity, quantity, voltage
from nasion.errors import NasionError
from nasion.files import replacing

BLOCK = 512  # records that are copied at once
UNITS = ("kOhm", "%", "bpm", "mmHg", "degC", "Boolean")  # of what is no voltage
NO_VOLTAGE = "X"  # any other such unit, which may be free text

PATIENT, RECORDING = slice(8, 88), slice(88, 168)  # of a header's bytes

_DAY = rf"(?:\d\d-(?:{'|'.join(text.MONTHS)})-\d{{4}}|X)"
_PATIENT = re.compile(rf"\S+ [MFX] {_DAY} \S.*")
_RECORDED = re.compile(r"Startdate (\S+) (\S+ \S+ \S.*)")
_NUMBER = re.compile(r"[+-]?[\d.,]+(?:[eE][+-]?\d+)?")

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Disguise:
    """What takes the place of all that a file says of its patient and in free text.

    Parameters
    ----------
    start
        Clock time of the first sample; a year that EDF can't hold is left out.
    label
        Gives the label of a channel that may stand in the copy.
    """

    start: datetime | None
    label: Callable[[str], str]


def copy_with_annotations(
    source: Path,
    target: Path,
    annotations: Iterable[Annotation],
    *,
    disguise: Disguise | None = None,
) -> None:
    """Copy a file with more annotations, a few records at a time.

    Parameters
    ----------
    annotations
        Onsets count from the first sample.
    disguise
        With one, the file's own annotations are left out, too.

    Raises
    ------
    NasionError
        If the source is no EDF or BDF file, or is the target.
    """
    header = read_header(source)
    if target.exists() and target.samefile(source):
        raise NasionError(f"{target}: is the recording itself; give the copy another name")
    with source.open("rb") as file:
        main, *fields = _split(file.read(header.n_field_bytes))
    origin = origin_s(header)
    entries = _annotation_bytes(header, list(annotations), origin)
    if disguise:
        start = disguise.start - timedelta(seconds=origin) if disguise.start else None
        main = _without_patient(header, main, start)
        fields = _without_words(header, fields, disguise.label)
    else:
        main, fields = _plus(header, main), _printable(fields)
    new = _new_header(header, main, fields, entries.shape[1] // header.sample_bytes)
    with replacing(target) as temporary, temporary.open("wb") as out:
        out.write(new)
        for begin, records in _records(header):
            content = _without_text(header, records) if disguise else records
            out.write(np.hstack([content, entries[begin : begin + len(content)]]).tobytes())


def _split(raw: bytes) -> Iterator[bytes]:
    """Give the first 256 bytes, then the fields of all signals, one by one."""
    yield raw[:256]
    n, begin = len(raw) // 256 - 1, 256
    for width in FIELDS.values():
        yield raw[begin : begin + width * n]
        begin += width * n


def _records(header: Header) -> Iterator[tuple[int, Bytes]]:
    with header.path.open("rb") as file:
        file.seek(header.n_header_bytes)
        for begin in range(0, header.n_records, BLOCK):
            count = min(BLOCK, header.n_records - begin)
            raw = np.frombuffer(file.read(count * header.record_bytes), np.uint8)
            yield begin, raw.reshape(count, header.record_bytes)


def _text_columns(header: Header) -> list[slice]:
    """Where in a record its signals of annotations are."""
    size = header.sample_bytes
    return [
        slice(header.offsets[number] * size, header.offsets[number + 1] * size)
        for number in header.annotation_signals
    ]


def _stated_onset(header: Header, record: bytes) -> bytes:
    """Give the onset that a record states, as it is written; nothing in plain files."""
    columns = _text_columns(header)
    return text.stated_onset(record[columns[0]]) if columns and header.plus else b""


def _without_text(header: Header, records: Bytes) -> Bytes:
    """Leave of the annotations only the onsets of the records."""
    clean = records.copy()
    for columns in _text_columns(header):
        clean[:, columns] = 0
    for record, old in zip(clean, records, strict=True):
        if onset := _stated_onset(header, old.tobytes()):
            begin, stamp = _text_columns(header)[0].start, text.stamp(onset)
            record[begin : begin + len(stamp)] = np.frombuffer(stamp, np.uint8)
    return clean


def _annotation_bytes(header: Header, annotations: list[Annotation], origin_s: float) -> Bytes:
    """Bytes that each record gets; annotations are spread evenly, which wastes least."""
    n, record_s = header.n_records, float(header.record_s)
    stamped = header.plus and header.annotation_signals
    stamps = [b"" if stamped else text.stamp(text.onset(i * record_s)) for i in range(n)]
    rows = [[stamp] for stamp in stamps]
    for place, (onset_s, duration_s, words) in enumerate(annotations):
        entry = text.tal(onset_s + origin_s, duration_s, words)
        rows[place * n // len(annotations)].append(entry)
    texts = [b"".join(row) for row in rows]
    width = max(1, max(map(len, texts)))
    width += -width % header.sample_bytes
    content = b"".join(words.ljust(width, b"\0") for words in texts)
    return np.frombuffer(content, np.uint8).reshape(n, width)


def _new_header(header: Header, main: bytes, fields: list[bytes], samples: int) -> bytes:
    """Header with one signal more."""
    last = annotation_signal(samples, header.sample_bytes)
    n = len(header.labels) + 1
    kind = last["label"].partition(" ")[0]
    reserved = main[192:236] if header.plus else text.field(f"{kind}+C", 44)
    n_bytes, n_signals = text.field(str(256 * (n + 1)), 8), text.field(str(n), 4)
    n_records = text.field(str(header.n_records), 8)
    return b"".join(
        [
            main[:184] + n_bytes + reserved + n_records + main[244:252] + n_signals,
            *(
                old + text.field(last[name], width)
                for old, (name, width) in zip(fields, FIELDS.items(), strict=True)
            ),
        ]
    )


def _plus(header: Header, main: bytes) -> bytes:
    """Fields of the file in the form of EDF+, which its readers insist on; they are kept if so."""
    patient, recording = (text.plain(text.decode(main[place])) for place in (PATIENT, RECORDING))
    if not _PATIENT.fullmatch(patient):
        patient = f"X X X {_word(patient)}"
    day, told = text.day(header.start), _RECORDED.fullmatch(recording)
    if not told:
        recording = f"Startdate {day} X X {_word(recording)}"
    elif told[1] != text.NOT_STATED:
        recording = f"Startdate {day} {told[2]}"
    fields = text.field(patient, 80) + text.field(recording, 80) + text.clock(header.start)
    return main[: PATIENT.start] + fields + main[184:]


def _printable(fields: list[bytes]) -> list[bytes]:
    """The signals' fields in ASCII, as they are where they are so."""
    return [
        b"".join(
            part if part.isascii() and part.decode().isprintable() else _field(part)
            for part in (field[i : i + width] for i in range(0, len(field), width))
        )
        for width, field in zip(FIELDS.values(), fields, strict=True)
    ]


def _field(part: bytes) -> bytes:
    return text.field(text.decode(part), len(part))


def _word(words: str) -> str:
    return re.sub(r"\s+", "_", words) or text.NOT_STATED


def _without_patient(header: Header, main: bytes, start: datetime | None) -> bytes:
    """Leave of the first 256 bytes what tells where samples are."""
    start = start if start and start.year in text.YEARS else None
    fixed = text.field(text.NO_PATIENT, 80) + text.field(text.recorded(start), 80)
    reserved = text.field(header.plus, 44)
    return main[:8] + fixed + text.clock(start) + main[184:192] + reserved + main[236:]


def _without_words(header: Header, fields: list[bytes], label: Callable[[str], str]) -> list[bytes]:
    """Leave of the signals' fields no free text; numbers stay numbers."""
    clean = []
    for (name, width), field in zip(FIELDS.items(), fields, strict=True):
        texts = [text.decode(field[i : i + width]) for i in range(0, len(field), width)]
        if name == "label":
            texts = [
                words if number in header.annotation_signals else label(words)
                for number, words in enumerate(texts)
            ]
        elif name == "dimension":
            texts = [_unit(words) for words in texts]
        elif name in ("transducer", "prefiltering", "reserved"):
            texts = [""] * len(texts)
        else:
            texts = [words if _NUMBER.fullmatch(words) else "" for words in texts]
        clean.append(b"".join(text.field(words, width) for words in texts))
    return clean


def _unit(words: str) -> str:
    """Give a unit that says of the samples what this one does."""
    if quantity(words) is Quantity.OTHER:
        return words if words in UNITS else NO_VOLTAGE
    return voltage(words)
