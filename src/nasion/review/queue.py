"""The queue: long work a few at a time, the newest question first, given up when nobody waits."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Full(Exception):  # noqa: N818
    """Newer questions took the place of this one."""


class Left(Exception):  # noqa: N818
    """Who asked is gone."""


@dataclass(eq=False)
class _Job(Generic[T]):
    work: Callable[[], T]
    future: Future[T] = field(default_factory=Future)
    n_waiting: int = 0


@dataclass(frozen=True)
class _Kept(Generic[T]):
    answer: T


class Queue(Generic[T]):
    """Questions by key: who asks what is asked already waits for the same answer.

    Threads are few and always the same ones, so that memory they took is taken again.

    Parameters
    ----------
    at_once
        How much is in work at a time.
    most_waiting
        Beyond the ones in work; of more, the oldest is refused.
    n_kept
        Answers that are given again at once.
    """

    def __init__(self, at_once: int = 1, most_waiting: int = 32, n_kept: int = 64) -> None:
        self._most, self._n_kept = most_waiting, n_kept
        self._kept: dict[Hashable, T] = {}
        self._lock = threading.Lock()
        self._waiting: dict[Hashable, _Job[T]] = {}
        self._working: dict[Hashable, _Job[T]] = {}
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="nasion-queue")

    async def ask(
        self, key: Hashable, work: Callable[[], T], gone: Callable[[], Awaitable[None]]
    ) -> T:
        """Give what `work` gives, once it was its turn.

        Parameters
        ----------
        gone
            Ends when who asks has left.

        Raises
        ------
        Full, Left
            Where the work was not done.
        """
        job = self._join(key, work)
        if isinstance(job, _Kept):
            return job.answer
        leaving = asyncio.ensure_future(gone())
        answer = asyncio.wrap_future(job.future)
        answer.add_done_callback(_heard)
        try:
            either: set[asyncio.Future[Any]] = {answer, leaving}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                raise Left
            if answer.cancelled():
                raise Full
            return answer.result()
        finally:
            leaving.cancel()
            self._leave(key, job)

    def close(self) -> None:
        """Take up nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _join(self, key: Hashable, work: Callable[[], T]) -> "_Job[T] | _Kept[T]":
        with self._lock:
            if key in self._kept:
                self._kept[key] = self._kept.pop(key)  # the newest
                return _Kept(self._kept[key])
            job = self._working.get(key)
            if job is None:
                job = self._waiting.pop(key, None)
                if job is None:
                    job = _Job(work)
                    self._pool.submit(self._do_newest)
                self._waiting[key] = job  # the newest, though it was asked before
            job.n_waiting += 1
            while len(self._waiting) > self._most:
                oldest = next(iter(self._waiting))
                self._waiting.pop(oldest).future.cancel()
        return job

    def _leave(self, key: Hashable, job: _Job[T]) -> None:
        with self._lock:
            job.n_waiting -= 1
            if not job.n_waiting and self._waiting.get(key) is job:
                del self._waiting[key]
                job.future.cancel()

    def _do_newest(self) -> None:
        with self._lock:
            if not self._waiting:
                return  # it was given up
            key, job = self._waiting.popitem()
            job.future.set_running_or_notify_cancel()
            self._working[key] = job
        try:
            answer = job.work()
        except BaseException as error:
            self._end(key)
            job.future.set_exception(error)
        else:
            self._end(key, _Kept(answer))
            job.future.set_result(answer)

    def _end(self, key: Hashable, kept: "_Kept[T] | None" = None) -> None:
        """Of work that is done: who asks from now on gets what is kept, or has it done anew."""
        with self._lock:
            del self._working[key]
            if kept:
                self._kept[key] = kept.answer
                while len(self._kept) > self._n_kept:
                    del self._kept[next(iter(self._kept))]


def _heard(answer: "asyncio.Future[Any]") -> None:
    """An error that nobody waits for any more is none."""
    if not answer.cancelled():
        answer.exception()
