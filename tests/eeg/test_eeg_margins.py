"""Pieces equal the whole, wherever gaps are."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hms_folder import noise
from nasion.config import HMS_VIEW, Signal, Waveform
from nasion.data.representation import represent
from nasion.eeg.margins import Margins
from nasion.eeg.recording import Recording
from nasion.eeg.spectrogram import cleaned, columns, power
from nasion.eeg.waveform import waveform
from nasion.explanation.explanation import window_at
from nasion.hms.convert import convert
from nasion.terms import COLUMNS, SFREQ
from nasion.windowing import cut_at

DURATION_S = 130.0
BORDERS_S = (50.0, 80.0)
N_TIMES = round(DURATION_S * SFREQ)
NOISE = noise(DURATION_S)
LEAST_LN, LEAST_UV = 1e-5, 1e-3  # what of a cut is left where filters have decayed

# Gaps of .1 to 40 s: row of COLUMNS (20: all), begin relative to a border, length, and by how
# much the signal behind it is moved.
gap = st.tuples(
    st.integers(0, len(COLUMNS)),
    st.sampled_from(BORDERS_S),
    st.floats(-50.0, 15.0),
    st.floats(0.1, 40.0),
    st.floats(-300.0, 300.0),
)


def with_gaps(gaps):
    signals = NOISE.copy()
    for row, border_s, begin_s, length_s, offset_uv in gaps:
        rows = slice(None) if row == len(COLUMNS) else slice(row, row + 1)
        begin = max(round((border_s + begin_s) * SFREQ), 0)
        end = begin + round(length_s * SFREQ)
        signals[rows, begin:end] = np.nan
        signals[rows, end:] += offset_uv * np.cos(np.arange(len(signals[rows])))[:, None]
    return signals


def recording_of(signals):
    return Recording(
        name="made", n_times=signals.shape[1], read=lambda start, stop: signals[:, start:stop]
    )


def assert_same_power(part, whole):
    np.testing.assert_array_equal(np.isnan(part), np.isnan(whole))
    known = np.isfinite(whole)
    assert np.abs(np.log(part[known]) - np.log(whole[known])).max(initial=0) < LEAST_LN


def assert_same_signal(part, whole, scale_uv=1.0):
    np.testing.assert_array_equal(np.isnan(part), np.isnan(whole))
    assert np.nanmax(np.abs(part - whole), initial=0) * scale_uv < LEAST_UV


@given(st.lists(gap, max_size=4), st.integers(0, 64), st.integers(1, 30))
@settings(max_examples=25, deadline=None)
def test_pieces_equal_the_whole_with_gaps_anywhere(gaps, first, length):
    signals = with_gaps(gaps)
    margins = Margins.around(
        400 * first, min(400 * (first + length), N_TIMES), N_TIMES, window_s=4.0
    )
    around = signals[:, margins.first : margins.last]
    whole = power(*cleaned(signals), HMS_VIEW)
    part = columns(*cleaned(around), HMS_VIEW, margins)
    n = min(whole.shape[2] - first, part.shape[2])
    assert_same_power(part[:, :, :n], whole[:, :, first : first + n])
    assert np.isnan(part[:, :, n:]).all()
    for form in (Waveform(), Waveform(band_hz=(0.0, 20.0), sfreq=40.0, anti_alias=True)):
        step = round(SFREQ / form.sfreq)
        assert_same_signal(
            waveform(around, form, margins),
            waveform(signals, form)[:, margins.start // step : margins.stop // step],
            form.scale_uv,
        )


@pytest.mark.parametrize("length_s", [0.1, 9.0, 15.0, 20.0, 40.0])
def test_a_gap_at_the_border_of_pieces_changes_nothing_that_is_converted(
    length_s, tmp_path, monkeypatch
):
    for number, begin_s in enumerate((-length_s - 0.5, -length_s / 2, 3.0)):
        gaps = [(20, border_s, begin_s, length_s, 250.0) for border_s in BORDERS_S]
        recording = recording_of(with_gaps(gaps))
        written = []
        for piece_s in (1000.0, 10.0):
            monkeypatch.setattr("nasion.hms.convert.PIECE_S", piece_s)
            folder = tmp_path / f"{number}-{piece_s:g}"
            convert([recording], folder, every_s=50.0)
            written.append(folder)
        whole, part = (pd.read_parquet(f / "test_spectrograms" / "1.parquet") for f in written)
        assert whole["time"].tolist() == part["time"].tolist() == list(range(2, 130, 2))
        assert_same_power(part.to_numpy()[:, 1:].T, whole.to_numpy()[:, 1:].T)
        whole, part = (pd.read_parquet(f / "test_eegs" / "1.parquet") for f in written)
        pd.testing.assert_frame_equal(part, whole)


@given(st.lists(gap, min_size=1, max_size=3), st.integers(0, 120))
@settings(max_examples=8, deadline=None)
def test_an_explained_window_is_that_of_the_whole(gaps, at_s):
    signals, signal = with_gaps(gaps), Signal()
    window = window_at(recording_of(signals), float(at_s), signal)
    odd_s = at_s % 2  # columns stand on the grid of the label, made of the same filtered signal
    margins = Margins.around(-round(odd_s * SFREQ), N_TIMES, N_TIMES)
    whole = represent(signals[:, margins.first : margins.last], signal, margins)
    expected = cut_at(whole, signal, float(at_s + odd_s) - 20.0)
    assert_same_signal(window.waveform, expected.waveform, signal.waveform.scale_uv)
    for name, image in expected.images.items():
        np.testing.assert_allclose(window.images[name], image, atol=LEAST_LN)


@given(st.integers(-300, 500), st.integers(0, 300), st.integers(0, 300), st.integers(0, 100))
def test_cutting_gives_the_piece_and_nothing_beyond_the_recording(start, length, n_times, margin):
    margins = Margins.around(start, start + length, n_times, margin_s=margin / SFREQ)
    assert 0 <= margins.first <= margins.last <= n_times
    assert margins.last - margins.first <= length + 2 * margin
    samples = np.arange(n_times, dtype=float)
    piece = margins.cut(samples[margins.first : margins.last])
    places = np.arange(start, start + length)
    inside = (places >= 0) & (places < n_times)
    np.testing.assert_array_equal(piece, np.where(inside, places, np.nan))


def test_what_lies_ten_minutes_apart_is_converted_to_eegs_of_their_own(tmp_path):
    gaps = ((40.0, 3600.0), (3700.0, 90.0), (3790.0 + 30.0, 7 * 86_400.0))
    n_times = round((gaps[2][0] + gaps[2][1] + 1.0) * SFREQ)
    spans = (0, 8000), (728_000, 740_000), (758_000, 764_000), (n_times - 200, n_times)

    def read(start, stop):
        signals = np.full((20, stop - start), np.nan, np.float32)
        for first, last in spans:
            low, high = max(first, start), min(last, stop)
            if low < high:
                signals[:, low - start : high - start] = NOISE[:, low - first : high - first]
        return signals

    far = Recording("far", n_times, read, gaps_s=gaps)
    convert([far, recording_of(NOISE)], tmp_path, every_s=50.0)
    table = pd.read_csv(tmp_path / "test.csv")
    assert table["eeg_id"].tolist() == [1, 2, 2, 2, 3, 4, 4]
    assert table["patient_id"].tolist() == [1, 1, 1, 1, 1, 2, 2]
    begins = table.groupby("eeg_id")["recording_offset_seconds"].first().tolist()
    assert begins == [0.0, 3640.0, n_times / SFREQ - 4.0, 0.0]
    for number, (first, last) in enumerate(
        ((0, 8000), (728_000, 764_000), (n_times - 800, n_times)), start=1
    ):
        eeg = pd.read_parquet(tmp_path / "test_eegs" / f"{number}.parquet")
        np.testing.assert_array_equal(eeg.to_numpy().T, read(first, last))
    assert len(pd.read_parquet(tmp_path / "test_spectrograms" / "3.parquet")) == 1
