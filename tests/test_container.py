"""The container for SzCORE: its steps as they stand, with or without an engine that builds it."""

import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from bare_environment import ROOT, bare_environment
from nasion.eeg.edf.writer import write_edf
from nasion.exports import szcore
from nasion.phantom.stay import Stay
from nasion.terms import COLUMNS

RUN, INSTALL = ROOT / "container" / "run", ROOT / "container" / "install"
USER = 10001
DURATION_S = 60.0
# No network, and a user who is nobody, or at least no one who may write where others may not.
NOBODY = f"--reuid={USER}", f"--regid={USER}", "--clear-groups"
POWERLESS = "--bounding-set=-all", "--inh-caps=-all"
APART = (
    ("unshare", "-n", "setpriv", *NOBODY),
    ("unshare", "-n", "setpriv", *POWERLESS),
    ("unshare", "-rn"),
    (),
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="runs a shell script")


@pytest.fixture(scope="module")
def folder():
    """A place that any user may see; `in` holds recordings, of which one is flat."""
    with tempfile.TemporaryDirectory(prefix="nasion-container-") as name:
        place = Path(name)
        place.chmod(0o755)
        (place / "in" / "deep").mkdir(parents=True)
        signals = Stay.draw((5, 1), DURATION_S).signals(0.0, DURATION_S)
        for path, shown in (("deep/night.edf", signals), ("flat.edf", np.zeros_like(signals))):
            write_edf(
                place / "in" / path, [shown], labels=COLUMNS, sfreq=200.0, n_times=shown.shape[1]
            )
        yield place


@pytest.fixture(scope="module")
def commands(folder):
    return bare_environment(folder / "bare")


def environment(commands, **more):
    return {
        "PATH": f"{commands}:/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": "/nonexistent",
        **more,
    }


@pytest.fixture(scope="module")
def apart(commands):
    """How commands are kept apart from this machine, as far as it lets them."""
    for prefix in APART:
        probe = [*prefix, "sh", "-c", "python3 -c 'import nasion'"]
        if not shutil.which(probe[0]):
            continue
        done = subprocess.run(probe, env=environment(commands), capture_output=True, check=False)
        if not done.returncode:
            return prefix
    raise AssertionError(done.stderr)


@pytest.fixture
def run(apart, folder):
    """Run the container's step in an environment that holds nothing else."""

    def call(commands, name, out, **more):
        places = {"DATA": str(folder / "in"), "RESULTS": str(out)}
        names = {"INPUT": name, "OUTPUT": "deep/events.tsv", **more}
        return subprocess.run(
            [*apart, str(RUN)],
            env=environment(commands, **places, **names),
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )

    return call


def handed_over(folder, name):
    """A folder that is not the user's with one file that is theirs to write, as SzCORE makes it."""
    path = folder / name / "deep" / "events.tsv"
    path.parent.mkdir(parents=True)
    path.touch()
    path.chmod(0o776)
    if os.geteuid() == 0:
        for place in (path, *path.parents[:2]):
            os.chown(place, USER + 1, USER + 1)
    return path


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_the_bare_environment_has_no_pytorch(commands):
    find = (
        "import importlib.util as u, sys; sys.exit(sum(map(bool, map(u.find_spec, sys.argv[1:]))))"
    )
    absent = ("torch", "timm", "lightning", "pytest", "sklearn")
    done = subprocess.run([commands / "python3", "-c", find, *absent], check=False)
    assert done.returncode == 0


def test_a_recording_becomes_the_file_that_szcore_hands_over(run, commands, folder):
    path = handed_over(folder, "out")
    done = run(commands, "deep/night.edf", folder / "out")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert tuple(rows_of(path)[0]) == szcore.COLUMNS
    assert [file for file in (folder / "out").rglob("*") if file.is_file()] == [path]


@pytest.mark.more
def test_what_could_not_be_judged_is_said_and_stops_nobody(run, commands, folder):
    path = handed_over(folder, "flat")
    done = run(commands, "flat.edf", folder / "flat")
    assert done.returncode == 0
    assert "nothing of 1 min was judged" in done.stderr
    assert [(row["eventType"], row["confidence"]) for row in rows_of(path)] == [("bckg", "0.00")]


@pytest.mark.more
def test_what_cannot_be_read_leaves_no_row_and_a_status(run, commands, folder):
    for name, more, words in (
        ("none.edf", {}, "not found"),
        ("", {}, "INPUT"),
        ("flat.edf", {"OUTPUT": ""}, "OUTPUT"),
    ):
        path = handed_over(folder, f"broken-{name}{len(more)}")
        done = run(commands, name, path.parents[1], **more)
        assert done.returncode
        assert words in done.stderr
        assert path.read_text() == ""


def instructions():
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line and line[0] != "#"]
    return [(name, rest.strip()) for name, rest in lines]


def test_the_image_is_pinned_and_takes_only_what_is_there():
    steps = instructions()
    (base,) = (rest.partition("=")[2] for name, rest in steps if rest.startswith("PYTHON="))
    assert re.fullmatch(r"python:\d+\.\d+\.\d+-[\w-]+(@sha256:[0-9a-f]{64})?", base)
    allowed = (ROOT / ".dockerignore").read_text().splitlines()
    for rest in (rest for name, rest in steps if name == "COPY" and "--from" not in rest):
        for source in rest.split()[:-1]:
            assert (ROOT / source).exists()
            assert f"!{source.split('/')[0]}" in allowed
    last = dict(steps)
    assert last["USER"] != "root"
    assert {rest for name, rest in steps if name == "VOLUME"} == {'["/data"]', '["/output"]'}
    assert last["ENV"] == 'INPUT="" OUTPUT=""'
    assert last["CMD"] == '["/opt/nasion/run"]'
    assert ("COPY", "container/run /opt/nasion/run") in steps
    assert all(os.access(script, os.X_OK) for script in (RUN, INSTALL))


@pytest.mark.slow
def test_what_is_installed_in_the_image_reads_a_recording(run, folder):
    where = folder / "installed"
    subprocess.run([INSTALL, where], check=True)
    path = handed_over(folder, "out-installed")
    done = run(where / "bin", "deep/night.edf", path.parents[1])
    assert done.returncode == 0, done.stderr
    assert rows_of(path)


@pytest.mark.slow
def test_the_image_builds_and_reads_a_recording(folder):
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "info"], capture_output=True, check=False).returncode:
        pytest.skip("no container engine runs here")
    subprocess.run(["docker", "build", "-q", "-t", "nasion:test", ROOT], check=True)
    path = handed_over(folder, "out-image")
    volumes = "-v", f"{folder / 'in'}:/data:ro", "-v", f"{path.parents[1]}:/output"
    names = "-e", "INPUT=deep/night.edf", "-e", "OUTPUT=deep/events.tsv"
    call = ["docker", "run", "--rm", "--network", "none", *volumes, *names, "nasion:test"]
    subprocess.run(call, check=True)
    assert rows_of(path)
