"""Scores of events: the rules of SzCORE, and files as they come."""

import json

import numpy as np
import pytest
from scored import score_events, score_pairs
from timescoring.annotations import Annotation
from timescoring.scoring import EventScoring, SampleScoring

from nasion.errors import NasionError
from nasion.evaluation import detection
from nasion.evaluation.detection import (
    Rules,
    by_event,
    by_sample,
    table,
)
from nasion.evaluation.occurrences import read
from nasion.terms import Pattern

DAY_S = 86400.0


def counts(found, truth, duration_s=7200.0, **rules):
    got = by_event(found, truth, duration_s, Rules(**rules))
    return got.true, got.found, got.false


def write(path, rows, columns=("onset", "duration", "trial_type")):
    lines = ["\t".join(columns), *("\t".join(str(cell) for cell in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


# ---------------------------------------------------------------- any overlap


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([(1000, 1030)], (1, 1, 0)),
        ([(969.9, 970.5)], (1, 1, 0)),  # within 30 s before
        ([(960, 969)], (1, 0, 1)),
        ([(1119, 1125)], (1, 1, 0)),  # within 60 s after
        ([(1121, 1125)], (1, 0, 1)),
        ([(1000, 1010), (1040, 1050)], (1, 1, 0)),  # one event in two pieces
        ([(1000, 1010), (3000, 3010), (3050, 3060)], (1, 1, 1)),  # merged within 90 s
        ([(1000, 1010), (3000, 3010), (3101, 3110)], (1, 1, 2)),
        ([(1000, 1700)], (1, 1, 2)),  # split: its pieces from 1300 s on are false
        ([], (1, 0, 0)),
    ],
)
def test_events_by_any_overlap(found, expected):
    assert counts(found, [(1000, 1060)]) == expected


def test_long_true_events_count_in_pieces():
    assert counts([(1000, 1001)], [(1000, 1600)])[:2] == (2, 1)


def test_tolerance_ends_with_the_recording():
    assert counts([(0, 5)], [(10, 20)], 100.0) == (1, 1, 0)
    assert counts([(95, 100)], [(50, 60)], 100.0) == (1, 1, 0)


def test_rules_can_be_strict():
    strict = {"before_s": 0.0, "after_s": 0.0, "merge_s": 0.0, "longest_s": 1e9}
    assert counts([(0, 10), (20, 30)], [(10, 20)], **strict) == (1, 0, 2)
    assert counts([(0, 10.2), (20, 30)], [(10, 20)], **strict) == (1, 1, 1)


def test_perfect_and_empty():
    rng = np.random.default_rng(0)
    for _ in range(20):
        borders = np.sort(rng.uniform(0, 7200, 8)).reshape(-1, 2)
        spans = [tuple(map(float, pair)) for pair in borders]
        for count in (by_event, by_sample):
            scores = count(spans, spans, 7200.0).scores()
            assert scores["sensitivity"] == scores["precision"] == scores["f1"] == 1
            assert scores["false_per_day"] == 0
            assert np.isnan(count(spans, [], 7200.0).scores()["sensitivity"])
            assert np.isnan(count([], spans, 7200.0).scores()["precision"])


# ---------------------------------------------------------------- samples


def test_samples_are_seconds():
    got = by_sample([(10, 30)], [(20, 50)], 100.0)
    assert (got.true, got.found, got.false) == (30, 10, 10)
    scores = got.scores()
    assert scores["sensitivity"] == pytest.approx(1 / 3)
    assert scores["precision"] == pytest.approx(1 / 2)
    assert scores["f1"] == pytest.approx(2 * 10 / (20 + 30))


def test_false_alarms_an_hour_and_a_day():
    got = by_event([(at, at + 10) for at in range(0, 7200, 600)], [], 7200.0).scores()
    assert got["false_per_hour"] == 6
    assert got["false_per_day"] == 144


# ---------------------------------------------------------------- timescoring, SzCORE's own


def drawn_spans(rng, duration_s):
    """Events that do not overlap; many lie or last as long as the rules have it, or nearly so."""
    spans, stop = [], 0.0
    for _ in range(rng.integers(13)):
        start = stop + rng.choice([89.5, 90.0, 90.5, 29.9, 30.0, 60.1, *rng.uniform(1, 600, 4)])
        stop = start + rng.choice([299.5, 300.0, 300.5, 600.0, *rng.uniform(0.3, 700, 4)])
        spans.append((float(start), float(stop)))
    return [(start, stop) for start, stop in spans if stop <= duration_s]


@pytest.mark.parametrize("seed", range(4))
def test_counts_and_scores_are_those_of_timescoring(seed):
    rng = np.random.default_rng(seed)
    for _ in range(150):
        duration_s = float(rng.integers(60, 4 * 3600))
        truth, found = drawn_spans(rng, duration_s), drawn_spans(rng, duration_s)
        if truth and rng.random() < 0.5:  # what was found is the truth, shifted
            shift = float(rng.normal(0, 40))
            moved = np.clip(np.add(truth, shift), 0, duration_s).tolist()
            found = [(start, stop) for start, stop in moved if stop - start > 0.2]
        theirs = [Annotation(spans, 10, round(duration_s * 10)) for spans in (truth, found)]
        pairs = {
            "events": (by_event(found, truth, duration_s), EventScoring(*theirs)),
            "samples": (by_sample(found, truth, duration_s), SampleScoring(*theirs)),
        }
        for way, (ours, reference) in pairs.items():
            expected = (reference.refTrue, reference.tp, reference.fp)
            assert (ours.true, ours.found, ours.false) == expected, (way, truth, found, duration_s)
            scores = ours.scores()
            names = ("sensitivity", "precision", "f1", "false_per_day")
            np.testing.assert_allclose(
                [scores[name] for name in names],
                [reference.sensitivity, reference.precision, reference.f1, reference.fpRate],
            )


# ---------------------------------------------------------------- files


def test_three_ways_to_name_an_event(tmp_path):
    ours = write(
        tmp_path / "ours.tsv",
        [(10, 20, "sz", 7200, "seizure"), (50, 5, "bckg", 7200, "lpd"), (90, 5, "bckg", 7200, "")],
        ("onset", "duration", "eventType", "recordingDuration", "pattern"),
    )
    szcore = write(
        tmp_path / "szcore.tsv",
        [(10, 20, "sz_foc_ia", 7200), (0, "n/a", "bckg", 7200)],
        ("onset", "duration", "eventType", "recordingDuration"),
    )
    simulated = write(
        tmp_path / "truth.tsv",
        [(10, 20, "seizure"), (50, 5, "LPD"), (70, 9, "other"), (80, 9, "artifact")],
    )
    for path in (ours, szcore, simulated):
        assert read(path).spans[Pattern.SEIZURE] == ((10, 30),)
    for path in (ours, simulated):
        assert read(path).spans[Pattern.LPD] == ((50, 55),)
        assert sum(map(len, read(path).spans.values())) == 2
    assert read(ours).duration_s == read(szcore).duration_s == 7200
    assert read(simulated).duration_s is None


def test_scores_of_one_recording_by_pattern(tmp_path):
    truth = write(tmp_path / "truth.tsv", [(1000, 60, "seizure"), (3000, 100, "gpd")])
    found = write(tmp_path / "found.tsv", [(1010, 40, "seizure"), (3000, 100, "lpd")])
    got = score_events(found, truth, 7200.0)
    assert got["events"]["seizure"]["sensitivity"] == 1
    assert got["samples"]["seizure"]["sensitivity"] == pytest.approx(40 / 60)
    assert got["events"]["gpd"]["sensitivity"] == 0
    assert got["events"]["lpd"]["sensitivity"] is None
    assert got["events"]["lpd"]["false_per_hour"] == 0.5
    assert got["events"]["seizure"]["intervals"]["sensitivity"] is None
    json.dumps(got, allow_nan=False)
    lines = table(detection.score_pairs([(found, truth)], 7200.0))
    assert "LPD" in lines
    assert "GRDA" not in lines


def test_nothing_true_and_nothing_found_is_said(tmp_path):
    truth, found = (write(tmp_path / name, []) for name in ("truth.tsv", "found.tsv"))
    lines = table(detection.score_pairs([(found, truth)], 7200.0)).splitlines()
    assert lines[1:] == ["no event is true, and none was found"]


def test_pooled_counts_are_sums_and_intervals_hold_them(tmp_path):
    rng = np.random.default_rng(1)
    pairs = []
    for number in range(8):
        onsets = np.arange(500, 6500, 1000)
        hit = onsets[rng.random(6) < 0.7]
        truth = write(tmp_path / f"t{number}.tsv", [(at, 50, "seizure") for at in onsets])
        found = write(tmp_path / f"f{number}.tsv", [(at, 50, "seizure") for at in hit])
        pairs.append((found, truth))
    got = score_pairs(pairs, 7200.0)["events"]["seizure"]
    alone = [score_events(*pair, 7200.0)["events"]["seizure"] for pair in pairs]
    for name in ("true", "found", "false"):
        assert got[name] == sum(each[name] for each in alone)
    low, high = got["intervals"]["sensitivity"]
    assert low < got["sensitivity"] < high
    rates = [each["sensitivity"] for each in alone]
    assert min(rates) <= low
    assert high <= max(rates)
    assert score_pairs(pairs, 7200.0)["events"]["seizure"] == got


def test_columns_and_numbers_that_are_missing_are_named(tmp_path):
    fine = write(tmp_path / "fine.tsv", [(10, 5, "sz")])
    bad = {
        "no column duration": write(tmp_path / "a.tsv", [(1, "sz")], ("onset", "trial_type")),
        "no column pattern": write(tmp_path / "b.tsv", [(1, 2)], ("onset", "duration")),
        "row 3, onset": write(tmp_path / "c.tsv", [(1, 2, "sz"), ("soon", 2, "sz")]),
        "negative": write(tmp_path / "d.tsv", [(1, -2, "sz")]),
        "not found": tmp_path / "none.tsv",
        "after the end": write(tmp_path / "e.tsv", [(7190, 20, "sz")]),
    }
    for words, path in bad.items():
        with pytest.raises(NasionError, match=words) as raised:
            score_events(path, fine, 7200.0)
        assert str(path) in str(raised.value)
        assert "\n" not in str(raised.value)
    with pytest.raises(NasionError, match="how long"):
        score_events(fine, fine)
    with pytest.raises(NasionError, match="no pair"):
        score_pairs([])
