"""Packages that some formats need beside the base install, and the extras that bring them."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from nasion.errors import NasionError

EXTRAS = {
    "formats": ("antio", "curryreader", "defusedxml", "mffpy", "pymatreader"),
    "dicom": ("pydicom",),
    "vendor": ("eeg2edf", "neo"),
}


def is_installed(package: str) -> bool:
    """Whether a package can be imported."""
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):  # it is kept out of this process
        return False


def missing(path: Path, package: str) -> NasionError:
    """Say that a file needs a package, and how to install it."""
    extra = next((name for name, packages in EXTRAS.items() if package in packages), "")
    install = f'pip install "nasion[{extra}]", or ' if extra else ""
    return NasionError(
        f"{path}: needs the package {package} to be read; {install}pip install {package}"
    )


@contextmanager
def refusing(path: Path, advice: str) -> Iterator[None]:
    """Say in one line what a package met in a file, whatever it raises; its warnings are dropped.

    Parameters
    ----------
    advice
        What to do then.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except NasionError:
            raise
        except Exception as error:
            reason = str(error).replace(f"{path.parent}{os.sep}", "").partition("\n")[0].rstrip(".")
            raise NasionError(
                f"{path}: can't be read ({reason or type(error).__name__}); {advice}"
            ) from None
