"""The header of EDF and BDF files: where samples are and what they mean.

Fields as in Kemp B et al. A simple format for exchange of digitized polygraphic recordings.
Electroencephalogr Clin Neurophysiol 1992;82:391-393. Of the patient's fields nothing
is kept but the age.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import numpy as np

from nasion.eeg.edf.start import stated_start
from nasion.eeg.edf.text import decode, read_age, stated_onset
from nasion.eeg.numbers import number, quotient
from nasion.eeg.remarks import Code, Remark
from nasion.eeg.source import HIGHEST_HZ
from nasion.errors import NasionError

LONGEST_RECORD_S = 86400
LONGEST_PADDING = 1 << 20  # bytes of blanks behind the fields of a header
SAMPLE_BYTES = {b"0": 2, b"\xffBIOSEMI": 3}  # by the first field of the header

MAIN_FIELDS = {
    "version": 8, "patient": 80, "recording": 80, "date": 8, "time": 8, "n_header_bytes": 8,
    "reserved": 44, "n_records": 8, "record_s": 8, "n_signals": 4,
}  # fmt: skip
FIELDS = {  # of each signal
    "label": 16, "transducer": 80, "dimension": 8, "physical_min": 8, "physical_max": 8,
    "digital_min": 8, "digital_max": 8, "prefiltering": 80, "samples": 8, "reserved": 32,
}  # fmt: skip


@dataclass(frozen=True)
class Header:
    """The fields that say where samples are and what they mean.

    Parameters
    ----------
    n_header_bytes
        Where signal begins in the file; `n_field_bytes` or more.
    n_records
        Whole records that the file holds, whatever its header counts.
    warnings
        What of the header can't be so, and what was taken in its place.
    """

    path: Path
    sample_bytes: int
    n_header_bytes: int
    n_records: int
    record_s: Fraction
    plus: str  # "EDF+C", "EDF+D", "BDF+C", ... or "" in plain files
    start: datetime | None
    labels: tuple[str, ...]
    dimensions: tuple[str, ...]
    calibration: tuple[tuple[float, float, float, float], ...]  # physical and digital min, max
    samples: tuple[int, ...]  # of each signal in a record
    warnings: tuple[Remark, ...] = ()
    age_years: float | None = field(default=None, repr=False)  # of the patient when it began

    @property
    def n_field_bytes(self) -> int:
        """Length of the fields that EDF knows; a longer header has more behind them."""
        return 256 * (len(self.labels) + 1)

    @property
    def annotation_signals(self) -> tuple[int, ...]:
        """Numbers of the signals that hold text."""
        return tuple(
            number
            for number, label in enumerate(self.labels)
            if label in ("EDF Annotations", "BDF Annotations")
        )

    @property
    def stamp(self) -> slice:
        """Bytes of a record where EDF+ states its onset; none in plain files."""
        number = self.annotation_signals[0] if self.annotation_signals else len(self.labels)
        places = (*self.offsets, self.offsets[-1])
        return slice(places[number] * self.sample_bytes, places[number + 1] * self.sample_bytes)

    @property
    def offsets(self) -> tuple[int, ...]:
        """First sample of each signal in a record."""
        return tuple(accumulate(self.samples, initial=0))

    @property
    def record_bytes(self) -> int:
        """Length of a record."""
        return self.sample_bytes * sum(self.samples)


def words_of_patient(path: Path) -> str:
    """What an EDF or BDF file says in words of patient and recording; of any other nothing.

    To hold names against that are meant to tell nothing; it goes nowhere else.
    """
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        main = file.read(256)
    return decode(main[8:168]) if main[:8].strip() in SAMPLE_BYTES else ""


def read_header(path: Path) -> Header:
    """Read the header and compare it with what the file holds."""
    with path.open("rb") as file:
        raw = file.read(sum(MAIN_FIELDS.values()))
        main = dict(_fields(raw))
        sample_bytes = SAMPLE_BYTES.get(main["version"].strip())
        if not main["n_signals"] or sample_bytes is None:
            raise NasionError(f"{path}: not an EDF or BDF file; export it anew as EDF+")
        try:
            n_signals = int(main["n_signals"])
            signals = _signal_fields(file.read(256 * n_signals), n_signals)
            start, warnings = stated_start(raw)
            header = Header(
                path=path,
                sample_bytes=sample_bytes,
                n_header_bytes=256 * (n_signals + 1),
                n_records=0,
                record_s=quotient(decode(main["record_s"])),
                plus=match[0]
                if (match := re.match("[EB]DF[+][CD]", decode(main["reserved"])))
                else "",
                start=start,
                labels=signals["label"],
                dimensions=signals["dimension"],
                calibration=tuple(
                    (number(a), number(b), number(c), number(d))
                    for a, b, c, d in zip(
                        *(
                            signals[f"{kind}_{end}"]
                            for kind in ("physical", "digital")
                            for end in ("min", "max")
                        ),
                        strict=True,
                    )
                ),
                samples=tuple(int(text) for text in signals["samples"]),
                warnings=warnings,
                age_years=read_age(decode(main["patient"]), start),
            )
        except (ValueError, ZeroDivisionError):
            raise NasionError(
                f"{path}: its EDF header is damaged; copy the file again or export it anew"
            ) from None
    _check_records(header)
    n_stated = _whole(main["n_records"])
    return _with_records(_with_length(header, _whole(main["n_header_bytes"]), n_stated), n_stated)


def _fields(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Give the fields of the first bytes of a file by their names."""
    begin = 0
    for name, width in MAIN_FIELDS.items():
        yield name, raw[begin : begin + width]
        begin += width


def annotation_signal(samples: int, sample_bytes: int = 2) -> dict[str, str]:
    """Describe a signal of text, by the names of `FIELDS`.

    Parameters
    ----------
    samples
        In a record, each of `sample_bytes` bytes: 2 in EDF, 3 in BDF.
    """
    kind, limit = ("EDF", 1 << 15) if sample_bytes == 2 else ("BDF", 1 << 23)
    return dict.fromkeys(FIELDS, "") | {
        "label": f"{kind} Annotations",
        "physical_min": "-1",
        "physical_max": "1",
        "digital_min": str(-limit),
        "digital_max": str(limit - 1),
        "samples": str(samples),
    }


def _check_records(header: Header) -> None:
    path = header.path
    if not header.labels or min(header.samples) < 0 or header.record_bytes == 0:
        raise NasionError(f"{path}: its EDF header names no samples; export it anew")
    if header.record_s <= 0:
        raise NasionError(f"{path}: holds annotations only; give the file with the signals")
    if header.record_s > LONGEST_RECORD_S:
        raise NasionError(
            f"{path}: states records of {float(header.record_s):g} s; repair its header with"
            " EDFbrowser or export it anew"
        )
    if max(header.samples) > HIGHEST_HZ * header.record_s:
        rate = float(max(header.samples) / header.record_s)
        raise NasionError(
            f"{path}: states {rate:g} samples a second; repair its header with EDFbrowser or"
            " export it anew"
        )


def _whole(raw: bytes) -> int:
    """Give a field's number; -1, as EDF has it, where it states none."""
    try:
        return max(int(decode(raw)), -1)
    except ValueError:
        return -1


def _with_length(header: Header, stated: int, n_stated: int) -> Header:
    """Signal begins where the header says, unless that can't be."""
    computed, size = header.n_field_bytes, header.path.stat().st_size
    padded = size - max(n_stated, 0) * header.record_bytes
    candidates = [begin for begin in (stated, computed) if computed <= begin < size]
    if n_stated > 0 and computed < padded and _blank(header.path, computed, padded):
        candidates.append(padded)

    def fit(begin: int) -> tuple[bool, bool, bool]:
        n_records, rest = divmod(size - begin, header.record_bytes)
        return _states_onset(header, begin), not rest and n_records == n_stated, not rest

    taken = max(candidates, key=fit, default=computed)  # of equals the first
    warnings = header.warnings
    if taken != stated:
        remark = Remark(Code.HEADER_LENGTH, {"stated": stated, "taken": taken})
        warnings = (*warnings, remark)
    return replace(header, n_header_bytes=taken, warnings=warnings)


def _blank(path: Path, begin: int, end: int) -> bool:
    if end - begin > LONGEST_PADDING:
        return False
    with path.open("rb") as file:
        file.seek(begin)
        return not file.read(end - begin).strip(b" ")


def _states_onset(header: Header, begin: int) -> bool:
    """Whether a record that begins at some byte of the file states its onset, as EDF+ has it."""
    with header.path.open("rb") as file:
        file.seek(begin + header.stamp.start)
        return bool(stated_onset(file.read(header.stamp.stop - header.stamp.start)))


def _with_records(header: Header, n_stated: int) -> Header:
    """Count the records that the file holds, and say in seconds what its header doesn't."""
    n_bytes = max(header.path.stat().st_size - header.n_header_bytes, 0)
    n_records = n_bytes // header.record_bytes
    if n_records > n_stated:
        n_records = max(n_records - _unwritten(header, n_records), n_stated)
    if n_records <= 0:
        advice = "copy it again or export it anew"
        if n_bytes:
            raise NasionError(f"{header.path}: breaks off within its first record; {advice}")
        raise NasionError(f"{header.path}: holds no data records; {advice}")
    record_s = float(header.record_s)
    held_s = n_records * record_s
    remarks = list(header.warnings)
    if n_stated < 0:
        remarks.append(Remark(Code.NEVER_CLOSED, {"held_s": held_s}))
    elif n_records != n_stated:
        code = Code.CUT_SHORT if n_records < n_stated else Code.MORE_RECORDS
        remarks.append(Remark(code, {"held_s": held_s, "stated_s": n_stated * record_s}))
    trailing = n_bytes - n_records * header.record_bytes
    if trailing:
        values = {"n": trailing, "s": round(trailing / header.record_bytes * record_s, 2)}
        remarks.append(Remark(Code.TRAILING_BYTES, values))
    return replace(header, n_records=n_records, warnings=tuple(remarks))


def _unwritten(header: Header, n_records: int) -> int:
    """Records at the end of a file that are none: place kept for them, where nothing was written.

    One of a single value throughout, or without the onset that the first record states.
    """
    shape = (n_records, header.record_bytes)
    records = np.memmap(header.path, np.uint8, "r", header.n_header_bytes, shape)
    stamped = stated_onset(records[0, header.stamp].tobytes())
    for count, record in enumerate(records[:0:-1]):
        unstamped = stamped and not stated_onset(record[header.stamp].tobytes())
        if np.ptp(record) and not unstamped:
            return count
    return 0  # of a file that is so throughout nothing can be told


def _signal_fields(raw: bytes, n_signals: int) -> dict[str, tuple[str, ...]]:
    if n_signals < 1 or len(raw) < 256 * n_signals:
        raise ValueError("fewer signals described than announced")
    fields, begin = {}, 0
    for name, width in FIELDS.items():
        block = raw[begin : begin + width * n_signals]
        fields[name] = tuple(
            decode(block[i : i + width]) for i in range(0, width * n_signals, width)
        )
        begin += width * n_signals
    return fields
