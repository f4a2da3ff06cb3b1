"""Provenance: whom a data set shares with what was learned from, and that hashes tell no more."""

import json
from dataclasses import dataclass, field

import numpy as np
import pytest

from hms_folder import noise
from nasion.errors import NasionError
from nasion.landmarks import Landmarks
from nasion.provenance import Provenance, Source, content
from nasion.simulation import CALIBRATED, LEARNED, Simulation


@dataclass(frozen=True)
class Table:
    """A data set by (patient, EEG) pairs; `lying` are EEGs of the folder that it leaves out."""

    rows: tuple[tuple[int, str], ...]
    lying: tuple[str, ...] = ()
    simulation: Simulation | None = None
    table: str = "table"
    marks: dict[str, Landmarks] = field(default_factory=dict)
    patients: frozenset[int] = field(init=False)
    eegs: frozenset[int] = frozenset((70, 71))

    def __post_init__(self):
        object.__setattr__(self, "patients", frozenset(patient for patient, _ in self.rows))

    def contents(self):
        return [(eeg, patient) for patient, eeg in self.rows]

    def landmarks(self):
        return [(self.marks[eeg], eeg, patient) for patient, eeg in self.rows if eeg in self.marks]

    def beside(self):
        return self.lying


ROWS = ((1, "a"), (1, "b"), (2, "c"), (3, "d"), (4, "e"))
FOLDS = {1: 0, 2: 1, 3: 1, 4: 2}


def learned(rows=ROWS, folds=FOLDS, **simulated):
    source = Source.of([(eeg, patient) for patient, eeg in rows], folds)
    return Provenance((source,), *([(Simulation(**simulated),)] if simulated else []))


def counts(provenance, *rows, **more):
    shared = provenance.shared_with(Table(rows, **more))
    return len(shared.patients), len(shared.eegs)


@pytest.mark.parametrize(
    ("rows", "lying", "expected"),
    [
        (ROWS, (), (4, 5)),
        (ROWS[:2], (), (1, 2)),  # a subset
        (((11, "a"), (11, "b"), (12, "c")), (), (2, 3)),  # renamed
        (((1, "x"), (2, "y"), (9, "z")), (), (0, 0)),  # another hospital's patient 1
        (((1, "x"), (2, "y"), (9, "z")), ("w", "d"), (2, 0)),  # other rows of the same folder
        (((1, "a"), (2, "y"), (9, "z")), (), (2, 1)),  # some EEGs the same, others new
        (((7, "a"), (2, "y")), ("d",), (1, 1)),  # numbers given anew: 2 is somebody else
        (((1, ""), (2, "")), (), (0, 0)),  # nothing recorded
    ],
)
def test_it_counts_whom_a_data_set_shares(rows, lying, expected):
    assert counts(learned(), *rows, lying=lying) == expected


def test_a_fit_has_not_learned_from_the_fold_that_it_held_out():
    assert counts(learned().of_fit(1), *ROWS) == (2, 3)
    assert counts(learned(folds=dict.fromkeys(range(5), LEARNED)).of_fit(1), *ROWS) == (4, 5)
    # A held-out EEG still tells that the numbers are the same.
    assert counts(learned().of_fit(1), (2, "c"), (1, "new")) == (1, 0)


def test_a_piece_is_known_by_landmarks_and_so_is_what_its_fold_held_out():
    eegs = {eeg: Landmarks.of(noise(30, number)) for number, eeg in enumerate("abcde")}
    marks = [(eegs[eeg], eeg, patient) for patient, eeg in ROWS]
    source = Source.of([(eeg, patient) for patient, eeg in ROWS], FOLDS, marks)
    run = Provenance((source,))
    assert Provenance.from_dict(json.loads(json.dumps(run.as_dict()))) == run
    pieces = {
        f"piece {number}": Landmarks.of(noise(30, number)[:, 500:4500]) for number in range(6)
    }
    rows = tuple((50 + number, f"piece {number}") for number in range(6))
    assert run.shared_with(Table(rows, marks=pieces)).patients == {50, 51, 52, 53, 54}
    assert run.of_fit(1).shared_with(Table(rows, marks=pieces)).patients == {50, 51, 54}
    assert not run.of_fit(1).of_fit(None).shared_with(Table(rows[2:4], marks=pieces))


def test_what_is_inherited_stays():
    both = learned(ROWS[:2], {1: 0}) | learned(
        ROWS[2:], {2: 0, 3: 0, 4: 0}, seed=1, patients=((1, 5),)
    )
    assert counts(both, *ROWS) == (4, 5)
    assert both | both == both
    assert both.simulations == (Simulation(1, ((1, 5),)),)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (Simulation(1, ((1, 100),)), 2),
        (Simulation(1, ((1, 2),)), 2),  # however many are made, the first are the same
        (Simulation(1, ((2, 9),)), 1),
        (Simulation(2, ((1, 100),)), 0),
        (Simulation(1, ((1, 100),), ("stay",)), 0),
        (Simulation(1, ((1, 100),), ("pattern", "stay")), 2),
        (None, 0),
    ],
)
def test_simulated_patients_are_known_by_seed_kind_and_number(made, expected):
    provenance = Provenance(simulations=(Simulation(1, ((1, 2),)),))
    shared = provenance.shared_with(Table(((1, "x"), (2, "y"), (3, "z")), simulation=made))
    assert len(shared.patients) == expected
    assert ("seed 1" in str(shared.seen)) == bool(expected)


def test_a_part_of_a_simulation_is_told_by_its_numbers():
    whole = Simulation(1, ((1, 9),))
    part = whole.only([3, 7, 8, 2, 99])
    assert part.patients == ((2, 3), (7, 8))
    assert Simulation.from_dict(part.as_dict()) == part
    assert part.shared_with(whole, range(20)) == {2, 3, 7, 8}
    assert whole.only([4]).shared_with(part, range(20)) == set()


def test_simulated_patients_have_folds():
    parts = Simulation(1, ((1, 9),)).by_fold({1: 0, 2: 1, 3: 0, 4: 1, 77: 0} | {9: CALIBRATED})
    assert [(part.fold, part.patients) for part in parts] == [
        (CALIBRATED, ((9, 9),)),
        (0, ((1, 1), (3, 3))),
        (1, ((2, 2), (4, 4))),
    ]
    run = Provenance(simulations=parts)
    assert Provenance.from_dict(json.loads(json.dumps(run.as_dict()))) == run
    rows, made = tuple((number, "") for number in range(1, 10)), Simulation(1, ((1, 9),))
    assert counts(run, *rows, simulation=made) == (5, 0)
    assert counts(run.of_fit(1), *rows, simulation=made) == (2, 0)
    start = run.of_fit(1) | Provenance(simulations=made.by_fold({1: 0, 2: 1}))
    assert start.of_fit(1).shared_with(Table(rows, simulation=made)).patients == {1, 3}


def test_an_older_run_that_says_the_seed_alone_learned_from_all_of_it():
    old = {"seed": 1, "patients": [[1, 9]], "kinds": ["pattern"]}
    assert Simulation.from_dict(old).as_dict() == old
    run = Provenance(simulations=(Simulation.from_dict(old),))
    rows = tuple((number, "") for number in range(1, 10))
    assert counts(run.of_fit(0), *rows, simulation=Simulation(1, ((1, 9),))) == (9, 0)


def test_of_an_older_run_the_whole_table_is_told():
    old = Provenance(tables=("then",))
    assert counts(old | learned(), *ROWS, table="then") == (4, 2)
    assert counts(old, *ROWS) == (0, 0)


def test_it_comes_back_from_json_and_tells_no_number_and_no_content():
    rows = ((271828, content(np.random.default_rng(0).normal(size=(20, 50)))),)
    written = json.dumps(learned(rows, {271828: 0}, seed=3, patients=((1, 7),)).as_dict())
    assert "271828" not in written
    assert rows[0][1] not in written
    assert Provenance.from_dict(json.loads(written)) == learned(
        rows, {271828: 0}, seed=3, patients=((1, 7),)
    )


@pytest.mark.parametrize(
    "break_it",
    [
        lambda given: given.update(schema=9),
        lambda given: given.pop("sources"),
        lambda given: given["sources"][0].pop("locks"),
        lambda given: given["sources"][0]["locks"].update(a="no hash"),
        lambda given: given["sources"][0]["eegs"].update(abc=0),
        lambda given: given["sources"][0].update(landmarks={"0": "!"}),
        lambda given: given["sources"][0].update(landmarks={"x": ""}),
        lambda given: given["sources"][0].update(landmarks=[]),
        lambda given: given["simulations"][0].update(seed=-1),
        lambda given: given["simulations"][0].update(kinds=["day"]),
        lambda given: given["simulations"][0].update(fold="0"),
    ],
)
def test_a_broken_one_is_refused_by_name(break_it):
    given = learned(seed=1, patients=((1, 2),)).as_dict()
    break_it(given)
    with pytest.raises(NasionError, match=r"^here\.json: .*anew"):
        Provenance.from_dict(given, "here.json")


def test_content_is_the_samples_and_not_how_they_are_stored():
    eeg = np.random.default_rng(0).normal(0, 30, (20, 400)).astype(np.float32)
    eeg[3] = np.nan
    assert content(eeg) == content(eeg.astype(np.float64)) == content(np.asfortranarray(eeg))
    assert content(eeg) == content(eeg + np.float32(0))
    changed = eeg.copy()
    changed[0, 7] += 1
    assert content(changed) != content(eeg)
    assert content(eeg[:, :-1]) != content(eeg)
    assert content(np.nan_to_num(eeg)) != content(eeg)


@pytest.mark.parametrize("value", [0.0, np.nan, 5.0])
def test_silence_has_no_content(value):
    assert content(np.full((20, 400), value, np.float32)) == ""
