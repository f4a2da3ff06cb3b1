"""A train: of all waves that may be discharges, those that follow each other most regularly.

A wave counts by its size and likeness to the template; an interval costs by how far it is from the
period. For each period the best chain of waves is found (dynamic programming, as beats of music
are: Ellis 2007, J New Music Res 36:51-60), and the best period is kept. The template grows with the
period, up to half a second on either side: an after-wave belongs to it then, and no longer fits.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.signal import find_peaks

Array = NDArray[np.float32]
Wide = NDArray[np.float64]
Places = NDArray[np.int64]

CLOSEST_S, LONGEST_S = 0.2, 10.0  # from one discharge to the next
PERIODS_S = np.exp(np.arange(np.log(0.3), np.log(4.5), 0.08))
FIRST_S = 0.25  # of a template, on either side
SHARE, MOST_S = 0.45, 0.5  # of the period, later
ROUNDS = 3
LEAST = 3  # discharges
LARGE = 0.6  # of the largest matches: these are discharges, whose median is the usual size
LARGEST = 1.2  # of the usual size: more says no more
ENOUGH, ALIKE = 0.55, 0.45  # of the usual size; cosine: what is neither gain nor loss
WEIGHT = 1.5
COST = 3.0  # of an interval: times the square of the logarithm of its ratio to the period
RIVAL = 0.3  # of the logarithm of periods: from there on another one


@dataclass(frozen=True)
class Train:
    """The most regular chain.

    Parameters
    ----------
    irregularity
        Standard deviation of the log interval.
    alike
        Mean cosine of its waves with the template.
    lead
        What it gains over the best other period, by interval.
    n_discharges
        How many it holds.
    covered
        Share of the time of all pieces that its discharges take, a period each.
    """

    rate_hz: float
    irregularity: float
    alike: float
    lead: float
    n_discharges: int
    covered: float


def windows(piece: Array, half: int) -> Array:
    """Give what surrounds each sample, shape (n_times, n_derivations * (2 * half + 1))."""
    padded = np.pad(piece, ((0, 0), (half, half)))
    view = sliding_window_view(padded, 2 * half + 1, axis=1).transpose(1, 0, 2)
    return np.asarray(view.reshape(piece.shape[1], -1), np.float32)


def find(pieces: Sequence[Array], template: Array, sfreq: float) -> Train | None:
    """Find the train that begins with a template of `FIRST_S` on either side.

    Parameters
    ----------
    pieces
        Shapes (n_derivations, any).
    template
        As a row of `windows`.
    """
    half = round(FIRST_S * sfreq)
    for _ in range(ROUNDS):
        views = [windows(piece, half) for piece in pieces]
        unit = template / (np.linalg.norm(template) + 1e-12)
        scores = [view @ unit for view in views]
        peaks = [find_peaks(s, height=0.0, distance=round(CLOSEST_S * sfreq))[0] for s in scores]
        heights = np.concatenate([s[places] for s, places in zip(scores, peaks, strict=True)])
        if heights.size < LEAST:
            return None
        usual = float(np.median(heights[heights >= LARGE * np.quantile(heights, 0.9)]))
        cosines, ways = [], []
        filled = [number for number, places in enumerate(peaks) if places.size]
        for number in filled:
            places, score = peaks[number], scores[number][peaks[number]]
            cosine = score / (np.linalg.norm(views[number][places], axis=1) + 1e-12)
            size = np.minimum(score / usual, LARGEST)
            ways.append(_ways(places / sfreq, WEIGHT * (size - ENOUGH + cosine - ALIKE)))
            cosines.append(cosine)
        total = np.sum([best.max(0) for best, _ in ways], axis=0)
        period = int(total.argmax())
        chains = [_chain(best[:, period], back[:, period]) for best, back in ways]
        chosen = [peaks[number][chain] for number, chain in zip(filled, chains, strict=True)]
        intervals = np.concatenate([np.diff(places) for places in chosen]) / sfreq
        if intervals.size < 2:
            return None
        alike = np.concatenate([c[chain] for c, chain in zip(cosines, chains, strict=True)]).mean()
        half = round(min(SHARE * PERIODS_S[period], MOST_S) * sfreq)
        waves = [
            windows(pieces[number], half)[places]
            for number, places in zip(filled, chosen, strict=True)
        ]
        template = np.concatenate(waves).mean(0)
    other = np.abs(np.log(PERIODS_S / PERIODS_S[period])) > RIVAL
    rate_hz = float(intervals.size / intervals.sum())
    n_discharges = sum(places.size for places in chosen if places.size > 1)
    return Train(
        rate_hz=rate_hz,
        irregularity=float(np.log(intervals).std()),
        alike=float(alike),
        lead=float((total[period] - total[other].max()) / intervals.size),
        n_discharges=n_discharges,
        covered=n_discharges / rate_hz * sfreq / sum(piece.shape[1] for piece in pieces),
    )


def _ways(times_s: Wide, gain: Wide) -> tuple[Wide, Places]:
    """Best gain of a chain that ends at each wave, and the wave before it, (n, n_periods)."""
    logs = np.log(PERIODS_S)
    best = np.repeat(gain[:, None].astype(float), logs.size, 1)
    back = np.full(best.shape, -1)
    first = np.searchsorted(times_s, times_s - LONGEST_S)
    everywhere = np.arange(logs.size)
    for place in range(1, len(times_s)):
        early = first[place]
        if early == place:
            continue
        intervals = np.log(times_s[place] - times_s[early:place])
        reached = best[early:place] - COST * np.square(intervals[:, None] - logs)
        origin = reached.argmax(0)
        gained = reached[origin, everywhere]
        best[place] += gained.clip(0)
        back[place] = np.where(gained > 0, early + origin, -1)
    return best, back


def _chain(best: Wide, back: Places) -> Places:
    """Waves of the best chain."""
    chain = [int(best.argmax())]
    while back[chain[-1]] >= 0:
        chain.append(int(back[chain[-1]]))
    return np.array(chain[::-1])
