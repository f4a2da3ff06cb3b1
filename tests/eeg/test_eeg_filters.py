import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hms_folder import noise
from nasion.eeg.derivations import bipolar
from nasion.eeg.filters import LONGEST_LINE_S, anti_alias, band_pass, band_stop, bridge
from nasion.eeg.formats import open_recording
from nasion.eeg.margins import FILTERED_S, MARGIN_S
from nasion.terms import SFREQ

WAVEFORM = (0.5, 20.0), 4
SPECTROGRAM = (0.5, 40.0), 3
STOP = (55.0, 65.0), 3
FILTERS = {
    "waveform": lambda signals: band_pass(signals, *WAVEFORM),
    "spectrogram": lambda signals: band_stop(band_pass(signals, *SPECTROGRAM), *STOP),
    "low-pass": lambda signals: band_pass(signals, (0.0, 20.0), 4),
    "anti-alias": lambda signals: anti_alias(signals, 40.0),
}


def sine(freq_hz: float, duration_s: float = 60.0) -> np.ndarray:
    return np.sin(2 * np.pi * freq_hz * np.arange(round(duration_s * SFREQ)) / SFREQ)[None]


def gain(name: str, freq_hz: float) -> float:
    """Amplitude that is left of a sine in the middle of a minute."""
    middle = FILTERS[name](sine(freq_hz))[0, 4000:8000]
    return float(np.sqrt(2) * middle.std())


@pytest.mark.parametrize("name", FILTERS)
def test_a_symmetric_pulse_stays_symmetric_and_in_place(name):
    times = np.arange(-5000, 5001)
    pulse = 100 * np.exp(-((times / 15) ** 2))
    result = FILTERS[name](pulse[None])[0]
    np.testing.assert_allclose(result, result[::-1], atol=1e-6)
    assert result.argmax() == 5000


@pytest.mark.parametrize("name", FILTERS)
def test_five_hertz_pass_and_sixty_do_not(name):
    assert gain(name, 5.0) == pytest.approx(1.0, abs=0.01)
    assert gain(name, 60.0) < 1e-3


@pytest.mark.parametrize(
    ("name", "edges"), [("waveform", (0.5, 20.0)), ("spectrogram", (0.5, 40.0))]
)
def test_power_is_a_quarter_at_the_edges_of_the_band(name, edges):
    # Forward and backward: half of the power is lost twice.
    for edge in edges:
        assert gain(name, edge) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("name", ["waveform", "spectrogram"])
def test_a_constant_vanishes(name):
    rest = FILTERS[name](np.full((1, 12000), 500.0))
    assert np.abs(rest).max() < 1e-6


@pytest.mark.parametrize("name", ["low-pass", "anti-alias"])
def test_a_low_pass_keeps_a_constant(name):
    np.testing.assert_allclose(FILTERS[name](np.full((1, 2000), 500.0)), 500.0)


def test_a_band_stop_keeps_what_is_outside():
    for freq_hz in (5.0, 30.0, 80.0):
        result = band_stop(sine(freq_hz), *STOP)[0, 4000:8000]
        assert np.sqrt(2) * result.std() == pytest.approx(1.0, abs=0.02)


def test_rows_do_not_touch_each_other():
    signals = noise(20.0)
    alone = band_pass(signals[3:4], *WAVEFORM)
    np.testing.assert_array_equal(band_pass(signals, *WAVEFORM)[3:4], alone)


@pytest.mark.parametrize("n_times", [2, 5, 20])
def test_a_few_samples_can_be_filtered(n_times):
    for filtered in FILTERS.values():
        assert np.isfinite(filtered(np.ones((2, n_times)))).all()


@pytest.mark.real
@pytest.mark.parametrize("name", ["waveform", "spectrogram"])
def test_pieces_with_a_halo_equal_the_whole(name, real):
    path = real / "hms" / "train_eegs" / "1628180742.parquet"
    signals = bipolar(open_recording(path).signals())
    halo, step = round(FILTERED_S * SFREQ), 2000
    whole = FILTERS[name](signals)
    for first in range(halo, signals.shape[1] - halo - step, step):
        piece = FILTERS[name](signals[:, first - halo : first + step + halo])
        np.testing.assert_allclose(
            piece[:, halo:-halo], whole[:, first : first + step], atol=1e-3, rtol=0
        )


def test_bridges_are_straight_lines():
    times = np.arange(100.0)
    signals = np.stack([3 * times + 7, -times])
    signals[0, 40:60] = np.nan
    bridged, gaps = bridge(signals)
    np.testing.assert_allclose(bridged, [3 * times + 7, -times])
    assert np.flatnonzero(gaps[0]).tolist() == list(range(40, 60))
    assert not gaps[1].any()


def test_bridges_hold_the_last_value_at_either_end():
    signals = np.array([[np.nan, np.nan, 4.0, 5.0, np.nan]])
    np.testing.assert_array_equal(bridge(signals)[0], [[4, 4, 4, 5, 5]])


def lines(signals: np.ndarray) -> np.ndarray:
    """Straight lines across gaps of any length."""
    times, drawn = np.arange(signals.shape[1]), signals.astype(np.float64)
    for row, gap in zip(drawn, np.isnan(signals), strict=True):
        row[gap] = np.interp(times[gap], times[~gap], row[~gap])
    return drawn


@given(
    spans=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 9999), st.integers(1, 3999)), max_size=8
    )
)
@settings(max_examples=40, deadline=None)
def test_gaps_of_twenty_seconds_are_crossed_by_lines_to_the_last_bit(spans):
    signals = noise(50.0)[:3]
    for row, first, length in spans:
        if not np.isnan(signals[row, max(first - 1, 0) : first + length + 1]).any():
            signals[row, first : first + length] = np.nan
    np.testing.assert_array_equal(bridge(signals)[0], lines(signals))


def test_a_longer_gap_holds_both_values_and_crosses_in_its_middle():
    times = np.arange(10_000)
    signals = np.where(times < 5000, 3.0, -7.0)[None]
    signals[0, 2000 : 2000 + round(LONGEST_LINE_S * SFREQ) + 1] = np.nan
    signals[0, 0], signals[0, 1999], signals[0, 6001] = 100.0, 5.0, -9.0
    bridged = bridge(signals)[0][0]
    assert set(bridged[2000:3500]) == {5.0}
    assert set(bridged[4501:6001]) == {-9.0}
    crossing = np.diff(bridged[3500:4501])
    assert (crossing <= 0).all()
    assert np.abs(crossing).max() < 0.03


@pytest.mark.parametrize("name", ["waveform", "spectrogram"])
def test_a_step_across_a_long_gap_is_not_felt_beside_it(name):
    signals = np.full((1, 20_000), 500.0)
    signals[0, 10_000:] = -500.0
    signals[0, 8000 : 8000 + round(LONGEST_LINE_S * SFREQ) + 1] = np.nan
    bridged, gaps = bridge(signals)
    assert np.abs(FILTERS[name](bridged)[~gaps]).max() < 1e-3


@given(
    spans=st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 30_000), st.integers(1, 16_000)), max_size=6
    ),
    first=st.integers(0, 28_000),
    length=st.integers(1, 4000),
    offsets=st.lists(st.integers(-500, 500), min_size=3, max_size=3),
    name=st.sampled_from(sorted(FILTERS)),
)
@settings(max_examples=60, deadline=None)
def test_pieces_with_gaps_of_any_length_equal_the_whole(spans, first, length, offsets, name):
    # A span of row 3 is a gap of all rows; offsets leave steps of up to 1000 µV across gaps.
    signals = noise(150.0)[:3]
    for row, onset, n in spans:
        rows = slice(None) if row == 3 else slice(row, row + 1)
        signals[rows, onset : onset + n] = np.nan
        signals[rows, onset + n :] += np.array(offsets)[rows, None]
    margin = round(MARGIN_S * SFREQ)
    before = min(margin, first)
    piece = signals[:, first - before : first + length + margin]
    whole, gaps = bridge(signals)
    there = ~gaps[:, first : first + length]
    part = FILTERS[name](bridge(piece)[0])[:, before : before + length]
    expected = FILTERS[name](whole)[:, first : first + length]
    assert np.abs(part - expected)[there].max(initial=0) < 1e-3


def test_a_row_without_a_sample_is_zero_and_marked():
    bridged, gaps = bridge(np.full((1, 10), np.nan))
    assert not bridged.any()
    assert gaps.all()


def test_bridging_leaves_the_signals_given_alone():
    signals = noise(1.0)
    signals[2, 10:20] = np.nan
    before = signals.copy()
    bridged, gaps = bridge(signals)
    np.testing.assert_array_equal(signals, before)
    np.testing.assert_array_equal(bridged[~gaps], signals[~gaps])
