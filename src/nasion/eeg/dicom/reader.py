"""DICOM waveforms (PS3.3 C.10.9), group by group: scalp EEG of routine recordings and of sleep."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasion.eeg.clips import Clip, gaps_of, track_of
from nasion.eeg.dicom import header
from nasion.eeg.dicom.annotations import annotations
from nasion.eeg.numbers import quotient
from nasion.eeg.packages import is_installed, missing, refusing
from nasion.eeg.packed import most_bytes, too_much
from nasion.eeg.source import Array, Source
from nasion.errors import NasionError

DEFLATED = "1.2.840.10008.1.2.1.99"
PREAMBLE_BYTES = 144  # before what the group length of the meta information counts
CHUNK_BYTES = 1 << 20
SAMPLES = {
    (8, "SB"): "i1", (8, "UB"): "u1", (16, "SS"): "i2", (16, "US"): "u2",
    (32, "SL"): "i4", (32, "UL"): "u4", (64, "SV"): "i8", (64, "UV"): "u8",
}  # fmt: skip


@dataclass(frozen=True)
class _Group:
    """A multiplex group: channels of one rate, sampled together.

    Parameters
    ----------
    samples
        Shape (n_times, channels), as stored.
    gain, offset
        To microvolts.
    padding
        The stored value that stands where nothing was recorded.
    """

    labels: tuple[str, ...]
    units: tuple[str, ...]
    sfreq: Fraction
    offset_s: float
    samples: NDArray[Any]
    gain: Array
    offset: Array
    padding: int | None

    @property
    def stop_s(self) -> float:
        return self.offset_s + len(self.samples) / float(self.sfreq)


def open_dicom(path: Path, *, unit: str = "") -> Source:
    """Describe a DICOM waveform; samples that lie plainly in the file are read when asked for.

    Parameters
    ----------
    unit
        What the calibrated numbers are in, whatever the file says: nV, uV, mV or V.

    Raises
    ------
    NasionError
        If pydicom is missing, or the file is damaged, holds no waveform or no samples.
    """
    if not is_installed("pydicom"):
        raise missing(path, "pydicom")
    with refusing(path, "copy it again or export it anew"):
        return _described(path, _read_dataset(path), unit)


def _described(path: Path, dataset: Any, unit: str) -> Source:
    items = dataset.get("WaveformSequence") or []
    groups = [_group(path, number, item, unit, dataset) for number, item in enumerate(items, 1)]
    if not groups:
        raise NasionError(f"{path}: holds no waveform; give the DICOM object with the EEG")
    origin_s = min(group.offset_s for group in groups)
    groups = [replace(group, offset_s=group.offset_s - origin_s) for group in groups]
    alike: dict[tuple[Any, ...], list[_Group]] = {}
    for group in groups:
        alike.setdefault((group.labels, group.sfreq, group.units), []).append(group)
    start = header.started(dataset)
    return Source(
        path=str(path),
        name=path.stem,
        tracks=tuple(
            track_of(
                str(path),
                labels,
                sfreq,
                [Clip(one.offset_s, len(one.samples), partial(_read, one)) for one in members],
                units,
            )
            for (labels, sfreq, units), members in alike.items()
        ),
        duration_s=max(group.stop_s for group in groups),
        start=start + timedelta(seconds=origin_s) if start else None,
        gaps_s=gaps_of((group.offset_s, group.stop_s) for group in groups),
        annotations=tuple(sorted(annotations(dataset, groups, start, origin_s))),
        age_years=header.age_years(dataset, start),
    )


def _read_dataset(path: Path) -> Any:
    import pydicom

    meta = pydicom.filereader.read_file_meta_info(path)
    if str(meta.get("TransferSyntaxUID", "")) == DEFLATED:
        _bound_deflated(path, meta)
    return pydicom.dcmread(path)


def _bound_deflated(path: Path, meta: Any) -> None:
    """Refuse what inflates beyond the limit of packed files, before anything holds it."""
    n_bytes, inflate = 0, zlib.decompressobj(-zlib.MAX_WBITS)
    with path.open("rb") as file:
        file.seek(PREAMBLE_BYTES + int(meta.FileMetaInformationGroupLength))
        packed = file.read(CHUNK_BYTES)
        while packed and not inflate.eof:
            n_bytes += len(inflate.decompress(packed, CHUNK_BYTES))
            if n_bytes > most_bytes(path):
                raise too_much(path)
            packed = inflate.unconsumed_tail or file.read(CHUNK_BYTES)


def _group(path: Path, number: int, item: Any, unit: str, dataset: Any) -> _Group:
    try:
        n_chans, n_times = int(item.NumberOfWaveformChannels), int(item.NumberOfWaveformSamples)
        kind = (int(item.WaveformBitsAllocated), str(item.WaveformSampleInterpretation))
        sfreq = quotient(str(item.SamplingFrequency))
        data, channels = item.WaveformData, list(item.ChannelDefinitionSequence)
        offset_s = float(item.get("MultiplexGroupTimeOffset") or 0) / 1000
        calibrations = [header.calibration(channel, unit) for channel in channels]
    except (AttributeError, TypeError, ValueError, ZeroDivisionError) as error:
        reason = str(error).partition("\n")[0]
        raise NasionError(
            f"{path}: group {number} of its waveforms is not described ({reason}); export it anew"
        ) from None
    if kind not in SAMPLES:
        raise NasionError(
            f"{path}: samples of {kind[0]} bits ({kind[1]}) can't be read; export it with integers"
        )
    if min(n_chans, n_times, len(channels)) < 1 or len(channels) != n_chans or sfreq <= 0:
        raise NasionError(
            f"{path}: group {number} of its waveforms states {n_chans} channels, describes"
            f" {len(channels)}, and states {n_times} samples at {float(sfreq):g} Hz; export it anew"
        )
    little = dataset.file_meta.TransferSyntaxUID.is_little_endian
    dtype = np.dtype(f"{'<' if little else '>'}{SAMPLES[kind]}")
    n_bytes = n_chans * n_times * dtype.itemsize
    if len(data) < n_bytes:
        raise NasionError(
            f"{path}: is cut short: group {number} of its waveforms holds"
            f" {len(data) // (dtype.itemsize * n_chans)} of {n_times} samples; copy it again"
        )
    # Where a sequence states its length, places in it count from its beginning.
    tell = int(item["WaveformData"].file_tell or 0)
    tells = (tell, tell + int(dataset["WaveformSequence"].file_tell or 0))
    samples = _in_file(path, tells, data[:n_bytes]).view(dtype).reshape(n_times, n_chans)
    padding = item.get("WaveformPaddingValue")
    gains, offsets, units = zip(*calibrations, strict=True)
    return _Group(
        labels=tuple(map(header.label, channels)),
        units=units,
        sfreq=sfreq,
        offset_s=offset_s,
        samples=samples,
        gain=np.array(gains),
        offset=np.array(offsets),
        padding=_padding(padding, dtype),
    )


def _in_file(path: Path, tells: Sequence[int], data: bytes) -> NDArray[np.uint8]:
    """Samples as they lie in the file, mapped; in memory where they lie at none of the places."""
    values = np.frombuffer(data, np.uint8)
    for begin in tells:
        if begin + len(data) <= path.stat().st_size:
            mapped = np.memmap(path, np.uint8, "r", begin, (len(data),))
            if np.array_equal(mapped, values):
                return mapped
    return values


def _padding(value: Any, dtype: np.dtype[Any]) -> int | None:
    """The stored value of nothing; it comes as bytes or as a number."""
    if value is None or value == b"":
        return None
    if isinstance(value, bytes):
        return int(np.frombuffer(value[: dtype.itemsize].ljust(dtype.itemsize, b"\0"), dtype)[0])
    return int(value)


def _read(group: _Group, rows: Sequence[int], start: int, stop: int) -> Array:
    stored = group.samples[start:stop, list(rows)].T
    signals = stored * group.gain[list(rows), None] + group.offset[list(rows), None]
    if group.padding is not None:
        signals[stored == group.padding] = np.nan
    return signals
