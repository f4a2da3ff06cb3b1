"""An environment of what `pip install nasion` brings, made of what is installed here, offline."""

import sys
import tomllib
import venv
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]


def bare_environment(folder: Path) -> Path:
    """Make it and give the folder of its commands; what only training needs is not in it."""
    venv.create(folder, symlinks=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = folder / "lib" / version / "site-packages"
    for name in required():
        for path in distribution(name).files or ():
            top, link = path.parts[0], packages / path.parts[0]
            if top not in ("..", "__pycache__") and not link.is_symlink():
                link.symlink_to(Path(str(distribution(name).locate_file(top))).resolve())
    (packages / "nasion").symlink_to(ROOT / "src" / "nasion")
    metadata = packages / "nasion.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text(f"Name: nasion\nVersion: {project()['version']}\n")
    return folder / "bin"


def required() -> set[str]:
    """Names of the distributions that the package needs, and of those that they need."""
    left = [Requirement(line) for line in project()["dependencies"]]
    found: set[str] = set()
    while left:
        needed = left.pop()
        name = needed.name.lower().replace("_", "-")
        if name in found or (needed.marker and not needed.marker.evaluate({"extra": ""})):
            continue
        found.add(name)
        left += map(Requirement, distribution(name).requires or ())
    return found


def project() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["project"]
