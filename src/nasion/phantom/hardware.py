"""Recording hardware: band, mains, offsets, noise of the amplifier, quantisation, and the EKG."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfft

from nasion.phantom.head import OUTER, PILLOW
from nasion.phantom.noise import course
from nasion.terms import ELECTRODES, SFREQ

Array = NDArray[np.float32]

# Resting muscles lie under the outer ring of electrodes.
TONE = np.array([[2.2 if name in OUTER else 1.0] for name in ELECTRODES])

# Ballistocardiogram: share of patients, and how long after the R wave it is largest.
SWAY_SHARE, SWAY_S = 0.08, 0.25


def _sways(rng: np.random.Generator) -> Array:
    """Sizes in a few or all electrodes, most where the head lies on the pillow."""
    lies = np.array([[2.0 if name in PILLOW else 1.0] for name in ELECTRODES])
    moved = rng.random((19, 1)) < rng.uniform(0.2, 1.0)
    sizes = lies * np.exp(rng.normal(2.0, 0.7)) * rng.normal(0.8, 0.5, (19, 1)) * moved
    return np.asarray(sizes * (rng.random() < SWAY_SHARE), np.float32)


@dataclass(frozen=True)
class Hardware:
    """One amplifier at one bedside.

    Parameters
    ----------
    mains_uv, uneven_uv
        Mains common to all channels, and what differs between them.
    noise_uv
        White noise of each channel, shape (19, 1).
    tone_uv
        Resting muscle, mostly above 20 Hz, shape (19, 1).
    step_uv
        Quantisation.
    sway_uv
        Ballistocardiogram of each channel, shape (19, 1): the head rocks with every beat.
    """

    mains_hz: float
    mains_uv: float
    uneven_uv: float
    noise_uv: Array
    tone_uv: Array
    shared_uv: float
    offset_uv: float
    offsets_uv: Array
    step_uv: float
    ekg_uv: float
    ekg_noise_uv: float
    heart_hz: float
    leak_uv: float
    polarity: float
    sway_uv: Array

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Hardware":
        """Draw: mains strong in the raw signals of many real recordings, absent in some."""
        mains = rng.random() < 0.8
        return cls(
            mains_hz=float(rng.choice((60.0, 50.0), p=(0.85, 0.15))),
            mains_uv=float(np.exp(rng.normal(1.8, 1.7))) * mains,
            uneven_uv=float(np.exp(rng.normal(0.3, 1.1))) * mains,
            noise_uv=np.exp(rng.normal(-0.5, 0.6) + rng.normal(0, 0.2, (19, 1))).astype(np.float32),
            tone_uv=(
                np.exp(rng.normal(0.2, 0.9)) * TONE * np.exp(rng.normal(0, 0.4, (19, 1)))
            ).astype(np.float32),
            shared_uv=float(np.exp(rng.normal(2.1, 0.9))),
            offset_uv=float(rng.normal(-10, 8)) * (rng.random() < 0.85),
            offsets_uv=(rng.standard_normal(20) * np.exp(rng.normal(2.2, 0.6))).astype(np.float32),
            step_uv=float(rng.choice((0.01, 0.1, 0.3, 0.5))),
            ekg_uv=float(np.exp(rng.normal(5.8, 0.9))) * (rng.random() < 0.85),
            ekg_noise_uv=float(np.exp(rng.normal(1.6, 1.0))),
            heart_hz=float(rng.uniform(0.8, 2.1)),
            leak_uv=float(np.exp(rng.normal(0.5, 1.0))) * (rng.random() < 0.3),
            polarity=float(rng.choice((-1.0, 1.0))),
            sway_uv=_sways(rng),
        )

    @property
    def beside_recorded(self) -> "Hardware":
        """The same for what was recorded: that has noise, muscle and heaving of its own."""
        nothing = np.zeros((19, 1), np.float32)
        still = np.zeros_like(self.sway_uv)
        return replace(self, noise_uv=nothing, tone_uv=nothing, sway_uv=still)

    def heart(self, rng: np.random.Generator, n_times: int) -> Array:
        """EKG of size 1: P, QRS and T at a heart's variability."""
        phase = (
            2
            * np.pi
            * np.cumsum(self.heart_hz * np.exp(0.04 * course(rng, 1, n_times, 2.0)[0]))
            / SFREQ
        )
        time_s = np.mod(phase, 2 * np.pi) / (2 * np.pi) / self.heart_hz - 0.3
        total = np.zeros(n_times)
        for at, width, size in (
            (-0.16, 0.025, 0.12),
            (-0.025, 0.009, -0.15),
            (0.0, 0.011, 1.0),
            (0.028, 0.01, -0.3),
            (0.24, 0.05, 0.25),
        ):
            total += size * np.exp(-0.5 * ((time_s - at) / width) ** 2)
        return total.astype(np.float32) * np.float32(self.polarity)

    def sway(self, beat: Array) -> Array:
        """What a beat (`heart`) moves: a slow wave of size 1, .2-.5 s after it, closed in a ring.

        The recording's end is taken to precede its beginning, as in whole beats.
        """
        time = np.arange(beat.size, dtype=np.float32) / np.float32(SFREQ)
        wave = np.exp(-0.5 * ((time - SWAY_S) / 0.07) ** 2)
        wave -= np.exp(-0.5 * ((time - SWAY_S - 0.18) / 0.09) ** 2) * np.float32(0.07 / 0.09)
        sharp = np.maximum(beat * np.float32(self.polarity) - np.float32(0.5), 0)
        moved = irfft(rfft(sharp) * rfft(wave), beat.size)
        largest = np.abs(moved).max()
        return np.asarray(moved / largest if largest > 0 else moved, np.float32)

    def record(self, rng: np.random.Generator, signals: Array) -> Array:
        """Turn (19, n_times) referential signals into the 20 channels of a file, µV."""
        n_times = signals.shape[1]
        time = np.arange(n_times, dtype=np.float32) / np.float32(SFREQ)
        beat = self.heart(rng, n_times)
        mains = np.sin(2 * np.pi * self.mains_hz * time + rng.uniform(0, 6)).astype(np.float32)
        common = self.shared_uv * course(rng, 1, n_times, 0.25)[0]
        leaks = self.leak_uv * rng.normal(1, 0.4, (19, 1))
        uneven = self.mains_uv + self.uneven_uv * rng.standard_normal((19, 1))
        mixing = np.concatenate([np.ones((19, 1)), uneven, leaks], 1).astype(np.float32)
        channels = np.empty((20, n_times), np.float32)
        white = rng.standard_normal((19, n_times + 1), dtype=np.float32)
        # A difference of white noise rises with frequency, as muscle does over slow waves.
        channels[:19] = signals + self.noise_uv * white[:, 1:]
        channels[:19] += self.tone_uv * (white[:, 1:] - white[:, :-1])
        channels[:19] += mixing @ np.stack([common, mains, beat])
        if self.sway_uv.any():
            channels[:19] += self.sway_uv * self.sway(beat)
        channels[19] = self.ekg_uv * beat + self.ekg_noise_uv * course(rng, 1, n_times, 0.5)[0]
        channels[19] += 2 * self.mains_uv * mains * rng.random()
        channels += (self.offset_uv + self.offsets_uv)[:, None]
        channels /= np.float32(self.step_uv)
        np.rint(channels, out=channels)
        channels *= np.float32(self.step_uv)
        return channels
