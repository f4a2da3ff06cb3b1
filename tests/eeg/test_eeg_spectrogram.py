from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.signal.windows import dpss

from hms_folder import noise
from nasion.config import HMS_VIEW, Spectrogram, View
from nasion.eeg.formats import open_recording
from nasion.eeg.margins import FILTERED_S, Margins
from nasion.eeg.spectrogram import (
    COLUMNS_AT_ONCE,
    cleaned,
    columns,
    power,
    scaled,
)
from nasion.hms.layout import from_table, hms_columns, to_table
from nasion.hms.writer import spectrogram_of
from nasion.terms import (
    CHAIN_DERIVATIONS,
    COLUMNS,
    CONTEXT_S,
    MIRRORED_COLUMNS,
    SEGMENT_S,
    SFREQ,
    SPECTROGRAM_CHAINS,
    Chain,
)

WHOLE = (1445780287, 1572717157, 1628180742, 722738444)
CUT = 2277392603  # 52 s, of which the official filter saw more than the file holds
VIEWS = {name: getattr(Spectrogram(), name) for name in ("context", "window", "centre")}


def chains(signals: np.ndarray, view: View = HMS_VIEW) -> dict[Chain, np.ndarray]:
    return dict(zip(SPECTROGRAM_CHAINS, power(*cleaned(signals), view), strict=True))


def common(real: Path, eeg_id: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Our rows and the official ones at the same times, 10 s at either end of the EEG aside."""
    row = pd.read_csv(real / "hms" / "train.csv").set_index("eeg_id").loc[[eeg_id]].iloc[0]
    recording = open_recording(real / "hms" / "train_eegs" / f"{eeg_id}.parquet")
    ours = to_table(spectrogram_of(recording.signals()), 2.0)
    # Both windows of a label have the same centre.
    ours["time"] += int(row["spectrogram_label_offset_seconds"] + CONTEXT_S / 2)
    ours["time"] -= int(row["eeg_label_offset_seconds"] + SEGMENT_S / 2)
    name = f"{int(row['spectrogram_id'])}.parquet"
    official = pd.read_parquet(real / "hms" / "train_spectrograms" / name)
    assert list(official.columns) == list(ours.columns) == ["time", *hms_columns()]
    ends = round(10 / HMS_VIEW.step_s)  # columns that reach into 10 s at either end
    stretch = ours.iloc[ends:-ends].set_index("time")
    assert len(stretch) >= 15
    return stretch, official.set_index("time").loc[stretch.index]  # fails unless times coincide


@pytest.mark.real
@pytest.mark.parametrize("eeg_id", [*WHOLE, CUT])
def test_spectrograms_of_hms_are_reproduced(real, eeg_id):
    ours, official = common(real, eeg_id)
    for chain in SPECTROGRAM_CHAINS:
        names = [name for name in hms_columns() if name.startswith(f"{chain}_")]
        a, b = ours[names].to_numpy(), official[names].to_numpy()
        kept = b > 0  # they are rounded to 0.01
        assert kept.mean() > 0.7
        correlation = np.corrcoef(np.log(a[kept]), np.log(b[kept]))[0, 1]
        assert correlation >= (0.98 if eeg_id == CUT else 0.9995)
        assert np.median(a[kept] / b[kept]) == pytest.approx(1.0, abs=0.002)


@pytest.mark.real
def test_spectrograms_of_hms_are_reproduced_at_every_frequency(real):
    # Sharper than the correlation: another order or edge of the filters shows here.
    pairs = [common(real, eeg_id) for eeg_id in WHOLE]
    a, b = (np.concatenate([pair[i].to_numpy().reshape(-1, 100) for pair in pairs]) for i in (0, 1))
    ratios = np.where(b > 0.3, a / np.maximum(b, 0.3), np.nan)
    off = np.abs(np.nanmedian(ratios, axis=0) - 1)
    assert off[0] < 0.05  # at 0.59 Hz the filter remembers what lies outside the EEG
    assert off[1:].max() < 0.006
    assert off[10:].max() < 0.002


@pytest.mark.parametrize("name", VIEWS)
def test_power_is_that_of_the_textbook(name):
    view = VIEWS[name]
    pairs, gaps = cleaned(noise(20.0))
    length, step = round(view.window_s * SFREQ), round(view.step_s * SFREQ)
    tapers = dpss(length, view.bandwidth, view.n_tapers) * np.sqrt(SFREQ)
    starts = range(0, pairs.shape[-1] - length + 1, step)
    windows = np.stack([pairs[:, :, start : start + length] for start in starts], axis=2)
    spectra = np.fft.rfft(windows[:, :, :, None] * tapers, view.n_fft) / SFREQ
    expected = (np.abs(spectra) ** 2).mean(axis=(1, 3))[..., view.bins[0] : view.bins[1] + 1]
    result = power(pairs, gaps, view)
    assert result.shape == (4, view.n_freqs, len(starts))
    np.testing.assert_allclose(result, expected.transpose(0, 2, 1), rtol=1e-4)


@pytest.mark.parametrize("name", ["context", "window"])
def test_white_noise_has_its_own_density(name):
    sd_uv = 10.0
    white = np.random.default_rng(0).normal(0, sd_uv, (20, 120_000)).astype(np.float32)
    view = VIEWS[name]
    freqs = np.arange(view.bins[0], view.bins[1] + 1) * SFREQ / view.n_fft
    middle = (freqs > 3) & (freqs < 15)
    # One-sided without doubling: sd² / sfreq a hertz, twice for the difference of two sites.
    density = power(*cleaned(white), view)[:, middle].mean()
    assert density == pytest.approx(2 * sd_uv**2 / SFREQ, rel=0.03)


@pytest.mark.parametrize("freq_hz", [2.0, 5.0, 9.3, 15.0])
def test_a_sine_peaks_at_its_frequency_and_grows_with_the_square(freq_hz):
    signals = np.zeros((20, 6000), np.float32)
    signals[COLUMNS.index("T3")] = 20 * np.sin(2 * np.pi * freq_hz * np.arange(6000) / SFREQ)
    result = chains(signals)
    freqs = np.arange(HMS_VIEW.bins[0], HMS_VIEW.bins[1] + 1) * SFREQ / HMS_VIEW.n_fft
    spectrum = result[Chain.LL][:, 5:10].mean(axis=1)
    # Three tapers of time-bandwidth 2 give a plateau of +-0.5 Hz.
    assert abs(freqs[spectrum.argmax()] - freq_hz) <= 0.5
    centroid = (freqs * spectrum).sum() / spectrum.sum()
    assert centroid == pytest.approx(freq_hz, abs=0.1)
    for chain in (Chain.LP, Chain.RP, Chain.RL):
        assert not result[chain].any()
    doubled = chains(2 * signals)[Chain.LL]
    np.testing.assert_allclose(doubled, 4 * result[Chain.LL], rtol=1e-4, atol=1e-6)
    # Half of the area below the peak is A²/2, and two of the four pairs hold the sine.
    area = spectrum.sum() * SFREQ / HMS_VIEW.n_fft
    assert 2 * area == pytest.approx(20**2 / 2 * 2 / 4, rel=0.05)


def test_a_pair_counts_only_where_half_of_its_window_is_there():
    signals = noise(40.0)
    length = round(HMS_VIEW.window_s * SFREQ)
    pairs, gaps = cleaned(signals)
    free = power(pairs, gaps, HMS_VIEW)
    gaps = gaps.copy()
    gaps[0, 1, 2000 : 2000 + length // 2] = True  # half of column 5
    np.testing.assert_array_equal(power(pairs, gaps, HMS_VIEW), free)
    gaps[0, 1, 2000 + length // 2] = True
    result = power(pairs, gaps, HMS_VIEW)
    without = power(np.delete(pairs, 1, axis=1), np.delete(gaps, 1, axis=1), HMS_VIEW)
    np.testing.assert_allclose(result[0, :, 5], without[0, :, 5], rtol=1e-5)
    np.testing.assert_array_equal(np.delete(result, 5, axis=2), np.delete(free, 5, axis=2))
    np.testing.assert_array_equal(result[1:], free[1:])


def test_a_chain_without_a_pair_is_nan():
    signals = noise(40.0)
    signals[:, 3000:5000] = np.nan
    result = power(*cleaned(signals), HMS_VIEW)
    # Column j spans samples 400 j .. 400 j + 800: 7..11 lose more than half of it.
    lost = [j for j in range(result.shape[2]) if _overlap(j, 3000, 5000) > 400]
    assert lost == [7, 8, 9, 10, 11]
    assert np.flatnonzero(np.isnan(result).all(axis=(0, 1))).tolist() == lost
    assert np.isfinite(np.delete(result, lost, axis=2)).all()


def _overlap(column: int, first: int, stop: int) -> int:
    return min(400 * column + 800, stop) - max(400 * column, first)


def test_a_lost_electrode_leaves_the_mean_of_the_other_pairs():
    signals = noise(30.0)
    broken = signals.copy()
    broken[COLUMNS.index("F7")] = np.nan
    result, free = chains(broken), chains(signals)
    for chain in (Chain.LP, Chain.RP, Chain.RL):
        np.testing.assert_array_equal(result[chain], free[chain])
    pairs, gaps = cleaned(signals)
    left = power(pairs[:, 2:], gaps[:, 2:], HMS_VIEW)[SPECTROGRAM_CHAINS.index(Chain.LL)]
    assert [pair for pair in CHAIN_DERIVATIONS[Chain.LL] if "F7" not in pair] == [
        ("T3", "T5"),
        ("T5", "O1"),
    ]
    np.testing.assert_allclose(result[Chain.LL], left, rtol=1e-5)


@pytest.mark.parametrize("name", VIEWS)
def test_too_little_signal_gives_no_column(name):
    view = VIEWS[name]
    length = round(view.window_s * SFREQ)
    for n_times, n_columns in ((length - 1, 0), (length, 1)):
        assert power(*cleaned(noise(n_times / SFREQ)), view).shape == (4, view.n_freqs, n_columns)


def test_columns_do_not_depend_on_how_long_the_signal_is():
    view = View(span_s=10.0, window_s=0.5, step_s=0.125, n_fft=128, bins=(1, 12))
    pairs, gaps = cleaned(noise(150.0))
    whole = power(pairs, gaps, view)
    assert whole.shape[2] > COLUMNS_AT_ONCE
    step = round(view.step_s * SFREQ)
    for column in (0, 1, 500, COLUMNS_AT_ONCE - 1, COLUMNS_AT_ONCE, whole.shape[2] - 1):
        piece = slice(column * step, column * step + round(view.window_s * SFREQ))
        alone = power(pairs[:, :, piece], gaps[:, :, piece], view)
        np.testing.assert_allclose(alone[:, :, 0], whole[:, :, column], rtol=1e-4)


@pytest.mark.real
@pytest.mark.parametrize("name", VIEWS)
def test_real_pieces_equal_the_whole(real, name):
    view = VIEWS[name]
    recording = open_recording(real / "hms" / "train_eegs" / "1628180742.parquet")
    whole = power(*cleaned(recording.signals()), view)
    first_s, stop_s = 20.0, 60.0
    margins = Margins.around(
        round(first_s * SFREQ), round(stop_s * SFREQ), recording.n_times, margin_s=FILTERED_S
    )
    piece = columns(*cleaned(recording.read(margins.first, margins.last)), view, margins)
    first = round(first_s / view.step_s)
    expected = whole[:, :, first : first + piece.shape[2]]
    np.testing.assert_allclose(piece, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", VIEWS)
def test_mirrored_electrodes_swap_the_sides(name):
    signals = noise(20.0)
    plain = chains(signals, VIEWS[name])
    mirrored = chains(signals[MIRRORED_COLUMNS], VIEWS[name])
    for chain, opposite in ((Chain.LL, Chain.RL), (Chain.LP, Chain.RP)):
        assert (plain[chain] != plain[opposite]).any()
        np.testing.assert_array_equal(mirrored[chain], plain[opposite])
        np.testing.assert_array_equal(mirrored[opposite], plain[chain])


def test_columns_of_a_file_come_back_by_name():
    frame = to_table(spectrogram_of(noise(30.0)), 2.0)
    shuffled = frame[np.random.default_rng(0).permutation(frame.columns)]
    columns = from_table(shuffled)
    np.testing.assert_array_equal(columns, power(*cleaned(noise(30.0)), HMS_VIEW))
    pd.testing.assert_frame_equal(to_table(columns, 2.0), frame)
    assert frame["time"].tolist() == list(range(2, 30, 2))[: len(frame)]
    np.testing.assert_array_equal(frame["RL_19.92"], columns[3, -1])
    np.testing.assert_array_equal(frame["LP_0.59"], columns[1, 0])


def test_scaling_is_the_logarithm_within_limits():
    settings = Spectrogram()
    low, high = settings.log_range
    logs = np.array([-np.inf, -20.0, low, 0.0, settings.log_centre, high, 30.0, np.nan])
    with np.errstate(over="raise"):
        result = scaled(np.exp(logs).astype(np.float32), settings)
    limited = np.clip(logs, low, high)
    expected = (limited - settings.log_centre) / settings.log_scale
    np.testing.assert_allclose(result, expected, atol=1e-6)
    assert result.dtype == np.float32
