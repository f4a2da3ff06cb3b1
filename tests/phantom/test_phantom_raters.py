import numpy as np
import pytest

from nasion.phantom import raters
from nasion.phantom.activity import Appearance
from nasion.phantom.raters import Finding
from nasion.terms import ELECTRODES, PATTERNS, Pattern

CLEAR = {
    Pattern.SEIZURE: Finding(8.0, 8.0, 0.0, 0.0),
    Pattern.LPD: Finding(8.0, -8.0, 8.0, 8.0),
    Pattern.GPD: Finding(8.0, -8.0, 8.0, -8.0),
    Pattern.LRDA: Finding(8.0, -8.0, -8.0, 8.0),
    Pattern.GRDA: Finding(8.0, -8.0, -8.0, -8.0),
}


@pytest.mark.parametrize("pattern", CLEAR)
def test_clear_findings_get_nearly_all_votes(pattern):
    shares = raters.belief([CLEAR[pattern]])
    assert PATTERNS[int(shares.argmax())] is pattern
    assert shares.max() > 0.9


def test_nothing_found_is_other():
    assert raters.belief([])[PATTERNS.index(Pattern.OTHER)] > 0.95


def test_shares_sum_to_one_for_any_findings():
    rng = np.random.default_rng(0)
    for n in range(4):
        findings = [Finding(*rng.normal(0, 4, 4)) for _ in range(n)]
        np.testing.assert_allclose(raters.answers(findings).sum(1), 1)


def test_weaker_findings_move_votes_to_other():
    other = PATTERNS.index(Pattern.OTHER)
    shares = [raters.belief([Finding(p, -5, -5, 5)])[other] for p in (4.0, 1.0, -1.0, -4.0)]
    assert shares == sorted(shares)
    assert shares[0] < 0.2 < 0.8 < shares[-1]


@pytest.mark.parametrize(("n", "many"), [(1, 0.0), (28, None)])
def test_votes_are_as_many_as_raters(n, many):
    votes = raters.vote(np.random.default_rng(0), [CLEAR[Pattern.LPD]], n)
    assert votes.sum() == n
    assert votes.shape == (6,)


def test_votes_a_segment_are_as_in_hms():
    rng = np.random.default_rng(0)
    counts = np.array([raters.n_votes(rng) for _ in range(2000)])
    assert counts.min() >= 1
    assert counts.max() <= 28
    assert abs((counts >= raters.MANY).mean() - 0.315) < 0.05
    many = np.array([raters.n_votes(rng, many_share=0.9) for _ in range(500)])
    assert abs((many >= raters.MANY).mean() - 0.9) < 0.05


def test_size_and_side_are_read_from_the_page():
    time = np.arange(2000) / 200
    wave = 60 * np.sin(2 * np.pi * 1.5 * time)
    left, both = np.zeros((19, 1)), np.zeros((19, 1))
    left[ELECTRODES.index("T3")] = 1
    both[[ELECTRODES.index("T3"), ELECTRODES.index("T4")]] = 1
    rest = np.random.default_rng(0).normal(0, 10, (19, 2000))
    look = Appearance(1.0, 0.0, -5.0)
    one, two = raters.find(left * wave, rest, look), raters.find(both * wave, rest, look)
    weak = raters.find(0.1 * left * wave, rest, look)
    assert one.lateral > 2 > -2 > two.lateral
    assert one.pattern > 1 > weak.pattern
