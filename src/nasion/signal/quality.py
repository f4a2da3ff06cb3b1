"""What is wrong with each electrode every 2 s, and which steps can't be judged for it.

Noise that all electrodes share comes from the reference and harms no derivation, so electrodes are
measured against the mean of the sound ones. Suppression is no fault, nor is muscle or mains through
which EEG is seen: what experts would judge stays judged.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nasion.eeg.assembly import LEAST_ELECTRODES
from nasion.eeg.inspection import CLIP_SHARE, CLIP_UV, FLAT_UV, OFF_RATIO, OFF_UV
from nasion.eeg.recording import Signals
from nasion.signal.fault import REASONS, Fault, Reason
from nasion.signal.measures import (
    N_EEG,
    N_STEP,
    NEIGHBOURS,
    Array,
    Flags,
    Measures,
    centred,
    joined,
    of_channels,
    of_electrodes,
    ordinary,
)
from nasion.terms import COLUMNS, ELECTRODES, SFREQ
from nasion.windowing import CENTRE_STEPS

Bits = NDArray[np.uint8]

MARGIN_STEPS = CENTRE_STEPS // 2  # on either side of a step that decide on it
BLOCK_STEPS = 128  # measured at once: what fits the cache

# Muscle is a fault where it is more than the EEG and its foot more than the slow waves: what else
# there is of it a low-pass at 20 Hz does away with.
MUSCLE_UV, MUSCLE_RATIO, FOOT_RATIO = 10.0, 1.0, 1.0  # rms
LINE_UV, LINE_RATIO = 10.0, 1.0  # likewise
SILENT_UV = 0.1  # rms against the mean: nothing but quantisation
RAIL_SHARE = 0.06  # of the samples of a step; a slow wave stays at its crest for less

# An electrode is off where it shares nothing with any of its neighbours...
LEAST_NEIGHBOURS = 3
LEAST_ALIKE = 0.2  # correlation over 10 s; 998 of 1000 real ones exceed it
LEAST_EEG_UV = 3.0  # rms, median over electrodes; below it amplifiers, not heads, are compared
# ... or towers over the others by OFF_UV and OFF_RATIO in EEG's band, or by these in mains with
# little EEG below.
OFF_LINE_UV, OFF_LINE_RATIO, OFF_LINE_ALIKE = 50.0, 5.0, 0.5

# Shares of a recording's electrodes that must be usable, and that must be without muscle, clipping
# or excess: fewer show nothing of a pattern.
LEAST_USABLE, LEAST_SEEN = 1 / 2, 1 / 4
BROKEN = Fault.MISSING | Fault.FLAT | Fault.DISCONNECTED
SPOILED = Fault.CLIPPED | Fault.MUSCLE | Fault.RANGE


def faults(
    signals: Signals, *, source_sfreq: float = SFREQ, references: Sequence[str] = ()
) -> Bits:
    """Find the faults of consecutive whole steps.

    A step depends on `MARGIN_STEPS` steps on either side: of pieces read with such a margin, the
    inner steps equal those of the whole.

    Parameters
    ----------
    signals
        Shape (20, n_steps * 400), µV at 200 Hz, NaN where there is none.
    source_sfreq
        Rate of the file, which limits where muscle can be seen.
    references
        Of the recording; an electrode that is the only one is zero by definition, not flat.

    Returns
    -------
    Bits of `Fault`, shape (n_steps, 20).
    """
    n_steps = signals.shape[1] // N_STEP
    bits = np.zeros((n_steps, len(COLUMNS)), np.uint8)
    zero = references[0] if len(references) == 1 else ""
    measures = []
    for block in _blocks(n_steps):
        steps, missing, flat = _marked(bits[block], signals[:, _samples(block)])
        if zero in ELECTRODES:
            flat[:, ELECTRODES.index(zero)] = False
            bits[block, ELECTRODES.index(zero)] &= ~np.uint8(Fault.FLAT)
        intact = ~(missing | flat)[:, :N_EEG]
        measures.append(of_electrodes(steps[:, :N_EEG], intact, source_sfreq))
    if measures:
        _judge_electrodes(bits[:, :N_EEG], joined(measures))
    return bits


def faults_of_derivations(channels: Signals, *, source_sfreq: float = SFREQ) -> Bits:
    """Find the faults that each channel shows by itself.

    Parameters
    ----------
    channels
        Shape (n, n_steps * 400), µV at 200 Hz, NaN where there is none.

    Returns
    -------
    Bits of `Fault`, shape (n_steps, n).
    """
    n_steps = channels.shape[1] // N_STEP
    bits = np.zeros((n_steps, len(channels)), np.uint8)
    for block in _blocks(n_steps):
        steps, missing, flat = _marked(bits[block], channels[:, _samples(block)])
        measures = of_channels(steps, ~(missing | flat), source_sfreq)
        _judge_channels(bits[block], measures)
    return bits


def _blocks(n_steps: int) -> list[slice]:
    starts = range(0, n_steps, BLOCK_STEPS)
    return [slice(first, min(first + BLOCK_STEPS, n_steps)) for first in starts]


def _samples(steps: slice) -> slice:
    return slice(steps.start * N_STEP, steps.stop * N_STEP)


def _marked(bits: Bits, signals: Signals) -> tuple[Array, Flags, Flags]:
    """Mark what is missing, flat or clipped; give centred steps, and the first two of these."""
    steps, missing = centred(signals.reshape(len(signals), -1, N_STEP).transpose(1, 0, 2))
    spans = np.ptp(steps, axis=2)
    flat = (spans < FLAT_UV) & ~missing
    _mark(bits, Fault.MISSING, missing)
    _mark(bits, Fault.FLAT, flat)
    _mark(bits, Fault.CLIPPED, _clipped(steps, spans) & ~missing)
    return steps, missing, flat


def _mark(bits: Bits, fault: Fault, mask: Flags) -> None:
    bits[mask] |= np.uint8(fault)


def _clipped(steps: Array, spans: Array) -> Flags:
    """Tell where the trace stays at an extreme; mains at 200 Hz meets its own only in passing."""
    large = spans >= CLIP_UV
    pieces, edge = steps[large], CLIP_SHARE * spans[large][:, None]
    stays = np.zeros(len(pieces), np.intp)
    for at_rail in (
        pieces >= pieces.max(axis=1, keepdims=True, initial=-np.inf) - edge,
        pieces <= pieces.min(axis=1, keepdims=True, initial=np.inf) + edge,
    ):
        stays += (at_rail[:, 1:] & at_rail[:, :-1]).sum(axis=1)
    clipped = np.zeros(spans.shape, np.bool_)
    clipped[large] = stays >= RAIL_SHARE * N_STEP
    return clipped


def _judge_electrodes(bits: Bits, measures: Measures) -> None:
    """Add what the measures say, in place."""
    intact = (bits & np.uint8(Fault.MISSING | Fault.FLAT)) == 0
    typical = ordinary(measures.eeg, intact, 2)
    typical_line = ordinary(measures.line, intact, 2)
    likeness = _likeness(measures)
    isolated = (likeness < LEAST_ALIKE) & (typical > LEAST_EEG_UV) & ~_tense(measures)
    too_large = (measures.eeg > OFF_UV) & (measures.eeg > OFF_RATIO * typical)
    humming = (
        (measures.line > OFF_LINE_UV)
        & (measures.line > OFF_LINE_RATIO * measures.eeg)
        & (measures.line > OFF_LINE_RATIO * typical_line)
        & (likeness < OFF_LINE_ALIKE)
    )
    _mark(bits, Fault.DISCONNECTED, intact & (isolated | too_large | humming))
    _judge_channels(bits, measures)


def _judge_channels(bits: Bits, measures: Measures) -> None:
    """Add what each channel shows by itself, in place."""
    intact = (bits & np.uint8(Fault.MISSING | Fault.FLAT)) == 0
    humming = measures.line > np.maximum(LINE_UV, LINE_RATIO * measures.eeg)
    _mark(bits, Fault.FLAT, intact & (measures.total < SILENT_UV))
    _mark(bits, Fault.LINE, intact & humming)
    _mark(bits, Fault.MUSCLE, intact & _tense(measures))
    _mark(bits, Fault.RANGE, measures.range)


def _tense(measures: Measures) -> Flags:
    tense = measures.muscle > np.maximum(MUSCLE_UV, MUSCLE_RATIO * measures.eeg)
    return np.asarray(tense & (measures.foot > FOOT_RATIO * measures.slow))


def _likeness(measures: Measures) -> Array:
    """Highest correlation with a neighbour over the steps around, 1 where too few are there."""
    power, shared = _window_sums(measures.power), _window_sums(measures.shared)
    scale = np.sqrt(power[..., None] * power[:, NEIGHBOURS])
    present = scale > 0
    highest = np.where(present, shared / np.where(present, scale, 1), -1).max(axis=2)
    return np.where(present.sum(axis=2) < LEAST_NEIGHBOURS, 1, highest)


def _window_sums(values: Array) -> Array:
    """Sum over each step and `MARGIN_STEPS` on either side."""
    n_steps = len(values)
    padded = np.zeros((n_steps + 2 * MARGIN_STEPS, *values.shape[1:]), values.dtype)
    padded[MARGIN_STEPS : MARGIN_STEPS + n_steps] = values
    total = padded[:n_steps].copy()
    for shift in range(1, 2 * MARGIN_STEPS + 1):
        total += padded[shift : shift + n_steps]
    return total


def broken(bits: Bits) -> Flags:
    """Say of all steps of a recording which electrodes show no EEG in most of the 10 s around.

    Parameters
    ----------
    bits
        Shape (n_steps, 20).

    Returns
    -------
    Shape (n_steps, 19), electrodes as `terms.ELECTRODES`.
    """
    return _mostly(bits, BROKEN)


def _mostly(bits: Bits, fault: Fault) -> Flags:
    """Tell which electrodes have one of these faults in most of the 10 s that is there."""
    eeg = bits[:, :N_EEG]
    present = (eeg & np.uint8(Fault.MISSING) == 0).any(axis=1, keepdims=True)
    faulty = ((eeg & np.uint8(fault)) != 0) & present
    n_present = _window_sums(present.astype(np.int16))
    return np.asarray(2 * _window_sums(faulty.astype(np.int16)) > n_present)


def judged(bits: Bits) -> Bits:
    """Say which steps of a whole recording can be judged, by the 10 s that a label speaks of.

    Parameters
    ----------
    bits
        Faults of all steps, shape (n_steps, 20).

    Returns
    -------
    Places in `REASONS`, shape (n_steps,); 0 where the step is judged.
    """
    eeg = bits[:, :N_EEG]
    there = eeg & np.uint8(Fault.MISSING) == 0
    present = there.any(axis=1, keepdims=True)
    n_electrodes = int(there.any(axis=0).sum())
    least_usable = max(np.ceil(LEAST_USABLE * n_electrodes), LEAST_ELECTRODES)
    n_present = _window_sums(present.astype(np.int16))

    missing, flat = _mostly(bits, Fault.MISSING), _mostly(bits, Fault.MISSING | Fault.FLAT)
    broken = _mostly(bits, BROKEN)
    spoiled = _mostly(bits, BROKEN | SPOILED)
    reasons = np.zeros(len(bits), np.uint8)
    for reason, mask in (
        (Reason.ARTIFACT, (~spoiled).sum(axis=1) < LEAST_SEEN * n_electrodes),
        (Reason.ELECTRODES, (~broken).sum(axis=1) < least_usable),
        (Reason.FLAT, flat.all(axis=1) & ~missing.all(axis=1)),
        (Reason.GAP, 2 * n_present[:, 0] < CENTRE_STEPS),
    ):
        reasons[mask] = REASONS.index(reason)
    return reasons
