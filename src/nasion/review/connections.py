"""Connections: how many there may be, and how long each may take to ask and to be answered.

Without limits a program of this machine could hold the server by half-open requests.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


@dataclass(frozen=True)
class Limits:
    """What one server bears.

    Parameters
    ----------
    most
        Connections at a time; a browser opens six for all its windows.
    ask_s
        For a request to come, headers and body.
    take_s
        In which who asked has to take some of the answer.
    idle_s
        For the next request of a connection.
    """

    most: int = 100
    ask_s: float = 10.0
    take_s: float = 20.0
    idle_s: int = 5


LIMITS = Limits()


def limited(limits: Limits) -> type[H11Protocol]:
    """What uvicorn makes of each connection, with these limits."""
    return type("Limited", (Connection,), {"limits": limits})


class Alarm:
    """What happens after a while, unless it is stopped before."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_set(self) -> bool:
        """Whether it will happen."""
        return self._timer is not None

    def set(self, after_s: float, then: Callable[[], None]) -> None:
        """Let it happen, in place of what was set before."""
        self.stop()
        self._timer = self._loop.call_later(after_s, then)

    def stop(self) -> None:
        """Let nothing happen."""
        if self._timer:
            self._timer.cancel()
        self._timer = None


class Connection(H11Protocol):
    """One connection. Of too many, the one that has asked nothing for longest makes room."""

    limits = LIMITS

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self._asking, self._taking = Alarm(self.loop), Alarm(self.loop)
        self._since_s = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Take it, or turn it away where all others are being answered."""
        super().connection_made(transport)
        self._since_s = self.loop.time()
        if len(self.connections) > self.limits.most:
            others = [other for other in self.connections if isinstance(other, Connection)]
            idle = [other for other in others if other._awaits_request]
            min(idle, key=lambda other: other._since_s, default=self).close()
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what comes."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """The next request has its own time."""
        super().on_response_complete()
        self._since_s = self.loop.time()
        self._asking.stop()
        self._watch()

    def pause_writing(self) -> None:
        """More was answered than was taken so far."""
        super().pause_writing()
        self._await_taking(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """Most of it was taken."""
        super().resume_writing()
        self._taking.stop()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited of it any more."""
        self._asking.stop()
        self._taking.stop()
        super().connection_lost(exc)

    def close(self) -> None:
        """End it at once."""
        self.connections.discard(self)
        self.transport.abort()

    @property
    def _awaits_request(self) -> bool:
        return self.conn.their_state in (h11.IDLE, h11.SEND_BODY)

    def _watch(self) -> None:
        if not self._awaits_request or self.transport.is_closing():
            self._asking.stop()
        elif not self._asking.is_set:
            self._asking.set(self.limits.ask_s, self.close)

    def _await_taking(self, n_left: int) -> None:
        """End it where nothing is taken for a while."""

        def look() -> None:
            n_now = self.transport.get_write_buffer_size()
            if n_now < n_left:
                self._await_taking(n_now)
            else:
                self.close()

        self._taking.set(self.limits.take_s, look)
