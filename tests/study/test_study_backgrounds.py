"""A list of recorded backgrounds: simulated on, known by person, never across a split."""

import json
import os

import numpy as np
import pandas as pd
import pytest

from hms_folder import segment, write_hms
from nasion.config import parse
from nasion.data.folds import make_folds
from nasion.errors import NasionError
from nasion.hms.census import Census
from nasion.hms.segments import load_segments
from nasion.provenance import Provenance
from nasion.simulation import Person, RecordedBackgrounds
from nasion.study.backgrounds import Backgrounds
from nasion.study.data_set import simulate
from nasion.study.experiment import with_phantoms
from nasion.training.origin import lenders
from recordings_lent import noise, write_lent

LENT = {4: (100.0, 90.0), 5: (100.0,), 6: (15.0,)}
SETTINGS = {
    "n_patients": 10,
    "seed": 2,
    "segments_per_patient": 1,
    "short_share": 1.0,
    "recorded_share": 0.6,
}


@pytest.fixture(scope="module")
def lent(tmp_path_factory):
    return write_lent(tmp_path_factory.mktemp("lent"), LENT)


@pytest.fixture(scope="module")
def made(lent, tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "data"
    simulate(folder, **SETTINGS, backgrounds=lent)
    return folder


def files(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_all_patients_on_a_persons_recordings_have_one_number(made):
    table = pd.read_csv(made / "train.csv")
    people = RecordedBackgrounds.of(made).people
    numbers = {person.patient_id for person in people}
    on_recorded = table[table.patient_id.isin(numbers)]
    assert set(on_recorded.patient_id) == numbers
    assert on_recorded.eeg_id.nunique() > len(numbers)
    others = table[~table.patient_id.isin(numbers)]
    assert (others.patient_id == others.eeg_id // 1000).all()
    assert {(person.source, person.number) for person in people} <= {("made", n) for n in LENT}


@pytest.mark.more
def test_the_same_list_gives_the_same_bytes_by_any_number_of_processes(made, lent, tmp_path):
    simulate(tmp_path / "jobs", **SETTINGS, n_jobs=2, backgrounds=lent)
    assert files(tmp_path / "jobs") == files(made)


def test_files_stand_below_the_list_or_a_folder_given(made, lent, tmp_path):
    elsewhere = tmp_path / "list.csv"
    elsewhere.write_bytes(lent.read_bytes())
    given = {"backgrounds": elsewhere, "backgrounds_folder": lent.parent}
    simulate(tmp_path / "again", **SETTINGS | {"n_patients": 1}, **given)
    assert files(tmp_path / "again").items() & files(made).items()
    with pytest.raises(NasionError, match=r"list.csv, line 2: .*40.parquet is not there; give"):
        simulate(tmp_path / "none", **SETTINGS, backgrounds=elsewhere)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("made", ""), "line 2: needs a source"),
        (("\n4,", "\nfour,"), "line 2: needs a source and, as person, the whole number"),
        ((",100,", ",soon,"), "start_s and stop_s are seconds"),
        ((",100,", ",3,"), "must be 11.1 s or more"),
        (("stop_s", "end"), "lacks column stop_s"),
    ],
)
def test_a_list_that_is_wrong_is_refused_by_its_line(lent, tmp_path, change, said):
    wrong = tmp_path / "list.csv"
    wrong.write_text(lent.read_text().replace(*change))
    with pytest.raises(NasionError, match=said) as caught:
        Backgrounds.load(wrong, lent.parent)
    assert "\n" not in str(caught.value)


def test_a_share_needs_a_list(tmp_path):
    with pytest.raises(NasionError, match="need a list: give --backgrounds"):
        simulate(tmp_path / "none", **SETTINGS)


def test_a_recording_that_ends_before_its_piece_or_lacks_electrodes_is_named(lent, tmp_path):
    late = tmp_path / "list.csv"
    late.write_text(lent.read_text().replace(",100,", ",101,"))
    with pytest.raises(NasionError, match="ends at 100 s, before stop_s"):
        Backgrounds.load(late, lent.parent).lenders[0].read()
    frame = pd.read_parquet(lent.parent / "train_eegs" / "40.parquet")
    frame.loc[:100, "Cz"] = np.nan
    (tmp_path / "train_eegs").mkdir()
    for path in (lent.parent / "train_eegs").iterdir():
        frame.to_parquet(tmp_path / "train_eegs" / path.name)
    with pytest.raises(NasionError, match="lacks an electrode or has a gap"):
        Backgrounds.load(lent, tmp_path).lenders[0].read()


def test_patients_made_with_another_list_are_not_taken(lent, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 1)  # processes cost seconds to start
    phantoms = {**SETTINGS, "patients": 2, "backgrounds": str(lent)}
    del phantoms["n_patients"]
    copy = tmp_path / "list.csv"
    copy.write_bytes(lent.read_bytes())
    phantoms |= {"backgrounds": str(copy), "backgrounds_folder": str(lent.parent)}
    experiment = parse({"data": {"phantoms": phantoms}}, "test")
    runs = tmp_path / "runs"
    first = with_phantoms(experiment, runs, lambda done, total: None)
    assert with_phantoms(experiment, runs, lambda done, total: None) == first
    copy.write_text(copy.read_text().replace(",90,", ",89,"))
    with pytest.raises(NasionError, match=r"was simulated with another list than .*list.csv"):
        with_phantoms(experiment, runs, lambda done, total: None)


def test_folds_hold_out_as_many_people_of_each_source():
    people = {10**9 + k: "ward" if k < 7 else "home" for k in range(20)}
    rng = np.random.default_rng(0)
    rows = [
        segment(100 * k, (*(3 * (i == rng.integers(6)) for i in range(5)), 1), patient_id=who)
        for k, who in enumerate([*people, *people, *range(30)], start=1)
    ]
    table = pd.DataFrame(rows)
    fold = dict(zip(table.patient_id, make_folds(table, 3, 1, people), strict=True))
    for source in ("ward", "home"):
        counts = np.bincount([fold[who] for who, of in people.items() if of == source])
        assert counts.max() - counts.min() <= 1
    counts = np.bincount([fold[who] for who in people])
    assert counts.max() - counts.min() <= 1
    assert (np.bincount([fold[who] for who in range(30)]) > 5).all()
    alone = make_folds(table[table.patient_id >= 10**9], 3, 1, people)
    assert set(alone) == {0, 1, 2}


def rows_of(lent, folder, people):
    """A data set with recordings of these people, as the one that lent them has them."""
    rows, signals = [], {}
    for number in people:
        for k, seconds in enumerate(LENT.get(number, (20.0,))):
            eeg_id = 10 * number + k
            rows.append(segment(eeg_id, (0, 0, 0, 0, 0, 3), patient_id=number))
            signals[eeg_id] = noise(eeg_id, seconds)
    write_hms(folder, rows, signals=signals)
    return Census(load_segments(folder, "train"))


def test_a_person_who_lent_a_background_is_known_in_their_own_data_set(made, lent, tmp_path):
    people = RecordedBackgrounds.of(made).people
    fold = {person.patient_id: k % 2 for k, person in enumerate(people)}
    provenance = Provenance(lenders(people, fold))
    census = rows_of(lent, tmp_path / "own", [person.number for person in people])
    assert provenance.shared_with(census).patients == {person.number for person in people}
    held_out = {person.number for person in people if fold[person.patient_id] == 1}
    others = {person.number for person in people} - held_out
    assert provenance.of_fit(1).shared_with(census).patients == others
    stranger = rows_of(lent, tmp_path / "other", [77, 78])
    assert not provenance.shared_with(stranger)
    assert Provenance.from_dict(json.loads(json.dumps(provenance.as_dict()))) == provenance


def test_another_seed_on_the_same_people_is_not_unseen(made, lent, tmp_path):
    people = RecordedBackgrounds.of(made).people
    provenance = Provenance(lenders(people, {who.patient_id: -1 for who in people}))
    simulate(tmp_path / "new", **SETTINGS | {"seed": 8}, backgrounds=lent)
    census = Census(load_segments(tmp_path / "new", "train"))
    used = {who.patient_id for who in RecordedBackgrounds.of(tmp_path / "new").people}
    assert provenance.shared_with(census).patients == used & {who.patient_id for who in people}


def test_a_number_is_the_same_in_every_list_and_not_one_of_the_simulator():
    numbers = {Person(source, k).patient_id for source in ("a", "b") for k in range(500)}
    assert len(numbers) == 1000
    assert min(numbers) >= 10**9


def test_the_committed_list_is_at_hand(real):
    lent = Backgrounds.load("configs/backgrounds.csv", real)
    assert len(lent.pieces) == 45
    long = [one for one in lent.lenders if one.lends_long]
    assert len(long) == 39
    assert {person.source for person in lent.pieces} == {"awake", "vecams"}
    for one in (lent.lenders[0], lent.lenders[-1]):
        for signals in one.read():
            assert signals.shape[0] == 19
            assert np.isfinite(signals).all()
