"""Several cross-validations abreast: one process and one thread each.

Nets this small gain little from a second thread, so that two fits at once take two thirds of the
time of one after the other.
"""

import os
import signal
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import active_children, get_context
from multiprocessing.queues import SimpleQueue
from pathlib import Path

from nasion.config import Experiment
from nasion.errors import NasionError
from nasion.progress import Progress
from nasion.training.crossval import crossval
from nasion.training.memory import keep_freed_memory
from nasion.training.run import Run

POLL_S = 0.5
Planned = Sequence[tuple[Experiment, Run]]

_finished: "SimpleQueue[int] | None" = None  # of a process here: where it tells of its fits


def crossvals(planned: Planned, progress: Progress | None = None) -> list[Path]:
    """Cross-validate each experiment into its run, as many at once as there are cores.

    A run that is finished is left as it is, and one that was stopped goes on.

    Parameters
    ----------
    planned
        No two share a run; arrays they share have to be there (`nasion.data.store.open_store`),
        since two processes would both make them.
    progress
        Called with the number of fits done and in all.

    Returns
    -------
    Paths of `oof.csv`, in the order of `planned`.

    Raises
    ------
    NasionError
        As `crossval`; also where a process was killed.
    """
    n_fits = sum(experiment.data.n_folds for experiment, _ in planned)
    context = get_context("spawn")
    queue = context.SimpleQueue()
    others = {process.pid for process in active_children()}
    workers = min(os.cpu_count() or 1, len(planned))
    with ProcessPoolExecutor(
        workers, mp_context=context, initializer=_begin, initargs=(queue,)
    ) as pool:
        futures = [pool.submit(_crossval, *one) for one in planned]
        try:
            _follow(futures, queue, n_fits, progress)
            return [future.result() for future in futures]
        except BrokenProcessPool:
            raise NasionError(
                f"{planned[0][1].folder.parent}: a process of these fits was killed, perhaps for "
                "want of memory; what is finished is kept: start it again"
            ) from None
        except BaseException:
            for process in active_children():
                if process.pid not in others:
                    process.kill()  # Lightning takes a milder signal for a wish, and lives on
            raise


def _follow(
    futures: Sequence[Future[Path]],
    queue: "SimpleQueue[int]",
    n_fits: int,
    progress: Progress | None,
) -> None:
    """Pass on how many fits are done until all are; what one has met is raised at once."""
    done, rest = 0, {*futures}
    while rest:
        ended, rest = wait(futures, POLL_S)
        for future in ended:
            future.result()
        while not queue.empty():
            done += queue.get()
            if progress:
                progress(done, n_fits)


def _begin(queue: "SimpleQueue[int]") -> None:
    import torch

    global _finished
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that began this one ends it
    _finished = queue
    torch.set_num_threads(1)
    keep_freed_memory()


def _crossval(experiment: Experiment, run: Run) -> Path:
    """In a process of its own."""
    return crossval(experiment, run, fits=_tell)


def _tell(done: int, total: int) -> None:
    if _finished is not None:
        _finished.put(1)
