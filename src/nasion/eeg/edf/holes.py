"""Holes: records of a file that were never written, as a recorder leaves them that sets aside room.

They read as zeros and take no room on the disk. Where a file system tells no holes, there are none.
"""

import os
from collections.abc import Iterator

from nasion.eeg.edf.header import Header
from nasion.eeg.stretches import LONG_GAP_S

Spans = tuple[tuple[int, int], ...]


def unwritten(header: Header) -> Spans:
    """Give runs of a minute and more of whole records in holes: the first, and the one after."""
    least = max(LONG_GAP_S / float(header.record_s), 1)
    return tuple(
        (first, stop)
        for begin, end in _holes(header)
        if (stop := end // header.record_bytes) - (first := -(-begin // header.record_bytes))
        >= least
    )


def _holes(header: Header) -> Iterator[tuple[int, int]]:
    """Give begin and end of each hole, bytes behind the header."""
    if not hasattr(os, "SEEK_HOLE"):
        return
    end = header.n_header_bytes + header.n_records * header.record_bytes
    with header.path.open("rb") as file:
        at = header.n_header_bytes
        while at < end:
            try:
                begin = os.lseek(file.fileno(), at, os.SEEK_HOLE)
                if begin >= end:
                    return
                at = _data(file.fileno(), begin, end)
            except OSError:  # not on this file system
                return
            yield begin - header.n_header_bytes, at - header.n_header_bytes


def _data(descriptor: int, begin: int, end: int) -> int:
    """Where data begin behind a hole; the end where none do."""
    try:
        return min(os.lseek(descriptor, begin, os.SEEK_DATA), end)
    except OSError:
        return end
