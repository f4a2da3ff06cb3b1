"""Recordings: stays of simulated patients as files of hours, each with its truth beside it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nasion.errors import NasionError
from nasion.files import write_json, write_text
from nasion.loading import read_table
from nasion.phantom.stay import FILE, Stay
from nasion.phantom.truth import COLUMNS as EVENT_COLUMNS
from nasion.phantom.truth import Panel
from nasion.terms import ALIASES, CENTRE_S, COLUMNS, EKG, SFREQ

Array = NDArray[np.float32]

# What amplifiers sample at, and how often each.
RATES_HZ = {200.0: 0.4, 256.0: 0.35, 250.0: 0.1, 500.0: 0.05, 512.0: 0.1}
# How laboratories write Fp1.
SPELLINGS = ("{}", "EEG {}-Ref", "EEG {}-LE", "{}-REF", "POL {}", "{}.")
TEN_TEN_SHARE, UPPER_SHARE = 0.3, 0.3  # T7 for T3; FP1 for Fp1
LEAST_STEP_UV = 0.1  # of a 16-bit file, whose range is then 3.3 mV on either side
MARGIN_S = 1  # on both sides of a piece that is resampled
LONGEST_H = 1000
FIRST_DAY, DAYS = datetime(2001, 1, 1), 3650


class Writer(Protocol):
    """Writes a recording, as `eeg.edf.writer.write_edf` does."""

    def __call__(
        self,
        path: Path,
        pieces: Iterable[Array],
        *,
        labels: tuple[str, ...],
        sfreq: float,
        n_times: int,
        step_uv: float,
        start: datetime,
    ) -> None:
        """Pieces are consecutive, shape (20, any), µV."""
        ...


@dataclass(frozen=True)
class FileKind:
    """How one laboratory writes its files."""

    sfreq: float
    labels: tuple[str, ...]
    start: datetime

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "FileKind":
        """Draw rate, spelling of electrodes and the time of the first sample."""
        sfreq = float(rng.choice(list(RATES_HZ), p=list(RATES_HZ.values())))
        spelling = str(rng.choice(SPELLINGS))
        names = list(COLUMNS)
        if rng.random() < TEN_TEN_SHARE:
            modern = {old: new for new, old in ALIASES.items() if old != EKG}
            names = [modern.get(name, name) for name in names]
        if rng.random() < UPPER_SHARE:
            names = [name.upper() for name in names]
        heart = str(rng.choice(("EKG", "ECG", "ECG EKG", "EKG1")))
        labels = (*(spelling.format(name) for name in names if name != EKG), heart)
        seconds = int(rng.integers(DAYS * 86400))
        return cls(sfreq, labels, FIRST_DAY + timedelta(seconds=seconds))


def simulate_recordings(
    directory: Path,
    *,
    n_recordings: int,
    hours: float,
    seed: int,
    write: Writer,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Write `recordings/patient-001.edf`, its `_events.tsv` (BIDS) and `_events.json`, and so on.

    The same seed gives the same bytes; a recording depends on nothing but the seed, its number
    and `hours`. Recordings that are finished already are left as they are.

    Parameters
    ----------
    write
        What writes the signals: `eeg.edf.writer.write_edf`.
    progress
        Called with the minutes done and in all.

    Returns
    -------
    list[Path]
        The recordings.

    Raises
    ------
    NasionError
        If a number is out of range, or the folder holds recordings of other settings.
    """
    if not CENTRE_S <= hours * 3600 <= LONGEST_H * 3600:
        raise NasionError(f"{directory}: a recording lasts at least 10 s and at most {LONGEST_H} h")
    if n_recordings < 0 or seed < 0:
        raise NasionError(f"{directory}: the seed and the number of recordings can't be negative")
    duration_s = round(hours * 3600)
    folder = directory / "recordings"
    paths = [folder / f"patient-{number + 1:03d}.edf" for number in range(n_recordings)]
    minutes = -(-duration_s // 60)
    for number, path in enumerate(paths):

        def report(done: int, before: int = number * minutes) -> None:
            if progress:
                progress(before + done, minutes * n_recordings)

        settings = {"seed": seed, "number": number, "duration_s": duration_s}
        if not _is_complete(path, settings):
            write_recording(path, settings, write, report)
        report(minutes)
    return paths


def _sibling(path: Path, suffix: str) -> Path:
    return path.with_name(f"{path.stem}_events{suffix}")


def _is_complete(path: Path, settings: dict[str, int]) -> bool:
    """Whether all three files are there, made with the same settings."""
    sidecar = _sibling(path, ".json")
    if not sidecar.exists():
        return False
    if read_table(sidecar, "remove it").get("Simulation") != settings:
        raise NasionError(f"{path}: was simulated with another seed or length; give another folder")
    return path.exists() and _sibling(path, ".tsv").exists()


def write_recording(
    path: Path, settings: dict[str, int], write: Writer, report: Callable[[int], None]
) -> None:
    """Write one recording and its truth, which comes last: the sign that all is there."""
    key = settings["seed"], settings["number"]
    stay = Stay.draw(key, float(settings["duration_s"]))
    form = FileKind.draw(np.random.default_rng((*key, FILE)))
    panel = Panel(stay)

    def pieces() -> Iterator[Array]:
        for done, piece in enumerate(panel.watch()):
            yield piece.channels
            report(done)

    write(
        path,
        at_rate(pieces(), form.sfreq),
        labels=form.labels,
        sfreq=form.sfreq,
        n_times=round(stay.duration_s * form.sfreq),
        step_uv=max(stay.patient.hardware.step_uv, LEAST_STEP_UV),
        start=form.start,
    )
    write_json(_sibling(path, ".json"), {**EVENT_COLUMNS, "Simulation": settings})
    _write_events(_sibling(path, ".tsv"), panel.events())


def _write_events(path: Path, rows: list[dict[str, Any]]) -> None:
    lines = ["\t".join(EVENT_COLUMNS)]
    lines += ["\t".join(str(row[name]) for name in EVENT_COLUMNS) for row in rows]
    write_text(path, "\n".join(lines) + "\n")


def at_rate(pieces: Iterator[Array], sfreq: float) -> Iterator[Array]:
    """Bring consecutive pieces of whole seconds from 200 Hz to another whole rate, seamlessly."""
    if sfreq == SFREQ:
        yield from pieces
        return
    margin = round(MARGIN_S * SFREQ)
    current = next(pieces)
    before = np.repeat(current[:, :1], margin, 1)
    for after in pieces:
        yield _resampled(before, current, after[:, :margin], sfreq)
        before, current = current[:, -margin:], after
    yield _resampled(before, current, np.repeat(current[:, -1:], margin, 1), sfreq)


def _resampled(before: Array, piece: Array, after: Array, sfreq: float) -> Array:
    from scipy.signal import resample_poly

    cut = round(MARGIN_S * sfreq)
    signals = np.concatenate([before, piece, after], 1)
    return np.asarray(resample_poly(signals, round(sfreq), round(SFREQ), axis=1), np.float32)[
        :, cut:-cut
    ]
