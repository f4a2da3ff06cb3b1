"""Formats that MNE reads: made files come out as they went in, and missing packages are named."""

import sys
import warnings
from datetime import UTC, datetime

import mne
import numpy as np
import pytest
from made_cnt import write_cnt
from made_edf import eeg

from nasion.eeg.formats import open_recording
from nasion.eeg.mne_raw import open_mne
from nasion.errors import NasionError
from nasion.terms import COLUMNS

HDF5 = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\0\2IM" + bytes(384) + b"\x89HDF"
NEEDING = {
    "a.mff": ("mffpy", b""),
    "a.mefd": ("pymef", b""),
    "a.cnt": ("antio", b"RIFF\0\0\0\0CNT "),
    "unlike-any.cnt": ("antio", bytes(2000)),
    "a.nedf": ("defusedxml", bytes(3000)),
    "a.set": ("pymatreader", HDF5),
    "a.cdt": ("curryreader", bytes(2000)),
}


@pytest.mark.parametrize("name", NEEDING)
def test_a_package_that_is_missing_is_named_with_how_to_install_it(tmp_path, monkeypatch, name):
    package, content = NEEDING[name]
    monkeypatch.setitem(sys.modules, package, None)
    path = tmp_path / name
    if name.endswith((".mff", ".mefd")):
        path.mkdir()
        (path / "signal1.bin").write_bytes(bytes(64))
    else:
        path.write_bytes(content)
    if name.endswith(".cdt"):
        (tmp_path / "a.cdt.dpo").write_text("NumChannels = 1\n")
    with pytest.raises(NasionError) as error:
        open_recording(path)
    assert "\n" not in str(error.value)
    extra = "" if package == "pymef" else ' pip install "nasion[formats]", or'
    assert str(error.value) == (
        f"{path}: needs the package {package} to be read;{extra} pip install {package}"
    )


@pytest.mark.parametrize(
    ("suffix", "writer"), [(".set", "eeglabio"), (".vhdr", "pybv"), (".fif", "mne")]
)
def test_what_others_write_is_read(tmp_path, suffix, writer):
    pytest.importorskip(writer, reason=f"needs {writer} to write the file")
    signals = eeg(2000)
    info = mne.create_info(list(COLUMNS), 200.0, ["eeg"] * 19 + ["ecg"])
    raw = mne.io.RawArray(signals * 1e-6, info, verbose="error")
    raw.set_annotations(mne.Annotations([2.0], [1.0], ["Eyes closed"]), verbose="error")
    path = tmp_path / f"a_raw{suffix}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if suffix == ".fif":
            raw.save(path, verbose="error")
        else:
            mne.export.export_raw(path, raw, verbose="error")
    recording = open_recording(path)
    np.testing.assert_allclose(recording.signals(), signals, atol=0.1)
    ((onset_s, duration_s, text),) = [
        event for event in recording.annotations if "New Segment" not in event[2]
    ]
    assert (round(onset_s, 2), duration_s) == (2.0, 1.0)
    assert text.endswith("Eyes closed")


def test_neuroscan_is_read(tmp_path):
    signals = eeg(2000)
    recording = open_recording(write_cnt(tmp_path / "a.cnt", signals))
    assert recording.start == datetime(2020, 2, 1, 10)
    np.testing.assert_allclose(recording.signals(), signals, atol=0.1)


def test_egi_is_read_by_the_names_of_its_net(tmp_path):
    mffpy = pytest.importorskip("mffpy", reason='needs mffpy: pip install "nasion[formats]"')
    from mffpy.writer import BinWriter

    signals = eeg(2000, 33).astype(np.float32)
    writer = mffpy.Writer(str(tmp_path / "a.mff"))
    writer.addxml("fileInfo", recordTime=datetime(2020, 2, 1, 10, tzinfo=UTC))
    data = BinWriter(sampling_rate=200)
    data.add_block(signals)
    writer.addbin(data)
    writer.add_coordinates_and_sensor_layout("HydroCel GSN 32 1.0")
    writer.write()
    source = open_mne(tmp_path / "a.mff")
    (track,) = source.tracks
    assert track.labels[:2] == ("E1", "E2")
    assert source.start == datetime(2020, 2, 1, 10)
    np.testing.assert_allclose(track.read(range(32), 0, 2000), signals[:32], atol=1e-3)
    with pytest.raises(NasionError, match=r"0 of the 19 electrodes.*E1, E2"):
        open_recording(tmp_path / "a.mff")


def test_damage_that_shows_when_samples_are_read_is_told_in_one_line(tmp_path):
    path = write_cnt(tmp_path / "a.cnt", eeg(600))
    recording = open_recording(path)
    path.write_bytes(path.read_bytes()[:10_000])
    with pytest.raises(NasionError, match=r"a\.cnt: can't be read") as error:
        recording.signals()
    assert "\n" not in str(error.value)
