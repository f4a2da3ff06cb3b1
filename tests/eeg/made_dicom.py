"""DICOM waveforms made for tests, with pydicom alone."""

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from nasion.eeg.dicom.header import ELECTRODE_CODES
from nasion.terms import COLUMNS

ROUTINE = "1.2.840.10008.5.1.4.1.1.9.7.1"
CODES = {name: code for code, name in ELECTRODE_CODES.items()}


def coded(value: str, scheme: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return code


def channel(
    name: str, *, sensitivity=0.1, unit="uV", baseline=0, correction=1, label=""
) -> Dataset:
    item = Dataset()
    code = CODES.get(name)
    item.ChannelSourceSequence = [
        coded(code, "MDC", "electrode") if code else coded("1", "99LOCAL", name)
    ]
    if label:
        item.ChannelLabel = label
    if sensitivity is not None:
        item.ChannelSensitivity = sensitivity
        if unit is not None:
            item.ChannelSensitivityUnitsSequence = [coded(unit, "UCUM", unit)]
        item.ChannelSensitivityCorrectionFactor = correction
        item.ChannelBaseline = baseline
    item.ChannelSampleSkew = "0"
    item.WaveformBitsStored = 16
    return item


def group(stored, *, sfreq=200, channels=None, names=COLUMNS, kind=(16, "SS"), **attributes):
    """A multiplex group of integers of shape (channels, n_times)."""
    item = Dataset()
    item.NumberOfWaveformChannels, item.NumberOfWaveformSamples = stored.shape
    item.SamplingFrequency = sfreq
    item.WaveformBitsAllocated, item.WaveformSampleInterpretation = kind
    item.ChannelDefinitionSequence = channels or [channel(name) for name in names]
    item.WaveformOriginality = "ORIGINAL"
    order = attributes.pop("order", "<")
    letter = {"S": "i", "U": "u"}[kind[1][0]]
    item.WaveformData = np.ascontiguousarray(stored.T, f"{order}{letter}{kind[0] // 8}").tobytes()
    item["WaveformData"].VR = "OB" if kind[0] == 8 else "OW"
    for name, value in attributes.items():
        setattr(item, name, value)
    return item


def write_dicom(path: Path, groups, *, syntax=ExplicitVRLittleEndian, sop=ROUTINE, **attributes):
    """Write a routine scalp EEG."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = sop
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = generate_uid()
    dataset.PatientName, dataset.PatientID, dataset.Modality = "Doe^Jane", "123", "EEG"
    dataset.AcquisitionDateTime = "20200201100000.500000+0100"
    for name, value in attributes.items():
        setattr(dataset, name, value)
    if groups:
        dataset.WaveformSequence = groups
    dataset.save_as(path, enforce_file_format=True)
    return path
