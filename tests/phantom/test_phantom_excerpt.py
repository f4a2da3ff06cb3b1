"""Windows of a stay: what was recorded there, and what raters see of it."""

import numpy as np
import pytest

from nasion.phantom import raters
from nasion.phantom.excerpt import excerpt, findings, shared_s, window
from nasion.phantom.patient import PROPORTIONS
from nasion.phantom.stay import Stay
from nasion.phantom.timeline import Span
from nasion.phantom.truth import SHARES, Panel
from nasion.terms import CENTRE_S, PATTERNS, Pattern

HALF_HOUR_S = 1800.0
OTHER = PATTERNS.index(Pattern.OTHER)


@pytest.fixture(scope="module")
def stays():
    return [Stay.draw((17, number), HALF_HOUR_S) for number in range(8)]


def belief(stay, span):
    return raters.belief(findings(stay, stay.view(span.start_s, span.stop_s), span))


def ten(centre_s):
    return Span(centre_s - CENTRE_S / 2, centre_s + CENTRE_S / 2)


def test_an_excerpt_is_that_part_of_the_stay(stays):
    for number, duration_s in enumerate((10.0, 50.0, 602.0)):
        rng, stay = np.random.default_rng(number), stays[number]
        span = window(rng, stay, PROPORTIONS, duration_s / 2)
        found = excerpt(rng, stay, span, duration_s=duration_s, n_votes=12)
        start_s = span.centre_s - duration_s / 2
        assert found.signals.shape == (20, round(duration_s * 200))
        np.testing.assert_array_equal(found.signals, stay.signals(start_s, start_s + duration_s))
        assert found.votes.sum() == 12
        assert found.span.centre_s == pytest.approx(duration_s / 2)


def test_the_panel_agrees_with_itself(stays):
    """Votes on the middle of a run are those that the truth of the whole stay tells of it."""
    alike = []
    for stay in stays[:4]:
        panel = Panel(stay)
        for _ in panel.watch():
            pass
        for row in panel.events():
            shares = [row[name] for name in SHARES]
            if row["trial_type"] == "artifact" or row["duration"] < 12 or max(shares) < 0.6:
                continue
            middle = row["onset"] + row["duration"] / 2
            middle = float(np.clip(middle, CENTRE_S, HALF_HOUR_S - CENTRE_S))
            alike.append(belief(stay, ten(middle)).argmax() == np.argmax(shares))
    assert len(alike) > 30  # enough runs to judge by
    assert np.mean(alike) > 0.85


@pytest.mark.more
def test_where_nothing_is_raters_see_nothing(stays):
    seen = 0
    for stay in stays:
        for centre_s in np.arange(10, HALF_HOUR_S - 10, 40):
            span = ten(float(centre_s))
            if all(shared_s(stay, n, span) <= 0 for n in range(len(stay.schedule.runs))):
                seen += 1
                assert belief(stay, span)[OTHER] > 0.95
    assert seen > 20


def test_less_of_a_run_in_the_window_is_less_of_a_pattern(stays):
    whole, edge = [], []
    for stay in stays:
        runs = [run for run in stay.schedule.runs if run.duration_s > 25]
        for run in runs[:: max(len(runs) // 10, 1)]:
            if run.pattern is Pattern.OTHER or run.onset_s < 10:
                continue
            whole.append(1 - belief(stay, ten(run.onset_s + 12))[OTHER])
            edge.append(1 - belief(stay, ten(run.onset_s - 3))[OTHER])
    assert len(whole) > 20
    assert np.mean(edge) < np.mean(whole) - 0.15


def test_windows_keep_to_the_stay_and_to_its_patterns(stays):
    margin_s = 301.0
    about = []
    for number in range(400):
        rng, stay = np.random.default_rng(number), stays[number % len(stays)]
        span = window(rng, stay, PROPORTIONS, margin_s)
        assert margin_s <= span.centre_s <= HALF_HOUR_S - margin_s
        assert span.stop_s - span.start_s == pytest.approx(CENTRE_S)
        assert span.centre_s * 200 == pytest.approx(round(span.centre_s * 200), abs=1e-6)
        names = {
            run.planted
            for place, run in enumerate(stay.schedule.runs)
            if shared_s(stay, place, span) > 0
        }
        about.append(names)
    reachable = {
        run.planted
        for stay in stays
        for run in stay.schedule.runs
        if margin_s < run.onset_s < run.stop_s < HALF_HOUR_S - margin_s
    }
    assert len(reachable) >= 4
    for name in reachable:
        assert sum(name in names for names in about) > 3, name


def test_a_quiet_stay_has_windows_too():
    for number in range(60):
        stay = Stay.draw((23, number), 30.0)
        if not stay.schedule.runs:
            span = window(np.random.default_rng(0), stay, PROPORTIONS, 5.0)
            found = excerpt(np.random.default_rng(0), stay, span, duration_s=10.0, n_votes=5)
            assert found.planted is Pattern.OTHER
            return
    pytest.fail("no quiet stay among sixty")
