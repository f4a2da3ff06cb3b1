"""Events as annotations, beside those of the recording itself: for MNE and EDF+."""

from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

from nasion.eeg.edf.writer import write_annotations
from nasion.reading.event import Event
from nasion.reading.reading import Reading

if TYPE_CHECKING:
    import mne

OURS = "nasion: "
THEIRS = "recording: "


def words(event: Event) -> str:
    """Give an event in a line, as in `nasion: LPD left 1.2 Hz p=0.83 uncertain`."""
    frequency = "" if event.frequency_hz is None else f"{event.frequency_hz:.1f} Hz"
    doubt = "" if event.is_certain else event.certainty
    parts = (event.pattern.label, event.side, frequency, f"p={event.probability:.2f}", doubt)
    return OURS + " ".join(filter(None, parts))


def annotations(reading: Reading) -> tuple[tuple[float, float, str], ...]:
    """Give (onset_s, duration_s, text) of events and of the recording's own annotations, by onset.

    Ours begin with `nasion: `, the recording's own keep their words; those that begin as ours
    do, from an earlier reading, say `recording: ` before them.
    """
    comments = [
        (onset_s, duration_s, THEIRS + text if text.startswith(OURS) else text)
        for onset_s, duration_s, text in reading.annotations
    ]
    return tuple(sorted([*ours(reading), *comments]))


def ours(reading: Reading) -> tuple[tuple[float, float, str], ...]:
    """Give (onset_s, duration_s, text) of events, and first why to trust them less."""
    events = ((event.onset_s, event.duration_s, words(event)) for event in reading.events)
    return (*((0.0, 0.0, f"{OURS}{text}") for text in reading.cautions), *events)


def to_mne_annotations(reading: Reading) -> "mne.Annotations":
    """Give the events as MNE's annotations, `lpd` or `uncertain lpd`, for `raw.set_annotations`.

    Why to trust them less stands at the first sample. They lie on the clock of the recording;
    where that is unknown, onsets count from the first sample.
    """
    import mne

    start, cautions = reading.start, [f"{OURS}{text}" for text in reading.cautions]
    nowhere = [0.0] * len(cautions)
    return mne.Annotations(
        onset=nowhere + [event.onset_s for event in reading.events],
        duration=nowhere + [event.duration_s for event in reading.events],
        description=cautions + [_description(event) for event in reading.events],
        orig_time=start.replace(tzinfo=UTC) if start else None,
    )


def _description(event: Event) -> str:
    return str(event.pattern) if event.is_certain else f"{event.certainty} {event.pattern}"


def to_edf_annotations(reading: Reading, path: Path) -> None:
    """Write events and the recording's own annotations as EDF+ without signals.

    A start in a year that EDF can't hold is left out.
    """
    write_annotations(path, annotations(reading), reading.start)
