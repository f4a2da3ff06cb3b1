"""Reading a recording at once says what its windows say one by one, however it is cut up."""

from dataclasses import replace

import numpy as np
import pytest

from exported_models import exported
from nasion.data.representation import represent
from nasion.eeg.formats import open_recording
from nasion.eeg.recording import Recording
from nasion.network import Network
from nasion.phantom.stay import Stay
from nasion.reading.dense import read_steps
from nasion.reading.maps import why
from nasion.terms import COLUMNS, SFREQ
from nasion.windowing import Windows, cut


@pytest.fixture(scope="module")
def network():
    return Network.open(threads=1)


@pytest.fixture(scope="module")
def recording():
    """Nine minutes of a simulated patient, with a gap and an electrode that fell off."""
    stay = Stay.draw((4, 0), 540.0)
    signals = np.concatenate([piece.channels for piece in stay.pieces()], 1)
    signals[:, 62_000:67_000] = np.nan
    signals[COLUMNS.index("T3"), 30_000:60_000] = np.nan
    return Recording("made", signals.shape[1], lambda start, stop: signals[:, start:stop])


def one_by_one(recording, network, steps):
    whole = represent(recording.signals(), network.signal)
    windows = [cut(whole, network.signal, 2.0 * step - 24) for step in steps]
    return network.predict(Windows.of(windows, network.signal))


def test_each_step_is_what_its_window_says(recording, network):
    found = read_steps(recording, network, context_every=1)
    judged = np.flatnonzero(found.reason == 0)
    assert 0.9 * len(found.reason) < len(judged) < len(found.reason)
    some = judged[::9]
    np.testing.assert_allclose(
        found.probability[some], one_by_one(recording, network, some), atol=1e-4
    )
    assert np.isnan(found.probability[found.reason > 0]).all()


def test_pieces_of_any_length_give_the_same(recording, network):
    whole = read_steps(recording, network)
    for piece in (41, 130):
        pieces = read_steps(recording, network, piece=piece, threads=2)
        np.testing.assert_array_equal(pieces.reason, whole.reason)
        np.testing.assert_array_equal(pieces.quality, whole.quality)
        np.testing.assert_allclose(pieces.probability, whole.probability, atol=1e-4)


@pytest.mark.more
def test_shared_ten_minutes_change_little(recording, network):
    own, shared = (read_steps(recording, network, context_every=every) for every in (1, 15))
    judged = own.reason == 0
    apart = np.abs(own.probability - shared.probability)[judged].max(1)
    # The image of a recording this short, with a gap, comes and goes near its ends.
    assert np.quantile(apart, 0.95) <= 0.01
    assert apart.max() <= 0.05


@pytest.mark.more
@pytest.mark.parametrize(("kind", "explains"), [("siamese", False), ("causal", True)])
def test_a_network_of_whole_windows_reads_too(recording, kind, explains):
    network = Network.open(exported(kind), threads=1)
    assert not network.dense
    short = replace(recording, n_times=round(90 * SFREQ))
    found = read_steps(short, network)
    some = np.flatnonzero(found.reason == 0)[::5]
    np.testing.assert_allclose(found.probability[some], one_by_one(short, network, some), atol=1e-4)
    over_time = why(short, network, 20).over_time
    assert (over_time is not None) == explains


def test_progress_ends_with_the_recording(recording, network):
    told = []
    short = replace(recording, n_times=round(61 * SFREQ))
    read_steps(short, network, piece=10, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (31, 31)
    assert sorted(told) == told


def test_nothing_recorded_is_not_judged(network):
    silence = Recording(
        "nothing", 4000, lambda start, stop: np.full((20, stop - start), np.nan, np.float32)
    )
    found = read_steps(silence, network)
    assert (found.reason > 0).all()
    assert np.isnan(found.probability).all()


def test_a_real_recording_is_read_as_its_windows_are(real, network):
    recording = open_recording(next((real / "edf").glob("*.edf")))
    found = read_steps(recording, network, context_every=1)
    some = np.flatnonzero(found.reason == 0)[::17]
    np.testing.assert_allclose(
        found.probability[some], one_by_one(recording, network, some), atol=1e-4
    )


def apart(*lengths_s, gap_s, seed=4):
    """Stretches of a simulated patient, so far apart that most of it is a gap."""
    stay = Stay.draw((seed, 0), sum(lengths_s) + 10.0)
    signals = np.concatenate([piece.channels for piece in stay.pieces()], 1)
    parts, gaps, at_s, first = [], [], 0.0, 0
    for length_s in lengths_s:
        n = round(length_s * SFREQ)
        parts.append((round(at_s * SFREQ), signals[:, first : first + n]))
        gaps.append((at_s + length_s, gap_s))
        at_s, first = at_s + length_s + gap_s, first + n

    def read(start, stop):
        piece = np.full((20, stop - start), np.nan, np.float32)
        for place, values in parts:
            low, high = max(place, start), min(place + values.shape[1], stop)
            if low < high:
                piece[:, low - start : high - start] = values[:, low - place : high - place]
        read.n_samples += stop - start
        return piece

    read.n_samples = 0
    n_times = round((at_s - gap_s) * SFREQ)
    return Recording("apart", n_times, read, gaps_s=tuple(gaps[:-1]))


@pytest.mark.parametrize("gap_s", [60.0, 71.5, 150.0])
def test_a_long_gap_is_what_it_is_read_as_without_being_told(network, gap_s):
    told = apart(61.0, 10.0, 33.3, gap_s=gap_s)
    whole, found = read_steps(replace(told, gaps_s=()), network), read_steps(told, network)
    np.testing.assert_array_equal(found.reason, whole.reason)
    np.testing.assert_array_equal(found.quality, whole.quality)
    np.testing.assert_allclose(found.probability, whole.probability, atol=1e-4)


def test_a_reading_costs_what_its_signal_does(network):
    near, far = apart(60.0, 60.0, gap_s=600.0), apart(60.0, 60.0, gap_s=7 * 86_400.0)
    steps, watched = [], []
    for recording in (near, far):
        steps.append(read_steps(recording, network, watch=lambda piece: watched.append(piece)))
    assert far.read.n_samples == near.read.n_samples < 2 * (60 + 2 * 45) * SFREQ
    assert sum(piece.n_steps for piece in watched) < 2 * 2 * (60 / 2 + 12)
    for column in ("probability", "reason", "quality"):
        values = [getattr(one, column) for one in steps]
        np.testing.assert_array_equal(values[0][:40], values[1][:40])
        np.testing.assert_array_equal(values[0][-40:], values[1][-40:])
