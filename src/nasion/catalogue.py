"""Catalogue: the models that are installed, by name, and what the name or path of a model means.

`phantom` comes with nasion. Other distributions publish models by entry points of the group
`nasion.models`: a name, and the package whose folder holds model.onnx. The package is looked up and
not imported: nothing of it is run. `docs/models.md` says how one is made.
"""

import os
import re
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from nasion.contract import FILE_NAME, PACKAGED
from nasion.errors import NasionError

GROUP = "nasion.models"  # of entry points
VARIABLE = "NASION_MODEL"  # of the environment: name or path of the default
PHANTOM, TUNED = "phantom", "tuned"
ALIASES = {"packaged": PHANTOM}  # what it was called while it was the only one
RUN_FILE = "run.json"  # in the folder of a model that can also be learned from

_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_PACKAGE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


@dataclass(frozen=True)
class Published:
    """A model that is installed.

    Parameters
    ----------
    distribution
        That brought it, as pip calls it.
    folder
        Holds model.onnx; a RUN where it also holds weights for PyTorch.
    """

    name: str
    distribution: str
    folder: Path

    @property
    def path(self) -> Path:
        """Its model.onnx."""
        return self.folder / FILE_NAME


def published(name: str) -> Published:
    """Find a model by its name.

    Raises
    ------
    NasionError
        Where no model or more than one has this name, or what publishes it is broken.
    """
    name = ALIASES.get(name, name)
    if name == PHANTOM:  # whoever else claims it
        return Published(PHANTOM, "nasion", PACKAGED)
    claims = [entry for entry in _entries() if entry.name == name]
    if not claims:
        raise NasionError(f"{name}: no model of this name is installed; nasion models lists them")
    if len(claims) > 1:
        makers = " and ".join(sorted(map(_distribution, claims)))
        raise NasionError(f"{name}: {makers} each publish a model of this name; uninstall one")
    return _resolved(claims[0])


def installed() -> tuple[list[Published], list[NasionError]]:
    """Give all models that are installed, the default first, and an error for each broken one."""
    models, errors = [published(PHANTOM)], []
    for name in sorted({entry.name for entry in _entries()}):
        try:
            if name == PHANTOM or name in ALIASES:
                makers = {_distribution(entry) for entry in _entries() if entry.name == name}
                raise NasionError(
                    f"{' and '.join(sorted(makers))}: publishes a model as {name}, which is"
                    " nasion's own name; rename it or uninstall it"
                )
            models.append(published(name))
        except NasionError as error:
            errors.append(error)
    return sorted(models, key=lambda model: model.name != default()), errors


def default() -> str:
    """Name or path of the model where none is given.

    NASION_MODEL of the environment where it is set; else `tuned` where it is installed, else
    `phantom`.
    """
    if stated := os.environ.get(VARIABLE, ""):
        return ALIASES.get(stated, stated)
    return TUNED if any(entry.name == TUNED for entry in _entries()) else PHANTOM


def is_name(text: str) -> bool:
    """Whether a text can name a model: small letters, digits, - and _."""
    return bool(_NAME.fullmatch(text))


def named(source: Path | str | None = None) -> Published | None:
    """Find the installed model that a text names; None for a path.

    Parameters
    ----------
    source
        A text is the name of an installed model, and where no model has it, a path; a `Path` is
        always a path (``./tuned`` as text, too). Without it, `default`.

    Raises
    ------
    NasionError
        For a name that is neither; or where what publishes it is broken.
    """
    if source is None:
        return _default()
    if isinstance(source, Path) or not is_name(source):
        return None
    name = ALIASES.get(source, source)
    if name == PHANTOM or any(entry.name == name for entry in _entries()):
        return published(name)
    if not Path(source).exists():
        raise NasionError(
            f"{source}: neither an installed model nor a path; nasion models lists the installed"
        )
    return None


def place(source: Path | str | None = None) -> Path:
    """Give the folder or file of a model, as `named` takes it, which also says the errors."""
    model = named(source)
    return model.folder if model else Path(default() if source is None else source)


def model_file(source: Path | str | None = None) -> Path:
    """Give the model.onnx of what `place` takes; whether it is there, `Network.open` finds out."""
    path = place(source)
    return path / FILE_NAME if path.is_dir() else path


def run_folder(source: Path | str | None = None) -> Path:
    """Give the RUN of what `place` takes.

    Raises
    ------
    NasionError
        Where there is only a model.onnx.
    """
    path = place(source)
    if path.suffix == ".onnx" or ((path / FILE_NAME).is_file() and not (path / RUN_FILE).exists()):
        raise NasionError(
            f"{path}: is an exported model alone; this needs the RUN that it was exported from"
        )
    return path


def _default() -> Published | None:
    name = default()
    try:
        return named(name)
    except NasionError as error:
        if os.environ.get(VARIABLE):
            raise NasionError(f"{VARIABLE} is set to {name}, but {error}") from None
        raise


def _entries() -> tuple[EntryPoint, ...]:
    try:
        return tuple(entry_points(group=GROUP))
    except Exception as error:  # of any installed distribution; they have no class in common
        raise NasionError(
            f"entry points of the installed packages can't be read ({error}); run pip check, or"
            f" set {VARIABLE}={PHANTOM}"
        ) from None


def _distribution(entry: EntryPoint) -> str:
    """As pip calls it; where its metadata do not say, the package that it names."""
    try:
        return str(entry.dist.name) if entry.dist else entry.value
    except Exception:  # as before: metadata that are missing or broken
        return entry.value


def _resolved(entry: EntryPoint) -> Published:
    maker = _distribution(entry)
    if not is_name(entry.name):
        raise NasionError(
            f"{maker}: publishes a model as '{entry.name}'; a name has small letters, digits, -"
            " and _; rename it or uninstall it"
        )
    if not _PACKAGE.fullmatch(entry.value):
        raise NasionError(
            f"{maker}: publishes {entry.name} as '{entry.value}', which is no package; it has to"
            " name the package that holds model.onnx"
        )
    for folder in _folders(entry.value, maker):
        if (folder / FILE_NAME).is_file():
            return Published(entry.name, maker, folder)
    raise NasionError(
        f"{maker}: publishes {entry.name}, but {entry.value} holds no {FILE_NAME}; install it anew"
        " or uninstall it"
    )


def _folders(package: str, maker: str) -> list[Path]:
    """Where a package lies; found from its first name, so that no part of it is imported."""
    first, *rest = package.split(".")
    try:
        spec = find_spec(first)
    except (ImportError, AttributeError, ValueError) as error:
        raise NasionError(
            f"{maker}: its package {first} can't be found ({error}); install it anew"
        ) from None
    locations = spec.submodule_search_locations if spec else None
    return [Path(location, *rest) for location in locations or ()]
