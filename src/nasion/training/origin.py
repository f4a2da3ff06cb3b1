"""Origin: what a run learns from, and that it holds out nobody whom its start learned from."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from nasion import catalogue
from nasion.config import Experiment
from nasion.hms.census import Census, guard_unseen
from nasion.hms.segments import Segments, load_segments
from nasion.provenance import Provenance, Source
from nasion.seen import Seen
from nasion.simulation import CALIBRATED, LEARNED, Person, RecordedBackgrounds, Simulation
from nasion.training.run import Run, simulated


def origin(experiment: Experiment, census: Census, fold: dict[int, int]) -> Provenance:
    """All that the fits of an experiment learn from.

    Parameters
    ----------
    census
        Of `data.path`, or of the simulated patients where there are no others.
    fold
        Of each patient.
    """
    simulated_only = not experiment.data.path
    provenance = _phantom_provenance(experiment, census, fold if simulated_only else {})
    if not simulated_only:
        provenance |= _segment_provenance(census, fold)
    return provenance | _start(experiment)


def guard_held_out(
    experiment: Experiment, held_out: Segments, memo: Path, *, allow_seen: bool = False
) -> Seen:
    """Compare rows to be held out with what every fit learns from: its start, and phantoms.

    Raises
    ------
    NasionError
        Where these learned from some of the patients or EEGs, unless `allow_seen`.
    """
    census = Census(held_out, memo)
    seen = Seen()
    if not len(held_out):
        return seen
    if experiment.training.init:
        start = experiment.training.init
        seen |= guard_unseen(_start(experiment), census, start, allow_seen=allow_seen)
    if experiment.data.path and experiment.data.phantoms.path:
        phantoms = _phantom_provenance(experiment, census, {})
        seen |= guard_unseen(phantoms, census, "every fit (data.phantoms)", allow_seen=allow_seen)
    return seen


def calibrated_on(provenance: Provenance, census: Census) -> Provenance:
    """What a run learned from, and segments that it is calibrated on since."""
    return provenance | _segment_provenance(census, dict.fromkeys(census.patients, CALIBRATED))


def lenders(people: Iterable[Person], fold: Mapping[int, int]) -> tuple[Source, ...]:
    """Describe who lent backgrounds, as their own data sets know them: a source for each of these.

    Parameters
    ----------
    fold
        Of each `Person.patient_id`; who has none is left out.
    """
    by_source: dict[str, list[Person]] = {}
    for person in people:
        if person.patient_id in fold:
            by_source.setdefault(person.source, []).append(person)
    return tuple(
        Source.of(
            [(eeg, person.number) for person in members for eeg in person.contents],
            {person.number: fold[person.patient_id] for person in members},
        )
        for _, members in sorted(by_source.items())
    )


def _start(experiment: Experiment) -> Provenance:
    init = experiment.training.init
    return Run(catalogue.run_folder(init)).start if init else Provenance()


def _phantom_provenance(experiment: Experiment, census: Census, fold: dict[int, int]) -> Provenance:
    """Of simulated patients; they are known by their seed, or where it is lost by their EEGs."""
    path = experiment.data.phantoms.path
    if not path:
        return Provenance()
    simulation = Simulation.of(Path(path))
    if simulations := (simulation,) if simulation else simulated(experiment):
        people = RecordedBackgrounds.of(Path(path)).people
        if not fold:
            everybody = {person.patient_id: LEARNED for person in people}
            return Provenance(lenders(people, everybody), simulations)
        parts = (part for whole in simulations for part in whole.by_fold(fold))
        return Provenance(lenders(people, fold), tuple(parts))
    if not fold:
        census = Census(load_segments(Path(path), "train"), census.memo)
        fold = dict.fromkeys(census.patients, LEARNED)
    return Provenance((Source.of(census.contents(), fold, census.landmarks()),))


def _segment_provenance(census: Census, fold: dict[int, int]) -> Provenance:
    """Of segments, and of people on whose recordings some of their patients are simulated."""
    sources = lenders(census.backgrounds.people, fold)
    simulations = census.simulation.by_fold(fold) if census.simulation else ()
    return Provenance(
        (Source.of(census.contents(), fold, census.landmarks()), *sources), simulations
    )
