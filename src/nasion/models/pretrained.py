"""One fit as model hubs lay models out: config.json beside model.safetensors."""

from pathlib import Path

from nasion.calibration import Calibration
from nasion.config import made_with
from nasion.contract import PRETRAINED
from nasion.errors import NasionError
from nasion.files import write_json
from nasion.loading import read_json
from nasion.models import checkpoint
from nasion.models.checkpoint import Checkpoint
from nasion.models.ensemble import Ensemble
from nasion.version import VERSION

CONFIG = "config.json"


def save_pretrained(fit: Checkpoint, folder: Path | str) -> Path:
    """Write weights, settings and calibration of a fit; give the folder."""
    folder = Path(folder)
    checkpoint.save(folder / PRETRAINED, fit.net, fit.experiment)
    content = {
        "nasion": VERSION,
        "experiment": fit.experiment.without_paths.model_dump(mode="json"),
        "calibration": fit.calibration.as_dict(),
    }
    write_json(folder / CONFIG, content)
    return folder


def load_pretrained(folder: Path | str) -> Ensemble:
    """Load what `save_pretrained` wrote, whole or not at all.

    Raises
    ------
    NasionError
        Where the settings are broken, or a weight is missing or none of theirs.
    """
    path = Path(folder) / CONFIG
    content = read_json(path)
    if not isinstance(content, dict) or not {"experiment", "calibration"} <= content.keys():
        raise NasionError(f"{path}: does not say what model it is; save it anew")
    experiment = made_with(content["experiment"], str(path))
    fit = checkpoint.load(Path(folder) / PRETRAINED, experiment)
    calibration = Calibration.from_dict(content["calibration"], str(path))
    return Ensemble((Checkpoint(fit.net, experiment, calibration),))
