"""Distributions that publish models, as pip leaves them in a folder of packages."""

import os
import shutil
from functools import cache
from pathlib import Path

from nasion.contract import PACKAGED_MODEL
from nasion.models.statement import state

NEVER = "raise RuntimeError('a package of weights was imported')\n"


@cache
def licensed(licence="CC-BY-NC-4.0", name="mine"):
    """The packaged model as another one, by what it states of itself."""
    path = Path(os.environ["NASION_EXPORTED"]) / f"{name}-{licence}-{os.getpid()}.onnx"
    shutil.copy(PACKAGED_MODEL, path)
    state(path, {"licence": licence, "name": name, "weights": "mine", "accuracy": {}})
    return path


def publish(site, name="mine", distribution="weights-of-mine", value="weights_of_mine", model=None):
    """Lay out a distribution with one entry point; `model` is copied into its package."""
    package = Path(site, *value.split("."))
    if value.replace(".", "").isidentifier():
        package.mkdir(parents=True, exist_ok=True)
        (site / value.split(".")[0] / "__init__.py").write_text(NEVER)
        if model:
            shutil.copy(model, package / "model.onnx")
    metadata = site / f"{distribution.replace('-', '_')}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n"
    )
    (metadata / "entry_points.txt").write_text(f"[nasion.models]\n{name} = {value}\n")
    return package
