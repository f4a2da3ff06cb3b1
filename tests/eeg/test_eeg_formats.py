import json
import re
import sys
import tomllib
from pathlib import Path

import mne
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made_edf import STEP_UV, eeg, write

from documents import section
from nasion.eeg.formats import FORMATS, open_recording
from nasion.eeg.packages import EXTRAS, is_installed
from nasion.errors import NasionError
from nasion.terms import ALIASES, COLUMNS, EKG, ELECTRODES, LEFT, MIDLINE, RIGHT

ALIAS_OF = {name: alias for alias, name in ALIASES.items()}
HMS = ("1445780287", "1572717157", "1628180742", "2277392603", "722738444")


def write_parquet(path, signals, names=COLUMNS):
    pd.DataFrame(np.asarray(signals, np.float32).T, columns=list(names)).to_parquet(path)
    return path


def made_raw(signals, labels=COLUMNS, sfreq=200.0):
    info = mne.create_info(list(labels), sfreq, ["eeg"] * (len(labels) - 1) + ["ecg"])
    return mne.io.RawArray(signals * 1e-6, info, verbose="error")


@pytest.mark.parametrize(
    "rename",
    [
        str.upper,
        lambda name: ALIAS_OF.get(name, name),
        lambda name: f"EEG {name}-Ref",
        lambda name: f"EEG {name.upper()}-LE",
        lambda name: f"POL {name}",
        lambda name: f"{name}.",
    ],
)
def test_names_do_not_change_the_signals(tmp_path, rename):
    signals = eeg(2000)
    usual = open_recording(write(tmp_path / "usual.edf", signals))
    renamed = open_recording(
        write(tmp_path / "renamed.edf", signals, labels=tuple(map(rename, COLUMNS)))
    )
    assert (renamed.present, renamed.ignored) == (ELECTRODES, ())
    np.testing.assert_array_equal(renamed.signals(), usual.signals())


def test_order_does_not_matter_and_others_are_named(tmp_path):
    signals = eeg(2000)
    labels = (*COLUMNS[::-1], "AF3", "Resp")
    path = write(tmp_path / "a.edf", [*signals[::-1], *eeg(2000, 2)], labels=labels)
    recording = open_recording(path)
    np.testing.assert_allclose(recording.signals(), signals, atol=1e-4)
    assert recording.ignored == ("AF3", "Resp")


@pytest.mark.real
@pytest.mark.parametrize("eeg_id", HMS)
def test_hms_parquet_comes_out_unchanged(real, eeg_id):
    path = real / "hms" / "train_eegs" / f"{eeg_id}.parquet"
    recording = open_recording(path)
    frame = pd.read_parquet(path)
    assert (recording.name, recording.missing, recording.warnings) == (eeg_id, (), ())
    np.testing.assert_array_equal(recording.signals(), frame[list(COLUMNS)].to_numpy().T)
    np.testing.assert_array_equal(recording.read(77, 5000), recording.signals()[:, 77:5000])


@pytest.mark.real
def test_parquet_and_edf_agree(real, tmp_path):
    recording = open_recording(real / "hms" / "train_eegs" / "722738444.parquet")
    signals = np.clip(recording.signals(), -3200, 3200)
    edf = open_recording(write(tmp_path / "a.edf", signals))
    np.testing.assert_allclose(edf.signals(), signals, atol=0.51 * STEP_UV)


def test_nan_of_a_parquet_stay_and_do_not_move(tmp_path):
    signals = eeg(4000)
    signals[:, 1000:1400] = np.nan
    signals[3, 5:10] = np.nan
    recording = open_recording(write_parquet(tmp_path / "a.parquet", signals))
    np.testing.assert_array_equal(recording.signals(), signals.astype(np.float32))
    assert recording.gaps_s == ((5.0, 2.0),)


def test_a_parquet_of_several_row_groups_equals_one(tmp_path):
    frame = pd.DataFrame(eeg(4000).T.astype(np.float32), columns=list(COLUMNS))
    frame.iloc[1490:2010] = np.nan
    frame.to_parquet(tmp_path / "one.parquet")
    frame[list(COLUMNS[::-1])].to_parquet(tmp_path / "many.parquet", row_group_size=500)
    one, many = (open_recording(tmp_path / f"{name}.parquet") for name in ("one", "many"))
    np.testing.assert_array_equal(many.signals(), one.signals())
    np.testing.assert_array_equal(many.read(499, 2501), one.read(499, 2501))
    assert one.gaps_s == many.gaps_s == ((7.45, 2.6),)


@pytest.mark.parametrize("rows", [4000, 700])
def test_a_column_of_nulls_is_a_missing_electrode(tmp_path, rows):
    signals = eeg(4000)
    columns = [pa.array(row, pa.float32()) for row in signals]
    columns[4] = pa.nulls(4000)
    table = pa.table(columns, names=list(COLUMNS))
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=rows)
    recording = open_recording(tmp_path / "a.parquet")
    assert recording.interpolated == (COLUMNS[4],)
    kept = np.delete(np.arange(20), 4)
    np.testing.assert_array_equal(recording.signals()[kept], signals[kept].astype(np.float32))


@pytest.mark.parametrize("empty", [True, False])
def test_of_a_column_that_is_there_twice_the_recorded_one_counts(tmp_path, empty):
    signals = eeg(4000)
    other = np.full(4000, np.nan) if empty else signals[7] + 5
    table = pa.table([other, *signals], names=[COLUMNS[3], *COLUMNS])
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=999)
    recording = open_recording(tmp_path / "a.parquet")
    assert recording.interpolated == ()
    expected = signals[3] if empty else other
    np.testing.assert_allclose(recording.signals()[3], expected, atol=1e-3)
    np.testing.assert_allclose(recording.signals()[4:], signals[4:], atol=1e-3)
    assert any(COLUMNS[3] in warning.text for warning in recording.warnings)


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e308, -1e31])
def test_numbers_that_nothing_measured_are_nan(tmp_path, value):
    signals = eeg(4000)
    signals[2, 1000:1100] = value
    frame = pd.DataFrame(signals.T, columns=list(COLUMNS))
    frame.to_parquet(tmp_path / "a.parquet")
    read = open_recording(tmp_path / "a.parquet").signals()
    assert np.isnan(read[2, 1000:1100]).all()
    assert np.isnan(read).sum() == 100


def test_a_parquet_written_anew_is_read_anew(tmp_path):
    first, second = eeg(2000), eeg(2000, seed=5)
    path = tmp_path / "a.parquet"
    open_recording(write_parquet(path, first)).signals()
    recording = open_recording(write_parquet(path, second))
    np.testing.assert_array_equal(recording.signals(), second.astype(np.float32))


def test_dead_columns_are_missing_and_interpolated(tmp_path):
    signals = eeg(2000)
    signals[COLUMNS.index("C3")] = 0.0
    signals[COLUMNS.index("O2")] = np.nan
    recording = open_recording(write_parquet(tmp_path / "a.parquet", signals))
    assert set(recording.interpolated) == {"C3", "O2"}
    assert recording.missing == ()
    assert sum("holds nothing" in warning.text for warning in recording.warnings) == 2
    assert np.isfinite(recording.signals()).all()


def test_what_has_no_neighbours_stays_missing(tmp_path):
    names = (*MIDLINE, *RIGHT)
    recording = open_recording(write_parquet(tmp_path / "a.parquet", eeg(2000, 11), names))
    assert set(recording.missing) == set(LEFT)
    nan = np.isnan(recording.signals()).all(axis=1)
    assert {COLUMNS[row] for row in np.flatnonzero(nan)} == {*recording.missing, EKG}


def test_two_ears_are_kept_apart(tmp_path):
    labels = tuple(
        name if name == EKG else f"{name}-{'A1' if name in LEFT + MIDLINE else 'A2'}"
        for name in COLUMNS
    )
    keep = [row for row, name in enumerate(COLUMNS) if name not in ("C3", "Pz")]
    signals = eeg(2000)
    path = write(tmp_path / "ears.edf", signals[keep], labels=tuple(labels[row] for row in keep))
    recording = open_recording(path)
    assert recording.references == ("A1", "A2")
    assert (recording.interpolated, recording.missing) == (("C3", "Pz"), ())
    assert any("2 references" in warning.text for warning in recording.warnings)
    changed = signals.copy()
    changed[COLUMNS.index("F4")] *= -2
    other = write(tmp_path / "other.edf", changed[keep], labels=tuple(labels[row] for row in keep))
    row = COLUMNS.index("C3")
    np.testing.assert_array_equal(open_recording(other).signals()[row], recording.signals()[row])


def test_an_electrode_that_is_the_reference_is_zero(tmp_path):
    signals = eeg(2000)
    names = tuple(name for name in ELECTRODES if name != "Cz")
    rows = [COLUMNS.index(name) for name in names]
    path = write(tmp_path / "cz.edf", signals[rows], labels=tuple(f"{n}-Cz" for n in names))
    recording = open_recording(path)
    assert (recording.references, recording.missing, recording.interpolated) == (("Cz",), (), ())
    assert not recording.signals()[COLUMNS.index("Cz")].any()
    assert any("Cz is the reference" in warning.text for warning in recording.warnings)


def test_heart_leads_are_subtracted(tmp_path):
    signals = eeg(2000, 21)
    path = write(tmp_path / "a.edf", signals, labels=(*ELECTRODES, "EKGL", "EKGR"))
    recording = open_recording(path)
    np.testing.assert_allclose(recording.signals()[19], signals[19] - signals[20], atol=1e-3)
    assert recording.ignored == ()


@pytest.mark.parametrize("sfreq", [200.0, 256.0])
def test_raw_object_equals_its_file(tmp_path, sfreq):
    signals = eeg(4000)
    raw = made_raw(signals, sfreq=sfreq)
    raw.set_annotations(
        mne.Annotations([2.0, 5.0], [1.5, 1.0], ["BAD_ACQ_SKIP", "spike"]), verbose="error"
    )
    path = tmp_path / "made_raw.fif"
    raw.save(path, verbose="error")
    from_file, from_object = open_recording(path), open_recording(raw)
    np.testing.assert_allclose(from_object.signals(), from_file.signals(), atol=1e-3)
    assert from_file.gaps_s == from_object.gaps_s == ((2.0, 1.5),)
    assert from_file.annotations == from_object.annotations == ((5.0, 1.0, "spike"),)
    assert from_file.name == "made_raw"
    lost = np.isnan(from_file.signals())
    assert lost[:, 401:699].all()
    assert not lost[:, :399].any()
    assert not lost[:, 701:].any()
    pieces = [from_file.read(a, min(a + 333, 3000)) for a in range(0, 3000, 333)]
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), from_file.read(0, 3000), atol=1e-4)


def test_a_cropped_raw_keeps_its_clock(tmp_path):
    signals = eeg(4000)
    raw = made_raw(signals)
    raw.set_meas_date(1_700_000_000)
    raw.set_annotations(
        mne.Annotations([5.0], [1.0], ["spike"], orig_time=raw.info["meas_date"]), verbose="error"
    )
    cropped = open_recording(raw.copy().crop(3.0, None))
    whole = open_recording(raw)
    assert (cropped.start - whole.start).total_seconds() == 3.0
    assert cropped.annotations == ((2.0, 1.0, "spike"),)
    np.testing.assert_array_equal(cropped.signals(), whole.signals(3.0))


def test_mne_and_own_reader_agree_on_edf(tmp_path):
    path = write(tmp_path / "a.edf", eeg(20 * 256), 256.0)
    raw = mne.io.read_raw_edf(path, verbose="error")
    np.testing.assert_allclose(
        open_recording(raw).signals(), open_recording(path).signals(), atol=1e-3
    )


def test_brainvision_opens_through_mne(tmp_path):
    signals = eeg(2000).astype("<f4")
    signals.T.tofile(tmp_path / "a.eeg")
    channels = "\n".join(f"Ch{n + 1}={name},,1,µV" for n, name in enumerate(COLUMNS))
    (tmp_path / "a.vhdr").write_text(
        "Brain Vision Data Exchange Header File Version 1.0\n[Common Infos]\nDataFile=a.eeg\n"
        "DataFormat=BINARY\nDataOrientation=MULTIPLEXED\nNumberOfChannels=20\n"
        "SamplingInterval=5000\n[Binary Infos]\nBinaryFormat=IEEE_FLOAT_32\n"
        f"[Channel Infos]\n{channels}\n",
        encoding="utf-8",
    )
    recording = open_recording(tmp_path / "a.vhdr")
    np.testing.assert_allclose(recording.signals(), signals, atol=1e-3)


def test_derivations_that_tie_too_little_are_refused_and_listed(tmp_path):
    labels = ("Fpz-Cz", "Pz-Oz", "C3-A2", "C4-A1")
    path = write(tmp_path / "sleep.edf", eeg(2000, 4), labels=labels)
    with pytest.raises(NasionError, match=r"sleep\.edf: .*C3, C4, Fpz-Cz, Pz-Oz.*at least 4"):
        open_recording(path)


def test_few_electrodes_are_refused_and_listed(tmp_path):
    path = write(tmp_path / "few.edf", eeg(2000, 3), labels=("Fp1", "Cz", "Resp"))
    with pytest.raises(NasionError, match=r"few\.edf: holds 2 of the 19.*Fp1, Cz; also Resp"):
        open_recording(path)


BAD = {
    "empty.edf": b"",
    "empty.parquet": b"",
    "text.parquet": b"not a parquet file at all",
    "natus.erd": b"\0" * 64,
    "notes.xyz": b"hello",
    "notes": b"hello",
    "broken.fif": b"\0" * 64,
    "broken.set": b"hello",
    "broken.vhdr": b"hello",
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_one_line_with_a_fix(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(BAD[name])
    with pytest.raises(NasionError, match=rf"{name}: .+[;,] .*(copy|export|give|write)") as error:
        open_recording(path)
    assert "\n" not in str(error.value)


def test_vendor_formats_are_named(tmp_path):
    (tmp_path / "a.erd").write_bytes(b"\0" * 64)
    with pytest.raises(NasionError, match=r"Natus.*EDF\+"):
        open_recording(tmp_path / "a.erd")


def test_bad_parquets(tmp_path):
    signals = eeg(2000)
    whole = write_parquet(tmp_path / "whole.parquet", signals)
    cases = {
        "cut": lambda path: path.write_bytes(whole.read_bytes()[:-2000]),
        "columns": lambda path: write_parquet(path, signals[:3], ("time", "LL_0.59", "RL_0.59")),
        "strings": lambda path: pd.DataFrame({name: ["a"] for name in COLUMNS}).to_parquet(path),
        "norows": lambda path: write_parquet(path, signals[:, :0]),
        "allnan": lambda path: write_parquet(path, signals * np.nan),
        "flat": lambda path: write_parquet(path, signals * 0 + 3),
        "three": lambda path: write_parquet(path, signals[:3], COLUMNS[:3]),
    }
    for name, make in cases.items():
        path = tmp_path / f"{name}.parquet"
        make(path)
        with pytest.raises(NasionError, match=rf"{name}\.parquet: ") as error:
            open_recording(path)
        assert "\n" not in str(error.value)


def test_folders_and_absent_files(tmp_path):
    with pytest.raises(NasionError, match="is a folder"):
        open_recording(tmp_path)
    (tmp_path / "a.parquet").mkdir()
    with pytest.raises(NasionError, match="is a folder"):
        open_recording(tmp_path / "a.parquet")
    with pytest.raises(NasionError, match="not found"):
        open_recording(tmp_path / "absent.edf")
    with pytest.raises(NasionError, match=r"mne\.io\.Raw, not dict"):
        open_recording({})  # type: ignore[arg-type]
    with pytest.raises(NasionError, match="unit 'volt'"):
        open_recording(tmp_path / "absent.edf", unit="volt")


def test_recordings_describe_themselves_in_plain_words(tmp_path):
    recording = open_recording(write(tmp_path / "a.edf", eeg(2000), annotations=[(1.0, 0.5, "x")]))
    remarks = [warning.as_dict() for warning in recording.warnings]
    json.dumps([remarks, recording.annotations, recording.gaps_s, recording.references])
    with pytest.raises(ValueError, match="not within"):
        recording.read(0, recording.n_times + 1)


def test_every_format_stands_in_the_document():
    suffixes = {suffix for known in FORMATS for suffix in known.suffixes + known.folders}
    rows = [line.split("|") for line in section("Recordings") if line.startswith("| ")]
    assert {name for row in rows for name in re.findall(r"`(\.[^`]+)`", row[1])} == suffixes


def test_every_package_of_the_extras_is_installed_by_them():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    for extra, packages in EXTRAS.items():
        stated = project["optional-dependencies"][extra]
        assert sorted(re.split(r"[<>=;\s]", entry)[0] for entry in stated) == sorted(packages)
        assert not set(packages) & {
            re.split(r"[<>=]", entry)[0] for entry in project["dependencies"]
        }
        assert re.search(rf"nasion\[[a-z,]*{extra}", str(project["optional-dependencies"]["dev"]))


def test_a_package_that_is_kept_out_is_not_installed(monkeypatch):
    class Absent:
        def find_spec(self, name, path=None, target=None):
            raise ModuleNotFoundError(name)

    assert is_installed("numpy")
    monkeypatch.setattr(sys, "meta_path", [Absent()])
    monkeypatch.delitem(sys.modules, "wave", raising=False)
    assert not is_installed("wave")
