"""Dense reading: a recording of any length to probabilities every 2 s, each number made once.

Pieces of the recording are filtered and turned into both representations side by side; as soon as
what the windows of a piece look at is there, the network reads them. Memory holds a few pieces.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from os import cpu_count
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from nasion.eeg.recording import Recording
from nasion.network import Network
from nasion.progress import Progress
from nasion.reading.stream import Piece, Strip, lost_in, piece_of, spans
from nasion.reading.windows import CONTEXT_EVERY, reach, windows_of
from nasion.signal.fault import REASONS, Fault, Reason
from nasion.signal.quality import MARGIN_STEPS, judged
from nasion.terms import COLUMNS, PATTERNS
from nasion.windowing import n_steps_of

PIECE = 300  # steps, 10 min

Result = TypeVar("Result")


@dataclass(frozen=True)
class Steps:
    """What was found step by step, as `Reading` holds it."""

    probability: NDArray[np.float32]
    reason: NDArray[np.uint8]
    quality: NDArray[np.uint8]
    lost: NDArray[np.int64]  # samples of each row without a value, outside of gaps


def read_steps(
    recording: Recording,
    network: Network,
    *,
    piece: int = PIECE,
    context_every: int = CONTEXT_EVERY,
    threads: int = 0,
    watch: Callable[[Piece], None] | None = None,
    progress: Progress | None = None,
) -> Steps:
    """Probabilities of every step of a recording.

    Parameters
    ----------
    piece
        Steps that are worked on at once; the result does not depend on it.
    context_every
        Steps between two evaluations of the 10-min image; 1 gives each step its own.
    threads
        Pieces worked on side by side; 0 takes every core.
    watch
        Called with each piece in order, as for a display.
    progress
        Called with the steps judged and in all.
    """
    n_steps = n_steps_of(recording.duration_s)
    probability = np.full((n_steps, len(PATTERNS)), np.nan, np.float32)
    # What is in no piece lies in a gap.
    reason = np.full(n_steps, REASONS.index(Reason.GAP), np.uint8)
    quality = np.full((n_steps, len(COLUMNS)), Fault.MISSING, np.uint8)
    lost = np.zeros(len(COLUMNS), np.int64)

    def note(piece: Piece) -> None:
        lost[:] += lost_in(piece, recording)
        if watch:
            watch(piece)

    workers = threads or cpu_count() or 1
    with threadpool_limits(1), ThreadPoolExecutor(workers) as pool:
        tasks = (
            partial(piece_of, recording, network.signal, first, stop)
            for first, stop in spans(recording, network.signal, piece)
        )
        pieces = _pieces_with_quality(_in_order(pool, tasks, workers + 1), quality, note)
        batches = _batches(pieces, network, n_steps, context_every, quality, reason)
        for steps, values in _in_order(pool, batches, workers):
            probability[steps] = values
            if progress and len(steps):
                progress(int(steps[-1]) + 1, n_steps)
    if progress:
        progress(n_steps, n_steps)
    return Steps(probability, reason, quality, lost)


def _pieces_with_quality(
    pieces: Iterable[Piece],
    quality: NDArray[np.uint8],
    watch: Callable[[Piece], None],
) -> Iterator[Piece]:
    """Note the faults, show the piece, and go on without its raw signals."""
    for piece in pieces:
        quality[piece.first : piece.stop] = piece.faults
        watch(piece)
        yield replace(piece, signals=piece.signals[:, :0])


def _batches(
    pieces: Iterable[Piece],
    network: Network,
    n_steps: int,
    context_every: int,
    quality: NDArray[np.uint8],
    reason: NDArray[np.uint8],
) -> Iterator[Callable[[], tuple[NDArray[np.int64], NDArray[np.float32]]]]:
    """What the network is to be asked about each piece, once all it looks at is there."""
    before, after = reach(network.signal, context_every)
    window: deque[Piece] = deque()
    queue: deque[tuple[int, int]] = deque()

    def batch() -> Callable[[], tuple[NDArray[np.int64], NDArray[np.float32]]]:
        first, stop = queue.popleft()
        while window[0].stop <= first - before:
            window.popleft()
        low = max(first - MARGIN_STEPS, 0)
        reasons = judged(quality[low : stop + MARGIN_STEPS])
        reason[first:stop] = reasons[first - low :][: stop - first]
        steps = np.flatnonzero(reason[first:stop] == 0) + first
        return partial(
            _answer, network, tuple(window), steps, (before, after), context_every, n_steps - 1
        )

    for piece in pieces:
        while queue and queue[0][1] + after <= piece.first:  # a long gap lies between
            yield batch()
        window.append(piece)
        queue.append((piece.first, piece.stop))
        while queue and queue[0][1] + after <= piece.stop:
            yield batch()
    while queue:
        yield batch()


def _answer(
    network: Network,
    pieces: Sequence[Piece],
    steps: NDArray[np.int64],
    span: tuple[int, int],
    context_every: int,
    last: int,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Ask the network about some steps."""
    if not len(steps):
        return steps, np.empty((0, len(PATTERNS)), np.float32)
    before, after = span
    strip = Strip.around(pieces, int(steps[0]) - before, int(steps[-1]) + after)
    windows = windows_of(strip, network.signal, steps, context_every, last)
    if not network.dense:
        windows = windows.apart(network.block_length)
    return steps, network.run(**vars(windows)).probability


def _in_order(
    pool: ThreadPoolExecutor, tasks: Iterable[Callable[[], Result]], n_ahead: int
) -> Iterator[Result]:
    """Results in the order of their tasks, so many of which run ahead."""
    futures: deque[Future[Result]] = deque()
    for task in tasks:
        futures.append(pool.submit(task))
        if len(futures) > n_ahead:
            yield futures.popleft().result()
    while futures:
        yield futures.popleft().result()
