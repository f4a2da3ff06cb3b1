"""Findings: what makes a recording less than it seems, from what was counted of its signals."""

from collections.abc import Iterable, Mapping

from nasion.eeg.recording import Recording
from nasion.eeg.remarks import Code, Remark
from nasion.terms import CENTRE_S, SEGMENT_S

RANGE_UV = 1000.0  # from the median: beyond it is no EEG

# Shares of what was recorded from which on something is worth a line; of values, each is.
NOTABLE = {"nan": 0.0, "flat": 0.1, "lead_off": 0.1, "clipped": 0.02, "out_of_range": 0.01}
CODES = {
    "lead_off": Code.LEAD_OFF,
    "nan": Code.NAN,
    "flat": Code.FLAT,
    "clipped": Code.CLIPPED,
    "out_of_range": Code.OUT_OF_RANGE,
}

Shares = Mapping[str, Mapping[str, float]]


def of_extent(recording: Recording) -> list[Remark]:
    """Say what is too short, missing, made from others or not recorded."""
    found = []
    duration_s, lost_s = recording.duration_s, sum(length for _, length in recording.gaps_s)
    if duration_s < SEGMENT_S:
        shorter = Code.SHORTER_THAN_CENTRE if duration_s < CENTRE_S else Code.SHORTER_THAN_SEGMENT
        found.append(Remark(shorter, {"duration_s": duration_s}))
    if recording.missing:
        found.append(Remark(Code.MISSING, {"electrodes": recording.missing}))
    if recording.interpolated:
        found.append(Remark(Code.INTERPOLATED, {"electrodes": recording.interpolated}))
    if recording.gaps_s:
        n = len(recording.gaps_s)
        found.append(Remark(Code.GAPS, {"n": n, "lost_s": lost_s, "duration_s": duration_s}))
    return found


def of_nothing(electrodes: Iterable[str], shares: Shares) -> list[Remark]:
    """Say that there is nothing to read where every one of some electrodes is empty or flat."""
    names = tuple(electrodes)
    for kind, code in (("nan", Code.ALL_NAN), ("flat", Code.ALL_FLAT)):
        if all(shares[kind].get(name, 0.0) >= 1 for name in names):
            return [Remark(code)]
    return []


def of_faults(shares: Shares) -> list[Remark]:
    """Say which channels have a fault for how much of what was recorded.

    Parameters
    ----------
    shares
        By kind as in `NOTABLE`, of each channel that was recorded.
    """
    found = []
    for kind, code in CODES.items():
        notable = {
            name: share for name, share in shares.get(kind, {}).items() if share > NOTABLE[kind]
        }
        limit = {"limit_uv": RANGE_UV} if code is Code.OUT_OF_RANGE else {}
        if notable:
            fields = {"electrodes": tuple(notable), "shares": tuple(notable.values())}
            found.append(Remark(code, {**fields, **limit}))
    return found
