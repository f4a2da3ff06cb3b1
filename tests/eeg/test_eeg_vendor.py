"""Files of vendors. None of a device was at hand: made ones stand in for them."""

import shutil
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from made_edf import eeg
from made_vendor import START, write_micromed, write_nicolet, write_nihon_kohden

from nasion.eeg.formats import open_recording, recordings_below
from nasion.eeg.remarks import Code
from nasion.errors import NasionError
from nasion.terms import COLUMNS

STEP_UV = 0.1


def needing(package):
    pytest.importorskip(package, reason=f'needs {package}: pip install "nasion[vendor]"')


def assert_clips(recording, signals, gap_s=3.0):
    """Two clips of 5 s and what follows, with a gap between them."""
    gap = round(gap_s * 200)
    assert recording.missing == ()
    assert recording.gaps_s == ((5.0, gap_s),)
    whole = recording.signals()
    np.testing.assert_allclose(whole[:, :1000], signals[:, :1000], atol=STEP_UV)
    assert np.isnan(whole[:, 1002 : 998 + gap]).all()
    np.testing.assert_allclose(whole[:, 1000 + gap :], signals[:, 1000:], atol=STEP_UV)


@pytest.mark.parametrize("extended", [False, True])
def test_clips_of_nihon_kohden_stand_at_their_time_with_the_log(tmp_path, extended):
    needing("eeg2edf")
    signals = eeg(3000)
    log = [(2, "Eyes closed"), (9, "A1+A2 OFF")]
    path = write_nihon_kohden(
        tmp_path / "DA0001.EEG",
        [(0.0, signals[:, :1000]), (8.0, signals[:, 1000:])],
        log=log,
        extended=extended,
        version="EEG-1200A" if extended else "EEG-1100C",
    )
    recording = open_recording(path)
    assert recording.start == START
    assert recording.annotations == tuple((float(at), 0.0, text) for at, text in log)
    assert_clips(recording, signals)


def test_two_readers_of_nihon_kohden_agree(tmp_path, monkeypatch):
    needing("eeg2edf")
    signals = eeg(2000)
    path = write_nihon_kohden(tmp_path / "a.eeg", [(0.0, signals)], log=[(2, "note")])
    one = open_recording(path)
    monkeypatch.setitem(sys.modules, "eeg2edf", None)
    other = open_recording(path)
    np.testing.assert_allclose(one.signals(), other.signals(), atol=1e-3)
    assert one.annotations == other.annotations == ((2.0, 0.0, "note"),)


def test_a_part_of_nihon_kohden_opens_the_recording(tmp_path):
    path = write_nihon_kohden(tmp_path / "a.EEG", [(0.0, eeg(2000))], log=[(2, "note")])
    for suffix in (".21E", ".LOG"):
        assert open_recording(path.with_suffix(suffix)).n_times == 2000
    assert [other.name for other in recordings_below(tmp_path)] == ["a.EEG"]


@pytest.mark.parametrize("installed", [True, False])
def test_names_of_channels_are_found_in_any_case_and_said_to_be_missing(
    tmp_path, monkeypatch, installed
):
    if installed:
        needing("eeg2edf")
    else:
        monkeypatch.setitem(sys.modules, "eeg2edf", None)
    signals = eeg(2000)
    path = write_nihon_kohden(tmp_path / "a.eeg", [(0.0, signals)], log=[(2, "note")])
    names = path.with_suffix(".21E")
    turned = names.read_text().replace("=Fp1", "=was Fp1").replace("=O2", "=Fp1")
    names.unlink()
    path.with_suffix(".21e").write_text(turned.replace("=was Fp1", "=O2"))
    recording = open_recording(path)
    assert recording.warnings == ()
    first, last = COLUMNS.index("Fp1"), COLUMNS.index("O2")
    np.testing.assert_allclose(recording.signals()[[first, last]], signals[[last, first]], atol=0.1)
    path.with_suffix(".21e").unlink()
    without = open_recording(path)
    assert [remark.code for remark in without.warnings][:1] == [Code.ASSUMED_NAMES]
    np.testing.assert_allclose(without.signals()[first], signals[first], atol=0.1)


def test_the_newer_nihon_kohden_names_its_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "eeg2edf", None)
    path = write_nihon_kohden(
        tmp_path / "a.eeg", [(0.0, eeg(2000))], extended=True, version="EEG-1200A"
    )
    with pytest.raises(NasionError, match=r'needs the package eeg2edf.*"nasion\[vendor\]"'):
        open_recording(path)


def test_segments_of_nicolet_stand_at_their_time_with_what_was_noted(tmp_path):
    needing("eeg2edf")
    signals = eeg(3000)
    path = write_nicolet(
        tmp_path / "a.e",
        [(0.0, signals[:, :1000]), (8.0, signals[:, 1000:])],
        notes=[(2.0, "Eyes closed"), (9.0, "Cough")],
    )
    recording = open_recording(path)
    assert recording.start == START
    assert recording.annotations == ((2.0, 0.0, "Eyes closed"), (9.0, 0.0, "Cough"))
    assert_clips(recording, signals)
    other = Path(shutil.copy(path, tmp_path / "a.dat"))
    np.testing.assert_array_equal(open_recording(other).signals(), recording.signals())


def test_segments_of_micromed_stand_at_their_time_with_notes(tmp_path):
    needing("neo")
    signals = eeg(3000)
    path = write_micromed(
        tmp_path / "a.TRC",
        [(200, signals[:, :1000]), (1800, signals[:, 1000:])],
        notes=[(400, "Eyes closed"), (1200, "Cough")],
    )
    recording = open_recording(path)
    assert recording.start == START + timedelta(seconds=1)
    assert recording.references == ("G2",)
    assert recording.annotations == ((2.0, 0.0, "Eyes closed"), (9.0, 0.0, "Cough"))
    assert_clips(recording, signals)
    np.testing.assert_array_equal(recording.read(900, 1700), recording.signals()[:, 900:1700])


def test_segments_of_micromed_whose_first_is_not_told_are_refused(tmp_path):
    needing("neo")
    signals = eeg(3000)
    path = write_micromed(tmp_path / "a.trc", [(0, signals[:, :1000]), (1600, signals[:, 1000:])])
    with pytest.raises(NasionError, match="segments"):
        open_recording(path)


def test_one_segment_of_micromed_is_the_usual_case(tmp_path):
    needing("neo")
    signals = eeg(2000)
    recording = open_recording(write_micromed(tmp_path / "a.trc", [(0, signals)]))
    assert (recording.start, recording.gaps_s) == (START, ())
    np.testing.assert_allclose(recording.signals(), signals, atol=STEP_UV)


def test_vendors_files_that_cannot_be_read_say_why(tmp_path):
    needing("eeg2edf")
    needing("neo")
    nicolet = write_nicolet(tmp_path / "whole.e", [(0.0, eeg(2000))])
    micromed = write_micromed(tmp_path / "whole.trc", [(0, eeg(2000))])
    cases = {
        "newer.e": write_nicolet(tmp_path / "n.e", [(0.0, eeg(2000))], stride=600).read_bytes(),
        "cut.e": nicolet.read_bytes()[:-100],
        "other.e": b"x" * 1000,
        "other.trc": b"x" * 1000,
        "old.trc": bytes(micromed.read_bytes()[:175]) + b"\2" + micromed.read_bytes()[176:],
        "head.trc": micromed.read_bytes()[:400],
    }
    for name, content in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(NasionError, match=rf"{name}: can't be read \(.*EDF\+") as error:
            open_recording(tmp_path / name)
        assert "\n" not in str(error.value)


def test_cut_files_are_refused_when_they_are_opened(tmp_path):
    needing("eeg2edf")
    needing("neo")
    for path in (
        write_nihon_kohden(tmp_path / "a.eeg", [(0.0, eeg(2000))]),
        write_nicolet(tmp_path / "a.e", [(0.0, eeg(2000))]),
        write_micromed(tmp_path / "a.trc", [(200, eeg(1000)), (1800, eeg(1000))]),
    ):
        path.write_bytes(path.read_bytes()[:-45_000])
        with pytest.raises(NasionError, match=rf"{path.name}: can't be read \(.*EDF\+"):
            open_recording(path)


@pytest.mark.parametrize(("name", "package"), [("a.e", "eeg2edf"), ("a.trc", "neo")])
def test_a_package_that_is_missing_is_named(tmp_path, monkeypatch, name, package):
    monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / name).write_bytes(bytes(1000))
    with pytest.raises(NasionError, match=rf'needs the package {package}.*"nasion\[vendor\]"'):
        open_recording(tmp_path / name)


def test_a_clip_more_than_a_day_later_is_a_gap(tmp_path):
    needing("eeg2edf")
    signals = eeg(2000)
    days_s = timedelta(days=2).total_seconds()
    path = write_nihon_kohden(
        tmp_path / "a.eeg", [(0.0, signals[:, :1000]), (days_s, signals[:, 1000:])]
    )
    recording = open_recording(path)
    assert recording.gaps_s == ((5.0, days_s - 5.0),)
    late = recording.read(recording.n_times - 1000, recording.n_times)
    np.testing.assert_allclose(late, signals[:, 1000:], atol=STEP_UV)
    assert late.shape == (len(COLUMNS), 1000)
