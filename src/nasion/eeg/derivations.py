"""Derivations: differences of electrodes along the chains of the double banana, 18 in all."""

from collections.abc import Sequence

from nasion.eeg.recording import Signals
from nasion.terms import CHAIN_DERIVATIONS, COLUMNS, Chain


def _rows(pairs: Sequence[tuple[str, str]]) -> tuple[list[int], list[int]]:
    return [COLUMNS.index(a) for a, _ in pairs], [COLUMNS.index(b) for _, b in pairs]


def bipolar(signals: Signals, chains: Sequence[Chain] = tuple(Chain)) -> Signals:
    """Differences of neighbours along the chains.

    Parameters
    ----------
    signals
        Shape (20, n_times), µV, rows as `terms.COLUMNS`.

    Returns
    -------
    Shape (n_derivations, n_times), µV, first electrode minus second; NaN where either is.
    """
    first, second = _rows([pair for chain in chains for pair in CHAIN_DERIVATIONS[chain]])
    return signals[first] - signals[second]
