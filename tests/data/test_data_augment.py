import numpy as np
import pytest

from hms_folder import noise
from nasion.config import Augment, Signal, Spectrogram, Waveform
from nasion.data.augment import (
    amplified,
    augmented,
    draw_shift,
    draw_span_s,
    mirror,
    mixed,
    narrowed,
)
from nasion.data.representation import represent
from nasion.terms import MIRRORED_COLUMNS
from nasion.windowing import Window, cut

ALL = Signal(spectrogram=Spectrogram(views=("centre", "window", "context")))
OFF = Augment(mirror=0, shift_s=0, drop_channel=0, amplitude=0, mask=0, mixup=0, hide_context=0)


def window_of(signals: np.ndarray, settings: Signal = ALL, offset_s: float = 0.0) -> Window:
    return cut(represent(signals, settings), settings, offset_s)


def assert_same(one: Window, other: Window, **tolerance: float) -> None:
    np.testing.assert_allclose(one.waveform, other.waveform, **tolerance)
    assert set(one.images) == set(other.images)
    for name, image in one.images.items():
        np.testing.assert_allclose(image, other.images[name], **tolerance)


@pytest.fixture(scope="module")
def window():
    return window_of(noise(60.0), offset_s=4.0)


def test_mirroring_twice_is_nothing(window):
    assert_same(mirror(mirror(window)), window, rtol=0)
    assert (mirror(window).waveform != window.waveform).any()


def test_mirroring_the_window_is_mirroring_the_electrodes():
    signals = noise(60.0)
    signals[2, 3000:4000] = np.nan
    mirrored = window_of(signals[MIRRORED_COLUMNS], offset_s=4.0)
    assert_same(mirror(window_of(signals, offset_s=4.0)), mirrored, rtol=0)


@pytest.mark.parametrize("log_gain", [-0.5, 0.3])
def test_amplifying_the_window_is_amplifying_the_electrodes(log_gain):
    signals = noise(60.0)
    signals[:, 9000:10000] = np.nan
    expected = window_of(np.float32(np.exp(log_gain)) * signals, offset_s=6.0)
    result = amplified(window_of(signals, offset_s=6.0), log_gain, ALL)
    assert_same(result, expected, atol=1e-3)


def test_a_quantised_waveform_is_not_amplified():
    settings = ALL.model_copy(update={"waveform": Waveform(quantise="mu-law")})
    window = window_of(noise(60.0), settings, offset_s=4.0)
    result = amplified(window, 0.5, settings)
    np.testing.assert_array_equal(result.waveform, window.waveform)
    assert (result.images["window"] > window.images["window"]).all()


@pytest.mark.parametrize("quantise", ["none", "mu-law"])
def test_hiding_the_context_leaves_what_ten_seconds_would_show(quantise):
    settings = ALL.model_copy(update={"waveform": Waveform(quantise=quantise)})
    signals = noise(50.0)
    hidden = narrowed(window_of(signals, settings), settings, 10.0)
    short = window_of(signals[:, 4000:6000], settings)
    assert np.flatnonzero(np.isfinite(hidden.waveform[0])).tolist() == list(range(1000, 1500))
    np.testing.assert_array_equal(np.isfinite(hidden.waveform), np.isfinite(short.waveform))
    for name in ("centre", "window"):
        np.testing.assert_array_equal(
            np.isfinite(hidden.images[name]), np.isfinite(short.images[name])
        )
        # The same numbers but for the filter's start and end.
        difference = np.abs(hidden.images[name] - short.images[name])
        assert np.nanmedian(difference) < 0.02
    assert np.isnan(hidden.images["context"]).all()


def test_hiding_the_context_changes_no_number_that_stays(window):
    hidden = narrowed(window, ALL, 10.0)
    for one, other in (
        (hidden.waveform, window.waveform),
        *((hidden.images[name], window.images[name]) for name in window.images),
    ):
        there = np.isfinite(one)
        np.testing.assert_array_equal(one[there], other[there])
    assert_same(narrowed(hidden, ALL, 10.0), hidden, rtol=0)


def test_ten_seconds_have_no_context_to_hide():
    short = window_of(noise(10.0))
    hidden = narrowed(short, ALL, 10.0)
    np.testing.assert_array_equal(hidden.waveform, short.waveform)
    for name in ("centre", "window"):
        np.testing.assert_array_equal(hidden.images[name], short.images[name])


def test_with_everything_off_nothing_happens(window):
    rng = np.random.default_rng(0)
    assert_same(augmented(window, rng, OFF, ALL), window, rtol=0)
    assert draw_shift(rng, OFF, ALL) == 0


def test_a_certain_mirror_is_the_mirror(window):
    settings = OFF.model_copy(update={"mirror": 1.0})
    assert_same(augmented(window, np.random.default_rng(0), settings, ALL), mirror(window), rtol=0)


def test_the_mirror_comes_as_often_as_told(window):
    settings = OFF.model_copy(update={"mirror": 0.3})
    rng = np.random.default_rng(0)
    mirrored = [
        (augmented(window, rng, settings, ALL).waveform != window.waveform).any()
        for _ in range(300)
    ]
    assert np.mean(mirrored) == pytest.approx(0.3, abs=0.1)


def test_lost_derivations_are_missing_whole_and_never_all(window):
    settings = OFF.model_copy(update={"drop_channel": 0.8})
    rng = np.random.default_rng(0)
    counts = []
    for _ in range(100):
        result = augmented(window, rng, settings, ALL)
        lost = np.isnan(result.waveform)
        assert (lost.all(axis=1) == lost.any(axis=1)).all()
        np.testing.assert_array_equal(result.waveform[~lost], window.waveform[~lost])
        counts.append(lost.all(axis=1).sum())
    assert max(counts) < 18
    assert np.mean(counts) == pytest.approx(0.8 * 18, rel=0.1)
    assert np.isfinite(window.waveform).all()


def test_stripes_are_missing_in_time_and_frequency_of_all_chains(window):
    settings = OFF.model_copy(update={"mask": 1.0})
    result = augmented(window, np.random.default_rng(0), settings, ALL)
    np.testing.assert_array_equal(result.waveform, window.waveform)
    for name in ("centre", "window"):
        lost = np.isnan(result.images[name])
        assert (lost == lost[:1]).all()
        rows, columns = lost[0].all(axis=1), lost[0].all(axis=0)
        np.testing.assert_array_equal(lost[0], rows[:, None] | columns[None])
        for stripe in (rows, columns):
            assert 0 < stripe.sum() < len(stripe) / 6 + 1
            assert np.ptp(np.flatnonzero(stripe)) + 1 == stripe.sum()
        assert np.isfinite(window.images[name]).all()


def test_gains_are_lognormal(window):
    settings = OFF.model_copy(update={"amplitude": 0.2})
    rng = np.random.default_rng(0)
    logs = [
        np.log(augmented(window, rng, settings, ALL).waveform[0, 7] / window.waveform[0, 7])
        for _ in range(300)
    ]
    assert np.mean(logs) == pytest.approx(0, abs=0.05)
    assert np.std(logs) == pytest.approx(0.2, rel=0.2)


def test_shifts_fill_their_range_in_samples():
    settings = OFF.model_copy(update={"shift_s": 0.2})
    rng = np.random.default_rng(0)
    assert {draw_shift(rng, settings, ALL) for _ in range(1000)} == set(range(-10, 11))


def test_the_same_generator_gives_the_same_window(window):
    one, again, other = (
        augmented(window, np.random.default_rng(seed), Augment(mask=1.0), ALL) for seed in (1, 1, 2)
    )
    assert_same(one, again, rtol=0)
    assert not np.array_equal(one.waveform, other.waveform, equal_nan=True)


def test_a_mixture_lies_between_and_is_as_long_as_its_larger_part(window):
    other = window_of(noise(30.0, seed=1))  # 30 s in the middle of 50
    long, short = mixed(window, other, 0.75), mixed(window, other, 0.25)
    both = np.isfinite(other.waveform)
    for result, share in ((long, 0.75), (short, 0.25)):
        expected = share * window.waveform + (1 - share) * other.waveform
        np.testing.assert_allclose(result.waveform[both], expected[both], atol=1e-6)
        assert result.waveform.dtype == np.float32
    np.testing.assert_array_equal(long.waveform[~both], window.waveform[~both])
    np.testing.assert_array_equal(np.isfinite(short.waveform), both)
    assert_same(mixed(window, window, 0.3), window, atol=1e-5)


def test_narrowed_windows_are_ten_to_fifty_seconds_and_nested(window):
    spans = {draw_span_s(np.random.default_rng(seed)) for seed in range(300)}
    assert min(spans) == 10
    assert max(spans) == 50
    assert len(spans) == 11
    before = 0
    for span_s in sorted(spans):
        there = np.isfinite(narrowed(window, ALL, span_s).waveform).sum()
        assert there >= before
        before = there
