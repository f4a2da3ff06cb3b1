"""System: what is judged under a name, by one training or several."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

import pandas as pd

from nasion.errors import NasionError
from nasion.evaluation.training import Training, open_training
from nasion.out_of_fold import FILE_NAME as OOF
from nasion.seen import Seen

OF_EACH = ("name", "seed", "data.path", "data.store")  # settings in which trainings may differ


@dataclass(frozen=True)
class System:
    """What is judged: trainings of the same settings."""

    name: str
    trainings: tuple[Training, ...]

    @property
    def history(self) -> pd.DataFrame:
        """Rows of every training; empty where one is unknown."""
        tables = [training.history for training in self.trainings]
        if any(table.empty for table in tables):
            return pd.DataFrame()
        return pd.concat(tables, ignore_index=True)

    @property
    def settings(self) -> dict[str, Any]:
        """Values by ``section.key``; a list where trainings differ."""
        keys = dict.fromkeys(key for each in self.trainings for key in each.settings)
        values = {key: _distinct([t.settings.get(key) for t in self.trainings]) for key in keys}
        return {key: each[0] if len(each) == 1 else each for key, each in values.items()}

    @property
    def run(self) -> dict[str, str]:
        """Version and fingerprints, of each training where they differ."""
        keys = dict.fromkeys(key for each in self.trainings for key in each.run)
        return {
            key: ", ".join(_distinct([t.run[key] for t in self.trainings if key in t.run]))
            for key in keys
        }

    @property
    def seen(self) -> Seen:
        """The most that any training had learned from."""
        return reduce(or_, (training.seen for training in self.trainings))

    @property
    def warning(self) -> str:
        """Says where trainings are not of the same settings; empty where they are."""
        first = self.trainings[0].settings
        others = [key for key in {**self.settings} if key not in OF_EACH]
        apart = [
            key for key in others if any(t.settings.get(key) != first.get(key)
                                         for t in self.trainings)
        ]  # fmt: skip
        if not apart:
            return ""
        return f"Its trainings differ in {', '.join(apart)}: they are not of one system."


def open_system(paths: Sequence[Path], name: str = "") -> System:
    """Take the trainings of a system, each as `open_training` does.

    Raises
    ------
    NasionError
        As `open_training`; also for a training that is given twice, or none.
    """
    if not paths:
        raise NasionError(f"{name}: no predictions; name at least one RUN or csv")
    trainings = tuple(open_training(path) for path in paths)
    files = [training.predictions.resolve() for training in trainings]
    for i, file in enumerate(files):
        if file in files[:i]:
            raise NasionError(f"{paths[i]}: is given twice as a training of one system")
    return System(name or default_name(paths[0]), trainings)


def default_name(path: Path) -> str:
    """Name a RUN by its folder and a file by its stem."""
    if path.is_dir():
        return path.resolve().name
    return path.resolve().parent.name if path.name == OOF else path.stem


def named(arguments: Sequence[Path]) -> dict[str, tuple[Path, ...]]:
    """Give each system a name: ``NAME=PATH,PATH`` tells it, a path has the shortest that differs.

    Raises
    ------
    NasionError
        For two systems of one name.
    """
    groups = [_group(str(path)) if not path.exists() else ("", (path,)) for path in arguments]
    names = [name or default_name(paths[0]) for name, paths in groups]
    if len(set(names)) < len(names):
        names = [name or str(paths[0]) for name, paths in groups]
    for i, name in enumerate(names):
        if name in names[:i]:
            raise NasionError(f"{arguments[i]}: another system is {name}; give another name")
    return {name: paths for name, (_, paths) in zip(names, groups, strict=True)}


def _group(argument: str) -> tuple[str, tuple[Path, ...]]:
    name, given, paths = argument.partition("=")
    if not given:
        return "", (Path(argument),)
    trainings = tuple(Path(path) for path in paths.split(",") if path)
    if not name or not trainings:
        raise NasionError(f"{argument}: not found; a system of trainings is NAME=RUN,RUN")
    return name, trainings


def _distinct(values: Sequence[Any]) -> list[Any]:
    return [value for i, value in enumerate(values) if value not in values[:i]]
