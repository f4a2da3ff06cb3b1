"""Laws of what a search keeps aside: no trial sees it, and its score is not the best of many."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from hms_folder import segment
from nasion.errors import NasionError
from nasion.hms.segments import Segments
from nasion.out_of_fold import OutOfFold
from nasion.study import aside, search
from nasion.terms import VOTE_COLUMNS

PATIENTS, FOLDS, CHANCE = 400, 3, 1 / 6
CONFIG = f"""
[data]
n_folds = {FOLDS}
[search]
sampler = "random"
trials = 20
metric = "accuracy"
[search.ranges]
"training.lr" = {{low = 1e-6, high = 1e-3, log = true}}
"""


@pytest.fixture(scope="module")
def shuffled():
    """Segments whose votes have nothing to do with their EEGs, which need not be there."""
    pattern = np.random.default_rng(7).integers(6, size=PATIENTS)
    votes = 9 * np.eye(6, dtype=int)[pattern]
    rows = [segment(i, tuple(votes[i]), patient_id=i) for i in range(PATIENTS)]
    return Segments(Path("shuffled"), "train", pd.DataFrame(rows))


class Guessing:
    """In place of fits: every trial guesses alike well, and notes whom it was shown."""

    def __init__(self, monkeypatch, segments):
        self.shown: list[set[int]] = []
        self.predicted: list[set[int]] = []
        self.table = segments.table
        monkeypatch.setattr(search, "load_segments", lambda *_: segments)
        monkeypatch.setattr(search, "crossval", self.crossval)
        monkeypatch.setattr(search, "open_store", lambda *_: None)
        monkeypatch.setattr(search, "_write_findings", lambda *_: ())
        monkeypatch.setattr(aside, "predict", self.predict)
        monkeypatch.setattr(search.Run, "ensemble", lambda run: run.folder.name)

    def crossval(self, experiment, run, *, report, aside, allow_seen):
        table = self.table[~self.table["patient_id"].isin(aside)]
        self.shown.append(set(table["patient_id"]))
        parts = []
        for fold in range(FOLDS):
            rows = table[table["patient_id"] % FOLDS == fold]
            parts.append(OutOfFold.of(fold, rows, self.guesses(run.folder.name, rows)))
            report(fold + 1, FOLDS, OutOfFold.joined(parts))
        run.folder.mkdir(parents=True)
        OutOfFold.joined(parts).write(run.out_of_fold)

    def predict(self, segments, name):
        self.predicted.append(set(segments.table["patient_id"]))
        table = segments.table[["eeg_id", "eeg_sub_id"]].copy()
        table[list(VOTE_COLUMNS)] = self.guesses(name, segments.table)
        return table

    @staticmethod
    def guesses(name, rows):
        of_all = np.random.default_rng(int(name, 16)).dirichlet(np.ones(6), PATIENTS)
        return of_all[rows["patient_id"].to_numpy()]


@pytest.fixture
def guessing(monkeypatch, shuffled):
    return Guessing(monkeypatch, shuffled)


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text(CONFIG)
    return path


def ids(path):
    return set(pd.read_csv(path)["patient_id"])


@pytest.mark.more
def test_no_trial_sees_whom_the_chosen_one_is_judged_on_also_when_it_goes_on(
    guessing, config, tmp_path
):
    folder = tmp_path / "found"
    few = search.search(config, ["search.trials = 3"], Path("shuffled"), folder)
    unseen = ids(folder / "aside.csv")
    assert len(unseen) == PATIENTS / (FOLDS + 1)
    more = search.search(config, ["search.trials = 12"], Path("shuffled"), folder)
    assert any(trial.state == "pruned" for trial in more.trials)
    assert ids(folder / "aside.csv") == unseen
    assert len(guessing.shown) == 12
    assert all(shown == set(range(PATIENTS)) - unseen for shown in guessing.shown)
    assert guessing.predicted == [unseen, unseen]  # once a search, of the chosen trial alone
    assert more.best.value >= few.best.value
    told = json.loads((folder / "best.json").read_text())
    assert told["aside"]["value"] == more.judged.estimate.value
    assert told["chosen_by"] == more.best.value


@pytest.mark.more
def test_the_best_of_many_guesses_looks_good_and_is_judged_as_a_guess(guessing, config, tmp_path):
    found = search.search(config, [], Path("shuffled"), tmp_path / "found")
    n_scored = PATIENTS - found.judged.n_patients
    chance = binom(n_scored, CHANCE)
    assert found.best.value * n_scored > chance.ppf(0.95)
    low, high = found.judged.estimate.ci95
    assert low < CHANCE < high
    first, second, *_ = found.summary.splitlines()
    assert first.startswith(f"accuracy {found.judged.estimate.value:.4f} (95 % interval {low:.4f}")
    assert second.startswith(f"chosen by accuracy {found.best.value:.4f}")


def test_too_few_patients_are_refused_before_the_first_trial(guessing, config, tmp_path):
    with pytest.raises(NasionError, match="a search keeps a part aside; 400 patients cannot fill"):
        search.search(config, ["data.n_folds = 400"], Path("shuffled"), tmp_path / "found")
    assert not guessing.shown


@pytest.mark.parametrize("content", ["patient_id\n", "patient_id\n7\n900\n", "x\n1\n"])
def test_a_list_of_others_is_refused(guessing, config, tmp_path, content):
    folder = tmp_path / "found"
    folder.mkdir()
    (folder / "aside.csv").write_text(content)
    with pytest.raises(NasionError, match=r"aside\.csv: names no part of the patients of .*--out"):
        search.search(config, [], Path("shuffled"), folder)
    assert not guessing.shown
