"""Findings of a reading: what makes it less than it seems, in remarks."""

import numpy as np

from nasion.eeg import findings
from nasion.eeg.recording import Recording
from nasion.eeg.remarks import Code, Remark
from nasion.reading.dense import Steps
from nasion.signal.fault import REASONS, Fault
from nasion.terms import COLUMNS, EKG, ELECTRODES, SFREQ

FAULTS = {
    "flat": Fault.FLAT,
    "lead_off": Fault.DISCONNECTED,
    "clipped": Fault.CLIPPED,
    "out_of_range": Fault.RANGE,
}
LEAST_UNJUDGED = 0.01  # of the steps: less is no line


def of_reading(recording: Recording, steps: Steps) -> tuple[Remark, ...]:
    """Say what of a recording was lost, made from others, at fault or not judged."""
    made = {*recording.missing, *recording.interpolated}
    names = [name for name in COLUMNS if name not in made]
    rows = [COLUMNS.index(name) for name in names]
    lost_s = sum(length_s for _, length_s in recording.gaps_s)
    n_recorded = max(recording.n_times - round(lost_s * SFREQ), 1)
    there = steps.quality & np.uint8(Fault.MISSING) == 0
    n_there = np.maximum(there.sum(axis=0), 1)
    by_kind = {"nan": np.minimum(steps.lost / n_recorded, 1.0)} | {
        kind: ((steps.quality & np.uint8(fault) > 0) & there).sum(axis=0) / n_there
        for kind, fault in FAULTS.items()
    }
    shares = {
        kind: {name: float(values[row]) for name, row in zip(names, rows, strict=True)}
        for kind, values in by_kind.items()
    }
    if shares["nan"][EKG] >= 1:
        shares["nan"].pop(EKG)  # there is none
    nothing = findings.of_nothing([name for name in names if name in ELECTRODES], shares)
    return (
        *(nothing or [*findings.of_extent(recording), *findings.of_faults(shares)]),
        *_unjudged(steps),
    )


def _unjudged(steps: Steps) -> list[Remark]:
    """Say how much was not judged, and why."""
    counts = np.bincount(steps.reason, minlength=len(REASONS))
    found = {
        str(REASONS[code]): float(counts[code] / counts.sum())
        for code in np.argsort(-counts, kind="stable").tolist()
        if code and counts[code]
    }
    if sum(found.values()) < LEAST_UNJUDGED:
        return []
    return [Remark(Code.NOT_JUDGED, {"reasons": tuple(found), "shares": tuple(found.values())})]
