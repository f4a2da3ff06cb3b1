"""The search space: what the table [search] of a configuration spans, refused before it costs."""

import hashlib
import itertools
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from nasion.config import MOST_SEED, Experiment, differences, parse
from nasion.errors import NasionError
from nasion.settings import Settings, checked, fingerprint

Values = dict[str, Any]  # by dotted name, as TOML and JSON hold them: lists, not tuples

TRIALS = 20
MOST_CORNERS = 1000  # that are checked together; of larger spaces each key alone
MOST_TRIALS = 10_000  # each is a cross-validation
MOST_DRAWS = 1000  # to find one that was not there before
FIXED = ("name", "data")  # what trials have in common


class Search(Settings):
    """The table [search]."""

    sampler: Literal["grid", "random", "tpe"]
    trials: int | None = Field(default=None, ge=1, le=MOST_TRIALS)  # a grid has its cells
    metric: str = "kld"  # of all out-of-fold rows, as `nasion evaluate` names it
    seed: int = Field(default=0, ge=0, le=MOST_SEED)
    prune: bool = True  # stop what is worse than the median of finished trials after as many folds
    grid: dict[str, Any] = Field(default_factory=dict)
    ranges: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        needed, excluded = ("grid", "ranges") if self.sampler == "grid" else ("ranges", "grid")
        if getattr(self, excluded):
            raise ValueError(
                f"[search.{excluded}] is not for sampler '{self.sampler}'; take it out"
            )
        if not getattr(self, needed):
            raise ValueError(f"[search.{needed}] names nothing to search")
        if self.sampler == "grid" and self.trials is not None:
            raise ValueError("trials is not for a grid, which has its number of cells; take it out")
        return self


class Range(Settings):
    """Where a setting is drawn from: an interval, or a list of choices."""

    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: list[Any] = Field(default_factory=list)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        ends = [end for end in (self.low, self.high) if end is not None]
        if self.choices and (ends or self.log):
            raise ValueError("choices stand alone, without low, high and log")
        if not self.choices and len(ends) < 2:
            raise ValueError("give low and high, or choices")
        if ends and ends[0] >= ends[1]:
            raise ValueError("low must be below high")
        if self.log and ends[0] <= 0:
            raise ValueError("low must be above 0 where log is true")
        return self


@dataclass(frozen=True)
class Axis:
    """One searched setting: its choices or, without any, an interval."""

    key: str
    choices: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False

    @property
    def ends(self) -> tuple[Any, ...]:
        """Every choice, or both ends."""
        return self.choices or (self._number(self.low), self._number(self.high))

    @property
    def labels(self) -> tuple[str, ...]:
        """The choices as text, which tables, figures and the study hold."""
        return tuple(label(choice) for choice in self.choices)

    def draw(self, rng: np.random.Generator) -> Any:
        """One value, each choice or equal part of the interval alike."""
        if self.choices:
            return self.choices[rng.integers(len(self.choices))]
        margin = 0.5 if self.whole else 0.0  # the ends are as likely as what is between them
        low, high = self.low - margin, self.high + margin
        if self.log:
            value = math.exp(rng.uniform(math.log(low), math.log(high)))
        else:
            value = rng.uniform(low, high)
        return self._number(min(max(value, self.low), self.high))

    def _number(self, value: float) -> float | int:
        return round(value) if self.whole else value


@dataclass(frozen=True)
class Space:
    """What is searched around one experiment; `source` is named in errors."""

    search: Search
    axes: tuple[Axis, ...]
    base: Experiment
    source: str

    @property
    def fingerprint(self) -> str:
        """Eight digits of what determines the trials; more of them may be asked for later."""
        search = self.search.model_copy(update={"trials": None, "prune": True})
        text = f"{fingerprint(search)} {self.base.fingerprint}"
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    @cached_property
    def draws(self) -> tuple[Values, ...]:
        """The values of each trial, known beforehand; those of tpe are still empty."""
        if self.search.sampler == "grid":
            return tuple(self._product())
        n = self.search.trials or TRIALS
        return tuple(self._random_values(n)) if self.search.sampler == "random" else ({},) * n

    def experiment(self, values: Values) -> Experiment:
        """The experiment with these values."""
        content = self.base.model_dump(mode="json")
        for key, value in values.items():
            *sections, name = key.split(".")
            inner = content
            for section in sections:
                inner = inner[section]
            inner[name] = value
        return parse(content, f"{self.source}: [search], {values_text(values)}")

    def check(self) -> None:
        """Refuse a value that the experiment refuses, in any cell, draw or end of a range."""
        if self.search.sampler == "grid" and (n := self._n_cells) > MOST_TRIALS:
            raise NasionError(
                f"{self.source}: [search.grid] has {n:,} cells; {MOST_TRIALS:,} at most, or use"
                " sampler 'random'"
            )
        cells = self.draws if self.search.sampler != "tpe" else ()
        fingerprints = {self.experiment(values).fingerprint for values in cells}
        if len(fingerprints) < len(cells):
            raise NasionError(f"{self.source}: [search], two trials would be the same; drop one")
        for values in self._corners():
            self.experiment(values)

    @property
    def _n_cells(self) -> int:
        return math.prod(len(axis.ends) for axis in self.axes)

    def _product(self) -> Iterator[Values]:
        keys = [axis.key for axis in self.axes]
        for cell in itertools.product(*(axis.ends for axis in self.axes)):
            yield dict(zip(keys, cell, strict=True))

    def _corners(self) -> Iterator[Values]:
        if self._n_cells <= MOST_CORNERS:
            yield from self._product()
            return
        first = {axis.key: axis.ends[0] for axis in self.axes}
        for axis in self.axes:
            for end in axis.ends:
                yield {**first, axis.key: end}

    def _random_values(self, n: int) -> Iterator[Values]:
        """Draws without repetition; the first of more are the same."""
        rng = np.random.default_rng(self.search.seed)
        texts: set[str] = set()
        for number in range(n):
            for _ in range(MOST_DRAWS):
                values = {axis.key: axis.draw(rng) for axis in self.axes}
                if values_text(values) not in texts:
                    break
            else:
                raise NasionError(
                    f"{self.source}: search.trials is {n}, but there seem to be only {number}"
                    " different trials; ask for as many, or use a grid"
                )
            texts.add(values_text(values))
            yield values


def read_space(config: Path, changes: tuple[str, ...], base: Experiment) -> Space:
    """Read and check the table [search] of a configuration around an experiment.

    Raises
    ------
    NasionError
        Where there is no such table, a key is unknown, or an experiment refuses a value of it.
    """
    table = differences(config, changes).get("search")
    if not isinstance(table, dict):
        raise NasionError(f"{config}: has no table [search]; configs/search_grid.toml has one")
    search = checked(Search, table, str(config), "search.")
    part = "grid" if search.sampler == "grid" else "ranges"
    source = f"{config}: [search.{part}]"
    axes: dict[str, Axis] = {}
    for key, value in _flat(getattr(search, part), base):
        default = _default(source, key, base)
        if key in axes:
            raise NasionError(f"{source}: '{key}' stands there twice; keep one")
        if part == "grid":
            axes[key] = _choices_axis(source, key, value)
        else:
            axes[key] = _range_axis(source, key, value, default)
    space = Space(search, tuple(axes.values()), base, str(config))
    space.check()
    return space


def label(value: Any) -> str:
    """Give a value as text: strings as they are, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def values_text(values: Values) -> str:
    """Values in a line."""
    return ", ".join(f"{key} = {label(value)}" for key, value in values.items())


def _flat(table: dict[str, Any], base: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Give keys by dotted name, whether quoted in TOML or nested tables."""
    for name, value in table.items():
        section = base
        for part in name.split("."):
            section = getattr(section, part, None)
        if isinstance(section, Settings) and isinstance(value, dict):
            yield from _flat(value, section, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _default(source: str, key: str, base: Experiment) -> Any:
    """What the experiment holds under this key."""
    value: Any = base
    for part in key.split("."):
        fields = type(value).model_fields if isinstance(value, Settings) else {}
        if part not in fields:
            hint = f"; known here: {', '.join(fields)}" if fields else ""
            raise NasionError(f"{source}: unknown key '{key}'{hint}")
        value = getattr(value, part)
    if isinstance(value, Settings):
        raise NasionError(f"{source}: '{key}' is a section; name one of its settings")
    if key.partition(".")[0] in FIXED:
        raise NasionError(f"{source}: '{key}' is common to all trials; search other settings")
    return value


def _choices_axis(source: str, key: str, values: Any) -> Axis:
    if not isinstance(values, list):
        raise NasionError(f"{source}: '{key}' is {label(values)}; give a list")
    if not values:
        raise NasionError(f"{source}: '{key}' is an empty list; give its values")
    axis = Axis(key, tuple(values))
    for name in axis.labels:
        if axis.labels.count(name) > 1:
            raise NasionError(f"{source}: '{key}' holds {name} twice; once is enough")
    return axis


def _range_axis(source: str, key: str, value: Any, default: Any) -> Axis:
    if not isinstance(value, dict):
        raise NasionError(f"{source}: '{key}' is {label(value)}; give low and high, or choices")
    bounds = checked(Range, value, source, f"{key}.")
    if bounds.low is None or bounds.high is None:
        return _choices_axis(source, key, bounds.choices)
    if isinstance(default, bool) or not isinstance(default, int | float):
        raise NasionError(f"{source}: '{key}' is no number; give choices")
    is_whole = isinstance(default, int)
    if is_whole and (bounds.low % 1 or bounds.high % 1):
        raise NasionError(f"{source}: '{key}' is a whole number; so must be low and high")
    return Axis(key, low=bounds.low, high=bounds.high, log=bounds.log, whole=is_whole)
