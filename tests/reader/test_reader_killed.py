"""A reading that was killed, stopped or broken: nothing of it is left, and it is read anew."""

import json
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from nasion.cli import app
from nasion.cli.failure import KEPT
from nasion.eeg.edf.writer import write_edf
from nasion.exports import folder as reading_folder
from nasion.phantom.recordings import simulate_recordings
from nasion.temporary import PREFIX
from nasion.terms import COLUMNS, SFREQ

pytestmark = pytest.mark.more
# Who runs the tests in the background hands on that Ctrl-C is ignored.
HEEDING = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("nasion", run_name="__main__", alter_sys=True)
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recording")
    (path,) = simulate_recordings(folder, n_recordings=1, hours=0.15, seed=1, write=write_edf)
    return path


def read(recording, out, *more):
    return CliRunner().invoke(app, ["read", str(recording), "-o", str(out), *more])


def interrupted(recording, out, how):
    """Read in another process, and end it while the signals are being written."""
    command = [sys.executable, "-c", HEEDING, "read", str(recording), "-o", str(out)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        until = time.monotonic() + 100
        while not written(out) and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(how)
        _, errors = process.communicate(timeout=100)
    return process.returncode, errors.decode()


def written(out):
    """Bytes of a display that is on its way, beyond the headers of its arrays."""
    return sum(path.stat().st_size for path in out.rglob(f"{PREFIX}*/*.npy")) > 10_000


def hidden(out):
    return list(out.rglob(".*")) if out.exists() else []


def test_what_a_killed_read_left_goes_with_the_next(recording, tmp_path):
    code, _ = interrupted(recording, tmp_path, signal.SIGKILL)
    assert code == -signal.SIGKILL
    (left,) = {path for path in hidden(tmp_path) if path.is_dir()}
    assert left.name.startswith(f"{PREFIX}display-")
    assert list(left.iterdir())  # the patient's signals
    time.sleep(1)
    result = read(recording, tmp_path)
    assert result.exit_code == 0, result.output
    assert not hidden(tmp_path)
    assert reading_folder.is_whole(tmp_path / recording.stem)


def test_it_goes_with_the_next_of_another_recording_too(recording, tmp_path):
    interrupted(recording, tmp_path, signal.SIGKILL)
    other = tmp_path / "other.edf"
    other.write_bytes(b"no recording")
    time.sleep(1)
    assert read(other, tmp_path).exit_code == 1
    assert not hidden(tmp_path)


def test_ctrl_c_leaves_nothing_half_and_says_how_to_go_on(recording, tmp_path):
    code, errors = interrupted(recording, tmp_path, signal.SIGINT)
    assert code == 130
    assert errors == f"nasion: stopped; {KEPT['read']}\n"
    assert not hidden(tmp_path)


def write(path, signals):
    write_edf(path, [signals], labels=COLUMNS, sfreq=SFREQ, n_times=signals.shape[1])


BROKEN = {
    "a list": b"[]",
    "nothing": b"",
    "no JSON": b"{",
    "nested": b"[" * 20_000,
    "no mark": b'{"schema": 1}',
}


def test_a_broken_reading_is_read_anew(tmp_path, recording):
    from nasion.eeg.formats import open_recording

    short, out = tmp_path / "short.edf", tmp_path / "out"
    signals = open_recording(recording).signals(0, 20)
    write(short, signals)
    assert read(short, out).exit_code == 0
    manifest = out / "short" / reading_folder.MANIFEST
    before = json.loads(manifest.read_text(encoding="utf-8"))
    for content in BROKEN.values():
        manifest.write_bytes(content)
        result = read(short, out)
        assert result.exit_code == 0, result.output
        assert "read already" not in result.output
        assert json.loads(manifest.read_text(encoding="utf-8")) == before
    (out / "short" / reading_folder.EVENTS).write_text("")
    assert "read already" not in read(short, out).output
    assert "read already" in read(short, out).output
    assert [path.name for path in out.iterdir() if path.is_dir()] == ["short"]
    # Another recording of the name does not take the folder of a broken reading.
    other = tmp_path / "other" / "short.edf"
    other.parent.mkdir()
    write(other, signals * 2)
    manifest.write_bytes(b"[]")
    read(other, out)
    assert {path.name for path in out.iterdir() if path.is_dir()} == {"short", "short-2"}
