"""The vocabulary: patterns, electrodes, derivations, chains. All else imports it from here.

The six patterns follow Kaggle's HMS data set, whose classes are SPaRCNet's (Jing 2023) after the
ACNS critical-care EEG terminology (Hirsch 2021). Sources differ in class and chain order, so
code addresses both by name.
"""

from enum import StrEnum
from itertools import pairwise


class Pattern(StrEnum):
    """What a reader looks for; ordered as the columns of HMS, which breaks ties of votes."""

    SEIZURE = "seizure"
    LPD = "lpd"
    GPD = "gpd"
    LRDA = "lrda"
    GRDA = "grda"
    OTHER = "other"

    @property
    def label(self) -> str:
        """As `expert_consensus` spells it: Seizure, LPD, ..., Other."""
        return self.upper() if self.endswith(("pd", "rda")) else self.capitalize()

    @property
    def long_name(self) -> str:
        """The term in words."""
        return LONG_NAMES[self]


LONG_NAMES = {
    Pattern.SEIZURE: "electrographic seizure",
    Pattern.LPD: "lateralized periodic discharges",
    Pattern.GPD: "generalized periodic discharges",
    Pattern.LRDA: "lateralized rhythmic delta activity",
    Pattern.GRDA: "generalized rhythmic delta activity",
    Pattern.OTHER: "none of these: any background and every artifact",
}

PATTERNS = tuple(Pattern)
VOTE_COLUMNS = tuple(f"{pattern}_vote" for pattern in PATTERNS)

# Okabe-Ito, distinguishable with every common colour vision deficiency.
COLOURS = {
    Pattern.SEIZURE: "#D55E00",
    Pattern.LPD: "#0072B2",
    Pattern.GPD: "#56B4E9",
    Pattern.LRDA: "#009E73",
    Pattern.GRDA: "#E69F00",
    Pattern.OTHER: "#999999",
}

# The 19 sites of the 10-20 system, in HMS's column order.
ELECTRODES = (
    "Fp1", "F3", "C3", "P3", "F7", "T3", "T5", "O1", "Fz", "Cz", "Pz",
    "Fp2", "F4", "C4", "P4", "F8", "T4", "T6", "O2",
)  # fmt: skip
EKG = "EKG"
COLUMNS = (*ELECTRODES, EKG)

# The 10-10 system renamed four sites of the 10-20 system.
ALIASES = {"T7": "T3", "T8": "T4", "P7": "T5", "P8": "T6", "ECG": "EKG"}

LEFT, MIDLINE, RIGHT = ELECTRODES[:8], ELECTRODES[8:11], ELECTRODES[11:]
MIRROR = dict(zip(LEFT + MIDLINE + RIGHT, RIGHT + MIDLINE + LEFT, strict=True))


class Chain(StrEnum):
    """Rows of the longitudinal bipolar montage, ordered so that mirroring is reversal."""

    LL = "LL"
    LP = "LP"
    Z = "Z"
    RP = "RP"
    RL = "RL"


CHAIN_NAMES = {
    Chain.LL: "left lateral",
    Chain.LP: "left parasagittal",
    Chain.Z: "midline",
    Chain.RP: "right parasagittal",
    Chain.RL: "right lateral",
}

CHAIN_ELECTRODES = {
    Chain.LL: ("Fp1", "F7", "T3", "T5", "O1"),
    Chain.LP: ("Fp1", "F3", "C3", "P3", "O1"),
    Chain.Z: ("Fz", "Cz", "Pz"),
    Chain.RP: ("Fp2", "F4", "C4", "P4", "O2"),
    Chain.RL: ("Fp2", "F8", "T4", "T6", "O2"),
}

# A derivation (a, b) is the voltage a - b; EEG draws negative up.
CHAIN_DERIVATIONS = {chain: tuple(pairwise(sites)) for chain, sites in CHAIN_ELECTRODES.items()}
DERIVATIONS = tuple(pair for pairs in CHAIN_DERIVATIONS.values() for pair in pairs)
DERIVATION_NAMES = tuple(f"{a}-{b}" for a, b in DERIVATIONS)

# HMS has no midline spectrogram; its own column order is LL RL LP RP.
SPECTROGRAM_CHAINS = (Chain.LL, Chain.LP, Chain.RP, Chain.RL)
HMS_SPECTROGRAM_CHAINS = (Chain.LL, Chain.RL, Chain.LP, Chain.RP)

SFREQ = 200.0  # Hz, of HMS and of every signal inside
SEGMENT_S = 50.0  # a labelled segment
CENTRE_S = 10.0  # what its label speaks of, in the middle of it
CONTEXT_S = 600.0  # the spectrogram around it

READING_STEP_S = 2.0  # from one window of a reading to the next; whole blocks and columns
BLOCK_S = 2.0  # of waveform that a network makes one vector of
HMS_COLUMN_S = 2.0  # between the columns of an HMS spectrogram
