"""Recorded backgrounds: people who lend real EEG for patterns to be planted on.

What a pattern is planted on says nothing of it: place, gain, speed, sides and filters are drawn
whatever is planted. The labelled seconds are one piece as it was recorded; only the minutes around
it, for 10-min images, are joined of all that the person lends.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from nasion.phantom.head import SITES
from nasion.terms import ELECTRODES, MIRROR, SFREQ

Array = NDArray[np.float32]
Rng = np.random.Generator

GAIN_SD = 0.25  # of its logarithm
SPEEDS = (95, 105)  # per cent of the time a piece takes
HIGHPASS_HZ = (0.1, 1.0)
LOWPASS_SHARE, LOWPASS_HZ = 0.3, (25.0, 70.0)
FADE_S = 1.0
SETTLED_S = 1.0  # of a recording, whose mean an amplifier has settled on
MOST_SHORT = 0.5  # of the patients with EEGs of 10 s alone, on short recordings

_FLIPPED = [ELECTRODES.index(MIRROR[name]) for name in ELECTRODES]
# Where an amplifier may refer to. Recordings are against ears or what stands for them.
_BETWEEN = {"FCz": ("Fz", "Cz"), "CPz": ("Cz", "Pz")}


@dataclass(frozen=True)
class Lender:
    """A person with recordings.

    Parameters
    ----------
    patient_id
        Of all patients on this person's recordings: they never cross a split.
    lengths_s
        Of the recordings.
    read
        Gives them, each (19, n_times), µV at 200 Hz, rows as `terms.ELECTRODES`, without NaN.
    """

    LONG_S: ClassVar[float] = 85.0  # the longest EEG, 80 s, also where it is to pass faster
    LEAST_S: ClassVar[float] = 11.1  # the shortest, 10 s, likewise

    patient_id: int
    lengths_s: tuple[float, ...]
    read: Callable[[], Sequence[Array]] = field(repr=False)

    @property
    def lends_long(self) -> bool:
        """Whether an EEG of any length can be cut from one of them."""
        return max(self.lengths_s) >= self.LONG_S

    def take(self, rng: Rng) -> "Take":
        """Draw how the person is recorded this time."""
        hertz = (float(np.exp(rng.uniform(*np.log(band)))) for band in (HIGHPASS_HZ, LOWPASS_HZ))
        highpass_hz, lowpass_hz = hertz
        return Take(
            lender=self,
            gain=float(np.exp(rng.normal(0, GAIN_SD))),
            percent=int(rng.integers(SPEEDS[0], SPEEDS[1] + 1)),
            flipped=bool(rng.random() < 0.5),
            highpass_hz=highpass_hz,
            lowpass_hz=lowpass_hz if rng.random() < LOWPASS_SHARE else None,
        )


@dataclass(frozen=True)
class Take:
    """One patient's background, lent by a person.

    Parameters
    ----------
    percent
        Of its time that a piece takes: below 100 all is faster.
    flipped
        Whether left and right are swapped.
    highpass_hz, lowpass_hz
        As of another amplifier, first and second order.
    """

    lender: Lender
    gain: float
    percent: int
    flipped: bool
    highpass_hz: float
    lowpass_hz: float | None

    def potential(self, rng: Rng, shown_s: float, duration_s: float) -> Array:
        """Render at `head.SITES`, shape (23, n_times), µV.

        Parameters
        ----------
        shown_s
            In the middle, from one recording, forwards and without a seam.
        duration_s
            In all; what is beside it goes on through the person's recordings, forwards or reversed.
        """
        n_shown, n_times = round(shown_s * SFREQ), round(duration_s * SFREQ)
        before = (n_times - n_shown) // 2
        recordings = self.lender.read()
        needed = n_shown * 100 / self.percent + SFREQ / 2
        fit = [number for number, one in enumerate(recordings) if one.shape[1] >= needed]
        number = fit[int(rng.integers(len(fit)))]
        own = self._again(recordings[number])
        start = int(rng.integers(own.shape[1] - n_shown + 1))
        if n_times == n_shown:
            return _at_sites(own[:, start : start + n_shown])
        others = [own if k == number else self._again(one) for k, one in enumerate(recordings)]
        after = _onwards(rng, own[:, start:], others, n_times - before)
        # Backwards in time the same, from where the shown part begins.
        ahead = _onwards(rng, own[:, start::-1], others, before + 1)[:, 1:]
        return _at_sites(np.concatenate([ahead[:, ::-1], after], 1))

    def _again(self, recording: Array) -> Array:
        """A recording as this amplifier would have it, 19 rows."""
        rows = recording[_FLIPPED] if self.flipped else recording
        if self.percent != 100:
            rows = signal.resample_poly(rows, self.percent, 100, axis=1, padtype="line")
        high = signal.butter(1, self.highpass_hz, "highpass", fs=SFREQ, output="sos")
        level = rows[:, : round(SETTLED_S * SFREQ)].mean(1, keepdims=True)
        rows = signal.sosfilt(high, rows - level, axis=1)
        if self.lowpass_hz:
            low = signal.butter(2, self.lowpass_hz, "lowpass", fs=SFREQ, output="sos")
            rows = signal.sosfilt(low, rows, axis=1)
        return np.asarray(rows * self.gain, np.float32)


def drawn_lender(
    rng: Rng, lenders: Sequence[Lender], *, short: bool, short_patients: float
) -> Lender:
    """Draw a person, each about as often.

    Parameters
    ----------
    short
        Whether all EEGs of the patient are of 10 s: then short recordings serve.
    short_patients
        Share of all patients of whom that is so.
    """
    long = [lender for lender in lenders if lender.lends_long]
    brief = [lender for lender in lenders if not lender.lends_long]
    if short and brief:
        share = min(len(brief) / len(lenders) / short_patients, MOST_SHORT)
        if rng.random() < share:
            return brief[int(rng.integers(len(brief)))]
    return long[int(rng.integers(len(long)))]


def _onwards(rng: Rng, first: Array, recordings: Sequence[Array], n_times: int) -> Array:
    """Go on after `first` with recordings, each forwards or reversed, faded into each other."""
    total = np.empty((first.shape[0], n_times), np.float32)
    filled = min(first.shape[1], n_times)
    total[:, :filled] = first[:, :filled]
    while filled < n_times:
        piece = recordings[int(rng.integers(len(recordings)))][:, :: int(rng.choice((1, -1)))]
        overlap = min(round(FADE_S * SFREQ), filled)
        begin = filled - overlap
        n = min(piece.shape[1], n_times - begin)
        # Powers add up where courses have nothing to do with each other.
        angle = np.linspace(0, np.pi / 2, overlap, dtype=np.float32)
        faded = total[:, begin:filled] * np.cos(angle) + piece[:, :overlap] * np.sin(angle)
        total[:, begin : begin + n] = piece[:, :n]
        total[:, begin:filled] = faded
        filled = begin + n
    return total


def _at_sites(rows: Array) -> Array:
    """Potentials of the electrodes, (19, n), with those of what an amplifier may refer to."""
    potential = np.zeros((len(SITES), rows.shape[1]), np.float32)
    potential[: len(ELECTRODES)] = rows
    for name, (front, back) in _BETWEEN.items():
        pair = rows[ELECTRODES.index(front)] + rows[ELECTRODES.index(back)]
        potential[SITES.index(name)] = pair / 2
    return potential
