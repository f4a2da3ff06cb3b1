"""Measures of steps of 2 s: how much of each band a channel shows, and what others share."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from nasion.eeg.findings import RANGE_UV
from nasion.eeg.inspection import LINE_HZ, PROBE_BLOCK
from nasion.eeg.interpolation import neighbours
from nasion.terms import ELECTRODES, READING_STEP_S, SFREQ

Array = NDArray[np.float32]
Flags = NDArray[np.bool_]

N_STEP = round(READING_STEP_S * SFREQ)
N_EEG = len(ELECTRODES)

EEG_HZ = (1.0, 18.0)  # the third harmonic of 60 Hz may have been folded to 20
SLOW_HZ, FOOT_HZ = (1.0, 8.0), (12.0, 18.0)
MUSCLE_HZ = (20.5, 70.0)
OUTLIER = 3.0  # times the amplitude of the quieter ones: too large to be part of the mean


@dataclass(frozen=True)
class Measures:
    """What steps show of each electrode, shape (n_steps, 19); rms against the mean in µV."""

    eeg: Array
    slow: Array
    foot: Array
    muscle: Array
    line: Array
    total: Array
    power: Array  # of the EEG, to scale `shared`
    shared: Array  # with each neighbour, shape (n_steps, 19, N_NEIGHBOURS)
    range: Flags


NEIGHBOURS = np.array(
    [[ELECTRODES.index(near) for near in neighbours(name)] for name in ELECTRODES]
)


def centred(steps: Array) -> tuple[Array, Flags]:
    """Take the mean off each step; NaN becomes 0. Gives also where most of a step is missing."""
    with np.errstate(invalid="ignore"):
        centred = steps - steps.mean(axis=2, keepdims=True)
    missing = np.zeros(steps.shape[:2], np.bool_)
    partial = ~np.isfinite(centred[..., 0])  # a NaN anywhere makes the mean NaN
    if partial.any():
        pieces = steps[partial]
        finite = np.isfinite(pieces)
        count = finite.sum(axis=1)
        missing[partial] = 2 * count < N_STEP
        filled = np.where(finite, pieces, 0)
        mean = filled.sum(axis=1) / np.maximum(count, 1)
        centred[partial] = np.where(finite, pieces - mean[:, None], 0)
        centred[missing] = 0
    return centred, missing


_HERTZ = np.fft.rfftfreq(N_STEP, 1 / SFREQ)
_TAPER = np.hanning(N_STEP).astype(np.float32)
_SCALE = np.float32(2 / (N_STEP * (_TAPER.astype(np.float64) ** 2).sum()))


def _band(low_hz: float, high_hz: float) -> Flags:
    hertz = _HERTZ
    return (hertz >= low_hz) & (hertz <= high_hz)


_EEG, _SLOW, _FOOT = _band(*EEG_HZ), _band(*SLOW_HZ), _band(*FOOT_HZ)


def of_electrodes(steps: Array, intact: Flags, source_sfreq: float) -> Measures:
    """Measure (n_steps, 19, N_STEP) centred signals against the mean of the sound ones."""
    slow = _slow(steps)
    good = intact.copy()
    for spread in (slow.std(axis=2), steps.std(axis=2)):
        good &= spread <= OUTLIER * ordinary(spread, intact, 4)
    weights = good / np.maximum(good.sum(axis=1, keepdims=True), 1).astype(np.float32)
    slow -= weights[:, None] @ slow
    measures, parts = _bands(steps - weights[:, None] @ steps, slow, intact, source_sfreq)
    shared = parts @ parts.transpose(0, 2, 1)
    return replace(measures, shared=shared[:, np.arange(N_EEG)[:, None], NEIGHBOURS])


def of_channels(steps: Array, intact: Flags, source_sfreq: float) -> Measures:
    """Measure (n_steps, n, N_STEP) centred signals as they are."""
    return _bands(steps, _slow(steps), intact, source_sfreq)[0]


def _slow(steps: Array) -> Array:
    """Means over a tenth of a second, which have no mains."""
    return steps.reshape(*steps.shape[:2], -1, PROBE_BLOCK).mean(axis=3)


def _bands(steps: Array, slow: Array, intact: Flags, source_sfreq: float) -> tuple[Measures, Array]:
    """Measure channels as they are; gives also the spectra of what is EEG."""
    spectra = scipy.fft.rfft(steps * _TAPER, axis=2)
    power = (np.square(spectra.real) + np.square(spectra.imag)) * _SCALE
    power[~intact] = 0
    line = []
    fast = _band(MUSCLE_HZ[0], min(MUSCLE_HZ[1], 0.4 * source_sfreq))
    for line_hz in LINE_HZ:
        distance = np.abs(_HERTZ - line_hz)
        mains, beside = distance <= 1.0, (distance >= 2.0) & (distance <= 4.0)
        line.append(power[..., mains].sum(axis=-1) - power[..., beside].mean(axis=-1) * mains.sum())
        fast &= distance > 2.0
    band = (MUSCLE_HZ[1] - MUSCLE_HZ[0]) / (_HERTZ[1] - _HERTZ[0])
    muscle = power[..., fast].sum(axis=-1) * np.float32(band / max(fast.sum(), 1))
    eeg = power[..., _EEG].sum(axis=-1)
    parts = np.where(intact[..., None], spectra[..., _EEG], 0)
    parts = np.concatenate([parts.real, parts.imag], axis=2) * np.sqrt(_SCALE)
    measures = Measures(
        eeg=np.sqrt(eeg),
        slow=np.sqrt(power[..., _SLOW].sum(axis=-1)),
        foot=np.sqrt(power[..., _FOOT].sum(axis=-1)),
        muscle=np.sqrt(muscle),
        line=np.sqrt(np.maximum(np.maximum(*line), 0)),
        total=np.sqrt(power.sum(axis=-1)),
        power=np.where(intact, eeg, 0),
        shared=np.zeros((*intact.shape, 0), np.float32),
        range=intact & (np.abs(slow).max(axis=2) > RANGE_UV),
    )
    return measures, parts


def ordinary(values: Array, intact: Flags, part: int) -> Array:
    """Value that one `part`-th of the sound electrodes don't exceed, shape (n_steps, 1)."""
    ordered = np.sort(np.where(intact, values, np.inf), axis=1)
    place = np.maximum(intact.sum(axis=1) - 1, 0)[:, None] // part
    quantile = np.take_along_axis(ordered, place, axis=1)
    return np.where(np.isfinite(quantile), quantile, 0).astype(np.float32)


def joined(parts: Sequence[Measures]) -> Measures:
    """Join consecutive blocks of steps."""
    return Measures(
        *(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Measures))
    )
