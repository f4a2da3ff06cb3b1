"""Neuroscan files made for tests, after Paul Bourke's description of them."""

import struct
from pathlib import Path

import numpy as np

from nasion.terms import COLUMNS


def write_cnt(path: Path, signals: np.ndarray, *, sfreq: int = 200, step_uv: float = 0.1) -> Path:
    """Write µV as 16-bit samples, multiplexed, without events."""
    n_chans, n_times = signals.shape
    head = bytearray(900)
    head[:12] = b"Version 3.0\0"
    head[225:235], head[235:247] = b"02/01/20\0\0", b"10:00:00\0\0\0\0"
    struct.pack_into("<H", head, 370, n_chans)
    struct.pack_into("<H", head, 376, sfreq)
    struct.pack_into("<i", head, 864, n_times)
    places = b""
    for name in COLUMNS[:n_chans]:
        place = bytearray(75)
        place[:10] = name.encode().ljust(10, b"\0")
        struct.pack_into("<f", place, 59, 204.8)  # sensitivity
        struct.pack_into("<f", place, 71, step_uv)  # calibration
        places += bytes(place)
    data = np.round(signals / step_uv).T.astype("<i2").tobytes()
    struct.pack_into("<i", head, 886, len(head) + len(places) + len(data))
    path.write_bytes(bytes(head) + places + data + b"\1" + bytes(8))
    return path
