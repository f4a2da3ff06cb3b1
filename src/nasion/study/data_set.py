"""A data set of simulated patients: drawn by `phantom.cohort`, written in HMS layout."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

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

    Raises
    ------
    NasionError
        If the folder holds a data set already or a number is out of range.
    """
    refuse_to_replace(directory, "train")
    if n_patients < 1:
        raise NasionError(f"{directory}: needs at least one patient")
    plan = Plan(seed, segments_per_patient, short_share, context_share, proportions, stay_share)
    labels: dict[int, list[Label]] = {}
    for patient, patient_labels in _labels_of_patients(plan, directory, n_patients, n_jobs):
        labels[patient] = patient_labels
        if progress:
            progress(len(labels), n_patients)
    Simulation.drawn(seed, n_patients, stay_share).save(directory)
    write_labels(directory, "train", [label for i in sorted(labels) for label in labels[i]])


def _labels_of_patients(
    plan: Plan, directory: Path, n_patients: int, n_jobs: int
) -> Iterator[tuple[int, list[Label]]]:
    if n_jobs == 1:
        for patient in range(n_patients):
            yield patient, _write_patient(plan, directory, patient)
        return
    context = get_context("spawn")
    with ProcessPoolExecutor(n_jobs, mp_context=context, initializer=_one_thread) as pool:
        futures = {pool.submit(_write_patient, plan, directory, i): i for i in range(n_patients)}
        for future in as_completed(futures):
            yield futures[future], future.result()


def _one_thread() -> None:
    """Small products of matrices lose more to waiting threads than they win."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)


def _write_patient(plan: Plan, directory: Path, number: int) -> list[Label]:
    """Write the EEGs and spectrograms of patient `number`; give the rows of `train.csv`."""
    labels = []
    for index, eeg in enumerate(made_eegs(plan, number)):
        eeg_id = (number + 1) * 1000 + index
        with_spectrogram = eeg.context is not None
        if eeg.context is not None:
            # Time 0 is where the ten minutes begin.
            first_s = HMS_VIEW.window_s / 2 - MARGIN_S
            write_spectrogram(directory, "train", eeg_id, [spectrogram_of(eeg.context)], first_s)
        write_eeg(directory, "train", eeg_id, eeg.signals)
        labels += [
            Label(
                eeg_id=eeg_id,
                sub_id=sub_id,
                offset_s=offset_s,
                patient_id=number + 1,
                spectrogram_id=eeg_id if with_spectrogram else NO_SPECTROGRAM,
                spectrogram_offset_s=offset_s if with_spectrogram else 0.0,
                votes=eeg.segment.votes,
            )
            for sub_id, offset_s in enumerate(eeg.offsets_s)
        ]
    return labels
