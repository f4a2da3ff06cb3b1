"""A blend: weights that no other weights beat, judged on patients they were not fitted on."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from nasion.config import parse
from nasion.errors import NasionError
from nasion.evaluation.evaluation import evaluate
from nasion.files import write_json
from nasion.hms.census import Census
from nasion.hms.segments import load_segments
from nasion.out_of_fold import OutOfFold
from nasion.prediction import predict
from nasion.study.data_set import simulate
from nasion.terms import VOTE_COLUMNS
from nasion.training.blending import Blend, blend, fitted_weights, is_blend
from nasion.training.calibrating import of_single_fits
from nasion.training.crossval import crossval
from nasion.training.run import Run

SMALL = {
    "signal": {"spectrogram": {"views": ["centre"]}},
    "model": {
        "modality": "waveform",
        "wavenet": {"channels": [4], "hemispheres": "shared"},
        "n_features": 8,
    },
    "training": {"epochs": 1, "batch_size": 8, "precision": "float32"},
}


def softmax(logits):
    raised = np.exp(logits - logits.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True)


def divergence(target, prediction):
    ratio = np.log(np.clip(target, 1e-15, None)) - np.log(prediction)
    return float((target * ratio).sum(1).mean())


def rows(n=600, seed=0):
    """Log odds of what is true, and votes on it."""
    rng = np.random.default_rng(seed)
    logits = 1.5 * rng.standard_normal((n, 6))
    return logits, np.array([rng.multinomial(5, share) for share in softmax(logits)])


def guesses(logits, noise, seed):
    return softmax(logits + noise * np.random.default_rng(100 + seed).standard_normal(logits.shape))


def written(folder, predictions, votes, *, n_folds=3, repeated=1):
    """A RUN as far as a blend reads it: three EEGs a patient, rows of an EEG with equal votes."""
    row = np.repeat(np.arange(len(votes)), repeated)
    table = pd.DataFrame({"fold": row // 3 % n_folds, "eeg_id": row})
    table["eeg_sub_id"] = table.groupby("eeg_id").cumcount()
    table["patient_id"] = row // 3
    OutOfFold(table, predictions[row], votes[row]).write(folder / "oof.csv")
    write_json(folder / "run.json", {"schema": 1, "experiment": folder.name, "labels": "x"})
    fitted = of_single_fits(predictions, votes / votes.sum(1, keepdims=True))
    for fold in range(n_folds):
        fitted.save(folder / f"fold-{fold}" / "calibration.json")
    return Run(folder)


def test_no_other_weights_of_three_runs_are_better():
    logits, votes = rows()
    target = votes / votes.sum(1, keepdims=True)
    each = np.stack([guesses(logits, noise, k) for k, noise in enumerate((0.5, 1.0, 2.0))])
    weights = fitted_weights(each, target)
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()
    found = divergence(target, np.tensordot(weights, each, 1))
    grid = [
        (a, b, 1 - a - b) for a in np.arange(0, 1.01, 0.05) for b in np.arange(0, 1.01 - a, 0.05)
    ]
    least = min(divergence(target, np.tensordot(np.abs(w), each, 1)) for w in grid)
    assert found <= least + 1e-6
    assert weights[0] > weights[1] > weights[2]


def test_what_adds_nothing_gets_no_weight():
    logits, votes = rows()
    good, noise = guesses(logits, 0.1, 1), softmax(np.random.default_rng(2).normal(size=(600, 6)))
    weights = fitted_weights(np.stack([good, noise]), votes / votes.sum(1, keepdims=True))
    np.testing.assert_allclose(weights, [1, 0], atol=0.02)


@pytest.mark.more
def test_two_runs_that_err_apart_are_better_together(tmp_path):
    logits, votes = rows()
    runs = [written(tmp_path / f"run-{k}", guesses(logits, 1 + k / 10, k), votes) for k in range(2)]
    steps = blend(runs, tmp_path / "blend")
    assert steps.best.folder.name == "run-0"
    assert divergence(steps.target, steps.after) < divergence(steps.target, steps.before) - 0.02
    assert steps.blend.calibration.temperature < 1  # a mean of two is softer than it is right
    read = Blend.load(tmp_path / "blend")
    assert read == Blend(
        tuple(Run(tmp_path / "blend" / f"../run-{k}") for k in range(2)),
        steps.blend.weights,
        steps.blend.calibration,
    )
    # The folder is evaluated like a run, with the very rows of the blend.
    scores = evaluate(tmp_path / "blend", None, tmp_path / "evaluation")["overall"]
    assert scores["kld"] == pytest.approx(divergence(steps.target, steps.after))


def test_a_row_is_judged_by_what_was_fitted_without_its_fold(tmp_path):
    logits, votes = rows(90)
    runs = [written(tmp_path / f"run-{k}", guesses(logits, 1, k), votes) for k in range(2)]
    blend(runs, tmp_path / "one")
    first = OutOfFold.read(runs[0].out_of_fold).names["fold"].to_numpy() == 0
    one = OutOfFold.read(tmp_path / "one" / "oof.csv")
    turned = votes.copy()
    turned[first] = votes[first][:, ::-1]
    for k, run in enumerate(runs):
        shutil.rmtree(run.folder)
        written(run.folder, guesses(logits, 1, k), turned)
    blend(runs, tmp_path / "other")
    other = OutOfFold.read(tmp_path / "other" / "oof.csv")
    same = np.isclose(one.probability, other.probability).all(1)
    assert same[first].all()  # its own votes have no say
    assert not same[~first].any()


def test_few_votes_and_repeated_rows_of_a_period_do_not_count(tmp_path):
    logits, votes = rows(120)
    votes[::2] *= 2
    more = {"repeated": 3}
    runs = [written(tmp_path / f"run-{k}", guesses(logits, 1, k), votes, **more) for k in range(2)]
    found = blend(runs, tmp_path / "blend", votes=10)
    assert len(found.target) == 60
    content = json.loads((tmp_path / "blend" / "blend.json").read_text())
    assert content["votes"] == 10
    assert len(pd.read_csv(tmp_path / "blend" / "oof.csv")) == 360
    with pytest.raises(NasionError, match="no row has 11 votes"):
        blend(runs, tmp_path / "other", votes=11)
    assert not (tmp_path / "other").exists()


def test_how_often_a_period_is_repeated_changes_nothing(tmp_path):
    logits, votes = rows(120)
    times = np.where(votes.argmax(1) == 3, 30, np.random.default_rng(0).integers(1, 4, 120))
    tables, contents = [], []
    for name, repeated in (("once", 1), ("often", times)):
        runs = [
            written(tmp_path / name / f"run-{k}", guesses(logits, 1, k), votes, repeated=repeated)
            for k in range(2)
        ]
        blend(runs, tmp_path / name / "blend")
        rows_of = OutOfFold.read(tmp_path / name / "blend" / "oof.csv")
        first = ~rows_of.names["eeg_id"].duplicated()
        tables.append(rows_of.probability[first])
        contents.append(json.loads((tmp_path / name / "blend" / "blend.json").read_text()))
    np.testing.assert_allclose(*tables, atol=1e-12)
    assert contents[0] == contents[1]


def test_runs_that_do_not_match_are_refused_in_one_line(tmp_path):
    logits, votes = rows(60)
    said = guesses(logits, 1, 0)
    first = written(tmp_path / "first", said, votes)
    others = {
        "other folds": written(tmp_path / "folds", said, votes, n_folds=4),
        "other segments": written(tmp_path / "fewer", said[:30], votes[:30]),
        "other patients or votes": written(tmp_path / "votes", said, votes[::-1]),
        "each once": first,
        "not an oof.csv": written(tmp_path / "broken", said, votes),
        "run nasion crossval": written(tmp_path / "none", said, votes),
        "not a run folder": written(tmp_path / "no-run", said, votes),
    }
    (tmp_path / "broken" / "oof.csv").write_text("a,b\n1,2\n")
    (tmp_path / "none" / "oof.csv").unlink()
    (tmp_path / "no-run" / "run.json").unlink()
    for message, other in others.items():
        with pytest.raises(NasionError, match=message) as caught:
            blend([first, other], tmp_path / "blend")
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "blend").exists()
    with pytest.raises(NasionError, match="two runs or more"):
        blend([first], tmp_path / "blend")
    with pytest.raises(NasionError, match="exists already"):
        blend([first, others["other folds"]], tmp_path / "first")


@pytest.fixture(scope="module")
def runs(phantoms, tmp_path_factory):
    """Two seeds of a tiny net on the same folds."""
    folder = tmp_path_factory.mktemp("runs")
    found = [Run(folder / f"seed-{seed}") for seed in range(2)]
    for seed, run in enumerate(found):
        folds = "" if seed == 0 else str(found[0].folder / "folds.csv")
        data = {"path": str(phantoms), "n_folds": 2, "folds": folds}
        crossval(parse({**SMALL, "seed": seed, "data": data}, "test"), run)
    blend(found, folder / "blend")
    return folder


def test_a_blend_predicts_the_weighted_mean_of_its_runs(runs, tmp_path, phantoms):
    simulate(tmp_path / "new", n_patients=3, seed=9, segments_per_patient=1, short_share=1.0)
    segments = load_segments(tmp_path / "new")
    found = Blend.load(runs / "blend")
    assert is_blend(runs / "blend")
    assert not is_blend(runs / "seed-0")
    table = found.predict(segments)
    each = [predict(segments, run.ensemble()) for run in found.runs]
    pd.testing.assert_frame_equal(table[["eeg_id"]], each[0][["eeg_id"]])
    mean = sum(
        weight * one[list(VOTE_COLUMNS)].to_numpy()
        for weight, one in zip(found.weights, each, strict=True)
    )
    expected = found.calibration.apply(mean)
    np.testing.assert_allclose(table[list(VOTE_COLUMNS)], expected, atol=1e-12)
    shared = found.provenance.shared_with(Census(load_segments(phantoms)))
    assert len(shared.patients) == load_segments(phantoms).table["patient_id"].nunique()
    with pytest.raises(NasionError, match="is a blend of runs; give one of those"):
        Run(runs / "blend").pack(tmp_path / "packed")


def test_packed_runs_beside_a_blend_predict_alike_and_others_are_refused(runs, tmp_path):
    simulate(tmp_path / "new", n_patients=3, seed=9, segments_per_patient=1, short_share=1.0)
    segments, away = load_segments(tmp_path / "new"), tmp_path / "away"
    for name in ("seed-0", "seed-1"):
        Run(runs / name).pack(away / name)
    shutil.copytree(runs / "blend", away / "blend")
    here, there = (Blend.load(folder / "blend").predict(segments) for folder in (runs, away))
    columns = list(VOTE_COLUMNS)
    np.testing.assert_allclose(here[columns], there[columns], atol=5e-3)

    about = json.loads((away / "seed-1" / "run.json").read_text())
    write_json(away / "seed-1" / "run.json", {**about, "experiment": "other"})
    with pytest.raises(NasionError, match="another run than was blended"):
        Blend.load(away / "blend")
    for content, message in (({"schema": 2}, "schema 2"), ({"schema": 1}, "not a blend")):
        write_json(away / "blend" / "blend.json", content)
        with pytest.raises(NasionError, match=message):
            Blend.load(away / "blend")
