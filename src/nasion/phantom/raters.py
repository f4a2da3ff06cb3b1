"""Raters: what a panel of experts votes on a segment, from what can be seen in it.

Every rater answers four questions in turn: is there a pattern? is it a seizure? discharges with a
gap, or a rhythm without? one side, or both alike? Each answer has log odds from the physical
parameters of the segment plus the rater's own leniency.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasion.phantom.activity import Appearance
from nasion.terms import DERIVATIONS, ELECTRODES, LEFT, PATTERNS, RIGHT, Pattern

Array = NDArray[np.float32]

# Spread between raters of the log odds of each answer, fitted to the 20 raters of SPaRCNet's
# test set (35,740 segments): logistic regression of a rater's answer on the others' share of
# that answer, standard deviation of the intercept.
LENIENCY = {"pattern": 1.3, "ictal": 1.5, "periodic": 1.25, "lateral": 0.83}
LAPSE = 0.015  # a vote that has nothing to do with the segment

# Votes a segment: rows of HMS, one a stationary period (20,146 of them).
_VOTES = {
    1: 3442, 2: 2075, 3: 6246, 4: 747, 5: 1144, 6: 141, 10: 117, 11: 382, 12: 727, 13: 1358,
    14: 643, 15: 1445, 16: 685, 17: 304, 18: 308, 19: 73, 20: 213, 21: 49, 22: 24, 23: 10, 24: 3,
    25: 5, 26: 2, 27: 1, 28: 1,
}  # fmt: skip
MANY = 10  # votes from which a segment counts as well voted

PANEL = np.random.default_rng(0).standard_normal((60, 4)) * list(LENIENCY.values())

_BIPOLAR = np.zeros((len(DERIVATIONS), len(ELECTRODES)), np.float32)
for _row, (_a, _b) in enumerate(DERIVATIONS):
    _BIPOLAR[_row, [ELECTRODES.index(_a), ELECTRODES.index(_b)]] = 1, -1
_ON_LEFT = np.array([a in LEFT or b in LEFT for a, b in DERIVATIONS])
_ON_RIGHT = np.array([a in RIGHT or b in RIGHT for a, b in DERIVATIONS])


@dataclass(frozen=True)
class Finding:
    """Log odds of the four answers for one activity of a segment, and its size in µV."""

    pattern: float
    ictal: float
    periodic: float
    lateral: float
    size_uv: float = 1.0


def _page(piece: Array, step: int) -> Array:
    """Bipolar derivations as read: smoothed over `step` samples, without their mean."""
    n = piece.shape[1] // step * step
    coarse = piece[:, :n].reshape(len(piece), -1, step).mean(2)
    page = _BIPOLAR @ coarse
    return np.asarray(page - page.mean(1, keepdims=True), np.float32)


def _size(page: Array) -> Array:
    """How far the largest tenth of the samples swings, for each derivation, µV."""
    largest = np.partition(np.abs(page), -page.shape[1] // 10, axis=1)[:, -page.shape[1] // 10 :]
    return np.asarray(largest.mean(1))


def _step(appearance: Appearance) -> int:
    """Who looks for a slow rhythm looks past muscle and other fast activity."""
    return 20 if appearance.periodic < 0 else 5


def _ratio(size: Array, noise: Array) -> float:
    best = np.argsort(size)[-4:]
    return float(np.mean(size[best] / (noise[best] + 4.0)))


def contrast(potential: Array, background: Array, appearance: Appearance) -> float:
    """How large an activity is beside the rest, both potentials (19, n) µV at 200 Hz.

    The size of the largest tenth of the samples, over that of the rest and 4 µV, mean of the four
    derivations that show the activity best. It grows in proportion to the activity.
    """
    step = _step(appearance)
    return _ratio(_size(_page(potential, step)), _size(_page(background, step)))


def find(potential: Array, background: Array, appearance: Appearance) -> Finding:
    """Judge an activity against the rest, both potentials in the labelled span, (19, n) µV."""
    # A slow rhythm is known by its repetition where a single wave of that size would not stand
    # out: size matters less.
    step = _step(appearance)
    visible, slope = (0.7, 1.6) if appearance.periodic < 0 else (1.15, 2.8)
    page = _page(potential, step)
    size = _size(page)
    ratio = _ratio(size, _size(_page(background, step)))
    visibility = slope * float(np.clip(np.log((ratio + 0.02) / visible), -3.0, 0.8))
    power = (page**2).mean(1) + 1e-3
    left, right = float(power[_ON_LEFT].sum()), float(power[_ON_RIGHT].sum())
    index = abs(left - right) / (left + right)
    return Finding(
        pattern=appearance.presence + visibility,
        ictal=appearance.ictal,
        periodic=appearance.periodic,
        lateral=13.0 * (index - 0.31) + appearance.asymmetric,
        size_uv=float(np.sort(size)[-4:].mean()),
    )


def answers(findings: list[Finding]) -> NDArray[np.float64]:
    """Vote distribution of each rater of PANEL, shape (60, 6), in the order of PATTERNS."""
    votes = np.zeros((len(PANEL), len(PATTERNS)))
    p_none = np.ones(len(PANEL))
    total = np.full(len(PANEL), 1e-9)
    for finding in findings:
        logits = np.array([finding.pattern, finding.ictal, finding.periodic, finding.lateral])
        pattern, ictal, periodic, lateral = (1 / (1 + np.exp(-(logits + PANEL)))).T
        weight = pattern * finding.size_uv**1.5  # the larger of two is named
        shares = {
            Pattern.SEIZURE: ictal,
            Pattern.LPD: (1 - ictal) * periodic * lateral,
            Pattern.GPD: (1 - ictal) * periodic * (1 - lateral),
            Pattern.LRDA: (1 - ictal) * (1 - periodic) * lateral,
            Pattern.GRDA: (1 - ictal) * (1 - periodic) * (1 - lateral),
        }
        for kind, share in shares.items():
            votes[:, PATTERNS.index(kind)] += weight * share
        p_none *= 1 - pattern
        total += weight
    votes *= ((1 - p_none) / total)[:, None]
    votes[:, PATTERNS.index(Pattern.OTHER)] += p_none
    votes = (1 - LAPSE) * votes + LAPSE / len(PATTERNS)
    return votes / votes.sum(1, keepdims=True)


def belief(findings: list[Finding]) -> NDArray[np.float64]:
    """Expected share of votes, shape (6,)."""
    return np.asarray(answers(findings).mean(0))


def n_votes(rng: np.random.Generator, *, many_share: float | None = None) -> int:
    """Draw how many vote; `many_share` of the segments have ten votes or more (HMS: .32)."""
    counts = np.array(list(_VOTES))
    weights = np.array(list(_VOTES.values()), float)
    if many_share is not None:
        group = counts >= MANY
        weights[group] *= many_share / weights[group].sum()
        weights[~group] *= (1 - many_share) / weights[~group].sum()
    return int(rng.choice(counts, p=weights / weights.sum()))


def vote(rng: np.random.Generator, findings: list[Finding], n: int) -> NDArray[np.int64]:
    """Let `n` raters of the panel vote, shape (6,)."""
    members = rng.choice(len(PANEL), n, replace=False)
    shares = answers(findings)[members]
    draws = (shares.cumsum(1) < rng.random((n, 1))).sum(1)
    return np.bincount(np.minimum(draws, len(PATTERNS) - 1), minlength=len(PATTERNS))
