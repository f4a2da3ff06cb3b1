"""However a verb ends before its time, it says so in one line, and keeps what nobody foresaw."""

import errno
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from nasion.cli import app
from nasion.cli.failure import KEPT, one_line
from nasion.errors import NasionError

LONG = {
    "read", "prepare", "crossval", "train", "search", "simulate", "calibrate", "evaluate",
    "explain", "benchmark", "demo", "review",
}  # fmt: skip


def ended(capsys, error):
    """Exit code and the line of what a verb raises."""
    with pytest.raises(SystemExit) as caught, one_line():
        raise error
    out, line = capsys.readouterr()
    assert out == ""
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert line.startswith("nasion: ")
    return caught.value.code, line


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    "error",
    [RuntimeError("x\ny"), KeyError("a"), RecursionError(), UnicodeEncodeError("utf-8", "\udcff", 0,
     1, "surrogates not allowed"), ZeroDivisionError(), AssertionError(), ImportError("numpy")],
)  # fmt: skip
def test_what_nobody_foresaw_is_a_line_and_a_file_of_its_owner_alone(capsys, temporary, error):
    code, line = ended(capsys, error)
    assert code not in (0, 2)
    kept = Path(re.search(r"is in (\S+),", line)[1])
    assert kept.parent == temporary
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    text = kept.read_text(encoding="utf-8")
    assert "Traceback" in text
    assert type(error).__name__ in text
    assert "x" not in line.replace(type(error).__name__, "").split("(", 1)[0]


def test_a_traceback_that_can_not_be_kept_is_no_second_fault(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    code, line = ended(capsys, RuntimeError())
    assert code not in (0, 2)
    assert "could not be kept" in line


def test_without_the_patient_no_message_is_kept(capsys, temporary, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["nasion", "read", "Doe-1234.edf", "--deidentify"])
    _, line = ended(capsys, RuntimeError("Doe-1234.edf: ward 7"))
    kept = next(temporary.iterdir()).read_text(encoding="utf-8")
    assert "Doe" not in line + kept
    assert "RuntimeError" in kept


@pytest.mark.parametrize(
    "number", [errno.EACCES, errno.ENOTDIR, errno.EISDIR, errno.EROFS, errno.EIO, errno.EMFILE,
               errno.ENAMETOOLONG, errno.ELOOP, errno.ENOSPC, errno.EDQUOT]
)  # fmt: skip
def test_what_the_system_refuses_names_the_file(capsys, number):
    code, line = ended(capsys, OSError(number, os.strerror(number), "/data/a.edf"))
    assert code == 2
    assert line.startswith("nasion: /data/a.edf: ")


def test_too_little_memory_is_said(capsys):
    assert ended(capsys, MemoryError())[0] == 2


def test_mistakes_of_users_and_missing_packages_are_as_they_were(capsys):
    assert ended(capsys, NasionError("a.edf: not found")) == (2, "nasion: a.edf: not found\n")
    code, line = ended(capsys, ModuleNotFoundError("no", name="torch.nn"))
    assert code == 2
    assert 'pip install "nasion[train]"' in line


@pytest.mark.parametrize("ending", [SystemExit(3), GeneratorExit()])
def test_who_ends_a_process_otherwise_is_not_held_up(ending):
    with pytest.raises(type(ending)) as caught, one_line():
        raise ending
    assert caught.value is ending


def test_every_verb_that_takes_long_says_what_ctrl_c_keeps():
    assert set(KEPT) == LONG
    verbs = {command.name or command.callback.__name__ for command in app.registered_commands}
    assert verbs >= LONG
    assert all("kept" in text and "call again" in text for text in KEPT.values())


@pytest.mark.parametrize("verb", sorted(LONG - {"review"}))
def test_ctrl_c_is_one_line_and_exit_code_130(verb, monkeypatch):
    command = next(
        one for one in app.registered_commands if (one.name or one.callback.__name__) == verb
    )

    def stopped():
        raise KeyboardInterrupt

    stopped.__name__ = verb
    monkeypatch.setattr(command, "callback", stopped)
    result = CliRunner().invoke(app, [verb])
    assert result.exit_code == 130
    assert result.stderr == f"nasion: stopped; {KEPT[verb]}\n"


@pytest.mark.more
def test_a_closed_pipe_is_no_fault():
    command = f"{sys.executable} -m nasion models | true"
    shown = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert shown.stderr == ""


@pytest.mark.more
def test_a_name_that_is_no_text_is_told(tmp_path):
    name = os.fsencode(tmp_path) + b"/D\xf6e.edf"
    Path(os.fsdecode(name)).write_bytes(b"no recording")
    shown = subprocess.run(
        [sys.executable, "-m", "nasion", "check", name], capture_output=True, check=False
    )
    assert shown.returncode == 2
    assert shown.stderr.startswith(b"nasion: ")
    assert b"D\\udcf6e.edf" in shown.stderr
    assert len(shown.stderr.splitlines()) == 1


def test_a_group_of_verbs_is_still_typers():
    assert isinstance(typer.main.get_command(app), typer.core.TyperGroup)
