"""A search over settings (paper 3.3): every trial is a cross-validation in a RUN folder.

The score that the best trial is chosen by is too good, as the best of many is. So some patients are
kept aside, whom no trial sees (`nasion.study.aside`): its score on them is the one to go by.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nasion.config import Experiment, differences, parse
from nasion.data.store import open_store
from nasion.errors import NasionError
from nasion.evaluation import trials as figures
from nasion.evaluation.figures import save
from nasion.evaluation.metrics import LOWER_IS_BETTER, SCALARS, score
from nasion.files import replacing, write_json, write_text
from nasion.hms.segments import Segments, load_segments
from nasion.loading import is_there, read_table
from nasion.out_of_fold import OutOfFold
from nasion.progress import Progress
from nasion.seen import Seen
from nasion.study import aside
from nasion.study.aside import judged_rows
from nasion.study.experiment import resolved, with_phantoms
from nasion.study.found import Found
from nasion.study.space import Space, Values, label, read_space
from nasion.study.storage import alone, opened
from nasion.study.study import FINISHED, Objective, Report, Study, Trial, sampler_of
from nasion.training.crossval import crossval
from nasion.training.origin import guard_held_out
from nasion.training.run import Run
from nasion.version import VERSION

SCHEMA = 2  # of 1 no patient was kept aside


def search(
    config: Path,
    changes: list[str],
    data: Path | None = None,
    folder: Path | None = None,
    *,
    init: Path | str | None = None,
    storage: str = "",
    allow_seen: bool = False,
    progress: Progress | None = None,
) -> Found:
    """Run the trials of a configuration's [search] until all are finished.

    Called again, or by several processes at the same time, it goes on with what is left. Patients
    that no trial sees are kept aside and judge the trial that was chosen, when all are finished.

    Parameters
    ----------
    folder
        Where everything goes; by default below `runs/`.
    init
        A RUN that every trial starts from, as in cross-validation.
    storage
        URL of the database of the study; by default SQLite in the folder.
    allow_seen
        Mark all that is found rather than raise where `init` learned from some of the rows.
    progress
        Called with the number of trials finished and in all.

    Raises
    ------
    NasionError
        For what is wrong with the configuration, and too few patients, before the first trial; for
        a study that cannot be reached; and where the first trial fails.
    """
    base = resolved(config, changes, data, init)
    space = read_space(config, tuple(changes), base)
    metric = space.search.metric
    if metric not in SCALARS:
        raise NasionError(f"{config}: search.metric is '{metric}'; known are {', '.join(SCALARS)}")
    name = f"{base.name}-{space.fingerprint}"
    folder = folder or Path("runs") / name
    if not storage and any(mark in str(folder) for mark in "?{}"):
        raise NasionError(
            f"{folder}: ? and braces mean something in a URL; give another with --out"
        )
    url = storage or f"sqlite:///{(folder / 'study.db').as_posix()}"
    with alone(folder):
        space, unseen, seen = _begin(space, folder, progress, allow_seen=allow_seen)
    patients = frozenset(map(int, unseen.table["patient_id"]))
    with opened(url, name, maximised=metric not in LOWER_IS_BETTER) as optuna_study:
        optuna_study.sampler = sampler_of(space)
        study = Study(space, optuna_study)
        with alone(folder):
            study.enqueue()
        done = -1
        notes: tuple[str, ...] = ()
        for trials in study.work(_objective(space, folder, patients, allow_seen=allow_seen)):
            before, done = done, sum(trial.state in FINISHED for trial in trials)
            table = _write_trials(folder, space, trials)
            if done > before:
                notes = _write_findings(folder, config, study, table, study.best(trials))
            if progress:
                progress(done, len(trials))
        best = study.best(trials)
    if best is None:
        raise NasionError(f"{folder}: no trial was completed; trials.csv says why")
    run = _run(folder, space.experiment(best.values))
    if not run.out_of_fold.exists():
        return Found(folder, metric, trials, best, notes, seen=seen)
    judged = aside.judge(run, unseen, metric, folder)
    over_folds = _over_folds(OutOfFold.read(run.out_of_fold), metric)
    chosen = {"trial": best.number, "metric": metric, "chosen_by": best.value}
    write_json(folder / "best.json", {**chosen, "aside": judged.field, **seen.field})
    return Found(folder, metric, trials, best, notes, judged, over_folds, seen)


def _begin(
    space: Space, folder: Path, progress: Progress | None, *, allow_seen: bool
) -> tuple[Space, Segments, Seen]:
    """Start the folder, or make sure that it is this search's, with the data at hand.

    Returns
    -------
    The space, segments of the patients kept aside, and how much of the data was learned from.
    """
    about = {"schema": SCHEMA, "nasion": VERSION, "search": space.fingerprint}
    record = folder / "search.json"
    if is_there(record):
        previous = read_table(record, "search in another folder")
        if any(previous.get(key) != about[key] for key in ("schema", "search")):
            raise NasionError(
                f"{folder}: was begun with another search or experiment; give another with --out"
            )
        about = previous
    base = with_phantoms(space.base, folder, progress or (lambda done, total: None))
    store = Path(base.data.store or _trials(folder) / "store")
    paths = [Path(path) for path in (base.data.path, base.data.phantoms.path) if path]
    if not paths:
        raise NasionError("data.path is empty; say where the data are, or give --data")
    # Once here, rather than by every process at the same time.
    segments, *others = (load_segments(path, "train") for path in paths)
    seen = guard_held_out(base, segments, store, allow_seen=allow_seen)
    learning, unseen = aside.parted(segments, aside.kept(folder, base, segments))
    for part in (learning, *others):
        open_store(part, base.signal, store)
    if not record.exists() or {**about, **seen.field} != about:
        write_json(record, {**about, **seen.field})
    return replace(space, base=base), unseen, seen


def _trials(folder: Path) -> Path:
    return folder / "trials"


def _run(folder: Path, experiment: Experiment) -> Run:
    """Name it after what is run: values that come again find their folds finished."""
    return Run(_trials(folder) / experiment.fingerprint)


def _objective(
    space: Space, folder: Path, patients_aside: frozenset[int], *, allow_seen: bool
) -> Objective:
    """Cross-validate in a RUN folder, so that a trial that was cut off goes on."""
    metric = space.search.metric

    def score_trial(number: int, values: Values, report: Report) -> float:
        experiment = space.experiment(values)
        run = _run(folder, experiment)
        scores: list[float | None] = []

        def add_fold(done: int, total: int, rows: OutOfFold) -> None:
            scores.append(_overall(rows, metric))
            if scores[-1] is not None:
                report(done, total, scores[-1])

        crossval(experiment, run, report=add_fold, aside=patients_aside, allow_seen=allow_seen)
        if scores[-1] is None:
            raise NasionError(f"{run.folder}: {metric} is undefined here; set search.metric to kld")
        return scores[-1]

    return score_trial


def _overall(rows: OutOfFold, metric: str) -> float | None:
    """Score out-of-fold rows, as `nasion evaluate` does."""
    value: float | None = getattr(score(judged_rows(rows)), metric).value
    return value


def _over_folds(rows: OutOfFold, metric: str) -> tuple[float, float] | None:
    """Mean and sample standard deviation of the folds' own scores, as the paper's 3.3 has it."""
    scores = [_overall(fold, metric) for fold in rows.by_fold()]
    known = [value for value in scores if value is not None]
    return (float(np.mean(known)), float(np.std(known, ddof=1))) if len(known) > 1 else None


def _write_trials(folder: Path, space: Space, trials: tuple[Trial, ...]) -> pd.DataFrame:
    rows = [
        {
            "number": trial.number,
            "state": trial.state,
            "value": trial.value,
            "folds": trial.folds,
            **{axis.key: _cell(trial.values.get(axis.key)) for axis in space.axes},
            "seconds": trial.seconds,
            "run": _run(Path(), space.experiment(trial.values)).folder if trial.values else "",
            "error": trial.error,
        }
        for trial in trials
    ]
    table = pd.DataFrame(rows)
    with replacing(folder / "trials.csv") as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    return table


def _cell(value: Any) -> str:
    return "" if value is None else label(value)


def _write_findings(
    folder: Path, config: Path, study: Study, table: pd.DataFrame, best: Trial | None
) -> tuple[str, ...]:
    """Write the best configuration and the figures; say which could not be drawn."""
    if best is None:
        return ()
    space, metric, maximised = study.space, study.space.search.metric, study.maximised
    experiment = space.experiment(best.values)
    write_text(folder / "best.toml", configuration(config, experiment))
    scales: dict[str, figures.Scale] = {
        axis.key: axis.labels or ("log" if axis.log else "linear") for axis in space.axes
    }
    save(figures.history(table, metric, maximised=maximised), folder, "history")
    save(figures.slices(table, metric, scales, maximised=maximised), folder, "slices")
    try:
        save(figures.importance(study.importances()), folder, "importance")
    except NasionError as error:
        return (f"importance is left out: {error}",)
    return ()


def configuration(config: Path, experiment: Experiment) -> str:
    """Give the TOML of an experiment: what a configuration says, and what differs from that."""
    content = differences(config)
    content.pop("search", None)
    settings = parse(content, str(config)).model_dump(mode="json")
    for key, value in _leaves(experiment.model_dump(mode="json")):
        *sections, name = key
        inner, values = content, settings
        for section in sections:
            values = values[section]
        if values[name] != value:
            for section in sections:
                inner = inner.setdefault(section, {})
            inner[name] = value
    return "\n".join(_toml(content)) + "\n"


def _leaves(content: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[Any, Any]]:
    for name, value in content.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*path, name))
        else:
            yield (*path, name), value


def _toml(content: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Lines of a table and those below it; JSON writes numbers, texts and lists as TOML does."""
    for name, value in content.items():
        if not isinstance(value, dict):
            yield f"{name} = {json.dumps(value, ensure_ascii=False)}"
    for name, value in content.items():
        if isinstance(value, dict):
            if not all(isinstance(child, dict) for child in value.values()):
                yield f"\n[{prefix}{name}]"
            yield from _toml(value, f"{prefix}{name}.")
