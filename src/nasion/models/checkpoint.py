"""Weights on disk: safetensors that carry their own settings, loaded whole or not at all."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from nasion import calibration
from nasion.calibration import Calibration
from nasion.config import Experiment, made_with
from nasion.errors import NasionError
from nasion.files import replacing
from nasion.loading import is_there, loading, of_schema, sound
from nasion.models.fusion import MultimodalNet

SCHEMA = 1
FILE_NAME = "weights.safetensors"


@dataclass(frozen=True)
class Checkpoint:
    """A network ready to predict, the experiment that made it, and how to calibrate it.

    `fold` is what it held out, in a run that has folds: "0", "1" ..., or "all".
    """

    net: MultimodalNet
    experiment: Experiment
    calibration: Calibration = field(default_factory=Calibration)
    fold: str = ""


def save(path: Path, net: MultimodalNet, experiment: Experiment, *, half: bool = False) -> None:
    """Write weights and settings to one file; `half` stores 16-bit floats.

    Weights travel, so the paths of the machine that made them stay behind.
    """
    state = {key: value.detach().cpu().contiguous() for key, value in net.state_dict().items()}
    if half:
        state = {k: v.half() if v.is_floating_point() else v for k, v in state.items()}
    metadata = {"schema": str(SCHEMA), "experiment": experiment.without_paths.model_dump_json()}
    with replacing(path) as temporary:
        save_file(state, temporary, metadata)


def load(path: Path, experiment: Experiment | None = None) -> Checkpoint:
    """Build the network that a file describes and fill every weight of it.

    A calibration.json beside it is read too; without one, probabilities stay as they are.

    Parameters
    ----------
    experiment
        Settings that stand elsewhere, in place of those that the file carries.

    Raises
    ------
    NasionError
        Where the file is broken, of another schema, lacks or adds a weight, or holds one that is
        no number.
    """
    absent = "give a folder written by nasion train or crossval"
    with (
        loading(path, "not a safetensors file", "copy it anew", absent=absent),
        safe_open(path, "pt") as file,
    ):
        metadata = file.metadata() or {}
        state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    experiment = experiment or _experiment_of(metadata, path)
    with loading(path, "describes no network", "copy it anew"), torch.device("meta"):
        # Shapes alone: what the file does not hold is refused before it takes memory.
        parameters = MultimodalNet(_without_download(experiment)).state_dict()
    for key in (*parameters, *state):
        if key not in state:
            raise NasionError(f"{path}: weight {key} is missing; nothing was loaded")
        if key not in parameters:
            raise NasionError(f"{path}: weight {key} belongs to no layer; nothing was loaded")
        if state[key].shape != parameters[key].shape:
            raise NasionError(f"{path}: weight {key} has a wrong shape; nothing was loaded")
        if not state[key].isfinite().all():
            raise NasionError(f"{path}: weight {key} holds what is no number; nothing was loaded")
    net = MultimodalNet(_without_download(experiment))
    net.load_state_dict({key: value.to(parameters[key].dtype) for key, value in state.items()})
    net.eval()
    net.requires_grad_(requires_grad=False)
    calibration_path = path.with_name(calibration.FILE_NAME)
    scaling = Calibration.load(calibration_path) if is_there(calibration_path) else Calibration()
    return Checkpoint(net, experiment, scaling)


def _experiment_of(metadata: dict[str, str], path: Path) -> Experiment:
    of_schema(metadata, SCHEMA, path, "train it anew")
    with loading(path, "holds no settings of a network", "copy it anew"):
        content = sound(json.loads, metadata["experiment"])
    return made_with(content, str(path))


def _without_download(experiment: Experiment) -> Experiment:
    spectrogram = experiment.model.spectrogram.model_copy(update={"weights": ""})
    model = experiment.model.model_copy(update={"spectrogram": spectrogram})
    return experiment.model_copy(update={"model": model})
