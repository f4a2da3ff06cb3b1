"""What a user meets: verbs from end to end, and one line for every mistake."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import nasion
from nasion.cli import app
from nasion.errors import NasionError
from nasion.terms import PATTERNS, VOTE_COLUMNS

SMALL = Path(nasion.__file__).parents[2] / "configs" / "small.toml"
FEW = ("--set", "training.epochs=1", "--set", "data.n_folds=2", "--set", "training.batch_size=8")
QUICK = (*FEW, "--no-export")


def nasion_verb(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def said(*arguments):
    result = nasion_verb(*arguments)
    assert result.exception is None, result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*arguments):
    """The one line of a mistake."""
    result = nasion_verb(*arguments)
    assert isinstance(result.exception, NasionError), (result.exception, result.output)
    message = str(result.exception)
    assert "\n" not in message
    return message


def test_help_is_quick_and_light():
    code = (
        "import sys, nasion.cli; heavy = {'torch', 'mne', 'matplotlib', 'pandas', 'scipy'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
    verbs = said("--help")
    for verb in ("demo", "simulate", "check", "convert", "train", "crossval", "predict"):
        assert verb in verbs


def test_every_verb_is_told_and_exists():
    root = SMALL.parents[1]
    readme, commands = ((root / name).read_text() for name in ("README.md", "docs/commands.md"))
    verbs = {command.name or command.callback.__name__ for command in app.registered_commands}
    told = set(re.findall(r"^\| `nasion ([a-z]+)", commands, re.MULTILINE))
    assert told == verbs
    assert set(re.findall(r"\bnasion ([a-z]+)", readme)) - {"reads"} <= verbs
    for target in re.findall(r"^make ([a-z-]+)", readme, re.MULTILINE):
        assert f"\n{target}:" in (SMALL.parents[1] / "Makefile").read_text()


def test_a_mistake_is_one_line_and_exit_code_two(tmp_path):
    command = [sys.executable, "-m", "nasion", "check", str(tmp_path / "absent.edf")]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    assert shown.returncode == 2
    assert shown.stdout == ""
    assert shown.stderr.strip().splitlines() == [f"nasion: {tmp_path / 'absent.edf'}: not found"]


@pytest.mark.more
def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(phantoms, tmp_path):
    main = "from nasion.cli import main; main()"
    verbs = {
        "simulate": ("simulate", tmp_path / "simulate", "--patients", 1),
        "prepare": ("prepare", SMALL, "--data", phantoms, "--store", tmp_path / "prepare"),
    }
    for folder, verb in verbs.items():
        # What a file may hold is what a full disk would take.
        limited = f"import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (4096,) * 2); {main}"
        shown = subprocess.run(
            [sys.executable, "-c", limited, *map(str, verb)],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert shown.returncode == 2, shown.stderr
        told = [line for line in shown.stderr.splitlines() if line.startswith("nasion: ")]
        assert len(told) == 1
        assert f"{folder}/" in told[0]
        assert told[0].endswith("no room left to write it; free some, or write to another disk")
        written = [path.name for path in (tmp_path / folder).rglob("*") if path.is_file()]
        assert not [name for name in written if name.startswith(".")]


def test_from_training_to_a_report(phantoms, tmp_path):
    run = tmp_path / "run"
    oof = said("crossval", SMALL, "--data", phantoms, "--out", run, *QUICK).strip()
    assert Path(oof) == run / "oof.csv"
    said("evaluate", run)
    scores = json.loads((run / "evaluation" / "metrics.json").read_text())
    assert scores["overall"]["n"] > 10
    assert len(scores["folds"]) == 2
    assert "Decision support" in (run / "evaluation" / "report.html").read_text()
    assert "use its oof.csv" in refused(
        "predict", phantoms, "--run", run, "-o", tmp_path / "seen.csv"
    )
    assert not (tmp_path / "seen.csv").exists()


@pytest.mark.more
@pytest.mark.real
def test_predict_on_real_segments(phantoms, real, tmp_path):
    run = tmp_path / "run"
    said("train", SMALL, "--data", phantoms, "--out", run, *QUICK)
    for folder, part, n_rows in (("hms", "train", 29), ("hms", "test", 1), ("iiic", "train", 71)):
        csv = tmp_path / f"{folder}-{part}.csv"
        said("predict", real / folder, "--run", run, "-o", csv, "--part", part)
        table = pd.read_csv(csv)
        assert len(table) == n_rows
        expected = ["eeg_id", *(["eeg_sub_id"] if part == "train" else []), *VOTE_COLUMNS]
        assert list(table) == expected
        values = table[list(VOTE_COLUMNS)].to_numpy()
        assert np.isfinite(values).all()
        np.testing.assert_allclose(values.sum(1), 1, atol=1e-6)


@pytest.mark.real
def test_the_real_recording_is_checked_converted_and_predicted(phantoms, real, tmp_path):
    edf = real / "edf" / "ifcn6_sample_input.edf"
    answer = json.loads(said("check", edf, "--json"))
    assert answer["duration_s"] == 600
    assert answer["source_sfreq"] == 128
    shown = said("check", edf) + json.dumps(answer)
    assert not any(text in shown for text in ("1234567", "Patient_1", "MW_"))  # its header's
    folder = tmp_path / "converted"
    said("convert", edf, folder)
    spectrogram = pd.read_parquet(folder / "test_spectrograms" / "1.parquet")
    assert spectrogram["time"].tolist() == list(range(2, 600, 2))
    assert np.isfinite(spectrogram.to_numpy()).all()
    assert len(pd.read_parquet(folder / "test_eegs" / "1.parquet")) == 600 * 200
    assert len(pd.read_csv(folder / "test.csv")) == 12
    run = tmp_path / "run"
    said("train", SMALL, "--data", phantoms, "--out", run, *QUICK)
    said("predict", folder, "--run", run, "-o", tmp_path / "p.csv")
    assert len(pd.read_csv(tmp_path / "p.csv")) == 12


@pytest.mark.real
def test_checking_a_data_set(real):
    answer = json.loads(said("check", real / "iiic", "--json"))
    assert (answer["segments"], answer["eegs"], answer["patients"]) == (71, 71, 66)
    assert sum(answer["patterns"].values()) == 71
    assert set(answer["patterns"]) == {str(pattern) for pattern in PATTERNS}
    assert "patients" in said("check", real / "hms")


def hms_copy(real, tmp_path):
    folder = tmp_path / "hms"
    folder.mkdir()
    (folder / "train.csv").write_text((real / "hms" / "train.csv").read_text())
    (folder / "train_eegs").symlink_to(real / "hms" / "train_eegs")
    return folder


@pytest.mark.real
def test_bad_tables_are_refused(real, tmp_path):
    folder = hms_copy(real, tmp_path)
    table = pd.read_csv(folder / "train.csv", dtype=object)

    def broken(change):
        bad = table.copy()
        bad = change(bad)
        bad.to_csv(folder / "train.csv", index=False)
        message = refused("train", SMALL, "--data", folder, "--out", tmp_path / "run")
        assert str(folder / "train.csv") in message
        assert not (tmp_path / "run" / "run.json").exists()
        return message

    def cell(name, value):
        def change(bad):
            bad.loc[4, name] = value
            return bad

        return change

    assert "line 6" in broken(cell("lpd_vote", "many"))
    assert "line 6" in broken(cell("lpd_vote", "-1"))
    assert "eeg_id" in broken(cell("eeg_id", "x"))
    assert "lacks column gpd_vote" in broken(lambda bad: bad.drop(columns="gpd_vote"))
    assert "no rows" in broken(lambda bad: bad.iloc[:0])
    assert "again" in broken(lambda bad: pd.concat([bad, bad.iloc[:1]]))
    nobody = dict.fromkeys(VOTE_COLUMNS, "0")
    assert "nobody voted" in broken(lambda bad: bad.assign(**nobody))


def test_bad_folders_and_files_are_refused(tmp_path):
    out = tmp_path / "p.csv"
    assert "not a folder" in refused("predict", tmp_path / "absent", "-o", out)
    (tmp_path / "empty").mkdir()
    assert "neither train.csv nor test.csv" in refused("predict", tmp_path / "empty", "-o", out)
    for name, content in (("empty.edf", b""), ("text.edf", b"hello"), ("torn.parquet", b"PAR1")):
        (tmp_path / name).write_bytes(content)
        assert name in refused("check", tmp_path / name)
    assert not out.exists()


def test_bad_settings_are_refused(phantoms, tmp_path):
    train = ("train", SMALL, "--data", phantoms, "--out", tmp_path / "run")
    assert "unknown key 'training.lrr'" in refused(*train, "--set", "training.lrr=1")
    assert "training.lr" in refused(*train, "--set", 'training.lr="fast"')
    assert "not TOML" in refused(*train, "--set", "training.lr=")
    assert "not found" in refused("train", tmp_path / "absent.toml", "--data", phantoms)
    assert "data.path is empty" in refused("train", SMALL, "--out", tmp_path / "run")
    assert "nope" in refused(*train, "--set", 'model.spectrogram.backbone="nope"')
    assert not (tmp_path / "run").exists()
    assert "fold 9 is empty" in refused(*train, "--fold", 9, *QUICK)
    assert not (tmp_path / "run" / "fold-9").exists()


def test_a_broken_run_is_refused(phantoms, tmp_path):
    run, csv = tmp_path / "run", tmp_path / "p.csv"
    said("train", SMALL, "--data", phantoms, "--out", run, "--fold", 0, *QUICK)
    predict = ("predict", phantoms, "--run", run, "-o", csv)
    weights = run / "fold-0" / "weights.safetensors"
    content, about = weights.read_bytes(), json.loads((run / "run.json").read_text())
    weights.write_bytes(content[: len(content) // 2])
    assert "weights.safetensors" in refused(*predict)
    weights.unlink()
    assert "no finished fit" in refused(*predict)
    (run / "run.json").write_text(json.dumps({**about, "schema": 99}))
    assert "schema 99" in refused(*predict)
    (run / "run.json").write_text("{")
    assert "not valid JSON" in refused(*predict)
    (run / "run.json").unlink()
    assert "not a run folder" in refused(*predict)
    assert not csv.exists()


@pytest.mark.real
def test_a_torn_eeg_stops_prediction_and_names_the_file(phantoms, real, tmp_path):
    run = tmp_path / "run"
    said("train", SMALL, "--data", phantoms, "--out", run, *QUICK)
    folder = tmp_path / "data"
    (folder / "train_eegs").mkdir(parents=True)
    table = pd.read_csv(real / "hms" / "train.csv")
    eeg_id = table.loc[0, "eeg_id"]
    table.iloc[:1].to_csv(folder / "train.csv", index=False)
    content = (real / "hms" / "train_eegs" / f"{eeg_id}.parquet").read_bytes()
    path = folder / "train_eegs" / f"{eeg_id}.parquet"
    signals = pd.read_parquet(real / "hms" / "train_eegs" / f"{eeg_id}.parquet")
    path.write_bytes(content[: len(content) // 2])
    csv = tmp_path / "p.csv"
    assert path.name in refused("predict", folder, "--run", run, "-o", csv)
    for change, why in (
        (signals * np.nan, path.name),
        (signals * 0, path.name),
        (signals.iloc[:, :3], path.name),
        (signals.astype(str), path.name),
        (signals.iloc[:0], path.name),
    ):
        change.to_parquet(path)
        assert why in refused("predict", folder, "--run", run, "-o", csv)
    assert not csv.exists()


@pytest.mark.more
def test_a_run_is_exported_and_blended_and_predicts_alike(phantoms, tmp_path):
    runs = [tmp_path / name for name in ("one", "two")]
    said("crossval", SMALL, "--data", phantoms, "--out", runs[0], *FEW)
    same = ("--set", f"data.folds={json.dumps(str(runs[0] / 'folds.csv'))}", "--set", "seed=1")
    said("crossval", SMALL, "--data", phantoms, "--out", runs[1], *same, *QUICK)
    model = runs[0] / "model.onnx"
    assert (runs[0] / "card.md").exists()
    assert not (runs[1] / "model.onnx").exists()
    simulated = tmp_path / "others"
    said("simulate", simulated, "--patients", 3, "--recordings", 0, "--seed", 9)
    by_run, by_model, by_blend = (tmp_path / f"{name}.csv" for name in ("run", "model", "blend"))
    said("predict", simulated, "--run", runs[0], "-o", by_run)
    said("predict", simulated, "--run", model, "-o", by_model)
    columns = list(VOTE_COLUMNS)
    found, wanted = (pd.read_csv(path)[columns] for path in (by_model, by_run))
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    assert "against" in said("blend", *runs, "-o", tmp_path / "blend")
    said("predict", simulated, "--run", tmp_path / "blend", "-o", by_blend)
    np.testing.assert_allclose(pd.read_csv(by_blend)[columns].sum(axis=1), 1, atol=1e-6)
    other = tmp_path / "again.onnx"
    said("export", runs[0], "-o", other, "--half", "--licence", "CC0-1.0", "--ages", 0, 18)
    assert other.stat().st_size < model.stat().st_size
    assert "CC0-1.0" in (tmp_path / "card.md").read_text()
