"""A classifier with the interface of scikit-learn, on arrays of EEG."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from nasion.api.arrays import recordings_of
from nasion.api.model import Model
from nasion.errors import NasionError
from nasion.hms.writer import Label, write_eeg, write_labels
from nasion.temporary import temporary_folder
from nasion.terms import COLUMNS, ELECTRODES, PATTERNS, SEGMENT_S

CONFIG = Path(__file__).with_name("classifier.toml")
NAMES = np.array([str(pattern) for pattern in PATTERNS])


class NasionClassifier(ClassifierMixin, BaseEstimator):
    """Waveform and spectrogram nets, fused, fitted to arrays of EEG.

    Parameters
    ----------
    sfreq
        Sampling rate of the arrays, Hz.
    ch_names
        Name of each channel; by default the 19 electrodes in the order of `nasion.ELECTRODES`,
        and the EKG where there are 20 channels.
    config
        An experiment (TOML); by default small nets for a few dozen to a few thousand segments.
    settings
        What differs from it, such as {"training.epochs": 10}.
    init
        Name of an installed model ("phantom"), or a RUN, to start from.
    n_folds
        With 2 and more, as many networks, each calibrated on the groups that it never saw, are
        averaged; with 0 one network learns from all.
    seed
        Of weights, batches and folds.

    Attributes
    ----------
    classes_
        Patterns of `y`, in alphabetical order: columns of `predict_proba`.
    model_
        A `nasion.Model` of all six patterns.

    Examples
    --------
    >>> import nasion, numpy as np
    >>> from sklearn.base import clone
    >>> clone(nasion.NasionClassifier(sfreq=256, seed=3)).get_params()["sfreq"]
    256
    """

    def __init__(
        self,
        sfreq: float = 200.0,
        ch_names: Sequence[str] | None = None,
        *,
        config: Path | str | None = None,
        settings: Mapping[str, Any] | None = None,
        init: Path | str | None = None,
        n_folds: int = 0,
        seed: int = 0,
    ) -> None:
        self.sfreq = sfreq
        self.ch_names = ch_names
        self.config = config
        self.settings = settings
        self.init = init
        self.n_folds = n_folds
        self.seed = seed

    def fit(self, X: ArrayLike, y: ArrayLike, groups: ArrayLike | None = None) -> Self:
        """Learn from labelled arrays.

        Parameters
        ----------
        X
            EEG in microvolts, shape (n, n_chans, n_times), 10 to 50 s.
        y
            Pattern of each, shape (n,), by name; or votes, shape (n, 6), counts in the order of
            `nasion.PATTERNS`.
        groups
            Patient of each, shape (n,): none stands in two folds. By default each is another's.

        Raises
        ------
        NasionError
            Where shapes, names or votes do not fit, or a setting is wrong.
        """
        from nasion.study.experiment import at_hand
        from nasion.training.crossval import crossval, train

        arrays = np.asarray(X)
        names = self._names(arrays)
        votes = _votes(np.asarray(y), len(arrays))
        patients = _patients(groups, len(arrays))
        settings: dict[str, Any] = {"seed": self.seed, "data.n_folds": max(self.n_folds, 2)} | dict(
            self.settings or {}
        )
        changes = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
        with temporary_folder() as folder:
            place = folder
            _write(place / "data", recordings_of(arrays, self.sfreq, names), votes, patients)
            experiment, run = at_hand(
                Path(self.config) if self.config else CONFIG,
                changes,
                place / "data",
                init=self.init or None,
                out=place / "run",
            )
            if self.n_folds:
                crossval(experiment, run)
            else:
                train(experiment, run)
            self.model_ = Model(run.ensemble())
        self.classes_ = np.sort(NAMES[votes.sum(0) > 0])
        self.n_features_in_ = arrays.shape[1]
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Probability of each of `classes_` in the central 10 s, shape (n, n_classes).

        Raises
        ------
        NasionError
            Where shape or length do not fit.
        """
        check_is_fitted(self)
        arrays = np.asarray(X)
        values = self.model_.predict(arrays, self.sfreq, self._names(arrays))
        probability = values[:, [int(np.flatnonzero(name == NAMES)[0]) for name in self.classes_]]
        return probability / probability.sum(1, keepdims=True)

    def predict(self, X: ArrayLike) -> NDArray[np.str_]:
        """The most probable of `classes_`, shape (n,). Errors are those of `predict_proba`."""
        chances = self.predict_proba(X)
        return self.classes_[chances.argmax(1)]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        return tags

    def _names(self, arrays: NDArray[np.floating]) -> Sequence[str]:
        if arrays.ndim != 3:
            raise NasionError(f"array of shape {arrays.shape}: give (n, n_chans, n_times)")
        if self.ch_names is not None:
            return self.ch_names
        return COLUMNS if arrays.shape[1] == len(COLUMNS) else ELECTRODES


def _votes(y: NDArray[Any], n: int) -> NDArray[np.int64]:
    """Counts, shape (n, 6), of names or of votes."""
    if len(y) != n:
        raise NasionError(f"y has {len(y)} entries for {n} arrays; give one for each")
    if y.ndim == 1:
        unknown = sorted(set(y.astype(str)) - set(NAMES))
        if unknown:
            raise NasionError(f"y: '{unknown[0]}' is none of {', '.join(NAMES)}")
        return (y.astype(str)[:, None] == NAMES).astype(np.int64)
    counts = y.astype(float)
    if y.shape != (n, len(NAMES)) or (counts < 0).any() or (counts != np.round(counts)).any():
        raise NasionError("y: votes are whole numbers from 0 on, shape (n, 6)")
    if not counts.sum(1).all():
        raise NasionError("y: a row has no vote; leave it out")
    return counts.astype(np.int64)


def _patients(groups: ArrayLike | None, n: int) -> NDArray[np.int64]:
    """Numbers of patients, shape (n,)."""
    if groups is None:
        return np.arange(n)
    if len(np.asarray(groups)) != n:
        raise NasionError(f"groups has another length than the {n} arrays; give one for each")
    return np.unique(np.asarray(groups), return_inverse=True)[1]


def _write(
    folder: Path, recordings: Any, votes: NDArray[np.int64], patients: NDArray[np.int64]
) -> None:
    """Write the arrays as a data set in HMS layout."""
    labels = []
    for number, recording in enumerate(recordings):
        write_eeg(folder, "train", number, recording.signals())
        offset_s = max(recording.duration_s - SEGMENT_S, 0.0) / 2
        labels.append(Label(number, 0, offset_s, int(patients[number]), votes=votes[number]))
    write_labels(folder, "train", labels)
