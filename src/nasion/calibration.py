"""Calibration: one temperature and a bias a pattern that make probabilities honest.

The applied probabilities are softmax(log(p) / temperature + bias): temperature scaling (Guo 2017),
with a bias for each class where the shares of the patterns are off as well (vector scaling with
one scale). Both are fitted by the divergence of the votes, which is convex in 1 / temperature and
bias.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from nasion.errors import NasionError
from nasion.files import write_json
from nasion.loading import of_schema, read_json
from nasion.terms import PATTERNS

Array = np.ndarray[Any, Any]
Kind = Literal["temperature", "vector"]

FILE_NAME = "calibration.json"
SCHEMA = 1
CLIP = 1e-15  # as the metrics clip
INVERSE_BOUNDS = (0.02, 50.0)  # of 1 / temperature, for rows that tell nothing or everything
RIDGE = 1e-4  # on the bias: a pattern without votes would go to minus infinity


@dataclass(frozen=True)
class Calibration:
    """A temperature and a bias for each pattern; the identity by default.

    Attributes
    ----------
    temperature
        Above 0; above 1 makes probabilities more even.
    bias
        Six numbers of mean 0, in the order of `nasion.terms.PATTERNS`, in nats. Where all are 0,
        the order of the patterns within a row stays.
    """

    temperature: float = 1.0
    bias: tuple[float, ...] = (0.0,) * len(PATTERNS)

    @property
    def identity(self) -> bool:
        """Whether probabilities stay as they are."""
        return self == Calibration()

    def apply(self, probabilities: Array) -> Array:
        """Calibrate; shape (n, 6) -> (n, 6), rows sum to 1."""
        return _softmax(_logits(probabilities) / self.temperature + np.asarray(self.bias))

    def as_dict(self) -> dict[str, Any]:
        """Give what the file holds."""
        bias = dict(zip(map(str, PATTERNS), self.bias, strict=True))
        return {"schema": SCHEMA, "temperature": self.temperature, "bias": bias}

    @classmethod
    def from_dict(cls, content: Any, source: str = FILE_NAME) -> "Calibration":
        """Check what a file held; `source` names it in errors.

        Raises
        ------
        NasionError
            For another schema or a number that is missing or out of range.
        """
        if not isinstance(content, dict):
            raise NasionError(f"{source}: holds no calibration; write it anew")
        of_schema(content, SCHEMA, source, "calibrate anew")
        temperature, bias = content.get("temperature", 0), content.get("bias")
        if not _is_number(temperature) or not temperature > 0:
            raise NasionError(f"{source}: temperature is {temperature!r}, not a number above 0")
        if not isinstance(bias, dict) or set(bias) != set(map(str, PATTERNS)):
            raise NasionError(f"{source}: bias needs exactly {', '.join(PATTERNS)}")
        wrong = [name for name in PATTERNS if not _is_number(bias[name])]
        if wrong:
            raise NasionError(f"{source}: bias of {wrong[0]} is {bias[wrong[0]]!r}, not a number")
        return cls(float(temperature), tuple(float(bias[name]) for name in PATTERNS))

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        write_json(path, self.as_dict())

    @classmethod
    def load(cls, path: Path) -> "Calibration":
        """Read what `save` wrote; errors name the file."""
        return cls.from_dict(read_json(path), str(path))


@dataclass(frozen=True)
class Mixture:
    """How what several members say becomes one: each is calibrated, then their mean is.

    "Calibrate each, then average" leaves `mean` out; "average, then calibrate" has the identity
    for `each`. `nasion.models.graph` says the same in an exported model.

    Attributes
    ----------
    each
        Calibration of every member.
    mean
        Calibration of their mean.
    weights
        Of the members in the mean, with sum 1; equal by default.
    """

    each: tuple[Calibration, ...]
    mean: Calibration = Calibration()
    weights: tuple[float, ...] = ()

    @property
    def shares(self) -> tuple[float, ...]:
        """The weights, spelled out."""
        return self.weights or (1 / len(self.each),) * len(self.each)

    def members(self, probabilities: Array) -> Array:
        """Calibrate every member by its own; shape (n_members, n, 6) -> the same."""
        members = zip(self.each, np.asarray(probabilities, float), strict=True)
        return np.stack([p if member.identity else member.apply(p) for member, p in members])

    def apply(self, probabilities: Array) -> Array:
        """Calibrate and average; shape (n_members, n, 6) -> (n, 6), rows sum to 1."""
        mean: Array = np.average(self.members(probabilities), 0, self.weights or None)
        return mean if self.mean.identity else self.mean.apply(mean)


def fit(
    probabilities: Array,
    target: Array,
    weight: Array | None = None,
    *,
    kind: Kind = "temperature",
) -> Calibration:
    """Find the calibration with the least mean KL(target || applied).

    Parameters
    ----------
    probabilities, target : ndarray, shape (n, 6)
        What was predicted; the fractions of the votes.
    weight : ndarray, shape (n,), or None
        How much each row counts; equally by default.
    kind
        ``temperature`` alone, or ``vector``: with a bias for each pattern.

    Raises
    ------
    NasionError
        Where no row counts.
    """
    from scipy.optimize import minimize

    n = len(probabilities)
    share = np.full(n, 1.0) if weight is None else np.asarray(weight, float)
    if not share.sum() > 0:
        raise NasionError("calibration needs at least one row with a weight above 0")
    share = share / share.sum()
    logits = _logits(probabilities)

    def loss(x: Array) -> tuple[float, Array]:
        """Cross entropy, which is the divergence but for a constant, and its gradient."""
        log_q = _log_softmax(logits * x[0] + x[1:])
        slope = (np.exp(log_q) - target) * share[:, None]
        gradient = np.concatenate([[(slope * logits).sum()], slope.sum(0) + RIDGE * x[1:]])
        entropy = -((target * log_q).sum(1) @ share)
        return float(entropy + RIDGE / 2 * (x[1:] ** 2).sum()), gradient

    free = (None, None) if kind == "vector" else (0.0, 0.0)
    result = minimize(
        loss,
        np.array([1.0, *(0.0 for _ in PATTERNS)]),
        jac=True,
        method="L-BFGS-B",
        bounds=[INVERSE_BOUNDS, *(free for _ in PATTERNS)],
        options={"ftol": 1e-13, "gtol": 1e-8, "maxiter": 500},
    )
    bias = result.x[1:] - result.x[1:].mean()
    return Calibration(float(1 / result.x[0]), tuple(map(float, bias)))


def cross_fitted(
    probabilities: Array,
    target: Array,
    group: Array,
    *,
    kind: Kind = "temperature",
    n_folds: int = 5,
    seed: int = 0,
    fold: Array | None = None,
    weight: Array | None = None,
) -> Array:
    """Calibrate every row by a fit that never saw its group; shape (n, 6).

    Parameters
    ----------
    probabilities, target, weight, kind
        As in `fit`.
    group : ndarray, shape (n,)
        Rows with the same entry, a patient's, are held out together.
    n_folds, seed
        How many random folds of groups; at most as many as there are groups.
    fold : ndarray, shape (n,), or None
        Use these folds instead. Groups that stand in several are left out of the fits for each.

    Raises
    ------
    NasionError
        Where one group is all there is, so that nothing is left to fit on.
    """
    calibrated = np.empty(np.shape(probabilities))
    for held_out, fitting in splits(group, n_folds=n_folds, seed=seed, fold=fold):
        rows = None if weight is None else np.asarray(weight)[fitting]
        calibration = fit(probabilities[fitting], target[fitting], rows, kind=kind)
        calibrated[held_out] = calibration.apply(probabilities[held_out])
    return calibrated


def splits(
    group: Array, *, n_folds: int = 5, seed: int = 0, fold: Array | None = None
) -> Iterator[tuple[Array, Array]]:
    """Give masks of shape (n,) of the rows held out and those learned from, fold by fold."""
    codes = np.unique(group, return_inverse=True)[1]
    n_groups = int(codes.max(initial=-1)) + 1
    if fold is None or len(np.unique(fold)) < 2:
        places = np.random.default_rng(seed).permutation(n_groups) % min(n_folds, max(n_groups, 1))
        fold = places[codes]
    for number in np.unique(fold):
        held_out = fold == number
        fitting = ~np.isin(codes, codes[held_out])
        if not fitting.any():
            raise NasionError(
                "calibration cannot be cross-fitted: no other patient is left to fit on; give "
                "predictions of at least two patients"
            )
        yield held_out, fitting


def _logits(probabilities: Array) -> Array:
    return np.log(np.clip(np.asarray(probabilities, float), CLIP, None))


def _log_softmax(logits: Array) -> Array:
    shifted = logits - logits.max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))


def _softmax(logits: Array) -> Array:
    return np.exp(_log_softmax(logits))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value)
