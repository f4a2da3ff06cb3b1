"""The header of EDF and BDF files: where samples are and what they mean.

Fields as in Kemp B et al. A simple format for exchange of digitized polygraphic recordings.
Electroencephalogr Clin Neurophysiol 1992;82:391-393. The patient's fields are never kept.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

from nasion.eeg.edf.text import NO_DATE, decode, read_day
from nasion.errors import NasionError

LONGEST_RECORD_S = 86400
SAMPLE_BYTES = {b"0": 2, b"\xffBIOSEMI": 3}  # by the first field of the header

FIELDS = {
    "label": 16, "transducer": 80, "dimension": 8, "physical_min": 8, "physical_max": 8,
    "digital_min": 8, "digital_max": 8, "prefiltering": 80, "samples": 8, "reserved": 32,
}  # fmt: skip


@dataclass(frozen=True)
class Header:
    """The fields that say where samples are and what they mean."""

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

    @property
    def annotation_signals(self) -> tuple[int, ...]:
        """Numbers of the signals that hold text."""
        return tuple(
            number
            for number, label in enumerate(self.labels)
            if label in ("EDF Annotations", "BDF Annotations")
        )

    @property
    def offsets(self) -> tuple[int, ...]:
        """First sample of each signal in a record."""
        return tuple(accumulate(self.samples, initial=0))

    @property
    def record_bytes(self) -> int:
        """Length of a record."""
        return self.sample_bytes * sum(self.samples)


def read_header(path: Path) -> Header:
    """Read the header and compare it with what the file holds."""
    with path.open("rb") as file:
        main = file.read(256)
        sample_bytes = SAMPLE_BYTES.get(main[:8].strip())
        if len(main) < 256 or sample_bytes is None:
            raise NasionError(f"{path}: not an EDF or BDF file; export it anew as EDF+")
        try:
            n_signals = int(main[252:256])
            signals = _signal_fields(file.read(256 * n_signals), n_signals)
            header = Header(
                path=path,
                sample_bytes=sample_bytes,
                n_header_bytes=256 * (n_signals + 1),
                n_records=int(main[236:244]),
                record_s=Fraction(decode(main[244:252]).replace(",", ".")),
                plus=match[0]
                if (match := re.match("[EB]DF[+][CD]", decode(main[192:236])))
                else "",
                start=_start(main),
                labels=signals["label"],
                dimensions=signals["dimension"],
                calibration=tuple(
                    (_number(a), _number(b), _number(c), _number(d))
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
            )
        except (ValueError, ZeroDivisionError):
            raise NasionError(
                f"{path}: its EDF header is damaged; copy the file again or export it anew"
            ) from None
    _check_records(header)
    return header


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
    n_present = (path.stat().st_size - header.n_header_bytes) // header.record_bytes
    if header.n_records < 0:
        raise NasionError(
            f"{path}: was never closed by its recorder (record count -1,"
            f" {max(n_present, 0)} present); repair its header with EDFbrowser or export it anew"
        )
    if n_present < header.n_records:
        raise NasionError(
            f"{path}: holds {max(n_present, 0)} of {header.n_records} records;"
            " copy it again or repair its header with EDFbrowser"
        )
    if header.n_records == 0:
        raise NasionError(f"{path}: holds no data records; export it anew")


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


def _number(text: str) -> float:
    return float(text.replace(",", ".")) if text else float("nan")


def _start(main: bytes) -> datetime | None:
    """Clock time of the header; EDF+ repeats the date with four digits for the year.

    A withheld date (X) reads 1985-01-01, as EDF+ wants it, and midnight beside it is no time.
    """
    clock = re.fullmatch(r"(\d{1,2})\D(\d{1,2})\D(\d{1,2})", decode(main[176:184]))
    match = re.fullmatch(r"(\d{1,2})\D(\d{1,2})\D(\d{1,2})", decode(main[168:176]))
    exact = re.match(r"Startdate (\d{1,2}-[A-Za-z]{3}-\d{4})", decode(main[88:168]))
    try:
        if exact:
            day = read_day(exact[1])
        elif match:
            year = int(match[3])
            day = date(year + (1900 if year >= 85 else 2000), int(match[2]), int(match[1]))
        else:
            return None
        if not clock:
            return None
        hour, minute, second = (int(part) for part in clock.groups())
        start = datetime.combine(day, time(hour, minute, second))
        anonymous = decode(main[88:168]).startswith("Startdate X")
        return None if anonymous and start == NO_DATE else start
    except ValueError:
        return None
