"""An ensemble: the fits of a run as one model, with the calibration of each or of all together."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from nasion.calibration import Calibration, Mixture
from nasion.config import Experiment, Signal
from nasion.errors import NasionError
from nasion.models.checkpoint import Checkpoint
from nasion.models.fusion import Inputs, MultimodalNet, evaluating
from nasion.windowing import Windows

Probabilities = NDArray[np.float64]
SHARED = {"signal": "saw different signals", "model": "are of different models"}


@dataclass(frozen=True)
class Ensemble:
    """Fits that predict together.

    Parameters
    ----------
    fits
        One or more, all of the same signal and model.
    calibration
        Of all fits together, applied to their raw mean; without it each is calibrated by its own,
        then they are averaged.

    Raises
    ------
    NasionError
        Where fits do not belong together.
    """

    fits: tuple[Checkpoint, ...]
    calibration: Calibration | None = None

    def __post_init__(self) -> None:
        if not self.fits:
            raise NasionError("an ensemble needs a fit; train one first")
        for part, difference in SHARED.items():
            first, *others = (getattr(fit.experiment, part) for fit in self.fits)
            if any(other != first for other in others):
                raise NasionError(f"the fits {difference}; they cannot be averaged")

    @classmethod
    def of(cls, net: MultimodalNet, experiment: Experiment) -> "Ensemble":
        """One network as it is, without a calibration."""
        return cls((Checkpoint(net, experiment),))

    @property
    def experiment(self) -> Experiment:
        """Of the first fit; all share its signal and model."""
        return self.fits[0].experiment

    @property
    def signal(self) -> Signal:
        """How windows are to be prepared."""
        return self.experiment.signal

    @property
    def nets(self) -> tuple[MultimodalNet, ...]:
        """The networks alone."""
        return tuple(fit.net for fit in self.fits)

    @property
    def symmetric(self) -> bool:
        """Whether the mirrored EEG gives the same prediction by construction."""
        return all(net.symmetric for net in self.nets)

    @property
    def mixture(self) -> Mixture:
        """How what the fits say becomes one."""
        if self.calibration is not None:
            return Mixture((Calibration(),) * len(self.fits), self.calibration)
        return Mixture(tuple(fit.calibration for fit in self.fits))

    def holding_out(self, fold: int | str) -> "Ensemble":
        """The fit that did not learn from a fold, as an ensemble of one.

        Raises
        ------
        NasionError
            Where there is none.
        """
        fits = tuple(fit for fit in self.fits if fit.fold == str(fold))
        if not fits:
            raise NasionError(f"no finished fit of fold {fold}; run nasion crossval again")
        return self if fits == self.fits else Ensemble(fits)

    def each(self, windows: Windows, *, mirror: bool = True) -> Probabilities:
        """Raw probabilities by every fit, (n_fits, n, 6); rows sum to 1.

        Parameters
        ----------
        windows
            n of them, as `nasion.windowing.Windows.of` makes them by the settings of `signal`.
        mirror
            Average with the mirrored EEG, where any fit tells sides apart.
        """
        inputs = Inputs.of(windows)
        views = [inputs, inputs.mirrored] if mirror and not self.symmetric else [inputs]
        total = np.stack([sum(probabilities(net, view) for view in views) for net in self.nets])
        return np.asarray(total / total.sum(2, keepdims=True))

    def predict(self, windows: Windows, *, mirror: bool = True) -> Probabilities:
        """Calibrated probabilities, (n, 6); rows sum to 1. Parameters are those of `each`."""
        return self.mixture.apply(self.each(windows, mirror=mirror))


def probabilities(net: MultimodalNet, inputs: Inputs) -> Probabilities:
    """Softmax of the final logits of one network, (n, 6)."""
    with evaluating(net), torch.inference_mode():
        return torch.softmax(net(inputs).logits.double(), 1).numpy()
