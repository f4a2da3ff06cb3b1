"""Scores over subjects: what a mean, a median and an interval of them are."""

import numpy as np
import pytest

from nasion.evaluation.detection import Counts, whole_seconds
from nasion.evaluation.subjects import SCORES, _medians, over_subjects

DAY_S = 86400.0


def drawn_counts(seed, n):
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 9, n)
    return [
        Counts(int(k), int(rng.integers(0, k + 1)), int(rng.integers(0, 4)), rng.uniform(1e4, 1e6))
        for k in true
    ]


def test_a_resampled_median_is_that_of_the_repeated_values():
    rng = np.random.default_rng(0)
    for _ in range(50):
        values = rng.choice([0.0, 0.25, 0.5, 1.0, *rng.random(4)], rng.integers(1, 9))
        weights = rng.integers(0, 4, (1, len(values)))
        expected = np.median(np.repeat(values, weights[0])) if weights.any() else np.nan
        np.testing.assert_allclose(_medians(weights.astype(float), values), [expected])


@pytest.mark.parametrize("seed", range(3))
def test_intervals_hold_the_scores_and_order_does_not_matter(seed):
    parts = drawn_counts(seed, 12)
    over = over_subjects(parts)
    turned = over_subjects(parts[::-1])
    for name in SCORES:
        for found in (over.mean, over.median, over.together.scores):
            low, high = found[name].ci95
            assert low <= found[name].value <= high
        assert turned.mean[name].value == pytest.approx(over.mean[name].value)
        assert turned.median[name].value == pytest.approx(over.median[name].value)


def test_recordings_of_one_subject_are_no_independent_ones():
    """Ten equal recordings more of each subject tell nothing new of other subjects."""
    parts = drawn_counts(1, 10)
    tenfold = [sum([part] * 9, part) for part in parts]
    once, often = over_subjects(parts), over_subjects(tenfold)
    for name in SCORES:
        np.testing.assert_allclose(often.mean[name].ci95, once.mean[name].ci95)


def test_who_has_no_score_does_not_count_and_one_alone_has_no_interval():
    calm, ill = Counts(0, 0, 0, DAY_S), Counts(2, 1, 3, DAY_S)
    over = over_subjects([calm, ill])
    assert over.mean["sensitivity"].value == 0.5
    assert over.mean["sensitivity"].ci95 is None
    assert over.mean["false_per_day"].value == 1.5
    assert over.mean["false_per_day"].ci95 is not None
    alone = over_subjects([ill])
    assert all(found[name].ci95 is None for found in (alone.mean, alone.median) for name in SCORES)
    assert over_subjects([calm, calm]).mean["f1"].value is None


def test_whole_seconds_are_rounded_down_joined_and_within_the_recording():
    assert whole_seconds([(1.2, 3.9)], 10.0) == [(1, 3)]
    assert whole_seconds([(1.2, 1.9)], 10.0) == []
    assert whole_seconds([(0, 3), (3.5, 5)], 10.0) == [(0, 5)]
    assert whole_seconds([(-4.0, 2.0), (8.0, 99.0)], 10.7) == [(0, 2), (8, 10)]
