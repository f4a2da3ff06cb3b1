"""The gallery: right and confidently wrong, each by the net that never saw it, in one file."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from explained_scenes import small

from hms_folder import noise, segment, write_hms
from nasion.calibration import Calibration
from nasion.data.dataset import SegmentDataset
from nasion.data.store import open_store
from nasion.errors import NasionError
from nasion.explanation.explanation import explain, load
from nasion.explanation.gallery import choose, gallery, needed, rows_of
from nasion.hms.segments import load_segments
from nasion.models.ensemble import Ensemble
from nasion.out_of_fold import OutOfFold
from nasion.terms import PATTERNS, Pattern


def probabilities(pattern, share):
    values = np.full(6, (1 - share) / 5)
    values[PATTERNS.index(pattern)] = share
    return values


def oof_of(*rows):
    """Rows of (fold, eeg_id, predicted, probability, votes)."""
    table = pd.DataFrame({"fold": [row[0] for row in rows], "eeg_id": [row[1] for row in rows]})
    names = table.assign(eeg_sub_id=0, patient_id=table["eeg_id"])
    probability = np.array([probabilities(row[2], row[3]) for row in rows])
    return OutOfFold(names, probability, np.array([row[4] for row in rows]))


LPD_12, LPD_3, SPLIT = (0, 12, 1, 0, 0, 0), (0, 3, 0, 0, 0, 0), (0, 5, 5, 5, 0, 0)
OOF = oof_of(
    (0, 1, Pattern.LPD, 0.6, LPD_12),
    (0, 2, Pattern.LPD, 0.7, LPD_12),
    (1, 3, Pattern.LPD, 0.9, LPD_3),  # surer, but fewer votes
    (1, 4, Pattern.LPD, 0.95, SPLIT),  # no clear label
    (1, 5, Pattern.GPD, 0.5, LPD_12),
    (0, 6, Pattern.OTHER, 0.8, LPD_12),
    (1, 7, Pattern.GRDA, 0.9, (0, 0, 0, 0, 3, 0)),  # no row with many votes
)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    data = [segment(int(eeg_id), LPD_12) for eeg_id in OOF.names["eeg_id"][::-1]]
    signals = {int(eeg_id): noise(10.0, int(eeg_id)) for eeg_id in OOF.names["eeg_id"]}
    folder = write_hms(tmp_path_factory.mktemp("hms"), data, signals=signals)
    segments = load_segments(folder)
    signal = small().experiment.signal
    return SegmentDataset(
        segments, open_store(segments, signal, folder / "store"), small().experiment
    )


def test_the_best_and_the_most_confidently_wrong_are_chosen():
    found = {(one.truth, one.right): one for one in choose(OOF)}
    assert set(found) == {
        (Pattern.LPD, True),
        (Pattern.LPD, False),
        (Pattern.GRDA, True),
    }
    assert found[Pattern.LPD, True].row == 1
    assert found[Pattern.GRDA, True].row == 6
    wrong = found[Pattern.LPD, False]
    assert (wrong.row, wrong.fold, wrong.predicted) == (5, 0, Pattern.OTHER)
    assert wrong.probability == pytest.approx(0.8)
    assert wrong.file_name == "wrong-lpd-as-other"


@pytest.mark.more
def test_each_is_explained_by_the_net_that_held_it_out(dataset, tmp_path):
    fits = (replace(small(0), calibration=Calibration(2.0), fold="0"), replace(small(1), fold="1"))
    ensemble = Ensemble(fits)
    told = []
    dataset = replace(dataset, segments=needed(dataset.segments, OOF))
    path = gallery(ensemble, dataset, OOF, tmp_path, progress=lambda *step: told.append(step))
    assert told[-1] == (3, 3)
    names = {"right-lpd": (2, 0), "right-grda": (7, 1), "wrong-lpd-as-other": (6, 0)}
    files = {f"{name}.{kind}" for name in names for kind in ("svg", "png", "npz")}
    pages = {"gallery.html", "faithfulness.json"}
    assert {file.name for file in tmp_path.iterdir()} == files | pages
    html = path.read_text(encoding="utf-8")
    for name, (eeg_id, fold) in names.items():
        row = dataset.segments.table["eeg_id"].tolist().index(eeg_id)
        written = load(tmp_path / f"{name}.npz")
        expected = explain(ensemble.holding_out(fold), dataset, row, written.pattern)
        assert written.name == f"EEG {eeg_id}, segment 0"
        np.testing.assert_array_equal(written.probability, expected.probability)
        np.testing.assert_array_equal(written.occlusion, expected.occlusion)
        # Picture and caption name the same probability, the calibrated one.
        shown = expected.probability[PATTERNS.index(written.pattern)]
        caption = re.search(rf'id="{name}".*?<figcaption>(.*?)</figcaption>', html, re.S)[1]
        assert f"probability {shown:.2f} (calibrated) by the network of fold {fold}" in caption
    linked = re.findall(r"""(?:src|href)\s*=\s*["']([^"']*)""", html)
    assert len(linked) == 3
    assert all(link.startswith("data:image/svg+xml;base64,") for link in linked)
    assert "LPD taken for Other" in html
    assert "not a medical device" in html
    tested = json.loads((tmp_path / "faithfulness.json").read_text())
    assert {(one["part"], one["n"]) for one in tested} == {("waveform", 3), ("centre", 3)}
    rows = re.findall(r"<tr><th>(\w+)</th><td>(\d)</td>(.*?)</tr>", html)
    assert len(rows) == 2
    for part, _, cells in rows:
        of_part = [one for one in tested if one["part"] == part]
        told = [f"{one['gain']:+.3f}".replace("-", "−") for one in of_part]
        assert sorted(re.findall(r"<td>(\S+)", cells)) == sorted(told)


def test_a_fold_without_a_fit_and_a_segment_that_is_not_there_are_said(dataset, tmp_path):
    with pytest.raises(NasionError, match="no finished fit of fold 1"):
        gallery(Ensemble((replace(small(), fold="0"),)), dataset, OOF, tmp_path)
    with pytest.raises(NasionError, match="has no EEG 99, segment 0"):
        rows_of(dataset.segments, OOF.names.assign(eeg_id=99))


def test_rows_are_found_by_their_ids_in_any_order(dataset):
    rows = rows_of(dataset.segments, OOF.names)
    assert dataset.segments.table["eeg_id"].iloc[rows].tolist() == OOF.names["eeg_id"].tolist()
    assert sorted(needed(dataset.segments, OOF).table["eeg_id"]) == [2, 6, 7]
