"""DICOM waveforms: scalp EEG of routine recordings and of sleep, and whatever else holds EEG.

Attributes as in DICOM PS3.3 C.10.9 (waveform) and C.10.10 (annotations), electrodes as in PS3.16
CID 3030. Names and numbers of patients are not looked at.
"""

import warnings
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasion.eeg.age import YEAR_DAYS, believable
from nasion.eeg.clips import Clip, gaps_of, track_of
from nasion.eeg.naming import parse
from nasion.eeg.packages import is_installed, missing
from nasion.eeg.packed import most_bytes, too_much
from nasion.eeg.source import MICROVOLTS, Array, Source
from nasion.eeg.units import voltage
from nasion.errors import NasionError

DEFLATED = "1.2.840.10008.1.2.1.99"
PREAMBLE_BYTES = 144  # before what the group length of the meta information counts
CHUNK_BYTES = 1 << 20
SAMPLES = {
    (8, "SB"): "i1", (8, "UB"): "u1", (16, "SS"): "i2", (16, "US"): "u2",
    (32, "SL"): "i4", (32, "UL"): "u4", (64, "SV"): "i8", (64, "UV"): "u8",
}  # fmt: skip
ELECTRODE_CODES = {
    "7:1041": "Fp1", "7:1057": "F3", "7:1137": "C3", "7:1185": "P3", "7:1073": "F7",
    "7:1249": "T3", "7:1257": "T5", "7:1209": "O1", "7:1008": "Fz", "7:1016": "Cz",
    "7:1024": "Pz", "7:1042": "Fp2", "7:1062": "F4", "7:1142": "C4", "7:1190": "P4",
    "7:1078": "F8", "7:1254": "T4", "7:1262": "T6", "7:1214": "O2", "7:1289": "A1",
    "7:1290": "A2",
}  # fmt: skip
AGE_YEARS = {"Y": 1.0, "M": 1 / 12, "W": 7 / YEAR_DAYS, "D": 1 / YEAR_DAYS}


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
    dataset = _read_dataset(path)
    items = dataset.get("WaveformSequence") or []
    groups = [_group(path, number, item, unit, dataset) for number, item in enumerate(items, 1)]
    if not groups:
        raise NasionError(f"{path}: holds no waveform; give the DICOM object with the EEG")
    origin_s = min(group.offset_s for group in groups)
    groups = [replace(group, offset_s=group.offset_s - origin_s) for group in groups]
    alike: dict[tuple[Any, ...], list[_Group]] = {}
    for group in groups:
        alike.setdefault((group.labels, group.sfreq, group.units), []).append(group)
    start = _start(dataset)
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
        annotations=tuple(sorted(_annotations(dataset, groups, start, origin_s))),
        age_years=_age_years(dataset, start),
    )


def _read_dataset(path: Path) -> Any:
    import pydicom

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            meta = pydicom.filereader.read_file_meta_info(path)
            if str(meta.get("TransferSyntaxUID", "")) == DEFLATED:
                _bound_deflated(path, meta)
            dataset = pydicom.dcmread(path)
            dataset.get("WaveformSequence")  # parsed here, so that damage is met here
        except NasionError:
            raise
        except Exception as error:  # pydicom raises whatever it meets
            reason = str(error).partition("\n")[0] or type(error).__name__
            raise NasionError(
                f"{path}: is damaged or cut short ({reason}); copy it again or export it anew"
            ) from None
    return dataset


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
        sfreq = Fraction(str(item.SamplingFrequency))
        data, channels = item.WaveformData, list(item.ChannelDefinitionSequence)
        offset_s = float(item.get("MultiplexGroupTimeOffset") or 0) / 1000
        calibrations = [_calibration(channel, unit) for channel in channels]
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
        labels=tuple(map(_label, channels)),
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


def _calibration(channel: Any, unit: str) -> tuple[float, float, str]:
    """Gain and offset to microvolts, and the unit as the file spells it."""
    sensitivity = channel.get("ChannelSensitivity")
    correction = channel.get("ChannelSensitivityCorrectionFactor")
    gain = (1.0 if sensitivity is None else float(sensitivity)) * (
        1.0 if correction is None else float(correction)
    )
    stated = "" if sensitivity is None else _unit(channel)
    scale = MICROVOLTS[unit or voltage(stated) or "uV"]
    offset = float(channel.get("ChannelBaseline") or 0.0)
    if not np.isfinite([gain, offset]).all() or gain == 0:
        raise ValueError(f"a channel's sensitivity is {gain:g}")
    return gain * scale, offset * scale, stated


def _unit(channel: Any) -> str:
    """Unit of the calibrated values: its code (UCUM), or its name where that is a voltage."""
    items = channel.get("ChannelSensitivityUnitsSequence")
    if not items:
        return ""
    code, meaning = (str(items[0].get(key) or "") for key in ("CodeValue", "CodeMeaning"))
    return meaning if voltage(meaning) and not voltage(code) else code


def _label(channel: Any) -> str:
    """Name a channel as the reader of names knows it: an electrode, and its reference if told."""
    stated = str(channel.get("ChannelLabel") or "").strip()
    items = channel.get("ChannelSourceSequence")
    if not items:
        return stated
    site = _name(items[0])
    electrode = parse(site).site
    if stated and electrode and parse(stated).site == electrode:
        return stated
    for modifier in channel.get("ChannelSourceModifiersSequence") or ():
        name = _name(modifier)
        if parse(name).kind == "electrode" or str(modifier.get("CodeValue")) in ELECTRODE_CODES:
            return f"{site}-{name}"
    return site if electrode or not stated else stated


def _name(code: Any) -> str:
    value = str(code.get("CodeValue") or "")
    return ELECTRODE_CODES.get(value) or str(code.get("CodeMeaning") or value).strip()


def _start(dataset: Any) -> datetime | None:
    """Clock time of the acquisition, as the device showed it."""
    acquired = _clock(str(dataset.get("AcquisitionDateTime") or ""))
    if acquired or dataset.get("AcquisitionDateTime"):
        return acquired
    return _clock(f"{dataset.get('ContentDate') or ''}{dataset.get('ContentTime') or ''}")


def _clock(text: str) -> datetime | None:
    """Read YYYYMMDDHHMMSS.FFFFFF&ZZXX, without its zone."""
    plain = text.partition("+")[0].partition("-")[0].strip()
    whole, _, fraction = plain.partition(".")
    try:
        clock = datetime.strptime(whole.ljust(14, "0"), "%Y%m%d%H%M%S")
        return clock + timedelta(seconds=float(f"0.{fraction or 0}"))
    except ValueError:
        return None


def _age_years(dataset: Any, start: datetime | None) -> float | None:
    """Age as it is stated, or by the day of birth."""
    text, born = str(dataset.get("PatientAge") or ""), str(dataset.get("PatientBirthDate") or "")
    try:
        if text:
            years = int(text[:-1]) * AGE_YEARS[text[-1]]
        elif start:
            birth = date(int(born[:4]), int(born[4:6]), int(born[6:8]))
            years = (start.date() - birth).days / YEAR_DAYS
        else:
            return None
    except (ValueError, KeyError):
        return None
    return years if believable(years) else None


def _annotations(
    dataset: Any, groups: Sequence[_Group], start: datetime | None, origin_s: float
) -> Iterator[tuple[float, float, str]]:
    """Onset from the first sample, duration and text of all that is said of the waveform."""
    for item in dataset.get("WaveformAnnotationSequence") or ():
        text = _text(item)
        try:
            times = sorted(_times_s(item, groups, start, origin_s))
        except (TypeError, ValueError, AttributeError, IndexError):
            continue
        kind = str(item.get("TemporalRangeType") or "")
        if not text or not times:
            continue
        if kind == "SEGMENT":
            yield round(times[0], 6), round(times[-1] - times[0], 6), text
        elif kind == "MULTISEGMENT":
            for begin, end in zip(times[::2], times[1::2], strict=False):
                yield round(begin, 6), round(end - begin, 6), text
        else:
            for time_s in times:
                yield round(time_s, 6), 0.0, text


def _times_s(
    item: Any, groups: Sequence[_Group], start: datetime | None, origin_s: float
) -> list[float]:
    """Times that an annotation is about, from the first sample of the recording."""
    if (seconds := item.get("ReferencedTimeOffsets")) is not None:
        return [float(value) for value in _many(seconds)]  # from the first sample
    if (positions := item.get("ReferencedSamplePositions")) is not None:
        channels = _many(item.get("ReferencedWaveformChannels") or [1])
        group = groups[int(channels[0]) - 1]
        return [group.offset_s + (int(p) - 1) / float(group.sfreq) for p in _many(positions)]
    if (moments := item.get("ReferencedDateTime")) is not None and start:
        clocks = [clock for moment in _many(moments) if (clock := _clock(str(moment)))]
        return [(clock - start).total_seconds() - origin_s for clock in clocks]
    return []


def _many(value: Any) -> list[Any]:
    return [value] if isinstance(value, str | int | float) else list(value)


def _text(item: Any) -> str:
    """What an annotation says: free text, or the meaning of its code with its value."""
    if text := str(item.get("UnformattedTextValue") or "").strip():
        return text
    parts = [
        str(code[0].get("CodeMeaning") or "").strip()
        for keyword in ("ConceptNameCodeSequence", "ConceptCodeSequence")
        if (code := item.get(keyword))
    ]
    if (number := item.get("NumericValue")) is not None:
        parts.append(str(number))
    return ": ".join(filter(None, parts))


def _read(group: _Group, rows: Sequence[int], start: int, stop: int) -> Array:
    stored = group.samples[start:stop, list(rows)].T
    signals = stored * group.gain[list(rows), None] + group.offset[list(rows), None]
    if group.padding is not None:
        signals[stored == group.padding] = np.nan
    return signals
