"""Truth: rates are those planted, whatever the signal looks like."""

import numpy as np
import pytest

from nasion.phantom.periodic import Discharge, Periodic, Train
from nasion.phantom.rhythmic import Rhythmic
from nasion.phantom.schedule import LAG_S, LEAD_S, Episode
from nasion.phantom.seizure import KINDS, Seizure
from nasion.phantom.timeline import Span
from nasion.phantom.truth import measure
from nasion.terms import Pattern

DURATION_S = 40.0
RUNS = ((LEAD_S, LEAD_S + DURATION_S),)
TOTAL_S = LEAD_S + DURATION_S + LAG_S
SPAN = Span(LEAD_S + 15, LEAD_S + 25)
FIELDS = np.linspace(0, 1, 23, dtype=np.float32)[:, None]


def measured_hz(source, activity):
    run = Episode(Pattern.GPD, "gpd", 0.0, DURATION_S, source, FIELDS, lateral=False)
    return measure(run, activity).frequency_hz


@pytest.mark.parametrize("after", [0.0, 1.0, 1.6, -1.2])
@pytest.mark.parametrize("rate_hz", [0.5, 1.0, 1.7, 2.4])
def test_after_waves_are_not_counted(after, rate_hz):
    for phases, base_s in ((1, 0.06), (2, 0.1), (3, 0.2)):
        shape = Discharge("sharp", base_s, phases, -1.0, after, 0.4, 0.0, 15.0, 1.0)
        source = Periodic(shape, Train(rate_hz, 0.0, 0.3), 100.0, np.zeros(1, np.float32))
        activity = source.activity(np.random.default_rng(phases), FIELDS, RUNS, TOTAL_S, SPAN)
        assert measured_hz(source, activity) == pytest.approx(rate_hz, rel=0.02)


@pytest.mark.parametrize("rate_hz", [0.8, 1.8, 2.6, 3.6])
def test_rough_contours_and_sharp_waves_are_not_counted(rate_hz):
    drawn = Rhythmic(
        rate_hz, 0.005, 0.3, 0.5, 0.4, 100.0, np.zeros(1, np.float32), 0.2, 0.8, 1.0, 0.8
    )
    activity = drawn.activity(np.random.default_rng(2), FIELDS, RUNS, TOTAL_S, SPAN)
    assert measured_hz(drawn, activity) == pytest.approx(rate_hz, rel=0.02)


@pytest.mark.parametrize("kind", KINDS)
def test_a_seizure_has_the_mean_rate_of_its_course(kind):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        seizure = Seizure.draw(rng, 1, 100.0, SPAN, kind)
        values = {**vars(seizure), "onset_s": LEAD_S, "duration_s": DURATION_S, "offset": "abrupt"}
        seizure = Seizure(**{**values, "irregularity": 0.01})
        mean_hz = seizure.rate(np.linspace(0, 1, 2000)).mean()
        activity = seizure.activity(rng, FIELDS, TOTAL_S, SPAN)
        assert measured_hz(seizure, activity) == pytest.approx(mean_hz, rel=0.03)
