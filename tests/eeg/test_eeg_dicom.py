"""DICOM waveforms, made with pydicom and by another package."""

import sys
import warnings
from datetime import datetime
from itertools import product

import numpy as np
import pytest
from made_edf import STEP_UV, eeg

from nasion.eeg.formats import open_recording, recordings_below
from nasion.eeg.remarks import Code
from nasion.errors import NasionError
from nasion.terms import COLUMNS, EKG, ELECTRODES

pytest.importorskip("pydicom", reason='needs pydicom: pip install "nasion[dicom]"')
from made_dicom import channel, coded, group, write_dicom
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
)


def stored(signals):
    return np.round(signals / STEP_UV).astype(int)


def codes(recording):
    return [remark.code for remark in recording.warnings]


def test_coded_electrodes_units_and_the_clock(tmp_path):
    signals = eeg(2000)
    path = write_dicom(tmp_path / "a.dcm", [group(stored(signals))], PatientAge="045Y")
    recording = open_recording(path)
    assert recording.missing == ()
    assert codes(recording) == []
    assert recording.start == datetime(2020, 2, 1, 10, 0, 0, 500000)
    assert recording.age_years == 45
    np.testing.assert_allclose(recording.signals(), signals, atol=1e-4)
    np.testing.assert_allclose(recording.read(77, 1234), signals[:, 77:1234], atol=1e-4)


def test_a_file_of_another_package_is_read(tmp_path):
    dicomwf = pytest.importorskip("dicomwf")
    signals = eeg(2000)
    data = dicomwf.RoutineScalpEEGData(
        patient=dicomwf.Patient(name="Doe^John", birth_date="19800201", sex="M"),
        study=dicomwf.GeneralStudy(id="1", date="20200201", time="100000", accession_number="1"),
        equipment=dicomwf.GeneralEquipment("maker", "model", "1", "1"),
        waveform_identification=dicomwf.WaveformIdentification(
            datetime(2020, 2, 1, 11), datetime(2020, 2, 1, 10)
        ),
        waveform=dicomwf.Waveform(20, 200.0, list(COLUMNS), signals.T * 1e-6),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dicomwf.RoutineScalpEEG(uid_root="1.2.3.", rse_data=data).save_as(tmp_path / "a")
    recording = open_recording(tmp_path / "a")  # 64 bits, in volts, and without a word of it
    assert codes(recording) == [Code.NO_UNIT, Code.UNIT_UNDONE]
    assert recording.start == datetime(2020, 2, 1, 10)
    assert recording.age_years == pytest.approx(40, abs=0.01)
    np.testing.assert_allclose(recording.signals(), signals, atol=1e-3)


@pytest.mark.parametrize("kind", [(8, "SB"), (8, "UB"), (16, "SS"), (16, "US"), (32, "SL"),
                                  (32, "UL"), (64, "SV"), (64, "UV")])  # fmt: skip
def test_every_kind_of_sample_gives_the_same(tmp_path, kind):
    signals = np.clip(np.round(eeg(2001)), -100, 100)
    baseline = 0 if kind[1].startswith("S") else -100
    channels = [channel(name, sensitivity=1, baseline=baseline) for name in COLUMNS]
    values = (signals - baseline).astype(np.int64)
    path = write_dicom(tmp_path / "a.dcm", [group(values, channels=channels, kind=kind)])
    np.testing.assert_allclose(open_recording(path).signals(), signals, atol=1e-4)


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_every_transfer_syntax_gives_the_same(tmp_path, syntax):
    signals = eeg(2000)
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    item = group(stored(signals), order=order)
    path = write_dicom(tmp_path / "a.dcm", [item], syntax=syntax)
    np.testing.assert_allclose(open_recording(path).signals(), signals, atol=1e-4)


def test_units_sensitivity_correction_and_baseline(tmp_path):
    signals = eeg(2000)
    forms = product(("uV", "mV", "nV"), (1.0, 2.0), (0.0, 30.0))
    channels, rows = [], []
    for (unit, correction, baseline_uv), name, row in zip(
        list(forms) * 2, COLUMNS, stored(signals), strict=False
    ):
        scale = {"uV": 1.0, "mV": 1e-3, "nV": 1e3}[unit]
        channels.append(
            channel(
                name,
                unit=unit,
                sensitivity=STEP_UV * scale / correction,
                correction=correction,
                baseline=baseline_uv * scale,
            )
        )
        rows.append(row - round(baseline_uv / STEP_UV))
    path = write_dicom(tmp_path / "a.dcm", [group(np.array(rows), channels=channels)])
    np.testing.assert_allclose(open_recording(path).signals(), signals, atol=1e-3)


def test_a_padding_value_is_nothing_recorded(tmp_path):
    values = stored(eeg(2000))
    values[:, 500:600] = -32768
    item = group(values, WaveformPaddingValue=b"\x00\x80")
    item["WaveformPaddingValue"].VR = "OW"
    recording = open_recording(write_dicom(tmp_path / "a.dcm", [item]))
    lost = np.isnan(recording.signals())
    assert lost[:, 500:600].all()
    assert lost.sum() == 100 * 20


def test_units_that_are_no_voltage_are_said(tmp_path):
    channels = [
        channel(name, unit="mm[Hg]" if name == EKG else None if name == "O2" else "uV")
        for name in COLUMNS
    ]
    path = write_dicom(tmp_path / "a.dcm", [group(stored(eeg(2000)), channels=channels)])
    recording = open_recording(path)
    assert np.isnan(recording.signals()[COLUMNS.index(EKG)]).all()
    assert Code.NO_UNIT in codes(recording)


def test_a_reference_is_told_by_label_or_modifier(tmp_path):
    labelled = [channel(name, label=f"EEG {name}-A1") for name in ELECTRODES]
    modified = [channel(name) for name in ELECTRODES]
    for item in modified:
        item.ChannelSourceModifiersSequence = [
            coded("109006", "DCM", "Differential signal"),
            coded("7:1289", "MDC", "electrode"),
        ]
    for channels in (labelled, modified):
        path = write_dicom(tmp_path / "a.dcm", [group(stored(eeg(2000))[:19], channels=channels)])
        assert open_recording(path).references == ("A1",)


def test_groups_of_two_rates_are_both_read(tmp_path):
    signals = eeg(2000)
    heart = np.repeat(signals[19], 2)
    groups = [
        group(stored(signals[:19]), names=ELECTRODES),
        group(stored(heart[None]), sfreq=400, names=(EKG,)),
    ]
    recording = open_recording(write_dicom(tmp_path / "a.dcm", groups))
    np.testing.assert_allclose(recording.signals()[:19], signals[:19], atol=1e-4)
    assert np.isfinite(recording.signals()[19]).all()
    assert recording.source_sfreq == 200


def test_groups_one_after_the_other_stand_at_their_time(tmp_path):
    signals = eeg(2000)
    groups = [
        group(stored(signals[:, :1000]), MultiplexGroupTimeOffset=1000),
        group(stored(signals[:, 1000:]), MultiplexGroupTimeOffset=1000 + 5000 + 3000),
    ]
    recording = open_recording(write_dicom(tmp_path / "a.dcm", groups))
    assert recording.gaps_s == ((5.0, 3.0),)
    assert recording.start == datetime(2020, 2, 1, 10, 0, 1, 500000)
    whole = recording.signals()
    np.testing.assert_allclose(whole[:, :1000], signals[:, :1000], atol=1e-4)
    assert np.isnan(whole[:, 1000:1600]).all()
    np.testing.assert_allclose(whole[:, 1600:], signals[:, 1000:], atol=1e-4)
    groups[1].MultiplexGroupTimeOffset = 3000
    with pytest.raises(NasionError, match="overlap by 3 s"):
        open_recording(write_dicom(tmp_path / "b.dcm", groups))


def annotation(text="", **attributes):
    item = Dataset()
    if text:
        item.UnformattedTextValue = text
    for name, value in attributes.items():
        setattr(item, name, value)
    return item


def test_annotations_of_every_kind_of_time(tmp_path):
    said = [
        annotation("point", TemporalRangeType="POINT", ReferencedSamplePositions=[401],
                   ReferencedWaveformChannels=[1, 0]),
        annotation("span", TemporalRangeType="SEGMENT", ReferencedTimeOffsets=["3.0", "4.5"]),
        annotation("clock", TemporalRangeType="POINT", ReferencedDateTime="20200201100006.000000"),
        annotation(TemporalRangeType="POINT", ReferencedTimeOffsets=["7.0"],
                   ConceptNameCodeSequence=[coded("130888", "DCM", "Eyes closed")]),
        annotation("no time"),
    ]  # fmt: skip
    path = write_dicom(
        tmp_path / "a.dcm", [group(stored(eeg(2000)))], WaveformAnnotationSequence=said
    )
    assert open_recording(path).annotations == (
        (2.0, 0.0, "point"),
        (3.0, 1.5, "span"),
        (5.5, 0.0, "clock"),
        (7.0, 0.0, "Eyes closed"),
    )


def test_what_cannot_be_read_says_why(tmp_path):
    whole = write_dicom(tmp_path / "whole.dcm", [group(stored(eeg(2000)))])
    content = whole.read_bytes()
    (tmp_path / "cut.dcm").write_bytes(content[:-20_000])
    (tmp_path / "head.dcm").write_bytes(content[:1500])
    write_dicom(tmp_path / "none.dcm", [])
    write_dicom(tmp_path / "image.dcm", [], sop="1.2.840.10008.5.1.4.1.1.4")
    write_dicom(tmp_path / "few.dcm", [group(stored(eeg(2000)), names=COLUMNS[:5])])
    no_rate = group(stored(eeg(2000)))
    del no_rate.SamplingFrequency
    write_dicom(tmp_path / "rate.dcm", [no_rate])
    sound = group(stored(eeg(2000)))
    sound.WaveformSampleInterpretation = "MB"
    write_dicom(tmp_path / "sound.dcm", [sound])
    cases = {
        "cut": r"cut short: group 1 .* holds 1[45]\d\d of 2000 samples",
        "head": "cut short|damaged|not described",
        "none": "holds no waveform",
        "image": "DICOM object without a waveform",
        "few": "states 20 channels, describes 5",
        "rate": "not described.*SamplingFrequency",
        "sound": r"samples of 16 bits \(MB\)",
    }
    for name, expected in cases.items():
        with pytest.raises(NasionError, match=rf"{name}\.dcm: .*({expected})") as error:
            open_recording(tmp_path / f"{name}.dcm")
        assert "\n" not in str(error.value)
        assert "Doe" not in str(error.value)


def test_a_deflated_file_is_bounded_before_it_is_held(tmp_path, monkeypatch):
    from nasion.eeg import packed

    monkeypatch.setattr(packed, "PLAIN_BYTES", 1 << 16)
    values = np.zeros((20, 1_000_000), int)
    path = write_dicom(tmp_path / "a.dcm", [group(values)], syntax=DeflatedExplicitVRLittleEndian)
    with pytest.raises(NasionError, match="unpacks to more than"):
        open_recording(path)


def test_without_pydicom_it_is_named(tmp_path, monkeypatch):
    path = write_dicom(tmp_path / "a.dcm", [group(stored(eeg(2000)))])
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(NasionError, match=r'needs the package pydicom .*"nasion\[dicom\]"'):
        open_recording(path)


def test_a_folder_search_finds_waveforms_only(tmp_path):
    write_dicom(tmp_path / "IM0001", [group(stored(eeg(2000)))])
    write_dicom(tmp_path / "IM0002.dcm", [], sop="1.2.840.10008.5.1.4.1.1.4")
    assert [path.name for path in recordings_below(tmp_path)] == ["IM0001"]
