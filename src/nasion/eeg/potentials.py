"""Potentials of electrodes from channels that are each the difference of two sites.

A channel ties two nodes: an electrode and its reference, or the two sites of a derivation. What
channels tie together, directly or by others, is known up to one constant: zero is the reference,
or, where there is none, the mean of the electrodes. Rings of channels hold more than is needed;
there least squares decide, so that the error of a channel is spread over its ring.

The network subtracts neighbours of a chain. Where their voltage is unknown one of them is left out,
so that a difference of what comes out is known wherever the network looks, or NaN.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain, combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasion.eeg.montage import Components
from nasion.terms import DERIVATIONS, ELECTRODES, PARTS

Array = NDArray[np.float64]

DIGITS = 12  # of weights: what sums of channels leave beyond is rounding


@dataclass(frozen=True)
class Link:
    """A channel: the voltage of a site against another one, or against a named reference."""

    site: str
    other: str
    referential: bool


@dataclass(frozen=True)
class Solution:
    """Electrodes that are determined, and how.

    Parameters
    ----------
    components
        The electrodes by what can be subtracted.
    cut
        Electrodes that have channels, but none that ties them to a neighbour of their chain.
    weights
        Of the channels for each electrode, shape (19, n_links); NaN where it isn't determined.
    """

    components: Components
    cut: tuple[str, ...]
    weights: Array

    def fill(self, signals: NDArray[Any], channels: Array) -> None:
        """Put a stretch in which all channels of the solution have values into `signals`."""
        for row, number in self._alone.items():
            signals[row] = np.nan if number is None else channels[number]
        mixed = [row for row in range(len(ELECTRODES)) if row not in self._alone]
        if mixed:
            weights = self.weights[mixed]
            needed = weights.any(axis=0)
            signals[mixed] = weights[:, needed] @ channels[needed]

    @cached_property
    def _alone(self) -> dict[int, int | None]:
        """Rows that are one channel as it is, None for those that aren't determined."""
        return {
            row: None if np.isnan(weights).any() else int(weights.argmax())
            for row, weights in enumerate(self.weights)
            if np.isnan(weights).any()
            or (weights.sum() == 1 and np.array_equal(weights, weights == weights.max()))
        }

    @property
    def electrodes(self) -> tuple[str, ...]:
        """Those that are determined."""
        return tuple(n for n in ELECTRODES if any(n in names for names in self.components))

    @property
    def used(self) -> NDArray[np.bool_]:
        """Which channels any electrode needs, shape (n_links,)."""
        return np.asarray(np.nan_to_num(self.weights).any(axis=0))


@lru_cache(maxsize=256)
def solve(links: tuple[Link, ...], usable: tuple[bool, ...]) -> Solution:
    """Find which electrodes the usable channels determine.

    Electrodes that have a channel against the reference are that channel, whatever others say.
    """
    weights = np.full((len(ELECTRODES), len(links)), np.nan)
    groups = _groups([link for link, is_usable in zip(links, usable, strict=True) if is_usable])
    kept = {name for part in PARTS for name in _without_unknown(part, groups)}
    components: list[tuple[str, ...]] = []
    for group in groups:
        names = tuple(name for name in ELECTRODES if name in group & kept)
        if names:
            components.append(names)
            rows = [ELECTRODES.index(name) for name in names]
            numbers = [
                n for n, link in enumerate(links) if usable[n] and {link.site, link.other} & group
            ]
            solved = _solved([links[n] for n in numbers], names)
            weights[rows] = 0.0
            weights[np.ix_(rows, numbers)] = solved
    held = set().union(*groups) if groups else set()
    cut = tuple(name for name in ELECTRODES if name in held - kept)
    components.sort(key=lambda names: ELECTRODES.index(names[0]))
    return Solution(tuple(components), cut, weights)


def _groups(links: Iterable[Link]) -> list[set[str]]:
    """Nodes that channels tie together."""
    groups: list[set[str]] = []
    for link in links:
        ends = {link.site, link.other}
        touched = [group for group in groups if group & ends]
        groups = [group for group in groups if not group & ends]
        groups.append(ends.union(*touched))
    return groups


def _without_unknown(part: tuple[str, ...], groups: Sequence[set[str]]) -> set[str]:
    """Electrodes of a part without two neighbours of a chain whose voltage is unknown.

    Of all such choices the one with most derivations, then most electrodes.
    """
    group_of = {name: k for k, group in enumerate(groups) for name in group}
    held = [name for name in part if name in group_of]
    pairs = [pair for pair in DERIVATIONS if {*pair} <= set(held)]
    known = [pair for pair in pairs if group_of[pair[0]] == group_of[pair[1]]]
    if len(known) == len(pairs):
        return set(held)
    choices = chain.from_iterable(combinations(held, n) for n in range(len(held), -1, -1))
    sound = (
        set(names)
        for names in choices
        if not any({*pair} <= set(names) for pair in pairs if pair not in known)
    )
    return max(sound, key=lambda names: sum({*pair} <= names for pair in known))


def _solved(links: Sequence[Link], names: tuple[str, ...]) -> Array:
    """Weights of the channels of one group for some of its electrodes."""
    nodes = list(dict.fromkeys(node for link in links for node in (link.site, link.other)))
    zero = _zero(links)
    known = {zero if zero is not None else nodes[0]: np.zeros(len(links))}
    for number, link in enumerate(links):
        if zero is not None and link.referential and link.other == zero:
            known.setdefault(link.site, np.eye(len(links))[number])
    unknown = [node for node in nodes if node not in known]
    system, given = np.zeros((len(links), len(unknown))), np.eye(len(links))
    for number, link in enumerate(links):
        for node, sign in ((link.site, 1.0), (link.other, -1.0)):
            if node in known:
                given[number] -= sign * known[node]
            else:
                system[number, unknown.index(node)] = sign
    solved = np.round(np.linalg.pinv(system) @ given, DIGITS) if unknown else np.empty((0, 0))
    rows = known | dict(zip(unknown, solved, strict=True))
    weights = np.stack([rows[name] for name in names])
    if zero is None:
        weights -= np.mean([rows[name] for name in ELECTRODES if name in rows], axis=0)
    return weights


def _zero(links: Sequence[Link]) -> str | None:
    """The reference of most electrodes, the first of several; None where there is none."""
    against = [link.other for link in links if link.referential]
    return max(dict.fromkeys(against), key=against.count, default=None)


def potentials(links: tuple[Link, ...], channels: Array, signals: NDArray[Any]) -> None:
    """Put the signals of the 19 electrodes into `signals`.

    Where a channel has no value, others stand in for it as far as they determine the same.

    Parameters
    ----------
    channels
        Shape (n_links, n_times), µV, NaN where nothing was recorded.
    signals
        Shape (19, n_times), µV; NaN comes where an electrode isn't determined.
    """
    finite = np.isfinite(channels)
    if _plain(links) or finite.all():
        changes: list[int] = []
        finite = np.ones_like(finite)
    else:
        changes = (np.flatnonzero((finite[:, 1:] != finite[:, :-1]).any(axis=0)) + 1).tolist()
    for begin, end in zip([0, *changes], [*changes, channels.shape[1]], strict=True):
        if begin < end:
            usable = tuple(finite[:, begin].tolist())
            solve(links, usable).fill(signals[:, begin:end], channels[:, begin:end])


def _plain(links: Sequence[Link]) -> bool:
    """Whether each channel is one electrode against the same reference, none of the electrodes."""
    others = {link.other for link in links}
    return (
        all(link.referential for link in links) and len(others) == 1 and not others & {*ELECTRODES}
    )
