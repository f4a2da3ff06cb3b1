"""A clock: how long the rest of a data set will take, by the bytes of what was read."""

import time
from dataclasses import dataclass, field

from nasion.report.summary import lasting


@dataclass
class Clock:
    """Counts recordings of a call.

    Parameters
    ----------
    bytes_left
        Of all that is to be read.
    """

    bytes_left: int
    _bytes_read: int = 0
    _read_s: float = 0.0
    _last_s: float = field(default_factory=time.monotonic)

    def add(self, n_bytes: int, *, was_read: bool) -> None:
        """Count a recording; one that was read before says nothing of how long others take."""
        now_s = time.monotonic()
        self.bytes_left -= n_bytes
        if was_read:
            self._bytes_read += n_bytes
            self._read_s += now_s - self._last_s
        self._last_s = now_s

    @property
    def left(self) -> str:
        """The end of a line; empty where nothing is left or nothing is known."""
        if not (self.bytes_left and self._bytes_read):
            return ""
        return f"; about {lasting(self._read_s / self._bytes_read * self.bytes_left)} left"
