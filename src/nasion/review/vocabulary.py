"""The vocabulary: what a page has to know to show any recording, told with each."""

from dataclasses import asdict
from typing import Any

from nasion.display.montages import LONG_NAMES
from nasion.eeg.montage import MARKS
from nasion.review.verdicts import DEEDS
from nasion.signal.fault import REASONS, Reason
from nasion.terms import (
    CANT_TELL,
    CHAIN_DERIVATIONS,
    CHAIN_NAMES,
    COLUMNS,
    EKG,
    ELECTRODES,
    PATTERNS,
    READING_STEP_S,
    SFREQ,
    side_of,
)

VOCABULARY: dict[str, Any] = {
    "step_s": READING_STEP_S,
    "sfreq": SFREQ,
    "electrodes": list(COLUMNS),
    "sides": {name: side_of(name) for name in ELECTRODES},
    "heart": EKG,
    "patterns": [
        {
            "name": pattern,
            "label": pattern.label,
            "long_name": pattern.long_name,
            "colour": pattern.colour,
            "ink": pattern.ink,
        }
        for pattern in PATTERNS
    ],
    "derivations": [
        {"name": f"{first}-{second}", "chain": chain}
        for chain, pairs in CHAIN_DERIVATIONS.items()
        for first, second in pairs
    ],
    "chains": [{"name": name, "long_name": long} for name, long in CHAIN_NAMES.items()],
    "deeds": [{"action": action, **asdict(deed)} for action, deed in DEEDS.items()],
    "reasons": [str(reason) for reason in REASONS],
    "gap": REASONS.index(Reason.GAP),
    "montages": [{"name": name, "long_name": long} for name, long in LONG_NAMES.items()],
    "cant_tell": CANT_TELL,
    "marks": MARKS,
}
