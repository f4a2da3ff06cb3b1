"""Seen: how much of what a number speaks of was learned from. Every output with one carries it.

predictions and oof.csv      NAME.seen.json beside the csv
RUN, blend, search folder    `seen` in run.json, blend.json, search.json
metrics.json, report.html    `seen`; a line at the top
explanation                  NAME.seen.json beside the picture

Where nothing was learned from, nothing is said.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nasion.errors import NasionError
from nasion.files import write_json
from nasion.loading import is_there, read_json

KEY = "seen"
SUFFIX = ".seen.json"


@dataclass(frozen=True)
class Seen:
    """Patients and EEGs that were learned from; `seeds` of the simulator that tell them."""

    patients: int = 0
    eegs: int = 0
    seeds: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.patients or self.eegs)

    def __or__(self, other: "Seen") -> "Seen":
        """The more of either: how far they are the same is not known."""
        seeds = tuple(sorted({*self.seeds, *other.seeds}))
        return Seen(max(self.patients, other.patients), max(self.eegs, other.eegs), seeds)

    def __str__(self) -> str:
        """Say how many, as a part of a sentence."""
        text = f"{number_text(self.patients, 'patient')} and {number_text(self.eegs, 'EEG')}"
        if self.seeds:
            text += f" (simulated with seed {', '.join(map(str, self.seeds))})"
        return text

    @property
    def warning(self) -> str:
        """The line that stands above the numbers; empty where nothing was learned from."""
        if not self:
            return ""
        return (
            f"Not unseen: {self} of these were learned from. No score here is one of new patients."
        )

    @property
    def field(self) -> dict[str, Any]:
        """What the JSON of an output says: the key `seen`, or nothing."""
        return {KEY: {**asdict(self), "seeds": list(self.seeds)}} if self else {}

    @classmethod
    def of(cls, content: Any, source: str) -> "Seen":
        """Read it from the JSON of an output; errors name `source`.

        Raises
        ------
        NasionError
            Where it is not said in whole numbers.
        """
        entry = content.get(KEY) if isinstance(content, dict) else None
        if entry is None:
            return cls()
        try:
            counts, seeds = (entry["patients"], entry["eegs"]), tuple(entry["seeds"])
            if not all(type(number) is int and number >= 0 for number in (*counts, *seeds)):
                raise ValueError
        except (KeyError, TypeError, ValueError):
            raise NasionError(
                f"{source}: {KEY} needs patients, eegs and seeds, all whole numbers; make it anew"
            ) from None
        return cls(*counts, seeds)

    @classmethod
    def beside(cls, path: Path) -> "Seen":
        """Read what stands beside a csv or a picture."""
        mark = _mark(path)
        return cls.of(read_json(mark), str(mark)) if is_there(mark) else cls()

    def save_beside(self, path: Path) -> None:
        """Write it beside a csv or a picture, in place of what was said of an earlier one."""
        mark = _mark(path)
        if self:
            write_json(mark, self.field)
        else:
            mark.unlink(missing_ok=True)


NOTHING = Seen()


def _mark(path: Path) -> Path:
    return path.with_name(path.stem + SUFFIX)


def number_text(number: int, noun: str) -> str:
    """Such as 1 patient, 2,000 patients."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
