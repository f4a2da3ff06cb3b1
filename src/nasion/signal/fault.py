"""Faults of electrodes, and why a step is not judged."""

from enum import IntFlag, StrEnum


class Fault(IntFlag):
    """What is wrong with an electrode in a step; bits, as several may be."""

    NONE = 0
    MISSING = 1  # not recorded, or a gap
    FLAT = 2
    DISCONNECTED = 4  # lead off: mains and drift, no EEG
    CLIPPED = 8  # at the rail of the amplifier
    LINE = 16  # mains noise
    MUSCLE = 32
    RANGE = 64  # beyond what EEG reaches


class Reason(StrEnum):
    """Why a step was not judged; its place here is its code in `Reading.reason`."""

    JUDGED = ""
    GAP = "nothing recorded"
    ELECTRODES = "too few usable electrodes"
    FLAT = "flat"
    ARTIFACT = "artifact"
    UNREAD = "an event that no reader judged"  # in what a review exports alone


REASONS = tuple(Reason)
