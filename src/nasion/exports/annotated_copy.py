"""An EDF or BDF file again, with the events of its reading as annotations.

Samples keep every bit: records are copied, each with a signal of annotations more at its end,
as EDF+ allows. Kemp B, Olivan J. European data format 'plus'. Clin Neurophysiol
2003;114:1755-1761.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nasion.eeg import naming
from nasion.eeg.edf.header import FIELDS, NO_DATE, Header, decode, read_header
from nasion.errors import NasionError
from nasion.exports.annotations import EDF_YEARS, annotations, events_only
from nasion.exports.deidentification import clean_label
from nasion.files import replacing
from nasion.reading.reading import Reading
from nasion.terms import EKG

BLOCK = 512  # records that are copied at once
UNITS = ("uV", "mV", "nV", "V", "%", "bpm", "mmHg", "degC", "Boolean")

_STAMP = re.compile(rb"([+-]\d+(?:[.]\d*)?)\x14\x14")
_PATIENT = re.compile(r"\S+ [MFX] (?:\d\d-[A-Z]{3}-\d{4}|X) \S.*")
_DAY = r"(?:\d\d-[A-Z]{3}-\d{4}|X)"
_RECORDED = re.compile(rf"Startdate {_DAY} \S+ \S+ \S.*")
_NUMBER = re.compile(r"[+-]?[\d.,]+(?:[eE][+-]?\d+)?")

Bytes = NDArray[np.uint8]


def copy_with_annotations(
    source: Path, target: Path, reading: Reading, *, deidentify: bool = False
) -> None:
    """Copy the file that was read, with the reading's events, a few records at a time.

    Parameters
    ----------
    reading
        Of this file alone.
    deidentify
        Leave out all that the file says of its patient and in free text. The reading must be
        de-identified: its start and its annotations take the place of the file's.

    Raises
    ------
    NasionError
        If the source is no EDF or BDF file, or is the target.
    """
    header = read_header(source)
    if target.exists() and target.samefile(source):
        raise NasionError(f"{target}: is the recording itself; give the copy another name")
    with source.open("rb") as file:
        main, *fields = _split(file.read(header.n_header_bytes))
        first = _stamp(header, file.read(header.record_bytes))
    origin_s = float(first or 0)
    texts = annotations(reading) if deidentify else events_only(reading)
    added = _added(header, texts, origin_s)
    if deidentify:
        start = reading.start - timedelta(seconds=origin_s) if reading.start else None
        main, fields = _without_patient(header, main, fields, start)
    elif not header.plus:
        main = _plus(header, main)
    new = _described(header, main, fields, added.shape[1] // header.sample_bytes)
    with replacing(target) as temporary, temporary.open("wb") as out:
        out.write(new)
        for begin, records in _records(header):
            kept = _without_text(header, records) if deidentify else records
            out.write(np.hstack([kept, added[begin : begin + len(kept)]]).tobytes())


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


def _stamp(header: Header, record: bytes) -> bytes:
    """Give the onset that a record states, as it is written; nothing in plain files."""
    columns = _text_columns(header)
    match = _STAMP.match(record[columns[0]]) if columns else None
    return match[1] if match and header.plus else b""


def _without_text(header: Header, records: Bytes) -> Bytes:
    """Leave of the annotations only the onsets of the records."""
    kept = records.copy()
    for columns in _text_columns(header):
        kept[:, columns] = 0
    for record, old in zip(kept, records, strict=True):
        if onset := _stamp(header, old.tobytes()):
            begin = _text_columns(header)[0].start
            stamp = onset + b"\x14\x14\0"
            record[begin : begin + len(stamp)] = np.frombuffer(stamp, np.uint8)
    return kept


def _added(header: Header, texts: Iterable[tuple[float, float, str]], origin_s: float) -> Bytes:
    """Bytes that each record gets; annotations are spread evenly, which wastes least."""
    found, n = list(texts), header.n_records
    stamped = header.plus and header.annotation_signals
    rows = [
        b"" if stamped else f"+{_decimal(i * float(header.record_s))}\x14\x14\0".encode()
        for i in range(n)
    ]
    for place, (onset_s, duration_s, text) in enumerate(found):
        onset = onset_s + origin_s
        length = f"\x15{_decimal(duration_s)}" if duration_s else ""
        plain = re.sub("[\0\x14\x15]", " ", text)
        sign = "-" if onset < 0 else "+"
        entry = f"{sign}{_decimal(abs(onset))}{length}\x14{plain}\x14\0"
        rows[place * n // len(found)] += entry.encode()
    width = max(1, max(map(len, rows)))
    width += -width % header.sample_bytes
    joined = b"".join(row.ljust(width, b"\0") for row in rows)
    return np.frombuffer(joined, np.uint8).reshape(n, width)


def _decimal(seconds: float) -> str:
    return f"{seconds:.6f}".rstrip("0").rstrip(".")


def _described(header: Header, main: bytes, fields: list[bytes], samples: int) -> bytes:
    """Header with one signal more."""
    kind, top = ("EDF", 1 << 15) if header.sample_bytes == 2 else ("BDF", 1 << 23)
    last = {
        "label": f"{kind} Annotations",
        "physical_min": "-1",
        "physical_max": "1",
        "digital_min": str(-top),
        "digital_max": str(top - 1),
        "samples": str(samples),
    }
    n = len(header.labels) + 1
    reserved = main[192:236] if header.plus else f"{kind}+C".ljust(44).encode()
    counts = f"{256 * (n + 1):<8}".encode(), f"{n:<4}".encode()
    whole = main[:184] + counts[0] + reserved + main[236:252] + counts[1]
    return whole + b"".join(
        old + last.get(name, "").ljust(width).encode()
        for old, (name, width) in zip(fields, FIELDS.items(), strict=True)
    )


def _plus(header: Header, main: bytes) -> bytes:
    """Fields of a plain file in the form of EDF+, which its readers insist on."""
    patient, recorded = decode(main[8:88]), decode(main[88:168])
    if not _PATIENT.fullmatch(patient):
        patient = f"X X X {_word(patient)}"
    if not _RECORDED.fullmatch(recorded):
        recorded = f"Startdate {_day(header.start)} X X {_word(recorded)}"
    return main[:8] + _ascii(patient) + _ascii(recorded) + main[168:]


def _word(text: str) -> str:
    return re.sub(r"\s+", "_", text) or "X"


def _ascii(text: str) -> bytes:
    return text.encode("ascii", "replace")[:80].ljust(80)


def _day(start: datetime | None) -> str:
    return f"{start:%d-%b-%Y}".upper() if start else "X"


def _without_patient(
    header: Header, main: bytes, fields: list[bytes], start: datetime | None
) -> tuple[bytes, list[bytes]]:
    """Header without free text; numbers stay numbers."""
    start = start if start and start.year in EDF_YEARS else None
    clock = start or NO_DATE
    reserved = header.plus.encode().ljust(44)
    fixed = _ascii("X X X X") + _ascii(f"Startdate {_day(start)} X X X")
    when = f"{clock:%d.%m.%y%H.%M.%S}".encode()
    clean = main[:8] + fixed + when + main[184:192] + reserved + main[236:]
    n = len(header.labels)
    new = []
    for (name, width), field in zip(FIELDS.items(), fields, strict=True):
        texts = [decode(field[i : i + width]) for i in range(0, n * width, width)]
        kept = "".join(_clean_field(name, text).ljust(width) for text in texts)
        new.append(kept.encode("ascii", "replace"))
    return clean, new


def _clean_field(name: str, text: str) -> str:
    if name == "label":
        return _clean_label(text)
    if name == "dimension":
        return text if text in UNITS else ""
    if name in ("transducer", "prefiltering", "reserved"):
        return ""
    return text if _NUMBER.fullmatch(text) else ""


def _clean_label(label: str) -> str:
    """Keep the electrode, whatever stands beside it."""
    if label in ("EDF Annotations", "BDF Annotations"):
        return label
    channel = naming.parse(label)
    if channel.kind == "electrode" and clean_label(label) != label:
        return channel.site
    return EKG if channel.kind == "ekg" and clean_label(label) != label else clean_label(label)
