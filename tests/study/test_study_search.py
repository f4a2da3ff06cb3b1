"""Laws of a search: what it refuses, what it draws, and that its best configuration is the best."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest

import nasion
from nasion.config import Experiment, load, parse
from nasion.errors import NasionError
from nasion.evaluation import evaluation
from nasion.study import storage
from nasion.study import study as studies
from nasion.study.search import configuration, search
from nasion.study.space import Axis, Search, Space, read_space
from nasion.study.storage import opened
from nasion.study.study import Study, sampler_of
from nasion.training.crossval import crossval
from nasion.training.run import Run

CONFIGS = Path(nasion.__file__).parents[2] / "configs"
TINY = """
name = "tiny"
[data]
n_folds = 2
[signal.spectrogram]
views = ["centre"]
[model]
n_features = 8
[model.wavenet]
channels = [4]
hemispheres = "shared"
[model.spectrogram]
backbone = "test_efficientnet"
stack = "symmetric"
[training]
epochs = 1
precision = "float32"
"""
GRID = """
[search]
sampler = "grid"
[search.grid]
"training.batch_size" = [8, 16]
"model.wavenet.channels" = [[4], [8]]
"""


def write(folder, text):
    path = folder / "a.toml"
    path.write_text(text, encoding="utf-8")
    return path


def space_of(folder, text, *changes):
    path = write(folder, text)
    return read_space(path, changes, load(path, changes))


def refusal(folder, text):
    with pytest.raises(NasionError) as caught:
        space_of(folder, text)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def grid(lines):
    return f'[search]\nsampler = "grid"\n[search.grid]\n{lines}'


def ranges(lines, above='sampler = "random"'):
    return f"[search]\n{above}\n[search.ranges]\n{lines}"


def test_other_verbs_pass_over_the_search_but_not_over_a_misspelling(tmp_path):
    assert load(write(tmp_path, TINY + GRID)) == load(write(tmp_path, TINY))
    path = write(tmp_path, TINY + GRID.replace("search", "serach"))
    with pytest.raises(NasionError, match="unknown key 'serach'"):
        load(path)
    path = write(tmp_path, TINY.replace("epochs", "epocs") + GRID)
    with pytest.raises(NasionError, match=r"unknown key 'training\.epocs'"):
        load(path)


HUNDRED = [round(0.001 * k, 3) for k in range(1, 101)]
CELLS = "\n".join(f"training.{key} = {HUNDRED}" for key in ("lr", "warmup", "weight_decay"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no table [search]"),
        ("search = 3", "no table [search]"),
        (GRID.replace("sampler", "sampel"), "'search.sampler': Field required"),
        ('[search]\nsampler = "tpe"\ntrails = 3', "unknown key 'search.trails'; known here: "),
        ('[search]\nsampler = "sobol"', "'search.sampler': Input should be"),
        (grid(""), "[search.grid] names nothing"),
        (grid("[search.ranges]\nx = 1"), "[search.ranges] is not for sampler 'grid'"),
        (grid("training.lr = {low = 1e-4, high = 1e-2}"), "'training.lr' is {"),
        (grid("training.lr = []"), "'training.lr' is an empty list"),
        (grid("training.lr = [1e-3, 1e-3]"), "holds 0.001 twice"),
        (grid("training.lr = [1, 1.0]"), "two trials would be the same"),
        (grid('training.lr = [1]\n"training.lr" = [2]'), "'training.lr' stands there twice"),
        (grid("training.rate = [1]"), "unknown key 'training.rate'; known here: init, "),
        (grid('"training.lr.x" = [1]'), "unknown key 'training.lr.x'"),
        (grid("training = [1]"), "'training' is a section"),
        (grid('data.path = ["a", "b"]'), "common to all trials"),
        (grid("training.lr = [1e-3, -1.0]"), "training.lr = -1.0: 'training.lr': Input should"),
        (grid("model.wavenet.channels = [[8], [8, 8]]"), "'model.wavenet': layers and channels"),
        (grid('training.schedule = ["cosine", "linear"]'), "schedule = linear: 'training.sched"),
        ('[search]\nsampler = "grid"\ntrials = 3\n[search.grid]\nseed = [1]', "trials is not for"),
        (ranges("seed = [1, 2]"), "give low and high, or choices"),
        (ranges("training.lr = {lo = 1}"), "unknown key 'training.lr.lo'; known here: low, high"),
        (ranges("training.lr = {low = 1.0}"), "give low and high, or choices"),
        (ranges("training.lr = {low = 2.0, high = 1.0}"), "low must be below high"),
        (ranges("training.lr = {low = 0.0, high = 1.0, log = true}"), "above 0 where log"),
        (ranges("training.lr = {low = 0.0, high = 1.0}"), "training.lr = 0.0: 'training.lr': "),
        (ranges("training.ema = {low = 0.5, high = 1.0}"), "training.ema = 1.0: 'training.ema'"),
        (ranges("seed = {choices = []}"), "give low and high, or choices"),
        (ranges("seed = {choices = [1], low = 1}"), "choices stand alone"),
        (ranges("training.batch_size = {low = 1.5, high = 4}"), "is a whole number"),
        (ranges("training.schedule = {low = 1, high = 4}"), "is no number; give choices"),
        (ranges("seed = {low = 1, high = 4}"), "only 4 different trials"),
        (ranges("seed = {low = 1, high = 4}", 'sampler = "random"\ntrials = 0'), "search.trials"),
        (ranges("seed = [1]", f'sampler = "random"\ntrials = {10**20}'), "not TOML"),
        (ranges("seed = [1]", 'sampler = "random"\ntrials = 10001'), "equal to 10000"),
        (grid(CELLS), "[search.grid] has 1,000,000 cells; 10,000 at most"),
    ],
)
def test_a_wrong_search_is_refused_before_it_costs(tmp_path, text, message):
    told = refusal(tmp_path, text)
    assert told.startswith(f"{tmp_path / 'a.toml'}: ")
    assert message in told


def test_an_unknown_metric_is_refused_and_the_known_ones_are_named(tmp_path):
    text = TINY + GRID.replace('"grid"', '"grid"\nmetric = "loss"')
    with pytest.raises(NasionError, match=r"metric is 'loss'; known are .*kld, .*auroc_macro"):
        search(write(tmp_path, text), [], folder=tmp_path / "found")
    assert not (tmp_path / "found").exists()


def test_a_grid_is_every_cell_in_order(tmp_path):
    space = space_of(tmp_path, TINY + GRID)
    sizes, channels = (8, 16), ([4], [8])
    assert list(space.draws) == [
        {"training.batch_size": size, "model.wavenet.channels": each}
        for size in sizes
        for each in channels
    ]
    experiment = space.experiment(space.draws[3])
    assert experiment.training.batch_size == 16
    assert experiment.model.wavenet.channels == (8,)
    assert experiment.model_copy(
        update={"training": space.base.training, "model": space.base.model}
    ) == load(write(tmp_path, TINY))


RANGES = ranges(
    "training.lr = {low = 1e-4, high = 1e-2, log = true}\n"
    "training.batch_size = {low = 2, high = 5}\nmodel.wavenet.channels = {choices = [[4], [8]]}",
    'sampler = "random"\ntrials = 400',
)


def test_random_draws_are_even_in_bounds_and_the_first_of_more_are_the_same(tmp_path):
    draws = space_of(tmp_path, RANGES).draws
    assert space_of(tmp_path, RANGES, "search.trials = 7").draws == draws[:7]
    assert space_of(tmp_path, RANGES, "search.seed = 1").draws[0] != draws[0]
    table = pd.DataFrame(draws)
    assert table["training.lr"].between(1e-4, 1e-2).all()
    assert 0.4 < (table["training.lr"] < 1e-3).mean() < 0.6
    counts = table["training.batch_size"].value_counts()
    assert set(counts.index) == {2, 3, 4, 5}
    assert counts.min() > 70
    assert 0.4 < (table["model.wavenet.channels"].map(json.dumps) == "[4]").mean() < 0.6


def test_the_fingerprint_is_of_what_determines_trials(tmp_path):
    common = space_of(tmp_path, RANGES).fingerprint
    same = ("search.trials = 9", "search.prune = false", 'data.path = "x"')
    assert {space_of(tmp_path, RANGES, change).fingerprint for change in same} == {common}
    others = ("search.seed = 1", 'search.metric = "kappa"', "training.epochs = 3")
    assert len({common, *(space_of(tmp_path, RANGES, each).fingerprint for each in others)}) == 4


def test_the_configurations_that_come_along_search_what_the_paper_searches():
    for name, n in (("search_grid", 9), ("search_random", 9)):
        path = CONFIGS / f"{name}.toml"
        space = read_space(path, (), load(path))
        assert len(space.draws) == n
        assert [axis.key for axis in space.axes] == ["training.batch_size", "training.lr"]


@pytest.mark.parametrize("text", [TINY, "", "seed = 2\n[data.phantoms]\npatients = 3"])
def test_a_written_configuration_loads_as_the_same_experiment(tmp_path, text):
    path = write(tmp_path, text)
    changed = {
        "name": 'a "quoted" \\ näme',
        "data": {"path": 'C:\\data "x"', "phantoms": {"path": "y"}},
        "model": {"wavenet": {"layers": [3, 2], "channels": [4, 8]}},
        "signal": {"spectrogram": {"log_range": [-5.5, 1e-7], "views": ["centre"]}},
        "training": {"lr": 1.2345678901234567e-05, "freeze_statistics": True, "epochs": 12},
    }
    experiment = parse(changed, "test")
    again = tmp_path / "b.toml"
    again.write_text(configuration(path, experiment), encoding="utf-8")
    assert load(again) == experiment


# A study without training: the objective is given.


def simple(sampler="random", trials=12, **others):
    axes = (Axis("training.lr", low=1e-4, high=1e-2, log=True), Axis("loss.beta", low=0, high=1))
    return Space(
        Search(sampler=sampler, trials=trials, ranges={"x": 1}, **others), axes, Experiment(), "a"
    )


def run(space, objective, folder, *, maximised=False):
    """The trials and the best one."""
    folder.mkdir(exist_ok=True)
    with opened(f"sqlite:///{folder}/study.db", "test", maximised=maximised) as kept:
        kept.sampler = sampler_of(space)
        study = Study(space, kept)
        study.enqueue()
        trials = list(study.work(objective))[-1]
        return trials, study.best(trials)


def importances(space, objective, folder):
    run(space, objective, folder)
    with opened(f"sqlite:///{folder}/study.db", "test", maximised=False) as kept:
        return Study(space, kept).importances()


def distance(values):
    return (np.log10(values["training.lr"]) + 3) ** 2 + 0.01 * values["loss.beta"]


@pytest.mark.parametrize("maximised", [False, True])
def test_the_best_trial_is_the_best_of_complete_ones(tmp_path, maximised):
    sign = -1 if maximised else 1
    trials, best = run(
        simple(prune=False), lambda n, v, r: sign * distance(v), tmp_path, maximised=maximised
    )
    scores = [distance(trial.values) for trial in trials]
    assert best.number == int(np.argmin(scores))
    assert [trial.values for trial in trials] == list(simple().draws)


@pytest.mark.more
def test_what_is_worse_than_the_median_after_as_many_folds_is_pruned(tmp_path):
    order = [3.0, 1.0, 2.0, 4.0, 9.0, 0.5, 2.6, 1.9]

    def objective(number, values, report):
        for fold in range(3):
            report(fold + 1, 3, order[number] - fold)  # later folds are easier
        return order[number]

    trials, _ = run(simple(trials=len(order)), objective, tmp_path / "pruned")
    states = [trial.state for trial in trials]
    assert states == ["complete"] * 4 + ["pruned", "complete", "pruned", "complete"]
    assert [trial.folds for trial in trials] == [3, 3, 3, 3, 1, 3, 1, 3]
    assert trials[4].value == 9.0
    trials, _ = run(simple(trials=len(order), prune=False), objective, tmp_path / "all")
    assert {trial.state for trial in trials} == {"complete"}


def test_a_failed_trial_is_told_and_tried_again_when_called_again(tmp_path):
    broken = True

    def objective(number, values, report):
        if number == 1 and broken:
            raise RuntimeError("out of memory\nat this size")
        return distance(values)

    trials, best = run(simple(trials=3), objective, tmp_path)
    assert [trial.state for trial in trials] == ["complete", "failed", "complete"]
    assert trials[1].error == "RuntimeError: out of memory at this size"
    assert best.number != 1
    broken = False
    again, _ = run(simple(trials=3), objective, tmp_path)
    assert [trial.state for trial in again] == ["complete"] * 3
    assert again[0] == trials[0]


def test_what_fails_at_the_first_trial_ends_the_search(tmp_path):
    calls = []

    def objective(number, values, report):
        calls.append(number)
        raise NasionError("data.path is empty")

    with pytest.raises(NasionError, match=r"data\.path is empty"):
        run(simple(trials=3), objective, tmp_path)
    assert calls == [0]


@pytest.mark.more
def test_tpe_repeats_itself(tmp_path):
    space, names = simple("tpe", 13, prune=False), ("a", "b")
    one, other = (run(space, lambda n, v, r: distance(v), tmp_path / name)[0] for name in names)
    assert [trial.values for trial in one] == [trial.values for trial in other]


def test_tpe_learns_where_it_is_good():
    late = []
    for seed in range(4):
        study = optuna.create_study(sampler=sampler_of(simple("tpe", seed=seed)))
        study.optimize(lambda trial: suggested(trial, distance), n_trials=40)
        late += [trial.value for trial in study.trials[20:]]
    assert np.median(late) < 0.15  # of random draws 0.25


def suggested(trial, objective):
    lr, beta = trial.suggest_float("lr", 1e-4, 1e-2, log=True), trial.suggest_float("beta", 0, 1)
    return objective({"training.lr": lr, "loss.beta": beta})


def test_importance_is_of_what_matters(tmp_path):
    shares = importances(simple(prune=False), lambda n, v, r: distance(v), tmp_path)
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["training.lr"] > 0.6


def test_importance_is_refused_where_nobody_can_tell(tmp_path):
    with pytest.raises(NasionError, match="here are 3 of 2"):
        importances(simple(trials=3), lambda n, v, r: distance(v), tmp_path / "few")
    with pytest.raises(NasionError, match="alike"):
        importances(simple(trials=4), lambda n, v, r: 1.0, tmp_path / "same")


# The real thing, on simulated patients.


def weights_in(folder):
    return {path: path.stat().st_mtime_ns for path in folder.glob("trials/*/fold-*/weights.*")}


def folds_apart(oof, out):
    """A file for each fold of out-of-fold predictions."""
    paths = []
    for fold, rows in pd.read_csv(oof).groupby("fold"):
        paths.append(out / f"{fold}.csv")
        rows.to_csv(paths[-1], index=False)
    return paths


@pytest.mark.more
def test_a_search_writes_what_it_found(phantoms, tmp_path):
    config, folder = write(tmp_path, TINY + GRID), tmp_path / "found"
    changes = ['search.grid."training.batch_size" = [16]', 'search.metric = "brier"']
    steps: list[tuple[int, int]] = []
    found = search(config, changes, phantoms, folder, progress=lambda *step: steps.append(step))
    assert steps[-1] == (2, 2)
    table = pd.read_csv(folder / "trials.csv")
    assert list(table["state"]) == ["complete"] * 2
    assert list(table["folds"]) == [2, 2]
    assert list(table["training.batch_size"]) == [16, 16]
    assert list(table["model.wavenet.channels"]) == ["[4]", "[8]"]
    for row in table.itertuples():
        oof = folder / row.run / "oof.csv"
        told = evaluation.evaluate(oof, None, tmp_path / "evaluation")["overall"]["brier"]
        assert row.value == pytest.approx(told, rel=1e-9)

    best = table.loc[table["value"].idxmin()]
    assert found.best.number == best["number"]
    scored = evaluation.evaluate(folder / best["run"] / "oof.csv", None, tmp_path / "evaluation")
    assert found.over_folds is not None
    assert "mean of folds {:.4f} ± {:.4f}".format(*found.over_folds) in found.summary
    unseen = set(pd.read_csv(folder / "aside.csv")["patient_id"])
    patients = set(pd.read_csv(phantoms / "train.csv")["patient_id"])
    assert set(pd.read_csv(folder / best["run"] / "oof.csv")["patient_id"]) == patients - unseen
    judged = evaluation.evaluate(folder / "judged.csv", None, tmp_path / "evaluation")["overall"]
    assert found.judged.n_patients == judged["n_patients"] == len(unseen) == 5
    assert found.judged.estimate.value == pytest.approx(judged["brier"])
    first, second, *_ = found.summary.splitlines()
    low, high = found.judged.estimate.ci95
    assert first == (
        f"brier {found.judged.estimate.value:.4f} (95 % interval {low:.4f} to {high:.4f}): "
        f"trial {found.best.number} on 5 patients that no trial saw"
    )
    assert second.startswith(f"chosen by brier {found.best.value:.4f} (mean of folds ")
    told = json.loads((folder / "best.json").read_text())
    assert told["aside"]["value"] == found.judged.estimate.value
    assert told["chosen_by"] == found.best.value
    alone = [
        evaluation.evaluate(path, None, tmp_path / "evaluation")["overall"]["brier"]
        for path in folds_apart(folder / best["run"] / "oof.csv", tmp_path)
    ]
    assert len(alone) == len(scored["folds"]) == 2
    assert found.over_folds == pytest.approx((np.mean(alone), np.std(alone, ddof=1)))
    whole = load(folder / "best.toml")
    assert whole == load(
        config,
        (
            f'data.path = "{phantoms}"',
            "training.batch_size = 16",
            f"model.wavenet.channels = {best['model.wavenet.channels']}",
        ),
    )
    alone = crossval(whole, Run(tmp_path / "alone"), aside=unseen)
    pd.testing.assert_frame_equal(pd.read_csv(alone), pd.read_csv(folder / best["run"] / "oof.csv"))
    for name in ("history", "slices"):
        assert "<svg" in (folder / f"{name}.svg").read_text(encoding="utf-8")
        assert (folder / f"{name}.png").stat().st_size > 5000
    assert not (folder / "importance.svg").exists()
    assert found.notes == (
        "importance is left out: it takes 4 complete trials of 2 settings, here are 2 of 2",
    )
    assert found.notes[0] in found.summary

    # Another study over the same folder computes no fold again.
    before = weights_in(folder)
    again = search(config, changes, phantoms, folder, storage=f"sqlite:///{tmp_path}/other.db")
    assert weights_in(folder) == before
    assert again.best.value == found.best.value
    with pytest.raises(NasionError, match="another search or experiment"):
        search(config, [*changes, "training.epochs = 2"], phantoms, folder)


KILLED = """
import sys
from pathlib import Path
from nasion.study.search import search
search(Path(sys.argv[1]), [], Path(sys.argv[2]), Path(sys.argv[3]))
"""


@pytest.mark.slow
def test_a_search_that_was_killed_goes_on_as_if_it_had_not_been(phantoms, tmp_path, monkeypatch):
    config, folder = write(tmp_path, TINY + GRID), tmp_path / "found"
    whole = search(config, [], phantoms, tmp_path / "whole")
    given = [sys.executable, "-c", KILLED, str(config), str(phantoms), str(folder)]
    with subprocess.Popen(given, stdout=subprocess.DEVNULL) as killed:
        while len(weights_in(folder)) < 3:
            assert killed.poll() is None
            time.sleep(0.01)
        os.kill(killed.pid, signal.SIGKILL)
    before = weights_in(folder)
    assert len(before) < 8
    monkeypatch.setattr(storage, "GRACE_S", 1)
    monkeypatch.setattr(studies, "POLL_S", 0.2)
    found = search(config, [], phantoms, folder)
    after = weights_in(folder)
    assert len(after) == 8
    assert {path: after[path] for path in before} == before, "a finished fold was fitted again"
    assert (folder / "importance.svg").exists()
    assert found.notes == ()
    for one, other in zip(found.trials, whole.trials, strict=True):
        assert replace(one, seconds=None) == replace(other, seconds=None)
    temporary = [path for path in folder.rglob(".*") if path.name != ".lock"]
    assert temporary == []
