"""The vocabulary: patterns, electrodes, derivations, chains. All else imports it from here.

The six patterns follow Kaggle's HMS data set, whose classes are SPaRCNet's (Jing 2023) after the
ACNS critical-care EEG terminology (Hirsch 2021). Sources differ in class and chain order, so
code addresses both by name.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Literal

Band = tuple[float, float]  # Hz, from and to


@dataclass(frozen=True, kw_only=True)
class Nature:
    """What is known of a pattern, and how it is measured and shown.

    Parameters
    ----------
    long_name
        The term in words.
    colour
        Of Okabe-Ito, distinguishable with every common colour vision deficiency.
    extent, course
        The first and the second main term of ACNS 2021; empty where it has none.
    urgency
        What a minute of it that nobody has read adds to that of a recording. Seizures come first;
        lateralized and periodic patterns go with seizures, GRDA does not (Rodriguez Ruiz 2017).
    hed
        Tags of HED's library SCORE, with commas; empty where there is none.
    band_hz
        What is kept of the signal to measure it; None where nothing is measured.
    rates_hz
        How fast its cycles may follow each other; None where discharges are counted instead.
    one_sided
        Difference of both sides' amplitudes over their sum, from which one side is named.
    """

    long_name: str
    colour: str
    extent: Literal["lateralized", "generalized", ""] = ""
    course: Literal["periodic", "rhythmic", ""] = ""
    urgency: float = 0.0
    hed: str = ""
    band_hz: Band | None = None
    rates_hz: Band | None = None
    one_sided: float = 0.0


class Pattern(StrEnum):
    """What a reader looks for; ordered as the columns of HMS, which breaks ties of votes."""

    SEIZURE = "seizure"
    LPD = "lpd"
    GPD = "gpd"
    LRDA = "lrda"
    GRDA = "grda"
    OTHER = "other"

    @property
    def nature(self) -> Nature:
        """What is known of it."""
        return _NATURES[self]

    @property
    def label(self) -> str:
        """As `expert_consensus` spells it: Seizure, LPD, ..., Other."""
        return self.upper() if self.nature.course else self.capitalize()

    @property
    def long_name(self) -> str:
        """The term in words."""
        return self.nature.long_name

    @property
    def colour(self) -> str:
        """As #RRGGBB."""
        return self.nature.colour

    @property
    def ink(self) -> str:
        """Black or white, whichever is better read on its colour."""
        channels = (part / 255 for part in bytes.fromhex(self.colour[1:]))
        red, green, blue = (channel**2.2 for channel in channels)
        return "#000" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.19 else "#fff"

    @property
    def periodic(self) -> bool:
        """Whether it is discharges with a gap between them."""
        return self.nature.course == "periodic"

    @property
    def rhythmic(self) -> bool:
        """Whether it is delta waves without a gap."""
        return self.nature.course == "rhythmic"

    @property
    def lateralized(self) -> bool:
        """Whether it is by definition of one side."""
        return self.nature.extent == "lateralized"


_NATURES = {
    Pattern.SEIZURE: Nature(
        long_name="electrographic seizure",
        colour="#D55E00",
        urgency=100.0,
        hed="Unclassified-epileptic-seizure",
        band_hz=(0.4, 22.0),
        rates_hz=(0.7, 12.0),
        one_sided=0.12,  # 1.27 times the amplitude
    ),
    Pattern.LPD: Nature(
        long_name="lateralized periodic discharges",
        colour="#0072B2",
        extent="lateralized",  # so that there is a side, however little it is the larger
        course="periodic",
        urgency=10.0,
        hed="Lateralized-periodic-discharges",
        band_hz=(1.0, 16.0),
    ),
    Pattern.GPD: Nature(
        long_name="generalized periodic discharges",
        colour="#56B4E9",
        extent="generalized",
        course="periodic",
        urgency=10.0,
        hed="Generalized-periodic-discharges",
        band_hz=(1.0, 16.0),
        one_sided=0.4,  # more than twice the amplitude
    ),
    Pattern.LRDA: Nature(
        long_name="lateralized rhythmic delta activity",
        colour="#009E73",
        extent="lateralized",
        course="rhythmic",
        urgency=10.0,
        hed="Rhythmic-delta-activity, Asymmetrical",
        band_hz=(0.25, 12.0),
        rates_hz=(0.4, 4.0),
    ),
    Pattern.GRDA: Nature(
        long_name="generalized rhythmic delta activity",
        colour="#E69F00",
        extent="generalized",
        course="rhythmic",
        urgency=1.0,
        hed="Rhythmic-delta-activity, Symmetrical",
        band_hz=(0.25, 12.0),
        rates_hz=(0.4, 4.0),
        one_sided=0.4,
    ),
    Pattern.OTHER: Nature(
        long_name="none of these: any background and every artifact", colour="#999999"
    ),
}

PATTERNS = tuple(Pattern)
EVENTFUL = tuple(pattern for pattern in PATTERNS if pattern is not Pattern.OTHER)
CANT_TELL = 0.5  # a largest probability below it names no pattern
VOTE_COLUMNS = tuple(f"{pattern}_vote" for pattern in PATTERNS)

# ACNS 2021: the share of a record from which on what occurs is so; what occurs at all is rare.
PREVALENCE = {"continuous": 0.9, "abundant": 0.5, "frequent": 0.1, "occasional": 0.01, "rare": 0.0}


def prevalence(share: float) -> str:
    """ACNS 2021 word for a share of a record, from 0 to 1; empty for none."""
    return next(word for word, least in PREVALENCE.items() if share >= least) if share > 0 else ""


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
PARTS = (LEFT, MIDLINE, RIGHT)  # no derivation of the network goes from one to another
MIRROR = dict(zip(LEFT + MIDLINE + RIGHT, RIGHT + MIDLINE + LEFT, strict=True))
# Row i of mirrored signals is row MIRRORED_COLUMNS[i] of the original.
MIRRORED_COLUMNS = [COLUMNS.index(MIRROR.get(name, name)) for name in COLUMNS]

# How other sites are spelt that a channel may be recorded from or against, and the ears.
SITE = re.compile(r"(?:Fp|AF|FC|FT|TP|CP|PO|[FCTPOI])(?:z|\d{1,2})|(?:SP|PG)[12]|[AM][12]")

# Where they sit: inclination from the vertex and azimuth from the right ear, degrees; a negative
# inclination is to the left.
ANGLES = {
    "Fp1": (-92, -72), "F3": (-60, -51), "C3": (-46, 0), "P3": (-60, 51), "F7": (-92, -36),
    "T3": (-92, 0), "T5": (-92, 36), "O1": (-92, 72), "Fz": (46, 90), "Cz": (0, 0),
    "Pz": (46, -90), "Fp2": (92, 72), "F4": (60, 51), "C4": (46, 0), "P4": (60, -51),
    "F8": (92, 36), "T4": (92, 0), "T6": (92, -36), "O2": (92, -72),
}  # fmt: skip


def side_of(electrode: str) -> Literal["left", "middle", "right"]:
    """On which side of the head an electrode sits."""
    return "left" if electrode in LEFT else "right" if electrode in RIGHT else "middle"


class Chain(StrEnum):
    """Rows of the longitudinal bipolar montage, ordered so that mirroring is reversal."""

    LL = "LL"
    LP = "LP"
    Z = "Z"
    RP = "RP"
    RL = "RL"

    @property
    def side(self) -> Literal["left", "middle", "right"]:
        """On which side of the head it runs."""
        return side_of(CHAIN_ELECTRODES[self][1])


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
# Row i of the mirrored montage is row MIRRORED_DERIVATIONS[i] of the original.
MIRRORED_DERIVATIONS = [DERIVATIONS.index((MIRROR[a], MIRROR[b])) for a, b in DERIVATIONS]

# HMS has no midline spectrogram; its own column order is LL RL LP RP.
SPECTROGRAM_CHAINS = (Chain.LL, Chain.LP, Chain.RP, Chain.RL)
HMS_SPECTROGRAM_CHAINS = (Chain.LL, Chain.RL, Chain.LP, Chain.RP)

OLDEST_YEARS = 120.0  # that nobody reaches; as the end of a range, none
ADULTS = 18.0, OLDEST_YEARS  # ages, from and to below

DISCLAIMER = "Decision support for research, not a medical device and not a diagnosis."

SFREQ = 200.0  # Hz, of HMS and of every signal inside
SEGMENT_S = 50.0  # a labelled segment
CENTRE_S = 10.0  # what its label speaks of, in the middle of it
CONTEXT_S = 600.0  # the spectrogram around it

READING_STEP_S = 2.0  # from one window of a reading to the next; whole blocks and columns
BLOCK_S = 2.0  # of waveform that a network makes one vector of
HMS_COLUMN_S = 2.0  # between the columns of an HMS spectrogram
