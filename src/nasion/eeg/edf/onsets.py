"""Onsets: when the records of an EDF+ file begin, from what each of them states of itself.

A header that says contiguous (EDF+C) is believed, whatever its records state. In a discontiguous
file (EDF+D) a later onset is a gap; an earlier one loses no sample: such records follow each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasion.eeg.edf.header import Header
from nasion.eeg.remarks import Code, Remark
from nasion.errors import NasionError

TOLERANCE_S = 0.01  # less is rounding
TOLERANCE_SAMPLES = 2.0
MOST_OVERLAP_S = 1.0  # of records, as clocks are set back; more is damage
MOST_OVERLAP_RECORDS = 0.5
MOST_DRIFT = 1e-3  # of the time that went by: clocks of amplifiers are better
FARTHEST_S = 1e10  # three centuries: no recorder means that


@dataclass(frozen=True)
class Runs:
    """Stretches of records without a gap: the first record of each, and when it begins."""

    first: NDArray[np.int64]
    onset_s: NDArray[np.float64]  # from the start that the header states
    counts: NDArray[np.int64]
    warnings: tuple[Remark, ...] = ()

    @classmethod
    def of(
        cls, header: Header, stated_s: Sequence[float], holes: Sequence[tuple[int, int]] = ()
    ) -> "Runs":
        """Place the records of a file.

        Parameters
        ----------
        stated_s
            What each record states, NaN where that is nothing or no number; empty in plain files.
        holes
            Runs of records that were never written; they become gaps.

        Raises
        ------
        NasionError
            Where records of a discontiguous file overlap, or most of them state no onset.
        """
        onsets = np.array(stated_s, np.float64)
        onsets[~(np.abs(onsets) <= FARTHEST_S)] = np.nan
        n_written = header.n_records - sum(stop - first for first, stop in holes)
        n_unstated = n_written - int(np.isfinite(onsets).sum()) if len(onsets) else 0
        remarks = _unstated(header, n_unstated)
        if not header.plus.endswith("D"):
            runs = _contiguous(header, onsets, remarks)
        elif not len(onsets) or 2 * n_unstated >= n_written:
            raise NasionError(
                f"{header.path}: is discontiguous ({header.plus}) but {n_unstated or n_written} of"
                f" its {n_written} records state no onset; export it as contiguous EDF+C"
            )
        else:
            runs = _discontiguous(header, onsets, remarks)
        return runs._without(holes, float(header.record_s)) if holes else runs

    def _without(self, holes: Sequence[tuple[int, int]], record_s: float) -> "Runs":
        """Leave out runs of records."""
        first, onset_s, counts = [], [], []
        for begin, onset, count in zip(self.first, self.onset_s, self.counts, strict=True):
            edges = [int(begin)]
            for hole in holes:
                edges += [min(max(edge, int(begin)), int(begin + count)) for edge in hole]
            edges.append(int(begin + count))
            for start, stop in zip(edges[::2], edges[1::2], strict=True):
                if start < stop:
                    first.append(start)
                    onset_s.append(float(onset) + (start - int(begin)) * record_s)
                    counts.append(stop - start)
        lost_s = (int(self.counts.sum()) - sum(counts)) * record_s
        remark = Remark(Code.NEVER_WRITTEN, {"lost_s": lost_s})
        return Runs(
            np.array(first, np.int64),
            np.array(onset_s),
            np.array(counts, np.int64),
            (*self.warnings, *([remark] if lost_s else [])),
        )


def _unstated(header: Header, n: int) -> list[Remark]:
    values = {"n": n, "n_records": header.n_records}
    return [Remark(Code.ONSETS_UNSTATED, values)] if n else []


def _contiguous(header: Header, onsets: NDArray[np.float64], remarks: list[Remark]) -> Runs:
    """One run, which begins where all records agree, or with a fraction of a second."""
    first, whole = np.zeros(1, np.int64), np.array([header.n_records])
    if not len(onsets):
        return Runs(first, np.zeros(1), whole)
    error_s = onsets - np.arange(len(onsets)) * float(header.record_s)
    origin, tolerance_s = float(error_s[0]), _tolerance_s(header)
    if np.isnan(origin) or ((np.abs(error_s - origin) > tolerance_s).any() and not 0 <= origin < 1):
        origin = 0.0
    odd = np.abs(error_s - origin) > tolerance_s
    if odd.any():
        values = {
            "n": int(odd.sum()),
            "n_records": header.n_records,
            "most_s": round(float(np.abs(error_s - origin)[odd].max()), 6),
        }
        remarks.append(Remark(Code.ONSETS_DISBELIEVED, values))
    return Runs(first, np.array([origin]), whole, tuple(remarks))


def _discontiguous(header: Header, onsets: NDArray[np.float64], remarks: list[Remark]) -> Runs:
    record_s, tolerance_s = float(header.record_s), _tolerance_s(header)
    stated = np.flatnonzero(np.isfinite(onsets)).tolist()
    first, starts = [0], [float(onsets[stated[0]]) - stated[0] * record_s]
    latest = overlap_s = 0.0
    for number in stated:
        onset = float(onsets[number])
        early_s = starts[-1] + (number - first[-1]) * record_s - onset
        step_s = early_s - latest  # by how much it overlaps with the record before
        allowed_s = MOST_OVERLAP_S + MOST_DRIFT * (number * record_s)
        if (
            step_s > min(MOST_OVERLAP_RECORDS * record_s, MOST_OVERLAP_S) + tolerance_s
            or early_s > allowed_s
        ):
            raise NasionError(
                f"{header.path}: record {number + 1} states an onset {early_s:g} s before record"
                f" {number} ends; export it anew, or as contiguous EDF+C"
            )
        if early_s < -tolerance_s:
            first.append(number)
            starts.append(onset)
            early_s = 0.0
        latest = early_s
        overlap_s = max(overlap_s, early_s)
    if overlap_s > tolerance_s:
        remarks.append(Remark(Code.ONSETS_EARLY, {"overlap_s": round(overlap_s, 6)}))
    counts = np.diff(np.append(first, header.n_records))
    return Runs(np.array(first), np.array(starts), counts, tuple(remarks))


def _tolerance_s(header: Header) -> float:
    """How far an onset may be off without a meaning."""
    signals = set(range(len(header.samples))) - set(header.annotation_signals)
    fastest = max((header.samples[number] for number in signals), default=0)
    sample_s = float(header.record_s) / fastest if fastest else 0.0
    return max(TOLERANCE_S, TOLERANCE_SAMPLES * sample_s) + 1e-9
