import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasion.config import HMS_VIEW
from nasion.display.cache import (
    FOLDER,
    LEAST_STEP_UV,
    LEVELS,
    LOW_DB,
    STEP,
    STEP_DB,
    DisplayWriter,
)
from nasion.display.columns import Columns, mean, most
from nasion.display.display import Display
from nasion.display.montages import TRACES, traces
from nasion.errors import NasionError
from nasion.signal.trends import TRENDS, Amplitude, asymmetry
from nasion.terms import COLUMNS, EKG, SFREQ, SPECTROGRAM_CHAINS

N_STEPS = 70  # two blocks and a third of one


def eeg(n_steps: int = N_STEPS, seed: int = 0) -> np.ndarray:
    """Noise with offsets of millivolts, a large artifact, gaps and an electrode that is missing."""
    rng = np.random.default_rng(seed)
    n_times = n_steps * STEP
    signals = rng.normal(0, 30, (len(COLUMNS), n_times)) + rng.normal(0, 3000, (len(COLUMNS), 1))
    signals[2, 5000:5200] += 20000
    signals[4] = np.nan
    signals[:, 7000:9100] = np.nan
    signals[6, ::7] = np.nan
    return signals.astype(np.float32)


def levels(n_steps: int = N_STEPS, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    shape = len(SPECTROGRAM_CHAINS), HMS_VIEW.n_freqs, n_steps
    spectrum = rng.uniform(LOW_DB, LOW_DB + 254 * STEP_DB, shape).astype(np.float32)
    spectrum[1, :, 10:20] = np.nan
    return spectrum


def write(folder, signals, spectrum, chunks=(N_STEPS,)):
    done = 0
    with DisplayWriter(folder, signals.shape[1] // STEP) as writer:
        for n in chunks:
            part = slice(done, done + n)
            writer.add(
                done,
                signals[:, part.start * STEP : part.stop * STEP],
                None if spectrum is None else spectrum[:, :, part],
            )
            done += n
    return Display.open(folder)


@pytest.fixture(scope="module")
def display(tmp_path_factory) -> Display:
    return write(tmp_path_factory.mktemp("display"), eeg(), levels())


def test_signals_come_back_within_half_a_step(display):
    signals, found = eeg(), display.signals(0, N_STEPS * STEP)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(signals))
    for block in range(3):
        part = slice(block * 12000, (block + 1) * 12000)
        low, high = np.fmin.reduce(signals[:, part], 1), np.fmax.reduce(signals[:, part], 1)
        step = np.maximum((high - low) / 65534, LEAST_STEP_UV)
        rounding = 2 * np.spacing(np.maximum(np.abs(low), np.abs(high)))
        error = np.fmax.reduce(np.abs(found - signals)[:, part], 1)
        known = ~np.isnan(low)
        assert (error[known] <= (step / 2 * 1.001 + rounding)[known]).all()


def test_quiet_electrodes_keep_their_detail_beside_loud_ones(display):
    error = np.abs(display.signals(0, 24000) - eeg()[:, :24000])
    assert np.nanmax(error[3]) < 0.03
    assert np.nanmax(error[2]) < 0.2


@settings(max_examples=15, deadline=None)
@given(cuts=st.sets(st.integers(1, N_STEPS - 1), max_size=8))
def test_any_chunks_give_the_same_bytes(cuts, display, tmp_path_factory):
    edges = [0, *sorted(cuts), N_STEPS]
    folder = tmp_path_factory.mktemp("chunks")
    again = write(folder, eeg(), levels(), np.diff(edges).tolist())
    assert again.index == display.index
    for name, array in display.arrays.items():
        assert again.arrays[name].tobytes() == array.tobytes(), name


def far_apart(folder, first, second, n_steps):
    """A display of runs of steps, between which nothing was recorded."""
    signals = np.full((20, n_steps * STEP), np.nan, np.float32)
    spectrum = np.full((4, HMS_VIEW.n_freqs, n_steps), np.nan, np.float32)
    with DisplayWriter(folder, n_steps) as writer:
        for begin, n in (first, second):
            at = slice(begin * STEP, (begin + n) * STEP)
            signals[:, at] = eeg(n, seed=begin)
            spectrum[:, :, begin : begin + n] = levels(n)
            writer.skip(begin)
            writer.add(begin, signals[:, at], spectrum[:, :, begin : begin + n])
        writer.skip(n_steps)
    return Display.open(folder), signals, spectrum


@settings(max_examples=12, deadline=None)
@given(
    st.integers(0, 70), st.integers(1, 40), st.integers(0, 150), st.integers(1, 40),
    st.integers(0, 70),
)  # fmt: skip
def test_a_gap_that_is_left_out_shows_as_one_that_was_written(
    tmp_path_factory, first, n_first, between, n_second, behind
):
    folder = tmp_path_factory.mktemp("apart")
    second = first + n_first + between
    n_steps = second + n_second + behind
    sparse, signals, spectrum = far_apart(
        folder / "sparse", (first, n_first), (second, n_second), n_steps
    )
    dense = write(folder / "dense", signals, spectrum, (n_steps,))
    stored = {k // 30 for k in (*range(first, first + n_first), *range(second, second + n_second))}
    assert len(sparse.arrays["signals"]) == sparse.blocks.n_stored == len(stored)
    n_times, duration_s = n_steps * STEP, 2.0 * n_steps
    np.testing.assert_array_equal(sparse.signals(-5, n_times + 5), dense.signals(-5, n_times + 5))
    np.testing.assert_array_equal(sparse.decibels(0, n_steps), dense.decibels(0, n_steps))
    for start_s, stop_s, n in ((-3.0, duration_s + 9, 50), (duration_s / 3, duration_s / 2, 9)):
        span = start_s, stop_s, n
        for montage in TRACES:
            np.testing.assert_array_equal(
                sparse.envelope(*span, montage), dense.envelope(*span, montage)
            )
        np.testing.assert_array_equal(sparse.spectrogram(*span), dense.spectrogram(*span))
        np.testing.assert_allclose(sparse.trends(*span), dense.trends(*span), rtol=1e-5)


@pytest.mark.parametrize("error", [KeyboardInterrupt, NasionError, MemoryError])
def test_what_ends_a_writer_as_it_begins_leaves_nothing(tmp_path, monkeypatch, error):
    def ended(*_):
        raise error

    monkeypatch.setattr("nasion.display.cache._write_header", ended)
    with pytest.raises(error):
        DisplayWriter(tmp_path, N_STEPS)
    assert not list(tmp_path.iterdir())


def test_a_week_without_signal_takes_no_room(tmp_path):
    n_steps = 7 * 43_200 + 60
    with DisplayWriter(tmp_path, n_steps) as writer:
        writer.add(0, eeg(30), None)
        writer.skip(n_steps - 30)
        writer.add(n_steps - 30, eeg(30), None)
    display = Display.open(tmp_path)
    size = sum(path.stat().st_size for path in (tmp_path / FOLDER).iterdir())
    assert size < 1.5e6
    assert display.index["blocks"] == [[0, 1], [10_081, 10_082]]
    assert np.isfinite(display.envelope(0, 60, 30, "bipolar")).any()
    assert np.isnan(display.envelope(70, 604_000, 30, "bipolar")).all()


@pytest.mark.parametrize("blocks", [[[0, 4]], [[2, 1]], [[0]], "x", [[0, 1]]])
def test_blocks_that_can_not_be_are_named(tmp_path, blocks):
    write(tmp_path, eeg(), levels())
    path = tmp_path / FOLDER / "index.json"
    index = json.loads(path.read_text())
    path.write_text(json.dumps(index | {"blocks": blocks}))
    with pytest.raises(NasionError, match="read the recording again"):
        Display.open(tmp_path)
    path.write_text(json.dumps({key: index[key] for key in index if key != "blocks"}))
    assert Display.open(tmp_path).n_steps == N_STEPS


@pytest.mark.parametrize(("start", "stop"), [(0, 10), (11990, 12010), (23000, 28000), (-50, 50)])
def test_a_piece_is_that_piece_of_the_whole(display, start, stop):
    whole = display.signals(-50, N_STEPS * STEP + 50)
    np.testing.assert_array_equal(display.signals(start, stop), whole[:, start + 50 : stop + 50])


def test_outside_there_is_nothing(display):
    n_times = N_STEPS * STEP
    assert np.isnan(display.signals(n_times, n_times + 100)).all()
    assert np.isnan(display.envelope(-50, -10, 7, "bipolar")).all()
    assert not display.spectrogram(1000, 2000, 7).any()
    assert np.isnan(display.trends(-10, -5, 3)).all()
    assert display.signals(500, 500).shape == (20, 0)


def test_arrays_are_mapped_not_loaded(display):
    assert all(isinstance(array, np.memmap) for array in display.arrays.values())


@pytest.mark.parametrize("montage", TRACES)
@pytest.mark.parametrize("bin_", [1, *LEVELS])
def test_an_envelope_holds_the_signal_and_touches_it(display, montage, bin_):
    start_s, stop_s, columns = 3.0, 123.0, round(120 * SFREQ / bin_ / 1.7) or 1
    found = display.envelope(start_s, stop_s, columns, montage)
    rows = traces(eeg(), montage)
    assert found.shape == (len(rows), 2, columns)
    edges = np.linspace(start_s, stop_s, columns + 1) * SFREQ
    for column in range(0, columns, max(columns // 60, 1)):
        inner = rows[:, int(np.ceil(edges[column])) : int(np.floor(edges[column + 1]))]
        outer = rows[
            :,
            int(edges[column] // bin_ * bin_) : int(-(-edges[column + 1] // bin_) * bin_),
        ]
        for row in range(len(rows)):
            low, high = found[row, :, column]
            known, around = inner[row][~np.isnan(inner[row])], outer[row][~np.isnan(outer[row])]
            if known.size:
                assert low <= known.min() + 0.7
                assert high >= known.max() - 0.7
            if around.size:
                assert low >= around.min() - 0.7
                assert high <= around.max() + 0.7
            else:
                assert np.isnan(low)
                assert np.isnan(high)


def test_montages_end_with_the_heart_and_know_their_names():
    signals = np.arange(20.0, dtype=np.float32)[:, None] * np.ones(3, np.float32)
    for montage, names in TRACES.items():
        found = traces(signals, montage)
        assert len(found) == len(names)
        assert names[-1] == EKG
        np.testing.assert_array_equal(found[-1], 19.0)
    f7_t3 = TRACES["bipolar"].index("F7-T3")
    difference = COLUMNS.index("F7") - COLUMNS.index("T3")
    np.testing.assert_array_equal(traces(signals, "bipolar")[f7_t3], difference)
    np.testing.assert_allclose(traces(signals, "average")[:-1].mean(0), 0, atol=1e-5)


def test_a_missing_electrode_leaves_the_average_to_the_others():
    signals = np.ones((20, 4), np.float32)
    signals[3] = np.nan
    signals[:, 2] = np.nan
    average = traces(signals, "average")
    assert np.isnan(average[3]).all()
    assert np.isnan(average[:, 2]).all()
    np.testing.assert_array_equal(average[0, [0, 1, 3]], 0.0)


def test_a_spectrogram_column_stands_where_the_middle_of_its_window_is(display):
    found = display.spectrogram(1, N_STEPS * 2 + 1, N_STEPS)
    spectrum = levels()
    known = np.isfinite(spectrum)
    np.testing.assert_array_equal(found > 0, known)
    back = LOW_DB + (found.astype(float) - 1) * STEP_DB
    assert np.abs(back - spectrum)[known].max() <= STEP_DB / 2 * 1.001


def test_narrow_columns_repeat_a_step(display):
    wide, narrow = display.spectrogram(21, 29, 4), display.spectrogram(21, 29, 40)
    np.testing.assert_array_equal(narrow, np.repeat(wide, 10, axis=2))


@pytest.mark.parametrize("columns", [1, 2, 7, 35, 70])
def test_an_even_spectrogram_stays_even_at_every_zoom(tmp_path, columns):
    spectrum = np.full((4, HMS_VIEW.n_freqs, N_STEPS), 12.0, np.float32)
    spectrum[2] = np.nan
    found = write(tmp_path, eeg(), spectrum).spectrogram(1, 141, columns)
    assert set(np.unique(found[[0, 1, 3]])) == {141}
    assert not found[2].any()


def test_levels_beyond_the_scale_stay_on_it(tmp_path):
    spectrum = np.full((4, HMS_VIEW.n_freqs, N_STEPS), 150.0, np.float32)
    spectrum[0] = -150.0
    found = write(tmp_path, eeg(), spectrum).spectrogram(1, 141, 70)
    assert set(np.unique(found[0])) == {1}
    assert set(np.unique(found[1:])) == {255}


def test_without_spectra_there_is_none(tmp_path):
    display = write(tmp_path, eeg(), None)
    assert not display.spectrogram(0, 140, 20).any()
    assert np.isnan(display.trends(0, 140, 70)[-1]).all()


def test_amplitude_trends_follow_amplitude():
    times = np.arange(60 * 200) / SFREQ
    signals = np.zeros((20, len(times)), np.float32)
    signals[COLUMNS.index("C3")] = 40 * np.sin(2 * np.pi * 6 * times)
    signals[COLUMNS.index("C4")] = 10 * np.sin(2 * np.pi * 6 * times) + 5000
    left_low, left_high, right_low, right_high = Amplitude().margins(signals)[3:].T
    for margin, size in ((left_low, 40), (left_high, 40), (right_low, 10), (right_high, 10)):
        np.testing.assert_allclose(margin, size, rtol=0.1)
    assert [trend.name for trend in TRENDS[:4]] == [
        f"aeeg_{side}_{edge}" for side in ("left", "right") for edge in ("low", "high")
    ]


def test_amplitude_goes_on_from_piece_to_piece_and_over_gaps():
    signals = eeg(60)
    signals[:, 7000:9100] = np.nan
    whole, pieces = Amplitude().margins(signals), Amplitude()
    parts = [pieces.margins(signals[:, a : a + 4000]) for a in range(0, 24000, 4000)]
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-4)
    assert np.isnan(whole[18:22]).all()
    assert np.isfinite(whole[23:]).all()


def test_asymmetry_points_to_the_stronger_side():
    spectrum = np.full((4, HMS_VIEW.n_freqs, 3), 10.0, np.float32)
    right = [SPECTROGRAM_CHAINS.index(chain) for chain in ("RP", "RL")]
    spectrum[right, :, 1] += 10 * np.log10(3)
    spectrum[right, :, 2] = np.nan
    found = asymmetry(spectrum)
    np.testing.assert_allclose(found[:2], [0.0, 0.5], atol=1e-5)
    assert np.isnan(found[2])


def test_trends_are_means_of_their_steps(display):
    fine, coarse = display.trends(0, 140, 70), display.trends(0, 140, 7)
    assert fine.shape == (len(TRENDS), 70)
    with np.errstate(invalid="ignore"):
        known = np.isfinite(fine).reshape(len(TRENDS), 7, 10)
        total = np.nansum(fine.reshape(len(TRENDS), 7, 10), 2)
        expected = total / known.sum(2)
    np.testing.assert_allclose(coarse, expected, rtol=1e-4, atol=1e-6)


def test_the_index_says_what_the_arrays_are(display, tmp_path):
    write(tmp_path, eeg(), levels())
    index = json.loads((tmp_path / FOLDER / "index.json").read_text())
    assert index == display.index
    assert index["schema"] == 1
    assert index["electrodes"] == list(COLUMNS)
    assert index["trends"] == [asdict(trend) for trend in TRENDS]
    assert round(index["spectrogram"]["low_hz"], 2) == 0.59
    assert round(index["spectrogram"]["high_hz"], 2) == 19.92


def break_off(folder, error):
    with DisplayWriter(folder, N_STEPS) as writer:
        writer.add(0, eeg()[:, : 20 * STEP], None)
        if error:
            raise error


def test_a_cache_appears_whole_or_not_at_all(tmp_path):
    with pytest.raises(RuntimeError):
        break_off(tmp_path, RuntimeError())
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="20 steps came, 70"):
        break_off(tmp_path, None)
    assert list(tmp_path.iterdir()) == []


def test_a_second_reading_takes_the_place_of_the_first(tmp_path):
    write(tmp_path, eeg(), levels())
    again = write(tmp_path, eeg(seed=5), levels())
    np.testing.assert_allclose(again.signals(0, 100), eeg(seed=5)[:, :100], atol=0.3)
    assert [path.name for path in tmp_path.iterdir()] == [FOLDER]


@pytest.mark.parametrize(("first", "n_times"), [(1, STEP), (0, STEP + 1), (0, 71 * STEP)])
def test_steps_come_in_order_and_whole(tmp_path, first, n_times):
    with DisplayWriter(tmp_path, 1 if n_times < 71 * STEP else 70) as writer:
        with pytest.raises(ValueError, match="samples from step"):
            writer.add(first, np.zeros((20, n_times), np.float32), None)
        writer.add(0, np.zeros((20, writer._n_steps * STEP), np.float32), None)


def test_a_damaged_cache_is_named(tmp_path):
    with pytest.raises(NasionError, match=r"index\.json: not found"):
        Display.open(tmp_path)
    write(tmp_path, eeg(), levels())
    signals = tmp_path / FOLDER / "signals.npy"
    signals.write_bytes(signals.read_bytes()[:-100])
    with pytest.raises(NasionError, match=r"signals\.npy: is cut short .*; read the"):
        Display.open(tmp_path)
    (tmp_path / FOLDER / "index.json").write_text('{"schema": 99}')
    with pytest.raises(NasionError, match="schema 99, this nasion reads 1"):
        Display.open(tmp_path)


@settings(max_examples=60, deadline=None)
@given(
    start=st.floats(-50, 150),
    span=st.floats(0.1, 300),
    n=st.integers(1, 90),
    entry_s=st.sampled_from([0.5, 2.0, 10.0]),
)
def test_every_entry_belongs_to_one_column_at_most_and_lies_in_it(start, span, n, entry_s):
    asked = Columns(start, start + span, n)
    pairs, first = asked.shared(entry_s, 60)
    low, high = pairs[::2], pairs[1::2]
    inside = low >= 0
    if asked.width_s >= entry_s:
        spans = zip(low[inside].tolist(), high[inside].tolist(), strict=True)
        taken = [entry for begin, end in spans for entry in range(begin, end)]
        assert len(set(taken)) == len(taken)
    edges = np.linspace(start, start + span, n + 1)
    for column in np.flatnonzero(inside):
        assert (low[column] + first + 1) * entry_s >= edges[column] - entry_s - 1e-6
        assert (high[column] + first - 1) * entry_s <= edges[column + 1] + 1e-6


def test_means_and_commonest_codes_of_columns():
    pairs, first = Columns(0.0, 12.0, 3).shared(2.0, 6)
    assert first == 0
    values = np.array([[1, 3, np.nan, 5, np.nan, np.nan]], np.float32)
    average, share = mean(values, pairs)
    np.testing.assert_array_equal(average, [[2, 5, np.nan]])
    np.testing.assert_array_equal(share, [[1, 0.5, 0]])
    codes = np.array([0, 3, 3, 3, 2, 2], np.uint8)
    assert most(codes, pairs, 5).tolist() == [0, 3, 2]
