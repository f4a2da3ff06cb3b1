"""What a DICOM file says of its waveform: annotations (PS3.3 C.10.10) with their time."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any, Protocol

from nasion.eeg.dicom.header import clock


class Group(Protocol):
    """What an annotation needs to know of the channels that it is about."""

    @property
    def sfreq(self) -> Fraction:
        """Samples in a second."""

    @property
    def offset_s(self) -> float:
        """Onset of its first sample in the recording."""


def annotations(
    dataset: Any, groups: Sequence[Group], start: datetime | None, origin_s: float
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
    item: Any, groups: Sequence[Group], start: datetime | None, origin_s: float
) -> list[float]:
    """Times that an annotation is about, from the first sample of the recording."""
    if (seconds := item.get("ReferencedTimeOffsets")) is not None:
        return [float(value) for value in _many(seconds)]  # from the first sample
    if (positions := item.get("ReferencedSamplePositions")) is not None:
        channels = _many(item.get("ReferencedWaveformChannels") or [1])
        group = groups[int(channels[0]) - 1]
        return [group.offset_s + (int(p) - 1) / float(group.sfreq) for p in _many(positions)]
    if (moments := item.get("ReferencedDateTime")) is not None and start:
        clocks = filter(None, (clock(str(moment)) for moment in _many(moments)))
        return [(moment - start).total_seconds() - origin_s for moment in clocks]
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
