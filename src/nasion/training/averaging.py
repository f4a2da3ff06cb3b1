"""An average: fits of several runs, averaged weight by weight into one network.

Fits that began with the same weights often lie so near one another that the mean of their weights
predicts as well as the mean of their predictions, at the cost of one of them [1]_. The mean of a
fit and of what it began with keeps what the fit would forget [2]_. Fits that began apart have no
such mean.

References
----------
.. [1] Wortsman et al., Model soups: averaging weights of multiple fine-tuned models improves
   accuracy without increasing inference time, ICML 2022.
.. [2] Wortsman et al., Robust fine-tuning of zero-shot models, CVPR 2022.
"""

import math
import shutil
from collections.abc import Sequence
from copy import deepcopy
from functools import reduce
from operator import or_
from pathlib import Path

import torch

from nasion import calibration
from nasion.calibration import Calibration
from nasion.errors import NasionError
from nasion.files import make_folder, refuse_existing, write_json
from nasion.models import checkpoint
from nasion.models.checkpoint import FILE_NAME, Checkpoint
from nasion.models.ensemble import Ensemble
from nasion.models.fusion import MultimodalNet
from nasion.provenance import Provenance
from nasion.seen import NOTHING
from nasion.terms import PATTERNS
from nasion.training.run import FOLDS, Run

KEPT = ("config.json", "history.csv")  # of the last run
WHOLE = "all"  # the fit where folds are not kept apart


def average(
    runs: Sequence[Run], folder: Path, *, shares: Sequence[float] = (), by_fold: bool = False
) -> Run:
    """Write a run whose weights and calibration are the means of those of others.

    The mean calibration is a start; `nasion calibrate` fits one on votes.

    Parameters
    ----------
    shares
        Of each run, in any unit; without it all count alike. Fits of one run share alike.
    by_fold
        Average each fold by itself, so that it still has not learned from whom it held out. A run
        of one fit goes into every fold; the others need the same folds.

    Raises
    ------
    NasionError
        Where the folder exists, shares are not positive or of another number, fits are of another
        model or signal, or runs have other folds.
    """
    refuse_existing(folder)
    shares = shares or [1.0] * len(runs)
    if len(shares) != len(runs) or not all(0 < share < float("inf") for share in shares):
        raise NasionError(f"{len(runs)} runs need as many shares, each above 0")
    ensembles = [run.ensemble() for run in runs]
    Ensemble(tuple(fit for ensemble in ensembles for fit in ensemble.fits))  # of one model
    last, result = runs[-1], Run(folder)
    folded = _folded(runs) if by_fold else None
    make_folder(folder)
    for fold in [fit.fold for fit in folded.ensemble().fits] if folded else [WHOLE]:
        members = [
            ensemble.holding_out(fold) if folded and len(ensemble.fits) > 1 else ensemble
            for ensemble in ensembles
        ]
        weighted = [
            (fit, share / sum(shares) / len(ensemble.fits))
            for ensemble, share in zip(members, shares, strict=True)
            for fit in ensemble.fits
        ]
        path = result.fold_folder(fold) / FILE_NAME
        checkpoint.save(path, _mean(weighted), last.experiment)
        _calibration(weighted).save(path.with_name(calibration.FILE_NAME))
    for name in KEPT:
        shutil.copyfile(last.folder / name, folder / name)
    if folded:
        shutil.copyfile(folded.folder / FOLDS, folder / FOLDS)
    for run in runs:
        result.learn(_learned(run, by_fold=by_fold))
    averaged = [
        {"experiment": about["experiment"], "labels": about["labels"], "share": share / sum(shares)}
        for about, share in zip((run.about() for run in runs), shares, strict=True)
    ]
    seen = reduce(or_, (run.seen for run in runs), NOTHING)
    write_json(folder / "run.json", {**last.about(), "averaged": averaged, **seen.field})
    return result


def _folded(runs: Sequence[Run]) -> Run:
    """The first run of several fits; all others of several must have its folds."""
    folded = [run for run in runs if len(run.fold_folders) > 1]
    if not folded:
        raise NasionError(f"{runs[0].folder}: no run has folds; average them without --by-fold")
    for run in folded:
        if (run.folder / FOLDS).read_bytes() != (folded[0].folder / FOLDS).read_bytes():
            raise NasionError(f"{run.folder}: has other folds than {folded[0].folder}")
        if [path.name for path in run.fold_folders] != [p.name for p in folded[0].fold_folders]:
            raise NasionError(f"{run.folder}: has not finished the fits of {folded[0].folder}")
    return folded[0]


def _mean(weighted: Sequence[tuple[Checkpoint, float]]) -> MultimodalNet:
    """A network with the mean of weights and of normalisation statistics."""
    states = [(fit.net.state_dict(), share) for fit, share in weighted]
    net = deepcopy(weighted[-1][0].net)
    mean = {}
    for name, last in net.state_dict().items():
        if last.is_floating_point():
            total = torch.stack([share * state[name].double() for state, share in states]).sum(0)
            mean[name] = total.to(last.dtype)
        else:
            mean[name] = last.clone()  # a count of steps
    net.load_state_dict(mean)
    return net


def _calibration(weighted: Sequence[tuple[Checkpoint, float]]) -> Calibration:
    """The mean calibration: of temperatures the geometric one."""
    each = [(fit.calibration, share) for fit, share in weighted]
    temperature = math.exp(sum(share * math.log(one.temperature) for one, share in each))
    bias = (sum(share * one.bias[k] for one, share in each) for k in range(len(PATTERNS)))
    return Calibration(temperature, tuple(bias))


def _learned(run: Run, *, by_fold: bool) -> Provenance:
    """What the fits of a run learned from, as they go into the average."""
    if len(run.fold_folders) == 1:
        return run.start
    return run.provenance if by_fold else run.provenance.of_fit(None)
