"""Noise: random signals with a given spectrum, and slow random courses."""

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfftfreq

from nasion.terms import SFREQ

Array = NDArray[np.float32]


def frequencies(n_times: int) -> Array:
    """Frequencies of the spectrum of `n_times` samples, Hz."""
    return rfftfreq(n_times, 1 / SFREQ).astype(np.float32)


def shaped(rng: np.random.Generator, amplitudes: Array, n_times: int) -> Array:
    """Gaussian noise of standard deviation 1, shape (n_rows, n_times).

    Parameters
    ----------
    amplitudes
        Square root of each row's power spectrum at `frequencies(n_times)`, in any unit; shape
        (n_rows, n_times // 2 + 1).
    """
    n_rows = len(amplitudes)
    largest = amplitudes.max(0)
    n_used = int(np.flatnonzero(largest > largest.max() * 1e-4)[-1]) + 1
    spectrum = np.zeros((n_rows, amplitudes.shape[1]), np.complex64)
    parts = rng.standard_normal((n_rows, 2 * n_used), np.float32).view(np.complex64)
    band = amplitudes[:, 1:n_used]
    scale = n_times / 2 / np.sqrt(np.square(band).sum(1, keepdims=True))
    np.multiply(parts[:, 1:], (band * scale).astype(np.float32), out=spectrum[:, 1:n_used])
    return np.asarray(irfft(spectrum, n_times, axis=1), np.float32)


def alike(rng: np.random.Generator, n_rows: int, amplitude: Array, n_times: int) -> Array:
    """Rows of `shaped` noise that share a spectrum."""
    return shaped(rng, np.broadcast_to(amplitude, (n_rows, amplitude.size)), n_times)


def bump(n_times: int, centre_hz: float, width_hz: float) -> Array:
    """Amplitude spectrum with one Gaussian peak, for `shaped`."""
    return np.asarray(np.exp(-0.5 * ((frequencies(n_times) - centre_hz) / width_hz) ** 2))


def band(n_times: int, low_hz: float, high_hz: float) -> Array:
    """Amplitude spectrum that is flat between two frequencies with soft edges."""
    frequency = frequencies(n_times) + np.float32(1e-3)
    return np.asarray(
        1 / np.sqrt((1 + (low_hz / frequency) ** 6) * (1 + (frequency / high_hz) ** 6))
    )


def course(rng: np.random.Generator, n_rows: int, n_times: int, step_s: float) -> Array:
    """Slow Gaussian course of standard deviation about 1: knots every `step_s`, joined smoothly."""
    step = max(round(step_s * SFREQ), 1)
    n_steps = n_times // step + 2
    knots = rng.standard_normal((n_rows, n_steps + 3)).astype(np.float32)
    part = np.arange(step, dtype=np.float32) / np.float32(step)
    # Cubic B-spline: smooth; the factor restores the variance that its smoothing takes.
    weights = np.float32(1.45 / 6) * np.stack(
        [
            (1 - part) ** 3,
            3 * part**3 - 6 * part**2 + 4,
            -3 * part**3 + 3 * part**2 + 3 * part + 1,
            part**3,
        ]
    )
    pieces = np.lib.stride_tricks.sliding_window_view(knots, 4, axis=1) @ weights
    first = int(rng.integers(step))
    return np.asarray(pieces.reshape(n_rows, -1)[:, first : first + n_times], np.float32)


def phase(
    rng: np.random.Generator, rate_hz: float, n_times: int, *, wander: float, step_s: float
) -> NDArray[np.float64]:
    """Phase of a rhythm, rad; the logarithm of its rate has the deviation `wander`."""
    rates = rate_hz * np.exp(wander * course(rng, 1, n_times, step_s)[0])
    return np.asarray(2 * np.pi * np.cumsum(rates, dtype=np.float64) / SFREQ)
