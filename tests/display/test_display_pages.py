import numpy as np
import pytest

from nasion.display.cache import STEP, DisplayWriter
from nasion.display.display import Display
from nasion.display.montages import TRACES, traces
from nasion.display.pages import Filters, filtered, page

N_STEPS = 120
CHOICES = [
    Filters(),
    Filters(low_hz=0.5, high_hz=35.0, notch_hz=50.0),
    Filters(low_hz=0.1, high_hz=0.0),
    Filters(low_hz=0.0, high_hz=15.0),
    Filters(low_hz=0.0, high_hz=0.0, notch_hz=60.0),
    Filters(low_hz=0.0, high_hz=0.0),
]


@pytest.fixture(scope="module")
def display(tmp_path_factory) -> Display:
    """Four minutes with offsets of millivolts, drifts, a large artifact and gaps of all lengths."""
    rng = np.random.default_rng(4)
    times = np.arange(N_STEPS * STEP) / 200
    signals = rng.normal(0, 30, (20, len(times))) + rng.normal(0, 2000, (20, 1))
    signals += 300 * np.sin(2 * np.pi * 0.05 * times)
    signals[5, 20000:20100] += 3000
    signals[:, 15000:18000] = np.nan
    signals[3, 24000:24100] = np.nan
    signals[7, 26000:26400] = np.nan
    signals[8, :22000] = np.nan
    folder = tmp_path_factory.mktemp("pages")
    with DisplayWriter(folder, N_STEPS) as writer:
        writer.add(0, signals.astype(np.float32), None)
    return Display.open(folder)


@pytest.mark.parametrize("filters", CHOICES, ids=str)
@pytest.mark.parametrize("montage", TRACES)
def test_a_page_is_that_piece_of_the_whole(display, montage, filters):
    whole = filtered(traces(display.signals(0, display.n_times), montage), filters)
    for start_s in (0.0, 37.0, 63.3, 74.0, 85.0, 91.5, 105.0, 119.99, 126.0, 132.0, 230.0):
        found = page(display, start_s, 10.0, montage, filters)
        first = round(found.start_s * 200)
        expected = whole[:, first : first + found.values.shape[1]]
        np.testing.assert_allclose(found.values, expected, atol=0.05, rtol=0)
        assert found.names == TRACES[montage]


def test_pages_end_with_the_recording(display):
    assert page(display, 235.0, 10.0, "bipolar", Filters()).values.shape == (19, 1000)
    assert page(display, 500.0, 10.0, "bipolar", Filters()).values.shape == (19, 0)
    early = page(display, -4.0, 10.0, "bipolar", Filters())
    assert (early.start_s, early.values.shape) == (0.0, (19, 1200))


def test_gaps_stay_gaps_and_nothing_else_becomes_one(display):
    for filters in CHOICES:
        found = page(display, 60.0, 60.0, "referential", filters).values
        raw = display.signals(12000, 24000)
        np.testing.assert_array_equal(np.isnan(found), np.isnan(raw))


def test_unfiltered_is_what_was_recorded(display):
    found = page(display, 30.0, 10.0, "referential", CHOICES[-1])
    np.testing.assert_array_equal(found.values, display.signals(6000, 8000))


@pytest.mark.parametrize(
    ("freq_hz", "filters", "low", "high"),
    [
        (10.0, Filters(), 0.98, 1.01),
        (0.2, Filters(), 0.0, 0.01),
        (1.0, Filters(), 0.49, 0.51),
        (70.0, Filters(), 0.49, 0.51),
        (50.0, Filters(notch_hz=50.0), 0.0, 0.01),
        (45.0, Filters(notch_hz=50.0), 0.8, 1.0),
        (30.0, Filters(high_hz=15.0), 0.0, 0.05),
    ],
)
def test_filters_keep_their_band(freq_hz, filters, low, high):
    wave = np.sin(2 * np.pi * freq_hz * np.arange(12000) / 200)[None].astype(np.float32)
    gain = np.sqrt(2) * filtered(wave, filters)[0, 4000:8000].std()
    assert low <= gain <= high


def test_filters_shift_nothing():
    pulse = np.exp(-((np.arange(-4000, 4001) / 10) ** 2))[None].astype(np.float32)
    found = filtered(pulse, Filters())[0]
    assert found.argmax() == 4000
    np.testing.assert_allclose(found, found[::-1], atol=1e-5)


@pytest.mark.parametrize(
    "edges",
    [(50.0, 40.0), (-1.0, 70.0), (0.01, 70.0), (1.0, 100.0), (1.0, 70.0, 120.0), (1.0, 70.0, -5.0),
     (float("nan"), 70.0), (1.0, float("inf"))],
)  # fmt: skip
def test_impossible_filters_are_refused(edges):
    with pytest.raises(ValueError, match="_hz is 0 or"):
        Filters(*edges)


def test_a_sample_alone_can_be_filtered():
    for filters in CHOICES:
        assert np.isfinite(filtered(np.ones((2, 1), np.float32), filters)).all()
        lonely = np.full((1, 1000), np.nan, np.float32)
        lonely[0, 500] = 3.0
        found = filtered(lonely, filters)
        assert np.flatnonzero(np.isfinite(found)).tolist() == [500]
