"""Evolution: how the rate and the extent of a rhythm change through an event, and if they evolve.

Every 2 s the rates that may be are compared as in `cycles`, over some seconds around; the course
is the way through these comparisons that fits best where jumps cost (Viterbi). What it does by
steps of half a hertz tells a seizure from a pattern that stays as it is.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasion.events import cycles

Array = NDArray[np.float32]
Wide = NDArray[np.float64]

STEP_S, WINDOW_S = 2.0, 4.0
BLEND = np.array((0.25, 0.5, 0.25))  # of a window and those beside it
COMPONENTS = 5  # of all derivations, weighted as the background falls
STEP = 0.07  # of the natural logarithm of rates compared
SIZE, SLOPE = 0.75, 1.0  # as in `cycles`; rhythms of seizures are large, and slower at the end
JUMP = 40.0  # cost of a change of rate from step to step: times the squared change of its logarithm
LEAST_SURE = 0.5  # share of the components' power near the rate
LONGEST_S = 300.0  # ACNS 2021: what stays so for 5 min does not evolve

CHANGE_HZ = 0.5
CHANGES = 2
CYCLES = 3  # that each rate or extent has to last
SPREAD = 4  # derivations: two electrodes, each at an end of two
TYPICAL = 0.8  # quantile over time of the largest power
INVOLVED = 0.25  # of the power of the derivation that shows it best: half of its amplitude


@dataclass(frozen=True)
class Course:
    """What a rhythm does through an event, every 2 s.

    Parameters
    ----------
    time_s
        Middle of each step, from the beginning of the event. Shape (n,).
    rate_hz
        NaN where no rate is sure. Shape (n,).
    involved
        Which of the 18 derivations show it, at half of the largest amplitude of the event or more.
        Shape (n, 18).
    power
        Mean power at the rate in each derivation, µV² of a window. Shape (18,).
    """

    time_s: Wide
    rate_hz: Wide
    involved: NDArray[np.bool_]
    power: Array

    @property
    def mean_hz(self) -> float | None:
        """Mean rate; None where it is sure for less than half of the event."""
        sure = np.isfinite(self.rate_hz)
        return float(self.rate_hz[sure].mean()) if sure.size and sure.mean() >= 0.5 else None


def follow(signals: Array, sfreq: float, band_hz: tuple[float, float]) -> Course:
    """Follow the rate of a rhythm.

    Parameters
    ----------
    signals
        Shape (18, n_times), µV, filtered as `cycles.find` wants it.
    band_hz
        Rates that may be.
    """
    n, step = round(WINDOW_S * sfreq), round(STEP_S * sfreq)
    signals = np.pad(signals, ((0, 0), (0, max(n - signals.shape[1], 0))))
    starts = np.arange(0, signals.shape[1] - n + 1, step)
    frequency: Wide = np.asarray(np.fft.rfftfreq(2 * n, 1 / sfreq), np.float64)
    highest = cycles.FLANK * band_hz[1] * (1 + cycles.WIDTH)
    kept = (frequency >= cycles.LOWEST_HZ) & (frequency <= highest)
    windows = signals[:, starts[:, None] + np.arange(n)].transpose(1, 0, 2)
    windows = (windows - windows.mean(2, keepdims=True)) * np.hanning(n)
    lines = np.fft.rfft(windows, 2 * n)[:, :, kept] / n
    frequency = frequency[kept]
    rates = cycles.compared(band_hz, STEP)
    time_s = (starts + n / 2) / sfreq
    if not np.abs(lines).any():
        silent = np.zeros((starts.size, len(signals)))
        return Course(time_s, silent[:, 0] + np.nan, silent > 0, np.asarray(silent[0], np.float32))
    score, share = _compared(lines, frequency, rates)
    path = _path(score)
    steps = np.arange(starts.size)
    rate = np.where(share[steps, path] >= LEAST_SURE, rates[path], np.nan)
    weight = cycles.bands(frequency, rates[path])
    power = np.einsum("tf,tdf->td", weight, np.square(np.abs(lines)))
    power = _blended(power)
    involved = power >= INVOLVED * np.quantile(power.max(1), TYPICAL)
    return Course(time_s, rate, involved, np.asarray(power.mean(0), np.float32))


def evolves(course: Course) -> bool:
    """Whether a course evolves definitely, in frequency or in place.

    ACNS 2021 (Hirsch et al., J Clin Neurophysiol 38:1-29): at least two consecutive changes in the
    same direction, each by at least 0.5 Hz, or sequential spread into or out of at least two
    electrode locations; each rate or extent lasts at least three cycles, none lasts 5 min.
    Morphology, the third way, is not looked at. Here spread is two changes of four derivations
    each, which an electrode at the border of two pairs makes at most half of.
    """
    sure = np.isfinite(course.rate_hz)
    if sure.sum() <= CHANGES:
        return False
    time_s, rate = course.time_s[sure], _median_of_three(course.rate_hz[sure])
    extent = _median_of_three(course.involved[sure].sum(1).astype(float))
    return any(
        _changes(sign * values, least, rate, time_s) >= CHANGES
        for values, least in ((rate, CHANGE_HZ), (extent, float(SPREAD)))
        for sign in (1, -1)
    )


def _compared(
    lines: NDArray[np.complex128], frequency_hz: Wide, rates_hz: Wide
) -> tuple[Wide, Wide]:
    """Score of each rate in each window, and the share of power near it, shapes (n, n_rates)."""
    weighted = (lines * frequency_hz**SLOPE).transpose(1, 0, 2).reshape(lines.shape[1], -1)
    base = lines.transpose(1, 0, 2).reshape(lines.shape[1], -1)
    axes = np.linalg.eigh((weighted @ base.conj().T).real)[1][:, -COMPONENTS:]
    few = axes.T @ lines
    power = np.square(np.abs(few)).sum((1, 2), keepdims=True)
    few = few * np.sqrt(np.median(power) / np.where(power > 0, power, 1.0))
    by_line = few.transpose(0, 2, 1)
    shared = (by_line[:, :, :, None] * by_line[:, :, None].conj()).real
    shared = _blended(shared.reshape(len(lines), frequency_hz.size, -1))

    def around(factor: float) -> Wide:
        bands = cycles.bands(frequency_hz, rates_hz * factor) @ shared
        return bands.reshape(*bands.shape[:2], COMPONENTS, COMPONENTS)

    near = around(1.0)
    beside = (
        around(1 / cycles.FLANK) * cycles.FLANK**-SLOPE + around(cycles.FLANK) * cycles.FLANK**SLOPE
    ) / 2
    contrast, size, weights = cycles.contrasts(near, beside)
    own = np.einsum(
        "tgi,tgj,tfij->tgf",
        weights,
        weights,
        shared.reshape(*shared.shape[:2], COMPONENTS, COMPONENTS),
        optimize=True,
    )
    apart = np.abs(np.log(frequency_hz / rates_hz[:, None])) < cycles.NEAR
    share = (own * apart).sum(2) / own.sum(2)
    return np.log(contrast) + SIZE * np.log(size), share


def _blended(values: Wide) -> Wide:
    """Each window with those beside it."""
    padded = np.concatenate((values[:1], values, values[-1:]))
    return np.asarray(BLEND[0] * padded[:-2] + BLEND[1] * values + BLEND[2] * padded[2:])


def _path(score: Wide) -> NDArray[np.int64]:
    """Best way through the scores, one rate a row."""
    places = np.arange(score.shape[1])
    cost = JUMP * np.square(STEP * (places[:, None] - places))
    total, origins = score[0], []
    for row in score[1:]:
        reached = total - cost
        origins.append(reached.argmax(1))
        total = reached.max(1) + row
    path = [int(total.argmax())]
    for origin in reversed(origins):
        path.append(int(origin[path[-1]]))
    return np.array(path[::-1])


def _median_of_three(values: Wide) -> Wide:
    padded = np.concatenate((values[:1], values, values[-1:]))
    return np.asarray(np.median((padded[:-2], values, padded[2:]), axis=0))


def _changes(values: Wide, least: float, rate_hz: Wide, time_s: Wide) -> int:
    """Most rises by `least` in a row, each level held for three cycles and for less than 5 min."""
    held = np.maximum(np.ceil(CYCLES / (rate_hz * STEP_S)).astype(int), 1)
    levels = np.array([values[place : place + n].min() for place, n in enumerate(held)])
    most = 0
    for first in range(len(values) - 1):
        count, level, since_s = 0, values[first : first + held[first]].max(), time_s[first]
        for place in range(first + held[first], len(values)):
            if time_s[place] - since_s >= LONGEST_S or place + held[place] > len(values):
                break
            if levels[place] >= level + least:
                count, since_s = count + 1, time_s[place]
                level = values[place : place + held[place]].max()
        most = max(most, count)
    return most
