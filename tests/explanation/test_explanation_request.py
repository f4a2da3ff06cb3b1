"""A request: the same explanation as of the data set, by a net that has not seen the segment."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from explained_scenes import small

from hms_folder import noise, segment, write_hms
from nasion.eeg.formats import open_recording
from nasion.errors import NasionError
from nasion.explanation.request import explain_recording, explain_run, explain_segment
from nasion.models.ensemble import Ensemble
from nasion.out_of_fold import OutOfFold
from nasion.terms import Pattern

VOTES = (0, 12, 1, 0, 0, 0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    rows = [segment(1, VOTES), segment(2, VOTES)]
    signals = {1: noise(10.0, 1), 2: noise(60.0, 2)}
    folder = write_hms(tmp_path_factory.mktemp("hms"), rows, signals=signals)
    names = pd.DataFrame({"fold": [1, 0], "eeg_id": [1, 2], "eeg_sub_id": 0, "patient_id": [1, 2]})
    probability = np.array([[0.1, 0.5, 0.1, 0.1, 0.1, 0.1]] * 2)
    OutOfFold(names, probability, np.array([VOTES] * 2)).write(folder / "oof.csv")
    return folder


@pytest.fixture(scope="module")
def ensemble():
    return Ensemble((replace(small(0), fold="0"), replace(small(1), fold="1")))


def test_a_segment_of_a_run_is_explained_by_the_fold_that_held_it_out(folder, ensemble):
    for eeg_id, fold in ((1, "1"), (2, "0")):
        found = explain_segment(ensemble, folder / "oof.csv", folder, eeg_id, pattern=Pattern.LPD)
        alone = explain_segment(ensemble.holding_out(fold), folder / "none.csv", folder, eeg_id)
        np.testing.assert_array_equal(found.probability, alone.probability)
        both = explain_segment(ensemble, folder / "none.csv", folder, eeg_id)
        assert not np.allclose(found.probability, both.probability)
    with pytest.raises(NasionError, match="no finished fit of fold 1"):
        explain_segment(ensemble.holding_out(0), folder / "oof.csv", folder, 1)


def test_a_recording_is_explained_as_its_segment_is(folder, ensemble):
    path = folder / "train_eegs" / "2.parquet"
    recording = open_recording(path)
    found = explain_recording(ensemble, recording, 20.0, Pattern.LRDA)
    expected = explain_segment(ensemble, folder / "none.csv", folder, 2, pattern=Pattern.LRDA)
    assert recording.warnings == ()
    assert found.name == "2, 20–30 s"
    assert found.file_name == "2-20-30-s-lrda"
    np.testing.assert_allclose(found.probability, expected.probability, atol=1e-3)
    np.testing.assert_allclose(found.occlusion, expected.occlusion, atol=1e-3)
    looked = np.isfinite(expected.maps.time)
    slack = 0.01 * np.ptp(expected.maps.time[looked])
    np.testing.assert_allclose(found.maps.time[looked], expected.maps.time[looked], atol=slack)


def test_the_gallery_of_a_run_is_one_page(folder, ensemble, tmp_path):
    path = explain_run(ensemble, folder / "oof.csv", folder, tmp_path)
    assert path == tmp_path / "gallery.html"
    assert {file.stem for file in tmp_path.iterdir()} == {
        "gallery",
        "faithfulness",
        "right-lpd",
    }
