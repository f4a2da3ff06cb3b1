"""What the terminal shows of a check: fields, electrodes and findings."""

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

# Fields whose key does not say it, and what stands behind the number.
TITLES = {
    "name": "recording",
    "duration_s": "duration",
    "source_sfreq": "sampling rate",
    "n_annotations": "annotations",
    "channels": "channels used",
    "rebuilt": "rebuilt from derivations",
    "line_hz": "line frequency",
    "eegs": "EEGs",
    "patterns": "segments by pattern",
    "votes": "segments by votes",
}
UNITS = {"source_sfreq": " Hz", "line_hz": " Hz"}
# Not a line of their own.
BELOW = ("electrodes", "derivations", "findings", "findings_by_eeg", "line_measurable")

# Columns of the electrode table: title, key, digits, factor.
MEASURES = (
    ("NaN %", "nan_share", 1, 100),
    ("flat %", "flat_share", 1, 100),
    ("clipped %", "clipped_share", 1, 100),
    ("amplitude µV", "amplitude_uv", 1, 1),
    ("line noise µV", "line_uv", 1, 1),
)
NONE = "–"  # stands where nothing could be measured
STYLES = {"missing": "red", "interpolated": "yellow", "rebuilt": "dim"}


def show_check(summary: Mapping[str, Any], console: Console | None = None) -> None:
    """Draw the answer of `check_recording` or `check_segments`."""
    console = console or Console()
    fields = Table.grid(padding=(0, 2))
    for key, value in summary.items():
        if key not in BELOW:
            title = TITLES.get(key, key.replace("_", " "))
            text = _line(summary) if key == "line_hz" else _value_text(key, value)
            fields.add_row(title, _safe(text))
    console.print(fields, highlight=False)
    if "electrodes" in summary:
        channels = {**summary["electrodes"], **summary["derivations"]}
        console.print(_electrodes(channels), highlight=False)
    for finding in summary["findings"] or ["nothing wrong was found"]:
        # A long line is left whole, so that a path can be copied from it.
        console.print(_safe(f"• {finding}"), soft_wrap=True, highlight=False)


def plain(value: Any) -> str:
    """A value as words: none, numbers without trailing zeros, lists separated by commas."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {plain(entry)}" for key, entry in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(plain, value)) or "none"
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def duration(seconds: float) -> str:
    """Hours, minutes and seconds: 10 min 0 s, 26 h 3 min 20 s, 10.5 s."""
    hundredths = round(seconds * 100)
    minutes, remainder = divmod(hundredths, 6000)
    hours, minutes = divmod(minutes, 60)
    text = f"{remainder / 100:g} s"
    if hours or minutes:
        text = f"{minutes} min {text}"
    return f"{hours} h {text}" if hours else text


def _value_text(key: str, value: Any) -> str:
    if key == "duration_s":
        return duration(value)
    if key in ("start", "references", "age_group") and not value:
        return "not stated"
    if key == "start":
        return str(value).replace("T", " ")
    if key == "gaps" and value:
        lost_s = sum(gap["duration_s"] for gap in value)
        return f"{len(value)}, together {duration(lost_s)}"
    if key == "votes":
        return ", ".join(f"{number} with {group}" for group, number in value.items())
    return plain(value) + UNITS.get(key, "")


def _line(summary: Mapping[str, Any]) -> str:
    if summary["line_hz"] is None:
        known = summary["line_measurable"]
        return "none" if known else "not measurable at this sampling rate"
    return _value_text("line_hz", summary["line_hz"])


def _electrodes(electrodes: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table("channel", "status", box=SIMPLE_HEAD, collapse_padding=True, pad_edge=False)
    for title, *_ in MEASURES:
        table.add_column(title, justify="right")
    for name, channel in electrodes.items():
        status = channel["status"]
        cells = [_number(channel[key], digits, factor) for _, key, digits, factor in MEASURES]
        table.add_row(name, status, *cells, style=STYLES.get(status))
    return table


def _number(value: float | None, digits: int, factor: float) -> str:
    return NONE if value is None else f"{value * factor:.{digits}f}"


def _safe(text: str) -> Text:
    """Plain text without markup; what a file names can't steer the terminal."""
    return Text("".join(letter if letter.isprintable() else "?" for letter in text))
