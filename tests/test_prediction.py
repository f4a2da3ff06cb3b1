"""Predictions of segments: the same by checkpoints and by an exported model, without PyTorch."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from exported_models import ensemble_of, exported
from nasion.errors import NasionError
from nasion.hms.segments import load_segments
from nasion.network import Network
from nasion.prediction import predict
from nasion.terms import VOTE_COLUMNS


@pytest.mark.parametrize("kind", ["dense", pytest.param("fits", marks=pytest.mark.more)])
def test_an_exported_model_predicts_what_its_checkpoints_do(phantoms, kind):
    segments = load_segments(phantoms)
    told = []
    here = predict(segments, ensemble_of(kind))
    there = predict(
        segments, Network.open(exported(kind)), progress=lambda done, of: told.append((done, of))
    )
    assert list(there.columns) == list(here.columns)
    assert told[-1] == (len(segments), len(segments))
    votes = list(VOTE_COLUMNS)
    pd.testing.assert_frame_equal(there.drop(columns=votes), here.drop(columns=votes))
    np.testing.assert_allclose(there[votes], here[votes], atol=1e-5)
    np.testing.assert_allclose(there[votes].sum(axis=1), 1, atol=1e-9)


@pytest.mark.more
def test_an_exported_model_is_not_mirrored_otherwise(phantoms):
    segments = load_segments(phantoms)
    symmetric, sided = Network.open(exported("dense")), Network.open(exported("sided"))
    with pytest.raises(NasionError, match="is mirrored as exported"):
        predict(segments, sided, mirror=False)
    assert len(predict(segments, symmetric, mirror=False)) == len(segments)


def test_an_exported_model_predicts_where_there_is_no_torch(phantoms):
    code = f"""
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path

class Without(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Without())
from nasion.hms.segments import load_segments
from nasion.prediction import predict
from nasion.network import Network
network = Network.open(Path({str(exported("dense"))!r}))
print(len(predict(load_segments(Path({str(phantoms)!r})), network)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(load_segments(phantoms))
