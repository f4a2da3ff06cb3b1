"""EDF and BDF files made for tests."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import edfio
import numpy as np

from nasion.terms import COLUMNS

LARGEST_UV = 3200.0
STEP_UV = 0.1  # of the 16-bit files: values on this grid survive
SCALE = {"": 1.0, "uV": 1.0, "mV": 1e3, "V": 1e6}


def eeg(n_times: int, n_chans: int = 20, seed: int = 0) -> np.ndarray:
    """Smooth noise of some 30 µV on the grid of the files."""
    noise = np.random.default_rng(seed).standard_normal((n_chans, n_times + 20)).cumsum(axis=1)
    return np.round(12 * (noise[:, 20:] - noise[:, :-20]) / STEP_UV) * STEP_UV


def write(
    path: Path,
    signals: np.ndarray | list[np.ndarray],
    sfreq: float | list[float] = 200.0,
    labels: tuple[str, ...] = COLUMNS,
    unit: str = "uV",
    annotations: list[tuple[float, float, str]] | None = None,
    record_s: float | None = None,
) -> Path:
    """Write microvolts; the suffix of `path` says EDF or BDF."""
    if path.suffix == ".bdf":
        kind, file, dtype, step = edfio.BdfSignal, edfio.Bdf, np.int32, STEP_UV / 100
    else:
        kind, file, dtype, step = edfio.EdfSignal, edfio.Edf, np.int16, STEP_UV
    digits = round(LARGEST_UV / step)
    rates = sfreq if isinstance(sfreq, list) else [sfreq] * len(labels)
    file(
        [
            kind.from_digital(
                np.round(values / step).astype(dtype),
                rate,
                label=label,
                physical_dimension=unit,
                physical_range=(-LARGEST_UV / SCALE[unit], LARGEST_UV / SCALE[unit]),
                digital_range=(-digits, digits),
            )
            for values, rate, label in zip(signals, rates, labels, strict=True)
        ],
        annotations=annotations and [edfio.EdfAnnotation(*entry) for entry in annotations],
        data_record_duration=record_s,
    ).write(path)
    return path


def delay_records(path: Path, first: int, seconds: float, *, reserved: str = "EDF+D") -> Path:
    """Move the records from `first` on to a later time, annotations and all."""

    def later(match: re.Match[bytes]) -> bytes:
        return f"+{float(match[1]) + seconds:.10g}".encode()

    def delayed(record: int, text: bytes) -> bytes:
        return re.sub(rb"(?<![^\0])\+([\d.]+)", later, text) if record >= first else text

    return _with_texts(path, delayed, reserved)


def stamped(path: Path, onsets: Mapping[int, str], *, reserved: str = "EDF+C") -> Path:
    """Spell the onsets of some records in another way; their annotations make room for it."""

    def text_of(record: int, text: bytes) -> bytes:
        return onsets[record].encode() + b"\x14\x14" if record in onsets else text

    return _with_texts(path, text_of, reserved)


def _with_texts(path: Path, change: Callable[[int, bytes], bytes], reserved: str) -> Path:
    """Change the annotations of each record, and what the header says of its records."""
    edf = edfio.read_edf(path, lazy_load_data=False)
    raw = bytearray(path.read_bytes())
    raw[192 : 192 + len(reserved)] = reserved.encode()
    n_records, n_header = edf.num_data_records, edf.bytes_in_header_record
    n_record = (len(raw) - n_header) // n_records
    n_samples = 2 * sum(signal.samples_per_data_record for signal in edf.signals)
    for record in range(n_records):
        stop = n_header + (record + 1) * n_record
        start = stop - (n_record - n_samples)
        text = change(record, bytes(raw[start:stop]).rstrip(b"\0"))
        assert len(text) < stop - start, "no room for the longer onsets"
        raw[start:stop] = (text + b"\0").ljust(stop - start, b"\0")
    path.write_bytes(raw)
    return path
