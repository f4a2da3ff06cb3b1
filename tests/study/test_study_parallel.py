"""Laws of a shared study: no trial is run twice or lost, whoever is killed, and when."""

import multiprocessing
import os
import signal
import sqlite3
import time
from collections import Counter
from pathlib import Path

import pytest

from nasion.config import Experiment
from nasion.errors import NasionError
from nasion.study import storage
from nasion.study import study as studies
from nasion.study.space import Axis, Search, Space
from nasion.study.storage import alone, opened
from nasion.study.study import Study, sampler_of

SPAWN = multiprocessing.get_context("spawn")
LR = {"low": 1e-4, "high": 1e-2, "log": True}
N = 16


def space(sampler, n=N):
    if sampler == "grid":
        axes = (Axis("training.epochs", tuple(range(1, n // 2 + 1))), Axis("seed", (0, 1)))
        search = Search(sampler="grid", grid={"seed": [0, 1]}, prune=False)
    else:
        axes = (Axis("training.lr", **LR), Axis("training.batch_size", (8, 16, 32)))
        search = Search(sampler=sampler, trials=n, ranges={"training.lr": LR}, prune=False)
    return Space(search, axes, Experiment(), "test")


def value(values):
    return float(sum(values.values()))


class Traced:
    """An objective that leaves a line a beginning and an end."""

    def __init__(self, folder, pause_s=0.0, together=1):
        self.path, self.pause_s, self.together = folder / "trace.txt", pause_s, together

    def __call__(self, number, values, report):
        self.note("begun", number, values)
        until(lambda: len({pid for _, pid, _ in self.lines("begun")}) >= self.together)
        report(1, 2, value(values))
        self.note("paused", number, values)
        time.sleep(self.pause_s)
        report(2, 2, value(values))
        self.note("ended", number, values)
        return value(values)

    def note(self, what, number, values):
        with self.path.open("a") as file:
            file.write(f"{what};{number};{os.getpid()};{values}\n")

    def lines(self, what):
        if not self.path.exists():
            return []
        lines = [line.split(";") for line in self.path.read_text().splitlines()]
        return [(int(line[1]), int(line[2]), line[3]) for line in lines if line[0] == what]


def patient(heartbeat_s, grace_s):
    storage.HEARTBEAT_S, storage.GRACE_S, studies.POLL_S = heartbeat_s, grace_s, 0.2


def work(folder, sampler, n, pause_s, grace_s=60, heartbeat_s=1, together=1):
    """What each process does; also called here."""
    patient(heartbeat_s, grace_s)
    whole = space(sampler, n)
    url = f"sqlite:///{folder}/study.db"
    with alone(folder), opened(url, "test", maximised=False) as kept:
        Study(whole, kept).enqueue()
    with opened(url, "test", maximised=False) as kept:
        kept.sampler = sampler_of(whole)
        study = Study(whole, kept)
        return list(study.work(Traced(folder, pause_s, together)))[-1]


@pytest.fixture(autouse=True)
def _constants(monkeypatch):
    for module, name in ((storage, "HEARTBEAT_S"), (storage, "GRACE_S"), (studies, "POLL_S")):
        monkeypatch.setattr(module, name, getattr(module, name))


@pytest.fixture
def started():
    """Start processes; none outlives its test."""
    processes = []

    def start(*given):
        processes.append(SPAWN.Process(target=work, args=given))
        processes[-1].start()
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.join()


def until(condition, limit_s=60.0):
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@pytest.mark.more
@pytest.mark.parametrize("sampler", ["grid", "random", "tpe"])
def test_processes_at_once_run_each_trial_once(tmp_path, started, sampler):
    workers = [started(tmp_path, sampler, N, 0.01, 60, 1, 2) for _ in range(2)]
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    ran = Traced(tmp_path).lines("begun")
    assert Counter(number for number, _, _ in ran) == dict.fromkeys(range(N), 1)
    assert len({values for _, _, values in ran}) == N
    assert {pid for _, pid, _ in ran} == {worker.pid for worker in workers}
    trials = work(tmp_path, sampler, N, 0.0)
    assert {trial.state for trial in trials} == {"complete"}
    assert len(Traced(tmp_path).lines("begun")) == N


@pytest.mark.more
@pytest.mark.parametrize("sampler", ["grid", "tpe"])
def test_a_killed_trial_is_run_again_with_its_values(tmp_path, started, sampler):
    trace = Traced(tmp_path)
    killed = started(tmp_path, sampler, 6, 1.0)
    until(lambda: len(trace.lines("begun")) == 3)
    os.kill(killed.pid, signal.SIGKILL)
    killed.join()
    cut = trace.lines("begun")[2]
    trials = work(tmp_path, sampler, 6, 0.0, grace_s=2)
    assert [trial.state for trial in trials] == ["complete"] * 6
    begun = trace.lines("begun")
    assert Counter(number for number, _, _ in trace.lines("ended")) == dict.fromkeys(range(6), 1)
    again = [line for line in begun if line[0] == cut[0]]
    assert [line[2] for line in again] == [cut[2]] * 2
    assert len(begun) == 7


@pytest.mark.more
def test_a_slow_trial_is_left_to_its_process(tmp_path, started):
    slow = started(tmp_path, "grid", 2, 6.0)
    trace = Traced(tmp_path)
    until(lambda: trace.lines("begun"))
    work(tmp_path, "grid", 2, 0.0, grace_s=4)
    slow.join()
    assert sorted(number for number, _, _ in trace.lines("begun")) == [0, 1]


@pytest.mark.more
def test_a_process_that_wakes_up_late_does_not_finish_what_was_taken_over(tmp_path, started):
    trace = Traced(tmp_path)
    asleep = started(tmp_path, "grid", 2, 5.0, 60, 60)  # beats once, when it begins
    until(lambda: trace.lines("paused"))
    time.sleep(1.0)  # now it holds no lock of the database
    os.kill(asleep.pid, signal.SIGSTOP)
    try:
        trials = work(tmp_path, "grid", 2, 0.0, grace_s=2)
    finally:
        os.kill(asleep.pid, signal.SIGCONT)
    asleep.join()
    assert asleep.exitcode == 0
    assert [trial.state for trial in trials] == ["complete"] * 2
    assert trials == work(tmp_path, "grid", 2, 0.0)
    assert sorted(number for number, _, _ in trace.lines("ended")) == [0, 1]


def test_an_interrupted_trial_is_run_again_at_once(tmp_path, monkeypatch):
    class Interrupted(Traced):
        def __call__(self, number, values, report):
            if number == 1:
                raise KeyboardInterrupt
            return super().__call__(number, values, report)

    with monkeypatch.context() as patch:
        patch.setattr(f"{__name__}.Traced", Interrupted)
        with pytest.raises(KeyboardInterrupt):
            work(tmp_path, "random", 3, 0.0)
    trials = work(tmp_path, "random", 3, 0.0)
    assert [trial.state for trial in trials] == ["complete"] * 3
    assert sorted(number for number, _, _ in Traced(tmp_path).lines("begun")) == [0, 1, 2]


@pytest.mark.filterwarnings("ignore:Heartbeat")
def test_a_trial_that_was_claimed_and_no_more_is_run_again(tmp_path):
    with opened(f"sqlite:///{tmp_path}/study.db", "test", maximised=False) as kept:
        Study(space("grid", 2), kept).enqueue()
        kept.ask()
    trials = work(tmp_path, "grid", 2, 0.0, grace_s=1)
    assert [trial.state for trial in trials] == ["complete"] * 2


def test_entries_that_were_made_twice_are_run_once(tmp_path):
    with opened(f"sqlite:///{tmp_path}/study.db", "test", maximised=False) as kept:
        study = Study(space("grid", 4), kept)
        for _ in range(2):
            study._enqueue(list(range(4)), study._attempts())
        kept.enqueue_trial({}, user_attrs={"number": 99})
        kept.enqueue_trial({})
    trials = work(tmp_path, "grid", 4, 0.0)
    assert [trial.state for trial in trials] == ["complete"] * 4
    assert sorted(number for number, _, _ in Traced(tmp_path).lines("begun")) == [0, 1, 2, 3]


def test_more_trials_can_be_asked_for_later(tmp_path):
    few = work(tmp_path, "random", 3, 0.0)
    more = work(tmp_path, "random", 5, 0.0)
    assert more[:3] == few
    assert len(Traced(tmp_path).lines("begun")) == 5


def test_only_one_process_at_a_time_is_let_through(tmp_path):
    with alone(tmp_path):
        other = SPAWN.Process(target=_pass_through, args=(tmp_path,))
        other.start()
        until(lambda: (tmp_path / "there").exists())
        time.sleep(0.3)
        assert not (tmp_path / "through").exists()
    until(lambda: (tmp_path / "through").exists())
    other.join()


def _pass_through(folder: Path) -> None:
    (folder / "there").touch()
    with alone(folder):
        (folder / "through").touch()


def test_a_locked_database_is_one_line(tmp_path, monkeypatch):
    work(tmp_path, "grid", 2, 0.0)
    monkeypatch.setattr(storage, "LOCKED_S", 0.1)
    holder = sqlite3.connect(tmp_path / "study.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(NasionError, match="database is locked") as caught:
        work(tmp_path, "grid", 2, 0.0)
    holder.close()
    assert "\n" not in str(caught.value)
    assert "study.db" in str(caught.value)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("study.db", "not the URL of a storage"),
        ("oracle9://host/name", "no way in"),
        ("sqlite:////nowhere/at/all/study.db", "unable to open database file"),
    ],
)
def test_a_wrong_storage_is_one_line(url, message, monkeypatch):
    monkeypatch.setattr(storage, "PAUSE_S", 0.0)
    with pytest.raises(NasionError, match=message) as caught, opened(url, "a", maximised=True):
        pass
    assert "\n" not in str(caught.value)


def test_a_password_is_not_shown(monkeypatch):
    monkeypatch.setattr(storage, "PAUSE_S", 0.0)
    url = "oracle9://me:secret@host/name"
    with pytest.raises(NasionError) as caught, opened(url, "a", maximised=True):
        pass
    assert "secret" not in str(caught.value)
