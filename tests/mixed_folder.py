"""A folder as laboratories send them: recordings of many kinds beside files that are none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from eeg.made_edf import delay_records, write
from nasion.phantom.recordings import at_rate
from nasion.phantom.stay import Stay
from nasion.terms import COLUMNS, EKG, ELECTRODES, MIDLINE

GAP_AFTER_S, GAP_S = 20, 30.0  # of gaps.edf
SIXTEEN = tuple(name for name in ELECTRODES if name not in MIDLINE)


def phantom(duration_s: float, seed: int = 8) -> np.ndarray:
    """EEG of a simulated patient without artifacts, shape (20, n_times), µV at 200 Hz."""
    stay = Stay.draw((2024, seed), duration_s)
    return replace(stay, bedside=replace(stay.bedside, spells=())).signals(0.0, duration_s)


def mixed_folder(folder: Path, duration_s: int = 60) -> tuple[list[Path], dict[Path, str]]:
    """Write recordings and files that can't be read.

    Returns
    -------
    The recordings, each of `duration_s` seconds (gaps.edf has a gap besides), and for each other
    file what the line that refuses it has to match.
    """
    folder.mkdir(parents=True, exist_ok=True)
    signals = phantom(duration_s)
    good = _recordings(folder, signals)
    return good, _others(folder, signals, good)


def _recordings(folder: Path, signals: np.ndarray) -> list[Path]:
    fast = np.concatenate(list(at_rate(iter([signals.astype(np.float32)]), 256.0)), axis=1)
    usual = tuple(name if name == EKG else f"EEG {name}-Ref" for name in COLUMNS)
    notes = [(5.0, 2.0, "eyes closed"), (0.0, 0.0, "a note that leaves room for longer onsets")]
    others = np.random.default_rng(1).normal(0, 20, (108, signals.shape[1]))
    rows = [COLUMNS.index(name) for name in SIXTEEN]
    table = pd.DataFrame(signals.T.astype(np.float32), columns=list(COLUMNS))
    table.to_parquet(folder / "hms.parquet")
    gaps = write(folder / "gaps.edf", signals, labels=usual, annotations=notes)
    running = write(folder / "running.edf", signals)
    counted = running.read_bytes()
    running.write_bytes(counted[:236] + b"-1      " + counted[244:])
    return [
        write(folder / "usual.edf", fast, 256.0, labels=usual, annotations=notes[:1]),
        delay_records(gaps, GAP_AFTER_S, GAP_S),
        write(folder / "biosemi.bdf", signals),
        folder / "hms.parquet",
        write(
            folder / "dense.edf",
            [*signals, *others],
            labels=(*COLUMNS, *(f"X{number}" for number in range(len(others)))),
        ),
        write(folder / "sixteen.EDF", signals[rows], labels=SIXTEEN),
        running,
        _restated(write(folder / "volts.edf", signals, unit="V"), len(COLUMNS), "uV"),
    ]


def _restated(path: Path, n_signals: int, unit: str) -> Path:
    """Let the header claim another unit for the same numbers."""
    raw = path.read_bytes()
    begin = 256 + (16 + 80) * n_signals
    path.write_bytes(
        raw[:begin] + unit.ljust(8).encode() * n_signals + raw[begin + 8 * n_signals :]
    )
    return path


def _others(folder: Path, signals: np.ndarray, good: list[Path]) -> dict[Path, str]:
    whole = good[0].read_bytes()
    contents = {
        "truncated.edf": (whole[:8000], "breaks off within its first record; copy it again"),
        "header.edf": (whole[:200], "not an EDF or BDF file; export it"),
        "empty.edf": (b"", "is empty; copy it again"),
        "text.edf": (b"Dear colleague, please find attached\n" * 30, "not an EDF or BDF file"),
        "swapped.bdf": (b"\xff\xd8\xff\xe0" + bytes(400), "not an EDF or BDF file"),
        "cut.parquet": (good[3].read_bytes()[:-500], "not a parquet file, or cut short"),
        "natus.erd": (bytes(64), "Natus.*export it as EDF"),
        "nicolet.e": (bytes(64), "export it as EDF. with Nicolet's software"),
        "micromed.trc": (bytes(64), "export it as EDF. with Micromed's software"),
    }
    broken = {}
    for name, (content, reason) in contents.items():
        (folder / name).write_bytes(content)
        broken[folder / name] = reason
    path = write(folder / "sleep.edf", signals[:4], labels=("C3", "C4", "O1", "EOG"))
    broken[path] = "holds 3 of the 19 electrodes.*at least 4"
    return broken
