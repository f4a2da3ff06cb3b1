"""The verbs of the command line as functions: simulate, train, cross-validate, explain."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasion import catalogue
from nasion.errors import NasionError
from nasion.progress import Progress
from nasion.terms import Pattern

if TYPE_CHECKING:
    from nasion.explanation.explanation import Explanation


def simulate(
    folder: Path | str,
    *,
    n_patients: int,
    seed: int = 0,
    progress: Progress | None = None,
    **shares: Any,
) -> Path:
    """Write a data set of simulated patients in HMS layout; give its folder.

    Parameters
    ----------
    folder
        Must not hold a data set.
    n_patients, seed
        The same seed gives the same patients, whatever their number.
    shares
        As `nasion.study.data_set` has them: segments_per_patient, short_share, context_share,
        stay_share, recorded_share (with backgrounds, backgrounds_folder), montage_share, n_jobs.

    Raises
    ------
    NasionError
        If the folder holds a data set already or a number is out of range.

    Examples
    --------
    >>> import nasion, tempfile
    >>> folder = nasion.simulate(tempfile.mkdtemp() + "/made-up", n_patients=1)
    >>> sorted(path.name for path in folder.iterdir())
    ['simulated.json', 'train.csv', 'train_eegs']
    """
    from nasion.study import data_set

    data_set.simulate(Path(folder), n_patients=n_patients, seed=seed, progress=progress, **shares)
    return Path(folder)


def train(
    config: Path | str,
    *,
    data: Path | str | None = None,
    out: Path | str | None = None,
    init: Path | str | None = None,
    fold: int | None = None,
    settings: Mapping[str, Any] | None = None,
    progress: bool = False,
) -> Path:
    """Fit one network; give the RUN folder. Called again, it goes on where it was cut off.

    Parameters
    ----------
    config
        An experiment (TOML).
    data
        Folder in HMS layout.
    out
        The RUN; by default a folder in `runs` named after the experiment.
    init
        Name of an installed model ("phantom"), or a RUN, to start from.
    fold
        Held out; without it, all rows are learned from.
    settings
        What differs from the configuration, such as {"training.lr": 3e-4}.
    progress
        Show bars.

    Raises
    ------
    NasionError
        Where a setting or the data are wrong, or the start learned from patients held out.
    """
    from nasion.training.crossval import ALL
    from nasion.training.crossval import train as train_one

    experiment, run = _at_hand(config, data, out, init, settings)
    train_one(experiment, run, ALL if fold is None else fold, progress=progress)
    return run.folder


def crossval(
    config: Path | str,
    *,
    data: Path | str | None = None,
    out: Path | str | None = None,
    init: Path | str | None = None,
    settings: Mapping[str, Any] | None = None,
    progress: bool = False,
) -> Path:
    """Fit every fold by patient and predict each row by the network that never saw its patient.

    Parameters, errors and result are those of `train`; the RUN also holds oof.csv, which
    `nasion.evaluate` judges.
    """
    from nasion.training.crossval import crossval as crossvalidate

    experiment, run = _at_hand(config, data, out, init, settings)
    crossvalidate(experiment, run, progress=progress)
    return run.folder


def explain(
    source: Path | str,
    *,
    run: Path | str | None = None,
    at_s: float | None = None,
    eeg_id: int | None = None,
    sub_id: int | None = None,
    pattern: Pattern | str | None = None,
    out: Path | str | None = None,
) -> "Explanation":
    """Explain a prediction: maps over waveform and spectrogram, and what each chain adds.

    Parameters
    ----------
    source
        A recording, or a folder in HMS layout.
    run
        Name of an installed model, or a RUN; the default model without it. Needs PyTorch.
    at_s
        Second of a recording at which the 10 s begin.
    eeg_id, sub_id
        Which segment, where a folder holds several.
    pattern
        By default the one predicted.
    out
        Folder for a picture (SVG, PNG) and the arrays (NPZ).

    Raises
    ------
    NasionError
        Where there is no such segment or time, or the RUN learned from it.
    """
    from nasion.eeg.formats import open_recording
    from nasion.explanation import picture, request
    from nasion.training.run import Run

    path, folder = Path(source), Run(catalogue.run_folder(run))
    target = Pattern(pattern) if pattern is not None else None
    if path.is_dir():
        if at_s is not None:
            raise NasionError(f"{path}: at_s is for a recording; give eeg_id and sub_id")
        oof = folder.out_of_fold
        request.guard_segment(folder.provenance, oof, path, eeg_id, sub_id)
        explanation = request.explain_segment(folder.ensemble(), oof, path, eeg_id, sub_id, target)
    else:
        recording = open_recording(path)
        explanation = request.explain_recording(folder.ensemble(), recording, at_s or 0.0, target)
    if out is not None:
        picture.write(explanation, Path(out), explanation.file_name)
    return explanation


def _at_hand(
    config: Path | str,
    data: Path | str | None,
    out: Path | str | None,
    init: Path | str | None,
    settings: Mapping[str, Any] | None,
) -> tuple[Any, Any]:
    """The experiment with its data at hand, and its run."""
    from nasion.study.experiment import at_hand

    changes = [f"{key} = {json.dumps(value)}" for key, value in (settings or {}).items()]
    return at_hand(
        Path(config),
        changes,
        Path(data) if data else None,
        init=init or None,
        out=Path(out) if out else None,
    )
