"""A publication: weights to give away by a name, and the package around them that pip installs."""

import shutil
from pathlib import Path

from nasion.catalogue import ALIASES, GROUP, PHANTOM, is_name
from nasion.contract import FILE_NAME
from nasion.errors import NasionError
from nasion.files import make_folder, share, write_text
from nasion.models.card import card
from nasion.models.statement import CARD
from nasion.network import Network
from nasion.study.experiment import exported
from nasion.temporary import temporary_folder
from nasion.terms import ADULTS
from nasion.training.run import FOLD, Run

# What a folder of weights may hold, beside its fits; of anything else the folder is not ours.
FILES = {
    FILE_NAME, CARD, "config.json", "run.json", "history.csv", "provenance.json",
    "calibration.json", "__init__.py", "__pycache__",
}  # fmt: skip

PYPROJECT = """[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "nasion-{name}"
version = "0.1.0"
description = "Weights for nasion: {name}"
readme = "README.md"
requires-python = ">=3.11"
license = "{licence}"
license-files = ["LICENSE"]

[project.entry-points."{group}"]
{name} = "{package}"

[tool.hatch.build.targets.wheel]
packages = ["src/{package}"]
"""
README = """# nasion-{name}

Weights for nasion, by the name `{name}`; licence {licence}. What
they learned from, how accurate they are and where they fail stands in
[src/{package}/card.md](src/{package}/card.md).

    pip install .
    nasion models
    nasion read night.edf -o readings --model {name}
"""
LICENSE = """The weights in this package are licensed under {licence}.

{where}

Whom they learned from, and has to be named with them, stands in src/{package}/card.md.
"""
CREATIVE_COMMONS = "CC-"


def publish(
    run: Run,
    folder: Path,
    *,
    name: str,
    licence: str,
    ages_years: tuple[float, float] = ADULTS,
    card_path: Path | None = None,
) -> Path:
    """Write the weights of a run as a folder to give away; it takes the place of an older one.

    The folder holds the packed run (`Run.pack`), its model.onnx of 16 bits and card.md.

    Parameters
    ----------
    name, licence
        What the model says of itself.
    card_path
        A card written by hand; without it one is drawn.

    Raises
    ------
    NasionError
        Where the folder holds something else, or a card that was written by hand is not given.
    """
    _guard_ours(folder, card_path)
    make_folder(folder.parent)
    with temporary_folder(folder.parent, "publishing") as temporary:
        new, old = temporary / "new", temporary / "old"
        run.pack(new)
        exported(
            Run(new),
            name=name,
            licence=licence,
            ages_years=ages_years,
            half=True,
            own_data=bool(run.experiment.data.path),  # a packed run has no paths
        )
        if card_path:
            shutil.copyfile(card_path, new / CARD)
        if (folder / "__init__.py").exists():
            shutil.copyfile(folder / "__init__.py", new / "__init__.py")
        share(new, *new.rglob("*"))
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    return folder


def publish_package(
    run: Run,
    folder: Path,
    *,
    name: str,
    licence: str,
    ages_years: tuple[float, float] = ADULTS,
    card_path: Path | None = None,
) -> Path:
    """Write a package that publishes the weights of a run, or put them into the one that is there.

    Parameters and errors are those of `publish`; pyproject.toml, README.md and LICENSE that are
    there stay as they are.
    """
    if name == PHANTOM or name in ALIASES:
        raise NasionError(f"{name}: is nasion's own name; give the package another")
    if not is_name(name):
        raise NasionError(f"{name}: a name has small letters, digits, - and _")
    package = f"nasion_{name.replace('-', '_')}"
    weights = folder / "src" / package
    publish(run, weights, name=name, licence=licence, ages_years=ages_years, card_path=card_path)
    address = licence.removeprefix(CREATIVE_COMMONS).lower().rsplit("-", 1)
    where = f"Its text: https://spdx.org/licenses/{licence}.html"
    if licence.startswith(CREATIVE_COMMONS) and len(address) == 2:
        where = f"Its text: https://creativecommons.org/licenses/{'/'.join(address)}/legalcode"
    words = {
        "name": name, "licence": licence, "package": package, "group": GROUP, "where": where,
    }  # fmt: skip
    texts = {"pyproject.toml": PYPROJECT, "README.md": README, "LICENSE": LICENSE}
    for file, text in texts.items():
        if not (folder / file).exists():
            write_text(folder / file, text.format(**words))
    if not (weights / "__init__.py").exists():
        write_text(weights / "__init__.py", f'"""Weights: {name}."""\n')
    share(folder, *(folder / file for file in texts), weights.parent, *weights.iterdir())
    return folder


def _guard_ours(folder: Path, card_path: Path | None) -> None:
    """Refuse to replace what is no folder of weights, or a card that somebody wrote."""
    if not folder.exists():
        return
    names = [path.name for path in folder.iterdir()]
    if foreign := [name for name in names if name not in FILES and not name.startswith(FOLD)]:
        raise NasionError(f"{folder}: holds {foreign[0]}, which is not of weights; give another")
    old = folder / CARD
    if card_path or not old.exists() or not (folder / FILE_NAME).exists():
        return
    if old.read_bytes() != card(Network.open(folder).about).encode():
        raise NasionError(f"{old}: was written by hand; give the card of the new weights (--card)")
