"""The benchmark: a data set read recording by recording, scored as it goes, gone on with later.

OUT holds `readings/`, a folder each as `nasion read` writes it, by which a second call goes on;
`events/`, what was found as SzCORE's tools read it, laid out as the data set; and the scores.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from nasion.benchmark import score
from nasion.benchmark.clock import Clock
from nasion.benchmark.data_set import DataSet, Item
from nasion.benchmark.participants import Participants
from nasion.benchmark.score import Score
from nasion.contract import About
from nasion.errors import NasionError
from nasion.evaluation.subjects import OverSubjects, over_subjects
from nasion.exports import folder as reading_folder
from nasion.exports import szcore
from nasion.exports.keys import refuse_telling
from nasion.guard import guard_unseen
from nasion.progress import Progress
from nasion.reader.archive import Archive, Outcome
from nasion.reader.reader import Reader
from nasion.seen import Seen

READINGS, FOUND = "readings", "events"


@dataclass(frozen=True)
class Result:
    """What became of a recording.

    Parameters
    ----------
    score
        None where it was not read and nobody knows how long it is.
    reason
        Why it was not read.
    notes
        Where it is not as long as its truth says.
    cautions
        Why to trust what was read less.
    """

    item: Item
    score: Score | None
    reason: str = ""
    notes: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say it in a line."""
        if self.reason or not self.score:
            return f"{self.item.name}: not read: {self.reason}"
        counts, unseen = self.score.events, self.score.unseen_share
        text = f"{counts.found:.0f} of {counts.true:.0f} seizures found, {counts.false:.0f} false"
        return f"{self.item.name}: {text}" + (f"; {unseen:.1%} not judged" if unseen else "")


@dataclass(frozen=True)
class Benchmark:
    """Scores of a data set by a model."""

    data_set: DataSet
    model: About
    seen: Seen
    results: tuple[Result, ...]

    @cached_property
    def subjects(self) -> dict[str, Score]:
        """Scores of each subject that has one."""
        parts: dict[str, list[Score]] = {name: [] for name in self.data_set.subjects}
        for result in self.results:
            parts[result.item.subject] += [result.score] if result.score else []
        return {name: score.total(scores) for name, scores in parts.items() if scores}

    @property
    def together(self) -> Score:
        """All recordings."""
        return score.total([*self.subjects.values()])

    @property
    def events(self) -> OverSubjects:
        """Seizures, by any overlap."""
        return over_subjects([subject.events for subject in self.subjects.values()])

    @property
    def samples(self) -> OverSubjects:
        """Seconds of seizure."""
        return over_subjects([subject.samples for subject in self.subjects.values()])

    @property
    def broken(self) -> list[str]:
        """A line for each recording that was not read, or has no truth to score it by."""
        reasons = (result.reason for result in self.results)
        return [*self.data_set.unscored, *filter(None, reasons)]

    @property
    def notes(self) -> list[str]:
        """A line for each recording that lasts longer or shorter than its truth says."""
        return [note for result in self.results for note in result.notes]

    @property
    def cautions(self) -> Counter[str]:
        """Why to trust what was read less, and of how many recordings that holds."""
        return Counter(caution for result in self.results for caution in result.cautions)


def run(
    folder: Path,
    reader: Reader,
    out: Path,
    *,
    unit: str = "",
    allow_seen: bool = False,
    deidentify: bool = False,
    bar: Callable[[str], AbstractContextManager[Progress]],
    say: Callable[[str], None],
) -> Benchmark:
    """Read and score a data set; what was read by an earlier call is not read again.

    Parameters
    ----------
    deidentify
        Number subjects and recordings, and leave out of readings what tells whose they are; then
        each call reads all.
    bar
        Gives the progress bar of a recording.
    say
        Is called with a line for each recording as it is done.

    Raises
    ------
    NasionError
        Where the folder is no data set, none of its recordings can be read, or the model learned
        from its subjects (unless `allow_seen`).
    """
    data_set = DataSet.open(folder)
    network = reader.network
    participants, learner = Participants(data_set, unit), network.about.title
    seen = guard_unseen(network.provenance, participants, folder, learner, allow_seen=allow_seen)
    if deidentify:
        refuse_telling(out, [item.path for item in data_set.items], "-o")
        data_set = data_set.numbered()
    items = {str(item.path): item for item in data_set.items}
    clock = Clock(sum(item.size for item in items.values()))
    archive = Archive(reader, out / READINGS, unit=unit, deidentify=deidentify)
    results: list[Result] = []

    def add(outcome: Outcome) -> None:
        item = items[outcome.source]
        clock.add(item.size, was_read=not (outcome.before or outcome.reason))
        table = out / FOUND / item.table(folder)
        if item.alias and outcome.reason:
            reason = f"{item.alias}: {outcome.reason.partition(': ')[2]}"
            outcome = replace(outcome, reason=reason)
        results.append(_result(item, outcome, archive.out / outcome.folder, table))
        say(f"{len(results)}/{len(items)} {results[-1]}{clock.left}")

    def numbered(label: str) -> AbstractContextManager[Progress]:
        return bar(f"{len(results) + 1}/{len(items)} {label.partition(' ')[2]}")

    for name in data_set.subjects:
        paths = [item.path for item in data_set.items if item.subject == name]
        replace(archive, age_years=data_set.ages_years.get(name)).read(paths, numbered, add)
    benchmark = Benchmark(data_set, network.about, seen, tuple(results))
    if all(result.reason for result in results):
        raise NasionError(f"{folder}: none of its recordings could be read: {benchmark.broken[-1]}")
    return benchmark


def _result(item: Item, outcome: Outcome, folder: Path, table: Path) -> Result:
    """Write what was found in a recording as a table, and score that."""
    if outcome.reason:
        table.unlink(missing_ok=True)  # of an earlier call that could read it
        return Result(item, score.of_unread(item), outcome.reason)
    reading = reading_folder.load(folder)
    szcore.write_seizures(reading, table)
    return Result(
        item,
        score.of_reading(item, table, szcore.not_judged(reading)),
        notes=tuple(score.notes(item, reading.duration_s)),
        cautions=reading.cautions,
    )
