"""Keep freed memory for the next batch instead of giving it back to the system each time.

Each batch frees and takes the same hundreds of megabytes; with glibc's defaults the kernel zeroes
every page of them again, which costs more time than the arithmetic of a small network.
"""

import ctypes
import sys

# From glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
_MOST = 2**31 - 1


def keep_freed_memory() -> bool:
    """Tune glibc's allocator for this process; False where there is none to tune."""
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # musl
        return False
    return all(
        mallopt(option, value) == 1
        for option, value in (
            (_M_MMAP_MAX, 0),
            (_M_TRIM_THRESHOLD, _MOST),
            (_M_TOP_PAD, 256 * 2**20),
        )
    )
