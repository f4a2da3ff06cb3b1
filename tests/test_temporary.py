"""What a killed process left goes with the next one; what a living one writes stays."""

import errno
import os
import signal
import subprocess
import sys
import time

import pytest

from nasion import temporary
from nasion.errors import NasionError
from nasion.files import make_folder, replacing, write_text
from nasion.temporary import PREFIX, PRIVATE, Temporary, sweep, temporary_folder


def aged(path, seconds=10.0):
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def left_over(folder):
    """A file and a folder that nobody holds any more."""
    for held in (Temporary.folder(folder, "display"), Temporary.file(folder, "report", ".html")):
        held.release()
        aged(held.path)


def test_what_nobody_holds_goes_with_the_next_file_that_is_written(tmp_path):
    left_over(tmp_path)
    write_text(tmp_path / "a.txt", "a")
    assert names(tmp_path) == ["a.txt"]


def test_what_somebody_holds_stays(tmp_path):
    held = [Temporary.folder(tmp_path, "display"), Temporary.file(tmp_path, "a", ".csv")]
    for one in held:
        aged(one.path)
    sweep(tmp_path, again=True)
    assert all(one.path.exists() for one in held)
    for one in held:
        one.remove()
    assert not names(tmp_path)


def test_what_was_made_just_now_stays(tmp_path):
    held = Temporary.folder(tmp_path, "display")
    held.release()
    sweep(tmp_path, again=True)
    assert held.path.exists()


def test_files_of_others_stay(tmp_path):
    for name in (".bashrc", "display", ".display.txt", ".display-notes", ".nasion", "report-1"):
        (tmp_path / name).write_text("mine")
        aged(tmp_path / name)
    (tmp_path / f"{PREFIX}link").symlink_to(tmp_path / ".bashrc")
    before = names(tmp_path)
    sweep(tmp_path, again=True)
    assert names(tmp_path) == before


def test_a_display_that_an_earlier_version_left_goes(tmp_path):
    old = tmp_path / ".display-a1b2c3d4"
    old.mkdir()
    (old / "signals.npy").write_bytes(b"EEG")
    aged(old)
    sweep(tmp_path, again=True)
    assert not names(tmp_path)


def test_a_killed_writer_leaves_what_the_next_one_removes(tmp_path):
    code = (
        "import os, signal, sys; from pathlib import Path; from nasion.temporary import Temporary;"
        "from nasion.files import replacing; folder = Path(sys.argv[1]);"
        "Temporary.folder(folder, 'display')\n"
        "with replacing(folder / 'a.csv') as path:\n"
        "    path.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(names(tmp_path)) == 2
    for path in tmp_path.iterdir():
        aged(path)
    sweep(tmp_path, again=True)
    assert not names(tmp_path)


def test_a_private_folder_that_was_left_goes_too(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    left = Temporary.folder()
    assert left.path.name.startswith(PRIVATE)
    left.release()
    aged(left.path)
    with temporary_folder() as folder:
        assert names(tmp_path) == [folder.name]
    assert not names(tmp_path)


def test_without_locks_a_day_tells(tmp_path, monkeypatch):
    monkeypatch.setattr(temporary, "fcntl", None)
    left_over(tmp_path)
    sweep(tmp_path, again=True)
    assert len(names(tmp_path)) == 2
    for path in tmp_path.iterdir():
        aged(path, 2 * temporary.OLD_S)
    sweep(tmp_path, again=True)
    assert not names(tmp_path)


@pytest.mark.more
def test_a_display_on_a_full_disk_leaves_nothing_and_says_so(tmp_path):
    code = (
        "import resource, sys; from pathlib import Path; import numpy as np;"
        "from nasion.display.cache import STEP, DisplayWriter; from nasion.terms import COLUMNS\n"
        "writer = DisplayWriter(Path(sys.argv[1]), 60)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"  # as a full disk would
        "with writer:\n"
        "    writer.add(0, np.zeros((len(COLUMNS), 60 * STEP), np.float32), None)\n"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert f"NasionError: {tmp_path}: no room left" in shown.stderr
    assert not names(tmp_path)


@pytest.mark.parametrize("place", ["file/below", "file"])
def test_a_file_in_the_way_of_a_folder_is_named(tmp_path, place):
    (tmp_path / "file").write_text("")
    with pytest.raises(NasionError, match=r"file.*: cannot be written \(a file is in the way\)"):
        make_folder(tmp_path / place)


def test_a_folder_in_the_way_of_a_file_is_named(tmp_path):
    (tmp_path / "a.csv" / "more").mkdir(parents=True)
    with pytest.raises(NasionError, match="a folder is in the way"):
        write_text(tmp_path / "a.csv", "a")
    assert names(tmp_path) == ["a.csv"]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.EIO])
def test_where_nothing_may_be_written_one_line_says_so(tmp_path, monkeypatch, number):
    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.raises(NasionError, match="cannot be written"), replacing(tmp_path / "a.csv"):
        pass
    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.raises(NasionError, match="cannot be written"):
        make_folder(tmp_path / "new" / "folder")
