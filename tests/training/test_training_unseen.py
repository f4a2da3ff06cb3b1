"""No number from rows that were learned from: every verb refuses, or marks what it writes."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from hms_folder import noise, segment, write_hms
from nasion.cli import app
from nasion.contract import PACKAGED
from nasion.errors import NasionError
from nasion.evaluation.system import open_system
from nasion.provenance import Provenance
from nasion.seen import Seen
from nasion.simulation import Simulation
from nasion.study.data_set import simulate
from nasion.terms import MIRRORED_COLUMNS
from nasion.training.run import Run

CONFIG = """
[data]
n_folds = 2
[signal.spectrogram]
views = ["centre"]
[model]
modality = "waveform"
n_features = 8
[model.wavenet]
channels = [4]
hemispheres = "shared"
[training]
epochs = 1
batch_size = 8
precision = "float32"
"""
PATIENTS, EEGS = 4, 8


def verb(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def done(*arguments):
    result = verb(*arguments)
    assert result.exception is None, result.exception
    return result


def refused(*arguments):
    """The one line, which says how many are shared and what may be done."""
    result = verb(*arguments)
    assert isinstance(result.exception, NasionError), (result.exception, result.output)
    message = str(result.exception)
    assert "\n" not in message
    assert "--allow-seen" in message
    return message


def said(path):
    return json.loads(path.read_text())


def row(eeg_id, patient_id, **more):
    votes = np.roll((3, 1, 0, 0, 0, 0), eeg_id)
    return segment(eeg_id, tuple(votes), patient_id=patient_id, **more)


def folder_of(path, pairs):
    """A data set of these (EEG, patient); an EEG of one number has the same samples anywhere."""
    signals = {eeg_id: noise(10, eeg_id) for eeg_id, _ in pairs}
    return write_hms(path, [row(*pair) for pair in pairs], signals=signals)


PAIRS = [(number, number // 2) for number in range(2, 2 + EEGS)]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Data, a cross-validated run that learned from them, and the same run begun without folds."""
    parent = tmp_path_factory.mktemp("unseen")
    config = parent / "small.toml"
    config.write_text(CONFIG)
    (parent / "folds.csv").write_text("patient_id,fold\n1,0\n2,0\n3,1\n4,1\n")
    folds = f'data.folds="{parent}/folds.csv"'
    data, run = folder_of(parent / "data", PAIRS), parent / "runs" / "first"
    done("crossval", config, "--data", data, "--out", run, "--no-export", "--set", folds)
    return SimpleNamespace(config=config, data=data, run=run, runs=run.parent)


def crossval(made, out, *more, data=None, init=None, verb="crossval"):
    given = ["--data", data or made.data, "--init", init or made.run, "--out", out]
    if verb != "search":
        given.append("--no-export")
    return [verb, made.config, *given, *more]


def test_a_start_that_learned_from_the_rows_is_refused_and_nothing_is_begun(made):
    out = made.runs / "again"
    message = refused(*crossval(made, out))
    assert message.startswith(f"{made.data}: {made.run} learned from 2 patients and 4 EEGs of it")
    assert not out.exists()


@pytest.mark.more
def test_allowed_it_marks_run_oof_metrics_and_report(made):
    out = made.runs / "marked"
    folds = ("--set", f'data.folds="{made.run}/folds.csv"')
    shown = done(*crossval(made, out, "--allow-seen", *folds))
    seen = Seen(2, 4)
    assert seen.warning in shown.stderr
    assert Run(out).seen == Seen.beside(out / "oof.csv") == seen
    shown = done("evaluate", out)
    assert seen.warning in shown.stdout
    assert said(out / "evaluation" / "metrics.json")["seen"] == said(out / "run.json")["seen"]
    assert seen.warning in (out / "evaluation" / "report.html").read_text()
    assert "seen" not in said(made.run / "run.json")
    # Nor does a blend take what is marked, unless it is marked itself.
    members = ["blend", made.run, out, "--out", made.runs / "blend"]
    assert f"{out}: its start learned from 2 patients" in refused(*members)
    assert seen.warning in done(*members, "--allow-seen").stderr
    assert said(made.runs / "blend" / "blend.json")["seen"]["patients"] == 2
    assert Seen.beside(made.runs / "blend" / "oof.csv") == seen


def test_what_a_fit_held_out_may_be_held_out_by_one_that_starts_from_it(made):
    folds = ("--set", f'data.folds="{made.run}/folds.csv"')
    train = crossval(made, made.runs / "fold", *folds, verb="train")
    done(*train, "--fold", "0")  # the first fit is where it starts, and did not see fold 0
    assert "learned from 2 patients and 4 EEGs" in refused(*train, "--fold", "1")
    done(*train)  # nothing is held out, so no number comes of it
    both = Provenance.of(made.runs / "fold")
    assert len(both.sources) == 2
    assert both.sources[1] == Provenance.of(made.run).sources[0].of_fit(0)


def subset(path):
    return folder_of(path, PAIRS[:5]), (3, 5)


def renamed(path):
    """Other numbers, parquet written anew in another order and type."""
    folder_of(path, PAIRS)
    for eeg_id, _ in PAIRS:
        file = path / "train_eegs" / f"{eeg_id}.parquet"
        table = pd.read_parquet(file).astype(np.float64).iloc[:, ::-1].assign(note="x")
        table.to_parquet(file.with_name(f"{eeg_id + 500}.parquet"), compression="zstd")
        file.unlink()
    rows = pd.read_csv(path / "train.csv")
    rows = rows.assign(eeg_id=rows.eeg_id + 500, patient_id=rows.patient_id * 31)
    rows.to_csv(path / "train.csv", index=False)
    return path, (PATIENTS, EEGS)


def altered(path):
    """Pieces of the EEGs, mirrored, against another reference, at another gain, renumbered."""
    signals = {}
    for eeg_id, _ in PAIRS:
        piece = noise(10, eeg_id)[:, 150:]
        signals[eeg_id + 500] = 0.7 * (piece - piece[3])[MIRRORED_COLUMNS]
    rows = [row(eeg_id + 500, patient_id * 31) for eeg_id, patient_id in PAIRS]
    return write_hms(path, rows, signals=signals), (PATIENTS, EEGS)


def other_rows(path):
    """New EEGs of two of the patients, in a copy of the folder."""
    folder_of(path, PAIRS)
    return folder_of(path, [(90, 1), (91, 2), (92, 77)]), (2, 0)


def stranger(path):
    """Another data set that counts its patients and EEGs from 1, too."""
    rows = [row(eeg_id, patient_id) for eeg_id, patient_id in PAIRS]
    return write_hms(path, rows, signals={i: noise(10, 1000 + i) for i, _ in PAIRS}), (0, 0)


SETS = (subset, renamed, altered, other_rows, stranger)


@pytest.mark.parametrize("data_set", SETS)
def test_predict_and_calibrate_know_patients_and_eegs_again(made, data_set, tmp_path):
    data, (patients, eegs) = data_set(tmp_path / "data")
    predict = ["predict", data, "--run", made.run, "-o", tmp_path / "p.csv"]
    calibrate = ["calibrate", data, tmp_path / "copy", "--run", made.run]
    for command in (predict, calibrate) if patients else ():
        message = refused(*command)
        assert f"{patients} patients and {eegs} EEGs" in message
    assert not (tmp_path / "p.csv").exists()
    assert not (tmp_path / "copy").exists()
    mark = tmp_path / "p.seen.json"
    mark.write_text("{}")  # of an earlier file of that name
    allow = ["--allow-seen"] * bool(patients)
    done(*predict, *allow)
    done(*calibrate, *allow)
    assert Seen.beside(tmp_path / "p.csv") == Run(tmp_path / "copy").seen == Seen(patients, eegs)
    assert mark.exists() == bool(patients)
    assert open_system([tmp_path / "p.csv"]).seen == Seen(patients, eegs)


def test_a_copy_knows_the_segments_it_was_calibrated_on_but_its_weights_do_not(made, tmp_path):
    data, _ = stranger(tmp_path / "data")
    copy = tmp_path / "copy"
    done("calibrate", data, copy, "--run", made.run)
    message = refused("predict", data, "--run", copy, "-o", tmp_path / "p.csv")
    assert f"{copy} learned from {PATIENTS} patients and {EEGS} EEGs" in message
    done(*crossval(made, tmp_path / "runs" / "fine", data=data, init=copy))


@pytest.mark.more
def test_explain_refuses_what_no_fold_held_out(made, tmp_path):
    data, _ = renamed(tmp_path / "data")
    explain = ["explain", data, "--run", made.run, "--eeg-id", "502", "-o", tmp_path]
    assert "1 patient and 1 EEG of it" in refused(*explain)
    done(*explain, "--allow-seen")
    (picture,) = tmp_path.glob("*.png")
    assert Seen.beside(picture) == Seen(1, 1)


@pytest.mark.more
def test_search_refuses_before_its_first_trial_and_marks_its_folder(made, tmp_path):
    made.config.with_name("search.toml").write_text(
        f'{CONFIG}[search]\nsampler = "grid"\n[search.grid]\n"training.lr" = [0.01]\n'
    )
    there = SimpleNamespace(**{**vars(made), "config": made.config.with_name("search.toml")})
    search = crossval(there, tmp_path / "search", verb="search")
    assert "2 patients and 4 EEGs" in refused(*search)
    assert not (tmp_path / "search" / "trials.csv").exists()
    shown = done(*search, "--allow-seen")
    assert Seen(2, 4).warning in shown.stdout
    assert said(tmp_path / "search" / "search.json")["seen"]["eegs"] == 4


def test_packed_and_fine_tuned_runs_carry_it_on(made, tmp_path):
    done("pack", made.run, tmp_path / "packed")
    assert Provenance.of(tmp_path / "packed") == Provenance.of(made.run)
    data, _ = stranger(tmp_path / "data")
    tuned = tmp_path / "runs" / "tuned"
    done(*crossval(made, tuned, data=data, init=tmp_path / "packed"))
    before = Provenance.of(tuned)
    done(*crossval(made, tuned, data=data, init=tmp_path / "packed"))  # goes on
    assert Provenance.of(tuned) == before
    message = refused("predict", made.data, "--run", tuned, "-o", tmp_path / "p.csv")
    assert "2 patients and 4 EEGs" in message  # of the fold that the start learned from


@pytest.mark.more
def test_whatever_form_the_weights_are_given_away_in_knows_altered_eegs(made, tmp_path):
    data, (patients, eegs) = altered(tmp_path / "data")
    published = tmp_path / "published"
    done("publish", made.run, published, "--name", "ours", "--licence", "MIT")
    done("state", published / "model.onnx", "--licence", "Apache-2.0")
    other = made.runs / "other"
    folds = ("--set", f'data.folds="{made.run}/folds.csv"', "--set", "seed=5", "--no-export")
    done("crossval", made.config, "--data", made.data, "--out", other, *folds)
    done("blend", made.run, other, "--out", made.runs / "both")
    for form in (published, published / "model.onnx", made.runs / "both"):
        message = refused("predict", data, "--run", form, "-o", tmp_path / "p.csv")
        assert f"learned from {patients} patients and {eegs} EEGs" in message


def test_an_older_run_is_told_by_its_table_alone_and_says_so(made, tmp_path, caplog):
    old = tmp_path / "old"
    shutil.copytree(made.run, old)
    (old / "provenance.json").unlink()
    predict = ["predict", made.data, "--run", old, "-o", tmp_path / "p.csv"]
    assert f"{PATIENTS} patients and {EEGS} EEGs" in refused(*predict)
    data, _ = subset(tmp_path / "subset")
    assert not caplog.records
    done("predict", data, "--run", old, "-o", tmp_path / "p.csv")
    (record,) = caplog.records
    assert "made before patients and EEGs were kept" in record.getMessage()


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated") / "data"
    simulate(folder, n_patients=3, seed=1, segments_per_patient=1, short_share=1.0)
    return folder


def test_a_simulated_seed_that_weights_learned_from_is_refused(simulated, tmp_path):
    predict = ["predict", simulated, "-o", tmp_path / "p.csv"]
    for run in ((), ("--run", PACKAGED)):
        message = refused(*predict, *run)
        assert "3 patients and 0 EEGs (simulated with seed 1)" in message
        assert "another --seed" in message
    simulation = Simulation.of(simulated)
    other = tmp_path / "other"
    shutil.copytree(simulated, other)
    Simulation(2, simulation.patients).save(other)
    done("predict", other, "-o", tmp_path / "p.csv")
    assert Seen.beside(tmp_path / "p.csv") == Seen()
    done(*predict, "--allow-seen")
    assert Seen.beside(tmp_path / "p.csv") == Seen(3, 0, (1,))


def test_a_second_stage_may_hold_out_simulated_patients_that_its_start_held_out(made, tmp_path):
    data = tmp_path / "data"
    simulate(data, n_patients=4, seed=5, segments_per_patient=1, short_share=1.0)
    folds = ("--set", f'data.folds="{made.run}/folds.csv"', "--fold", "0", "--no-export")
    first, second = tmp_path / "runs" / "first", tmp_path / "runs" / "second"
    train = ["train", made.config, "--data", data, *folds, "--out"]
    done(*train, first)
    done(*train, second, "--init", first)
    again = ["train", made.config, "--data", data, "--init", first, "--out", tmp_path / "other"]
    message = refused(*again, *folds[:2], "--fold", "1", "--no-export")
    assert "learned from 2 patients" in message
    assert len(Provenance.of(second).simulations) == 3  # both folds, and whom the start learned


def test_own_rows_must_not_be_the_simulated_patients_beside_them(made, simulated, tmp_path):
    beside = ["--set", f'data.phantoms.path="{simulated}"']
    given = ["--data", simulated, "--out", tmp_path / "runs" / "own", "--no-export", *beside]
    assert "every fit (data.phantoms)" in refused("crossval", made.config, *given)
    done("crossval", made.config, "--data", made.data, *given[2:])
    message = refused("predict", simulated, "--run", given[3], "-o", tmp_path / "p.csv")
    assert "simulated with seed 1" in message
