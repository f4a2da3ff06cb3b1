"""From a configuration file and the command line to an experiment whose data are at hand."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nasion import catalogue
from nasion.config import Experiment, load
from nasion.contract import FILE_NAME
from nasion.data.store import building
from nasion.errors import NasionError
from nasion.files import share, write_text
from nasion.loading import read_json
from nasion.settings import fingerprint
from nasion.simulation import RecordedBackgrounds
from nasion.study import data_set
from nasion.study.backgrounds import list_fingerprint
from nasion.terms import ADULTS
from nasion.training.memory import keep_freed_memory
from nasion.training.run import Run


def resolved(
    config: Path, changes: list[str], data: Path | None, init: Path | str | None = None
) -> Experiment:
    """Read an experiment; with `init`, signal and model are those of the run to start from.

    Parameters
    ----------
    init
        Name of an installed model, or a RUN, as `catalogue.named` takes it.
    """
    overrides = [f"data.path = {json.dumps(str(data))}"] if data else []
    if init is None:
        return load(config, (*changes, *overrides))
    run = Run(catalogue.run_folder(init))
    start = run.experiment
    overrides.append(f"training.init = {json.dumps(str(run.folder))}")
    experiment = load(config, (*changes, *overrides))
    return experiment.model_copy(update={"signal": start.signal, "model": start.model})


def with_phantoms(
    experiment: Experiment, parent: Path, progress: Callable[[int, int], None]
) -> Experiment:
    """The experiment with its simulated patients, made below `parent` if they are not there yet."""
    phantoms = experiment.data.phantoms
    if phantoms.path or not phantoms.patients:
        return experiment
    wherever = phantoms.model_copy(update={"backgrounds_folder": ""})
    folder = parent / f"phantoms-{fingerprint(wherever)}"
    if phantoms.recorded_share and (folder / "train.csv").exists():
        _refuse_other_list(folder, Path(phantoms.backgrounds))
    if not (folder / "train.csv").exists():
        with building(folder, "train.csv") as temporary:
            data_set.simulate(
                temporary,
                n_patients=phantoms.patients,
                n_jobs=os.cpu_count() or 1,
                progress=progress,
                **phantoms.model_dump(exclude={"patients", "path"}),
            )
    simulated = phantoms.model_copy(update={"path": str(folder)})
    data = experiment.data.model_copy(update={"phantoms": simulated})
    return experiment.model_copy(update={"data": data})


def _refuse_other_list(folder: Path, path: Path) -> None:
    """Refuse patients that were made on other backgrounds than the list has now."""
    if list_fingerprint(path) != RecordedBackgrounds.of(folder).fingerprint:
        raise NasionError(
            f"{folder}: was simulated with another list than {path} is now; give that one in"
            " data.phantoms.backgrounds, or remove the folder to simulate anew"
        )


def run_of(experiment: Experiment, out: Path | None) -> Run:
    """The run folder given, or one named after the experiment."""
    return Run(out or Path("runs") / f"{experiment.name}-{experiment.fingerprint}")


def at_hand(
    config: Path,
    changes: list[str],
    data: Path | None,
    *,
    init: Path | str | None = None,
    out: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Experiment, Run]:
    """The experiment with its simulated patients made, and its run; ready to learn."""
    keep_freed_memory()
    experiment = resolved(config, changes, data, init)
    run = run_of(experiment, out)
    return with_phantoms(experiment, run.folder.parent, progress), run


def exported(
    run: Run,
    path: Path | None = None,
    *,
    licence: str = "",
    ages_years: tuple[float, float] = ADULTS,
    half: bool = False,
    name: str = "",
    own_data: bool | None = None,
) -> Path:
    """Write all fits of a run as one model.onnx, and card.md beside it.

    Parameters
    ----------
    name
        What the model is called; by default as its experiment.
    licence, ages_years, half, own_data
        As `models.export.export` has them.
    """
    from nasion.models.card import card
    from nasion.models.export import export

    path = path or run.folder / FILE_NAME
    about = export(
        run.ensemble(),
        path,
        name=name or run.experiment.name,
        labels=str(run.about()["labels"]),
        licence=licence,
        ages_years=ages_years,
        provenance=run.provenance,
        half=half,
        own_data=own_data,
    )
    write_text(path.with_name("card.md"), card(about))
    share(path, path.with_name("card.md"))
    return path


def stated(
    model: Path | str,
    accuracy: Path | None = None,
    licence: str = "",
    alarms: Path | None = None,
) -> str:
    """Write accuracy by montage, false alarms or a licence into a model, or that of a RUN.

    Returns
    -------
    What the model states now, in a line.

    Raises
    ------
    NasionError
        Where there is nothing to state, or the model can't.
    """
    from nasion.models.statement import state

    path = catalogue.model_file(model)
    content: dict[str, Any] = {"licence": licence} if licence else {}
    tables = [table for table in (accuracy, alarms) if table]
    for key, table in (("accuracy", accuracy), ("alarms", alarms)):
        if table:
            content[key] = read_json(table)
    if not content:
        raise NasionError(f"{path}: nothing to state; give --accuracy, --alarms or --licence")
    about = state(path, content, tables[0] if len(tables) == 1 else None)
    measured = f"in {about.alarms.hours:.3g} h" if about.alarms else "not measured"
    return (
        f"{path}: {len(about.accuracy)} montages, false alarms {measured}, licence"
        f" {about.licence or 'not stated'}"
    )
