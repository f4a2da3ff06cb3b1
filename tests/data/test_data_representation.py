import numpy as np
import pytest

from hms_folder import noise
from nasion.config import Signal, Spectrogram
from nasion.data.representation import ReadyMade, cut, represent, view_of, window_start_s
from nasion.eeg.formats import open_recording
from nasion.terms import CENTRE_S, CONTEXT_S, SEGMENT_S

ALL = Signal(spectrogram=Spectrogram(views=("centre", "window", "context")))
SFREQ = ALL.waveform.sfreq


@pytest.fixture(scope="module")
def minute():
    return represent(noise(60.0), ALL)


def centres_s(name: str, start_s: float) -> np.ndarray:
    """When the columns of a view are centred whose span begins at `start_s`."""
    view = view_of(ALL, name)
    first = np.ceil((start_s - view.window_s / 2) / view.step_s)
    return (first + np.arange(view.n_columns)) * view.step_s + view.window_s / 2


def columns_at(minute, name: str, times_s: np.ndarray) -> np.ndarray:
    """Columns of the whole EEG that are centred at these times."""
    view = view_of(ALL, name)
    places = np.round((times_s - view.window_s / 2) / view.step_s).astype(int)
    columns = minute.columns[name]
    there = (places >= 0) & (places < columns.shape[-1])
    result = np.full((*columns.shape[:2], len(places)), np.nan, np.float32)
    result[:, :, there] = columns[:, :, places[there]]
    return result


def test_a_window_has_the_shapes_of_the_settings(minute):
    window = cut(minute, ALL, 4.0)
    assert window.waveform.shape == (18, round(SEGMENT_S * SFREQ))
    assert set(window.images) == set(ALL.spectrogram.views)
    for name, image in window.images.items():
        view = view_of(ALL, name)
        assert image.shape == (4, view.n_freqs, view.n_columns)
        assert image.dtype == np.float32


@pytest.mark.parametrize("offset_s", [0.0, 2.0, 6.0, 10.0])
def test_all_of_a_window_is_about_the_same_centre(minute, offset_s):
    window = cut(minute, ALL, offset_s)
    first = round(offset_s * SFREQ)
    np.testing.assert_array_equal(window.waveform, minute.waveform[:, first : first + 2500])
    for name, image in window.images.items():
        times_s = centres_s(name, offset_s + (SEGMENT_S - view_of(ALL, name).span_s) / 2)
        np.testing.assert_array_equal(image, columns_at(minute, name, times_s))
        # Centred on the label, to one column.
        middle_s = times_s.mean() + view_of(ALL, name).step_s / 2
        assert abs(middle_s - (offset_s + SEGMENT_S / 2)) <= view_of(ALL, name).step_s / 2


def test_columns_of_the_context_are_those_of_hms(minute):
    # Centres c - 299, c - 297, ..., c + 299 of a label centred at c.
    times_s = centres_s("context", 6.0 + (SEGMENT_S - CONTEXT_S) / 2)
    np.testing.assert_array_equal(times_s, 31.0 + np.arange(-299, 300, 2))


@pytest.mark.parametrize("duration_s", [10.0, 10.5, 30.0, 49.9])
def test_a_short_eeg_is_the_middle_of_its_window(duration_s):
    signals = noise(duration_s)
    whole = represent(signals, ALL)
    window = cut(whole, ALL, 0.0)
    assert window_start_s(0.0, duration_s) == pytest.approx((duration_s - SEGMENT_S) / 2)
    there = np.isfinite(window.waveform).all(axis=0)
    assert there.sum() == whole.waveform.shape[1]
    first = np.flatnonzero(there)[0]
    assert first / SFREQ == pytest.approx((SEGMENT_S - duration_s) / 2, abs=1 / SFREQ)
    np.testing.assert_array_equal(window.waveform[:, there], whole.waveform)
    assert np.isnan(window.waveform[:, ~there]).all()
    for name, image in window.images.items():
        columns = np.isfinite(image).all(axis=(0, 1))
        assert columns.sum() == min(whole.columns[name].shape[-1], image.shape[-1])
        np.testing.assert_array_equal(np.isnan(image).any(axis=(0, 1)), ~columns)


def test_ten_seconds_stand_at_the_middle_ten():
    whole = represent(noise(CENTRE_S), ALL)
    window = cut(whole, ALL, 0.0)
    assert np.flatnonzero(np.isfinite(window.waveform[0])).tolist() == list(range(1000, 1500))
    times_s = np.arange(100) * 0.5  # of the columns of the 50-s view
    there = np.isfinite(window.images["window"]).all(axis=(0, 1))
    np.testing.assert_array_equal(there, (times_s >= 21) & (times_s <= 29))


def test_an_offset_does_not_move_a_short_eeg():
    whole = represent(noise(CENTRE_S), ALL)
    one, other = cut(whole, ALL, 0.0), cut(whole, ALL, 4.0)
    np.testing.assert_array_equal(one.waveform, other.waveform)


def test_what_lies_outside_the_eeg_is_nan(minute):
    window = cut(minute, ALL, 30.0)
    assert np.isfinite(window.waveform[:, :1500]).all()
    assert np.isnan(window.waveform[:, 1500:]).all()


@pytest.mark.parametrize("shift", [-50, -10, 0, 25, 50])
def test_a_shift_moves_waveform_and_finer_images_alike(minute, shift):
    window = cut(minute, ALL, 4.0, shift=shift)
    first = round(4.0 * SFREQ) + shift
    np.testing.assert_array_equal(window.waveform, minute.waveform[:, first : first + 2500])
    still = cut(minute, ALL, 4.0)
    np.testing.assert_array_equal(window.images["context"], still.images["context"])
    for name in ("centre", "window"):
        view = view_of(ALL, name)
        moved = round(shift / SFREQ / view.step_s) * view.step_s
        assert abs(moved - shift / SFREQ) <= view.step_s / 2
        start_s = 4.0 + moved + (SEGMENT_S - view.span_s) / 2
        np.testing.assert_array_equal(
            window.images[name], columns_at(minute, name, centres_s(name, start_s))
        )


def test_a_ready_made_context_is_taken_as_it_is(minute):
    context = np.random.default_rng(0).normal(size=(4, 100, 300)).astype(np.float32)
    window = cut(minute, ALL, 4.0, context=context)
    np.testing.assert_array_equal(window.images["context"], context)
    np.testing.assert_array_equal(window.images["window"], cut(minute, ALL, 4.0).images["window"])


@pytest.mark.parametrize(("offset_s", "first"), [(0, 0), (6, 3), (40, 20), (1, 0), (-4, -2)])
def test_an_image_begins_with_the_first_column_in_it(offset_s, first):
    columns = np.random.default_rng(0).normal(size=(4, 100, 310)).astype(np.float32)
    image = ReadyMade(1.0, columns).image(float(offset_s), ALL.spectrogram.context)
    assert image.shape == (4, 100, 300)
    inside = np.arange(first, first + 300)
    there = (inside >= 0) & (inside < 310)
    np.testing.assert_array_equal(image[:, :, there], columns[:, :, inside[there]])
    assert np.isnan(image[:, :, ~there]).all()


def test_only_the_views_asked_for_are_computed():
    settings = Signal(spectrogram=Spectrogram(views=("centre",)))
    whole = represent(noise(52.0), settings)
    assert set(whole.columns) == set(cut(whole, settings, 0.0).images) == {"centre"}


@pytest.mark.real
def test_views_of_a_real_eeg_are_on_the_scale_of_the_network(real):
    recording = open_recording(real / "hms" / "train_eegs" / "1628180742.parquet")
    whole = represent(recording.signals(), ALL)
    low, high = ((x - 2.0) / 2.0 for x in ALL.spectrogram.log_range)
    for columns in whole.columns.values():
        assert np.isfinite(columns).all()
        assert columns.min() >= low
        assert columns.max() <= high
        assert abs(columns.mean()) < 2
    assert 0.1 < whole.waveform.std() < 10
