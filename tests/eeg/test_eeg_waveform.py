import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_edf import STEP_UV, write

from hms_folder import noise
from nasion.config import Waveform
from nasion.eeg.formats import open_recording
from nasion.eeg.waveform import mu_law, waveform
from nasion.terms import (
    ALIASES,
    COLUMNS,
    DERIVATIONS,
    MIRRORED_COLUMNS,
    MIRRORED_DERIVATIONS,
    SFREQ,
)

WIDE = Waveform(sfreq=200.0)
HMS = ("1445780287", "1572717157", "1628180742", "2277392603", "722738444")


def test_rows_are_derivations_and_samples_are_decimated():
    for n_times in (2000, 2001, 2003, 2004):
        result = waveform(noise(n_times / SFREQ), Waveform())
        assert result.shape == (18, -(-n_times // 4))
        assert result.dtype == np.float32


@pytest.mark.real
@pytest.mark.parametrize("eeg_id", HMS)
def test_hms_and_edf_of_the_same_eeg_give_the_same(real, tmp_path, eeg_id):
    parquet = open_recording(real / "hms" / "train_eegs" / f"{eeg_id}.parquet")
    signals = np.clip(parquet.signals(), -3200, 3200)
    alias_of = {name: alias for alias, name in ALIASES.items()}
    labels = tuple(f"EEG {alias_of.get(name, name).upper()}-REF" for name in COLUMNS)
    edf = open_recording(write(tmp_path / "a.edf", signals, labels=labels))
    settings = Waveform()
    ours, theirs = (waveform(given, settings) for given in (signals, edf.signals()))
    assert np.isfinite(ours).all()
    # Two roundings of half a step; the filter's impulse response sums to less than 2.
    np.testing.assert_allclose(theirs, ours, atol=2 * STEP_UV / settings.scale_uv, rtol=0)
    assert np.abs(theirs - ours).mean() < 0.5 * STEP_UV / settings.scale_uv


def test_twice_the_amplitude_is_twice_the_waveform():
    signals = noise(20.0)
    np.testing.assert_allclose(
        waveform(2 * signals, Waveform()), 2 * waveform(signals, Waveform()), atol=1e-5
    )


def test_microvolts_are_divided_by_the_scale():
    signals = noise(20.0)
    one = waveform(signals, Waveform(scale_uv=1.0))
    np.testing.assert_allclose(waveform(signals, Waveform(scale_uv=64.0)), one / 64, rtol=1e-6)
    times = np.arange(4000) / SFREQ
    sine = np.zeros((20, 4000), np.float32)
    sine[COLUMNS.index("T3")] = 40 * np.sin(2 * np.pi * 5 * times)
    rows = waveform(sine, WIDE)[:, 1000:3000].max(axis=1) * WIDE.scale_uv
    expected = [40.0 if "T3" in pair else 0.0 for pair in DERIVATIONS]
    np.testing.assert_allclose(rows, expected, atol=0.5)


def test_large_voltages_are_clipped():
    settings = Waveform(clip_uv=100.0)
    signals = 20 * noise(20.0)
    result = waveform(signals, settings) * settings.scale_uv
    free = waveform(signals, Waveform()) * settings.scale_uv
    assert np.abs(free).max() > 200
    np.testing.assert_allclose(result, np.clip(free, -100, 100), atol=1e-4)
    assert result.min() == pytest.approx(-100)
    assert result.max() == pytest.approx(100)


@pytest.mark.parametrize("quantise", ["none", "mu-law"])
def test_a_gap_stays_exactly_where_it_was(quantise):
    signals = noise(30.0)
    signals[:, 2000:2401] = np.nan
    signals[COLUMNS.index("Cz"), 3000:3002] = np.nan  # 3000 is kept by the decimation
    result = waveform(signals, Waveform(quantise=quantise))
    for pair, row in zip(DERIVATIONS, result, strict=True):
        lost = [*range(500, 601), *([750] if "Cz" in pair else [])]
        assert np.flatnonzero(np.isnan(row)).tolist() == lost


def test_a_gap_changes_nothing_far_from_it():
    signals = noise(60.0)
    broken = signals.copy()
    broken[:, 5000:5200] = np.nan
    whole, other = waveform(signals, Waveform()), waveform(broken, Waveform())
    np.testing.assert_allclose(other[:, :700], whole[:, :700], atol=1e-3)
    np.testing.assert_allclose(other[:, 1850:], whole[:, 1850:], atol=1e-3)


@pytest.mark.parametrize("sfreq", [50.0, 100.0])
def test_decimation_keeps_time_and_is_not_filtered_unless_asked_for(sfreq):
    signals = noise(20.0)
    whole = waveform(signals, WIDE)
    few = waveform(signals, Waveform(sfreq=sfreq))
    np.testing.assert_array_equal(few, whole[:, :: round(SFREQ / sfreq)])


def sine_at(freq_hz):
    signals = np.zeros((20, 12000), np.float32)
    signals[COLUMNS.index("T3")] = 100 * np.sin(2 * np.pi * freq_hz * np.arange(12000) / SFREQ)
    return signals


@pytest.mark.parametrize(
    ("band_hz", "order", "sfreq"), [((0.0, 20.0), 4, 40.0), ((0.5, 20.0), 2, 50.0)]
)
def test_a_band_up_to_the_nyquist_frequency_is_decimated_without_aliases(band_hz, order, sfreq):
    settings = Waveform(band_hz=band_hz, order=order, sfreq=sfreq, scale_uv=1.0, anti_alias=True)
    whole = Waveform(band_hz=band_hz, order=order, sfreq=200.0, scale_uv=1.0)
    step = round(SFREQ / sfreq)
    for freq_hz in (1.0, 8.0, 0.89 * sfreq / 2):  # kept as the band-pass has it, in its place
        few, many = (waveform(sine_at(freq_hz), each) for each in (settings, whole))
        inner = slice(500, -500)
        np.testing.assert_allclose(few[:, inner], many[:, ::step][:, inner], atol=0.2)
    for freq_hz in (sfreq / 2 + 0.01, 0.55 * sfreq, 0.7 * sfreq, 0.9 * sfreq):
        assert np.abs(waveform(sine_at(freq_hz), settings)[:, 500:-500]).max() < 0.15


def test_mirrored_electrodes_give_a_mirrored_waveform():
    signals = noise(10.0)
    np.testing.assert_array_equal(
        waveform(signals[MIRRORED_COLUMNS], Waveform()),
        waveform(signals, Waveform())[MIRRORED_DERIVATIONS],
    )


def test_what_all_electrodes_share_does_not_show():
    signals = noise(20.0)
    hum = 50 * np.sin(2 * np.pi * 10 * np.arange(4000) / SFREQ).astype(np.float32)
    np.testing.assert_allclose(
        waveform(signals + hum, Waveform()), waveform(signals, Waveform()), atol=1e-5
    )


def test_mu_law_has_256_levels_and_rises():
    values = np.linspace(-1, 1, 100_001)
    levels = mu_law(values)
    assert len(np.unique(levels)) == 256
    assert (np.diff(levels) >= 0).all()
    assert (levels[0], levels[-1]) == (-1.0, 1.0)


@given(st.floats(-1, 1))
def test_mu_law_is_odd_to_one_level(value):
    both = mu_law(np.array([value, -value]))
    assert abs(both.sum()) <= 2 / 255 + 1e-12
    assert np.abs(both).max() <= 1


def test_mu_law_spends_its_levels_on_small_voltages():
    steps = np.diff(np.searchsorted(mu_law(np.linspace(0, 1, 10_001)), [0, 0.25, 0.5, 0.75, 1]))
    assert (np.diff(steps) > 0).all()


def test_a_quantised_waveform_is_the_companded_one():
    signals = noise(20.0)
    result = waveform(signals, Waveform(quantise="mu-law"))
    free = waveform(signals, Waveform(scale_uv=1.0)).astype(np.float64)
    np.testing.assert_allclose(result, mu_law(free / 1024), atol=1.01 * 2 / 255)
    assert len(np.unique(result)) <= 256
