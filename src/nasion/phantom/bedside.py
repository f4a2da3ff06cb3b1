"""A bedside: what hours bring besides the brain. Artifacts, electrode trouble, EKG, amplifier.

As `artifacts` and `hardware` do for one segment, here without a seam: spells have a beginning and
an end and are rendered by themselves, mains and heart run on the clock of the recording.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from nasion.phantom.artifacts import Artifact, draw_kind, kinds_in
from nasion.phantom.contact import bad_contact, bridge, hum, lead_off, pops, pulse
from nasion.phantom.habits import Habits
from nasion.phantom.hardware import Hardware
from nasion.phantom.head import Head
from nasion.phantom.ocular import blinks
from nasion.phantom.patient import Patient
from nasion.terms import ELECTRODES, SEGMENT_S, SFREQ

Array = NDArray[np.float32]
Rng = np.random.Generator

# What befalls single electrodes, and then stays for minutes.
TROUBLE: tuple[Artifact, ...] = (bad_contact, lead_off, pops, hum, pulse, bridge)
TROUBLE_PER_HOUR = 2.0
CARE_PER_HOUR = 1.5  # visits of nurses, with many artifacts in a few minutes
CARE = 5.0  # times as many then
LONGEST_S = 300.0
EDGE_S = 0.5
# How often artifacts come, by the state of the patient.
ACTIVITY = {"awake": 1.5, "asleep": 0.4, "suppressed": 0.5, "burst-suppression": 0.5}


@dataclass(frozen=True)
class Spell:
    """One artifact for a while."""

    kind: Artifact
    onset_s: float
    duration_s: float

    @property
    def name(self) -> str:
        """What the artifact is called in words."""
        return self.kind.__name__.replace("_", " ")

    @property
    def start(self) -> int:
        """Its first sample at 200 Hz."""
        return round(self.onset_s * SFREQ)

    @property
    def stop(self) -> int:
        """Sample after the last one."""
        return self.start + round(self.duration_s * SFREQ)


@dataclass(frozen=True)
class Effect:
    """What a spell does to (19, n) signals: they become `mixing @ signals` plus `added`, faded in.

    Parameters
    ----------
    rows
        Electrodes it befalls.
    added
        Shape (rows, n), µV; in its place NaN stands where nothing changes.
    replaces
        Whether `added` takes the place of the signal.
    mixing
        Shape (19, 19), where electrodes mix.
    """

    rows: NDArray[np.intp]
    added: Array
    replaces: bool = False
    mixing: Array | None = None

    def apply(self, signals: Array, part: slice) -> None:
        """Change the piece that corresponds to `part` of the spell, in place."""
        added = self.added[:, part]
        if self.mixing is not None:
            signals += (self.mixing @ signals - signals) * added
        elif self.replaces:
            signals[self.rows] = np.where(np.isnan(added), signals[self.rows], added)
        else:
            signals[self.rows] += added


def _edges(n: int) -> Array:
    time = np.minimum(np.arange(n), np.arange(n)[::-1]) / (EDGE_S * SFREQ)
    return np.asarray(np.minimum(time, 1), np.float32)


def render(spell: Spell, rng: Rng, head: Head, habits: Habits) -> Effect:
    """Render a spell from beginning to end."""
    n = spell.stop - spell.start
    canvas: Array
    if spell.kind is bridge:  # linear: what it makes of unit signals says all
        canvas = np.eye(len(ELECTRODES), dtype=np.float32)
        spell.kind(rng, head, habits, canvas)
        rows = np.flatnonzero(np.diag(canvas) != 1)
        return Effect(rows, _edges(n)[None], mixing=canvas)
    if spell.kind is lead_off:  # replaces: what is no longer NaN
        canvas = np.full((len(ELECTRODES), n), np.nan, np.float32)
        spell.kind(rng, head, habits, canvas)
        rows = np.flatnonzero(np.isfinite(canvas).any(1))
        return Effect(rows, canvas[rows], replaces=True)
    canvas = np.zeros((len(ELECTRODES), n), np.float32)
    spell.kind(rng, head, habits, canvas)
    rows = np.flatnonzero(canvas.any(1))
    return Effect(rows, canvas[rows] * _edges(n))


@dataclass(frozen=True)
class Bedside:
    """Spells of artifacts in the order of their onsets, and constants of the recording.

    Parameters
    ----------
    mains_rad
        Phase at the first sample.
    uneven, leaks
        Mains and EKG in each electrode, µV, shape (19, 1).
    ekg_mains_uv
        Mains in the EKG.
    """

    spells: tuple[Spell, ...]
    mains_rad: float
    uneven: Array
    leaks: Array
    ekg_mains_uv: float

    @classmethod
    def draw(
        cls, rng: Rng, patient: Patient, duration_s: float, states: tuple[str, ...], step_s: float
    ) -> "Bedside":
        """Draw; `states` says how the patient is in each step of `step_s`."""
        hardware = patient.hardware
        care = np.ones(len(states))
        for _ in range(rng.poisson(CARE_PER_HOUR * duration_s / 3600)):
            first = int(rng.integers(len(states)))
            care[first : first + int(rng.integers(1, 4))] = CARE
        rate = patient.burden * step_s / SEGMENT_S  # a step
        spells: list[Spell | None] = []
        for index, state in enumerate(states):
            for _ in range(rng.poisson(rate * care[index] * ACTIVITY.get(state, 1.0))):
                onset_s = float((index + rng.random()) * step_s)
                kinds = tuple(k for k in kinds_in(state) if k not in TROUBLE)
                spells.append(_spell(rng, kinds, onset_s, duration_s, 18.0))
        for _ in range(rng.poisson(TROUBLE_PER_HOUR * duration_s / 3600)):
            onset_s = float(rng.uniform(0, duration_s))
            spells.append(_spell(rng, TROUBLE, onset_s, duration_s, 90.0))
        spells += _blinking(patient.habits, states, step_s, duration_s)
        return cls(
            spells=tuple(sorted((s for s in spells if s), key=lambda s: (s.onset_s, s.name))),
            mains_rad=float(rng.uniform(0, 2 * np.pi)),
            uneven=np.asarray(
                hardware.mains_uv + hardware.uneven_uv * rng.standard_normal((19, 1)), np.float32
            ),
            leaks=np.asarray(hardware.leak_uv * rng.normal(1, 0.4, (19, 1)), np.float32),
            ekg_mains_uv=2 * hardware.mains_uv * float(rng.random()),
        )

    def record(
        self, rng: Rng, hardware: Hardware, signals: Array, drift: Array, start: int
    ) -> Array:
        """Turn (19, n) signals from sample `start` on into the 20 channels of a file, µV.

        A piece holds whole heart beats, so that any piece may follow; `drift`, shape (2, n), is
        slow noise of size 1 common to all electrodes, and of the EKG.
        """
        n = signals.shape[1]
        clock = np.arange(start, start + n) / SFREQ
        mains = np.sin(2 * np.pi * hardware.mains_hz * clock + self.mains_rad).astype(np.float32)
        beat = _beats(rng, hardware, n)
        channels = np.empty((20, n), np.float32)
        white = rng.standard_normal((19, n + 1), dtype=np.float32)
        channels[:19] = signals + hardware.shared_uv * drift[0]
        channels[:19] += hardware.noise_uv * white[:, 1:]
        channels[:19] += hardware.tone_uv * np.diff(white)
        channels[:19] += self.uneven * mains + self.leaks * beat
        if hardware.sway_uv.any():
            channels[:19] += hardware.sway_uv * hardware.sway(beat)
        channels[19] = hardware.ekg_uv * beat + self.ekg_mains_uv * mains
        channels[19] += hardware.ekg_noise_uv * drift[1]
        channels += (hardware.offset_uv + hardware.offsets_uv)[:, None]
        return channels


def _spell(
    rng: Rng, kinds: tuple[Artifact, ...], onset_s: float, duration_s: float, typical_s: float
) -> Spell | None:
    kind = draw_kind(rng, kinds)
    length = float(np.clip(typical_s * np.exp(rng.normal(0, 0.9)), 3.0, LONGEST_S))
    length = min(length, duration_s - onset_s)
    return Spell(kind, onset_s, length) if length >= 2 else None


def _blinking(
    habits: Habits, states: tuple[str, ...], step_s: float, duration_s: float
) -> list[Spell]:
    """Spells that fill the states in which the patient blinks."""
    spells = []
    begin = 0
    for stop in range(1, len(states) + 1):
        longest = (stop - begin) * step_s >= LONGEST_S
        if stop < len(states) and states[stop] == states[begin] and not longest:
            continue
        length_s = min(stop * step_s, duration_s) - begin * step_s
        if habits.blinks(states[begin]) and length_s > 0:
            spells.append(Spell(blinks, begin * step_s, length_s))
        begin = stop
    return spells


def _beats(rng: Rng, hardware: Hardware, n: int) -> Array:
    """EKG of size 1 that ends in the phase of a beat in which it began."""
    longer = hardware.heart(rng, n + round(3 * SFREQ / hardware.heart_hz))
    peaks, _ = find_peaks(longer * hardware.polarity, height=0.7)
    lengths = peaks - peaks[0]
    length = int(lengths[np.abs(lengths - n).argmin()])
    # Stretched by half a beat at most.
    return np.interp(np.arange(n) * (length / n), np.arange(longer.size), longer).astype(np.float32)
