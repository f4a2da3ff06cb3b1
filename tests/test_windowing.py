"""Where windows begin and what of an EEG each view of them is."""

from dataclasses import replace

import numpy as np
import pytest

from hms_folder import noise
from nasion.config import Signal, Spectrogram
from nasion.data.representation import represent
from nasion.terms import BLOCK_S, CENTRE_S, CONTEXT_S, HMS_COLUMN_S, READING_STEP_S, SEGMENT_S
from nasion.windowing import (
    N_BLOCKS,
    Windows,
    centre_start_s,
    cut,
    cut_at,
    first_column,
    label_start_s,
    n_steps_of,
    step_at,
    step_of_centre,
    step_start_s,
    views_of,
)

ALL = Signal(spectrogram=Spectrogram(views=("centre", "window", "context")))
VIEWS = views_of(ALL)
SFREQ = ALL.waveform.sfreq


def test_a_window_is_whole_blocks_and_a_step_is_whole_blocks_and_columns():
    assert N_BLOCKS * BLOCK_S == SEGMENT_S
    for pitch_s in (BLOCK_S, HMS_COLUMN_S, *(view.step_s for view in VIEWS.values())):
        assert READING_STEP_S % pitch_s == 0


@pytest.mark.parametrize(("duration_s", "n_steps"), [(10, 5), (10.01, 6), (12, 6), (12 + 1e-9, 6)])
def test_steps_cover_a_recording(duration_s, n_steps):
    assert n_steps_of(duration_s) == n_steps


def test_a_step_speaks_of_the_middle_of_its_window():
    for step in (0, 1, 7, 100):
        assert centre_start_s(step) - step_start_s(step) == (SEGMENT_S - CENTRE_S) / 2
        assert step_of_centre(centre_start_s(step)) == step
        middle_s = centre_start_s(step) + CENTRE_S / 2
        assert step_at(middle_s, 1000) == step
    assert (step_at(-3.0, 10), step_at(19.9, 10), step_at(60.0, 10)) == (0, 9, 9)


@pytest.mark.parametrize("name", VIEWS)
def test_the_first_column_is_the_first_centred_at_or_after_a_time(name):
    view = VIEWS[name]
    for start_s in (-295.0, -20.0, -0.5, 0.0, 0.3, 1.0, 2.0, 17.0):
        column = first_column(view, start_s)
        centre_s = column * view.step_s + view.window_s / 2
        assert start_s <= centre_s < start_s + view.step_s


@pytest.fixture(scope="module")
def minute():
    return represent(noise(60.0), ALL)


def centres_s(name: str, start_s: float) -> np.ndarray:
    """When the columns of a view are centred whose span begins at `start_s`."""
    view = VIEWS[name]
    first = np.ceil((start_s - view.window_s / 2) / view.step_s)
    return (first + np.arange(view.n_columns)) * view.step_s + view.window_s / 2


def columns_at(minute, name: str, times_s: np.ndarray) -> np.ndarray:
    """Columns of the whole EEG that are centred at these times."""
    view = VIEWS[name]
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
        view = VIEWS[name]
        assert image.shape == (4, view.n_freqs, view.n_columns)
        assert image.dtype == np.float32


@pytest.mark.parametrize("offset_s", [0.0, 2.0, 6.0, 10.0])
def test_all_of_a_window_is_about_the_same_centre(minute, offset_s):
    window = cut(minute, ALL, offset_s)
    first = round(offset_s * SFREQ)
    np.testing.assert_array_equal(window.waveform, minute.waveform[:, first : first + 2500])
    for name, image in window.images.items():
        times_s = centres_s(name, offset_s + (SEGMENT_S - VIEWS[name].span_s) / 2)
        np.testing.assert_array_equal(image, columns_at(minute, name, times_s))
        # Centred on the label, to one column.
        middle_s = times_s.mean() + VIEWS[name].step_s / 2
        assert abs(middle_s - (offset_s + SEGMENT_S / 2)) <= VIEWS[name].step_s / 2


def test_columns_of_the_context_are_those_of_hms(minute):
    # Centres c - 299, c - 297, ..., c + 299 of a label centred at c.
    times_s = centres_s("context", 6.0 + (SEGMENT_S - CONTEXT_S) / 2)
    np.testing.assert_array_equal(times_s, 31.0 + np.arange(-299, 300, 2))


@pytest.mark.parametrize("duration_s", [10.0, 10.5, 30.0, 49.9])
def test_a_short_eeg_is_the_middle_of_its_window(duration_s):
    signals = noise(duration_s)
    whole = represent(signals, ALL)
    window = cut(whole, ALL, 0.0)
    assert label_start_s(0.0, duration_s) == pytest.approx((duration_s - SEGMENT_S) / 2)
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


@pytest.mark.parametrize("span_s", [120.0, 600.0])
def test_a_context_of_any_length_is_about_the_centre_too(minute, span_s):
    view = ALL.spectrogram.context.model_copy(update={"span_s": span_s})
    spectrogram = ALL.spectrogram.model_copy(update={"context": view})
    image = cut(minute, ALL.model_copy(update={"spectrogram": spectrogram}), 4.0).images["context"]
    whole = cut(minute, ALL, 4.0).images["context"]
    beside = (whole.shape[2] - image.shape[2]) // 2
    np.testing.assert_array_equal(image, whole[:, :, beside : whole.shape[2] - beside])


@pytest.mark.parametrize("start_s", [-30.0, -7.5, 0.0, 3.14, 55.0])
def test_a_window_may_begin_anywhere(minute, start_s):
    window = cut_at(minute, ALL, start_s)
    places = round(start_s * SFREQ) + np.arange(2500)
    inside = (places >= 0) & (places < minute.waveform.shape[1])
    np.testing.assert_array_equal(window.waveform[:, inside], minute.waveform[:, places[inside]])
    assert np.isnan(window.waveform[:, ~inside]).all()
    for name, image in window.images.items():
        times_s = centres_s(name, start_s + (SEGMENT_S - VIEWS[name].span_s) / 2)
        np.testing.assert_array_equal(image, columns_at(minute, name, times_s))


@pytest.mark.parametrize("shift", [-50, -10, 0, 25, 50])
def test_a_shift_moves_waveform_and_finer_images_alike(minute, shift):
    window = cut(minute, ALL, 4.0, shift=shift)
    first = round(4.0 * SFREQ) + shift
    np.testing.assert_array_equal(window.waveform, minute.waveform[:, first : first + 2500])
    still = cut(minute, ALL, 4.0)
    np.testing.assert_array_equal(window.images["context"], still.images["context"])
    for name in ("centre", "window"):
        view = VIEWS[name]
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


def test_a_lost_derivation_lowers_present_everywhere():
    window = cut(represent(noise(50.0), ALL), ALL, 0.0)
    window.waveform[:9] = np.nan
    batch = Windows.of([window], ALL)
    np.testing.assert_array_equal(batch.present, np.full((1, 25), 0.5))
    assert not batch.waveform[:, :9].any()


@pytest.mark.parametrize(
    ("name", "n_columns", "present"),
    [
        ("centre", 1, 1.0),  # the shortest: any column
        ("centre", 0, 0.0),
        ("window", 50, 1.0),  # a longer one: half of its columns
        ("window", 49, 0.0),
        ("context", 150, 1.0),
        ("context", 149, 0.0),
    ],
)
def test_a_view_is_present_with_enough_columns(name, n_columns, present):
    full = cut(represent(noise(50.0), ALL), ALL, 0.0)
    images = {other: np.ones_like(image) for other, image in full.images.items()}
    images[name][:, :, n_columns:] = np.nan
    window = replace(full, images=images)
    batch = Windows.of([window], ALL)
    assert {other: float(flag[0]) for other, flag in batch.image_present.items()} == {
        **dict.fromkeys(images, 1.0),
        name: present,
    }


def test_the_shortest_view_is_told_by_its_span():
    settings = Signal(spectrogram=Spectrogram(views=("context", "window")))
    window = cut(represent(noise(10.0), settings), settings, 0.0)
    present = Windows.of([window], settings).image_present
    assert (present["window"][0], present["context"][0]) == (1.0, 0.0)


def test_stacking_leaves_the_windows_alone():
    window = cut(represent(noise(10.0), ALL), ALL, 0.0)
    Windows.of([window], ALL)
    assert np.isnan(window.waveform).any()
    assert np.isnan(window.images["window"]).any()
