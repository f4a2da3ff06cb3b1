"""A cohort: simulated patients written as a data set in HMS layout."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nasion.errors import NasionError
from nasion.files import replacing
from nasion.phantom.excerpt import excerpt, window
from nasion.phantom.patient import PROPORTIONS, Patient, Segment, draw_pattern, middle
from nasion.phantom.raters import n_votes
from nasion.phantom.stay import EXCERPTS, Stay
from nasion.phantom.timeline import Span
from nasion.simulation import Simulation
from nasion.terms import (
    CENTRE_S,
    COLUMNS,
    CONTEXT_S,
    PATTERNS,
    SEGMENT_S,
    SFREQ,
    VOTE_COLUMNS,
    Pattern,
)

if TYPE_CHECKING:
    from pandas import DataFrame

Signals = NDArray[np.float32]
Row = dict[str, Any]

MAIN_SHARE = 0.7  # of a patient's segments that show the patient's main pattern
STRETCH_SHARE = 0.3  # of the long EEGs that hold several labelled windows
MARGIN_S = 1.0  # a 10-min image has windows centred from 1 to 599 s, each 4 s long
STAY_S = 3600.0  # of which EEGs are cut
MANY_SHARE = 0.75  # of the segments with ten votes or more: good labels are cheap here


@dataclass(frozen=True)
class Plan:
    """What to make of every patient."""

    directory: Path
    seed: int
    segments_per_patient: int
    short_share: float
    context_share: float
    proportions: dict[Pattern, float]
    spectrogram: "Callable[[Signals], DataFrame] | None"
    stay_share: float


@dataclass(frozen=True)
class Shape:
    """How long an EEG is; `extra_s` longer than one window where it holds several."""

    short: bool
    context: bool
    extra_s: float = 0.0

    @property
    def window_s(self) -> float:
        """What one labelled window shows."""
        return CENTRE_S if self.short else SEGMENT_S

    @property
    def duration_s(self) -> float:
        """What has to be recorded for it."""
        return (CONTEXT_S + 2 * MARGIN_S if self.context else self.window_s) + self.extra_s


def simulate(
    directory: Path,
    *,
    n_patients: int,
    seed: int,
    segments_per_patient: int = 3,
    short_share: float = 0.3,
    context_share: float = 0.3,
    n_jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
    spectrogram: "Callable[[Signals], DataFrame] | None" = None,
    proportions: dict[Pattern, float] = PROPORTIONS,
    stay_share: float = 0.0,
) -> None:
    """Write `train.csv`, `train_eegs/` and `train_spectrograms/` of made-up patients.

    `simulated.json` says which they are (`nasion.simulation`).

    The same seed gives the same bytes; a patient depends on nothing but the seed and its number.

    Parameters
    ----------
    short_share
        Share of EEGs that are the labelled 10 s alone; the others are 50 s or longer.
    context_share
        Share of EEGs with a 10-min spectrogram; the others have spectrogram_id -1.
    progress
        Called with the number of patients done and in all.
    spectrogram
        Table of `train_spectrograms` (`time` in s, 400 powers) from (20, n) µV at 200 Hz;
        without it no EEG has one.
    proportions
        Of the patterns planted; votes may disagree.
    stay_share
        Share of patients whose EEGs are windows of one stay (`phantom.excerpt`), which shows its
        patterns as they come, rather than recordings made for a pattern each.

    Raises
    ------
    NasionError
        If the folder holds a data set already or a number is out of range.
    """
    if (directory / "train.csv").exists():
        raise NasionError(f"{directory}: holds a data set already; give another folder")
    if not 0 <= stay_share <= 1:
        raise NasionError(f"{directory}: the share of stays is a number from 0 to 1")
    if n_patients < 1 or segments_per_patient < 1:
        raise NasionError(f"{directory}: needs at least one patient and one segment of each")
    plan = Plan(
        directory,
        seed,
        segments_per_patient,
        short_share,
        context_share if spectrogram else 0.0,
        proportions,
        spectrogram,
        stay_share,
    )
    rows: dict[int, list[Row]] = {}
    for patient, found in _each(plan, n_patients, n_jobs):
        rows[patient] = found
        if progress:
            progress(len(rows), n_patients)
    Simulation.drawn(seed, n_patients, stay_share).save(directory)
    _write_table(directory / "train.csv", [row for i in sorted(rows) for row in rows[i]])


def _each(plan: Plan, n_patients: int, n_jobs: int) -> Iterator[tuple[int, list[Row]]]:
    if n_jobs == 1:
        for patient in range(n_patients):
            yield patient, write_patient(plan, patient)
        return
    context = get_context("spawn")
    with ProcessPoolExecutor(n_jobs, mp_context=context, initializer=_one_thread) as pool:
        futures = {pool.submit(write_patient, plan, i): i for i in range(n_patients)}
        for future in as_completed(futures):
            yield futures[future], future.result()


def _one_thread() -> None:
    """Small products of matrices lose more to waiting threads than they win."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)


def write_patient(plan: Plan, number: int) -> list[Row]:
    """Write the EEGs and spectrograms of patient `number`; give the rows of `train.csv`."""
    chance = np.random.default_rng((plan.seed, number, EXCERPTS))
    if chance.random() < plan.stay_share:
        return _write_stay(plan, chance, number)
    rng = np.random.default_rng((plan.seed, number))
    patient = Patient.draw(rng)
    main = draw_pattern(rng, plan.proportions)
    rows: list[Row] = []
    for index in range(plan.segments_per_patient):
        usual = rng.random() < MAIN_SHARE
        pattern = main if usual else draw_pattern(rng, plan.proportions)
        rows += _write_eeg(plan, rng, patient, pattern, (number, index))
    return rows


def _write_stay(plan: Plan, rng: np.random.Generator, number: int) -> list[Row]:
    """EEGs cut from one stay, of another patient than the recording of this seed and number."""
    stay = Stay.draw((plan.seed, number, EXCERPTS), STAY_S)
    rows: list[Row] = []
    for index in range(plan.segments_per_patient):
        short = bool(rng.random() < plan.short_share)
        shape = Shape(short, bool(rng.random() < plan.context_share))
        span = window(rng, stay, plan.proportions, shape.duration_s / 2)
        votes = n_votes(rng, many=MANY_SHARE)
        segment = excerpt(rng, stay, span, duration_s=shape.duration_s, n_votes=votes)
        rows += _written(plan, shape, segment, [0.0], (number, index))
    return rows


def _write_eeg(
    plan: Plan,
    rng: np.random.Generator,
    patient: Patient,
    pattern: Pattern,
    place: tuple[int, int],
) -> list[Row]:
    """An EEG made for a pattern."""
    short = bool(rng.random() < plan.short_share)
    context = bool(rng.random() < plan.context_share)
    stretched = not short and rng.random() < STRETCH_SHARE
    extra_s = 2.0 * int(rng.integers(1, 16)) if stretched else 0.0
    shape = Shape(short, context, extra_s)
    centre = middle(shape.duration_s - extra_s)
    span = Span(centre.start_s, centre.stop_s + extra_s)
    votes = n_votes(rng, many=MANY_SHARE)
    segment = patient.record(rng, pattern, duration_s=shape.duration_s, span=span, n_votes=votes)
    offsets = [0.0]
    if stretched:
        n_more = int(rng.integers(1, min(6, int(extra_s / 2) + 1)))
        steps = 1 + rng.choice(int(extra_s / 2), n_more, replace=False)
        offsets += sorted(2.0 * float(step) for step in steps)
    return _written(plan, shape, segment, offsets, place)


def _written(
    plan: Plan, shape: Shape, segment: Segment, offsets: list[float], place: tuple[int, int]
) -> list[Row]:
    """Write an EEG and its spectrogram, number `place` (patient, EEG); give its rows."""
    patient_id = place[0] + 1
    eeg_id = patient_id * 1000 + place[1]
    context = shape.context and plan.spectrogram is not None
    if context and plan.spectrogram is not None:
        image = plan.spectrogram(segment.signals)
        image["time"] -= round(MARGIN_S)  # 0 is where the ten minutes begin
        _write_parquet(plan.directory / "train_spectrograms" / f"{eeg_id}.parquet", image)
    length_s = shape.window_s + shape.extra_s
    start_s = (shape.duration_s - length_s) / 2
    part = slice(round(start_s * SFREQ), round((start_s + length_s) * SFREQ))
    _write_parquet(
        plan.directory / "train_eegs" / f"{eeg_id}.parquet", _table(segment.signals[:, part])
    )
    consensus = PATTERNS[int(np.argmax(segment.votes))]
    return [
        {
            "eeg_id": eeg_id,
            "eeg_sub_id": i,
            "eeg_label_offset_seconds": offset,
            "spectrogram_id": eeg_id if context else -1,
            "spectrogram_sub_id": i,
            "spectrogram_label_offset_seconds": offset if context else 0.0,
            "label_id": eeg_id * 100 + i,
            "patient_id": patient_id,
            "expert_consensus": consensus.label,
            **dict(zip(VOTE_COLUMNS, segment.votes.tolist(), strict=True)),
        }
        for i, offset in enumerate(offsets)
    ]


def _table(signals: Signals) -> "DataFrame":
    import pandas as pd

    return pd.DataFrame(np.ascontiguousarray(signals.T), columns=list(COLUMNS))


def _write_parquet(path: Path, table: "DataFrame") -> None:
    with replacing(path) as temporary:
        table.to_parquet(temporary, index=False)


def _write_table(path: Path, rows: list[Row]) -> None:
    import pandas as pd

    with replacing(path) as temporary:
        pd.DataFrame(rows).to_csv(temporary, index=False)
