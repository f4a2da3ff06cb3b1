"""What a file holds counts, whatever its name."""

import shutil

import numpy as np
import pytest
from made_edf import eeg, write

from nasion.eeg.formats import annotated_suffix, open_recording, recordings_below
from nasion.errors import NasionError

OTHER_NAMES = ("a", "a.txt", "a.dat", "a.REC", "a.EDF", "a.eeg", "a.cnt", "a.fif", "a.edf.txt")


@pytest.mark.parametrize("kind", ["edf", "bdf"])
def test_edf_opens_under_any_name(tmp_path, kind):
    usual = write(tmp_path / f"usual.{kind}", eeg(2000))
    expected = open_recording(usual).signals()
    for name in OTHER_NAMES:
        shutil.copy(usual, tmp_path / name)
        np.testing.assert_array_equal(open_recording(tmp_path / name).signals(), expected)


def test_a_copy_with_annotations_is_named_by_what_it_holds(tmp_path):
    for kind in ("edf", "bdf"):
        path = write(tmp_path / f"a.{kind}", eeg(2000))
        assert annotated_suffix(path) == f".{kind}"
        assert annotated_suffix(path.rename(tmp_path / "a.txt")) == f".{kind}"


def test_a_folder_search_goes_by_content_too(tmp_path):
    usual = write(tmp_path / "usual.edf", eeg(2000))
    for name in ("none", "text.txt", "record.rec", "UPPER.EDF", "usual.edf.bak", ".hidden.edf"):
        shutil.copy(usual, tmp_path / name)
    (tmp_path / "notes.txt").write_text("0       is how the header of an EDF begins, too" * 20)
    (tmp_path / "other.rec").write_bytes(b"RIFF" * 100)
    (tmp_path / "lone.edf").write_bytes(b"what should be one is named")
    found = {path.name for path in recordings_below(tmp_path)}
    assert found == {"usual.edf", "none", "text.txt", "record.rec", "UPPER.EDF", "lone.edf"}


def test_what_is_no_recording_is_named(tmp_path):
    cases = {
        "page.edf": (b"\n<!DOCTYPE html><html>", "web page.*download"),
        "pointer.edf": (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        "report.eeg": (b"%PDF-1.7", "PDF"),
        "a.7z": (b"7z\xbc\xaf\x27\x1c", "7z archive; unpack"),
        "a.tar": (bytes(257) + b"ustar" + bytes(300), "tar archive; unpack"),
        "image.dcm": (bytes(128) + b"DICM" + bytes(300), "DICOM.*waveform"),
    }
    for name, (content, expected) in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(NasionError, match=rf"{name}: is .*{expected}"):
            open_recording(tmp_path / name)


def test_a_format_that_needs_its_suffix_says_so(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("Brain Vision Data Exchange Header File Version 1.0\n[Common Infos]\n")
    with pytest.raises(NasionError, match=r"a\.txt: is a BrainVision file.*rename it to a\.vhdr"):
        open_recording(path)
