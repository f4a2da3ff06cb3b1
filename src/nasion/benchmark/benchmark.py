"""The benchmark: a data set read recording by recording, scored as it goes, gone on with later.

OUT holds `readings/`, a folder each as `nasion read` writes it, by which a second call goes on;
`events/`, what was found as SzCORE's tools read it, laid out as the data set; and the scores.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from nasion.benchmark import score
from nasion.benchmark.clock import Clock
from nasion.benchmark.data_set import DataSet
from nasion.benchmark.participants import Participants
from nasion.benchmark.score import Score
from nasion.errors import NasionError
from nasion.evaluation.subjects import OverSubjects, over_subjects
from nasion.exports import folder as reading_folder
from nasion.exports import szcore
from nasion.guard import guard_unseen
from nasion.progress import Progress
from nasion.reader.archive import Archive, Outcome
from nasion.reader.reader import Reader
from nasion.seen import Seen

READINGS, FOUND = "readings", "events"


@dataclass(frozen=True)
class Benchmark:
    """Scores of a data set.

    Parameters
    ----------
    subjects
        By name.
    broken
        A line for each recording that was not read or not scored.
    notes
        A line for each that lasts longer or shorter than its truth says.
    cautions
        Why to trust what was read less, and of how many recordings that holds.
    """

    data_set: DataSet
    reader: Reader
    seen: Seen
    subjects: dict[str, Score]
    broken: tuple[str, ...]
    notes: tuple[str, ...]
    cautions: Mapping[str, int]

    @property
    def together(self) -> Score:
        """All recordings."""
        return score.total([*self.subjects.values()])

    def events(self) -> OverSubjects:
        """Seizures, by any overlap."""
        return over_subjects([subject.events for subject in self.subjects.values()])

    def samples(self) -> OverSubjects:
        """Seconds of seizure."""
        return over_subjects([subject.samples for subject in self.subjects.values()])


def run(
    folder: Path,
    reader: Reader,
    out: Path,
    *,
    unit: str = "",
    allow_seen: bool = False,
    bar: Callable[[str], AbstractContextManager[Progress]],
    say: Callable[[str], None],
) -> Benchmark:
    """Read and score a data set; what was read by an earlier call is not read again.

    Parameters
    ----------
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
    provenance = reader.network.provenance
    participants = Participants(data_set, unit)
    learner = reader.network.about.title
    seen = guard_unseen(provenance, participants, folder, learner, allow_seen=allow_seen)
    scores: dict[str, list[Score]] = {name: [] for name in data_set.subjects}
    broken, notes, cautions = [*data_set.unscored], list[str](), Counter[str]()
    items = {str(item.path): item for item in data_set.items}
    clock = Clock(sum(item.size for item in data_set.items))
    archive = Archive(reader, out / READINGS, unit=unit)

    def add(outcome: Outcome) -> None:
        item = items[outcome.source]
        clock.add(item.size, was_read=not (outcome.before or outcome.reason))
        table = out / FOUND / item.truth.path.relative_to(data_set.folder)
        if outcome.reason:
            table.unlink(missing_ok=True)  # of an earlier call that could read it
            broken.append(outcome.reason)
            result = score.of_unread(item)
        else:
            reading = reading_folder.load(archive.out / outcome.folder)
            szcore.write_seizures(reading, table)
            notes.extend(score.notes(item, reading.duration_s))
            cautions.update(reading.cautions)
            result = score.of_reading(item, table, szcore.not_judged(reading))
        if result:
            scores[item.subject].append(result)
        say(f"{clock.done}/{len(items)} {item.path.name}: {_line(outcome, result)}{clock.left}")

    def bar_of(label: str) -> AbstractContextManager[Progress]:
        return bar(f"{clock.done + 1}/{len(items)}{label[label.find(' ') :]}")

    for name in data_set.subjects:
        paths = [item.path for item in data_set.items if item.subject == name]
        replace(archive, age_years=data_set.ages_years.get(name)).read(paths, bar_of, add)
    subjects = {name: score.total(parts) for name, parts in scores.items() if parts}
    if all(subject.unread == subject.recordings for subject in subjects.values()):
        raise NasionError(f"{folder}: none of its recordings could be read ({broken[-1]})")
    return Benchmark(data_set, reader, seen, subjects, tuple(broken), tuple(notes), cautions)


def _line(outcome: Outcome, result: Score | None) -> str:
    if outcome.reason:
        return f"not read: {outcome.reason}"
    assert result
    counts = result.events
    text = f"{counts.found:.0f} of {counts.true:.0f} seizures found, {counts.false:.0f} false"
    return text + (f"; {result.unseen_share:.1%} not judged" if result.unseen_s else "")
