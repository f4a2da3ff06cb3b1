"""Scores by subject are those of SzCORE's own evaluation of data sets, from the same files."""

import numpy as np
import pytest
from epilepsy2bids.annotations import Annotations
from made_data_set import events_of, place
from timescoring.annotations import Annotation
from timescoring.scoring import EventScoring, SampleScoring

from nasion.benchmark import score
from nasion.benchmark.data_set import DataSet
from nasion.errors import NasionError
from nasion.evaluation.subjects import SCORES, over_subjects

THEIRS = dict(zip(SCORES, ("sensitivity", "precision", "f1", "fpRate"), strict=True))


class Sum:
    """Counts of recordings as SzCORE adds them up."""

    def __init__(self):
        self.tp = self.fp = self.refTrue = self.numSamples = 0

    def add(self, scored):
        self.fs = scored.fs
        for name in ("tp", "fp", "refTrue", "numSamples"):
            setattr(self, name, getattr(self, name) + getattr(scored, name))


def of_szcore(truth, found):
    """What `szcore_evaluation.evaluate_dataset` gives of two folders: by way, by subject."""
    ways = {"events": EventScoring, "samples": SampleScoring}
    sums = {way: {} for way in ways}
    for subject in sorted(truth.glob("sub-*")):
        for path in subject.glob("**/*.tsv"):
            mask = Annotations.loadTsv(path).getMask(1)
            other = found / path.relative_to(truth)
            guess = Annotations.loadTsv(other).getMask(1) if other.exists() else np.zeros_like(mask)
            pair = [Annotation(part.astype(bool), 1) for part in (mask, guess)]
            for way, scoring in ways.items():
                sums[way].setdefault(subject.name, Sum()).add(scoring(*pair))
    for by_subject in sums.values():
        for counted in by_subject.values():
            EventScoring.computeScores(counted)
    return sums


def drawn(rng, duration_s):
    """Events with fractions of seconds, many as long or as far apart as the rules have it."""
    spans, stop = [], 0.0
    for _ in range(rng.integers(6)):
        start = stop + rng.choice([29.9, 89.99, 90.0, 90.3, *rng.uniform(1, 900, 3)])
        stop = start + rng.choice([0.4, 299.7, 300.6, 601.0, *rng.uniform(1, 400, 3)])
        spans.append((start, stop))
    return [(start, stop) for start, stop in spans if stop <= duration_s]


@pytest.mark.parametrize("seed", range(5))
def test_scores_by_subject_and_their_means_are_those_of_szcore(tmp_path, seed):
    rng = np.random.default_rng(seed)
    truth, found = tmp_path / "truth", tmp_path / "found"
    for number in range(7):
        for run in range(rng.integers(1, 4)):
            duration_s = float(np.round(rng.uniform(60, 7200), 2))
            path = place(truth, f"{number:02}", run)
            path.touch()
            true = drawn(rng, duration_s) if number else []  # one subject without seizures
            Annotations.loadEvents(true, duration_s).saveTsv(events_of(path))
            if rng.random() < 0.1:
                continue  # not read
            shifted = [(a, min(b + 20, duration_s)) for a, b in true if rng.random() < 0.7]
            guess = Annotations.loadEvents(shifted or drawn(rng, duration_s), duration_s)
            table = found / events_of(path).relative_to(truth)
            table.parent.mkdir(parents=True, exist_ok=True)
            guess.saveTsv(table)
    data_set = DataSet.open(truth)
    parts = {name: [] for name in data_set.subjects}
    for item in data_set.items:
        table = found / item.truth.path.relative_to(truth)
        read = table.exists()
        parts[item.subject].append(
            score.of_reading(item, table, []) if read else score.of_unread(item)
        )
    subjects = {name: score.total(scores) for name, scores in parts.items()}
    expected = of_szcore(truth, found)
    for way, theirs in expected.items():
        ours = {name: getattr(subject, way) for name, subject in subjects.items()}
        for name, counts in ours.items():
            rates = counts.scores()
            for key, their_key in THEIRS.items():
                np.testing.assert_allclose(rates[key], getattr(theirs[name], their_key))
        over = over_subjects([*ours.values()])
        for key, their_key in THEIRS.items():
            values = [getattr(result, their_key) for result in theirs.values()]
            np.testing.assert_allclose(over.mean[key].value, np.nanmean(values))
            np.testing.assert_allclose(over.median[key].value, np.nanmedian(values))


def test_time_beyond_what_was_read_is_not_judged(tmp_path):
    path = place(tmp_path / "truth", "01")
    path.touch()
    Annotations.loadEvents([(10, 20), (80, 90)], 100.0).saveTsv(events_of(path))
    (item,) = DataSet.open(tmp_path / "truth").items
    table = tmp_path / "found.tsv"
    Annotations.loadEvents([(10, 20)], 60.0).saveTsv(table)
    scored = score.of_reading(item, table, [(30.0, 35.0)])
    assert (scored.duration_s, scored.unseen_s) == (100, 45)
    assert score.of_unread(item).unseen_share == 1
    (note,) = score.notes(item, 60.0)
    assert "60.0 s" in note
    assert "100.0 s" in note
    assert score.notes(item, 100.4) == []


def test_layouts_and_what_is_left_out(tmp_path):
    plain = place(tmp_path, "A1", session="")
    plain.touch()
    rows = "onset\tduration\ttrial_type\n3\t4\tseizure\n9\t1\tsz_foc_ia\n12\t1\tspike\n"
    events_of(plain).write_text(rows)
    with_session = place(tmp_path, "A1", session="ses-pre")
    with_session.with_suffix(".bdf").touch()
    events_of(with_session).write_text("onset\tduration\teventType\n0\t60\tbckg\n")
    alone = place(tmp_path, "B2")
    alone.touch()
    broken = place(tmp_path, "C3")
    broken.touch()
    events_of(broken).write_text("onset\tduration\teventType\nsoon\t60\tsz\n")
    other = place(tmp_path / "derivatives", "A1")  # of others, no recording of this data set
    other.touch()
    (plain.parent / "sub-A1_task-szMonitoring_run-00_emg.edf").touch()
    data_set = DataSet.open(tmp_path)
    assert [item.path.name for item in data_set.items] == [
        plain.name,
        with_session.with_suffix(".bdf").name,
    ]
    assert data_set.subjects == ("sub-A1",)
    (seizures,) = (spans for spans in data_set.items[0].truth.spans.values() if spans)
    assert seizures == ((3, 7), (9, 10))
    assert data_set.items[0].stated_s is None
    assert [str(path) in line for path, line in zip(
        (alone, events_of(broken)), data_set.unscored, strict=True)] == [True, True]  # fmt: skip


@pytest.mark.parametrize("made", [(), ("sub-01/eeg/x_eeg.txt",), ("sub-01/eeg/sub-01_eeg.edf",)])
def test_a_folder_that_cannot_be_scored_is_refused(tmp_path, made):
    for name in made:
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.touch()
    with pytest.raises(NasionError, match="BIDS") as raised:
        DataSet.open(tmp_path)
    assert str(tmp_path) in str(raised.value)
    assert "\n" not in str(raised.value)
