"""DICOM waveforms: scalp EEG of routine recordings and of sleep, and what else holds EEG."""
