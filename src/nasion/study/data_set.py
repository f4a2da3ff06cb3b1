"""A data set of simulated patients: drawn by `phantom.cohort`, written in HMS layout."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from nasion.config import HMS_VIEW
from nasion.errors import NasionError
from nasion.hms.layout import NO_SPECTROGRAM
from nasion.hms.writer import (
    Label,
    refuse_to_replace,
    spectrogram_of,
    write_eeg,
    write_labels,
    write_spectrogram,
)
from nasion.phantom.cohort import MARGIN_S, Plan, made_eegs
from nasion.phantom.patient import PROPORTIONS
from nasion.progress import Progress
from nasion.simulation import Simulation
from nasion.study.backgrounds import Backgrounds
from nasion.study.montages import MONTAGES, as_read, drawn_loss, without
from nasion.terms import Pattern


def simulate(
    directory: Path,
    *,
    n_patients: int,
    seed: int,
    segments_per_patient: int = 3,
    short_share: float = 0.3,
    context_share: float = 0.0,
    n_jobs: int = 1,
    progress: Progress | None = None,
    proportions: dict[Pattern, float] = PROPORTIONS,
    stay_share: float = 0.0,
    recorded_share: float = 0.0,
    backgrounds: Path | str = "",
    backgrounds_folder: Path | str = "",
    montage_share: float = 0.0,
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
    proportions
        Of the patterns planted; votes may disagree.
    stay_share
        Share of patients whose EEGs are windows of one stay (`phantom.excerpt`), which shows its
        patterns as they come, rather than recordings made for a pattern each.
    recorded_share
        Share of patients on recorded backgrounds: all of one person have one patient_id.
    backgrounds, backgrounds_folder
        The list of these recordings, and the folder that they stand below; "" is that of the list.
    montage_share
        Share of EEGs that lack electrodes (`study.montages`).

    Raises
    ------
    NasionError
        If the folder holds a data set already, a number is out of range or a recording is missing.
    """
    refuse_to_replace(directory, "train")
    if n_patients < 1:
        raise NasionError(f"{directory}: needs at least one patient")
    if not 0 <= montage_share <= 1:
        raise NasionError("a cohort: the share that lacks electrodes is a number from 0 to 1")
    lent = Backgrounds.load(backgrounds, backgrounds_folder) if recorded_share else None
    plan = Plan(
        seed,
        segments_per_patient,
        short_share,
        context_share,
        proportions,
        stay_share,
        recorded_share,
        lent.lenders if lent else (),
    )
    work = partial(_write_patient, plan, montage_share, directory)
    labels: dict[int, list[Label]] = {}
    for patient, patient_labels in _labels_of_patients(work, n_patients, n_jobs):
        labels[patient] = patient_labels
        if progress:
            progress(len(labels), n_patients)
    rows = [label for i in sorted(labels) for label in labels[i]]
    used = lent.used({row.patient_id for row in rows}) if lent else None
    Simulation.drawn(seed, n_patients, stay_share).save(directory, used)
    write_labels(directory, "train", rows)


def _labels_of_patients(
    work: Callable[[int], list[Label]], n_patients: int, n_jobs: int
) -> Iterator[tuple[int, list[Label]]]:
    if n_jobs == 1:
        for patient in range(n_patients):
            yield patient, work(patient)
        return
    context = get_context("spawn")
    with ProcessPoolExecutor(n_jobs, mp_context=context, initializer=_one_thread) as pool:
        futures = {pool.submit(work, i): i for i in range(n_patients)}
        for future in as_completed(futures):
            yield futures[future], future.result()


def _one_thread() -> None:
    """Small products of matrices lose more to waiting threads than they win."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)


def _write_patient(plan: Plan, montage_share: float, directory: Path, number: int) -> list[Label]:
    """Write the EEGs and spectrograms of patient `number`; give the rows of `train.csv`."""
    labels = []
    for index, eeg in enumerate(made_eegs(plan, number)):
        eeg_id = (number + 1) * 1000 + index
        signals, context = eeg.signals, eeg.context
        rng = np.random.default_rng((plan.seed, number, index, MONTAGES))
        if rng.random() < montage_share:
            names = drawn_loss(rng)
            signals = without(signals, names)
            context = None if context is None else as_read(without(context, names))
        if context is not None:
            # Time 0 is where the ten minutes begin.
            first_s = HMS_VIEW.window_s / 2 - MARGIN_S
            write_spectrogram(directory, "train", eeg_id, [spectrogram_of(context)], first_s)
        write_eeg(directory, "train", eeg_id, signals)
        labels += [
            Label(
                eeg_id=eeg_id,
                sub_id=sub_id,
                offset_s=offset_s,
                patient_id=eeg.patient_id or number + 1,
                spectrogram_id=NO_SPECTROGRAM if context is None else eeg_id,
                spectrogram_offset_s=0.0 if context is None else offset_s,
                votes=eeg.segment.votes,
            )
            for sub_id, offset_s in enumerate(eeg.offsets_s)
        ]
    return labels
