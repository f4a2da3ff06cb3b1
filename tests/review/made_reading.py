"""Reading folders made for tests: simulated EEG, and probabilities that follow a truth.

The truth lies beside (`stay-217_events.tsv`), so that events stay where tests look for them; the
EEG under it is of the simulator of the day and need not show them.

`python tests/review/made_reading.py OUT [--hours 0.3] [--recordings 2]` writes OUT/stay-217 and so
on, as `nasion read` would.
"""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from nasion.config import Signal
from nasion.display.cache import DisplayWriter
from nasion.eeg.edf.writer import write_edf
from nasion.eeg.formats import open_recording
from nasion.eeg.recording import Recording
from nasion.exports import folder
from nasion.network import Network
from nasion.phantom.recordings import simulate_recordings
from nasion.reading.event import Event
from nasion.reading.reading import Reading
from nasion.reading.stream import piece_of, spans
from nasion.signal.fault import REASONS, Reason
from nasion.terms import CHAIN_ELECTRODES, COLUMNS, PATTERNS, READING_STEP_S, SFREQ, Chain, Pattern
from nasion.windowing import n_steps_of

SEEDS = (217, 96)  # seizures, LPD and GPD; LPD, LRDA, GPD and GRDA
GAP_S = (601.0, 29.0)  # onset and duration
HOURS = 0.3  # that the truths beside speak of
SHORTEST_S = 4.0  # of the truth's runs that become events
PIECE_STEPS = 300
NOTES = ((120.0, 0.0, "lorazepam 2 mg"), (330.0, 12.0, "push button"))
LATERAL = {"left": (Chain.LL, Chain.LP), "right": (Chain.RP, Chain.RL)}


def make_readings(out: Path, *, hours: float = HOURS, recordings: int = 2) -> list[Path]:
    """Write some readings; the same numbers give the same files."""
    return [
        make_reading(out / f"stay-{seed}", hours=hours, seed=seed) for seed in SEEDS[:recordings]
    ]


def make_reading(target: Path, *, hours: float = HOURS, seed: int = SEEDS[0]) -> Path:
    """Write one reading, with its display cache."""
    with TemporaryDirectory() as temporary:
        (path,) = simulate_recordings(
            Path(temporary), n_recordings=1, hours=hours, seed=seed, write=write_edf
        )
        recording = with_gap(open_recording(path))
        kept = Path(__file__).with_name(f"stay-{seed}_events.tsv")
        own = path.with_name(f"{path.stem}_events.tsv")
        truth = pd.read_csv(kept if hours == HOURS else own, sep="\t")
        recording = replace(recording, name=target.name, annotations=NOTES)
        save(target, read_truth(recording, truth, seed), recording)
    return target


def with_gap(recording: Recording) -> Recording:
    """The recording with a stretch in which nothing was recorded, where it is long enough."""
    onset_s, duration_s = GAP_S
    begin, end = round(onset_s * SFREQ), round((onset_s + duration_s) * SFREQ)
    if end >= recording.n_times:
        return recording

    def read(start: int, stop: int) -> np.ndarray:
        signals = recording.read(start, stop).copy()
        signals[:, max(begin - start, 0) : max(end - start, 0)] = np.nan
        return signals

    return replace(recording, read=read, gaps_s=(GAP_S,))


def read_truth(recording: Recording, truth: pd.DataFrame, seed: int) -> Reading:
    """What a good network would say: the panel's shares, smeared over 10 s and noisy."""
    n_steps = n_steps_of(recording.duration_s)
    rng = np.random.default_rng(seed)
    shares = np.tile(np.eye(6)[-1] * 4, (n_steps, 1))
    starts_s = np.arange(n_steps) * READING_STEP_S
    told = truth[truth["trial_type"] != "artifact"]
    for row in told.itertuples():
        touched = (starts_s + READING_STEP_S > row.onset) & (starts_s < row.onset + row.duration)
        shares[touched] = 5 * np.array([float(getattr(row, f"{p}_share")) for p in PATTERNS])
    kernel = np.ones(5) / 5
    smooth = np.stack([np.convolve(column, kernel, "same") for column in shares.T], 1)
    logits = smooth + rng.normal(0, 0.4, smooth.shape)
    probability = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    reason = np.zeros(n_steps, np.uint8)
    quality = np.zeros((n_steps, len(COLUMNS)), np.uint8)
    for onset_s, duration_s in recording.gaps_s:
        lost = slice(
            int(onset_s // READING_STEP_S), int(-(-(onset_s + duration_s) // READING_STEP_S))
        )
        reason[lost] = REASONS.index(Reason.GAP)
        quality[lost] = 1
    probability[reason > 0] = np.nan
    return Reading(
        name=recording.name,
        duration_s=recording.duration_s,
        probability=probability.astype(np.float32),
        reason=reason,
        quality=quality,
        events=events_of(told, probability),
        start=recording.start,
        source_sfreq=recording.source_sfreq,
        gaps_s=recording.gaps_s,
        annotations=recording.annotations,
        montage=recording.montage,
        ignored=recording.ignored,
        warnings=recording.warnings,
        model=Network.open().about.model_copy(update={"name": "truth"}),  # with its maps
    )


def events_of(told: pd.DataFrame, probability: np.ndarray) -> tuple[Event, ...]:
    """The truth's runs in whole steps, none over another."""
    events: list[Event] = []
    stop_s = 0.0
    for row in told[told["trial_type"] != "other"].sort_values("onset").itertuples():
        onset_s = max(round(row.onset / READING_STEP_S) * READING_STEP_S, stop_s)
        end_s = (
            min(round((row.onset + row.duration) / READING_STEP_S), len(probability))
            * READING_STEP_S
        )
        if end_s - onset_s < SHORTEST_S:
            continue
        pattern = Pattern(row.trial_type)
        part = slice(int(onset_s // READING_STEP_S), int(end_s // READING_STEP_S))
        values = probability[part, PATTERNS.index(pattern)]
        if not np.isfinite(values).any():
            continue
        frequency = pd.to_numeric(row.frequency_hz, errors="coerce")
        events.append(
            Event(
                onset_s=onset_s,
                duration_s=end_s - onset_s,
                pattern=pattern,
                probability=round(float(np.nanmean(values)), 4),
                peak=round(float(np.nanmax(values)), 4),
                side=row.side,
                frequency_hz=float(frequency) if np.isfinite(frequency) else None,
                chains=LATERAL.get(row.side, tuple(CHAIN_ELECTRODES)),
                length="very brief" if end_s - onset_s < 10 else "brief",
            )
        )
        stop_s = end_s
    return tuple(events)


def save(
    target: Path, reading: Reading, recording: Recording, more: Mapping[str, Any] | None = None
) -> None:
    """Write the display cache, then the reading, whose manifest comes last."""
    with DisplayWriter(target, reading.n_steps) as writer:
        for first, stop in spans(recording, Signal(), PIECE_STEPS):
            piece = piece_of(recording, Signal(), first, stop)
            writer.add(first, piece.signals, piece.spectrum)
    folder.save(reading, target, more)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--hours", type=float, default=HOURS)
    parser.add_argument("--recordings", type=int, default=len(SEEDS))
    asked = parser.parse_args()
    for path in make_readings(asked.out, hours=asked.hours, recordings=asked.recordings):
        print(path)  # noqa: T201


if __name__ == "__main__":
    main()
