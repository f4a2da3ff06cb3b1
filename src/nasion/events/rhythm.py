"""Rhythm: how fast an event's discharges or cycles follow each other, and where they are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nasion.eeg.derivations import bipolar
from nasion.eeg.filters import bridge
from nasion.eeg.recording import Recording
from nasion.events import cycles, discharges, evolution
from nasion.reading.event import Event, Side
from nasion.terms import CENTRE_S, CHAIN_DERIVATIONS, SFREQ, Chain, Pattern

Array = NDArray[np.float32]

PIECE_S, MARGIN_S = 12.0, 1.0
MOST_PIECES = 12  # of one event
ALL_PIECES = 1500  # of a recording: some seconds; with more events each gets one piece
MOST_MISSING = 0.1  # of a piece, in derivations that are there: lines across gaps hold no cycle
DECIMATION = 4
RATE_HZ = SFREQ / DECIMATION

STEEPNESS = 4  # order of the filter, a Butterworth's power response

SIX = 6  # cycles make a pattern (ACNS 2021)
SHOWN = 0.25  # of the power of the chain that shows it best: half of its amplitude

CHAINS = tuple(Chain)
_CHAIN = np.repeat(np.arange(len(CHAINS)), [len(CHAIN_DERIVATIONS[chain]) for chain in CHAINS])
_LEFT, _RIGHT = (
    np.isin(_CHAIN, [place for place, chain in enumerate(CHAINS) if chain.side == side])
    for side in ("left", "right")
)


@dataclass(frozen=True)
class Rhythm:
    """What was measured of an event.

    Parameters
    ----------
    frequency_hz
        None where nothing repeats.
    power
        Of what repeats, in each of the 18 derivations, µV².
    evolves
        Of a seizure; None where its rate is not sure, and of other patterns.
    regular
        Of discharges, whether they recur as ACNS 2021 asks of periodic ones, through most of the
        event; None where they have no rate, and of other patterns.
    """

    frequency_hz: float | None
    power: Array
    evolves: bool | None = None
    regular: bool | None = None

    def side(self, pattern: Pattern) -> Side:
        """Side of more amplitude, where it is more by enough for the pattern."""
        amplitude = np.sqrt(self.power)
        left, right = float(amplitude[_LEFT].sum()), float(amplitude[_RIGHT].sum())
        if left + right <= 0:
            return ""
        index = (left - right) / (left + right)
        if abs(index) < pattern.nature.one_sided:
            return "bilateral"
        return "left" if index > 0 else "right"

    @property
    def chains(self) -> tuple[Chain, ...]:
        """Chains that show it: the derivation of each that shows it best is compared."""
        best = np.array([self.power[place == _CHAIN].max() for place in range(len(CHAINS))])
        if best.max() <= 0:
            return ()
        strong = best >= SHOWN * best.max()
        return tuple(chain for chain, is_strong in zip(CHAINS, strong, strict=True) if is_strong)


def describe(events: Iterable[Event], recording: Recording) -> tuple[Event, ...]:
    """Add frequency, side and chains; leave out PDs and RDA of fewer than six cycles.

    Where no rate can be measured, they must last a window of 10 s.
    """
    events = tuple(events)
    n_pieces = min(max(ALL_PIECES // max(len(events), 1), 1), MOST_PIECES)
    measured = (_with_rhythm(event, measure(event, recording, n_pieces)) for event in events)
    return tuple(event for event in measured if lasts(event))


def lasts(event: Event) -> bool:
    """Whether it has six cycles, or is a seizure."""
    if event.pattern is Pattern.SEIZURE:
        return True
    if event.frequency_hz is None:
        return event.duration_s >= CENTRE_S
    return round(event.duration_s * event.frequency_hz) >= SIX


def _with_rhythm(event: Event, rhythm: Rhythm | None) -> Event:
    if rhythm is None:
        return event
    rate = rhythm.frequency_hz
    return replace(
        event,
        frequency_hz=None if rate is None else round(rate, 2),
        evolves=rhythm.evolves,
        regular=rhythm.regular,
        side=rhythm.side(event.pattern),
        chains=rhythm.chains,
    )


def measure(event: Event, recording: Recording, n_pieces: int = MOST_PIECES) -> Rhythm | None:
    """Measure at most so many pieces spread over the event; None where there is no signal."""
    nature = event.pattern.nature
    if nature.band_hz is None:
        return None
    if event.pattern is Pattern.SEIZURE:
        followed = course(event, recording, n_pieces * PIECE_S)
        if followed is not None:
            sure = followed.mean_hz is not None
            evolves = evolution.evolves(followed) if sure else None
            return Rhythm(followed.mean_hz, followed.power, evolves)
    pieces = [
        piece
        for span in _spans(event, recording.duration_s, n_pieces)
        if (piece := _filtered(recording, span, nature.band_hz)) is not None
    ]
    if not pieces:
        return None
    if nature.rates_hz is None:
        found = discharges.find(pieces, RATE_HZ)
        return Rhythm(found.rate_hz, found.power, regular=found.regular)
    return Rhythm(*cycles.find(pieces, RATE_HZ, nature.rates_hz))


def course(
    event: Event, recording: Recording, longest_s: float = evolution.LONGEST_S
) -> evolution.Course | None:
    """Follow a seizure's rate from its beginning for at most so long; other patterns' likewise.

    None where more than a tenth is missing, or there is too little to follow.
    """
    nature = Pattern.SEIZURE.nature
    if nature.band_hz is None or nature.rates_hz is None:
        return None
    stop_s = min(event.stop_s, event.onset_s + longest_s, recording.duration_s)
    signals = _filtered(recording, (event.onset_s, stop_s), nature.band_hz)
    return None if signals is None else evolution.follow(signals, RATE_HZ, nature.rates_hz)


def _spans(event: Event, duration_s: float, n_pieces: int) -> Sequence[tuple[float, float]]:
    """Pieces of `PIECE_S`, one where the event is shorter."""
    n = min(int(np.ceil(event.duration_s / PIECE_S)), n_pieces)
    stop_s = min(event.stop_s, duration_s)
    if n <= 1:
        middle = (event.onset_s + stop_s) / 2
        half = min(PIECE_S, event.duration_s) / 2
        return [(middle - half, min(middle + half, duration_s))]
    starts = np.linspace(event.onset_s, stop_s - PIECE_S, n)
    return [(float(start), float(start) + PIECE_S) for start in starts]


def _filtered(
    recording: Recording, span: tuple[float, float], band_hz: tuple[float, float]
) -> Array | None:
    """Derivations at 50 Hz in a band, µV; None where too much is missing."""
    margin = round(MARGIN_S * SFREQ)
    n = round((span[1] - span[0]) * RATE_HZ) * DECIMATION
    start = round(span[0] * SFREQ) - margin
    scalp = recording.signals(start / SFREQ, (start + n + 2 * margin) / SFREQ)
    signals, gaps = bridge(bipolar(scalp))
    finite = ~gaps.all(1)
    if n < 2 * margin or not finite.any() or gaps[finite].mean() > MOST_MISSING:
        return None
    # A line from end to end, so that the circular filter finds no step there.
    first, last = signals[:, :40].mean(1), signals[:, -40:].mean(1)
    signals -= first[:, None] + np.outer(last - first, np.linspace(0, 1, signals.shape[1]))
    spectrum = np.fft.rfft(signals)
    n_few = signals.shape[1] // DECIMATION
    band = spectrum[:, : n_few // 2 + 1] * _response(signals.shape[1], n_few, band_hz)
    decimated = np.fft.irfft(band, n_few) / DECIMATION
    cut = margin // DECIMATION
    return np.asarray(decimated[:, cut:-cut], np.float32)


def _response(n: int, n_few: int, band_hz: tuple[float, float]) -> NDArray[np.float64]:
    """Amplitude response without phase."""
    low, high = band_hz
    frequency = np.maximum(np.fft.rfftfreq(n, 1 / SFREQ)[: n_few // 2 + 1], 1e-6)
    power = 2 * STEEPNESS
    return 1 / np.sqrt((1 + (frequency / high) ** power) * (1 + (low / frequency) ** power))
