"""Long work waits its turn, and is not done where nobody waits."""

import asyncio
import threading

import pytest

from nasion.review.queue import Full, Left, Queue


async def forever():
    await asyncio.Event().wait()


async def at_once():
    """Who asks has left."""


class Bench:
    """A queue whose work notes its key and waits until it may end."""

    def __init__(self, **settings):
        self.queue, self.done = Queue(**settings), []
        self.has_begun, self.may_end = threading.Event(), threading.Event()

    async def begin(self, key):
        """Ask what is in work from now on."""
        first = self.ask(key)
        while not self.has_begun.is_set():
            await asyncio.sleep(0.002)
        return [first]

    def ask(self, key, gone=forever):
        def work():
            self.has_begun.set()
            self.may_end.wait(10)
            self.done.append(key)
            return key

        return asyncio.ensure_future(self.queue.ask(key, work, gone))


def run(test, **settings):
    async def whole():
        bench = Bench(**settings)
        try:
            await test(bench)
        finally:
            bench.may_end.set()
            bench.queue.close()

    asyncio.run(whole())


async def asked_all():
    for _ in range(9):
        await asyncio.sleep(0)


def test_who_asks_the_same_shares_one_answer():
    async def test(bench):
        asked = [bench.ask("a") for _ in range(5)]
        await asked_all()
        bench.may_end.set()
        assert await asyncio.gather(*asked) == ["a"] * 5
        assert await bench.ask("a") == "a"
        assert bench.done == ["a"]

    run(test)


def test_the_newest_question_is_answered_first():
    async def test(bench):
        asked = await bench.begin("a")
        asked += [bench.ask(key) for key in "bcd"]
        await asked_all()
        bench.may_end.set()
        await asyncio.gather(*asked)
        assert bench.done == ["a", "d", "c", "b"]

    run(test)


def test_what_nobody_waits_for_is_not_done():
    async def test(bench):
        (first,) = await bench.begin("a")
        with pytest.raises(Left):
            await bench.ask("b", at_once)
        shared = bench.ask("c")
        with pytest.raises(Left):
            await bench.ask("c", at_once)
        cancelled = bench.ask("d")
        await asked_all()
        cancelled.cancel()
        await asked_all()
        bench.may_end.set()
        assert await asyncio.gather(first, shared) == ["a", "c"]
        assert bench.done == ["a", "c"]

    run(test)


def test_of_too_many_the_oldest_is_refused():
    async def test(bench):
        (first,) = await bench.begin("a")
        asked = [bench.ask(key) for key in "bcde"]
        await asked_all()
        bench.may_end.set()
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(one) for one in answers] == [Full, Full, str, str]
        assert await first == "a"

    run(test, most_waiting=2)


def test_an_error_reaches_who_asked_and_is_not_kept():
    async def test(bench):
        def fails():
            raise ValueError("broken")

        for _ in range(2):
            with pytest.raises(ValueError, match="broken"):
                await bench.queue.ask("a", fails, forever)
        bench.may_end.set()
        assert await bench.ask("a") == "a"

    run(test)


def test_only_so_many_answers_are_kept():
    async def test(bench):
        bench.may_end.set()
        for key in "abcab":
            await bench.ask(key)
        assert bench.done == list("abcab")

    run(test, n_kept=2)
