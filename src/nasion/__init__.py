"""nasion reads critical-care EEG: waveform and spectrogram together, on a plain CPU."""

__version__ = "0.1.0"
