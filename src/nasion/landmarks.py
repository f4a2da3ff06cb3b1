"""Landmarks: short stretches of an EEG that are told from all others, wherever it is cut.

Along the derivations of the double banana, between 2 and 15 Hz, the times between zero crossings
are written as a word of `LENGTH` of them, each in steps of 12.5 ms. A word is the same whatever the
unit and gain, the sign, the side, the reference and the place of the cut, and mostly after
resampling or rounding to steps of an EDF file. One word of `ONE_OF` is kept, which that is decided
by the word itself. Words of rhythms so even that other EEGs have them, too, are left out.

Filters that move zero crossings, noise and spatial filters make other words: an EEG after them is
not known again.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nasion.terms import CHAIN_DERIVATIONS, COLUMNS, SFREQ

BAND_HZ = (2.0, 15.0)
TAPS = 151  # of the filter: so much of an EEG has no word at either end, half of it each
LENGTH = 16  # intervals in a word, about a second
STEP = 2.5  # samples, of an interval
LONGEST = 255  # steps of an interval
FEWEST_VALUES = 6  # different intervals in a word
ONE_OF = 64  # words: 1.5 a second of EEG
FLAT = 1e-7  # of a derivation's largest value: what is below came of the arithmetic
LEAST, WITHIN_S = 3, 30.0  # landmarks in common, in a stretch of so many seconds, tell an EEG
BYTES = 5  # of a landmark as it is kept
PIECE = 1 << 18  # samples that are filtered at once
_MIX = np.uint64(0x9E3779B97F4A7C15)
Words = NDArray[np.uint64]
_ROW = np.dtype([("word", "<u8"), ("at_s", "<f4")])


@dataclass(frozen=True, eq=False)
class Landmarks:
    """Of one EEG.

    Parameters
    ----------
    words : ndarray of uint64, shape (n,)
    at_s : ndarray of float, shape (n,)
        When each begins.
    """

    words: Words
    at_s: NDArray[np.float64]

    @classmethod
    def of(cls, signals: NDArray[np.floating]) -> "Landmarks":
        """Those of an EEG, shape (20, n_times), 200 Hz, NaN where nothing was recorded."""
        pairs = [pair for chain in CHAIN_DERIVATIONS.values() for pair in chain]
        rows = [[COLUMNS.index(site) for site in sites] for sites in zip(*pairs, strict=True)]
        parts = []
        for first in range(0, signals.shape[1], PIECE):
            piece = np.asarray(signals[:, first : first + PIECE + TAPS - 1], np.float64)
            words, at = _of_derivations(piece[rows[0]] - piece[rows[1]])
            parts.append(cls(words, (at + first) / SFREQ))
        return joined(parts)

    @classmethod
    def from_text(cls, text: str) -> "Landmarks":
        """Read what `text` gave."""
        rows = np.frombuffer(base64.b64decode(text, validate=True), _ROW)
        return cls(rows["word"].astype(np.uint64), rows["at_s"].astype(np.float64))

    def later(self, by_s: float) -> "Landmarks":
        """Those of a piece that begins so much later."""
        return Landmarks(self.words, self.at_s + by_s)

    @property
    def text(self) -> str:
        """All of them in letters."""
        rows = np.empty(len(self.words), _ROW)
        rows["word"], rows["at_s"] = self.words, self.at_s
        return base64.b64encode(rows.tobytes()).decode()

    def hashed(self, salt: str) -> Words:
        """As they are kept: salted, sorted, each once."""
        return np.unique(_salted(self.words, salt))

    def among(self, known: Words, salt: str) -> bool:
        """Whether enough of them are among sorted ones that were hashed, close together."""
        salted = _salted(self.words, salt)
        if not len(known) or len(salted) < LEAST:
            return False
        places = np.searchsorted(known, salted).clip(max=len(known) - 1)
        order = np.argsort(self.at_s, kind="stable")
        common = order[(known[places] == salted)[order]]
        _, once = np.unique(salted[common], return_index=True)
        at_s = self.at_s[common[np.sort(once)]]
        return bool((at_s[LEAST - 1 :] - at_s[: len(at_s) - LEAST + 1] <= WITHIN_S).any())


NONE = Landmarks(np.zeros(0, np.uint64), np.zeros(0))


def joined(parts: Sequence[Landmarks]) -> Landmarks:
    """Those of several pieces of one EEG."""
    words = np.concatenate([NONE.words, *(part.words for part in parts)])
    return Landmarks(words, np.concatenate([NONE.at_s, *(part.at_s for part in parts)]))


def packed(hashed: Words) -> str:
    """Hashed landmarks in letters, `BYTES` each."""
    octets = hashed.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :BYTES]
    return base64.b64encode(octets.tobytes()).decode()


def unpacked(text: str) -> Words:
    """Read what `packed` gave.

    Raises
    ------
    ValueError
        Where it gave nothing like it.
    """
    octets = np.frombuffer(base64.b64decode(text, validate=True), np.uint8)
    whole = np.zeros((len(octets) // BYTES, 8), np.uint8)
    whole[:, :BYTES] = octets.reshape(-1, BYTES)
    hashed = whole.view("<u8").ravel().astype(np.uint64)
    if (hashed[1:] <= hashed[:-1]).any():
        raise ValueError
    return hashed


@cache
def _kernel() -> NDArray[np.float64]:
    from scipy.signal import firwin

    return np.asarray(firwin(TAPS, BAND_HZ, pass_zero=False, fs=SFREQ))


def _of_derivations(signals: NDArray[np.float64]) -> tuple[Words, NDArray[np.float64]]:
    """Words of all derivations, and the samples that they begin at."""
    from scipy.signal import oaconvolve

    if signals.shape[1] < TAPS + 1:
        return NONE.words, NONE.at_s
    present = np.isfinite(signals)
    signals = np.where(present, signals, 0)
    filtered = oaconvolve(signals, _kernel()[None], mode="valid", axes=1)
    filtered[np.abs(filtered) < FLAT * np.abs(signals).max(1, keepdims=True)] = 0
    parts = [_of_row(*rows) for rows in zip(filtered, present, strict=True)]
    words, at = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return words, at


def _of_row(
    filtered: NDArray[np.float64], present: NDArray[np.bool_]
) -> tuple[Words, NDArray[np.float64]]:
    negative = filtered < 0
    before = np.flatnonzero(negative[1:] != negative[:-1])
    n_words = len(before) - LENGTH
    if n_words < 1:
        return NONE.words, NONE.at_s
    crossing = before + filtered[before] / (filtered[before] - filtered[before + 1])
    intervals = np.rint(np.diff(crossing) / STEP).clip(0, LONGEST).astype(np.uint64)
    spelled = np.lib.stride_tricks.sliding_window_view(intervals, LENGTH)
    words = np.zeros(n_words, np.uint64)
    for letter in spelled.T:
        words = (words ^ letter) * _MIX
        words ^= words >> np.uint64(29)
    kept = np.flatnonzero((words >> np.uint64(40)) % np.uint64(ONE_OF) == 0)
    values = np.diff(np.sort(spelled[kept], axis=1), axis=1) > 0
    kept = kept[values.sum(1) + 1 >= FEWEST_VALUES]
    absent = np.concatenate([[0], np.cumsum(~present)])
    whole = absent[before[kept + LENGTH] + 1 + TAPS] == absent[before[kept]]
    kept = kept[whole]
    return words[kept], crossing[kept] + TAPS // 2


def _salted(words: Words, salt: str) -> Words:
    """Hash words with a salt; `BYTES` of each are left."""
    key = np.frombuffer(hashlib.sha256(salt.encode()).digest()[:16], "<u8").astype(np.uint64)
    hashed = (words ^ key[0]) * _MIX
    hashed = ((hashed ^ (hashed >> np.uint64(31))) + key[1]) * np.uint64(0xBF58476D1CE4E5B9)
    return np.asarray((hashed ^ (hashed >> np.uint64(27))) >> np.uint64(64 - 8 * BYTES))
