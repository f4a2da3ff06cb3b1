"""A study: numbered trials that processes share, each run to its end once.

Optuna keeps them, and this is added to it. Every trial is enqueued beforehand under its number, so
that nobody draws one twice. A trial whose process died, as its heartbeat tells, is enqueued again
under its number; where two processes do so at the same moment, the earlier entry counts and the
later one is dropped when its turn comes.
"""

import logging
import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning, OptunaError
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from nasion.errors import NasionError
from nasion.study.space import Axis, Space, Values, label, values_text

POLL_S = 2.0
MOST_TOLD = 300  # characters of an error
LEAST_PEERS = 4  # finished trials before one is pruned, or importance is computed
NUMBER, ERROR, DROPPED = "number", "error", "dropped"
FINISHED = ("complete", "pruned", "failed")

Report = Callable[[int, int, float], None]  # folds done and in all, the score so far
Objective = Callable[[int, Values, Report], float]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trial:
    """What is known of a trial.

    Attributes
    ----------
    state : str
        ``waiting``, ``running``, ``complete``, ``pruned`` or ``failed``.
    values : dict of str to Any
        Of each searched setting; empty where they are still to be drawn.
    value : float or None
        The score: of all folds where complete, of those before where pruned.
    seconds : float or None
        That the last attempt took.
    """

    number: int
    state: str
    values: Values
    value: float | None = None
    folds: int = 0
    seconds: float | None = None
    error: str = ""


@dataclass(frozen=True)
class Study:
    """The trials of a space, kept by Optuna."""

    space: Space
    optuna_study: optuna.Study

    @property
    def maximised(self) -> bool:
        """Whether larger scores are better."""
        return self.optuna_study.direction == optuna.study.StudyDirection.MAXIMIZE

    def trials(self) -> tuple[Trial, ...]:
        """Every trial, by number."""
        return self._trials(self._attempts())

    def best(self, trials: tuple[Trial, ...]) -> Trial | None:
        """The complete trial of the best score; of equals the first."""
        complete = [trial for trial in trials if trial.state == "complete"]
        sign = -1 if self.maximised else 1
        return min(complete, key=lambda trial: sign * (trial.value or 0), default=None)

    def importances(self) -> dict[str, float]:
        """Share of the scores' variance that each setting explains (fANOVA, Hutter 2014).

        Raises
        ------
        NasionError
            Where there is too little to tell.
        """
        n = sum(trial.state == "complete" for trial in self.trials())
        if n < LEAST_PEERS or len(self.space.axes) < 2:
            raise NasionError(
                f"it takes {LEAST_PEERS} complete trials of 2 settings,"
                f" here are {n} of {len(self.space.axes)}"
            )
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=self.space.search.seed)
        try:
            return optuna.importance.get_param_importances(self.optuna_study, evaluator=evaluator)
        except RuntimeError:
            raise NasionError("all trials scored alike") from None

    def enqueue(self) -> None:
        """Enqueue what is neither finished nor on its way, and what failed before."""
        attempts = self._attempts()
        self._enqueue(
            [n for n, entries in attempts.items() if not _live_attempts(entries)], attempts
        )

    def work(self, objective: Objective) -> Iterator[tuple[Trial, ...]]:
        """Run trials until all are finished, here or elsewhere.

        Parameters
        ----------
        objective
            Called with a trial's number, its values, and what to call with each fold's result.

        Yields
        ------
        All trials, after each change.
        """
        previous: tuple[Trial, ...] = ()
        missing_before: list[int] = []
        while True:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ExperimentalWarning)
                optuna.storages.fail_stale_trials(self.optuna_study)
            attempts = self._attempts()
            trials = self._trials(attempts)
            if trials != previous:
                yield trials
            if all(trial.state in FINISHED for trial in trials):
                return
            missing = [n for n, entries in attempts.items() if _is_lost(entries)]
            if any(
                entry.state == TrialState.WAITING
                for entries in attempts.values()
                for entry in entries
            ):
                self._run_one(objective)
            elif missing and missing == missing_before:
                self._enqueue(missing, attempts)
            else:
                running = [str(trial.number) for trial in trials if trial.state == "running"]
                if trials != previous and running:
                    _log.info("waiting for other processes, trial %s", ", ".join(running))
                time.sleep(POLL_S)
            previous, missing_before = trials, missing

    def _attempts(self) -> dict[int, list[FrozenTrial]]:
        """What Optuna holds under each number, in order; dropped entries are left out."""
        attempts: dict[int, list[FrozenTrial]] = {n: [] for n in range(len(self.space.draws))}
        for entry in self.optuna_study.get_trials(deepcopy=False):
            number = entry.user_attrs.get(NUMBER)
            if number in attempts and DROPPED not in entry.user_attrs:
                attempts[number].append(entry)
        return attempts

    def _trials(self, attempts: dict[int, list[FrozenTrial]]) -> tuple[Trial, ...]:
        return tuple(self._trial(number, entries) for number, entries in attempts.items())

    def _trial(self, number: int, attempts: list[FrozenTrial]) -> Trial:
        entry = next(iter([*_live_attempts(attempts), *attempts[-1:]]), None)
        values = self.space.draws[number] or self._values(attempts)
        if entry is None or _is_lost(attempts):
            return Trial(number, "waiting", values)
        state = "failed" if entry.state == TrialState.FAIL else entry.state.name.lower()
        duration = entry.duration
        return Trial(
            number,
            state,
            values,
            value=entry.value if state in ("complete", "pruned") else None,
            folds=len(entry.intermediate_values),
            seconds=duration.total_seconds() if duration and state in FINISHED else None,
            error=entry.user_attrs.get(ERROR, "") if state == "failed" else "",
        )

    def _values(self, attempts: list[FrozenTrial]) -> Values:
        """Give what was drawn in any attempt: a trial keeps its values when it is run again."""
        for entry in attempts:
            if all(axis.key in entry.params for axis in self.space.axes):
                return {axis.key: _value(axis, entry.params[axis.key]) for axis in self.space.axes}
        return {}

    def _enqueue(self, numbers: list[int], attempts: dict[int, list[FrozenTrial]]) -> None:
        for number in numbers:
            values = self.space.draws[number] or self._values(attempts[number])
            fixed = {
                axis.key: _storable(axis, values[axis.key]) for axis in self.space.axes if values
            }
            self.optuna_study.enqueue_trial(fixed, user_attrs={NUMBER: number})

    def _run_one(self, objective: Objective) -> None:
        """Claim an entry of the queue and run it."""
        claims: list[optuna.Trial] = []
        faults: list[Exception] = []

        def run(trial: optuna.Trial) -> float:
            number = trial.user_attrs.get(NUMBER, -1)
            if self._superfluous(number, trial.number):
                trial.set_user_attr(DROPPED, value=True)
                raise _DroppedError
            claims.append(trial)
            values = {axis.key: _suggestion(trial, axis) for axis in self.space.axes}
            try:
                return objective(number, values, partial(self._report, trial))
            except optuna.TrialPruned:
                raise
            except Exception as error:
                faults.append(error)
                if not isinstance(error, OptunaError):
                    trial.set_user_attr(ERROR, _line(error))
                raise

        is_lost = False
        try:
            self.optuna_study.optimize(run, n_trials=1, catch=(Exception,))
        except Exception:  # also where Optuna finds that the trial has ended already
            entries = self.optuna_study.get_trials(deepcopy=False)
            is_lost = bool(claims) and entries[claims[0].number].state == TrialState.FAIL
            if not is_lost:
                raise
        if is_lost:
            _log.warning("trial %d: another process took it over", claims[0].user_attrs[NUMBER])
        elif claims:
            self._conclude(claims[0].user_attrs[NUMBER], faults)

    def _superfluous(self, number: int, entry: int) -> bool:
        """Whether an entry of the queue is nobody's, or an earlier one of its number counts."""
        attempts = self._attempts().get(number)
        return attempts is None or any(other.number < entry for other in _live_attempts(attempts))

    def _conclude(self, number: int, faults: list[Exception]) -> None:
        """Log how a trial went; raise what would come again with every trial."""
        trials = self.trials()
        best = self.best(trials)
        done = sum(trial.state in FINISHED for trial in trials)
        none_good = not any(trial.state in ("complete", "pruned") for trial in trials)
        if faults and (none_good or isinstance(faults[0], OptunaError)):
            raise faults[0]
        current = trials[number]
        score = (
            f" {self.space.search.metric} {current.value:.4f}" if current.value is not None else ""
        )
        _log.info(
            "trial %d %s%s: %s (%d of %d done%s)",
            number, current.state, score, current.error or values_text(current.values),
            done, len(trials),
            f", chosen so far: trial {best.number}, {best.value:.4f}" if best else "",
        )  # fmt: skip

    def _report(self, trial: optuna.Trial, done: int, total: int, value: float) -> None:
        """Keep the score after so many folds; end the trial where it is hopeless."""
        trial.report(value, done - 1)
        if not self.space.search.prune or done == total:
            return
        complete = self.optuna_study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        peers = [entry.intermediate_values.get(done - 1) for entry in complete]
        scores = [score for score in peers if score is not None]
        if len(scores) < LEAST_PEERS:
            return
        # Not Optuna's median pruner: it holds the best fold so far against this one of the others.
        median = statistics.median(scores)
        if value < median if self.maximised else value > median:
            raise optuna.TrialPruned


class _DroppedError(Exception):
    """Not a trial's failure: an entry of the queue that does not count."""


class _Tpe(BaseSampler):
    """TPE with a generator for each trial: the same study draws the same, whoever runs it."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._of: tuple[int, TPESampler] | None = None

    def _sampler(self, trial: FrozenTrial) -> TPESampler:
        if self._of is None or self._of[0] != trial.number:
            seed = np.random.SeedSequence([self.seed, trial.number]).generate_state(1)[0]
            self._of = trial.number, TPESampler(seed=int(seed))
        return self._of[1]

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """As Optuna's."""
        return self._sampler(trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """As Optuna's."""
        return self._sampler(trial).sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """As Optuna's."""
        sampler = self._sampler(trial)
        return sampler.sample_independent(study, trial, param_name, param_distribution)


def sampler_of(space: Space) -> BaseSampler:
    """Give what draws the trials that are not drawn beforehand."""
    seed = space.search.seed
    return _Tpe(seed) if space.search.sampler == "tpe" else RandomSampler(seed)


def _live_attempts(attempts: list[FrozenTrial]) -> list[FrozenTrial]:
    return [entry for entry in attempts if entry.state != TrialState.FAIL]


def _is_lost(attempts: list[FrozenTrial]) -> bool:
    """Whether a trial is neither finished nor on its way, nor failed by itself."""
    return not _live_attempts(attempts) and not (attempts and ERROR in attempts[-1].user_attrs)


def _suggestion(trial: optuna.Trial, axis: Axis) -> Any:
    if axis.choices:
        return _value(axis, trial.suggest_categorical(axis.key, axis.labels))
    if axis.whole:
        return trial.suggest_int(axis.key, round(axis.low), round(axis.high), log=axis.log)
    return trial.suggest_float(axis.key, axis.low, axis.high, log=axis.log)


def _value(axis: Axis, value: Any) -> Any:
    """Give what Optuna holds as the experiment takes it: lists, too, are among the choices."""
    return axis.choices[axis.labels.index(value)] if axis.choices else value


def _storable(axis: Axis, value: Any) -> Any:
    return label(value) if axis.choices else value


def _line(error: Exception) -> str:
    text = str(error) if isinstance(error, NasionError) else f"{type(error).__name__}: {error}"
    return " ".join(text.split())[:MOST_TOLD]
