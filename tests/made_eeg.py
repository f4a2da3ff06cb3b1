"""EEG made of wide sources of 1/f noise: an ordinary page, the same whatever simulates."""

import numpy as np

from nasion.eeg.interpolation import positions
from nasion.terms import ELECTRODES, SFREQ

N_SOURCES, REACH = 60, 0.55  # on the unit sphere
TYPICAL_UV, NOISE_UV = 12.0, 0.5


def made_eeg(duration_s: float, seed: int = 2) -> np.ndarray:
    """Shape (20, n_times), float32, µV at 200 Hz, rows as `terms.COLUMNS`."""
    rng = np.random.default_rng((2026, seed))
    n_times = round(duration_s * SFREQ)
    places = rng.normal(size=(N_SOURCES, 3))
    places /= np.linalg.norm(places, axis=1, keepdims=True)
    places[:, 2] = np.abs(places[:, 2])
    distances = np.linalg.norm(positions(ELECTRODES)[:, None] - places, axis=2)
    fields = np.exp(-0.5 * (distances / REACH) ** 2)
    frequency = np.fft.rfftfreq(n_times, 1 / SFREQ)
    amplitude = (frequency > 0.3) / np.maximum(frequency, 2.5) ** 1.3
    spectrum = np.fft.rfft(rng.normal(size=(N_SOURCES, n_times))) * amplitude
    scalp = fields @ np.fft.irfft(spectrum, n_times)
    scalp *= TYPICAL_UV / np.median(scalp.std(axis=1))
    heart = 300 * np.maximum(np.cos(2 * np.pi * 1.1 * np.arange(n_times) / SFREQ), 0) ** 80
    signals = np.concatenate([scalp, heart[None]])
    return (signals + NOISE_UV * rng.normal(size=signals.shape)).astype(np.float32)
