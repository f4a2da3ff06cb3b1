import numpy as np
import pandas as pd
import pytest
from made_edf import eeg, write

from nasion.eeg.formats import open_recording
from nasion.eeg.renaming import renames_of
from nasion.errors import NasionError
from nasion.terms import COLUMNS, ELECTRODES

NUMBERED = tuple(f"CH{number}" for number in range(1, 20))
RENAMES = dict(zip(NUMBERED, ELECTRODES, strict=True))


def texts(recording):
    return "\n".join(map(str, recording.warnings))


@pytest.fixture
def signals():
    return eeg(200 * 20, 19)


@pytest.fixture
def numbered(tmp_path, signals):
    return write(tmp_path / "a.edf", signals, labels=NUMBERED)


def test_renamed_channels_are_the_electrodes(numbered, signals):
    with pytest.raises(NasionError, match="holds 0 of the 19"):
        open_recording(numbered)
    recording = open_recording(numbered, rename=RENAMES)
    np.testing.assert_allclose(recording.signals()[:19], signals, atol=1e-3)
    assert "renamed: CH1 as Fp1, CH2 as F3" in texts(recording)


def test_a_file_beside_the_recording_renames(numbered, signals):
    lines = [f'"{old}" = "{new}"' for old, new in RENAMES.items()]
    (numbered.parent / "channels.toml").write_text("\n".join(['bad = ["CH5"]', "[rename]", *lines]))
    recording = open_recording(numbered)
    assert recording.interpolated == ("F7",)
    assert "marked as bad, so not used: F7" in texts(recording)
    swapped = open_recording(numbered, rename={"CH1": "F3", "CH2": "Fp1"})
    np.testing.assert_allclose(swapped.signals()[:2], signals[[1, 0]], atol=1e-3)


def test_a_channel_can_be_left_out_and_two_can_change_places(tmp_path, signals):
    path = write(tmp_path / "a.edf", signals, labels=ELECTRODES)
    recording = open_recording(path, rename={"F7": "-"})
    assert (recording.interpolated, recording.ignored) == (("F7",), ("F7",))
    assert "F7 left out" in texts(recording)
    recording = open_recording(path, rename={"Fp1": "Fp2", "Fp2": "Fp1"})
    np.testing.assert_allclose(recording.signals()[[0, 11]], signals[[11, 0]], atol=1e-3)


def test_a_renamed_channel_has_the_reference_of_the_others(tmp_path, signals):
    labels = tuple(f"EEG {name}-Ref" if name != "O2" else "CH8" for name in ELECTRODES)
    path = write(tmp_path / "a.edf", signals, labels=labels)
    recording = open_recording(path, rename={"CH8": "O2"})
    assert recording.references == ("REF",)
    assert texts(recording) == "renamed: CH8 as O2-REF"


@pytest.mark.parametrize(
    ("rename", "message"),
    [
        ({"CH99": "Fp1"}, r"a\.edf: holds no channel 'CH99' to rename; its channels are CH1, CH2"),
        (
            {"CH1": "Fp1", "CH2": "Fp1"},
            r"a\.edf: CH1 \(now Fp1\) and CH2 \(now Fp1\) are one electrode",
        ),
        ({"CH1": "T3", "CH2": "T7"}, r"a\.edf: CH1 \(now T3\) and CH2 \(now T7\) are one"),
        ({"CH1": "Fp"}, r"a\.edf: 'Fp' is no electrode"),
    ],
)
def test_a_rename_that_can_not_be_is_refused_in_a_line(numbered, rename, message):
    with pytest.raises(NasionError, match=message) as error:
        open_recording(numbered, rename=rename)
    assert "\n" not in str(error.value)


def test_a_second_channel_of_an_electrode_is_not_made_by_renaming(tmp_path, signals):
    path = write(tmp_path / "a.edf", [*signals, signals[0]], labels=(*ELECTRODES, "X1"))
    with pytest.raises(NasionError, match="are one electrode after renaming"):
        open_recording(path, rename={"X1": "Fp1"})
    recording = open_recording(path, rename={"X1": "Fp1", "Fp1": "-"})
    assert recording.present == ELECTRODES


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[rename", r"channels\.toml: can't be read"),
        ('[names]\nCH1 = "Fp1"', r"channels\.toml: takes a table .*, not names"),
        ("[rename]\nCH1 = 1", r"channels\.toml: a new name is text"),
        ('bad = "CH1"', r"channels\.toml: takes"),
        ('[rename]\nB1 = "Fp1"', r"channels\.toml: renames B1, none of which .*a\.edf holds"),
    ],
)
def test_a_wrong_file_of_names_is_refused_in_a_line(numbered, content, message):
    (numbered.parent / "channels.toml").write_text(content)
    with pytest.raises(NasionError, match=message) as error:
        open_recording(numbered)
    assert "\n" not in str(error.value)


def test_names_that_a_recording_lacks_are_said(tmp_path, signals):
    path = write(tmp_path / "a.edf", signals, labels=(*ELECTRODES[:18], "CH8"))
    (tmp_path / "channels.toml").write_text('[rename]\nCH8 = "O2"\nCH9 = "EKG"')
    recording = open_recording(path)
    assert recording.present == ELECTRODES
    assert "channels.toml speaks of channels that the recording does not hold: CH9" in texts(
        recording
    )


def test_a_table_of_bids_marks_bad_channels(tmp_path, signals):
    path = write(tmp_path / "sub-01_task-rest_eeg.edf", signals, labels=ELECTRODES)
    rows = [f"{name}\tEEG\tuV\t{'bad' if name == 'T3' else 'good'}" for name in ELECTRODES]
    table = tmp_path / "sub-01_task-rest_channels.tsv"
    table.write_text("\n".join(["name\ttype\tunits\tstatus", *rows]))
    recording = open_recording(path)
    assert recording.interpolated == ("T3",)
    assert "marked as bad, so not used: T3" in texts(recording)
    table.write_text(table.read_text().replace("\tEEG\t", "\tSEEG\t").replace("bad", "good"))
    with pytest.raises(NasionError, match="depth or grid electrodes"):
        open_recording(path)


def test_the_command_line_takes_pairs():
    assert renames_of(["CH1=Fp1", " A=B = O2 "]) == {"CH1": "Fp1", "A=B": "O2"}
    for pairs in (["CH1"], ["=Fp1"], ["CH1="], ["CH1=Fp1", "CH1=Fp2"]):
        with pytest.raises(NasionError, match="--rename"):
            renames_of(pairs)


def test_an_mne_raw_is_renamed(signals):
    import mne

    raw = mne.io.RawArray(
        signals * 1e-6, mne.create_info(list(NUMBERED), 200.0, "eeg"), verbose="error"
    )
    assert open_recording(raw, rename=RENAMES).present == COLUMNS[:19]


def test_a_column_of_a_parquet_file_is_renamed(tmp_path, signals):
    columns = {old: signals[row].astype(np.float32) for row, old in enumerate(NUMBERED)}
    clock = {"time": np.arange(signals.shape[1])}
    columns["CH1"][400:600] = np.nan
    for values in columns.values():
        values[1000:1400] = np.nan
    pd.DataFrame(columns | clock).rename(columns={"CH2": "F3"}).to_parquet(tmp_path / "a.parquet")
    renames = {old: new for old, new in RENAMES.items() if new != "F3"}
    recording = open_recording(tmp_path / "a.parquet", rename=renames)
    np.testing.assert_array_equal(recording.signals()[1], columns["CH2"])
    assert recording.gaps_s == ((5.0, 2.0),)
    assert recording.ignored == ("time",)
