"""An average of fits: a mean of weights that has learned from all that they learned from."""

import pytest
import torch

from nasion.calibration import Calibration
from nasion.config import parse
from nasion.errors import NasionError
from nasion.files import write_json
from nasion.models import checkpoint
from nasion.models.fusion import MultimodalNet
from nasion.provenance import Provenance
from nasion.simulation import LEARNED, Simulation
from nasion.training.averaging import average
from nasion.training.run import Run

SMALL = {
    "signal": {"spectrogram": {"views": ["centre"]}},
    "model": {
        "modality": "waveform",
        "wavenet": {"channels": [4], "hemispheres": "shared"},
        "n_features": 8,
    },
}
WIDER = {**SMALL, "model": {**SMALL["model"], "n_features": 16}}
FOLDS = "patient_id,fold\n1,0\n2,1\n"


def made(folder, *, folds=("all",), seed=0, settings=SMALL, table=FOLDS):
    """A RUN of untrained fits that learned from simulated patients of its seed."""
    experiment = parse(settings, "settings")
    run = Run(folder)
    folder.mkdir()
    write_json(folder / "config.json", experiment.model_dump(mode="json"))
    write_json(folder / "run.json", {"schema": 1, "experiment": folder.name, "labels": "x"})
    (folder / "history.csv").write_text("fold,epoch\n")
    (folder / "folds.csv").write_text(table)
    for number, fold in enumerate(folds):
        torch.manual_seed(100 * seed + number)
        path = run.fold_folder(fold) / checkpoint.FILE_NAME
        checkpoint.save(path, MultimodalNet(experiment), experiment)
        Calibration(2.0).save(path.with_name("calibration.json"))
    Provenance(simulations=(Simulation.drawn(seed, 10, 0.0),)).save(folder)
    return run


def weights(run):
    return {fit.fold: fit.net.state_dict() for fit in run.ensemble().fits}


def close(state, expected):
    torch.testing.assert_close(dict(state), dict(expected))


def test_each_weight_is_the_mean_by_shares(tmp_path):
    one, other = made(tmp_path / "one", seed=1), made(tmp_path / "other", seed=2)
    result = weights(average([one, other], tmp_path / "mean", shares=[3, 1]))["all"]
    first, second = weights(one)["all"], weights(other)["all"]
    expected = {
        name: 0.75 * value + 0.25 * second[name] if value.is_floating_point() else second[name]
        for name, value in first.items()
    }
    assert any(not torch.equal(value, second[name]) for name, value in first.items())
    close(result, expected)


def test_of_a_run_and_itself_comes_the_run(tmp_path):
    run = made(tmp_path / "one")
    result = average([run, run], tmp_path / "mean")
    close(weights(result)["all"], weights(run)["all"])
    assert result.ensemble().fits[0].calibration.temperature == pytest.approx(2.0)


def test_its_calibration_is_the_mean_of_theirs(tmp_path):
    one, other = made(tmp_path / "one"), made(tmp_path / "other")
    Calibration(0.5, (0.3, 0, 0, 0, 0, -0.3)).save(other.fold_folder("all") / "calibration.json")
    calibration = average([one, other], tmp_path / "mean").ensemble().fits[0].calibration
    assert calibration.temperature == pytest.approx(1.0)
    assert calibration.bias == pytest.approx((0.15, 0, 0, 0, 0, -0.15))


def test_fits_of_a_run_share_alike(tmp_path):
    folded = made(tmp_path / "folded", folds=("0", "1"))
    single = made(tmp_path / "single", seed=3)
    result = weights(average([folded, single], tmp_path / "mean"))["all"]
    a, b, c = weights(folded)["0"], weights(folded)["1"], weights(single)["all"]
    for name in ("head.weight", *result):
        if name in result and result[name].is_floating_point():
            torch.testing.assert_close(result[name], (a[name] + b[name]) / 4 + c[name] / 2)


def test_by_fold_each_holds_out_whom_its_fits_held_out(tmp_path):
    start = made(tmp_path / "start", seed=3)
    folded = made(tmp_path / "folded", folds=("0", "1"))
    result = average([folded, start], tmp_path / "mean", shares=[1, 1], by_fold=True)
    assert (result.folder / "folds.csv").read_text() == FOLDS
    for fold, state in weights(result).items():
        alone = weights(folded)[fold]
        name = next(name for name, value in state.items() if value.is_floating_point())
        expected = (alone[name] + weights(start)["all"][name]) / 2
        torch.testing.assert_close(state[name], expected)
    assert list(weights(result)) == ["0", "1"]


def test_it_learned_from_all_that_any_learned_from(tmp_path):
    runs = [made(tmp_path / f"run-{seed}", seed=seed) for seed in (4, 5)]
    learned = average(runs, tmp_path / "mean").provenance.simulations
    assert {(simulation.seed, simulation.fold) for simulation in learned} == {
        (4, LEARNED),
        (5, LEARNED),
    }
    averaged = Run(tmp_path / "mean").about()["averaged"]
    assert [(part["experiment"], part["share"]) for part in averaged] == [
        ("run-4", 0.5),
        ("run-5", 0.5),
    ]


@pytest.mark.parametrize(
    ("others", "options", "words"),
    [
        ({"settings": WIDER}, {}, "are of different models"),
        ({}, {"shares": [1.0]}, "2 runs need as many shares"),
        ({}, {"shares": [1.0, -1.0]}, "each above 0"),
        ({}, {"shares": [1.0, float("nan")]}, "each above 0"),
        ({}, {"by_fold": True}, "no run has folds"),
    ],
)
def test_what_has_no_mean_is_refused_and_leaves_nothing(tmp_path, others, options, words):
    runs = made(tmp_path / "one"), made(tmp_path / "other", **others)
    with pytest.raises(NasionError, match=words):
        average(runs, tmp_path / "mean", **options)
    assert not (tmp_path / "mean").exists()


@pytest.mark.parametrize(
    ("folds", "table", "words"),
    [
        (("0", "1"), "patient_id,fold\n1,1\n2,0\n", "has other folds"),
        (("0", "2"), FOLDS, "has not finished"),
    ],
)
def test_other_folds_are_refused(tmp_path, folds, table, words):
    one = made(tmp_path / "one", folds=("0", "1"))
    other = made(tmp_path / "other", folds=folds, table=table)
    with pytest.raises(NasionError, match=words):
        average([one, other], tmp_path / "mean", by_fold=True)


def test_a_folder_that_is_there_stays_as_it_is(tmp_path):
    run = made(tmp_path / "one")
    with pytest.raises(NasionError, match="exists already"):
        average([run, run], run.folder)
