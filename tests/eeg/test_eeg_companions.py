"""Files of one recording: whichever is given, the one that describes them is opened."""

import numpy as np
import pytest
from made_edf import eeg
from made_parts import write_brainvision, write_persyst

from nasion.eeg.formats import open_recording, recordings_below
from nasion.errors import NasionError


@pytest.mark.parametrize("suffix", ["eeg", "vmrk"])
def test_a_part_of_brainvision_opens_its_description(tmp_path, suffix):
    whole = open_recording(write_brainvision(tmp_path, "a", eeg(2000)))
    assert whole.annotations == ((2.0, 0.005, "Stimulus/S  1"),)
    part = open_recording(tmp_path / f"a.{suffix}")
    assert part.name == whole.name
    np.testing.assert_array_equal(part.signals(), whole.signals())


def test_a_description_under_another_name_is_found_by_what_it_says(tmp_path):
    write_brainvision(tmp_path, "old", eeg(2000), header="new")
    write_brainvision(tmp_path, "other", eeg(2000, seed=3))
    assert open_recording(tmp_path / "old.eeg").name == "new"


def test_two_descriptions_are_named(tmp_path):
    write_brainvision(tmp_path, "a", eeg(2000), header="one")
    write_brainvision(tmp_path, "a", eeg(2000), header="two")
    with pytest.raises(NasionError, match=r"give one of one\.vhdr, two\.vhdr"):
        open_recording(tmp_path / "a.eeg")


def test_parts_alone_say_what_is_missing(tmp_path):
    for name, wanted in (("a.vmrk", "vhdr"), ("a.fdt", "set"), ("a.21e", "eeg"), ("a.dap", "dat")):
        (tmp_path / name).write_bytes(b"x" * 100)
        with pytest.raises(NasionError, match=rf"part of a recording; put the \.{wanted}"):
            open_recording(tmp_path / name)


def test_samples_without_their_description_are_refused(tmp_path):
    write_brainvision(tmp_path, "a", eeg(2000)).unlink()
    with pytest.raises(NasionError, match=r"a\.eeg: .*\.vhdr"):
        open_recording(tmp_path / "a.eeg")


def test_a_description_without_its_samples_names_them(tmp_path):
    path = write_brainvision(tmp_path, "a", eeg(2000))
    (tmp_path / "a.eeg").unlink()
    with pytest.raises(NasionError, match=r"a\.vhdr: .*a\.eeg") as error:
        open_recording(path)
    assert "\n" not in str(error.value)


def test_the_samples_of_persyst_open_their_description(tmp_path):
    signals = eeg(2000)
    whole = open_recording(write_persyst(tmp_path, "a", signals))
    np.testing.assert_allclose(whole.signals(), signals, atol=1e-3)
    assert whole.annotations == ((2.5, 1.0, "Eyes closed, no = artifact"),)
    np.testing.assert_array_equal(open_recording(tmp_path / "a.dat").signals(), whole.signals())


def test_a_folder_search_gives_each_recording_once(tmp_path):
    write_brainvision(tmp_path, "a", eeg(2000))
    write_brainvision(tmp_path, "old", eeg(2000), header="new")
    write_persyst(tmp_path, "p", eeg(2000))
    assert {path.name for path in recordings_below(tmp_path)} == {"a.vhdr", "new.vhdr", "p.lay"}


@pytest.mark.parametrize("named", [False, True])
def test_suffixes_in_capitals_are_those_in_small_letters(tmp_path, named):
    path = write_brainvision(tmp_path, "a", eeg(2000))
    usual = open_recording(path)
    capital = tmp_path / "capital"
    capital.mkdir()
    for part in tmp_path.glob("a.*"):
        content = part.read_bytes()
        if named:
            content = content.replace(b"a.eeg", b"a.EEG").replace(b"a.vmrk", b"a.VMRK")
        (capital / f"a{part.suffix.upper()}").write_bytes(content)
    assert [path.name for path in recordings_below(capital)] == ["a.VHDR"]
    for suffix in ("VHDR", "EEG", "VMRK"):
        recording = open_recording(capital / f"a.{suffix}")
        assert recording.annotations == usual.annotations
        np.testing.assert_array_equal(recording.signals(), usual.signals())
