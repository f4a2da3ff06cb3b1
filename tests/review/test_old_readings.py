"""A reading and its verdicts as nasion 0.1.0 wrote them, before warnings were data."""

import shutil
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

import nasion
from nasion.contract import PACKAGED_MODEL
from nasion.network import Network
from nasion.review.ledger import Sheet
from nasion.review.verdicts import Journal, standing
from nasion.terms import Pattern

V1 = Path(__file__).parents[1] / "fixtures" / "readings" / "v1"


@pytest.fixture
def old(tmp_path):
    return Path(shutil.copytree(V1, tmp_path / "v1"))


def test_it_opens_with_all_that_it_held(old):
    reading = nasion.open_reading(old)
    assert (reading.name, reading.duration_s, reading.n_steps) == ("patient-001", 60.0, 30)
    assert reading.start == datetime(2024, 3, 9, 22, 17, 40)
    assert [(event.pattern, event.onset_s, event.side) for event in reading.events] == [
        (Pattern.LPD, 4.0, "left"),
        (Pattern.SEIZURE, 30.0, ""),
    ]
    assert np.flatnonzero(~reading.judged).tolist() == [20, 21, 22]
    assert reading.missing == ("T3",)
    assert reading.annotations == ((3.0, 0.0, "eyes open"),)
    assert [str(remark) for remark in reading.warnings] == [
        "T3 holds nothing (flat, NaN or without a range): taken as missing"
    ]
    assert reading.burden.minutes[Pattern.LPD] == pytest.approx(20 / 60, abs=1e-4)


def test_its_model_is_known_and_told_from_that_of_today(old):
    model, packaged = nasion.open_reading(old).model, Network.open(PACKAGED_MODEL).about
    assert (model.title, model.weights) == ("shipped (162d9a42c531)", "5532dee77320")
    assert model.identity != packaged.identity


def test_a_verdict_finds_its_event(old):
    entries = Sheet(nasion.open_reading(old).events).filled(standing(Journal(old).verdicts()))
    assert {name: bool(entry.verdict) for name, entry in entries.items()} == {
        "e0": True,
        "e1": False,
    }


def test_saved_again_it_says_the_same(old, tmp_path):
    reading = nasion.open_reading(old)
    again = nasion.open_reading(reading.save(tmp_path / "again"))
    assert again.events == reading.events
    assert list(map(str, again.warnings)) == list(map(str, reading.warnings))
    assert again.model == reading.model
