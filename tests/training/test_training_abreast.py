"""Cross-validations abreast are the same as one after the other."""

import os
import signal
import time

import pandas as pd
import pytest
import torch

from nasion.config import parse
from nasion.data.store import open_store
from nasion.errors import NasionError
from nasion.hms.segments import load_segments
from nasion.training import abreast
from nasion.training.crossval import crossval
from nasion.training.run import Run

pytestmark = pytest.mark.more
SLOW_S = 600.0


def experiments(folder, store):
    content = {
        "signal": {"spectrogram": {"views": ["centre"]}},
        "model": {
            "modality": "waveform",
            "n_features": 8,
            "wavenet": {"channels": [4], "hemispheres": "shared"},
        },
        "training": {"epochs": 1, "batch_size": 8, "precision": "float32"},
        "data": {"path": str(folder), "n_folds": 2, "store": str(store)},
    }
    made = [parse({**content, "seed": seed}, "test") for seed in (0, 1)]
    open_store(load_segments(folder, "train"), made[0].signal, store)
    return made


def test_two_abreast_give_what_each_gives_alone(phantoms, tmp_path):
    made = experiments(phantoms, tmp_path / "store")
    told = []
    planned = [(one, Run(tmp_path / f"abreast-{one.seed}")) for one in made]
    paths = abreast.crossvals(planned, lambda done, total: told.append((done, total)))
    assert told == [(done, 4) for done in (1, 2, 3, 4)]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    alone = [crossval(one, Run(tmp_path / f"alone-{one.seed}")) for one in made]
    torch.set_num_threads(threads)
    for path, other in zip(paths, alone, strict=True):
        pd.testing.assert_frame_equal(pd.read_csv(path), pd.read_csv(other))


def test_a_process_that_is_killed_is_one_line(phantoms, tmp_path, monkeypatch):
    made = experiments(phantoms, tmp_path / "store")
    monkeypatch.setattr(abreast, "_crossval", _killed)
    with pytest.raises(NasionError, match="was killed") as caught:
        abreast.crossvals([(one, Run(tmp_path / f"{one.seed}")) for one in made])
    assert "\n" not in str(caught.value)


def _killed(experiment, run):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core runs one after the other")
def test_what_one_meets_does_not_wait_for_another(phantoms, tmp_path, monkeypatch):
    made = experiments(phantoms, tmp_path / "store")
    monkeypatch.setattr(abreast, "_crossval", _slow_or_broken)
    begun_s = time.monotonic()
    with pytest.raises(NasionError, match="the second"):
        abreast.crossvals([(one, Run(tmp_path / f"{one.seed}")) for one in made])
    assert time.monotonic() - begun_s < SLOW_S / 2


def _slow_or_broken(experiment, run):
    if experiment.seed:
        raise NasionError("the second")
    time.sleep(SLOW_S)


def test_what_one_can_not_do_ends_all(phantoms, tmp_path):
    first, _ = experiments(phantoms, tmp_path / "store")
    gone = parse({"data": {"path": str(tmp_path / "gone")}}, "test")
    planned = [(gone, Run(tmp_path / "a")), (first, Run(tmp_path / "b"))]
    with pytest.raises(NasionError, match="gone"):
        abreast.crossvals(planned)
