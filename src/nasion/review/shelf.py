"""The shelf: the readings below a folder, by numbers that tell nothing of their names."""

import os
from hashlib import blake2b
from pathlib import Path

from nasion.errors import NasionError
from nasion.exports.derivative import DATA_SET
from nasion.exports.folder import MANIFEST
from nasion.review.case import Case
from nasion.review.exports import REVIEW


class Shelf:
    """The readings of a folder, or a folder that is one.

    Parameters
    ----------
    key
        Secret of this server: without it nobody can guess which name a number stands for.

    Raises
    ------
    NasionError
        If there is none.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self._folder, self._key = folder, key.encode()[:64]
        self._cases: dict[str, Case] = {}
        if not self.cases():
            raise NasionError(f"{folder}: holds no finished reading; give what nasion read wrote")

    def cases(self) -> list[Case]:
        """All of them, also those that were finished since, by name."""
        if (self._folder / MANIFEST).exists():
            folders = [self._folder]
        else:
            folders = sorted(path.parent for path in self._folder.glob(f"*/{MANIFEST}"))
        return [self._case(folder) for folder in folders]

    def data_set(self, case: Case) -> Path:
        """Folder of the BIDS data set that a reviewed case goes to: one for all of the shelf."""
        alone = (self._folder / MANIFEST).exists()
        return (case.folder / REVIEW if alone else self._folder) / DATA_SET

    def _case(self, folder: Path) -> Case:
        name = folder.resolve().name
        number = blake2b(os.fsencode(name), key=self._key, digest_size=8).hexdigest()
        return self._cases.setdefault(number, Case(folder, number))

    def case(self, number: str) -> Case | None:
        """The one of this number."""
        if number not in self._cases:
            self.cases()
        return self._cases.get(number)
